/* What a daemon reports: StatusResponse messages, and the details of a failure. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "buildkit/proto/control.pb-c.h"
#include "buildkit/proto/session.pb-c.h"
#include "buildkit/status.h"

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static ProtobufCBinaryData
bytes(const char *s)
{
	return (ProtobufCBinaryData){strlen(s), (uint8_t *)text(s)};
}

static void
pack(struct buf *out, const ProtobufCMessage *m)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	uint8_t *p = calloc(1, len + 1);

	protobuf_c_message_pack(m, p);
	buf_mem(out, p, len);
	free(p);
}

/* ---- status --------------------------------------------------------------- */

/* One message with everything in it. */
static void
full_message(struct buf *out)
{
	Pb__Timestamp start = PB__TIMESTAMP__INIT, stop = PB__TIMESTAMP__INIT;
	Pb__ProgressGroup group = PB__PROGRESS_GROUP__INIT;
	Pb__Vertex vertex = PB__VERTEX__INIT, *vertexes[] = {&vertex};
	Pb__VertexStatus status = PB__VERTEX_STATUS__INIT, *statuses[] = {&status};
	Pb__VertexLog log = PB__VERTEX_LOG__INIT, *logs[] = {&log};
	Pb__VertexWarning warning = PB__VERTEX_WARNING__INIT, *warnings[] = {&warning};
	Pb__SourceInfo info = PB__SOURCE_INFO__INIT;
	Pb__Position from = PB__POSITION__INIT, to = PB__POSITION__INIT;
	Pb__Range range = PB__RANGE__INIT, bare = PB__RANGE__INIT, *ranges[] = {&range, &bare};
	Pb__StatusResponse r = PB__STATUS_RESPONSE__INIT;
	ProtobufCBinaryData details[] = {bytes("one"), bytes("two")};
	char *inputs[] = {text("sha256:in1"), text("sha256:in2")};

	start.seconds = 1700000000;
	start.nanos = 5;
	stop.seconds = 1700000001;
	group.id = text("g1");
	group.name = text("pulling");
	group.weak = 1;
	vertex.digest = text("sha256:v");
	vertex.name = text("[1/2] RUN x");
	vertex.inputs = inputs;
	vertex.n_inputs = 2;
	vertex.cached = 1;
	vertex.started = &start;
	vertex.completed = &stop;
	vertex.error = text("exit code: 1");
	vertex.progressgroup = &group;
	status.id = text("layer");
	status.vertex = text("sha256:v");
	status.name = text("extracting");
	status.current = 7;
	status.total = -1;
	status.timestamp = &start;
	log.vertex = text("sha256:v");
	log.stream = 2;
	log.timestamp = &stop;
	log.msg = (ProtobufCBinaryData){4, (uint8_t *)text("a\0\xff\n")};
	from.line = 3;
	from.character = 4;
	to.line = 5;
	range.start = &from;
	range.end = &to;
	info.filename = text("Dockerfile");
	info.data = bytes("FROM x\n");
	warning.vertex = text("sha256:v");
	warning.level = 1;
	warning.short_ = bytes("JSONArgs");
	warning.detail = details;
	warning.n_detail = 2;
	warning.url = text("https://docs/");
	warning.info = &info;
	warning.ranges = ranges;
	warning.n_ranges = 2;
	r.vertexes = vertexes;
	r.n_vertexes = 1;
	r.statuses = statuses;
	r.n_statuses = 1;
	r.logs = logs;
	r.n_logs = 1;
	r.warnings = warnings;
	r.n_warnings = 1;
	pack(out, &r.base);
}

