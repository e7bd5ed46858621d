#include "ci/tags_regex.h"

#include <string.h>

enum {
	NODES_MAX = 2000,
	PROGRAM_MAX = 4000,
	STEPS_MAX = 20000, /* of making a program: counted repetitions multiply */
	DEPTH_MAX = 64,
	COUNT_MAX = 1000,
	NO_MAX = -1,
};

struct set {
	uint8_t bits[32];
};

enum node_kind {
	NODE_EMPTY,
	NODE_SET,
	NODE_CAT,
	NODE_ALT,
	NODE_REPEAT,
	NODE_GROUP,
	NODE_START,
	NODE_END,
	NODE_BOUNDARY,
	NODE_NO_BOUNDARY,
};

struct node {
	enum node_kind kind;
	const struct set *set;
	struct node *left, *right; /* CAT, ALT; REPEAT and GROUP have left */
	int min, max;              /* of REPEAT */
	bool lazy;
	int group;
};

enum op {
	OP_SET,
	OP_SPLIT,
	OP_JUMP,
	OP_SAVE,
	OP_START,
	OP_END,
	OP_BOUNDARY,
	OP_NO_BOUNDARY,
	OP_MATCH
};

struct instruction {
	enum op op;
	const struct set *set;
	size_t x, y; /* where to go on, x first; slot of OP_SAVE in x */
};

struct regex {
	struct instruction *code;
	size_t n;
};

struct parser {
	struct arena *a;
	struct str rest;
	bool ignore_case;
	int groups;
	size_t nodes;
	unsigned depth;
	const char *problem;
};

static struct node *parse_alternatives(struct parser *p);

static void
set_add(struct set *s, unsigned char from, unsigned char to)
{
	unsigned c;

	for (c = from; c <= to; c++)
		s->bits[c / 8] |= (uint8_t)(1u << c % 8);
}

static bool
set_has(const struct set *s, char c)
{
	return s->bits[(unsigned char)c / 8] >> (unsigned char)c % 8 & 1;
}

static void
set_invert(struct set *s)
{
	size_t i;

	for (i = 0; i < sizeof(s->bits); i++)
		s->bits[i] = (uint8_t)~s->bits[i];
}

static void
set_join(struct set *s, const struct set *other)
{
	size_t i;

	for (i = 0; i < sizeof(s->bits); i++)
		s->bits[i] |= other->bits[i];
}

static void
set_fold(struct set *s)
{
	unsigned char i, lower, upper;

	for (i = 0; i < 26; i++) {
		lower = (unsigned char)('a' + i);
		upper = (unsigned char)('A' + i);
		if (!set_has(s, (char)lower) && !set_has(s, (char)upper))
			continue;
		set_add(s, lower, lower);
		set_add(s, upper, upper);
	}
}

/* \d \w \s and their opposites */
static bool
set_class(struct set *s, char letter)
{
	struct set class = {{0}};

	switch (letter) {
	case 'd':
	case 'D':
		set_add(&class, '0', '9');
		break;
	case 'w':
	case 'W':
		set_add(&class, '0', '9');
		set_add(&class, 'A', 'Z');
		set_add(&class, 'a', 'z');
		set_add(&class, '_', '_');
		break;
	case 's':
	case 'S':
		set_add(&class, '\t', '\r');
		set_add(&class, ' ', ' ');
		break;
	default:
		return false;
	}
	if (letter < 'a')
		set_invert(&class);
	set_join(s, &class);
	return true;
}

static struct node *
fail(struct parser *p, const char *problem)
{
	if (!p->problem)
		p->problem = problem;
	return NULL;
}

static struct node *
new_node(struct parser *p, enum node_kind kind)
{
	struct node *n;

	if (p->nodes++ == NODES_MAX)
		return fail(p, "it is too long");
	n = arena_new(p->a, struct node, 1);
	n->kind = kind;
	return n;
}

static struct node *
new_set(struct parser *p, const struct set *from)
{
	struct node *n = new_node(p, NODE_SET);
	struct set *s;

	if (!n)
		return NULL;
	s = arena_new(p->a, struct set, 1);
	*s = *from;
	if (p->ignore_case)
		set_fold(s);
	n->set = s;
	return n;
}

