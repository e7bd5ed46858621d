/*
 * A folder that is served by fssend, and what came of it at the builder's side: for the tests of
 * sending.
 */
#ifndef FSSCENE_H
#define FSSCENE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "buildkit/fssend.h"
#include "fspeer.h"
#include "tree.h"

enum { BIG = 1 << 20 }; /* a budget that suffices */

struct scene {
	struct tree tree;
	struct fssend_root root;
	struct fssend_filter filter;
	struct fssend *send;
	struct fspeer peer;
	struct buf text;
	struct arena arena;
	struct err err;
};

void scene_init(struct scene *s);
/* The same with a folder made by tree_init_in_memory, for example. */
void scene_init_in(struct scene *s, void (*init)(struct tree *));
void scene_release(struct scene *s);
#define cleanup_scene __attribute__((cleanup(scene_release)))

/* Lists of the call, separated by blanks. */
void scene_filter(struct scene *s, const char *include, const char *exclude, const char *follow);
/* Forgets the last transfer; scene_start begins another. */
void scene_rewind(struct scene *s);
void scene_start(struct scene *s);
/* A whole transfer. */
int scene_run(struct scene *s, size_t budget);
/* Runs and compares the list of paths. */
void scene_expect(struct scene *s, const char *row, const char *want);
/* Runs into an error, of which the builder is told. */
void scene_fails(struct scene *s, enum err_kind kind, const char *text);
/* An entry that has come. */
const struct fspeer_entry *entry(const struct scene *s, const char *path);

#endif
