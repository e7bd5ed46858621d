/*
 * Results for whatever comes after us: later CI steps, files, people.
 *
 * The upper half formats and is pure, the lower half writes. What the CI
 * offers (GITHUB_OUTPUT, a job summary) never fails the run: trouble is a
 * warning. Files that the user asked for by a flag do.
 */
#ifndef CMD_OUTPUTS_H
#define CMD_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cmd/console.h"

struct env;
struct err;

/* One entry of the exporter's answer. */
struct result_field {
	const char *key;
	const char *value;
};

/* What a build or push came to. Everything is borrowed; {0} is "nothing known". */
struct run_result {
	const char *image;          /* REG/NAME without tag */
	const char *digest;         /* "sha256:..." of what was published; NULL when not known */
	const char *image_id;       /* config digest; NULL when not known */
	const char *const *tags;    /* full references, in order of publishing */
	const char *const *digests; /* of each tag, empty when not known; NULL: all are digest */
	size_t n_tags;
	const struct result_field *fields; /* exporter's answer, may be empty */
	size_t n_fields;
};

/* The image id, else the digest, else NULL: what -q prints and --iidfile holds. */
const char *run_result_id(const struct run_result *r);

/* "REG/NAME:TAG" or "REG/NAME:TAG@DIGEST", one line each; quiet: only run_result_id. */
void format_lines(struct buf *out, const struct run_result *r, bool quiet);
/*
 * One entry of a GitHub command file. token: 32 hex digits, fresh and random,
 * so that no value can end the block. ERR_PROTO when the name cannot be written.
 */
int format_github(
	struct buf *out, const char *name, const char *value, const char *token, struct err *err);
/*
 * The exporter's answer as buildx writes it (values that are base64 of JSON
 * become JSON) plus image.name, containerimage.digest and tags. indent as in
 * jval_write, a final newline only when indented.
 */
void format_metadata(struct buf *out, const struct run_result *r, unsigned indent);
/* IMAGE, DIGEST, IMAGE_DIGEST, TAGS; unknown ones are empty. ERR_PROTO for a value of several
 * lines. */
int format_dotenv(struct buf *out, const struct run_result *r, struct err *err);
/* The same four as variable commands of Azure or TeamCity; nothing for other dialects. */
void format_variables(struct buf *out, enum progress_ci ci, const struct run_result *r);
/* One compact Markdown table. */
void format_summary(struct buf *out, const struct run_result *r);

struct outputs {
	const char *metadata_file; /* NULL: not asked for */
	const char *iidfile;
	const char *env_file;
	bool quiet;      /* -q */
	bool summary;    /* configuration wants a job summary */
	bool image_name; /* the image-name output is still to be written; needs a digest */
	bool digest;     /* the digest may become an output */
};

/* The "image-name" output, written before the first solve so that it is there even if that fails.
 */
void outputs_image_name(const struct env *env, struct log *log, const char *image);
/* Nobody should lose a finished build to a folder that is not there: ERR_SYS names the flag. */
int outputs_check(
	const char *metadata_file, const char *iidfile, const char *env_file, struct err *err);
/*
 * Everything at the end of a run: standard output, files by flag, CI outputs
 * and variables. All are tried; ERR_SYS is the first one of those asked for by
 * the user that could not be written.
 */
int outputs_write(struct console *c, const struct env *env, const struct outputs *want,
	const struct run_result *r, struct err *err);

#endif
