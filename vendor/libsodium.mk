# libsodium: Ed25519 signatures, portable code only. What the files ask of the rest of the library (randomness, the end at
# a misuse) is given by src/base/ed25519.c, so the rest is not compiled.
libsodium_DIR := src/libsodium
libsodium_SRCS := $(addprefix crypto_sign/ed25519/ref10/, keypair open sign) crypto_core/ed25519/ref10/ed25519_ref10 \
	crypto_hash/sha512/cp/hash_sha512_cp crypto_verify/sodium/verify sodium/utils
libsodium_CFLAGS := -DCONFIGURED=1 -DSODIUM_STATIC=1 -DHAVE_EXPLICIT_BZERO=1 -DHAVE_WEAK_SYMBOLS=1 \
	-I$(VSRC)/libsodium/src/libsodium/include/sodium
libsodium_INC := -DSODIUM_STATIC=1 -isystem $(VSRC)/libsodium/src/libsodium/include
