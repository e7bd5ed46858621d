/*
 * Platforms: os/arch[/variant], read and normalised as containerd does, so that
 * "x86_64", "linux/aarch64" and "linux/arm64/v8" say the same as amd64 and
 * arm64. Pure: an architecture without system means linux, a system without
 * architecture the one this program was built for.
 */
#ifndef IMAGE_PLATFORM_H
#define IMAGE_PLATFORM_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

enum { PLATFORMS_MAX = 64 };

/* All texts live in the arena given when parsing. */
struct platform {
	const char *os; /* "linux" */
	const char
		*options; /* "10.0.17763+win32k" of "windows(10.0.17763+win32k)/amd64", or NULL */
	const char *arch; /* "arm" */
	const char *variant; /* "v7", or NULL */
};

struct platform_list {
	struct platform *items;
	size_t n;
};

/* One platform. flag ("--platform") is for the message: ERR_USAGE names it and the text. */
int platform_parse(
	struct arena *a, struct str text, const char *flag, struct platform *out, struct err *err);
/*
 * A list with commas, blanks around them allowed (K-07). An empty text is an
 * empty list, an empty element an error; what is named twice is kept once.
 */
int platform_list_parse(struct arena *a, struct str text, const char *flag,
	struct platform_list *out, struct err *err);

/* "linux/arm/v7" */
char *platform_format(struct arena *a, const struct platform *p);
/* "linux/amd64,linux/arm/v7": what the build request carries. */
char *platform_list_format(struct arena *a, const struct platform_list *l);
/* "linux_arm_v7": the folder a multi-platform export uses for it. */
char *platform_folder(struct arena *a, const struct platform *p);
bool platform_eq(const struct platform *a, const struct platform *b);

#endif
