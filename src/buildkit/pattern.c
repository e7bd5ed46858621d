#include "buildkit/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"

enum kind {
	KIND_EXACT,  /* equality */
	KIND_PREFIX, /* text** */
	KIND_SUFFIX, /* **text */
	KIND_STEPS   /* everything else */
};

enum op {
	OP_CHAR,     /* one code point */
	OP_NOSLASH,  /* ?: one code point but / */
	OP_CLASS,    /* [...] */
	OP_STAR,     /* *: any number of code points but / */
	OP_DEEP,     /* ** at the end: anything */
	OP_GAP,      /* ** before something: nothing, or what the next step takes */
	OP_GAP_TEXT, /* any text that ends in / */
};

struct range {
	uint32_t lo, hi;
};

struct step {
	enum op op;
	uint32_t c; /* OP_CHAR */
	bool negated;
	struct range *ranges; /* OP_CLASS */
	size_t nranges;
};

/* Step i waits for input in state i; state nsteps is the end. */
struct pattern {
	enum kind kind;
	bool exception;
	struct str text;    /* as compiled, with the ! of an exception */
	struct str body;    /* without it */
	struct step *steps; /* KIND_STEPS */
	size_t nsteps;
	size_t nplain;   /* steps at the start that are plain characters */
	struct str head; /* their bytes: what a path must start with */
	struct str tail; /* what it must end with; a filter before the work */
};

enum { RUNE_ERROR = 0xfffd };

/* ---- text ------------------------------------------------------------------ */

/* The code point at s[*at], which moves on; an invalid byte counts as one RUNE_ERROR. */
static uint32_t
next_rune(struct str s, size_t *at)
{
	static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)s.s[*at];
	size_t n, i;

	if (c < 0x80) {
		(*at)++;
		return c;
	}
	n = utf8_len(str_from_off(s, *at));
	if (n < 2) {
		(*at)++;
		return RUNE_ERROR;
	}
	c &= lead_bits[n];
	for (i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.s[*at + i] & 0x3fu);
	*at += n;
	return c;
}

/* out ends where the last component of a cleaned path begins. */
static size_t
last_component(const char *out, size_t len)
{
	while (len && out[len - 1] != '/')
		len--;
	return len;
}

