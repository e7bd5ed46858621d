#include "cmd/dialers.h"

#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "docker/docker.h"
#include "docker/exec.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/process.h"
#include "net/tls.h"
#include "net/url.h"

struct parse {
	struct arena *arena;
	const struct env *env;
	const struct url *url;
	struct builder_address *out;
};

/* A path is no URL: '#', '?', '%' and blanks belong to it. */
static int
parse_socket(struct builder_address *out, const char *path, struct err *err)
{
	out->form = BUILDER_UNIX;
	out->path = path;
	if (*path == '/')
		return 0;
	return err_set(err, ERR_USAGE, "the path of a socket begins with '/': unix:///path");
}

static int
parse_host(struct parse *d, struct err *err)
{
	const struct url *u = d->url;

	if (!*u->host || !u->port)
		return err_set(err, ERR_USAGE, "host and port are needed: tcp://host:port");
	d->out->host = u->host;
	d->out->port = u->port;
	d->out->authority =
		arena_fmt(d->arena, strchr(u->host, ':') ? "[%s]:%s" : "%s:%s", u->host, u->port);
	if (tls_env_buildkit(d->arena, d->env, &d->out->files, &d->out->tls, err))
		return -1;
	if (d->out->tls && d->out->files.server_name)
		d->out->authority = d->out->files.server_name;
	return 0;
}

/* A value of the query, decoded; NULL when it is not there. */
static const char *
query(struct parse *d, const char *key)
{
	struct str rest = str_from(d->url->query), pair, name;

	while (str_next(&rest, '&', &pair)) {
		cleanup_buf struct buf text = {0};

		if (!str_cut(&pair, '=', &name) || !str_is(name, key))
			continue;
		percent_decode(&text, pair, true);
		return arena_str(d->arena, buf_view(&text));
	}
	return NULL;
}

static int
need_host(struct parse *d, const char *what, struct err *err)
{
	if (*d->url->host)
		return 0;
	return err_set(err, ERR_USAGE, "the address lacks the name of the %s", what);
}

static int
parse_docker(struct parse *d, struct err *err)
{
	const char *context = query(d, "context");

	if (need_host(d, "container", err))
		return -1;
	d->out->container = d->url->host;
	if (context)
		return docker_endpoint_context(d->arena, d->env, context, &d->out->endpoint, err);
	return docker_endpoint_find(d->arena, d->env, &d->out->endpoint, err);
}

static void
add(struct parse *d, const char *word)
{
	strlist_add(&d->out->argv, d->arena, word);
}

static int
add_dial_stdio(struct parse *d)
{
	add(d, "buildctl");
	add(d, "dial-stdio");
	return 0;
}

/* podman exec -i NAME buildctl dial-stdio; nerdctl exec [--namespace NS] -i NAME ... */
static int
parse_program(struct parse *d, struct err *err)
{
	bool nerdctl = !strcmp(d->url->scheme, "nerdctl-container");
	const char *namespace = nerdctl ? query(d, "namespace") : NULL;

	if (need_host(d, "container", err))
		return -1;
	add(d, nerdctl ? "nerdctl" : "podman");
	add(d, "exec");
	if (namespace) {
		add(d, "--namespace");
		add(d, namespace);
	}
	add(d, "-i");
	add(d, d->url->host);
	return add_dial_stdio(d);
}

static int
check_kube_name(const char *what, const char *name, struct err *err)
{
	if (name[strspn(name, "-abcdefghijklmnopqrstuvwxyz0123456789.")] == '\0')
		return 0;
	return err_set(err, ERR_USAGE, "'%s' is no name of a %s", name, what);
}

static int
parse_kube(struct parse *d, struct err *err)
{
	const char *context = query(d, "context"), *namespace = query(d, "namespace");
	const char *container = query(d, "container"), *pod = d->url->host;

	if (need_host(d, "pod", err) || check_kube_name("pod", pod, err) ||
		check_kube_name("namespace", namespace ? namespace : "", err) ||
		check_kube_name("container", container ? container : "", err))
		return -1;
	add(d, "kubectl");
	add(d, arena_fmt(d->arena, "--context=%s", context ? context : ""));
	add(d, arena_fmt(d->arena, "--namespace=%s", namespace ? namespace : ""));
	add(d, "exec");
	add(d, arena_fmt(d->arena, "--container=%s", container ? container : ""));
	add(d, "-i");
	add(d, pod);
	add(d, "--");
	return add_dial_stdio(d);
}

