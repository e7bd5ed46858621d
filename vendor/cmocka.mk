# cmocka: unit tests only, never in the product. musl's uintptr_t is known to it by this macro alone.
cmocka_DIR := src
cmocka_SRCS := cmocka
cmocka_CFLAGS := -DHAVE_CONFIG_H -D_UINTPTR_T_DEFINED -Ivendor/config/cmocka -I$(VSRC)/cmocka/include
cmocka_INC := -D_UINTPTR_T_DEFINED -isystem $(VSRC)/cmocka/include
