/* One JSON object per update, as the reference clients write it. */
#include <time.h>

#include "base/codec.h"
#include "progress/private.h"

/* Members are appended one by one; this tells whether a comma has to stand before. */
struct object {
	struct buf *out;
	bool any;
};

static void
put_string(struct buf *out, struct str s)
{
	size_t n;

	buf_putc(out, '"');
	while (s.len) {
		char c = s.s[0];

		for (n = 0; n < s.len && s.s[n] >= 0x20 && s.s[n] < 0x7f && s.s[n] != '"' &&
			    s.s[n] != '\\' && s.s[n] != '#';
			n++)
			;
		if (n) {
			buf_mem(out, s.s, n);
			s = str_from_off(s, n);
			continue;
		}
		n = utf8_len(s);
		/* many readers refuse a text with a NUL */
		if (n == 0 || c == '\0')
			buf_puts(out, "\\ufffd");
		else if (n > 1)
			buf_mem(out, s.s, n);
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else /* number signs too: CI commands that start with two are obeyed in any line */
			buf_addf(out, "\\u%04x", (unsigned)c);
		s = str_from_off(s, n ? n : 1);
	}
	buf_putc(out, '"');
}

static void
put_bytes(struct buf *out, struct str s)
{
	buf_putc(out, '"');
	base64_encode(out, s, BASE64_STD);
	buf_putc(out, '"');
}

/* RFC 3339 in UTC, without zeros at the end of the fraction. */
static void
put_time(struct buf *out, int64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	int64_t fraction = ns % 1000000000;
	struct tm tm;
	int digits = 9;

	if (fraction < 0) {
		fraction += 1000000000;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	buf_addf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fraction) {
		for (; fraction % 10 == 0; digits--)
			fraction /= 10;
		buf_addf(out, ".%0*lld", digits, (long long)fraction);
	}
	buf_puts(out, "Z\"");
}

static struct object
begin(struct buf *out)
{
	buf_putc(out, '{');
	return (struct object){.out = out};
}

static void
key(struct object *o, const char *name)
{
	buf_addf(o->out, "%s\"%s\":", o->any ? "," : "", name);
	o->any = true;
}

static void
member_string(struct object *o, const char *name, struct str s)
{
	if (s.len == 0)
		return;
	key(o, name);
	put_string(o->out, s);
}

static void
member_bytes(struct object *o, const char *name, struct str s)
{
	if (s.len == 0)
		return;
	key(o, name);
	put_bytes(o->out, s);
}

static void
member_int(struct object *o, const char *name, int64_t n)
{
	if (n == 0)
		return;
	key(o, name);
	buf_addf(o->out, "%lld", (long long)n);
}

static void
member_true(struct object *o, const char *name, bool b)
{
	if (!b)
		return;
	key(o, name);
	buf_puts(o->out, "true");
}

static void
member_time(struct object *o, const char *name, int64_t ns)
{
	if (ns == 0)
		return;
	key(o, name);
	put_time(o->out, ns);
}

static void
put_vertex(struct buf *out, const struct bk_vertex *v)
{
	struct object o = begin(out), group;
	size_t i;

	member_string(&o, "digest", v->digest);
	if (v->ninputs) {
		key(&o, "inputs");
		for (i = 0; i < v->ninputs; i++) {
			buf_putc(out, i ? ',' : '[');
			put_string(out, v->inputs[i]);
		}
		buf_putc(out, ']');
	}
	member_string(&o, "name", v->name);
	member_time(&o, "started", v->started_ns);
	member_time(&o, "completed", v->completed_ns);
	member_true(&o, "cached", v->cached);
	member_string(&o, "error", v->error);
	if (v->group_id.len) {
		key(&o, "progressGroup");
		group = begin(out);
		member_string(&group, "id", v->group_id);
		member_string(&group, "name", v->group_name);
		member_true(&group, "weak", v->group_weak);
		buf_putc(out, '}');
	}
	buf_putc(out, '}');
}

