# jansson: JSON of the Engine, the registries and the clouds.
jansson_DIR := src
jansson_SRCS := dump error hashtable hashtable_seed load memory pack_unpack strbuffer strconv utf value version
jansson_CFLAGS := -DHAVE_CONFIG_H -Ivendor/config/jansson -I$(VSRC)/jansson/src
jansson_INC := -isystem vendor/config/jansson -isystem $(VSRC)/jansson/src
