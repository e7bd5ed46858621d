/*
 * Moves bytes between a connection and the gRPC machine that speaks over it,
 * inside the loop.
 */
#ifndef NET_PUMP_H
#define NET_PUMP_H

struct conn;
struct err;
struct grpc_conn;
struct loop;
struct pump;

/*
 * Borrows all three. When the stream ends or breaks, 'lost' is called once, after
 * the open calls were closed as lost; why is empty for an orderly end.
 */
struct pump *pump_new(struct loop *l, struct conn *c, struct grpc_conn *g,
	void (*lost)(const struct err *why, void *arg), void *arg);
void pump_free(struct pump *p);

#endif