static void
every_field_is_decoded(void **state)
{
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf in = {0};
	struct err err = {0};
	struct bk_update u;
	const struct bk_warning *w;

	(void)state;
	full_message(&in);
	assert_ok(bk_status_decode(&a, buf_view(&in), &u, &err), &err);
	assert_int_equal(u.nvertexes, 1);
	assert_str(u.vertexes[0].digest, "sha256:v");
	assert_str(u.vertexes[0].name, "[1/2] RUN x");
	assert_int_equal(u.vertexes[0].ninputs, 2);
	assert_str(u.vertexes[0].inputs[1], "sha256:in2");
	assert_true(u.vertexes[0].cached);
	assert_int_equal(u.vertexes[0].started_ns, 1700000000000000005);
	assert_int_equal(u.vertexes[0].completed_ns, 1700000001000000000);
	assert_str(u.vertexes[0].error, "exit code: 1");
	assert_str(u.vertexes[0].group_id, "g1");
	assert_str(u.vertexes[0].group_name, "pulling");
	assert_true(u.vertexes[0].group_weak);
	assert_int_equal(u.nstatuses, 1);
	assert_str(u.statuses[0].id, "layer");
	assert_str(u.statuses[0].name, "extracting");
	assert_int_equal(u.statuses[0].current, 7);
	assert_int_equal(u.statuses[0].total, -1);
	assert_int_equal(u.statuses[0].started_ns, 0);
	assert_int_equal(u.nlogs, 1);
	assert_int_equal(u.logs[0].data.len, 4);
	assert_memory_equal(u.logs[0].data.s, "a\0\xff\n", 4);
	assert_int_equal(u.logs[0].stream, 2);
	assert_int_equal(u.nwarnings, 1);
	w = &u.warnings[0];
	assert_str(w->text, "JSONArgs");
	assert_int_equal(w->ndetails, 2);
	assert_str(w->details[1], "two");
	assert_str(w->url, "https://docs/");
	assert_str(w->source.filename, "Dockerfile");
	assert_str(w->source.data, "FROM x\n");
	assert_int_equal(w->source.nranges, 2);
	assert_int_equal(w->source.ranges[0].start_line, 3);
	assert_int_equal(w->source.ranges[0].start_char, 4);
	assert_int_equal(w->source.ranges[0].end_line, 5);
	assert_int_equal(w->source.ranges[1].start_line, 0);
}

/* Cut off anywhere: an error or what is there, never a byte beyond. */
static void
d_05_a_message_cut_off_anywhere(void **state)
{
	cleanup_buf struct buf in = {0};
	size_t len, refused = 0;

	(void)state;
	full_message(&in);
	for (len = 0; len < in.len; len++) {
		cleanup_arena struct arena a = {0};
		char *copy = test_guard_alloc(in.p, len);
		struct err err = {0};
		struct bk_update u;

		if (bk_status_decode(&a, str_n(copy, len), &u, &err)) {
			assert_err(&err, ERR_PROTO, "malformed");
			refused++;
		}
		test_guard_free(copy, len);
	}
	assert_true(refused > in.len / 2);
}

static void
hostile_values(void **state)
{
	static const struct {
		const char *name;
		struct {
			int64_t seconds;
			int32_t nanos;
		} time;
		int64_t want;
	} rows[] = {
		{"now", {1700000000, 999999999}, 1700000000999999999},
		{"before the epoch", {-1, 0}, -1000000000},
		{"seconds beyond", {INT64_MAX, 0}, 0},
		{"seconds far below", {INT64_MIN, 0}, 0},
		{"last one that fits", {9223372036, 854775807}, INT64_MAX},
		{"nanoseconds beyond", {9223372036, 854775808 - 0}, 0},
		{"negative nanoseconds", {1, -1}, 999999999},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		Pb__Timestamp t = PB__TIMESTAMP__INIT;
		Pb__Vertex vertex = PB__VERTEX__INIT, *vertexes[] = {&vertex};
		Pb__StatusResponse r = PB__STATUS_RESPONSE__INIT;
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf in = {0};
		struct err err = {0};
		struct bk_update u;

		t.seconds = rows[i].time.seconds;
		t.nanos = rows[i].time.nanos;
		vertex.started = &t;
		vertex.name = text("bad \xff\xfe UTF-8");
		r.vertexes = vertexes;
		r.n_vertexes = 1;
		pack(&in, &r.base);
		/* a field of a later version: number 200, three bytes */
		buf_mem(&in, "\xc2\x0c\3abc", 6);
		assert_row_ok(rows[i].name, bk_status_decode(&a, buf_view(&in), &u, &err), &err);
		assert_row_int(rows[i].name, u.vertexes[0].started_ns, rows[i].want);
		assert_row_str(rows[i].name, u.vertexes[0].digest, "");
		assert_row_str(rows[i].name, u.vertexes[0].name, "bad \xff\xfe UTF-8");
		assert_row_int(rows[i].name, u.nlogs + u.nstatuses + u.nwarnings, 0);
	}
}

