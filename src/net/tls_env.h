/*
 * Which certificate files a connection uses, from the environment and from the
 * folders other tools keep them in. Texts live in the arena.
 */
#ifndef NET_TLS_ENV_H
#define NET_TLS_ENV_H

#include <stdbool.h>

struct arena;
struct env;
struct err;

/* PEM files, NULL where there is none. */
struct tls_files {
	const char *ca;          /* takes the place of the system's certificates */
	const char *cert, *key;  /* of the client; both or none */
	const char *server_name; /* to verify in place of the host that is connected to */
	bool insecure;           /* verify nothing */
	/* what the user sets to name them, for advice; NULL: as for registries */
	const char *ca_setting, *cert_setting;
};

/*
 * For BuildKit on tcp://: BUILDKIT_TLS_CACERT, BUILDKIT_TLS_CERT, BUILDKIT_TLS_KEY,
 * BUILDKIT_TLS_SERVER_NAME, and the folder BUILDKIT_CERT_PATH with ca.pem, cert.pem,
 * key.pem or ca.crt, tls.crt, tls.key for what the others leave open. A folder that
 * lacks one of the three is ERR_CONFIG, as is a certificate without key or a key
 * without certificate. *use is false when no file is named: then TLS is not wanted.
 */
int tls_env_buildkit(
	struct arena *a, const struct env *env, struct tls_files *out, bool *use, struct err *err);

/* Folders in which Docker and Podman look for the certificates of one registry. */
enum { TLS_HOST_DIRS = 5 };

/*
 * Candidates for the folder of "host:port" or "host", best first, NULL behind the
 * last: those below the user's home, then the machine's. In the folder, *.crt are
 * CAs to trust, and NAME.cert with NAME.key is for us to show.
 */
void tls_env_host_dirs(struct arena *a, const struct env *env, const char *host,
	const char *dirs[TLS_HOST_DIRS + 1]);
/* The client certificate in that folder; false leaves cert and key alone. */
bool tls_host_identity(struct arena *a, const char *dir, struct tls_files *out);

#endif
