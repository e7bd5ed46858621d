/* SSH keys and the agent that is made of them. OpenSSH makes the keys, openssl checks the
 * signatures. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/codec.h"
#include "buildkit/sshagent.h"
#include "buildkit/sshkey.h"
#include "buildkit/sshwire.h"
#include "tree.h"

static struct tree keys;

static int
run(const char *const *argv)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
make_keys(void **state)
{
	const char *const argv[] = {"sh", "tests/unit/sshkeys.sh", keys.path, NULL};

	(void)state;
	tree_init(&keys);
	assert_that(run(argv) == 0, "tests/unit/sshkeys.sh failed: does it have the packages "
				    "'openssh-client' and 'openssl'?");
	return 0;
}

static int
remove_keys(void **state)
{
	(void)state;
	tree_release(&keys);
	return 0;
}

static int
load(const char *name, struct sshkey *out, struct err *err)
{
	size_t len;
	char *text = test_read_file(tree_path(&keys, name), &len);
	char *guarded = test_guard_alloc(text, len);
	int rc = sshkey_parse(str_n(guarded, len), out, err);

	test_guard_free(guarded, len);
	free(text);
	return rc;
}

/* ---- keys ----------------------------------------------------------------- */

static const char *const good[] = {"rsa", "p256", "p384", "p521", "ed25519", "rsa-pkcs1",
	"rsa-pkcs8", "p256-sec1", "p384-parameters", "p521-pkcs8", "p256-alone", "ed25519-pkcs8"};

static void
public_halves(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf text = {0};
		struct str rest, type, public;
		struct err err = {0};
		struct sshkey k;
		char *file;

		assert_row_ok(good[i], load(good[i], &k, &err), &err);
		file = test_read_file(tree_path(&keys, arena_fmt(&a, "%s.pub", good[i])), NULL);
		rest = str_trim(str_from(file));
		assert_true(str_cut(&rest, ' ', &type));
		assert_row_str(good[i], type, k.kind->name);
		assert_true(str_next(&rest, ' ', &public));
		base64_encode(&text, buf_view(&k.public), BASE64_STD);
		assert_row_str(good[i], public, buf_cstr(&text));
		/* only OpenSSH's own form has a comment */
		assert_row_str(good[i], str_from(k.comment),
			strchr(good[i], '-') ? "" : arena_fmt(&a, "of %s", good[i]));
		free(file);
		sshkey_release(&k);
	}
}

