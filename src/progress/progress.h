/*
 * Shows a running build: the updates of a daemon (buildkit/event.h) as lines,
 * as a redrawn terminal screen, as JSON, or not at all.
 *
 * The caller owns the clock. Every 'now_ns' is clock_wall_ns(). After each
 * progress_update and each progress_tick the caller arranges for progress_tick
 * to be called at the returned time, the same scale, or not at all when that is
 * PROGRESS_IDLE:
 *
 *	p = progress_new(&options, &err);
 *	progress_begin(p, "stage 'build'", now);   one Solve after the other
 *	    next = progress_update(p, &update);    for each StatusResponse
 *	    next = progress_tick(p, now);          by a timer
 *	progress_end(p, now);                      nothing is pending afterwards
 *	progress_failure(p);                       only if the Solve failed
 *	progress_done(p, now);
 *	progress_warnings(p, verbose);
 *	progress_free(p);
 *
 * Everything goes to one descriptor, is written whole (waiting if the
 * descriptor is not ready), and is dropped for good once writing has failed: a
 * closed standard error does not end a build. The process must ignore SIGPIPE.
 *
 * What the build and the daemon say is not trusted: apart from colours no
 * control sequence and no CI command in it reaches the output.
 */
#ifndef PROGRESS_PROGRESS_H
#define PROGRESS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct bk_source;
struct bk_update;
struct env;
struct err;
struct log;
struct progress;

enum { PROGRESS_IDLE = -1 };

enum progress_mode {
	PROGRESS_AUTO, /* tty on a terminal, else plain */
	PROGRESS_PLAIN,
	PROGRESS_TTY,
	PROGRESS_RAWJSON,
	PROGRESS_QUIET, /* only failures and our own warnings */
};

/* Whose commands fold and annotate the log, and must not come out of a build. */
enum progress_ci {
	PROGRESS_CI_NONE,
	PROGRESS_CI_GITHUB, /* and Gitea, Forgejo */
	PROGRESS_CI_GITLAB,
	PROGRESS_CI_AZURE,
	PROGRESS_CI_TEAMCITY,
	PROGRESS_CI_BUILDKITE,
	PROGRESS_CI_OTHER, /* a CI without commands */
};

/* Parameters of the SGR sequence ("31", "38;5;12"); empty is no colour. */
struct progress_palette {
	char run[16], cancel[16], warning[16], error[16];
};

/* Start from {0} or progress_options_from_env; strings are copied by progress_new. */
struct progress_options {
	enum progress_mode mode;
	enum progress_ci ci;
	int fd;
	bool terminal;          /* fd is one */
	unsigned width, height; /* of the terminal, 0 is unknown */
	bool no_color;
	bool dumb;                       /* a terminal without cursor movement: auto means plain */
	bool cut_names;                  /* plain: step names are cut after 72 bytes */
	unsigned log_lines;              /* tty: wanted lines of output per step, 0 is 6 */
	unsigned rate_ms;                /* between two redraws, 0 is the default */
	struct progress_palette palette; /* all empty: the default one */
	const char *description; /* who builds: the "#0" line, the right end of the tty head */
	const char *source_path; /* the Dockerfile in the repository, for annotations; or NULL */
	const char *token;       /* for tests: the word that ends stop-commands; NULL is random */
};

/* The word of --progress or BUILDKIT_PROGRESS; empty is auto. ERR_USAGE names the known ones. */
int progress_mode_parse(const char *word, enum progress_mode *mode, struct err *err);
/* What log commands a provider understands, by its id as in 'info --json'. */
enum progress_ci progress_ci_of(const char *provider);
/*
 * Fills in what the environment decides: mode (BUILDKIT_PROGRESS, only while it
 * is auto), colours, rate, log lines, name cutting. Bad colours are told to log
 * and ignored. ERR_USAGE for an unknown mode.
 */
int progress_options_from_env(
	struct progress_options *o, const struct env *env, struct log *log, struct err *err);

/* NULL and ERR_USAGE: tty was asked for and fd is no terminal. */
struct progress *progress_new(const struct progress_options *o, struct err *err);
void progress_free(struct progress *p);
/* What auto became. */
enum progress_mode progress_mode_of(const struct progress *p);

/*
 * Starts a Solve. Steps are known per Solve: the same digest in a later one is
 * a new step with a new number. The title (may be NULL) heads a foldable
 * section of the CI log, or the tty screen.
 */
void progress_begin(struct progress *p, const char *title, int64_t now_ns);
int64_t progress_update(struct progress *p, const struct bk_update *u);
int64_t progress_tick(struct progress *p, int64_t now_ns);
/* Shows all that is left of the Solve and closes the section. Safe without a Solve. */
void progress_end(struct progress *p, int64_t now_ns);
/* The last output of each step of the last Solve that failed; after progress_end. */
void progress_failure(struct progress *p);
/* progress_end, and the output is given back to the CI. Later notes are still shown. */
void progress_done(struct progress *p, int64_t now_ns);

/* A line of our own between the steps; not in rawjson and quiet mode. */
void progress_note(struct progress *p, const char *text, int64_t now_ns);
/* The same with "warning: " in front and in every mode; in rawjson mode as an object. */
void progress_warn(struct progress *p, const char *text, int64_t now_ns);
/* The terminal has a new size. */
void progress_resize(struct progress *p, unsigned width, unsigned height);

/*
 * The warnings of all Solves, each once, with details and source lines when
 * verbose; and as annotations where the CI has them. After progress_done. Not
 * in rawjson and quiet mode.
 */
void progress_warnings(struct progress *p, bool verbose);

/*
 * Pure: the lines of src that its ranges mark, with their neighbours, as the
 * reference clients lay them out. Nothing when there is no range or it lies
 * outside the text. Control characters are left out, CI commands are not.
 */
void progress_snippet(struct buf *out, const struct bk_source *src);
/* Prints it where progress_failure prints, and as safely; after progress_end. */
void progress_source(struct progress *p, const struct bk_source *src);

enum progress_level { PROGRESS_WARNING, PROGRESS_ERROR };
/*
 * Pure: a line that makes the CI show text beside a place in the source, or
 * nothing when it has no such command. file may be NULL, line 0: no place.
 * Not while a Solve is on: GitHub ignores commands then.
 */
void progress_annotation(struct buf *out, enum progress_ci ci, enum progress_level level,
	const char *file, int32_t line, struct str text);

/*
 * Pure: text from outside for the log of a CI: no control characters (line
 * feeds and tabs stay, colours when asked for), valid UTF-8, no CI command
 * that would be obeyed, be it in the middle of a line.
 */
void progress_clean(struct buf *out, struct str text, enum progress_ci ci, bool colors);
/*
 * Pure: appends text as data, or as the value of a property, of a command of the CI;
 * as it is where there are none. NUL has no form in any of them.
 */
void progress_escape(struct buf *out, enum progress_ci ci, struct str text, bool property);

#endif
