#include "image/platform.h"

#include <string.h>

#include "base/err.h"

/*
 * Names, aliases and the rules for variants: containerd/platforms, database.go
 * and platforms.go.
 */
static const char *const systems[] = {"aix", "android", "darwin", "dragonfly", "freebsd", "hurd",
	"illumos", "ios", "js", "linux", "nacl", "netbsd", "openbsd", "plan9", "solaris", "windows",
	"zos"};
static const char *const archs[] = {"386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be",
	"ppc64", "ppc64le", "loong64", "mips", "mipsle", "mips64", "mips64le", "mips64p32",
	"mips64p32le", "ppc", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm"};

/* variant_from NULL matches any; variant_to NULL is none */
static const struct alias {
	const char *arch, *variant_from, *to, *variant_to;
} aliases[] = {
	{"i386", NULL, "386", NULL},
	{"x86_64", "v1", "amd64", NULL},
	{"x86-64", "v1", "amd64", NULL},
	{"amd64", "v1", "amd64", NULL},
	{"aarch64", "8", "arm64", NULL},
	{"aarch64", "v8", "arm64", NULL},
	{"aarch64", "v8.0", "arm64", NULL},
	{"aarch64", "9", "arm64", "v9"},
	{"aarch64", "9.0", "arm64", "v9"},
	{"aarch64", "v9.0", "arm64", "v9"},
	{"arm64", "8", "arm64", NULL},
	{"arm64", "v8", "arm64", NULL},
	{"arm64", "v8.0", "arm64", NULL},
	{"arm64", "9", "arm64", "v9"},
	{"arm64", "9.0", "arm64", "v9"},
	{"arm64", "v9.0", "arm64", "v9"},
	{"armhf", NULL, "arm", "v7"},
	{"armel", NULL, "arm", "v6"},
	{"arm", "", "arm", "v7"},
	{"arm", "5", "arm", "v5"},
	{"arm", "6", "arm", "v6"},
	{"arm", "7", "arm", "v7"},
	{"arm", "8", "arm", "v8"},
};

/* the same with every other variant kept */
static const struct {
	const char *arch, *to;
} renamed[] = {{"x86_64", "amd64"}, {"x86-64", "amd64"}, {"aarch64", "arm64"}};

#if defined(__x86_64__)
static const char native[] = "amd64";
#elif defined(__aarch64__)
static const char native[] = "arm64";
#elif defined(__arm__)
static const char native[] = "arm";
#elif defined(__riscv)
static const char native[] = "riscv64";
#elif defined(__powerpc64__)
static const char native[] = "ppc64le";
#elif defined(__s390x__)
static const char native[] = "s390x";
#else
static const char native[] = "386";
#endif

enum { ELEMENT_MAX = 256 };

static bool
among(const char *const *list, size_t n, const char *s)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

static char *
lower(struct arena *a, struct str s)
{
	char *out = arena_str(a, s), *p;

	for (p = out; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return out;
}

/* All bytes are letters, digits or among extra, and there is one. */
static bool
is_word(struct str s, const char *extra)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.s[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			str_find(str_from(extra), c) < 0)
			return false;
	}
	return s.len > 0;
}

static void
normalise_arch(struct platform *p)
{
	const char *variant = p->variant ? p->variant : "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(aliases); i++) {
		const struct alias *al = &aliases[i];

		if (strcmp(al->arch, p->arch) != 0 ||
			(al->variant_from && strcmp(al->variant_from, variant) != 0))
			continue;
		p->arch = al->to;
		p->variant = al->variant_to;
		return;
	}
	for (i = 0; i < ARRAY_LEN(renamed); i++)
		if (strcmp(renamed[i].arch, p->arch) == 0)
			p->arch = renamed[i].to;
}

static int
bad(struct err *err, const char *flag, struct str text, const char *what)
{
	err_set(err, ERR_USAGE, "%s: invalid platform '" STR_FMT "': %s", flag,
		STR_ARG(str_first(text, ELEMENT_MAX)), what);
	return err_hint(
		err, "platforms are written os/arch or os/arch/variant, as in linux/arm/v7");
}

/* "windows(10.0.17763+win32k)": system, and what stands in the brackets */
static bool
parse_system(struct arena *a, struct str text, struct platform *p)
{
	struct str name = text, options = {0};

	if (str_cut(&text, '(', &name)) {
		if (!str_ends(text, STR(")")))
			return false;
		options = str_first(text, text.len - 1);
		if (options.len && !is_word(options, "_.%-+"))
			return false;
	}
	if (!is_word(name, "_-"))
		return false;
	p->os = lower(a, name);
	if (strcmp(p->os, "macos") == 0)
		p->os = "darwin";
	if (options.len)
		p->options = arena_str(a, options);
	return true;
}

