/*
 * The folder 'exported' in the context: files of export stages. They are
 * collected in a hidden folder inside of it and take its place as a whole when
 * the export has succeeded; nothing else in the context is touched.
 */
#ifndef CMD_EXPORTED_H
#define CMD_EXPORTED_H

#include <stdbool.h>

struct err;

struct exported {
	int parent;  /* the context, or -1 */
	int dir;     /* of 'exported', or -1 */
	int staging; /* where a solve may write, or -1 */
	char name[48];
	bool made; /* 'exported' was not there before, and nothing was published yet */
};

#define EXPORTED_NAME "exported"

/*
 * Makes the folders below the context's directory, and removes what ended
 * processes left there. A symlink of that name is refused.
 */
int exported_open(struct exported *e, const char *context, struct err *err);
/* What was there before gives way to what has been collected; on failure it stays. */
int exported_publish(struct exported *e, struct err *err);
/* Removes what was not published. Safe on EXPORTED_NONE. */
void exported_close(struct exported *e);
#define cleanup_exported CLEANUP(exported_close)
#define EXPORTED_NONE \
	{ \
		.parent = -1, .dir = -1, .staging = -1 \
	}

#endif
