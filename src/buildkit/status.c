#include "buildkit/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"

#include "buildkit/proto/control.pb-c.h"
#include "buildkit/proto/session.pb-c.h"

enum {
	RANGES_MAX = 1000,
	SOURCES_MAX = 100,
	ENTRIES_MAX = 100000, /* of one status message; an empty one of 2 bytes takes hundreds */
};

/* protobuf-c takes its memory from the arena: one release for all */
static void *
arena_take(void *arg, size_t size)
{
	return arena_alloc(arg, size, 1, _Alignof(max_align_t));
}

static void
arena_keep(void *arg, void *p)
{
	(void)arg;
	(void)p;
}

static int64_t
ns_of(const Pb__Timestamp *t)
{
	int64_t ns;

	/* a daemon may say anything: out of range is unset */
	if (!t || __builtin_mul_overflow(t->seconds, 1000000000, &ns) ||
		__builtin_add_overflow(ns, t->nanos, &ns))
		return 0;
	return ns;
}

static struct str
bytes_of(ProtobufCBinaryData b)
{
	return str_n((const char *)b.data, b.len);
}

static void
decode_vertex(struct arena *a, const Pb__Vertex *v, struct bk_vertex *out)
{
	struct str *inputs = arena_new(a, struct str, v->n_inputs);
	size_t i;

	for (i = 0; i < v->n_inputs; i++)
		inputs[i] = str_from(v->inputs[i]);
	*out = (struct bk_vertex){
		.digest = str_from(v->digest),
		.name = str_from(v->name),
		.inputs = inputs,
		.ninputs = v->n_inputs,
		.cached = v->cached,
		.started_ns = ns_of(v->started),
		.completed_ns = ns_of(v->completed),
		.error = str_from(v->error),
	};
	if (v->progressgroup) {
		out->group_id = str_from(v->progressgroup->id);
		out->group_name = str_from(v->progressgroup->name);
		out->group_weak = v->progressgroup->weak;
	}
}

static struct bk_range *
decode_ranges(struct arena *a, Pb__Range *const *ranges, size_t n)
{
	struct bk_range *out = arena_new(a, struct bk_range, n);
	size_t i;

	for (i = 0; i < n; i++) {
		if (ranges[i]->start) {
			out[i].start_line = ranges[i]->start->line;
			out[i].start_char = ranges[i]->start->character;
		}
		if (ranges[i]->end) {
			out[i].end_line = ranges[i]->end->line;
			out[i].end_char = ranges[i]->end->character;
		}
	}
	return out;
}

static void
decode_warning(struct arena *a, const Pb__VertexWarning *w, struct bk_warning *out)
{
	struct str *details = arena_new(a, struct str, w->n_detail);
	size_t i;

	for (i = 0; i < w->n_detail; i++)
		details[i] = bytes_of(w->detail[i]);
	*out = (struct bk_warning){
		.vertex = str_from(w->vertex),
		.level = w->level,
		.text = bytes_of(w->short_),
		.details = details,
		.ndetails = w->n_detail,
		.url = str_from(w->url),
	};
	if (!w->info)
		return;
	out->source.filename = str_from(w->info->filename);
	out->source.data = bytes_of(w->info->data);
	out->source.ranges = decode_ranges(a, w->ranges, w->n_ranges);
	out->source.nranges = w->n_ranges;
}

static bool
take_varint(struct str *in, uint64_t *n)
{
	unsigned shift;

	*n = 0;
	for (shift = 0; shift < 64 && in->len; shift += 7) {
		unsigned char c = (unsigned char)in->s[0];

		*in = str_from_off(*in, 1);
		*n |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return true;
	}
	return false;
}

/* Fields at the top of a message. */
static size_t
count_entries(struct str in)
{
	uint64_t key, len;
	size_t n = 0;

	while (take_varint(&in, &key)) {
		n++;
		switch (key % 8) {
		case 0:
			if (!take_varint(&in, &len))
				return n;
			continue;
		case 1:
			len = 8;
			break;
		case 2:
			if (!take_varint(&in, &len))
				return n;
			break;
		case 5:
			len = 4;
			break;
		default:
			return n;
		}
		if (len > in.len)
			return n;
		in = str_from_off(in, (size_t)len);
	}
	return n;
}

