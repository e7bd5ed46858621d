# BearSSL: TLS 1.2, X.509, hashes. It takes no randomness by itself: the caller injects what getrandom(2) gave, so that no
# device file is needed and a processor's own generator is not the only source.
bearssl_DIR := src
bearssl_CFLAGS := -DBR_USE_URANDOM=0 -DBR_RDRAND=0 -I$(VSRC)/bearssl/inc -I$(VSRC)/bearssl/src
bearssl_INC := -isystem $(VSRC)/bearssl/inc
bearssl_SRCS := \
	aead/ccm aead/eax aead/gcm codec/ccopy codec/dec16be codec/dec16le codec/dec32be codec/dec32le \
	codec/dec64be codec/dec64le codec/enc16be codec/enc16le codec/enc32be codec/enc32le codec/enc64be \
	codec/enc64le codec/pemdec codec/pemenc ec/ec_all_m15 ec/ec_all_m31 ec/ec_c25519_i15 ec/ec_c25519_i31 \
	ec/ec_c25519_m15 ec/ec_c25519_m31 ec/ec_curve25519 ec/ec_default ec/ec_keygen ec/ec_p256_m15 \
	ec/ec_p256_m31 ec/ec_prime_i15 ec/ec_prime_i31 ec/ec_pubkey ec/ec_secp256r1 ec/ec_secp384r1 \
	ec/ec_secp521r1 ec/ecdsa_atr ec/ecdsa_default_sign_asn1 ec/ecdsa_default_sign_raw \
	ec/ecdsa_default_vrfy_asn1 ec/ecdsa_default_vrfy_raw ec/ecdsa_i15_bits ec/ecdsa_i15_sign_asn1 \
	ec/ecdsa_i15_sign_raw ec/ecdsa_i15_vrfy_asn1 ec/ecdsa_i15_vrfy_raw ec/ecdsa_i31_bits \
	ec/ecdsa_i31_sign_asn1 ec/ecdsa_i31_sign_raw ec/ecdsa_i31_vrfy_asn1 ec/ecdsa_i31_vrfy_raw ec/ecdsa_rta \
	hash/dig_oid hash/dig_size hash/ghash_ctmul hash/ghash_ctmul32 hash/ghash_ctmul64 hash/ghash_pclmul \
	hash/ghash_pwr8 hash/md5 hash/md5sha1 hash/mgf1 hash/multihash hash/sha1 hash/sha2big hash/sha2small \
	int/i15_add int/i15_bitlen int/i15_decmod int/i15_decode int/i15_decred int/i15_encode int/i15_fmont \
	int/i15_iszero int/i15_moddiv int/i15_modpow int/i15_modpow2 int/i15_montmul int/i15_mulacc \
	int/i15_muladd int/i15_ninv15 int/i15_reduce int/i15_rshift int/i15_sub int/i15_tmont int/i31_add \
	int/i31_bitlen int/i31_decmod int/i31_decode int/i31_decred int/i31_encode int/i31_fmont int/i31_iszero \
	int/i31_moddiv int/i31_modpow int/i31_modpow2 int/i31_montmul int/i31_mulacc int/i31_muladd \
	int/i31_ninv31 int/i31_reduce int/i31_rshift int/i31_sub int/i31_tmont int/i32_add int/i32_bitlen \
	int/i32_decmod int/i32_decode int/i32_decred int/i32_div32 int/i32_encode int/i32_fmont int/i32_iszero \
	int/i32_modpow int/i32_montmul int/i32_mulacc int/i32_muladd int/i32_ninv32 int/i32_reduce int/i32_sub \
	int/i32_tmont int/i62_modpow2 kdf/hkdf mac/hmac mac/hmac_ct rand/aesctr_drbg rand/hmac_drbg rand/sysrng \
	rsa/rsa_default_keygen rsa/rsa_default_modulus rsa/rsa_default_oaep_decrypt rsa/rsa_default_oaep_encrypt \
	rsa/rsa_default_pkcs1_sign rsa/rsa_default_pkcs1_vrfy rsa/rsa_default_priv rsa/rsa_default_privexp \
	rsa/rsa_default_pub rsa/rsa_default_pubexp rsa/rsa_i15_keygen rsa/rsa_i15_modulus \
	rsa/rsa_i15_oaep_decrypt rsa/rsa_i15_oaep_encrypt rsa/rsa_i15_pkcs1_sign rsa/rsa_i15_pkcs1_vrfy \
	rsa/rsa_i15_priv rsa/rsa_i15_privexp rsa/rsa_i15_pub rsa/rsa_i15_pubexp rsa/rsa_i31_keygen \
	rsa/rsa_i31_keygen_inner rsa/rsa_i31_modulus rsa/rsa_i31_oaep_decrypt rsa/rsa_i31_oaep_encrypt \
	rsa/rsa_i31_pkcs1_sign rsa/rsa_i31_pkcs1_vrfy rsa/rsa_i31_priv rsa/rsa_i31_privexp rsa/rsa_i31_pub \
	rsa/rsa_i31_pubexp rsa/rsa_i32_oaep_decrypt rsa/rsa_i32_oaep_encrypt rsa/rsa_i32_pkcs1_sign \
	rsa/rsa_i32_pkcs1_vrfy rsa/rsa_i32_priv rsa/rsa_i32_pub rsa/rsa_i62_keygen rsa/rsa_i62_oaep_decrypt \
	rsa/rsa_i62_oaep_encrypt rsa/rsa_i62_pkcs1_sign rsa/rsa_i62_pkcs1_vrfy rsa/rsa_i62_priv rsa/rsa_i62_pub \
	rsa/rsa_oaep_pad rsa/rsa_oaep_unpad rsa/rsa_pkcs1_sig_pad rsa/rsa_pkcs1_sig_unpad rsa/rsa_ssl_decrypt \
	settings ssl/prf ssl/prf_md5sha1 ssl/prf_sha256 ssl/prf_sha384 ssl/ssl_ccert_single_ec \
	ssl/ssl_ccert_single_rsa ssl/ssl_client ssl/ssl_client_default_rsapub ssl/ssl_client_full ssl/ssl_engine \
	ssl/ssl_engine_default_aescbc ssl/ssl_engine_default_aesccm ssl/ssl_engine_default_aesgcm \
	ssl/ssl_engine_default_chapol ssl/ssl_engine_default_descbc ssl/ssl_engine_default_ec \
	ssl/ssl_engine_default_ecdsa ssl/ssl_engine_default_rsavrfy ssl/ssl_hashes ssl/ssl_hs_client \
	ssl/ssl_hs_server ssl/ssl_io ssl/ssl_keyexport ssl/ssl_lru ssl/ssl_rec_cbc ssl/ssl_rec_ccm \
	ssl/ssl_rec_chapol ssl/ssl_rec_gcm ssl/ssl_scert_single_ec ssl/ssl_scert_single_rsa ssl/ssl_server \
	ssl/ssl_server_full_ec ssl/ssl_server_full_rsa ssl/ssl_server_mine2c ssl/ssl_server_mine2g \
	ssl/ssl_server_minf2c ssl/ssl_server_minf2g ssl/ssl_server_minr2g ssl/ssl_server_minu2g \
	ssl/ssl_server_minv2g symcipher/aes_big_cbcdec symcipher/aes_big_cbcenc symcipher/aes_big_ctr \
	symcipher/aes_big_ctrcbc symcipher/aes_big_dec symcipher/aes_big_enc symcipher/aes_common \
	symcipher/aes_ct symcipher/aes_ct64 symcipher/aes_ct64_cbcdec symcipher/aes_ct64_cbcenc \
	symcipher/aes_ct64_ctr symcipher/aes_ct64_ctrcbc symcipher/aes_ct64_dec symcipher/aes_ct64_enc \
	symcipher/aes_ct_cbcdec symcipher/aes_ct_cbcenc symcipher/aes_ct_ctr symcipher/aes_ct_ctrcbc \
	symcipher/aes_ct_dec symcipher/aes_ct_enc symcipher/aes_pwr8 symcipher/aes_pwr8_cbcdec \
	symcipher/aes_pwr8_cbcenc symcipher/aes_pwr8_ctr symcipher/aes_pwr8_ctrcbc symcipher/aes_small_cbcdec \
	symcipher/aes_small_cbcenc symcipher/aes_small_ctr symcipher/aes_small_ctrcbc symcipher/aes_small_dec \
	symcipher/aes_small_enc symcipher/aes_x86ni symcipher/aes_x86ni_cbcdec symcipher/aes_x86ni_cbcenc \
	symcipher/aes_x86ni_ctr symcipher/aes_x86ni_ctrcbc symcipher/chacha20_ct symcipher/chacha20_sse2 \
	symcipher/des_ct symcipher/des_ct_cbcdec symcipher/des_ct_cbcenc symcipher/des_support symcipher/des_tab \
	symcipher/des_tab_cbcdec symcipher/des_tab_cbcenc symcipher/poly1305_ctmul symcipher/poly1305_ctmul32 \
	symcipher/poly1305_ctmulq symcipher/poly1305_i15 x509/asn1enc x509/encode_ec_pk8der \
	x509/encode_ec_rawder x509/encode_rsa_pk8der x509/encode_rsa_rawder x509/skey_decoder x509/x509_decoder \
	x509/x509_knownkey x509/x509_minimal x509/x509_minimal_full
