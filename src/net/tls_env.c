#include "net/tls_env.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/str.h"

/* The first of the two that is in the folder, or NULL. */
static const char *
file_in(struct arena *a, const char *dir, const char *name, const char *other)
{
	const char *path = arena_fmt(a, "%s/%s", dir, name);

	if (access(path, F_OK) == 0)
		return path;
	path = arena_fmt(a, "%s/%s", dir, other);
	return access(path, F_OK) == 0 ? path : NULL;
}

static int
from_folder(struct arena *a, const char *dir, struct tls_files *f, struct err *err)
{
	if (!f->ca)
		f->ca = file_in(a, dir, "ca.pem", "ca.crt");
	/* a certificate of one place and a key of another would hardly fit */
	if (!f->cert && !f->key) {
		f->cert = file_in(a, dir, "cert.pem", "tls.crt");
		f->key = file_in(a, dir, "key.pem", "tls.key");
	}
	if (f->ca && f->cert && f->key)
		return 0;
	return err_set(err, ERR_CONFIG, "BUILDKIT_CERT_PATH: no '%s' in '%s'",
		!f->ca    ? "ca.pem"
		: f->cert ? "key.pem"
			  : "cert.pem",
		dir);
}

int
tls_env_buildkit(
	struct arena *a, const struct env *env, struct tls_files *out, bool *use, struct err *err)
{
	const char *dir = env_get(env, "BUILDKIT_CERT_PATH");

	*out = (struct tls_files){
		.ca = env_get(env, "BUILDKIT_TLS_CACERT"),
		.cert = env_get(env, "BUILDKIT_TLS_CERT"),
		.key = env_get(env, "BUILDKIT_TLS_KEY"),
		.server_name = env_get(env, "BUILDKIT_TLS_SERVER_NAME"),
		.ca_setting = "BUILDKIT_TLS_CACERT",
		.cert_setting = "BUILDKIT_TLS_CERT and BUILDKIT_TLS_KEY",
	};
	if (!out->cert != !out->key)
		return err_set(err, ERR_CONFIG, "%s is set, but %s is not",
			out->cert ? "BUILDKIT_TLS_CERT" : "BUILDKIT_TLS_KEY",
			out->cert ? "BUILDKIT_TLS_KEY" : "BUILDKIT_TLS_CERT");
	if (dir && from_folder(a, dir, out, err))
		return -1;
	*use = out->ca || out->cert;
	return 0;
}

void
tls_env_host_dirs(struct arena *a, const struct env *env, const char *host,
	const char *dirs[TLS_HOST_DIRS + 1])
{
	const char *home = env_get(env, "HOME"), *config = env_get(env, "XDG_CONFIG_HOME");
	size_t n = 0;

	/* a name that climbs out of the folder is none of a registry */
	if (*host && host[0] != '.' && !strchr(host, '/')) {
		if (!config && home)
			config = arena_fmt(a, "%s/.config", home);
		if (config) {
			dirs[n++] = arena_fmt(a, "%s/docker/certs.d/%s", config, host);
			dirs[n++] = arena_fmt(a, "%s/containers/certs.d/%s", config, host);
		}
		dirs[n++] = arena_fmt(a, "/etc/docker/certs.d/%s", host);
		dirs[n++] = arena_fmt(a, "/etc/containers/certs.d/%s", host);
		dirs[n++] = arena_fmt(a, "/etc/containerd/certs.d/%s", host);
	}
	dirs[n] = NULL;
}

bool
tls_host_identity(struct arena *a, const char *dir, struct tls_files *out)
{
	DIR *d = opendir(dir);
	const char *name = NULL;
	struct dirent *e;

	if (!d)
		return false;
	/* the first by name, so that the order in the file system does not decide */
	while ((e = readdir(d)))
		if (str_ends(str_from(e->d_name), STR(".cert")) &&
			(!name || strcmp(e->d_name, name) < 0))
			name = arena_cstr(a, e->d_name);
	closedir(d);
	if (!name)
		return false;
	out->cert = arena_fmt(a, "%s/%s", dir, name);
	out->key = arena_fmt(a, "%s/%.*s.key", dir, (int)(strlen(name) - 5), name);
	return true;
}