static void
put_status(struct buf *out, const struct bk_status *s)
{
	struct object o = begin(out);

	key(&o, "id");
	put_string(out, s->id);
	member_string(&o, "vertex", s->vertex);
	member_string(&o, "name", s->name);
	member_int(&o, "total", s->total);
	key(&o, "current");
	buf_addf(out, "%lld", (long long)s->current);
	key(&o, "timestamp");
	put_time(out, s->timestamp_ns);
	member_time(&o, "started", s->started_ns);
	member_time(&o, "completed", s->completed_ns);
	buf_putc(out, '}');
}

static void
put_log(struct buf *out, const struct bk_log *l)
{
	struct object o = begin(out);

	member_string(&o, "vertex", l->vertex);
	member_int(&o, "stream", l->stream);
	key(&o, "data");
	put_bytes(out, l->data);
	key(&o, "timestamp");
	put_time(out, l->timestamp_ns);
	buf_putc(out, '}');
}

static void
put_position(struct object *parent, const char *name, int32_t line, int32_t character)
{
	struct object o;

	key(parent, name);
	o = begin(parent->out);
	member_int(&o, "line", line);
	member_int(&o, "character", character);
	buf_putc(parent->out, '}');
}

static void
put_ranges(struct object *o, const struct bk_source *src)
{
	size_t i;

	if (src->nranges == 0)
		return;
	key(o, "range");
	for (i = 0; i < src->nranges; i++) {
		const struct bk_range *r = &src->ranges[i];
		struct object range;

		buf_putc(o->out, i ? ',' : '[');
		range = begin(o->out);
		put_position(&range, "start", r->start_line, r->start_char);
		put_position(&range, "end", r->end_line, r->end_char);
		buf_putc(o->out, '}');
	}
	buf_putc(o->out, ']');
}

static void
put_warning(struct buf *out, const struct bk_warning *w)
{
	struct object o = begin(out), info;
	size_t i;

	member_string(&o, "vertex", w->vertex);
	member_int(&o, "level", w->level);
	member_bytes(&o, "short", w->text);
	if (w->ndetails) {
		key(&o, "detail");
		for (i = 0; i < w->ndetails; i++) {
			buf_putc(out, i ? ',' : '[');
			put_bytes(out, w->details[i]);
		}
		buf_putc(out, ']');
	}
	member_string(&o, "url", w->url);
	if (w->source.filename.len || w->source.data.len) {
		key(&o, "sourceInfo");
		info = begin(out);
		member_string(&info, "filename", w->source.filename);
		member_bytes(&info, "data", w->source.data);
		member_string(&info, "language", w->source.language);
		buf_putc(out, '}');
	}
	put_ranges(&o, &w->source);
	buf_putc(out, '}');
}

/* "name":[ before the first element, a comma before the others. */
static void
element(struct object *o, const char *name, size_t i)
{
	if (i) {
		buf_putc(o->out, ',');
		return;
	}
	key(o, name);
	buf_putc(o->out, '[');
}

void
rawjson_update(struct buf *out, const struct bk_update *u)
{
	struct object o = begin(out);
	size_t i;

	for (i = 0; i < u->nvertexes; i++) {
		element(&o, "vertexes", i);
		put_vertex(out, &u->vertexes[i]);
	}
	buf_puts(out, u->nvertexes ? "]" : "");
	for (i = 0; i < u->nstatuses; i++) {
		element(&o, "statuses", i);
		put_status(out, &u->statuses[i]);
	}
	buf_puts(out, u->nstatuses ? "]" : "");
	for (i = 0; i < u->nlogs; i++) {
		element(&o, "logs", i);
		put_log(out, &u->logs[i]);
	}
	buf_puts(out, u->nlogs ? "]" : "");
	for (i = 0; i < u->nwarnings; i++) {
		element(&o, "warnings", i);
		put_warning(out, &u->warnings[i]);
	}
	buf_puts(out, u->nwarnings ? "]}\n" : "}\n");
}
