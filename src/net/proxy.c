#include "net/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/tls_env.h"
#include "net/url.h"

/* An address of either kind, as bytes. */
struct address {
	unsigned char bytes[16];
	size_t len; /* 4, 16, or 0: it is none */
};

static struct address
address_of(struct str text)
{
	struct address a = {.len = 0};
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(copy))
		return a;
	memcpy(copy, text.s, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, a.bytes) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, copy, a.bytes) == 1)
		a.len = 16;
	return a;
}

static bool
is_loopback(const char *host)
{
	static const unsigned char six[16] = {[15] = 1};
	struct str name = str_from(host);
	struct address a = address_of(name);

	if (a.len == 4)
		return a.bytes[0] == 127;
	if (a.len == 16)
		return memcmp(a.bytes, six, 16) == 0;
	return str_iis(name, "localhost");
}

/* ---- exceptions ------------------------------------------------------------- */

static bool
in_range(const struct address *a, const struct address *net, uint64_t bits)
{
	size_t whole = (size_t)bits / 8;
	unsigned rest = (unsigned)bits % 8;

	if (a->len != net->len || bits > a->len * 8 || memcmp(a->bytes, net->bytes, whole) != 0)
		return false;
	return rest == 0 || (a->bytes[whole] ^ net->bytes[whole]) >> (8 - rest) == 0;
}

/* Takes ":port" off the entry; false when there is one and it is another port. */
static bool
port_fits(struct str *entry, const char *port)
{
	ptrdiff_t colon = str_rfind(*entry, ':');
	struct str head = *entry;

	if (head.len > 1 && head.s[0] == '[') {
		ptrdiff_t close = str_find(head, ']');

		if (close < 0)
			return false;
		*entry = str_n(head.s + 1, (size_t)close - 1);
		head = str_from_off(head, (size_t)close + 1);
		return head.len == 0 || (str_take(&head, STR(":")) && str_is(head, port));
	}
	/* more than one colon is an IPv6 address without brackets */
	if (colon < 0 || str_find(head, ':') != colon)
		return true;
	*entry = str_first(head, (size_t)colon);
	return str_is(str_from_off(head, (size_t)colon + 1), port);
}

static bool
entry_covers(struct str entry, struct str host, const struct address *a, const char *port)
{
	struct str tail;
	struct address net;
	uint64_t bits;

	if (str_is(entry, "*"))
		return true;
	if (entry.len == 0 || !port_fits(&entry, port))
		return false;
	tail = entry;
	if (str_cut(&tail, '/', &entry)) {
		net = address_of(entry);
		return net.len && str_u64(tail, 10, &bits) && in_range(a, &net, bits);
	}
	if (a->len) {
		net = address_of(entry);
		return in_range(a, &net, net.len * 8);
	}
	str_take(&entry, STR("*"));
	str_take(&entry, STR("."));
	if (entry.len == 0 || entry.len > host.len)
		return false;
	tail = str_from_off(host, host.len - entry.len);
	return str_ieq(tail, entry) &&
	       (tail.len == host.len || host.s[host.len - tail.len - 1] == '.');
}

bool
proxy_exempts(const char *list, const char *host, const char *port)
{
	struct str rest = str_from(list), name = str_from(host), entry;
	struct address a = address_of(name);
	size_t i;

	if (str_ends(name, STR(".")))
		name.len--;
	while (rest.len) {
		for (i = 0; i < rest.len && !strchr(", \t", rest.s[i]); i++)
			;
		entry = str_first(rest, i);
		rest = str_from_off(rest, i + 1);
		if (entry_covers(entry, name, &a, port))
			return true;
	}
	return false;
}

/* ---- the choice ------------------------------------------------------------- */

static const char *
pick(const struct env *env, const char *const *names, const char **value)
{
	for (; *names; names++) {
		*value = env_get(env, *names);
		if (*value)
			return *names;
	}
	return NULL;
}

static int
read_proxy(struct arena *a, const char *value, struct proxy *out, struct err *err)
{
	cleanup_buf struct buf login = {0};
	struct url url;

	if (!strstr(value, "://"))
		value = arena_fmt(a, "http://%s", value);
	/* what is wrong with it could be a part of the password */
	if (url_parse(a, value, &url, NULL))
		return err_set(
			err, ERR_CONFIG, "%s is no address such as http://host:port", out->source);
	out->tls = strcmp(url.scheme, "https") == 0;
	if (!out->tls && strcmp(url.scheme, "http") != 0) {
		err_set(err, ERR_CONFIG, "%s: a proxy of kind '%s' is not supported", out->source,
			url.scheme);
		return err_hint(err, "use http://host:port or https://host:port");
	}
	if (!*url.host)
		return err_set(err, ERR_CONFIG, "%s names no host", out->source);
	out->host = url.host;
	out->port = url.port ? url.port : out->tls ? "443" : "80";
	if (url.user) {
		percent_decode(&login, str_from(url.user), false);
		if (str_find(buf_view(&login), ':') < 0)
			buf_putc(&login, ':');
		secret_set(&out->login, buf_view(&login));
		explicit_bzero(login.p, login.cap);
	}
	return 0;
}

