/*
 * A daemon that says anything in any order. The input is a program: the first bytes choose how it
 * is shown, each further one what happens next. Nothing but plain text may come out in plain mode,
 * and rawjson must be JSON.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/jval.h"
#include "buildkit/event.h"
#include "progress/progress.h"

struct input {
	const uint8_t *p;
	size_t n;
};

static unsigned
byte(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

/* A short text: the next bytes of the input. */
static struct str
text(struct input *in)
{
	size_t len = byte(in) % 24;
	struct str s;

	if (len > in->n)
		len = in->n;
	s = str_n((const char *)in->p, len);
	in->p += len;
	in->n -= len;
	return s;
}

/* Mostly near the start of the build, sometimes absurd. */
static int64_t
moment(struct input *in)
{
	static const int64_t odd[] = {0, 0, 1, -1, INT64_MIN, INT64_MAX, INT64_MAX - 1};
	unsigned b = byte(in);

	if (b < 14)
		return odd[b / 2];
	return 1700000000000000000 + (int64_t)b * 137000000;
}

static struct str
digest(struct input *in)
{
	static const char names[] = "abcdefgh";

	return str_n(&names[byte(in) % 8], 1);
}

static struct bk_vertex
vertex(struct input *in)
{
	unsigned flags = byte(in);
	struct bk_vertex v = {.digest = digest(in),
		.started_ns = moment(in),
		.completed_ns = flags & 1 ? moment(in) : 0,
		.cached = flags & 2,
		.group_weak = flags & 4};

	v.name = flags & 8 ? STR("importing cache manifest from x") : text(in);
	if (flags & 16)
		v.error = flags & 32 ? STR("context canceled") : text(in);
	if (flags & 64)
		v.group_id = v.group_name = digest(in);
	return v;
}

static struct bk_status
status(struct input *in)
{
	static const int64_t sizes[] = {0, 1, 999, 1000, 123456789, -1, INT64_MAX, INT64_MIN};
	struct bk_status s = {.id = text(in), .vertex = digest(in)};

	s.current = sizes[byte(in) % 8];
	s.total = sizes[byte(in) % 8];
	s.timestamp_ns = moment(in);
	s.started_ns = moment(in);
	s.completed_ns = moment(in);
	return s;
}

static void
happen(struct progress *p, struct input *in, int64_t *now)
{
	struct bk_vertex v;
	struct bk_status s;
	struct bk_log l;
	struct bk_range range;
	struct bk_warning w;
	struct str detail;
	struct bk_update u = {.received_ns = *now};
	unsigned op = byte(in);

	switch (op % 8) {
	case 0:
	case 1:
		v = vertex(in);
		u.vertexes = &v;
		u.nvertexes = 1;
		break;
	case 2:
		s = status(in);
		u.statuses = &s;
		u.nstatuses = 1;
		break;
	case 3:
	case 4:
		l = (struct bk_log){digest(in), moment(in), 1, text(in)};
		u.logs = &l;
		u.nlogs = 1;
		break;
	case 5:
		range = (struct bk_range){(int32_t)byte(in) - 2, 0, (int32_t)byte(in) - 2, 0};
		detail = text(in);
		w = (struct bk_warning){digest(in), 1, text(in), &detail, 1, text(in),
			{STR("f"), text(in), {0}, &range, op & 8 ? 1 : 0}};
		u.warnings = &w;
		u.nwarnings = 1;
		break;
	case 6:
		*now += (int64_t)byte(in) * 100000000;
		progress_tick(p, *now);
		return;
	default:
		if (op & 8)
			progress_resize(p, byte(in), byte(in));
		else if (op & 16)
			progress_begin(p, NULL, *now);
		else if (op & 32)
			progress_end(p, *now);
		else
			progress_note(p, "note", *now);
		return;
	}
	progress_update(p, &u);
}

static void
check(struct str s, bool azure)
{
	size_t i;

	if (!utf8_valid(s))
		__builtin_trap();
	for (i = 0; i < s.len; i++) {
		struct str rest = str_from_off(s, i);

		if (s.s[i] < 0x20 && s.s[i] != '\n' && s.s[i] != '\t' && s.s[i] != 0x1b)
			__builtin_trap();
		if (s.s[i] == 0x1b && !str_starts(rest, STR("\x1b[")))
			__builtin_trap();
		if (azure && str_istarts(rest, STR("##vso[")))
			__builtin_trap();
	}
}

static void
check_json(struct str s)
{
	struct str line;

	while (str_line(&s, &line)) {
		struct jval *v = jval_parse(line, NULL);

		if (!v)
			__builtin_trap();
		jval_free(v);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	unsigned how = byte(&in);
	int64_t now = 1700000000000000000;
	struct progress_options o = {.mode = (enum progress_mode)(how % 5),
		.width = byte(&in),
		.height = byte(&in) % 60,
		.terminal = how % 5 == PROGRESS_TTY,
		.token = "x"};
	struct progress *p;
	size_t len;
	void *map;

	o.ci = how & 8 ? PROGRESS_CI_AZURE : PROGRESS_CI_NONE;
	o.cut_names = how & 16;
	o.no_color = how & 32;
	o.fd = memfd_create("out", MFD_CLOEXEC);
	p = progress_new(&o, NULL);
	while (in.n)
		happen(p, &in, &now);
	progress_done(p, now);
	progress_failure(p);
	len = (size_t)lseek(o.fd, 0, SEEK_END);
	map = len ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, o.fd, 0) : NULL;
	if (len && o.mode == PROGRESS_PLAIN)
		check(str_n(map, len), o.ci == PROGRESS_CI_AZURE);
	if (len && o.mode == PROGRESS_RAWJSON)
		check_json(str_n(map, len));
	if (len)
		munmap(map, len);
	progress_warnings(p, true);
	progress_free(p);
	close(o.fd);
	return 0;
}
