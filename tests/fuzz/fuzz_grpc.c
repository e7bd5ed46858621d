/*
 * Bytes of a peer to a gRPC machine, as client with an open call or as server: whole, and cut as
 * the input says. Both deliver the same messages; nothing is left when it is over.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "net/grpc.h"

struct seen {
	size_t opened, closed, ended;
	size_t messages, bytes;
	unsigned sum;
	int last;
};

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct seen *s = arg;
	size_t i;

	s->messages++;
	s->bytes += msg.len;
	for (i = 0; i < msg.len; i++)
		s->sum = s->sum * 31 + (unsigned char)msg.s[i];
	if (msg.len == 7)
		grpc_call_cancel(call);
	if (msg.len == 8)
		grpc_call_finish(call, GRPC_OK, "8");
}

static void
on_end(struct grpc_call *call, void *arg)
{
	struct seen *s = arg;

	s->ended++;
	grpc_call_want(call, true);
}

static void
on_produce(struct grpc_call *call, size_t room, void *arg)
{
	(void)room;
	(void)arg;
	grpc_call_send(call, "answer", 6);
	grpc_call_finish(call, GRPC_NOT_FOUND, "no \xff");
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct seen *s = arg;

	(void)call;
	s->closed++;
	s->last = st->code + (st->lost ? 100 : 0);
	if (memchr(st->message.s ? st->message.s : "", 1, st->message.len))
		s->last += 1000;
}

static const struct grpc_call_ops ops = {on_message, on_end, on_produce, on_close};

static void
on_call(struct grpc_call *call, struct str path, void *arg)
{
	struct seen *s = arg;

	s->opened++;
	grpc_call_serve(call, &ops, s);
	if (str_is(path, "/no"))
		grpc_call_finish(call, GRPC_UNIMPLEMENTED, NULL);
}

static const struct grpc_server_ops server_ops = {on_call};

static void
drain(struct grpc_conn *c)
{
	cleanup_buf struct buf out = {0};
	size_t before, rounds = 0;

	do {
		before = out.len;
		if (grpc_conn_output(c, &out, before + 65536, NULL))
			break;
		if (rounds++ > 1000)
			__builtin_trap();
	} while (out.len > before);
}

/* step 0: whole */
static void
run(struct str in, bool server, size_t step, struct seen *s)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	struct grpc_conn *c =
		server ? grpc_server_new(&server_ops, s) : grpc_client_new("localhost", "http");
	size_t n;

	if (server) {
		(void)grpc_conn_receive(c, str_from(preface), NULL);
	} else {
		grpc_call_send(grpc_call_start(c, "/a/b", NULL, 0, &ops, s), "question", 8);
		grpc_call_end(grpc_call_start(c, "/c/d", NULL, 0, &ops, s));
		s->opened = 2;
	}
	drain(c);
	while (in.len) {
		n = step && step < in.len ? step : in.len;
		if (grpc_conn_receive(c, str_first(in, n), NULL))
			break;
		in = str_from_off(in, n);
	}
	drain(c);
	grpc_conn_free(c);
	if (s->opened != s->closed)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = {0}, pieces = {0};
	struct str in = str_n((const char *)data + 2, size - 2);

	if (size < 2)
		return 0;
	run(in, data[0] & 1, 0, &whole);
	run(in, data[0] & 1, 1u + data[1] % 32, &pieces);
	if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
		__builtin_trap();
	return 0;
}