int
proxy_find(struct arena *a, const struct env *env, bool https, const char *host, const char *port,
	struct proxy *out, struct err *err)
{
	static const char *const for_https[] = {
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
	static const char *const for_http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
	static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
	const char *value, *list = NULL;

	*out = (struct proxy){.host = NULL};
	out->source = pick(env, https ? for_https : for_http, &value);
	if (!out->source || is_loopback(host))
		return 0;
	if (pick(env, exceptions, &list) && proxy_exempts(list, host, port))
		return 0;
	return read_proxy(a, value, out, err);
}

void
proxy_release(struct proxy *p)
{
	secret_release(&p->login);
	*p = (struct proxy){.host = NULL};
}

/* ---- the tunnel ------------------------------------------------------------- */

static int
refused(const struct proxy *p, struct http_response *resp, const char *target, struct err *err)
{
	int status = resp->head.status;

	if (status == 407) {
		err_setc(err, ERR_AUTH, status, "the proxy '%s:%s' (%s) %s", p->host, p->port,
			p->source,
			secret_is_set(&p->login) ? "does not accept the credentials"
						 : "wants credentials");
		return err_hint(err, "write them into %s: http://USER:PASSWORD@%s:%s", p->source,
			p->host, p->port);
	}
	return err_setc(err, ERR_REMOTE, status,
		"the proxy '%s:%s' (%s) does not connect to '%s': %d " STR_FMT, p->host, p->port,
		p->source, target, status, STR_ARG(str_first(resp->head.reason, 200)));
}

static void
put_login(struct buf *field, const struct proxy *p)
{
	buf_puts(field, "Basic ");
	base64_encode(field, secret_reveal(&p->login), BASE64_STD);
}

static int
ask(struct conn *c, const struct proxy *p, const char *target, struct http_response *resp,
	int64_t deadline, struct err *err)
{
	struct buf out = {0}, login = {0};
	int rc = 0;

	/* room for all, so that no copy of the login stays behind */
	buf_reserve(&login, 2 * p->login.len + 16, NULL);
	buf_reserve(&out, 2 * p->login.len + 2 * strlen(target) + 128, NULL);
	/* the target is an authority here, so the line is not one of http_request_start */
	buf_addf(&out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
	if (secret_is_set(&p->login)) {
		put_login(&login, p);
		rc = http_field_write(&out, "Proxy-Authorization", buf_view(&login), err);
	}
	http_head_end(&out);
	if (rc == 0)
		rc = conn_write_all(c, out.p, out.len, deadline, err);
	buf_wipe(&login);
	buf_wipe(&out);
	return rc ? rc : http_receive(c, resp, deadline, err);
}

struct conn *
proxy_tunnel(struct conn *below, const struct proxy *p, const char *host, const char *port,
	int64_t deadline, struct err *err)
{
	cleanup_free char *target = xasprintf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	cleanup_http_response struct http_response resp = {0};
	cleanup_conn struct conn *c = below;

	if (ask(c, p, target, &resp, deadline, err)) {
		err_wrap(err, "proxy '%s:%s' (%s)", p->host, p->port, p->source);
		return NULL;
	}
	if (resp.head.status < 200 || resp.head.status > 299) {
		refused(p, &resp, target, err);
		return NULL;
	}
	c = conn_prefixed(c, http_rest(&resp));
	free(c->name);
	c->name = steal_ptr(&target);
	return steal_ptr(&c);
}

struct conn *
proxy_connect(const struct proxy *p, const struct env *env, const char *host, const char *port,
	int64_t deadline, struct err *err)
{
	static const char *const http1[] = {"http/1.1", NULL};
	struct conn *c = dial_tcp(p->host, p->port, deadline, err);
	struct tls_files none = {0};

	if (c && p->tls)
		c = tls_connect_files(c, &none, p->host, http1, env, deadline, err);
	if (!c) {
		err_wrap(err, "proxy of %s", p->source);
		return NULL;
	}
	return proxy_tunnel(c, p, host, port, deadline, err);
}

struct conn *
proxy_dial(const struct env *env, bool https, const char *host, const char *port, int64_t deadline,
	struct err *err)
{
	cleanup_arena struct arena a = {0};
	cleanup_proxy struct proxy p = {0};

	if (proxy_find(&a, env, https, host, port, &p, err))
		return NULL;
	if (!p.host)
		return dial_tcp(host, port, deadline, err);
	return proxy_connect(&p, env, host, port, deadline, err);
}
