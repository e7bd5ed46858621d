#include "registry/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/tls_env.h"
#include "net/trust.h"
#include "registry/exchange.h"

/* ---- addresses -------------------------------------------------------------- */

const char *
wire_resolve(struct arena *a, const char *base, struct str location)
{
	struct str whole = str_from(base), dir;
	ptrdiff_t scheme = str_search(whole, STR("://")), at;

	/* "name://": the address is complete; anything else with ':' is a path */
	at = str_search(location, STR("://"));
	if (at > 0 && str_find(str_first(location, (size_t)at), '/') < 0)
		return arena_str(a, location);
	if (scheme < 0)
		return arena_str(a, location);
	if (str_starts(location, STR("//")))
		return arena_fmt(a, STR_FMT ":" STR_FMT, (int)scheme, base, STR_ARG(location));
	dir = str_from_off(whole, (size_t)scheme + 3);
	at = str_find(dir, '/');
	if (str_starts(location, STR("/"))) {
		dir = at < 0 ? whole : str_first(whole, (size_t)(scheme + 3 + at));
		return arena_fmt(a, STR_FMT STR_FMT, STR_ARG(dir), STR_ARG(location));
	}
	if (at < 0)
		return arena_fmt(a, "%s/" STR_FMT, base, STR_ARG(location));
	/* '/' also stands in queries, which are no part of the folder */
	at = str_find(whole, '?');
	if (at >= 0)
		whole.len = (size_t)at;
	at = str_starts(location, STR("?")) ? (ptrdiff_t)whole.len - 1 : str_rfind(whole, '/');
	return arena_fmt(
		a, STR_FMT STR_FMT, STR_ARG(str_first(whole, (size_t)at + 1)), STR_ARG(location));
}

bool
wire_same_origin(const struct url *a, const struct url *b)
{
	return !strcmp(a->scheme, b->scheme) && str_iis(str_from(a->host), b->host) &&
	       !strcmp(exchange_port(a), exchange_port(b));
}