char *
path_clean(struct arena *a, struct str path)
{
	bool rooted = path.len && path.s[0] == '/';
	char *out = arena_alloc(a, path.len + 2, 1, 1);
	size_t len = 0, start;
	struct str part;

	if (rooted)
		out[len++] = '/';
	start = len;
	while (str_next(&path, '/', &part)) {
		size_t cut = last_component(out, len);

		if (part.len == 0 || str_eq(part, STR(".")))
			continue;
		if (str_eq(part, STR("..")) && rooted && len == start)
			continue;
		if (str_eq(part, STR("..")) && len > start && strcmp(out + cut, "..") != 0) {
			len = cut > start ? cut - 1 : start;
			out[len] = '\0';
			continue;
		}
		if (len > start)
			out[len++] = '/';
		memcpy(out + len, part.s, part.len);
		len += part.len;
		out[len] = '\0';
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

/* ---- compiling -------------------------------------------------------------- */

struct compiler {
	struct arena *a;
	struct str in;
	size_t at;
	struct step *steps;
	size_t nsteps;
	struct range *ranges; /* room for those of all classes */
};

static struct step *
add_step(struct compiler *c, enum op op)
{
	struct step *s = &c->steps[c->nsteps++];

	s->op = op;
	return s;
}

/* Named classes, as pairs of first and last character. */
static const struct {
	const char *name;
	const char *ranges;
} named_classes[] = {
	{"[:alnum:]", "09AZaz"},
	{"[:alpha:]", "AZaz"},
	{"[:blank:]", "\t\t  "},
	{"[:cntrl:]", "\x01\x1f\x7f\x7f"},
	{"[:digit:]", "09"},
	{"[:graph:]", "!~"},
	{"[:lower:]", "az"},
	{"[:print:]", " ~"},
	{"[:punct:]", "!/:@[`{~"},
	{"[:space:]", "\t\r  "},
	{"[:upper:]", "AZ"},
	{"[:word:]", "09AZaz__"},
	{"[:xdigit:]", "09AFaf"},
};

static void
add_range(struct step *s, uint32_t lo, uint32_t hi)
{
	s->ranges[s->nranges++] = (struct range){lo, hi};
}

static bool
named_class(struct compiler *c, struct step *s)
{
	struct str rest = str_from_off(c->in, c->at);
	const char *r;
	size_t i;

	for (i = 0; i < ARRAY_LEN(named_classes); i++) {
		if (!str_starts(rest, str_from(named_classes[i].name)))
			continue;
		for (r = named_classes[i].ranges; *r; r += 2)
			add_range(s, (unsigned char)r[0], (unsigned char)r[1]);
		c->at += strlen(named_classes[i].name);
		return true;
	}
	return false;
}

/* A member of [...], possibly behind a backslash. False: not allowed here. */
static bool
class_member(struct compiler *c, uint32_t *out)
{
	size_t before;

	if (c->at >= c->in.len || c->in.s[c->at] == '-' || c->in.s[c->at] == ']')
		return false;
	if (c->in.s[c->at] == '\\' && ++c->at >= c->in.len)
		return false;
	before = c->at;
	*out = next_rune(c->in, &c->at);
	return *out != RUNE_ERROR || c->at - before > 1;
}

/* Behind the [. */
static bool
compile_class(struct compiler *c)
{
	struct step *s = add_step(c, OP_CLASS);
	uint32_t lo, hi;

	/* a member takes a byte or more, and no name makes more ranges than it has letters */
	if (!c->ranges)
		c->ranges = arena_new(c->a, struct range, c->in.len);
	s->ranges = c->ranges;
	if (c->at < c->in.len && c->in.s[c->at] == '^') {
		s->negated = true;
		c->at++;
	}
	while (c->at >= c->in.len || c->in.s[c->at] != ']' || s->nranges == 0) {
		if (named_class(c, s))
			continue;
		if (!class_member(c, &lo))
			return false;
		hi = lo;
		if (c->at < c->in.len && c->in.s[c->at] == '-') {
			c->at++;
			if (!class_member(c, &hi) || hi < lo)
				return false;
		}
		add_range(s, lo, hi);
	}
	c->ranges += s->nranges;
	c->at++;
	return true;
}

static bool
next_is(const struct compiler *c, char ch)
{
	return c->at < c->in.len && c->in.s[c->at] == ch;
}

/* Behind the second star. first: the pattern starts with them. */
static enum kind
compile_deep(struct compiler *c, bool first, enum kind kind)
{
	bool plain = kind == KIND_EXACT;

	if (next_is(c, '/'))
		c->at++;
	kind = KIND_STEPS;
	if (c->at < c->in.len) {
		add_step(c, OP_GAP);
		add_step(c, OP_GAP_TEXT);
	} else if (plain) {
		kind = KIND_PREFIX;
	} else {
		add_step(c, OP_DEEP);
	}
	return first ? KIND_SUFFIX : kind;
}

/* stars: ** crosses directories; otherwise it is the same as *. False on bad syntax. */
static bool
compile_steps(struct compiler *c, bool stars, enum kind *kind)
{
	*kind = KIND_EXACT;
	while (c->at < c->in.len) {
		bool first = c->at == 0;
		uint32_t ch = next_rune(c->in, &c->at);

		if (ch == '*' && stars && next_is(c, '*')) {
			c->at++;
			*kind = compile_deep(c, first, *kind);
			continue;
		}
		if (ch == '*') {
			add_step(c, OP_STAR);
		} else if (ch == '?') {
			add_step(c, OP_NOSLASH);
		} else if (ch == '[') {
			if (!compile_class(c))
				return false;
		} else if (ch == '\\') {
			if (c->at >= c->in.len)
				return false;
			ch = next_rune(c->in, &c->at);
			add_step(c, OP_CHAR)->c = ch;
		} else {
			add_step(c, OP_CHAR)->c = ch;
			/* the reference counts a lone ] as special: so **]x is no KIND_SUFFIX */
			if (ch != ']')
				continue;
		}
		*kind = KIND_STEPS;
	}
	return true;
}

static bool
step_is_plain(const struct step *s)
{
	/* what was no code point in the pattern matches any such byte */
	return s->op == OP_CHAR && s->c != RUNE_ERROR;
}

static void
put_rune(struct arena *a, struct str *out, const struct step *s, size_t n)
{
	char *p = arena_alloc(a, n * 4 + 1, 1, 1);
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		uint32_t c = s[i].c;

		if (c < 0x80) {
			p[len++] = (char)c;
			continue;
		}
		if (c < 0x800) {
			p[len++] = (char)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			p[len++] = (char)(0xe0 | c >> 12);
			p[len++] = (char)(0x80 | (c >> 6 & 0x3f));
		} else {
			p[len++] = (char)(0xf0 | c >> 18);
			p[len++] = (char)(0x80 | (c >> 12 & 0x3f));
			p[len++] = (char)(0x80 | (c >> 6 & 0x3f));
		}
		p[len++] = (char)(0x80 | (c & 0x3f));
	}
	*out = (struct str){p, len};
}

/* Compiles p->body. False on bad syntax. */
static bool
compile(struct pattern *p, struct arena *a, bool stars)
{
	struct compiler c = {.a = a, .in = p->body};
	size_t n;

	/* no step takes less than a byte of the pattern */
	c.steps = arena_new(a, struct step, p->body.len + 1);
	if (!compile_steps(&c, stars, &p->kind))
		return false;
	p->steps = c.steps;
	p->nsteps = c.nsteps;
	for (n = 0; n < p->nsteps && step_is_plain(&p->steps[n]); n++)
		continue;
	p->nplain = n;
	put_rune(a, &p->head, p->steps, n);
	for (n = 0; n < p->nsteps - p->nplain && step_is_plain(&p->steps[p->nsteps - 1 - n]); n++)
		continue;
	put_rune(a, &p->tail, p->steps + (p->nsteps - n), n);
	return true;
}

/* ---- matching ---------------------------------------------------------------- */

static bool
class_has(const struct step *s, uint32_t c)
{
	size_t i;

	for (i = 0; i < s->nranges; i++)
		if (c >= s->ranges[i].lo && c <= s->ranges[i].hi)
			return !s->negated;
	return s->negated;
}

static void
set_bit(uint64_t *set, size_t i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool
has_bit(const uint64_t *set, size_t i)
{
	return set[i / 64] >> (i % 64) & 1;
}

/* The first member not below i, or nwords * 64. */
static size_t
next_bit(const uint64_t *set, size_t nwords, size_t i)
{
	size_t w = i / 64;
	uint64_t bits;

	if (w >= nwords)
		return nwords * 64;
	bits = set[w] & (~UINT64_C(0) << (i % 64));
	while (bits == 0) {
		if (++w >= nwords)
			return nwords * 64;
		bits = set[w];
	}
	return w * 64 + (size_t)__builtin_ctzll(bits);
}

/* Adds the states that state i leads to without input. They all lie above i. */
static void
skip_step(const struct pattern *p, uint64_t *now, size_t i)
{
	switch (p->steps[i].op) {
	case OP_STAR:
	case OP_DEEP:
		set_bit(now, i + 1);
		break;
	case OP_GAP:
		set_bit(now, i + 1);
		set_bit(now, i + 2);
		break;
	default:
		break;
	}
}

/* Adds the states that state i leads to by code point c. */
static void
take_step(const struct pattern *p, uint64_t *then, size_t i, uint32_t c)
{
	const struct step *s = &p->steps[i];

	switch (s->op) {
	case OP_CHAR:
		if (s->c == c)
			set_bit(then, i + 1);
		break;
	case OP_NOSLASH:
		if (c != '/')
			set_bit(then, i + 1);
		break;
	case OP_CLASS:
		if (class_has(s, c))
			set_bit(then, i + 1);
		break;
	case OP_STAR:
		if (c != '/')
			set_bit(then, i);
		break;
	case OP_DEEP:
		set_bit(then, i);
		break;
	case OP_GAP:
		break;
	case OP_GAP_TEXT:
		set_bit(then, i);
		if (c == '/')
			set_bit(then, i + 1);
		break;
	}
}

/*
 * All states that the pattern can be in are followed at once, so the work is
 * bounded by pattern length times path length.
 */
static bool
match_steps(const struct pattern *p, struct str path, uint64_t *scratch)
{
	size_t nwords = p->nsteps / 64 + 1;
	uint64_t *now = scratch, *then = scratch + nwords, *swap;
	size_t at = p->head.len, i;

	if (path.len < p->head.len + p->tail.len || !str_starts(path, p->head) ||
		!str_ends(path, p->tail))
		return false;
	memset(now, 0, nwords * sizeof(*now));
	set_bit(now, p->nplain);
	while (at < path.len) {
		uint32_t c = next_rune(path, &at);

		memset(then, 0, nwords * sizeof(*then));
		for (i = next_bit(now, nwords, 0); i < p->nsteps;
			i = next_bit(now, nwords, i + 1)) {
			skip_step(p, now, i);
			take_step(p, then, i, c);
		}
		swap = now;
		now = then;
		then = swap;
		if (next_bit(now, nwords, 0) == nwords * 64)
			return false;
	}
	for (i = next_bit(now, nwords, 0); i < p->nsteps; i = next_bit(now, nwords, i + 1))
		skip_step(p, now, i);
	return has_bit(now, p->nsteps);
}

static bool
match_one(const struct pattern *p, struct str path, uint64_t *scratch)
{
	struct str end;

	switch (p->kind) {
	case KIND_EXACT:
		return str_eq(path, p->body);
	case KIND_PREFIX:
		return str_starts(path, str_first(p->body, p->body.len - 2));
	case KIND_SUFFIX:
		end = str_from_off(p->body, 2);
		if (str_ends(path, end))
			return true;
		return str_take(&end, STR("/")) && str_eq(path, end);
	case KIND_STEPS:
		break;
	}
	return match_steps(p, path, scratch);
}

/* ---- lists ------------------------------------------------------------------- */

/* Without a trailing slash and wildcard: what a directory above its matches is compared with. */
static struct str
without_glob(struct str body)
{
	if (str_ends(body, STR("/**")))
		body = str_first(body, body.len - 3);
	if (str_ends(body, STR("/*")))
		body = str_first(body, body.len - 2);
	return body;
}

static bool
has_glob(struct str body)
{
	size_t i;

	body = without_glob(body);
	for (i = 0; i < body.len; i++)
		if (body.s[i] && strchr("*[]?^\\", body.s[i]))
			return true;
	return false;
}

static int
add_pattern(struct pattern_list *l, struct str text, struct err *err)
{
	struct pattern *p = &l->patterns[l->n];

	text = str_trim(text);
	if (text.len == 0)
		return 0;
	l->size += text.len;
	if (l->size > PATTERN_MAX_SIZE)
		return err_set(err, ERR_LIMIT, "patterns of more than %d bytes", PATTERN_MAX_SIZE);
	p->text = str_from(path_clean(&l->arena, text));
	p->body = p->text;
	p->exception = str_take(&p->body, STR("!"));
	if (p->body.len == 0 || !compile(p, &l->arena, true))
		return err_set(err, ERR_CONFIG, "bad pattern '" STR_FMT "'", STR_ARG(p->text));
	if (p->exception) {
		l->has_exceptions = true;
		l->glob_exceptions |= has_glob(p->body);
	} else {
		l->glob_plain |= has_glob(p->body);
	}
	if (l->nstates < p->nsteps / 64 + 1)
		l->nstates = p->nsteps / 64 + 1;
	l->n++;
	return 0;
}

int
pattern_list_init(struct pattern_list *l, const char *const *patterns, size_t n, struct err *err)
{
	size_t i;

	*l = (struct pattern_list){0};
	if (n > PATTERN_MAX_COUNT)
		return err_set(err, ERR_LIMIT, "more than %d patterns", PATTERN_MAX_COUNT);
	l->patterns = arena_new(&l->arena, struct pattern, n + 1);
	for (i = 0; i < n; i++)
		if (add_pattern(l, str_from(patterns[i]), err))
			return -1;
	l->nwords = (l->n + 63) / 64;
	l->scratch = arena_new(&l->arena, uint64_t, 2 * l->nstates + 1);
	return 0;
}

void
pattern_list_release(struct pattern_list *l)
{
	arena_release(&l->arena);
	*l = (struct pattern_list){0};
}

bool
pattern_list_match(struct pattern_list *l, struct str path, const uint64_t *parent, uint64_t *hits,
	ptrdiff_t *decided)
{
	bool matched = false, hit;
	size_t i;

	if (hits)
		memset(hits, 0, l->nwords * sizeof(*hits));
	if (decided)
		*decided = -1;
	for (i = 0; i < l->n; i++) {
		const struct pattern *p = &l->patterns[i];

		hit = parent && has_bit(parent, i);
		if (!hit) {
			/* could not change the result; the reference does not note a hit either */
			if (p->exception != matched)
				continue;
			hit = match_one(p, path, l->scratch);
		}
		if (!hit)
			continue;
		if (hits)
			set_bit(hits, i);
		if (decided)
			*decided = (ptrdiff_t)i;
		matched = !p->exception;
	}
	return matched;
}

bool
pattern_list_match_path(struct pattern_list *l, struct str path)
{
	uint64_t *hits[2];
	const uint64_t *parent = NULL;
	bool matched;
	size_t i, turn = 0;

	hits[0] = xcalloc(2 * l->nwords, sizeof(**hits));
	hits[1] = hits[0] + l->nwords;
	for (i = 1; i < path.len; i++) {
		if (path.s[i] != '/')
			continue;
		pattern_list_match(l, str_first(path, i), parent, hits[turn], NULL);
		parent = hits[turn];
		turn = !turn;
	}
	matched = pattern_list_match(l, path, parent, NULL, NULL);
	free(hits[0]);
	return matched;
}

struct str
pattern_list_text(const struct pattern_list *l, size_t i)
{
	return l->patterns[i].text;
}

/* Does some pattern, exceptions or the others, start below dir (or name it)? */
static bool
starts_below(const struct pattern_list *l, bool exception, struct str dir)
{
	struct str body;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->patterns[i].exception != exception)
			continue;
		body = without_glob(l->patterns[i].body);
		if (str_take(&body, dir) && (body.len == 0 || body.s[0] == '/'))
			return true;
	}
	return false;
}

