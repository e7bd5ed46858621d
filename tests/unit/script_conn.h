/*
 * A connection without a peer: what it reads is written beforehand, what is
 * written to it can be looked at. Nothing waits and nothing depends on time.
 */
#ifndef SCRIPT_CONN_H
#define SCRIPT_CONN_H

#include "base/buf.h"

struct conn;

enum script_end {
	SCRIPT_CLOSES, /* after the last byte the stream ends */
	SCRIPT_SILENT, /* it stays open and says no more */
	SCRIPT_BREAKS  /* reading fails: connection reset */
};

/* Set up by the test; must outlive the connection. */
struct script {
	struct str in; /* what the peer says */
	size_t piece;  /* bytes per read, 0: as many as are asked for */
	bool pauses;   /* every other read finds nothing there yet */
	enum script_end end;
	size_t write_piece; /* bytes taken per write, 0: all */
	bool deaf;          /* writing fails: broken pipe */

	struct buf written;
	size_t reads;
	bool closed;
};

struct conn *script_conn(struct script *s);
void script_release(struct script *s);
#define cleanup_script CLEANUP(script_release)

#endif