static bool
is_private4(uint32_t ip)
{
	static const struct {
		uint32_t net;
		int bits;
	} nets[] = {
		{0x00000000, 8},  /* this host */
		{0x0a000000, 8},  /* private use */
		{0x64400000, 10}, /* carriers' */
		{0x7f000000, 8},  /* loopback */
		{0xa9fe0000, 16}, /* link-local: metadata services */
		{0xac100000, 12},
		{0xc0a80000, 16},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(nets); i++)
		if ((ip ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return true;
	return false;
}

bool
wire_is_private(const char *host)
{
	struct in6_addr six;
	struct in_addr four;
	uint32_t last;

	/* also the old forms "0x7f.1" and "2130706433", which resolvers take */
	if (inet_aton(host, &four))
		return is_private4(ntohl(four.s_addr));
	if (inet_pton(AF_INET6, host, &six) != 1)
		return wire_is_loopback(host);
	if (IN6_IS_ADDR_V4MAPPED(&six) || IN6_IS_ADDR_V4COMPAT(&six)) {
		memcpy(&last, six.s6_addr + 12, sizeof(last));
		return is_private4(ntohl(last));
	}
	return IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_UNSPECIFIED(&six) ||
	       IN6_IS_ADDR_LINKLOCAL(&six) || (six.s6_addr[0] & 0xfe) == 0xfc;
}

bool
wire_is_loopback(const char *host)
{
	struct str name = str_from(host);
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	if (str_ends(name, STR(".")))
		name.len--;
	if (name.len > strlen(".localhost"))
		name = str_from_off(name, name.len - strlen(".localhost"));
	return str_iis(name, "localhost") || str_iis(name, ".localhost");
}

int
wire_allows(const struct wire *w, const struct url *u, bool plain, struct err *err)
{
	bool own = str_iis(str_from(u->host), w->host), https = !strcmp(u->scheme, "https");

	if (!https && strcmp(u->scheme, "http") != 0)
		return err_set(err, ERR_PROTO, "'%s://' is no address for a registry", u->scheme);
	if (!*u->host || u->user)
		return err_set(err, ERR_PROTO, "an address without host, or with a user in it");
	if (!https && !(plain && (own || w->insecure)))
		return err_set(
			err, ERR_PROTO, "'http://%s' would carry secrets in the clear", u->host);
	if (wire_is_private(u->host) && !own && !w->insecure)
		return err_set(err, ERR_PROTO, "'%s' is an address of a private network", u->host);
	return 0;
}

/* ---- opening ---------------------------------------------------------------- */

int
wire_open(struct wire *w, const char *server, bool insecure, const char *ca, const struct env *env,
	struct err *err)
{
	const char *dirs[TLS_HOST_DIRS + 1];
	struct tls_files files = {0};
	struct url u;
	size_t i;

	*w = (struct wire){.env = env, .insecure = insecure};
	if (url_parse(&w->arena, arena_fmt(&w->arena, "https://%s", server), &u, err) || !*u.host ||
		u.user || *u.path || u.query)
		return err_set(err, ERR_CONFIG, "'%s' is no host of a registry", server);
	w->host = u.host;
	w->port = u.port;
	w->trust = trust_new(clock_wall_ns() / 1000000000);
	tls_env_host_dirs(&w->arena, env, server, dirs);
	/* insecure is the registry alone: its token server, and where it redirects to, are not */
	if (trust_add_system(w->trust, env, err) || (ca && trust_add_file(w->trust, ca, err)))
		return -1;
	for (i = 0; dirs[i]; i++)
		trust_add_dir(w->trust, dirs[i], ".crt");
	for (i = 0; dirs[i]; i++)
		if (tls_host_identity(&w->arena, dirs[i], &files)) {
			w->identity = tls_identity_load(files.cert, files.key, err);
			return w->identity ? 0 : -1;
		}
	return 0;
}

void
wire_close(struct wire *w)
{
	trust_free(w->trust);
	tls_identity_free(w->identity);
	arena_release(&w->arena);
	*w = (struct wire){.env = NULL};
}

/* ---- one exchange ----------------------------------------------------------- */

static void
keep_head(struct wire_reply *reply, const struct http_head *h)
{
	size_t i;

	reply->head.minor = h->minor;
	reply->head.status = h->status;
	reply->head.reason = arena_dup(&reply->arena, h->reason);
	for (i = 0; i < h->n; i++)
		reply->head.fields[i] =
			(struct http_field){arena_dup(&reply->arena, h->fields[i].name),
				arena_dup(&reply->arena, h->fields[i].value)};
	reply->head.n = h->n;
}

static int
read_body(const struct wire_request *req, struct http_response *resp, struct wire_reply *reply,
	int64_t deadline, struct err *err)
{
	bool good = resp->head.status < 300;

	buf_init(&reply->body, good && req->max > LIMIT_ERROR_BODY ? req->max : LIMIT_ERROR_BODY);
	if (http_body_all(resp, good ? req->max : LIMIT_ERROR_BODY, &reply->body, deadline,
		    good ? err : NULL) == 0)
		return 0;
	/* of an error's words some will do */
	reply->lost = good && err->kind != ERR_LIMIT && resp->in.len == resp->at;
	return good ? -1 : 0;
}

/*
 * Whether a connection that could not be made was there for a moment, came too late, or
 * could be made before: where nobody has listened so far nobody is going to.
 */
static bool
was_lost(const struct wire *w, const struct err *why)
{
	if (why->kind != ERR_NET)
		return false;
	return why->code == ECONNRESET || why->code == EPIPE || why->code == ETIMEDOUT ||
	       why->code == EAGAIN || (w->reached && why->code == ECONNREFUSED);
}

static int
exchange(struct wire *w, const struct wire_request *req, const struct url *u,
	struct wire_reply *reply, int64_t deadline, struct err *err)
{
	bool own = str_iis(str_from(u->host), w->host);
	struct tls_options tls = {.trust = w->trust,
		.insecure = own && w->insecure,
		.identity = own ? w->identity : NULL};
	struct exchange x = {.env = w->env, .url = u, .tls = &tls};
	cleanup_conn struct conn *c = NULL;
	cleanup_http_response struct http_response resp = {0};
	struct http_extra fields[5];
	struct http_request r = {.method = req->method, .fields = fields};
	struct err why = {0};

	reply->head.status = 0;
	fields[r.nfields++] = (struct http_extra){"Connection", STR("close")};
	if (w->agent)
		fields[r.nfields++] = (struct http_extra){"User-Agent", str_from(w->agent)};
	if (req->accept)
		fields[r.nfields++] = (struct http_extra){"Accept", str_from(req->accept)};
	if (req->authorization.len)
		fields[r.nfields++] = (struct http_extra){"Authorization", req->authorization};
	if (req->content_range)
		fields[r.nfields++] =
			(struct http_extra){"Content-Range", str_from(req->content_range)};
	r.content_type = req->content_type;
	r.body = req->body;
	r.source = req->source;
	if (exchange_start(&x, &reply->arena, &r, &resp, &c, deadline, &why))
		reply->lost = c ? why.kind == ERR_NET : was_lost(w, &why);
	else
		keep_head(reply, &resp.head);
	w->reached = w->reached || reply->head.status;
	if (req->source)
		deadline = deadline_in(req->source->patience_ms);
	if (req->streams && reply->head.status == 200) {
		reply->stream = resp;
		reply->conn = steal_ptr(&c);
		resp = (struct http_response){.conn = NULL};
		return 0;
	}
	if (reply->head.status && read_body(req, &resp, reply, deadline, &why) == 0)
		return 0;
	if (err)
		*err = why;
	return -1;
}

/* ---- redirects -------------------------------------------------------------- */

static bool
is_redirect(const struct wire_request *req, const struct http_head *h)
{
	bool reads = !strcmp(req->method, "GET") || !strcmp(req->method, "HEAD");

	if (!http_head_get(h, "location").s)
		return false;
	return h->status == 307 || h->status == 308 ||
	       (reads && (h->status == 301 || h->status == 302 || h->status == 303));
}

int
wire_send(struct wire *w, const struct wire_request *req, struct wire_reply *reply,
	int64_t deadline, struct err *err)
{
	struct wire_request r = *req;
	struct url first, u;
	int turn;

	*reply = (struct wire_reply){.url = req->url};
	if (url_parse(&reply->arena, req->url, &first, err))
		return err_wrap(err, "'%s'", req->url);
	u = first;
	for (turn = 0;; turn++) {
		if (exchange(w, &r, &u, reply, deadline, err))
			return -1;
		if (!is_redirect(req, &reply->head))
			return 0;
		if (turn == WIRE_REDIRECTS_MAX)
			return err_set(err, ERR_PROTO, "'%s' redirects more than %d times",
				first.host, WIRE_REDIRECTS_MAX);
		reply->url = wire_resolve(
			&reply->arena, reply->url, http_head_get(&reply->head, "location"));
		if (url_parse(&reply->arena, reply->url, &u, err) ||
			wire_allows(w, &u, !strcmp(first.scheme, "http"), err))
			return err_wrap(err, "'%s' redirects", first.host);
		if (!wire_same_origin(&first, &u)) {
			reply->foreign = true;
			r.authorization = (struct str){0};
		}
		/* to send all of it in vain may have taken any time */
		if (r.source)
			deadline = deadline_in(r.source->patience_ms);
		if (reply->foreign && r.body.len)
			return err_set(err, ERR_PROTO, "'%s' redirects what is sent to it to '%s'",
				first.host, u.host);
		buf_release(&reply->body);
	}
}

ssize_t
wire_read(struct wire_reply *reply, struct str *piece, int64_t deadline, struct err *err)
{
	return http_body_read(&reply->stream, piece, deadline, err);
}

void
wire_reply_release(struct wire_reply *reply)
{
	http_response_release(&reply->stream);
	conn_closep(&reply->conn);
	buf_wipe(&reply->body);
	arena_release(&reply->arena);
	reply->head.n = 0;
}
