/*
 * Cache mounts for Go. Without them every change of a source file compiles the
 * whole module and downloads its dependencies again.
 */
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/lex.h"
#include "dockerfile/stage.h"

static const char build_cache[] = "/root/.cache/go-build";
static const char module_cache[] = "/go/pkg/mod";

enum { PARTS_MAX = 32 }; /* elements of a path that are compared */

/* Elements of a path without ".", ".." and empty ones. */
struct path {
	const char *parts[PARTS_MAX];
	size_t n;
};

/* Where the golang image has its variables, put in front of what follows. */
static struct str
known_variable(struct str path, const char **value)
{
	static const struct {
		const char *name, *value;
	} known[] = {
		{"$GOPATH", "go"}, {"${GOPATH}", "go"}, {"$HOME", "root"}, {"${HOME}", "root"}};
	struct str rest;
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		rest = path;
		if (str_take(&rest, str_from(known[i].name)) && (!rest.len || rest.s[0] == '/')) {
			*value = known[i].value;
			return rest;
		}
	}
	*value = NULL;
	return path;
}

static void
split_path(struct arena *a, struct str text, struct path *out)
{
	const char *first;
	struct str part;

	text = known_variable(text, &first);
	out->n = 0;
	if (first)
		out->parts[out->n++] = first;
	while (str_next(&text, '/', &part)) {
		if (!part.len || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			out->n -= out->n > 0;
			continue;
		}
		if (out->n == PARTS_MAX)
			return;
		out->parts[out->n++] = arena_str(a, part);
	}
}

static bool may_match(const char *pattern, const char *name);

/* Each star but the last has a character of its own behind it: few ways to try. */
static bool
star_matches(const char *behind, const char *name)
{
	while (*behind == '*')
		behind++;
	do {
		if (may_match(behind, name))
			return true;
	} while (*name++);
	return false;
}

/*
 * Whether an element with wildcards can name this one; what a class in brackets
 * holds is not looked at. fnmatch(3) would bring musl's tables of wide characters
 * along, 15 KB of them.
 */
static bool
may_match(const char *pattern, const char *name)
{
	for (; *pattern; pattern++, name++) {
		if (*pattern == '[')
			return true;
		if (*pattern == '*')
			return star_matches(pattern + 1, name);
		if (*pattern == '?' && *name)
			continue;
		if (*pattern == '\\' && pattern[1])
			pattern++;
		if (*pattern != *name)
			return false;
	}
	return !*name;
}

enum relation { APART, SAME_OR_ABOVE, BELOW };

/*
 * How path stands to a directory. Its elements may be patterns; from a variable
 * on nothing is known, which counts as being above.
 */
static enum relation
relate(struct arena *a, struct str text, const char *directory)
{
	struct path path, dir;
	size_t i;

	split_path(a, text, &path);
	split_path(a, str_from(directory), &dir);
	for (i = 0; i < path.n && i < dir.n; i++) {
		if (strchr(path.parts[i], '$'))
			return SAME_OR_ABOVE;
		if (!may_match(path.parts[i], dir.parts[i]))
			return APART;
	}
	return path.n <= dir.n ? SAME_OR_ABOVE : BELOW;
}

/* Whether taking this path out of a stage takes something that a cache mount would hide. */
static bool
is_hidden(struct arena *a, struct str path)
{
	return relate(a, path, build_cache) != APART || relate(a, path, module_cache) != APART;
}

/* The value of one of up to three keys in "type=cache,target=/x", or the empty text. */
static struct str
mount_value(struct str mount, const char *const keys[3])
{
	struct str field, key, found = {0};
	size_t i;

	while (str_next(&mount, ',', &field)) {
		if (!str_cut(&field, '=', &key))
			continue;
		for (i = 0; i < 3; i++)
			if (keys[i] && str_iis(key, keys[i]))
				found = field;
	}
	return found;
}

static bool
is_mount(const char *flag, struct str *mount)
{
	*mount = str_from(flag);
	return str_take(mount, STR("--mount="));
}

/* Something is mounted on the directory, or on one above it. */
static bool
has_mount(struct arena *a, const struct dockerfile_instruction *ins, const char *directory)
{
	static const char *const keys[3] = {"target", "dst", "destination"};
	struct str mount, target;
	size_t i;

	for (i = 0; i < ins->flags.n; i++) {
		if (!is_mount(ins->flags.items[i], &mount))
			continue;
		target = mount_value(mount, keys);
		/* what is relative is below the working directory */
		if (!target.len || (target.s[0] != '/' && target.s[0] != '$'))
			continue;
		if (relate(a, target, directory) == SAME_OR_ABOVE)
			return true;
	}
	return false;
}