bool
pattern_list_prunes_include(const struct pattern_list *l, struct str dir)
{
	return !l->glob_plain && !starts_below(l, false, dir);
}

bool
pattern_list_prunes_exclude(const struct pattern_list *l, struct str dir)
{
	if (!l->has_exceptions)
		return true;
	return !l->glob_exceptions && !starts_below(l, true, dir);
}

/* ---- names and ignore files ---------------------------------------------------- */

bool
pattern_has_wildcard(struct str name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		if (name.s[i] == '\\')
			i++;
		else if (name.s[i] == '*' || name.s[i] == '?' || name.s[i] == '[')
			return true;
	}
	return false;
}

bool
pattern_match_name(struct str pattern, struct str name)
{
	cleanup_arena struct arena a = {0};
	struct pattern p = {.body = pattern};

	if (pattern.len > PATTERN_MAX_SIZE || !compile(&p, &a, false))
		return false;
	return match_one(&p, name, arena_new(&a, uint64_t, 2 * (p.nsteps / 64 + 1)));
}

void
pattern_read_ignore(struct str text, struct arena *a, struct strlist *out)
{
	struct str line;
	bool exception;
	const char *p;

	str_take(&text, STR("\xef\xbb\xbf"));
	while (str_line(&text, &line)) {
		if (str_starts(line, STR("#")))
			continue;
		line = str_trim(line);
		if (line.len == 0)
			continue;
		exception = str_take(&line, STR("!"));
		line = str_trim(line);
		p = line.len ? path_clean(a, line) : "";
		if (p[0] == '/' && p[1])
			p++;
		strlist_add(out, a, exception ? arena_fmt(a, "!%s", p) : p);
	}
}