static bool
take_char(struct parser *p, char *c)
{
	if (!p->rest.len)
		return false;
	*c = p->rest.s[0];
	p->rest = str_from_off(p->rest, 1);
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A character behind its backslash that is no class. */
static bool
take_escaped(struct parser *p, char c, char *out)
{
	static const char values[] = "\t\n\r\v\f";
	ptrdiff_t which = str_find(STR("tnrvf0"), c);

	if (which >= 0) {
		*out = values[which]; /* "\\0" is the one that ends the array */
		return true;
	}
	if (c == 'x' && p->rest.len >= 2 && hex_value(p->rest.s[0]) >= 0 &&
		hex_value(p->rest.s[1]) >= 0) {
		*out = (char)(hex_value(p->rest.s[0]) * 16 + hex_value(p->rest.s[1]));
		p->rest = str_from_off(p->rest, 2);
		return true;
	}
	if ((c >= '1' && c <= '9') || c == 'k') {
		fail(p, "back references are not supported");
		return false;
	}
	if (c == 'u' || c == 'c' || c == 'p' || c == 'P' || c == 'x') {
		fail(p, "it has an escape that is not supported");
		return false;
	}
	*out = c;
	return true;
}

static struct node *
parse_escape(struct parser *p)
{
	struct set s = {{0}};
	char c, plain;

	if (!take_char(p, &c))
		return fail(p, "it ends in a backslash");
	if (c == 'b' || c == 'B')
		return new_node(p, c == 'b' ? NODE_BOUNDARY : NODE_NO_BOUNDARY);
	if (!set_class(&s, c)) {
		if (!take_escaped(p, c, &plain))
			return NULL;
		set_add(&s, (unsigned char)plain, (unsigned char)plain);
	}
	return new_set(p, &s);
}

/* One character or class inside brackets. */
static bool
take_class_atom(struct parser *p, struct set *s, char *c, bool *is_class)
{
	*is_class = false;
	if (!take_char(p, c))
		return false;
	if (*c != '\\')
		return true;
	if (!take_char(p, c))
		return false;
	*is_class = set_class(s, *c);
	if (*is_class)
		return true;
	if (*c == 'b')
		*c = '\b';
	else if (!take_escaped(p, *c, c))
		return false;
	return true;
}

static struct node *
parse_class(struct parser *p)
{
	struct set s = {{0}};
	bool invert = str_take(&p->rest, STR("^")), is_class, to_is_class;
	char from, to;

	while (!str_take(&p->rest, STR("]"))) {
		if (!take_class_atom(p, &s, &from, &is_class))
			return fail(p, "a '[' has no ']'");
		if (is_class)
			continue;
		to = from;
		if (p->rest.len > 1 && p->rest.s[0] == '-' && p->rest.s[1] != ']') {
			p->rest = str_from_off(p->rest, 1);
			if (!take_class_atom(p, &s, &to, &to_is_class))
				return fail(p, "a '[' has no ']'");
			if (to_is_class) {
				set_add(&s, '-', '-');
				to = from;
			}
		}
		if ((unsigned char)to < (unsigned char)from)
			return fail(p, "a range in brackets is out of order");
		set_add(&s, (unsigned char)from, (unsigned char)to);
	}
	if (p->ignore_case)
		set_fold(&s);
	if (invert)
		set_invert(&s);
	return new_set(p, &s);
}

static bool
skip_group_name(struct parser *p)
{
	struct str name;

	return str_cut(&p->rest, '>', &name) && name.len;
}

static struct node *
parse_group(struct parser *p)
{
	int number = 0;
	struct node *n, *inner;

	if (str_take(&p->rest, STR("?:"))) {
		number = 0;
	} else if (str_take(&p->rest, STR("?<")) && p->rest.len && p->rest.s[0] != '=' &&
		   p->rest.s[0] != '!') {
		if (!skip_group_name(p))
			return fail(p, "a group's name has no '>'");
		number = ++p->groups;
	} else if (str_starts(p->rest, STR("?")) || str_starts(p->rest, STR("=")) ||
		   str_starts(p->rest, STR("!"))) {
		return fail(p, "look-around is not supported");
	} else {
		number = ++p->groups;
	}
	if (p->groups >= REGEX_GROUPS_MAX)
		return fail(p, "it has too many groups");
	inner = parse_alternatives(p);
	if (!inner)
		return NULL;
	if (!str_take(&p->rest, STR(")")))
		return fail(p, "a '(' has no ')'");
	if (!number)
		return inner;
	n = new_node(p, NODE_GROUP);
	if (!n)
		return NULL;
	n->group = number;
	n->left = inner;
	return n;
}

static struct node *
parse_atom(struct parser *p)
{
	struct set s = {{0}};
	char c = '\0';

	take_char(p, &c);
	switch (c) {
	case '(':
		return parse_group(p);
	case '[':
		return parse_class(p);
	case '\\':
		return parse_escape(p);
	case '^':
		return new_node(p, NODE_START);
	case '$':
		return new_node(p, NODE_END);
	case '.':
		set_add(&s, '\n', '\n');
		set_add(&s, '\r', '\r');
		set_invert(&s);
		return new_set(p, &s);
	case '*':
	case '+':
	case '?':
		return fail(p, "there is nothing to repeat");
	default:
		set_add(&s, (unsigned char)c, (unsigned char)c);
		return new_set(p, &s);
	}
}

/* "{2}", "{2,}", "{2,3}"; anything else is plain text. */
static bool
take_counts(struct parser *p, int *min, int *max)
{
	struct str rest = p->rest;
	uint64_t n;

	if (!str_take(&rest, STR("{")) || !str_take_u64(&rest, 10, &n))
		return false;
	*min = n > COUNT_MAX ? COUNT_MAX + 1 : (int)n;
	*max = *min;
	if (str_take(&rest, STR(","))) {
		*max = NO_MAX;
		if (str_take_u64(&rest, 10, &n))
			*max = n > COUNT_MAX ? COUNT_MAX + 1 : (int)n;
	}
	if (!str_take(&rest, STR("}")))
		return false;
	p->rest = rest;
	return true;
}

static bool
take_quantifier(struct parser *p, int *min, int *max)
{
	*min = 0;
	*max = NO_MAX;
	if (str_take(&p->rest, STR("*")))
		return true;
	if (str_take(&p->rest, STR("+"))) {
		*min = 1;
		return true;
	}
	if (str_take(&p->rest, STR("?"))) {
		*max = 1;
		return true;
	}
	return take_counts(p, min, max);
}

static struct node *
parse_repeat(struct parser *p)
{
	struct node *atom = parse_atom(p), *n;
	int min, max;

	if (!atom || !take_quantifier(p, &min, &max))
		return atom;
	if (min > COUNT_MAX || max > COUNT_MAX)
		return fail(p, "it repeats something too often");
	if (max != NO_MAX && max < min)
		return fail(p, "the numbers in '{}' are out of order");
	n = new_node(p, NODE_REPEAT);
	if (!n)
		return NULL;
	n->left = atom;
	n->min = min;
	n->max = max;
	n->lazy = str_take(&p->rest, STR("?"));
	return n;
}

static struct node *
pair(struct parser *p, enum node_kind kind, struct node *left, struct node *right)
{
	struct node *n;

	if (!left || !right)
		return NULL;
	n = new_node(p, kind);
	if (n) {
		n->left = left;
		n->right = right;
	}
	return n;
}

static struct node *
parse_sequence(struct parser *p)
{
	struct node *n = new_node(p, NODE_EMPTY);

	while (n && p->rest.len && p->rest.s[0] != '|' && p->rest.s[0] != ')')
		n = pair(p, NODE_CAT, n, parse_repeat(p));
	return n;
}

static struct node *
parse_alternatives(struct parser *p)
{
	struct node *n;

	if (p->depth == DEPTH_MAX)
		return fail(p, "it is nested too deeply");
	p->depth++;
	n = parse_sequence(p);
	while (n && str_take(&p->rest, STR("|")))
		n = pair(p, NODE_ALT, n, parse_sequence(p));
	p->depth--;
	return n;
}

struct emitter {
	struct regex *re;
	size_t steps;
	bool full;
};

static size_t
put(struct emitter *e, enum op op)
{
	struct regex *re = e->re;

	if (re->n == PROGRAM_MAX) {
		e->full = true;
		return 0;
	}
	re->code[re->n] = (struct instruction){.op = op};
	return re->n++;
}

static void emit(struct emitter *e, const struct node *n);

/* A choice between going on and the place that is patched in later. */
static size_t
put_split(struct emitter *e, bool lazy)
{
	size_t at = put(e, OP_SPLIT);

	*(lazy ? &e->re->code[at].y : &e->re->code[at].x) = e->re->n;
	return at;
}

static void
patch_split(struct emitter *e, size_t at, bool lazy, size_t to)
{
	*(lazy ? &e->re->code[at].x : &e->re->code[at].y) = to;
}

static void
emit_repeat(struct emitter *e, const struct node *n)
{
	size_t first, split, jump;
	int i;

	for (i = 0; i < n->min && !e->full; i++)
		emit(e, n->left);
	if (n->max == NO_MAX) {
		split = put_split(e, n->lazy);
		emit(e, n->left);
		jump = put(e, OP_JUMP);
		e->re->code[jump].x = split;
		patch_split(e, split, n->lazy, e->re->n);
		return;
	}
	first = e->re->n;
	for (; i < n->max && !e->full; i++) {
		put_split(e, n->lazy);
		/* until it is patched, the place to leave to says which of them are ours */
		patch_split(e, e->re->n - 1, n->lazy, SIZE_MAX);
		emit(e, n->left);
	}
	for (; first < e->re->n; first++)
		if (e->re->code[first].op == OP_SPLIT &&
			(n->lazy ? e->re->code[first].x : e->re->code[first].y) == SIZE_MAX)
			patch_split(e, first, n->lazy, e->re->n);
}

static void
emit_alternatives(struct emitter *e, const struct node *n)
{
	size_t split = put_split(e, false), jump;

	emit(e, n->left);
	jump = put(e, OP_JUMP);
	patch_split(e, split, false, e->re->n);
	emit(e, n->right);
	e->re->code[jump].x = e->re->n;
}

static void
emit(struct emitter *e, const struct node *n)
{
	size_t at;

	if (e->full || e->steps++ == STEPS_MAX) {
		e->full = true;
		return;
	}
	switch (n->kind) {
	case NODE_EMPTY:
		break;
	case NODE_SET:
		at = put(e, OP_SET);
		e->re->code[at].set = n->set;
		break;
	case NODE_CAT:
		emit(e, n->left);
		emit(e, n->right);
		break;
	case NODE_ALT:
		emit_alternatives(e, n);
		break;
	case NODE_REPEAT:
		emit_repeat(e, n);
		break;
	case NODE_GROUP:
		at = put(e, OP_SAVE);
		e->re->code[at].x = (size_t)n->group * 2;
		emit(e, n->left);
		at = put(e, OP_SAVE);
		e->re->code[at].x = (size_t)n->group * 2 + 1;
		break;
	case NODE_START:
		put(e, OP_START);
		break;
	case NODE_END:
		put(e, OP_END);
		break;
	case NODE_BOUNDARY:
		put(e, OP_BOUNDARY);
		break;
	case NODE_NO_BOUNDARY:
		put(e, OP_NO_BOUNDARY);
		break;
	}
}

struct regex *
regex_compile(struct arena *a, struct str pattern, bool ignore_case, const char **problem)
{
	struct parser p = {.a = a, .rest = pattern, .ignore_case = ignore_case};
	struct regex *re = arena_new(a, struct regex, 1);
	struct emitter e = {.re = re};
	struct node *n = parse_alternatives(&p);

	if (n && p.rest.len)
		fail(&p, "a ')' has no '('");
	if (!p.problem) {
		re->code = arena_new(a, struct instruction, PROGRAM_MAX);
		put(&e, OP_SAVE);
		emit(&e, n);
		re->code[put(&e, OP_SAVE)].x = 1;
		put(&e, OP_MATCH);
		if (!e.full)
			return re;
		fail(&p, "it repeats something too often");
	}
	*problem = p.problem;
	return NULL;
}

/*
 * All ways through the program are followed at once, in order of preference, one
 * character of the text at a time; no instruction is visited twice at one place.
 */
struct thread {
	size_t pc;
	size_t saved[REGEX_GROUPS_MAX * 2]; /* place + 1, 0 is none */
};

struct threads {
	struct thread *list;
	size_t n;
	size_t *seen; /* generation in which an instruction was added */
	size_t generation;
};

struct machine {
	const struct regex *re;
	struct str text;
	size_t at;
};

static bool
is_word_at(const struct machine *m, size_t at)
{
	char c;

	if (at >= m->text.len)
		return false;
	c = m->text.s[at];
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool
holds(const struct machine *m, enum op op)
{
	bool boundary = (m->at > 0 && is_word_at(m, m->at - 1)) != is_word_at(m, m->at);

	switch (op) {
	case OP_START:
		return m->at == 0;
	case OP_END:
		return m->at == m->text.len;
	case OP_BOUNDARY:
		return boundary;
	default:
		return !boundary;
	}
}

/* Follows everything that takes no character; what waits for one is added to the list. */
static void
add_thread(const struct machine *m, struct threads *to, size_t pc, struct thread *state)
{
	const struct instruction *in = &m->re->code[pc];
	size_t before;

	if (to->seen[pc] == to->generation)
		return;
	to->seen[pc] = to->generation;
	switch (in->op) {
	case OP_JUMP:
		add_thread(m, to, in->x, state);
		return;
	case OP_SPLIT:
		add_thread(m, to, in->x, state);
		add_thread(m, to, in->y, state);
		return;
	case OP_SAVE:
		before = state->saved[in->x];
		state->saved[in->x] = m->at + 1;
		add_thread(m, to, pc + 1, state);
		state->saved[in->x] = before;
		return;
	case OP_SET:
	case OP_MATCH:
		to->list[to->n] = *state;
		to->list[to->n++].pc = pc;
		return;
	default:
		if (holds(m, in->op))
			add_thread(m, to, pc + 1, state);
		return;
	}
}

/* One step: true when a thread matched; those that it beats are dropped. */
static bool
step(const struct machine *m, const struct threads *now, struct threads *next,
	struct thread *matched)
{
	struct machine after = {m->re, m->text, m->at + 1};
	size_t i;

	next->n = 0;
	next->generation++;
	for (i = 0; i < now->n; i++) {
		const struct instruction *in = &m->re->code[now->list[i].pc];
		struct thread state = now->list[i];

		if (in->op == OP_MATCH) {
			*matched = state;
			return true;
		}
		if (m->at < m->text.len && set_has(in->set, m->text.s[m->at]))
			add_thread(&after, next, now->list[i].pc + 1, &state);
	}
	return false;
}

static void
threads_init(struct arena *a, struct threads *t, size_t n)
{
	t->list = arena_new(a, struct thread, n);
	t->seen = arena_new(a, size_t, n);
}

bool
regex_match(const struct regex *re, struct str text, struct str groups[REGEX_GROUPS_MAX])
{
	cleanup_arena struct arena a = {0};
	struct threads lists[2] = {{0}}, *now = &lists[0], *next = &lists[1], *swap;
	struct machine m = {.re = re, .text = text};
	struct thread matched = {0}, fresh;
	bool found = false;
	size_t i;

	threads_init(&a, now, re->n);
	threads_init(&a, next, re->n);
	now->generation = 1;
	for (m.at = 0; m.at <= text.len && (!found || now->n); m.at++) {
		/* a match that starts later is worth less than all that are under way */
		fresh = (struct thread){0};
		if (!found)
			add_thread(&m, now, 0, &fresh);
		if (step(&m, now, next, &matched))
			found = true;
		swap = now;
		now = next;
		next = swap;
	}
	for (i = 0; i < REGEX_GROUPS_MAX; i++) {
		size_t from = matched.saved[i * 2], to = matched.saved[i * 2 + 1];

		groups[i] = (struct str){0};
		if (found && from && to)
			groups[i] = str_first(str_from_off(text, from - 1), to - from);
	}
	return found;
}
