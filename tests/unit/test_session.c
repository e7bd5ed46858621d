/*
 * The session, called by a daemon: health, what is not there, files in both directions; over a
 * connection of its own and inside of a Control.Session call.
 */
#include "test.h"

#include "session_fixture.h"

#include <signal.h>

#include "base/loop.h"
#include "buildkit/fswire.h"

/* ---- health and what is not there ----------------------------------------- */

static void
services_and_those_that_are_not_there(void **state)
{
	static const struct {
		const char *path, *answer;
		int code;
		const char *text;
	} rows[] = {
		{"/grpc.health.v1.Health/Check", "\x08\x01", GRPC_OK, ""},
		{"/grpc.health.v1.Health/Watch", "", GRPC_UNIMPLEMENTED, "does not offer"},
		{"/moby.filesync.v1.Auth/GetTokenAuthority", "", GRPC_UNIMPLEMENTED, ""},
		{"/moby.filesync.v1.Auth/FetchToken", "", GRPC_UNIMPLEMENTED, ""},
		{"/moby.filesync.v1.FileSync/TarStream", "", GRPC_UNIMPLEMENTED, ""},
		{"/moby.buildkit.secrets.v1.Secrets/Nothing", "", GRPC_UNIMPLEMENTED, ""},
		{"/", "", GRPC_UNIMPLEMENTED, ""},
	};
	size_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct fixture f;

		fixture_open(&f);
		fixture_serve(&f, k == 1);
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct call c;

			call_unary(&f, &c, rows[i].path, STR(""));
			assert_row_int(rows[i].path, c.code, rows[i].code);
			assert_row_str(rows[i].path, buf_view(&c.last), rows[i].answer);
			assert_that(strstr(c.text, rows[i].text) != NULL, "%s", c.text);
			call_release(&c);
		}
		assert_int_equal(bk_session_check(f.session, NULL), 0);
		fixture_close(&f);
	}
}

static void
the_session_announces_itself(void **state)
{
	struct strlist pairs = {0};
	struct fixture f;
	struct call c;
	size_t i, methods = 0;

	(void)state;
	fixture_open(&f);
	fixture_serve(&f, true);
	call_unary(&f, &c, "/grpc.health.v1.Health/Check", STR(""));
	call_release(&c);
	assert_int_equal(f.uuid.n, 1);
	assert_string_equal(f.uuid.items[0], bk_session_id(f.session));
	assert_null(strchr(f.uuid.items[0], ':'));
	assert_true(strlist_has(&f.methods, "/moby.filesync.v1.FileSync/DiffCopy"));
	assert_true(strlist_has(&f.methods, "/moby.filesync.v1.FileSend/DiffCopy"));
	bk_session_headers(f.session, &f.arena, &pairs);
	assert_int_equal(pairs.n % 2, 0);
	for (i = 0; i < pairs.n; i += 2)
		methods += !strcmp(pairs.items[i], "x-docker-expose-session-grpc-method");
	assert_int_equal(methods, f.methods.n);
	fixture_close(&f);
}

static void
d_05_a_session_that_ends_is_reported(void **state)
{
	size_t k;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct err err = {0};
		struct fixture f;
		struct call c;

		fixture_open(&f);
		fixture_serve(&f, k == 1);
		call_unary(&f, &c, "/grpc.health.v1.Health/Check", STR(""));
		call_release(&c);
		fixture_end_daemon(&f);
		while (bk_session_check(f.session, NULL) == 0)
			assert_ok(loop_once(f.loop, &err), &err);
		assert_int_equal(bk_session_check(f.session, &err), -1);
		assert_err(&err, ERR_NET, "session");
		fixture_close(&f);
	}
}

/* ---- files for the daemon ------------------------------------------------- */

static void
take_stat(struct call *c, const struct fspacket *p)
{
	cleanup_buf struct buf out = {0};

	if (!p->has_stat) {
		c->listed = true;
		return;
	}
	buf_addf(&c->list, STR_FMT " ", STR_ARG(p->stat.path));
	assert_int_equal(p->stat.uid, 0);
	if ((p->stat.mode & FSMODE_TYPE) == 0) {
		c->waiting++;
		fspacket_put_req(&out, c->ids, NULL);
		buf_str(grpc_call_queue(c->grpc), buf_view(&out));
		grpc_call_flush(c->grpc);
	}
	c->ids++;
}

static void
receive_files(struct grpc_call *call, struct str msg, void *arg)
{
	struct call *c = arg;
	struct fspacket p;
	struct err err = {0};

	assert_ok(fspacket_decode(&p, msg, &err), &err);
	if (p.type == FSPACKET_STAT)
		take_stat(c, &p);
	else if (p.type == FSPACKET_DATA && p.data.len)
		buf_str(&c->content, p.data);
	else if (p.type == FSPACKET_DATA)
		c->waiting--;
	else if (p.type == FSPACKET_FIN)
		c->fin = true;
	else
		assert_int_equal(p.type, FSPACKET_ERR);
	if (c->listed && c->waiting == 0 && !c->fin) {
		fspacket_put_fin(grpc_call_queue(call), NULL);
		grpc_call_flush(call);
		c->listed = false;
	}
}

