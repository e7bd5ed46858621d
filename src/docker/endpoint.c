#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/jval.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "docker/docker.h"
#include "net/url.h"

static const char default_socket[] = "/var/run/docker.sock";

static const char *
config_dir(struct arena *a, const struct env *env)
{
	const char *dir = env_get(env, "DOCKER_CONFIG"), *home = env_get(env, "HOME");

	if (dir)
		return dir;
	return home ? arena_fmt(a, "%s/.docker", home) : NULL;
}

/* A file of the directory when it is there, else NULL. */
static const char *
file_in(struct arena *a, const char *dir, const char *name)
{
	const char *path = arena_fmt(a, "%s/%s", dir, name);

	return access(path, F_OK) == 0 ? path : NULL;
}

static int
parse_host(struct arena *a, const char *text, const char *source, struct docker_endpoint *out,
	struct err *err)
{
	static const char scheme[] = "unix://";
	struct url url;

	out->source = source;
	out->address = text;
	/* a path is no URL: '#', '?' and blanks belong to it */
	if (!strncmp(text, scheme, strlen(scheme))) {
		text += strlen(scheme);
		out->transport = DOCKER_UNIX;
		out->path = *text ? text : default_socket;
		if (*out->path != '/')
			return err_set(err, ERR_USAGE,
				"unable to parse docker host `%s`: a socket path begins with '/'",
				out->address);
		return 0;
	}
	if (!strstr(text, "://") || url_parse(a, text, &url, err)) {
		err_set(err, ERR_USAGE, "unable to parse docker host `%s`", text);
		return err_hint(err,
			"%s needs a form such as unix:///var/run/docker.sock or tcp://host:2375",
			source);
	}
	out->host = url.host;
	out->base = strcmp(url.path, "/") != 0 ? url.path : "";
	if (!strcmp(url.scheme, "ssh")) {
		err_set(err, ERR_USAGE, "docker host `%s`: ssh is not spoken here", text);
		return err_hint(err, "forward the socket instead: ssh -L ./docker.sock:%s HOST",
			default_socket);
	}
	if (strcmp(url.scheme, "tcp") != 0 || !*url.host)
		return err_set(err, ERR_USAGE, "unable to parse docker host `%s`", text);
	out->transport = DOCKER_TCP;
	out->port = url.port ? url.port : "2375";
	return 0;
}

static int
read_json(const char *path, struct jval **out, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (file_read(AT_FDCWD, path, LIMIT_CONFIG, &text, err))
		return -1;
	*out = jval_parse(buf_view(&text), err);
	return *out ? 0 : err_wrap(err, "'%s'", path);
}

/* A context as the docker CLI stores it: contexts/meta/<sha256 of the name>/meta.json. */
static int
use_context(struct arena *a, const char *dir, const char *name, struct docker_endpoint *out,
	struct err *err)
{
	cleanup_jval struct jval *meta = NULL;
	const struct jval *docker;
	const char *host, *tls;
	char id[SHA256_HEX_LEN + 1];

	sha256_text(str_from(name), id);
	if (read_json(arena_fmt(a, "%s/contexts/meta/%s/meta.json", dir, id), &meta, err)) {
		if (err)
			err->kind = ERR_USAGE;
		return err_wrap(err, "docker context '%s'", name);
	}
	docker = jval_get(jval_get(meta, "Endpoints"), "docker");
	host = jval_get_str(docker, "Host");
	if (!host)
		return err_set(err, ERR_USAGE, "docker context '%s' names no host", name);
	if (parse_host(a, arena_cstr(a, host), arena_fmt(a, "context '%s'", name), out, err))
		return -1;
	tls = arena_fmt(a, "%s/contexts/tls/%s/docker", dir, id);
	out->ca = file_in(a, tls, "ca.pem");
	out->cert = file_in(a, tls, "cert.pem");
	out->key = file_in(a, tls, "key.pem");
	out->verify = !jval_get_bool(docker, "SkipTLSVerify", false);
	out->tls = out->transport == DOCKER_TCP && (out->ca || out->cert || !out->verify);
	return 0;
}

