#include "registry/exchange.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/http.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/tls_env.h"
#include "net/url.h"

static const char *
default_port(const struct url *u)
{
	return strcmp(u->scheme, "https") == 0 ? "443" : "80";
}

const char *
exchange_port(const struct url *u)
{
	return u->port ? u->port : default_port(u);
}

static struct conn *
dial(const struct exchange *x, int64_t deadline, struct err *err)
{
	static const char *const http1[] = {"http/1.1", NULL};
	const char *host = x->url->host, *port = exchange_port(x->url);
	bool https = !strcmp(x->url->scheme, "https");
	struct tls_files system = {0};
	struct tls_options o;
	struct conn *c;

	c = x->direct ? dial_tcp(host, port, deadline, err)
		      : proxy_dial(x->env, https, host, port, deadline, err);
	if (!c || !https)
		return c;
	if (!x->tls)
		return tls_connect_files(
			c, x->files ? x->files : &system, host, http1, x->env, deadline, err);
	o = *x->tls;
	o.server_name = host;
	o.alpn = http1;
	return tls_connect(c, &o, deadline, err);
}

int
exchange_start(const struct exchange *x, struct arena *a, struct http_request *req,
	struct http_response *resp, struct conn **c, int64_t deadline, struct err *err)
{
	const struct url *u = x->url;
	bool six = strchr(u->host, ':') != NULL;
	bool named = u->port && strcmp(u->port, default_port(u)) != 0;

	req->host = arena_fmt(a, "%s%s%s%s%s", six ? "[" : "", u->host, six ? "]" : "",
		named ? ":" : "", named ? u->port : "");
	req->target = arena_fmt(a, "%s%s%s", *u->path ? u->path : "/", u->query ? "?" : "",
		u->query ? u->query : "");
	*c = dial(x, deadline, err);
	return *c ? http_exchange(*c, req, resp, deadline, err) : -1;
}

int
exchange_pause(int64_t ms, struct err *err)
{
	int64_t until = deadline_in(ms);

	while (deadline_poll(until) > 0) {
		if (interrupt_check(err))
			return -1;
		interrupt_poll(NULL, 0, deadline_poll(until));
	}
	return interrupt_check(err);
}
