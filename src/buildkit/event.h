/*
 * What a daemon says about a running build: one StatusResponse of the
 * moby.buildkit.v1 Control service as plain structs, without protobuf types,
 * so that it can be decoded in one room and shown in another.
 *
 * Everything is borrowed and valid only during the call that hands it over.
 * Texts may hold any bytes. Times are nanoseconds since the Unix epoch on the
 * daemon's clock, 0 is unset. Lists are pointer and count.
 */
#ifndef BUILDKIT_EVENT_H
#define BUILDKIT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* A build step. A later message with the same digest replaces what it says. */
struct bk_vertex {
	struct str digest; /* the key */
	struct str name;
	const struct str *inputs; /* digests */
	size_t ninputs;
	bool cached;
	int64_t started_ns;
	int64_t completed_ns;
	struct str error;    /* empty: none */
	struct str group_id; /* empty: the step is in no progress group */
	struct str group_name;
	bool group_weak;
};

/* A part of a step that counts something, keyed by vertex and id. */
struct bk_status {
	struct str id;
	struct str vertex; /* digest */
	struct str name;
	int64_t current;
	int64_t total; /* 0: unknown */
	int64_t timestamp_ns;
	int64_t started_ns;
	int64_t completed_ns;
};

/* Output of a step, cut anywhere. */
struct bk_log {
	struct str vertex;
	int64_t timestamp_ns;
	int64_t stream; /* 1 standard output, 2 standard error */
	struct str data;
};

/* Lines count from 1, characters from 0. */
struct bk_range {
	int32_t start_line, start_char;
	int32_t end_line, end_char;
};

/* Places in a source file; also what errdefs.Source details of a failure say. */
struct bk_source {
	struct str filename;
	struct str data; /* the whole file */
	struct str language;
	const struct bk_range *ranges;
	size_t nranges;
};

struct bk_warning {
	struct str vertex;
	int64_t level;
	struct str text; /* the one-line form, "short" on the wire */
	const struct str *details;
	size_t ndetails;
	struct str url;
	struct bk_source source; /* filename and data empty: none */
};

struct bk_update {
	const struct bk_vertex *vertexes;
	size_t nvertexes;
	const struct bk_status *statuses;
	size_t nstatuses;
	const struct bk_log *logs;
	size_t nlogs;
	const struct bk_warning *warnings;
	size_t nwarnings;
	int64_t received_ns; /* when it arrived, on our own clock (clock_wall_ns) */
};

#endif
