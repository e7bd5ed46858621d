/*
 * Command lines: what the flags are and what was given.
 *
 * One table per verb (flags.h) drives parsing, help and shell completion.
 * Texts borrow from argv, normalised ones live in the arena. Nothing is
 * printed here: errors are ERR_USAGE and name the flag, remarks are in notes.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct err;

/* Flags that act before the verb does, in command line order. */
enum early_action { EARLY_VERBOSE, EARLY_VERSION, EARLY_CONFIG, EARLY_MAX };

struct tool;

/* First member of every options struct. */
struct common_options {
	const struct tool *tool; /* whose command line it was */
	bool help;
	bool verbose;
	enum early_action early[EARLY_MAX]; /* each at most once */
	size_t n_early;
	const char *file;     /* --file as given; "-" is standard input */
	const char *path;     /* PATH as given, "." without one */
	struct strlist args;  /* all positional arguments */
	struct strlist notes; /* one line each for log_warn */
};

struct build_options {
	struct common_options common;

	struct strlist build_args; /* "K=V", "K=" or "K"; commas are part of V */
	bool no_login;
	bool no_pull;
	const char *platform; /* comma list as given; NULL when absent or empty */

	const char *target;         /* NULL: everything */
	struct strlist tags;        /* references as given */
	struct strlist labels;      /* "k=v" or "k" */
	struct strlist annotations; /* "[level[,level]:]k=v" */
	struct strlist secrets;     /* "id=X[,src=F|,env=E]" */
	struct strlist ssh;         /* "ID[=SOCKET|KEY[,KEY]]" */
	struct strlist cache_from;  /* "type=X,..." or a reference */
	struct strlist cache_to;
	bool no_cache;
	struct strlist no_cache_filter; /* stage names, each perhaps a comma list */
	struct strlist outputs;         /* "type=X,..." or a folder or "-" */
	bool push;
	bool load;
	struct strlist build_contexts; /* "name=value" */
	struct strlist add_hosts;      /* normalised: "name=ip", ip may be host-gateway */
	const char *network;           /* "default", "none", "host"; NULL when absent */
	uint64_t shm_size;             /* bytes; 0 when absent */
	struct strlist ulimits;        /* "name=soft" or "name=soft:hard" */
	struct strlist allow;
	struct strlist attests; /* "type=X,..." */
	const char *provenance; /* "true", "false", "mode=max,..."; NULL when absent */
	const char *sbom;
	const char *progress; /* one of auto plain tty rawjson quiet; never NULL */
	const char *metadata_file;
	const char *iidfile;
	bool quiet;

	bool dry_run;
	bool no_stages;
	const char *builder; /* NULL when absent or empty */
	int64_t retry_for;   /* milliseconds; 0 is off */
	const char *env_file;
	bool context_report;
};

struct push_options {
	struct common_options common;

	const char *from; /* an image layout to publish; NULL: what the Engine has */
	bool no_login;
	bool no_stages;
	bool quiet;
	int64_t retry_for; /* milliseconds; 0 is off */
	const char *metadata_file;
	const char *env_file;
};

struct info_options {
	struct common_options common;

	bool json;
	const char *platform;
	const char *builder;
};

struct doctor_options {
	struct common_options common;

	const char *builder;
};

/*
 * argv[0] is the verb, NULL-terminated. Fill *o completely, defaults included.
 * A command line that cannot be read is an error even beside --help.
 */
int build_options_parse(
	struct build_options *o, int argc, char **argv, struct arena *a, struct err *err);
int push_options_parse(
	struct push_options *o, int argc, char **argv, struct arena *a, struct err *err);
int info_options_parse(
	struct info_options *o, int argc, char **argv, struct arena *a, struct err *err);
int doctor_options_parse(
	struct doctor_options *o, int argc, char **argv, struct arena *a, struct err *err);
/* For the verbs that have only the common flags: version, help, completion. */
int plain_options_parse(struct common_options *o, const struct tool *tool, int argc, char **argv,
	struct arena *a, struct err *err);

#endif
