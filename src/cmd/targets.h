/*
 * What -o, --push and --load ask for: where the result goes instead of the place
 * that the plan has for it.
 */
#ifndef CMD_TARGETS_H
#define CMD_TARGETS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/kv.h"
#include "buildkit/session.h"

struct err;

enum target_form {
	TARGET_STORE,  /* nothing comes here: images in the daemon or a registry */
	TARGET_DIR,    /* files below a folder */
	TARGET_FILE,   /* one archive */
	TARGET_STDOUT, /* the same to standard output */
	TARGET_LAYOUT, /* blobs of an image layout; stores.h */
	TARGET_ENGINE, /* from a BuildKit daemon into an Engine; loading.h */
};

struct target {
	enum target_form form;
	const char *type;    /* the exporter: local, tar, oci, docker or image */
	const char *dest;    /* folder or file; NULL */
	struct kvlist attrs; /* of the exporter, names of the image among them */
	bool push;           /* image: to its registry */

	/* while a build runs */
	int fd;           /* the open folder, or the archive as far as it came */
	int dir;          /* where the archive is going to lie */
	const char *temp; /* its name there meanwhile; NULL when it has none */
	const char *path; /* of that, absolute */
};

struct target_list {
	struct target *items; /* in the arena */
	size_t n, cap;
};

/*
 * A value of --output: "type=TYPE,KEY=VALUE...", a folder, or "-" for a tar to
 * standard output. ERR_USAGE without the flag's name.
 */
int target_add_flag(struct target_list *l, struct arena *a, const char *text, struct err *err);
/* type=docker without dest: into the Engine. */
void target_add_engine(struct target_list *l, struct arena *a);
/* type=registry is --push: an image with push=true. */
void target_add_image(struct target_list *l, struct arena *a, bool push);

/* Whether an image is made, as it is when nothing else was asked for. */
bool targets_image(const struct target_list *l);
/* Whether standard output is taken, and whether the Engine gets the result of a daemon. */
bool targets_stdout(const struct target_list *l);
bool targets_engine(const struct target_list *l);

/*
 * Makes folders and temporary files; ERR_SYS names what cannot be written. The
 * temporary file of an archive lies beside it under a name of its own; that of one
 * that goes into a pipe has none, in tmpdir.
 */
int targets_open(struct target_list *l, struct arena *a, const char *tmpdir, struct err *err);
/* Temporary files that lie below a folder, as paths relative to it: no part of a context. */
void targets_hidden(
	const struct target_list *l, struct arena *a, const char *folder, struct strlist *out);
/* In the order of the list, what the session has to know. In the arena. */
struct bk_export *targets_exports(
	const struct target_list *l, struct arena *a, const struct bk_sink *engine);
/* Archives take their places; what is for standard output is written there. */
int targets_publish(struct target_list *l, struct err *err);
/* Removes what was not published. */
void targets_close(struct target_list *l);

#endif