int
bk_status_decode(struct arena *a, struct str message, struct bk_update *out, struct err *err)
{
	ProtobufCAllocator from_arena = {arena_take, arena_keep, a};
	Pb__StatusResponse *r;
	struct bk_vertex *vertexes;
	struct bk_status *statuses;
	struct bk_log *logs;
	struct bk_warning *warnings;
	size_t i;

	if (count_entries(message) > ENTRIES_MAX)
		return err_set(
			err, ERR_LIMIT, "status message with more than %d entries", ENTRIES_MAX);
	r = pb__status_response__unpack(&from_arena, message.len, (const uint8_t *)message.s);
	if (!r)
		return err_set(err, ERR_PROTO, "malformed status message");
	vertexes = arena_new(a, struct bk_vertex, r->n_vertexes);
	for (i = 0; i < r->n_vertexes; i++)
		decode_vertex(a, r->vertexes[i], &vertexes[i]);
	statuses = arena_new(a, struct bk_status, r->n_statuses);
	for (i = 0; i < r->n_statuses; i++) {
		const Pb__VertexStatus *s = r->statuses[i];

		statuses[i] = (struct bk_status){str_from(s->id), str_from(s->vertex),
			str_from(s->name), s->current, s->total, ns_of(s->timestamp),
			ns_of(s->started), ns_of(s->completed)};
	}
	logs = arena_new(a, struct bk_log, r->n_logs);
	for (i = 0; i < r->n_logs; i++) {
		const Pb__VertexLog *l = r->logs[i];

		logs[i] = (struct bk_log){
			str_from(l->vertex), ns_of(l->timestamp), l->stream, bytes_of(l->msg)};
	}
	warnings = arena_new(a, struct bk_warning, r->n_warnings);
	for (i = 0; i < r->n_warnings; i++)
		decode_warning(a, r->warnings[i], &warnings[i]);
	*out = (struct bk_update){vertexes, r->n_vertexes, statuses, r->n_statuses, logs, r->n_logs,
		warnings, r->n_warnings, 0};
	return 0;
}

/* ---- failures ------------------------------------------------------------- */

/* A key as it is spelled today or before 0.11, when it began with a capital. */
static int32_t
position_part(const struct jval *pos, const char *key, const char *old_key)
{
	int64_t n = jval_get_int(pos, key, jval_get_int(pos, old_key, 0));

	return n < 0 || n > INT32_MAX ? 0 : (int32_t)n;
}

static struct bk_range *
json_ranges(struct arena *a, const struct jval *list, size_t n)
{
	struct bk_range *out = arena_new(a, struct bk_range, n);
	size_t i;

	for (i = 0; i < n; i++) {
		const struct jval *start = jval_get(jval_at(list, i), "start");
		const struct jval *end = jval_get(jval_at(list, i), "end");

		out[i] = (struct bk_range){position_part(start, "line", "Line"),
			position_part(start, "character", "Character"),
			position_part(end, "line", "Line"),
			position_part(end, "character", "Character")};
	}
	return out;
}

static bool
json_source(struct arena *a, const struct jval *v, struct bk_source *out)
{
	const struct jval *info = jval_get(v, "info"), *ranges = jval_get(v, "ranges");
	const char *data = jval_get_str(info, "data"), *name = jval_get_str(info, "filename");
	cleanup_buf struct buf text = {0};

	if (!data || !base64_decode(&text, str_from(data)))
		return false;
	*out = (struct bk_source){
		.filename = arena_dup(a, str_from(name)), .data = arena_dup(a, buf_view(&text))};
	out->nranges = jval_len(ranges) < RANGES_MAX ? jval_len(ranges) : RANGES_MAX;
	out->ranges = json_ranges(a, ranges, out->nranges);
	return true;
}

void
bk_failure_decode(struct arena *a, struct str details, struct bk_failure *out)
{
	static const char source_url[] = "github.com/moby/buildkit/errdefs.Source+json";
	static const char vertex_url[] = "github.com/moby/buildkit/errdefs.Vertex+json";
	ProtobufCAllocator from_arena = {arena_take, arena_keep, a};
	Pb__RpcStatus *st =
		pb__rpc_status__unpack(&from_arena, details.len, (const uint8_t *)details.s);
	struct bk_source *sources;
	size_t i;

	*out = (struct bk_failure){0};
	if (!st)
		return;
	sources = arena_new(a, struct bk_source, SOURCES_MAX);
	out->sources = sources;
	for (i = 0; i < st->n_details; i++) {
		const Pb__Any *any = st->details[i];
		bool source = !strcmp(any->type_url, source_url);
		cleanup_jval struct jval *v = NULL;

		if (!source && strcmp(any->type_url, vertex_url) != 0)
			continue;
		v = jval_parse(bytes_of(any->value), NULL);
		if (source && out->nsources < SOURCES_MAX &&
			json_source(a, v, &sources[out->nsources]))
			out->nsources++;
		if (!source && jval_get_str(v, "digest"))
			out->vertex = arena_cstr(a, jval_get_str(v, "digest"));
	}
}