static const struct grpc_call_ops receive_ops = {
	.message = receive_files, .close = call_note_close};

static void
b_10_files_go_to_the_daemon(void **state)
{
	static const struct {
		const char *name;
		struct grpc_header meta[6];
		size_t nmeta;
		int code;
		const char *list, *content, *text;
	} rows[] = {
		{"everything", {{"dir-name", "context"}}, 1, GRPC_OK, "a a/b my file z\xc3\xa4 ",
			"in b|blank|umlaut|", ""},
		{"excluded",
			{{"dir-name", "context"}, {"exclude-patterns", "a"},
				{"exclude-patterns", "z*"}},
			3, GRPC_OK, "my file ", "blank|", ""},
		{"a pattern ends in a blank",
			{{"dir-name", "context"}, {"include-patterns", "my file "}}, 2, GRPC_OK,
			"my file ", "blank|", ""},
		{"encoded",
			{{"dir-name", "context"}, {"exclude-patterns-encoded", "1"},
				{"exclude-patterns", "z%C3%A4"}, {"exclude-patterns", "my+file"}},
			4, GRPC_OK, "a a/b ", "in b|", ""},
		{"not encoded", {{"dir-name", "context"}, {"include-patterns", "my+file"}}, 2,
			GRPC_OK, "", "", ""},
		{"followpaths", {{"dir-name", "context"}, {"followpaths", "a/b"}}, 2, GRPC_OK,
			"a a/b ", "in b|", ""},
		{"from memory", {{"dir-name", "d%C3%B6ckerfile"}, {"dir-name-encoded", "1"}}, 2,
			GRPC_OK, "Dockerfile ", "FROM scratch\n", ""},
		{"unknown folder", {{"dir-name", "/etc"}}, 1, GRPC_NOT_FOUND, "", "",
			"no access allowed to dir \"/etc\""},
		{"no folder", {{"x", "y"}}, 1, GRPC_NOT_FOUND, "", "", "no access"},
		{"bad pattern", {{"dir-name", "context"}, {"exclude-patterns", "[a"}}, 2,
			GRPC_UNKNOWN, "", "", "[a"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = rows[i / 2].name;
		struct bk_session_stats stats;
		struct call c = {0};
		struct fixture f;

		fixture_open(&f);
		tree_write(&f.tree, "a/b", "in b|");
		tree_write(&f.tree, "my file", "blank|");
		tree_write(&f.tree, "z\xc3\xa4", "umlaut|");
		fixture_serve(&f, i % 2);
		c.grpc = grpc_call_start(f.grpc, "/moby.filesync.v1.FileSync/DiffCopy",
			rows[i / 2].meta, rows[i / 2].nmeta, &receive_ops, &c);
		call_finish(&f, &c);
		assert_that(c.code == rows[i / 2].code, "row '%s': %d %s", name, c.code, c.text);
		assert_row_str(name, buf_view(&c.list), rows[i / 2].list);
		assert_row_str(name, buf_view(&c.content), rows[i / 2].content);
		assert_that(strstr(c.text, rows[i / 2].text) != NULL, "row '%s': %s", name, c.text);
		assert_row_int(name, c.fin, c.code == GRPC_OK);
		bk_session_stats(f.session, &stats);
		assert_row_int(name, stats.files, c.ids);
		/* what is wrong on our side is the cause of a failed build, a wrong name is not */
		assert_row_int(name, bk_session_check(f.session, NULL),
			rows[i / 2].code == GRPC_UNKNOWN ? -1 : 0);
		call_release(&c);
		fixture_close(&f);
	}
}

/* Megabytes through windows, queues and the tunnel; health checks are answered meanwhile. */
static void
a_large_file_and_a_health_check(void **state)
{
	static const struct grpc_header meta[] = {{"dir-name", "context"}};
	const size_t size = (size_t)5 * 1024 * 1024;
	char *text = malloc(size + 1);
	size_t i, k;

	(void)state;
	for (i = 0; i < size; i++)
		text[i] = (char)('a' + i % 23);
	text[size] = '\0';
	for (k = 0; k < 2; k++) {
		struct call c = {0}, health = {0};
		struct fixture f;

		fixture_open(&f);
		tree_write(&f.tree, "big", "%s", text);
		fixture_serve(&f, k == 1);
		c.grpc = grpc_call_start(
			f.grpc, "/moby.filesync.v1.FileSync/DiffCopy", meta, 1, &receive_ops, &c);
		while (c.content.len < size / 4) {
			struct err err = {0};

			assert_ok(loop_once(f.loop, &err), &err);
		}
		call_unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
		assert_int_equal(health.code, GRPC_OK);
		call_finish(&f, &c);
		assert_int_equal(c.code, GRPC_OK);
		assert_int_equal(c.content.len, size);
		assert_memory_equal(c.content.p, text, size);
		call_release(&c);
		call_release(&health);
		fixture_close(&f);
	}
	free(text);
}

/* The daemon loses interest in the middle: nothing is left, the session goes on. */
static void
b_27_a_transfer_that_is_cancelled(void **state)
{
	static const struct grpc_header meta[] = {{"dir-name", "context"}};
	struct call c = {0}, health;
	struct err err = {0};
	struct fixture f;
	int i;

	(void)state;
	fixture_open(&f);
	for (i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		tree_write(&f.tree, name, "%080d", i);
	}
	fixture_serve(&f, false);
	c.grpc = grpc_call_start(
		f.grpc, "/moby.filesync.v1.FileSync/DiffCopy", meta, 1, &receive_ops, &c);
	while (c.ids < 10)
		assert_ok(loop_once(f.loop, &err), &err);
	if (c.grpc)
		grpc_call_cancel(c.grpc);
	call_finish(&f, &c);
	call_unary(&f, &health, "/grpc.health.v1.Health/Check", STR(""));
	assert_int_equal(health.code, GRPC_OK);
	assert_int_equal(bk_session_check(f.session, NULL), 0);
	call_release(&c);
	call_release(&health);
	fixture_close(&f);
}

/* ---- files from the daemon ------------------------------------------------ */

struct export
{
	struct call c;
	bool fin;
};

static void
send_files(struct grpc_call *call, struct str msg, void *arg)
{
	struct export *e = arg;
	struct fspacket p;
	struct err err = {0};

	assert_ok(fspacket_decode(&p, msg, &err), &err);
	if (p.type == FSPACKET_REQ) {
		fspacket_put_data(grpc_call_queue(call), p.id, STR("exported"), NULL);
		fspacket_put_data(grpc_call_queue(call), p.id, STR(""), NULL);
		fspacket_put_fin(grpc_call_queue(call), NULL);
		grpc_call_flush(call);
	}
	e->fin = e->fin || p.type == FSPACKET_FIN;
}

static void
export_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct export *e = arg;

	call_note_close(call, st, &e->c);
}