static const char *
current_context(struct arena *a, const struct env *env, const char *dir)
{
	cleanup_jval struct jval *config = NULL;
	const char *name = env_get(env, "DOCKER_CONTEXT");

	if (name || !dir)
		return name;
	/* a broken config.json is reported by whoever needs credentials from it */
	if (read_json(arena_fmt(a, "%s/config.json", dir), &config, NULL))
		return NULL;
	name = jval_get_str(config, "currentContext");
	return name && *name ? arena_cstr(a, name) : NULL;
}

/* DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH, as the docker CLI reads them. */
static void
tls_from_env(
	struct arena *a, const struct env *env, const char *config, struct docker_endpoint *out)
{
	const char *dir = env_get(env, "DOCKER_CERT_PATH");

	if (out->transport != DOCKER_TCP ||
		!(dir || env_has(env, "DOCKER_TLS_VERIFY") || env_has(env, "DOCKER_TLS")))
		return;
	out->tls = true;
	/* a certificate path alone verifies too; only DOCKER_TLS says that it need not */
	out->verify = env_has(env, "DOCKER_TLS_VERIFY") || !env_has(env, "DOCKER_TLS");
	if (!dir)
		dir = config;
	if (!dir)
		return;
	out->ca = arena_fmt(a, "%s/ca.pem", dir);
	out->cert = file_in(a, dir, "cert.pem");
	out->key = file_in(a, dir, "key.pem");
}

static int
pinned_version(const char *text, const char **out, struct err *err)
{
	struct str rest = str_from(text);
	uint64_t major, minor;

	str_take(&rest, STR("v"));
	if (!str_take_u64(&rest, 10, &major) || !str_take(&rest, STR(".")) ||
		!str_u64(rest, 10, &minor) || major > 99 || minor > 9999)
		return err_set(err, ERR_USAGE,
			"invalid API version (%s): DOCKER_API_VERSION must be like 1.41", text);
	*out = text[0] == 'v' ? text + 1 : text;
	return 0;
}

static int
start(const struct env *env, struct docker_endpoint *out, struct err *err)
{
	const char *version = env_get(env, "DOCKER_API_VERSION");

	*out = (struct docker_endpoint){.base = "", .verify = true, .env = env};
	return version ? pinned_version(version, &out->version, err) : 0;
}

static int
named_context(struct arena *a, const struct env *env, const char *name, struct docker_endpoint *out,
	struct err *err)
{
	const char *dir = config_dir(a, env);

	if (!strcmp(name, "default"))
		return parse_host(
			a, arena_fmt(a, "unix://%s", default_socket), "default", out, err);
	if (!dir)
		return err_set(err, ERR_USAGE,
			"docker context '%s': neither DOCKER_CONFIG nor HOME is set", name);
	return use_context(a, dir, name, out, err);
}

int
docker_endpoint_context(struct arena *a, const struct env *env, const char *name,
	struct docker_endpoint *out, struct err *err)
{
	return start(env, out, err) || named_context(a, env, name, out, err) ? -1 : 0;
}

int
docker_endpoint_find(
	struct arena *a, const struct env *env, struct docker_endpoint *out, struct err *err)
{
	const char *host = env_get(env, "DOCKER_HOST"), *dir = config_dir(a, env), *context;
	bool tls = env_has(env, "DOCKER_TLS_VERIFY") || env_has(env, "DOCKER_TLS");

	if (start(env, out, err))
		return -1;
	context = host ? NULL : current_context(a, env, dir);
	if (context && strcmp(context, "default") != 0)
		return named_context(a, env, context, out, err);
	if (!host && !tls)
		return named_context(a, env, "default", out, err);
	if (parse_host(a, host ? host : "tcp://localhost:2376", host ? "DOCKER_HOST" : "default",
		    out, err))
		return -1;
	tls_from_env(a, env, dir, out);
	return 0;
}
