/* DER, certificates and PEM, as files and as damaged bytes. */
#include "test.h"

#include "base/buf.h"
#include "base/codec.h"
#include "net/cert.h"
#include "net/der.h"

enum { DIR_MAX_NAME = 64 };

/* The first certificate of tests/data/cert/NAME.pem, decoded. */
static void
load(const char *name, struct buf *der)
{
	char path[DIR_MAX_NAME];
	struct str rest;
	struct pem p;
	char *text;

	snprintf(path, sizeof(path), "tests/data/cert/%s.pem", name);
	text = test_read_file(path, NULL);
	rest = str_from(text);
	assert_true(pem_next(&rest, &p));
	assert_true(pem_is_certificate(&p));
	assert_true(base64_decode(der, p.body));
	free(text);
}

/* ---- DER -------------------------------------------------------------------- */

static void
elements_are_taken(void **state)
{
	static const struct {
		const char *name;
		struct str in;
		int tag; /* -1: refused */
		size_t len, left;
	} rows[] = {
		{"short length", {"\x02\x01\x05", 3}, 2, 1, 0},
		{"empty", {"\x05\x00", 2}, 5, 0, 0},
		{"one byte of length", {"\x04\x81\x02xyz", 6}, 4, 2, 1},
		{"four bytes of length", {"\x04\x84\0\0\0\x01x", 7}, 4, 1, 0},
		{"nothing", {"", 0}, -1, 0, 0},
		{"no length", {"\x02", 1}, -1, 0, 0},
		{"length of nothing", {"\x02\x82\x01", 3}, -1, 0, 0},
		{"too long", {"\x02\x02\x05", 3}, -1, 0, 0},
		{"far too long", {"\x02\x84\xff\xff\xff\xff\x05", 7}, -1, 0, 0},
		{"length of five bytes", {"\x02\x85\0\0\0\0\x01x", 8}, -1, 0, 0},
		{"indefinite length", {"\x30\x80\0\0", 4}, -1, 0, 0},
		{"tag of two bytes", {"\x1f\x01\x01x", 4}, -1, 0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		char *copy = test_guard_alloc(rows[i].in.s, rows[i].in.len);
		struct str rest = str_n(copy, rows[i].in.len);
		struct der d = {0};
		bool ok = der_next(&rest, &d);

		assert_row_int(rows[i].name, ok, rows[i].tag >= 0);
		assert_row_int(rows[i].name, rest.len, ok ? rows[i].left : rows[i].in.len);
		if (ok) {
			assert_row_int(rows[i].name, d.tag, rows[i].tag);
			assert_row_int(rows[i].name, d.value.len, rows[i].len);
		}
		test_guard_free(copy, rows[i].in.len);
	}
}

static void
numbers_are_taken(void **state)
{
	static const struct {
		const char *name;
		struct str in;
		int len; /* of the magnitude, -1: refused */
	} rows[] = {
		{"zero", {"\x02\x01\x00", 3}, 0},
		{"small", {"\x02\x01\x7f", 3}, 1},
		{"with a zero in front", {"\x02\x02\x00\x80", 4}, 1},
		{"negative", {"\x02\x01\x80", 3}, -1},
		{"empty", {"\x02\x00", 2}, -1},
		{"another type", {"\x04\x01\x05", 3}, -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct str rest = rows[i].in, n = {0};
		bool ok = der_take_uint(&rest, &n);

		assert_row_int(rows[i].name, ok ? (int)n.len : -1, rows[i].len);
		assert_row_int(rows[i].name, rest.len, ok ? 0 : rows[i].in.len);
	}
}

/* ---- certificates ----------------------------------------------------------- */

static void
certificates_are_read(void **state)
{
	static const struct {
		const char *file, *label, *name, *hosts;
		bool ca, for_servers;
		const char *until;
	} rows[] = {
		{"full", "Der \\<Name\\>",
			"CN=Der \\<Name\\>,2.5.4.5=7,OU=eins+OU=zwei,O=Firma\\, die "
			"Erste,DC=example,L=Ort,ST=Land,C=DE",
			"'a.example', '*.w.example', '192.0.2.1', '2001:db8::1' and 2 more", true,
			true, "2081-08-26"},
		{"v1", "Der \\<Name\\>",
			"CN=Der \\<Name\\>,2.5.4.5=7,OU=eins+OU=zwei,O=Firma\\, die "
			"Erste,DC=example,L=Ort,ST=Land,C=DE",
			"", true, true, "2027-03-03"},
		{"hostile", "a?b?[31m?\xc3\xa4?", "CN=a?b?[31m?\xc3\xa4?", "", false, false,
			"2027-03-03"},
		{"no-cn", "O=Nur Firma", "O=Nur Firma", "", false, false, "2027-03-03"},
		{"bmp",
			"\xc4\x80"
			"b",
			"CN=\xc4\x80"
			"b",
			"", false, false, "2027-03-03"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf der = {0}, label = {0}, name = {0}, hosts = {0};
		char until[16];
		struct cert c;

		load(rows[i].file, &der);
		assert_that(cert_parse(buf_view(&der), &c), "'%s' is refused", rows[i].file);
		cert_label(c.subject, &label);
		cert_name_text(c.issuer, &name);
		cert_hosts_text(&c, &hosts);
		cert_date(c.not_after, until);
		assert_row_str(rows[i].file, buf_view(&label), rows[i].label);
		assert_row_str(rows[i].file, buf_view(&name), rows[i].name);
		assert_row_str(rows[i].file, buf_view(&hosts), rows[i].hosts);
		assert_row_str(rows[i].file, str_from(until), rows[i].until);
		assert_row_int(rows[i].file, c.ca, rows[i].ca);
		assert_row_int(rows[i].file, c.for_servers, rows[i].for_servers);
		assert_true(str_eq(c.issuer, c.subject));
		assert_true(c.not_before < c.not_after);
	}
}

static void
keys_are_read(void **state)
{
	cleanup_buf struct buf ec = {0}, rsa = {0};
	struct cert_key key;
	struct cert c;

	(void)state;
	load("full", &ec);
	assert_true(cert_parse(buf_view(&ec), &c) && cert_key(c.spki, &key));
	assert_int_equal(key.type, CERT_KEY_EC);
	assert_int_equal(key.curve, CERT_P256);
	assert_int_equal(key.q.len, 65);
	load("bmp", &rsa);
	assert_true(cert_parse(buf_view(&rsa), &c) && cert_key(c.spki, &key));
	assert_int_equal(key.type, CERT_KEY_RSA);
	assert_int_equal(key.n.len, 128);
	assert_true(str_eq(key.e, STR("\x01\x00\x01")));
	assert_false(cert_key(c.subject, &key));
	assert_false(cert_key((struct str){0}, &key));
}

static void
hosts_are_matched(void **state)
{
	static const struct {
		const char *host;
		bool matches;
	} rows[] = {
		{"a.example", true},
		{"A.EXAMPLE", true},
		{"a.example.", true},
		{"x.a.example", false},
		{"example", false},
		{"x.w.example", true},
		{"w.example", false},
		{"x.y.w.example", false},
		{".w.example", false},
		{"192.0.2.1", true},
		{"192.0.2.2", false},
		{"2001:db8::1", true},
		{"2001:DB8:0:0:0:0:0:1", true},
		{"2001:db8::2", false},
		{"x.org", false}, /* "*.org" would be half the world */
		{"foo.x.example", false},
		{"f*.x.example", true}, /* no pattern, a name like any other */
		{"a@b.example", false},
		{"x.example", false},
		{"Der <Name>", false},
		{"", false},
		{".", false},
	};
	cleanup_buf struct buf der = {0};
	struct cert c;
	size_t i;

	(void)state;
	load("full", &der);
	assert_true(cert_parse(buf_view(&der), &c));
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_row_int(rows[i].host, cert_is_for(&c, rows[i].host), rows[i].matches);
}

static void
damaged_certificates_are_refused(void **state)
{
	cleanup_buf struct buf der = {0};
	struct cert c;
	size_t i;

	(void)state;
	load("full", &der);
	for (i = 0; i < der.len; i++) {
		char *copy = test_guard_alloc(der.p, i);

		assert_false(cert_parse(str_n(copy, i), &c));
		test_guard_free(copy, i);
	}
	buf_putc(&der, '\0');
	assert_false(cert_parse(buf_view(&der), &c));
}

/* Whatever a byte becomes, what is read stays inside. */
static void
changed_certificates_are_survived(void **state)
{
	cleanup_buf struct buf der = {0};
	size_t i, bit;

	(void)state;
	load("full", &der);
	for (i = 0; i < der.len; i++)
		for (bit = 0; bit < 8; bit++) {
			cleanup_buf struct buf text = {0};
			char *copy;
			struct cert c;

			der.p[i] = (char)(der.p[i] ^ 1 << bit);
			copy = test_guard_alloc(der.p, der.len);
			if (cert_parse(str_n(copy, der.len), &c)) {
				cert_name_text(c.subject, &text);
				cert_hosts_text(&c, &text);
				cert_is_for(&c, "a.example");
			}
			test_guard_free(copy, der.len);
			der.p[i] = (char)(der.p[i] ^ 1 << bit);
		}
}

static void
times_are_read(void **state)
{
	static const struct {
		const char *name;
		struct str in; /* the end of the validity, with a good begin in front */
		int64_t want;  /* -1: refused */
	} rows[] = {
		{"this century",
			{"\x17\x0d"
			 "240102030405Z",
				15},
			1704164645},
		{"the last one",
			{"\x17\x0d"
			 "700101000000Z",
				15},
			0},
		{"the year 2049",
			{"\x17\x0d"
			 "491231235959Z",
				15},
			2524607999},
		{"the year 2050",
			{"\x18\x0f"
			 "20500101000000Z",
				17},
			2524608000},
		{"leap year",
			{"\x17\x0d"
			 "240229000000Z",
				15},
			1709164800},
		{"no end",
			{"\x18\x0f"
			 "99991231235959Z",
				17},
			253402300799},
		{"no seconds",
			{"\x17\x0b"
			 "2401020304Z",
				13},
			-1},
		{"a zone",
			{"\x17\x11"
			 "240102030405+0100",
				19},
			-1},
		{"a fraction",
			{"\x18\x11"
			 "20240102030405.5Z",
				19},
			-1},
		{"month 13",
			{"\x17\x0d"
			 "241302030405Z",
				15},
			-1},
		{"month 0",
			{"\x17\x0d"
			 "240002030405Z",
				15},
			-1},
		{"hour 24",
			{"\x17\x0d"
			 "240102240405Z",
				15},
			-1},
		{"letters",
			{"\x17\x0d"
			 "2401o2030405Z",
				15},
			-1},
		{"another type",
			{"\x16\x0d"
			 "240102030405Z",
				15},
			-1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf der = {0};
		struct str rest;
		struct cert c;
		bool ok;

		buf_putc(&der, 0x30);
		buf_putc(&der, (char)(15 + rows[i].in.len));
		buf_mem(&der,
			"\x17\x0d"
			"200101000000Z",
			15);
		buf_str(&der, rows[i].in);
		buf_mem(&der, "\x30\x00\x30\x00", 4);
		rest = buf_view(&der);
		ok = cert_take_trusted(&rest, &c);
		assert_row_int(rows[i].name, ok ? c.not_after : -1, rows[i].want);
		assert_row_int(rows[i].name, rest.len, ok ? 0 : der.len);
	}
}

/* ---- PEM -------------------------------------------------------------------- */

static void
blocks_are_found(void **state)
{
	static const struct {
		const char *name, *in;
		const char *label, *body; /* label NULL: none */
		bool encrypted;
	} rows[] = {
		{"plain", "-----BEGIN A-----\nQQ==\n-----END A-----\n", "A", "QQ==\n", false},
		{"no newline at the end", "-----BEGIN A-----\nQQ==\n-----END A-----", "A", "QQ==\n",
			false},
		{"carriage returns", "-----BEGIN A B-----\r\nQQ==\r\n-----END A B-----\r\n", "A B",
			"QQ==\r\n", false},
		{"text in front", "subject=x\n\n-----BEGIN A-----\nQQ==\n-----END A-----\n", "A",
			"QQ==\n", false},
		{"empty", "-----BEGIN A-----\n-----END A-----\n", "A", "", false},
		{"headers",
			"-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nQQ==\n-----END A-----\n",
			"A", "QQ==\n", true},
		{"harmless headers", "-----BEGIN A-----\nComment: x\n\nQQ==\n-----END A-----\n",
			"A", "QQ==\n", false},
		{"another end", "-----BEGIN A-----\nQQ==\n-----END B-----\n", NULL, NULL, false},
		{"begins twice",
			"-----BEGIN A-----\nQQ==\n-----BEGIN B-----\nQg==\n-----END B-----\n", "B",
			"Qg==\n", false},
		{"no end", "-----BEGIN A-----\nQQ==\n", NULL, NULL, false},
		{"only an end", "-----END A-----\n", NULL, NULL, false},
		{"half a line", "-----BEGIN A", NULL, NULL, false},
		{"half an end", "-----BEGIN A-----\nQQ==\n-----END A---", NULL, NULL, false},
		{"nothing", "", NULL, NULL, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *copy = test_guard_alloc(rows[i].in, len);
		struct str rest = str_n(copy, len);
		struct pem p = {0};
		bool found = pem_next(&rest, &p);

		assert_row_int(rows[i].name, found, rows[i].label != NULL);
		if (found) {
			assert_row_str(rows[i].name, p.label, rows[i].label);
			assert_row_str(rows[i].name, p.body, rows[i].body);
			assert_row_int(rows[i].name, p.encrypted, rows[i].encrypted);
			assert_false(pem_next(&rest, &p));
		}
		test_guard_free(copy, len);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_are_taken),
		cmocka_unit_test(numbers_are_taken),
		cmocka_unit_test(certificates_are_read),
		cmocka_unit_test(keys_are_read),
		cmocka_unit_test(hosts_are_matched),
		cmocka_unit_test(damaged_certificates_are_refused),
		cmocka_unit_test(changed_certificates_are_survived),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(blocks_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
