/* base/ed25519: the test vectors of RFC 8032, section 7.1, and signatures that must not pass. */
#include "test.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/ed25519.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct vector {
	const char *name, *seed, *public, *message, *signature;
} vectors[] = {
	{"TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
		"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	{"TEST SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
		"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
		"09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

static void
unhex(uint8_t *out, size_t len, const char *hex)
{
	size_t i;

	assert_int_equal(strlen(hex), 2 * len);
	for (i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_digit(hex[2 * i]) * 16 + hex_digit(hex[2 * i + 1]));
}

static void
assert_hex(const char *row, const uint8_t *p, size_t len, const char *want)
{
	struct buf got = {0};

	hex_encode(&got, p, len);
	assert_row_str(row, buf_view(&got), want);
	buf_release(&got);
}

static void
vectors_of_the_rfc(void **state)
{
	uint8_t seed[ED25519_SEED_LEN], signature[ED25519_SIGNATURE_LEN], text[64];
	const struct vector *v;
	struct ed25519_key key;
	struct str message;
	char *guarded;

	(void)state;
	for (v = vectors; v < vectors + COUNT(vectors); v++) {
		unhex(seed, sizeof(seed), v->seed);
		message.len = strlen(v->message) / 2;
		unhex(text, message.len, v->message);
		guarded = test_guard_alloc(text, message.len);
		message.s = guarded;
		ed25519_key_init(&key, seed);
		assert_hex(v->name, key.public, sizeof(key.public), v->public);
		ed25519_sign(&key, message, signature);
		assert_hex(v->name, signature, sizeof(signature), v->signature);
		assert_that(ed25519_verify(key.public, message, signature), "%s", v->name);
		test_guard_free(guarded, message.len);
		ed25519_key_release(&key);
	}
	assert_int_equal(key.seed[0] | key.public[0], 0);
}

static void
signatures_that_do_not_pass(void **state)
{
	/* S of TEST 1 with the order of the group added: the same point, another text */
	static const char malleable[] =
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		"4c8c7872aa064e049dbb3013fbf29380d25bf5f0595bbe24655141438e7a101b";
	uint8_t public[ED25519_PUBLIC_LEN], signature[ED25519_SIGNATURE_LEN];
	unsigned i;

	(void)state;
	unhex(public, sizeof(public), vectors[0].public);
	unhex(signature, sizeof(signature), vectors[0].signature);
	assert_true(ed25519_verify(public, STR(""), signature));
	assert_false(ed25519_verify(public, STR("x"), signature));
	for (i = 0; i < sizeof(signature); i++) {
		signature[i] ^= 1;
		assert_that(!ed25519_verify(public, STR(""), signature), "byte %u changed", i);
		signature[i] ^= 1;
	}
	unhex(public, sizeof(public), vectors[1].public);
	assert_false(ed25519_verify(public, STR(""), signature));
	/* the neutral element: every message would have a signature */
	memset(public, 0, sizeof(public));
	public[0] = 1;
	assert_false(ed25519_verify(public, STR(""), signature));
	unhex(public, sizeof(public), vectors[0].public);
	unhex(signature, sizeof(signature), malleable);
	assert_false(ed25519_verify(public, STR(""), signature));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_rfc),
		cmocka_unit_test(signatures_that_do_not_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
