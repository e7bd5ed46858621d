/* A child process as a connection: its standard output is read, its standard input written. */
#ifndef NET_PROCESS_H
#define NET_PROCESS_H

struct conn;
struct err;

/*
 * Starts argv[0] (base/proc.h). The connection's diagnosis is the exit status and
 * what the process said on standard error. ERR_NET when it cannot be started.
 */
struct conn *conn_process(char *const argv[], struct err *err);

#endif