/* One word: a system or an architecture. */
static int
parse_single(
	struct arena *a, struct str text, const char *flag, struct platform *out, struct err *err)
{
	struct platform p = {0};

	if (!parse_system(a, text, &p))
		return bad(err, flag, text, "it holds a character that may not be there");
	if (among(systems, ARRAY_LEN(systems), p.os)) {
		p.arch = native;
	} else {
		p = (struct platform){.os = "linux", .arch = lower(a, text)};
		normalise_arch(&p);
		if (!among(archs, ARRAY_LEN(archs), p.arch))
			return bad(err, flag, text, "unknown operating system or architecture");
	}
	normalise_arch(&p);
	*out = p;
	return 0;
}

int
platform_parse(
	struct arena *a, struct str text, const char *flag, struct platform *out, struct err *err)
{
	struct platform p = {0};
	struct str rest, part[3] = {{0}};
	size_t n = 0;

	text = str_trim(text);
	if (text.len == 0)
		return bad(err, flag, text, "it is empty");
	if (text.len > ELEMENT_MAX)
		return bad(err, flag, text, "it is too long");
	if (str_find(text, '/') < 0)
		return parse_single(a, text, flag, out, err);
	for (rest = text; rest.s; n++) {
		if (n == ARRAY_LEN(part))
			return bad(err, flag, text, "it has more than three parts");
		str_next(&rest, '/', &part[n]);
		if (part[n].len == 0)
			return bad(err, flag, text, "a part of it is empty");
		if (n > 0 && !is_word(part[n], "_.-"))
			return bad(err, flag, text, "it holds a character that may not be there");
	}
	if (!parse_system(a, part[0], &p))
		return bad(err, flag, text, "it holds a character that may not be there");
	p.arch = lower(a, part[1]);
	p.variant = n == 3 ? lower(a, part[2]) : NULL;
	normalise_arch(&p);
	*out = p;
	return 0;
}

static bool
same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool
platform_eq(const struct platform *a, const struct platform *b)
{
	return same(a->os, b->os) && same(a->options, b->options) && same(a->arch, b->arch) &&
	       same(a->variant, b->variant);
}

static bool
list_has(const struct platform_list *l, const struct platform *p)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (platform_eq(&l->items[i], p))
			return true;
	return false;
}

int
platform_list_parse(struct arena *a, struct str text, const char *flag, struct platform_list *out,
	struct err *err)
{
	struct platform_list l = {0};
	struct str rest = str_trim(text), element;
	struct platform p;

	if (rest.len == 0) {
		*out = l;
		return 0;
	}
	l.items = arena_new(a, struct platform, PLATFORMS_MAX);
	while (str_next(&rest, ',', &element)) {
		if (str_trim(element).len == 0) {
			err_set(err, ERR_USAGE, "%s: empty element in '" STR_FMT "'", flag,
				STR_ARG(str_first(text, ELEMENT_MAX)));
			return err_hint(err, "remove the comma too many");
		}
		if (platform_parse(a, element, flag, &p, err) < 0)
			return -1;
		if (list_has(&l, &p))
			continue;
		if (l.n == PLATFORMS_MAX)
			return err_set(
				err, ERR_USAGE, "%s: more than %d platforms", flag, PLATFORMS_MAX);
		l.items[l.n++] = p;
	}
	*out = l;
	return 0;
}

char *
platform_format(struct arena *a, const struct platform *p)
{
	return arena_fmt(a, "%s%s%s%s/%s%s%s", p->os, p->options ? "(" : "",
		p->options ? p->options : "", p->options ? ")" : "", p->arch, p->variant ? "/" : "",
		p->variant ? p->variant : "");
}

char *
platform_list_format(struct arena *a, const struct platform_list *l)
{
	char *text = arena_cstr(a, "");
	size_t i;

	for (i = 0; i < l->n; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? "," : "", platform_format(a, &l->items[i]));
	return text;
}

char *
platform_folder(struct arena *a, const struct platform *p)
{
	char *text = platform_format(a, p), *c;

	for (c = text; *c; c++)
		if (*c == '/')
			*c = '_';
	return text;
}