/* Two bytes each, hundreds when decoded. */
static void
entries_have_a_cap(void **state)
{
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf in = {0};
	struct err err = {0};
	struct bk_update u;
	size_t i;

	(void)state;
	/* unknown fields of every other kind count as well */
	buf_mem(&in, "\x78\7\x7d....\x79........", 16);
	for (i = 0; i < 99997; i++)
		buf_mem(&in, "\x0a\0", 2);
	assert_ok(bk_status_decode(&a, buf_view(&in), &u, &err), &err);
	assert_int_equal(u.nvertexes, 99997);
	buf_mem(&in, "\x1a\0", 2);
	assert_int_equal(bk_status_decode(&a, buf_view(&in), &u, &err), -1);
	assert_err(&err, ERR_LIMIT, "more than 100000 entries");
}

static void
an_empty_message_says_nothing(void **state)
{
	cleanup_arena struct arena a = {0};
	struct err err = {0};
	struct bk_update u;

	(void)state;
	assert_ok(bk_status_decode(&a, STR(""), &u, &err), &err);
	assert_int_equal(u.nvertexes + u.nlogs + u.nstatuses + u.nwarnings, 0);
}

/* ---- failures ------------------------------------------------------------- */

#define BASE "github.com/moby/buildkit/"

struct detail {
	const char *name, *json;
};

static void
failure_message(struct buf *out, const struct detail *details, size_t n)
{
	Pb__RpcStatus st = PB__RPC_STATUS__INIT;
	Pb__Any *any = calloc(n, sizeof(*any)), **list = calloc(n, sizeof(Pb__Any *));
	size_t i;

	for (i = 0; i < n; i++) {
		pb__any__init(&any[i]);
		any[i].type_url = text(details[i].name);
		any[i].value = bytes(details[i].json);
		list[i] = &any[i];
	}
	st.code = 2;
	st.message = text("failed");
	st.details = list;
	st.n_details = n;
	pack(out, &st.base);
	free(any);
	free(list);
}

