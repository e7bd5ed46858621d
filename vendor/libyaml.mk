# libyaml: YAML for the configuration, with line and column.
libyaml_DIR := src
libyaml_SRCS := api dumper emitter loader parser reader scanner writer
libyaml_CFLAGS := -DHAVE_CONFIG_H -Ivendor/config/libyaml -I$(VSRC)/libyaml/include
libyaml_INC := -isystem $(VSRC)/libyaml/include