/* The last element of the repository is golang, or golang and something that is no letter. */
static bool
is_golang_image(const char *base)
{
	struct str s = str_from(base);
	ptrdiff_t at = str_find(s, '@');
	char c;

	if (at >= 0)
		s = str_first(s, (size_t)at);
	at = str_rfind(s, '/');
	s = str_from_off(s, (size_t)(at + 1));
	at = str_find(s, ':');
	if (at >= 0)
		s = str_first(s, (size_t)at);
	if (!str_istarts(s, STR("golang")))
		return false;
	s = str_from_off(s, strlen("golang"));
	c = s.len ? s.s[0] : '-';
	return !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

struct stages {
	const struct dockerfile *df;
	struct arena *a;
	int *parent;
	bool *is_go;
	bool *is_source; /* another stage takes files that a mount would hide */
};

static void
classify(struct stages *st, const struct strlist *build_args)
{
	const struct dockerfile *df = st->df;
	struct dockerfile_arg *args;
	const char *base;
	size_t nargs, i;

	stage_args(st->a, df, build_args, &args, &nargs);
	for (i = 0; i < df->nstages; i++) {
		base = stage_base(st->a, df, df->stages[i].base, args, nargs);
		st->parent[i] = base ? stage_parent(df, base, i) : -1;
		if (st->parent[i] >= 0)
			st->is_go[i] = st->is_go[st->parent[i]];
		else
			st->is_go[i] = base && is_golang_image(base);
	}
}

/* Marks the stage that 'from' names or numbers, and those it is based on. */
static void
mark_source(struct stages *st, struct str from)
{
	const struct dockerfile_stage *found = dockerfile_find_stage(st->df, from);
	uint64_t index;
	int i = -1;

	if (found)
		i = (int)found->index;
	else if (str_u64(from, 10, &index) && index < st->df->nstages)
		i = (int)index;
	for (; i >= 0; i = st->parent[i])
		st->is_source[i] = true;
}

static bool
copies_hidden(struct stages *st, const struct dockerfile_instruction *ins)
{
	struct strlist paths = {0};
	struct str rest = ins->args, word;
	size_t i;

	if (ins->json)
		lex_json_strings(st->a, ins->args, &paths);
	else
		while (lex_next_word(&rest, &word))
			strlist_add(&paths, st->a, arena_str(st->a, word));
	for (i = 0; i + 1 < paths.n; i++)
		if (is_hidden(st->a, str_from(paths.items[i])))
			return true;
	return false;
}

static void
find_sources(struct stages *st, const struct dockerfile_instruction *ins)
{
	static const char *const from_key[3] = {"from"}, *const source_keys[3] = {"source", "src"};
	const char *from = flag_value(ins, "from");
	struct str mount, name, source;
	size_t i;

	if (ins->kind == DOCKERFILE_COPY && from && copies_hidden(st, ins))
		mark_source(st, str_from(from));
	if (ins->kind != DOCKERFILE_RUN)
		return;
	for (i = 0; i < ins->flags.n; i++) {
		if (!is_mount(ins->flags.items[i], &mount))
			continue;
		name = mount_value(mount, from_key);
		source = mount_value(mount, source_keys);
		if (name.len && is_hidden(st->a, source))
			mark_source(st, name);
	}
}

static bool
wants_mounts(struct stages *st, const struct dockerfile_instruction *ins)
{
	return ins->kind == DOCKERFILE_RUN && ins->stage >= 0 && ins->args.len && !ins->json &&
	       st->is_go[ins->stage] && !st->is_source[ins->stage] &&
	       !has_mount(st->a, ins, build_cache);
}

size_t
dockerfile_go_mounts(struct buf *out, struct str text, const struct dockerfile *df,
	const struct strlist *build_args)
{
	cleanup_arena struct arena a = {0};
	struct stages st = {.df = df, .a = &a};
	size_t done = 0, changed = 0, i;

	st.parent = arena_new(&a, int, df->nstages);
	st.is_go = arena_new(&a, bool, df->nstages);
	st.is_source = arena_new(&a, bool, df->nstages);
	classify(&st, build_args);
	for (i = 0; i < df->ninstructions; i++) {
		const struct dockerfile_instruction *ins = &df->instructions[i];

		find_sources(&st, ins->trigger ? ins->trigger : ins);
	}
	for (i = 0; i < df->ninstructions; i++) {
		const struct dockerfile_instruction *ins = &df->instructions[i];

		if (!wants_mounts(&st, ins))
			continue;
		buf_str(out, str_first(str_from_off(text, done), ins->after_keyword - done));
		buf_addf(out, "--mount=type=cache,target=%s ", build_cache);
		if (!has_mount(&a, ins, module_cache))
			buf_addf(out, "--mount=type=cache,target=%s ", module_cache);
		done = ins->after_keyword;
		changed++;
	}
	buf_str(out, str_from_off(text, done));
	return changed;
}