/* RlJPTSB4Cg== is "FROM x\n" */
static void
d_04_places_in_the_dockerfile(void **state)
{
	static const struct {
		const char *name;
		struct detail details[4];
		size_t n, sources;
		const char *vertex;
		struct bk_range range;
	} rows[] = {
		{"as spelled today",
			{{BASE "errdefs.Source+json",
				 "{\"info\":{\"filename\":\"Dockerfile\",\"data\":\"RlJPTSB4Cg==\"},"
				 "\"ranges\":[{\"start\":{\"line\":2,\"character\":3},"
				 "\"end\":{\"line\":4}}]}"},
				{BASE "errdefs.Vertex+json", "{\"digest\":\"sha256:v\"}"}},
			2, 1, "sha256:v", {2, 3, 4, 0}},
		{"as spelled before 0.11",
			{{BASE "errdefs.Source+json",
				"{\"info\":{\"filename\":\"Dockerfile\",\"data\":\"RlJPTSB4Cg==\"},"
				"\"ranges\":[{\"start\":{\"Line\":2,\"Character\":3},"
				"\"end\":{\"Line\":4,\"Character\":1}}]}"}},
			1, 1, NULL, {2, 3, 4, 1}},
		{"unknown and broken ones are passed over",
			{{BASE "stack.Stack+json", "{\"frames\":[]}"},
				{"type.googleapis.com/google.rpc.ErrorInfo", "\n\1x"},
				{BASE "errdefs.Vertex+json", "{\"digest\":"},
				{BASE "errdefs.Source+json",
					"{\"info\":{\"filename\":\"Dockerfile\","
					"\"data\":\"RlJPTSB4Cg==\"},"
					"\"ranges\":[{\"start\":{\"line\":1}}]}"}},
			4, 1, NULL, {1, 0, 0, 0}},
		{"data is no base64",
			{{BASE "errdefs.Source+json",
				"{\"info\":{\"filename\":\"Dockerfile\",\"data\":\"%%%\"}}"}},
			1, 0, NULL, {0}},
		{"no info", {{BASE "errdefs.Source+json", "{\"ranges\":[]}"}}, 1, 0, NULL, {0}},
		{"not an object", {{BASE "errdefs.Source+json", "[1,2]"}}, 1, 0, NULL, {0}},
		{"lines out of range",
			{{BASE "errdefs.Source+json",
				"{\"info\":{\"data\":\"RlJPTSB4Cg==\"},"
				"\"ranges\":[{\"start\":{\"line\":99999999999},"
				"\"end\":{\"line\":-7}}]}"}},
			1, 1, NULL, {0}},
		{"wrong types",
			{{BASE "errdefs.Source+json",
				 "{\"info\":{\"filename\":5,\"data\":\"RlJPTSB4Cg==\"},"
				 "\"ranges\":[7,{\"start\":[]}]}"},
				{BASE "errdefs.Vertex+json", "{\"digest\":5}"}},
			2, 1, NULL, {0}},
		{"no details", {{0}}, 0, 0, NULL, {0}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf in = {0};
		const struct bk_range *want = &rows[i].range;
		struct bk_failure f;

		failure_message(&in, rows[i].details, rows[i].n);
		bk_failure_decode(&a, buf_view(&in), &f);
		assert_row_int(rows[i].name, f.nsources, rows[i].sources);
		assert_row_str(rows[i].name, str_from(f.vertex), rows[i].vertex);
		if (f.nsources == 0)
			continue;
		assert_row_str(rows[i].name, f.sources[0].data, "FROM x\n");
		if (f.sources[0].nranges == 0)
			continue;
		assert_row_int(rows[i].name, f.sources[0].ranges[0].start_line, want->start_line);
		assert_row_int(rows[i].name, f.sources[0].ranges[0].start_char, want->start_char);
		assert_row_int(rows[i].name, f.sources[0].ranges[0].end_line, want->end_line);
		assert_row_int(rows[i].name, f.sources[0].ranges[0].end_char, want->end_char);
	}
}

static void
details_that_are_no_message(void **state)
{
	static const char *const rows[] = {"", "\xff", "\x1a\x7f", "\x1a\2\n\x7f", "text"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_arena struct arena a = {0};
		size_t len = strlen(rows[i]);
		char *copy = test_guard_alloc(rows[i], len);
		struct bk_failure f;

		bk_failure_decode(&a, str_n(copy, len), &f);
		assert_row_int(rows[i], f.nsources, 0);
		test_guard_free(copy, len);
	}
}

/* More places than anybody looks at. */
static void
places_have_a_cap(void **state)
{
	static const char json[] = "{\"info\":{\"data\":\"RlJPTSB4Cg==\"}}";
	struct detail details[300];
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf in = {0}, many = {0};
	struct bk_failure f;
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		details[i] = (struct detail){BASE "errdefs.Source+json", json};
	failure_message(&in, details, 300);
	bk_failure_decode(&a, buf_view(&in), &f);
	assert_int_equal(f.nsources, 100);
	buf_puts(&many, "{\"info\":{\"data\":\"RlJPTSB4Cg==\"},\"ranges\":[{}");
	for (i = 0; i < 5000; i++)
		buf_puts(&many, ",{}");
	buf_puts(&many, "]}");
	details[0].json = buf_cstr(&many);
	buf_reset(&in);
	failure_message(&in, details, 1);
	bk_failure_decode(&a, buf_view(&in), &f);
	assert_int_equal(f.nsources, 1);
	assert_int_equal(f.sources[0].nranges, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_decoded),
		cmocka_unit_test(d_05_a_message_cut_off_anywhere),
		cmocka_unit_test(hostile_values),
		cmocka_unit_test(entries_have_a_cap),
		cmocka_unit_test(an_empty_message_says_nothing),
		cmocka_unit_test(d_04_places_in_the_dockerfile),
		cmocka_unit_test(details_that_are_no_message),
		cmocka_unit_test(places_have_a_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
