/* Addresses of daemons and registries. */
#include "test.h"

#include "base/arena.h"
#include "net/url.h"

static void
addresses(void **state)
{
	static const struct {
		const char *in;
		struct url want;
	} rows[] = {
		{"unix:///var/run/docker.sock",
			{"unix", NULL, "", NULL, "/var/run/docker.sock", NULL}},
		{"tcp://host:2375", {"tcp", NULL, "host", "2375", "", NULL}},
		{"TCP://Host:2375/", {"tcp", NULL, "Host", "2375", "/", NULL}},
		{"tcp://host", {"tcp", NULL, "host", NULL, "", NULL}},
		{"tcp://10.0.0.1:1/base/x", {"tcp", NULL, "10.0.0.1", "1", "/base/x", NULL}},
		{"tcp://[::1]:65535", {"tcp", NULL, "::1", "65535", "", NULL}},
		{"tcp://[fe80::1]", {"tcp", NULL, "fe80::1", NULL, "", NULL}},
		{"ssh://me@host", {"ssh", "me", "host", NULL, "", NULL}},
		{"ssh://me:pa@ss@host:22/x", {"ssh", "me:pa@ss", "host", "22", "/x", NULL}},
		{"ssh://@host", {"ssh", "", "host", NULL, "", NULL}},
		{"docker-container://name?context=x&y=z",
			{"docker-container", NULL, "name", NULL, "", "context=x&y=z"}},
		{"kube-pod://pod?", {"kube-pod", NULL, "pod", NULL, "", ""}},
		{"https://h/p?q#f", {"https", NULL, "h", NULL, "/p", "q"}},
		{"https://h#f?g/h", {"https", NULL, "h", NULL, "", NULL}},
		{"https://h/a@b:c", {"https", NULL, "h", NULL, "/a@b:c", NULL}},
		{"https://h?a@b:c/d", {"https", NULL, "h", NULL, "", "a@b:c/d"}},
		{"x+y-1.0://h", {"x+y-1.0", NULL, "h", NULL, "", NULL}},
		{"unix://", {"unix", NULL, "", NULL, "", NULL}},
		{"tcp://:80", {"tcp", NULL, "", "80", "", NULL}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		const struct url *want = &rows[i].want;
		struct err err = {0};
		struct url u;

		assert_row_ok(rows[i].in, url_parse(&a, rows[i].in, &u, &err), &err);
		assert_row_str(rows[i].in, str_from(u.scheme), want->scheme);
		assert_row_str(rows[i].in, str_from(u.user), want->user);
		assert_row_int(rows[i].in, !u.user, !want->user);
		assert_row_str(rows[i].in, str_from(u.host), want->host);
		assert_row_str(rows[i].in, str_from(u.port), want->port);
		assert_row_int(rows[i].in, !u.port, !want->port);
		assert_row_str(rows[i].in, str_from(u.path), want->path);
		assert_row_str(rows[i].in, str_from(u.query), want->query);
		assert_row_int(rows[i].in, !u.query, !want->query);
	}
}

static void
what_is_no_address(void **state)
{
	static const struct {
		const char *in, *text;
	} rows[] = {
		{"", "no scheme"},
		{"host:2375", "no scheme"},
		{"://host", "no scheme"},
		{"1tcp://host", "no scheme"},
		{"t_p://host", "no scheme"},
		{"tcp:/host", "no scheme"},
		{"tcp://host:0", "'0' is no port"},
		{"tcp://host:65536", "'65536' is no port"},
		{"tcp://host:", "'' is no port"},
		{"tcp://host:+1", "'+1' is no port"},
		{"tcp://host:12x", "'12x' is no port"},
		{"tcp://host:99999999999999999999999", "is no port"},
		{"tcp://::1:80", "needs brackets"},
		{"tcp://[::1", "lacks a closing ']'"},
		{"tcp://[::1]80", "behind ']'"},
		{"tcp://ho st", "blank or control"},
		{"tcp://host\n", "blank or control"},
		{"tcp://host/\x7f", "blank or control"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		struct err err = {0};
		struct url u;

		assert_row_int(rows[i].in, url_parse(&a, rows[i].in, &u, &err), -1);
		assert_row_err(rows[i].in, &err, ERR_USAGE, rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(what_is_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