static void
keys_that_are_refused(void **state)
{
	static const struct {
		const char *name, *want, *hint;
	} rows[] = {
		{"encrypted", "is encrypted with a passphrase", ""},
		{"encrypted-pkcs8", "is encrypted with a passphrase", ""},
		{"encrypted-pkcs1", "is encrypted with a passphrase", ""},
		{"dsa", "type 'ssh-dss' are not supported", "ECDSA and Ed25519"},
		{"dsa-pem", "type 'ssh-dss' are not supported", "ECDSA and Ed25519"},
		{"koblitz", "of a type that is not supported", ""},
		{"small", "of 512 bits are not supported", "1024 to 4096"},
		{"long-exponent", "exponents of 11 bytes are not supported", ""},
		{"shortened", "damaged", ""},
		{"rsa.pub", "public half", "without '.pub'"},
		{"p256.pub", "public half", "without '.pub'"},
		{"rsa.pem", "no private key", ""},
		{"keys.log", "no private key", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {0};
		struct sshkey k;

		assert_row_int(rows[i].name, load(rows[i].name, &k, &err), -1);
		assert_row_err(rows[i].name, &err, ERR_CONFIG, rows[i].want);
		assert_that(strstr(err.hint, rows[i].hint), "row '%s': hint '%s'", rows[i].name,
			err.hint);
		sshkey_release(&k);
	}
}

/* OpenSSH's armour around the key of a file, with one byte of its content changed. */
static int
load_changed(struct str content, size_t at, struct sshkey *out, struct err *err)
{
	cleanup_buf struct buf bytes = {0}, text = {0};

	buf_str(&bytes, content);
	bytes.p[at] ^= 1;
	buf_puts(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(&text, buf_view(&bytes), BASE64_STD);
	buf_puts(&text, "\n-----END OPENSSH PRIVATE KEY-----\n");
	return sshkey_parse(buf_view(&text), out, err);
}

/* Every byte counts but those of the comment: a changed one is found, however the key is made. */
static void
a_changed_byte_is_found(void **state)
{
	static const char *const names[] = {"p256", "ed25519", "rsa"};
	size_t i, at;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		cleanup_arena struct arena a = {0};
		const char *comment = arena_fmt(&a, "of %s", names[i]);
		struct err err = {0};
		struct sshkey k, changed;
		struct str content;
		size_t from, step = strcmp(names[i], "rsa") ? 1 : 13;

		assert_row_ok(names[i], load(names[i], &k, &err), &err);
		content = secret_reveal(&k.bytes);
		from = (size_t)str_search(content, str_from(comment));
		for (at = 0; at < content.len; at += step) {
			bool in_comment = at >= from && at < from + strlen(comment);
			int rc = load_changed(content, at, &changed, &err);

			assert_that((rc == 0) == in_comment, "row '%s': byte %zu of %zu", names[i],
				at, content.len);
			sshkey_release(&changed);
		}
		sshkey_release(&k);
	}
}

static void
numbers_that_are_too_large(void **state)
{
	cleanup_buf struct buf private = {0}, bytes = {0}, text = {0};
	char number[1025];
	struct err err = {0};
	struct sshkey k;
	int i;

	(void)state;
	memset(number, 0x7f, sizeof(number));
	ssh_put_u32(&private, 1);
	ssh_put_u32(&private, 1);
	ssh_put_string(&private, STR("ssh-rsa"));
	for (i = 0; i < 6; i++)
		ssh_put_uint(&private, str_n(number, sizeof(number)));
	ssh_put_string(&private, STR(""));
	buf_mem(&bytes, "openssh-key-v1", 15);
	ssh_put_string(&bytes, STR("none"));
	ssh_put_string(&bytes, STR("none"));
	ssh_put_string(&bytes, STR(""));
	ssh_put_u32(&bytes, 1);
	ssh_put_string(&bytes, STR("public"));
	ssh_put_string(&bytes, buf_view(&private));
	buf_puts(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(&text, buf_view(&bytes), BASE64_STD);
	buf_puts(&text, "\n-----END OPENSSH PRIVATE KEY-----\n");
	assert_int_equal(sshkey_parse(buf_view(&text), &k, &err), -1);
	assert_err(&err, ERR_CONFIG, "RSA keys of 8199 bits are not supported");
	sshkey_release(&k);
}

/* ---- the agent ------------------------------------------------------------ */

static void
answer(const struct sshkey *list, size_t n, struct str body, struct buf *out)
{
	cleanup_buf struct buf request = {0}, reply = {0};
	struct str rest, frame;
	char *guarded;

	ssh_put_string(&request, body);
	guarded = test_guard_alloc(request.p, request.len);
	sshagent_answer(list, n, str_n(guarded, request.len), &reply);
	test_guard_free(guarded, request.len);
	rest = buf_view(&reply);
	assert_true(ssh_take_string(&rest, &frame));
	assert_int_equal(rest.len, 0);
	buf_reset(out);
	buf_str(out, frame);
}

static void
the_agent_lists_its_keys(void **state)
{
	cleanup_buf struct buf out = {0};
	struct err err = {0};
	struct str rest, s;
	struct sshkey list[2];
	uint32_t n = 0;

	(void)state;
	assert_ok(load("ed25519", &list[0], &err), &err);
	assert_ok(load("rsa-pkcs1", &list[1], &err), &err);
	answer(list, 2, STR("\x0b"), &out);
	rest = buf_view(&out);
	assert_true(str_take(&rest, STR("\x0c")) && ssh_take_u32(&rest, &n));
	assert_int_equal(n, 2);
	assert_true(ssh_take_string(&rest, &s) && str_eq(s, buf_view(&list[0].public)));
	assert_true(ssh_take_string(&rest, &s) && str_is(s, "of ed25519"));
	assert_true(ssh_take_string(&rest, &s) && str_eq(s, buf_view(&list[1].public)));
	assert_true(ssh_take_string(&rest, &s) && s.len == 0 && rest.len == 0);
	sshkey_release(&list[0]);
	sshkey_release(&list[1]);
}

/* DER of two numbers, as openssl wants signatures of EC keys. */
static void
put_der(struct buf *out, struct str pair)
{
	cleanup_buf struct buf in = {0};
	struct str number;

	while (pair.len) {
		assert_true(ssh_take_string(&pair, &number));
		buf_putc(&in, 2);
		buf_putc(&in, (char)number.len);
		buf_str(&in, number);
	}
	buf_putc(out, 0x30);
	if (in.len >= 0x80)
		buf_putc(out, (char)0x81);
	buf_putc(out, (char)in.len);
	buf_str(out, buf_view(&in));
}

static void
check_signature(const char *name, const char *hash, struct str data, struct str signature)
{
	cleanup_arena struct arena a = {0};
	char *key = arena_cstr(&a, tree_path(&keys, arena_fmt(&a, "%s.pem", name)));
	char *in = arena_cstr(&a, tree_path(&keys, "data"));
	char *sig = arena_cstr(&a, tree_path(&keys, "signature"));
	const char *const digest[] = {"openssl", "dgst", hash, "-verify", key, "-signature", sig,
		"-out", "/dev/null", in, NULL};
	const char *const plain[] = {"openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key,
		"-rawin", "-in", in, "-sigfile", sig, "-out", "/dev/null", NULL};
	FILE *f;

	f = fopen(in, "w");
	assert_true(f && fwrite(data.s, 1, data.len, f) == data.len && fclose(f) == 0);
	f = fopen(sig, "w");
	assert_true(
		f && fwrite(signature.s, 1, signature.len, f) == signature.len && fclose(f) == 0);
	assert_that(run(hash ? digest : plain) == 0, "row '%s': openssl finds the signature wrong",
		name);
}

static void
signatures_hold(void **state)
{
	static const struct {
		const char *name;
		char flags;
		const char *algorithm, *hash;
	} rows[] = {
		{"rsa", 0, "ssh-rsa", "-sha1"},
		{"rsa", 2, "rsa-sha2-256", "-sha256"},
		{"rsa", 4, "rsa-sha2-512", "-sha512"},
		{"rsa-pkcs1", 2, "rsa-sha2-256", "-sha256"},
		{"rsa-pkcs8", 4, "rsa-sha2-512", "-sha512"},
		{"p256", 0, "ecdsa-sha2-nistp256", "-sha256"},
		{"p384", 0, "ecdsa-sha2-nistp384", "-sha384"},
		{"p521", 0, "ecdsa-sha2-nistp521", "-sha512"},
		{"p256-sec1", 0, "ecdsa-sha2-nistp256", "-sha256"},
		{"p384-parameters", 0, "ecdsa-sha2-nistp384", "-sha384"},
		{"p521-pkcs8", 0, "ecdsa-sha2-nistp521", "-sha512"},
		{"p256-alone", 0, "ecdsa-sha2-nistp256", "-sha256"},
		{"ed25519", 0, "ssh-ed25519", NULL},
		{"ed25519-pkcs8", 0, "ssh-ed25519", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf request = {0}, out = {0}, der = {0};
		struct str rest, whole, algorithm, value;
		struct err err = {0};
		struct sshkey k;

		assert_row_ok(rows[i].name, load(rows[i].name, &k, &err), &err);
		buf_putc(&request, 13);
		ssh_put_string(&request, buf_view(&k.public));
		ssh_put_string(&request, STR("what is to be signed"));
		ssh_put_u32(&request, (uint32_t)rows[i].flags);
		answer(&k, 1, buf_view(&request), &out);
		rest = buf_view(&out);
		assert_that(str_take(&rest, STR("\x0e")), "row '%s': refused", rows[i].name);
		assert_true(ssh_take_string(&rest, &whole) && rest.len == 0);
		assert_true(ssh_take_string(&whole, &algorithm) && ssh_take_string(&whole, &value));
		assert_int_equal(whole.len, 0);
		assert_row_str(rows[i].name, algorithm, rows[i].algorithm);
		if (k.parts.type == CERT_KEY_EC) {
			put_der(&der, value);
			value = buf_view(&der);
		}
		check_signature(rows[i].name, rows[i].hash, STR("what is to be signed"), value);
		sshkey_release(&k);
	}
}

static void
everything_else_is_refused(void **state)
{
	static const struct {
		const char *name;
		struct str body;
	} rows[] = {
		{"add", {"\x11", 1}},
		{"remove all", {"\x13", 1}},
		{"lock", {"\x16\0\0\0\0", 5}},
		{"extension", {"\x1b\0\0\0\1x", 6}},
		{"list with more", {"\x0bx", 2}},
		{"sign nothing", {"\x0d", 1}},
		{"cut short", {"\x0d\0\0\0\4ab", 7}},
		{"another's key", {"\x0d\0\0\0\1k\0\0\0\1d\0\0\0\0", 15}},
		{"nothing", {"", 0}},
	};
	cleanup_buf struct buf out = {0}, request = {0};
	struct err err = {0};
	struct sshkey k;
	size_t i;

	(void)state;
	assert_ok(load("rsa", &k, &err), &err);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		answer(&k, 1, rows[i].body, &out);
		assert_row_str(rows[i].name, buf_view(&out), "\5");
	}
	/* flags that nobody knows, and bytes behind the end */
	buf_putc(&request, 13);
	ssh_put_string(&request, buf_view(&k.public));
	ssh_put_string(&request, STR("data"));
	ssh_put_u32(&request, 8);
	answer(&k, 1, buf_view(&request), &out);
	assert_str(buf_view(&out), "\5");
	request.p[request.len - 1] = 0;
	buf_putc(&request, 'x');
	answer(&k, 1, buf_view(&request), &out);
	assert_str(buf_view(&out), "\5");
	sshkey_release(&k);
}

/* ---- the data types -------------------------------------------------------- */

static void
numbers_on_the_wire(void **state)
{
	static const struct {
		const char *name;
		struct str number, wire;
	} rows[] = {
		{"zero", {"", 0}, {"\0\0\0\0", 4}},
		{"one", {"\1", 1}, {"\0\0\0\1\1", 5}},
		{"a high bit", {"\x80", 1}, {"\0\0\0\2\0\x80", 6}},
		{"leading zeros", {"\0\0\2", 3}, {"\0\0\0\1\2", 5}},
	};
	struct str rest = STR("\0\0\0\1\x80"), out;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf b = {0};

		ssh_put_uint(&b, rows[i].number);
		assert_that(str_eq(buf_view(&b), rows[i].wire), "row '%s'", rows[i].name);
	}
	/* less than zero, and more than there is */
	assert_false(ssh_take_uint(&rest, &out));
	rest = STR("\0\0\0\2x");
	assert_false(ssh_take_string(&rest, &out));
	assert_int_equal(rest.len, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_halves),
		cmocka_unit_test(keys_that_are_refused),
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(numbers_that_are_too_large),
		cmocka_unit_test(the_agent_lists_its_keys),
		cmocka_unit_test(signatures_hold),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(numbers_on_the_wire),
	};

	return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