static const struct grpc_call_ops send_ops = {.message = send_files, .close = export_close};

static void
b_23_files_come_from_the_daemon(void **state)
{
	static const struct {
		const char *name, *id, *path;
		int code;
		enum err_kind session; /* what the session says of it */
	} rows[] = {
		{"to a folder", "0", "file", GRPC_OK, ERR_NONE},
		{"no number, as before 0.13", NULL, "file", GRPC_OK, ERR_NONE},
		{"number that is none", "x", "file", GRPC_OK, ERR_NONE},
		{"unknown number", "1", "file", GRPC_INVALID_ARGUMENT, ERR_NONE},
		{"out of the folder", "0", "../file", GRPC_UNKNOWN, ERR_PROTO},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct grpc_header meta[] = {{"buildkit-attachable-exporter-id", rows[i].id}};
		struct fsstat st = {.path = str_from(rows[i].path), .mode = 0644, .size = 8};
		struct bk_export target = {.name = "exported"};
		struct err err = {0};
		struct export e = {0};
		struct fixture f;

		fixture_open(&f);
		target.fd = f.root.dirfd;
		fixture_serve(&f, i % 2);
		bk_session_exports(f.session, &target, 1);
		e.c.grpc = grpc_call_start(f.grpc, "/moby.filesync.v1.FileSend/DiffCopy", meta,
			rows[i].id ? 1 : 0, &send_ops, &e);
		fspacket_put_stat(grpc_call_queue(e.c.grpc), &st, NULL);
		fspacket_put_stat(grpc_call_queue(e.c.grpc), NULL, NULL);
		grpc_call_flush(e.c.grpc);
		call_finish(&f, &e.c);
		assert_that(e.c.code == rows[i].code, "row '%s': %d %s", rows[i].name, e.c.code,
			e.c.text);
		assert_row_int(rows[i].name, e.fin, rows[i].code == GRPC_OK);
		(void)bk_session_check(f.session, &err);
		assert_row_int(rows[i].name, err.kind, rows[i].session);
		if (rows[i].code == GRPC_OK) {
			char *text = test_read_file(tree_path(&f.tree, "file"), NULL);

			assert_string_equal(text, "exported");
			free(text);
		}
		call_release(&e.c);
		fixture_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_and_those_that_are_not_there),
		cmocka_unit_test(the_session_announces_itself),
		cmocka_unit_test(d_05_a_session_that_ends_is_reported),
		cmocka_unit_test(b_10_files_go_to_the_daemon),
		cmocka_unit_test(a_large_file_and_a_health_check),
		cmocka_unit_test(b_27_a_transfer_that_is_cancelled),
		cmocka_unit_test(b_23_files_come_from_the_daemon),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