static int
parse_ssh(struct parse *d, struct err *err)
{
	const struct url *u = d->url;

	if (need_host(d, "host", err))
		return -1;
	if (u->query || (u->user && strchr(u->user, ':')))
		return err_set(err, ERR_USAGE,
			"ssh://[user@]host[:port][/socket] takes neither password "
			"nor query");
	/* the remote shell splits the words again: nothing in them may mean anything to it */
	if (u->path[strspn(u->path,
		    "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		    "._/")])
		return err_set(err, ERR_USAGE,
			"the path of the socket has characters that a shell "
			"would take for its own");
	add(d, "ssh");
	if (u->user) {
		add(d, "-l");
		add(d, u->user);
	}
	if (u->port) {
		add(d, "-p");
		add(d, u->port);
	}
	add(d, "--");
	add(d, u->host);
	add(d, "buildctl");
	if (*u->path && strcmp(u->path, "/") != 0) {
		add(d, "--addr");
		add(d, arena_fmt(d->arena, "unix://%s", u->path));
	}
	add(d, "dial-stdio");
	return 0;
}

static const struct {
	const char *scheme;
	enum builder_form form;
	int (*parse)(struct parse *d, struct err *err);
} forms[] = {
	{"tcp", BUILDER_TCP, parse_host},
	{"docker-container", BUILDER_DOCKER_CONTAINER, parse_docker},
	{"podman-container", BUILDER_PROGRAM, parse_program},
	{"nerdctl-container", BUILDER_PROGRAM, parse_program},
	{"kube-pod", BUILDER_PROGRAM, parse_kube},
	{"ssh", BUILDER_PROGRAM, parse_ssh},
};

int
builder_address_parse(struct arena *a, const struct env *env, const char *text,
	struct builder_address *out, struct err *err)
{
	struct parse d = {.arena = a, .env = env, .out = out};
	struct url url;
	const char *shown = text;
	size_t i;

	*out = (struct builder_address){.text = text, .authority = "localhost", .env = env};
	if (str_istarts(str_from(text), STR("unix://")))
		return parse_socket(out, text + strlen("unix://"), err)
			       ? err_wrap(err, "BuildKit address '%s'", text)
			       : 0;
	if (url_parse(a, text, &url, err))
		return err_wrap(err, "BuildKit address '%s'", text);
	d.url = &url;
	if (url.user && strchr(url.user, ':'))
		shown = arena_fmt(a, "%s://***@%s", url.scheme, url.host);
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		if (strcmp(forms[i].scheme, url.scheme) != 0)
			continue;
		out->form = forms[i].form;
		if (url.user && strcmp(url.scheme, "ssh") != 0)
			return err_set(err, ERR_USAGE,
				"BuildKit address '%s': only ssh:// takes a user name", shown);
		return forms[i].parse(&d, err) ? err_wrap(err, "BuildKit address '%s'", shown) : 0;
	}
	err_set(err, ERR_USAGE, "BuildKit address '%s': this kind is not known", shown);
	return err_hint(err, "known are unix, tcp, docker-container, podman-container, "
			     "nerdctl-container, kube-pod and ssh");
}

/* ---- dialling ------------------------------------------------------------- */

static struct conn *
dial_container(const struct builder_address *b, int64_t deadline, struct err *err)
{
	static const char *const argv[] = {"buildctl", "dial-stdio", NULL};
	struct docker docker;

	if (docker_ping(&docker, &b->endpoint, deadline, err)) {
		err_wrap(err, "the Docker Engine at %s (%s)", b->endpoint.address,
			b->endpoint.source);
		return NULL;
	}
	return docker_exec(&docker, b->container, argv, deadline, err);
}

static struct conn *
dial_host(const struct builder_address *b, int64_t deadline, struct err *err)
{
	static const char *const h2[] = {"h2", NULL};
	struct conn *c = dial_tcp(b->host, b->port, deadline, err);

	if (!c || !b->tls)
		return c;
	/* 0.16 and older select nothing, and mean the same */
	return tls_connect_files(c, &b->files, b->host, h2, b->env, deadline, err);
}

struct conn *
builder_dial(const struct builder_address *b, int64_t deadline, struct err *err)
{
	struct conn *c = NULL;

	switch (b->form) {
	case BUILDER_UNIX:
		return dial_unix(b->path, deadline, err);
	case BUILDER_TCP:
		return dial_host(b, deadline, err);
	case BUILDER_DOCKER_CONTAINER:
		return dial_container(b, deadline, err);
	case BUILDER_PROGRAM:
		c = conn_process(b->argv.items, err);
		if (!c)
			err_hint(err, "this kind of address needs the program '%s' on PATH",
				b->argv.items[0]);
		return c;
	}
	return NULL;
}
