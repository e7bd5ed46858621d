#include "net/trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/map.h"
#include "net/roots.h"
#include "net/tls_private.h"

enum { ANCHORS_MAX = 4096 };

struct expired {
	struct str name;
	int64_t until;
};

struct trust {
	int64_t now;
	struct arena arena;
	struct map seen; /* name and key of each certificate, so that none counts twice */
	br_x509_trust_anchor *anchors;
	size_t n, cap;
	struct expired *expired;
	size_t nexpired;
	struct buf origin;
	bool system;
};

/* Bundles of distributions, by how common they are. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch, Gentoo */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
	"/etc/ssl/cert.pem",                  /* Alpine, BSD style */
	"/etc/ssl/ca-bundle.pem",             /* openSUSE */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/var/lib/ca-certificates/ca-bundle.pem",
};

static const char *const folders[] = {
	"/etc/ssl/certs",
	"/etc/pki/tls/certs",
};

struct trust *
trust_new(int64_t now)
{
	struct trust *t = xcalloc(1, sizeof(*t));

	t->now = now;
	return t;
}

void
trust_free(struct trust *t)
{
	if (!t)
		return;
	free(t->anchors);
	free(t->expired);
	map_release(&t->seen);
	arena_release(&t->arena);
	buf_release(&t->origin);
	free(t);
}

void
trust_freep(struct trust **t)
{
	trust_free(*t);
	*t = NULL;
}

/* ---- certificates ----------------------------------------------------------- */

static void
add_expired(struct trust *t, const struct cert *c)
{
	t->expired = xreallocarray(t->expired, t->nexpired + 1, sizeof(*t->expired));
	t->expired[t->nexpired++] =
		(struct expired){arena_dup(&t->arena, c->subject), c->not_after};
}

/* False when it does not count: a kind of key that is unknown, outside its time, here already. */
static bool
add_cert(struct trust *t, const struct cert *have)
{
	br_x509_trust_anchor anchor = {.flags = have->ca ? BR_X509_TA_CA : 0};
	struct cert c = *have;
	struct cert_key key;
	struct str row;

	if (!cert_key(c.spki, &key) || map_get(&t->seen, c.trusted) || t->seen.n >= ANCHORS_MAX)
		return false;
	map_set(&t->seen, c.trusted, t);
	if (c.not_after < t->now)
		add_expired(t, &c);
	if (c.not_after < t->now || c.not_before > t->now)
		return false;
	row = arena_dup(&t->arena, c.trusted);
	if (!cert_take_trusted(&row, &c) || !cert_key(c.spki, &key))
		return false;
	anchor.dn = (br_x500_name){tls_bytes(c.subject), c.subject.len};
	if (key.type == CERT_KEY_RSA) {
		anchor.pkey.key_type = BR_KEYTYPE_RSA;
		anchor.pkey.key.rsa = (br_rsa_public_key){
			tls_bytes(key.n), key.n.len, tls_bytes(key.e), key.e.len};
	} else {
		anchor.pkey.key_type = BR_KEYTYPE_EC;
		anchor.pkey.key.ec =
			(br_ec_public_key){(int)key.curve, tls_bytes(key.q), key.q.len};
	}
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->anchors = xreallocarray(t->anchors, t->cap, sizeof(*t->anchors));
	}
	t->anchors[t->n++] = anchor;
	return true;
}

/* Certificates that could be read, counted or not. */
static size_t
add_pem(struct trust *t, struct str text)
{
	cleanup_buf struct buf der = {0};
	struct cert c;
	struct pem p;
	size_t n = 0;

	while (pem_next(&text, &p)) {
		buf_reset(&der);
		if (!pem_is_certificate(&p) || !base64_decode(&der, p.body) ||
			!cert_parse(buf_view(&der), &c))
			continue;
		n++;
		add_cert(t, &c);
	}
	return n;
}

static void
note_origin(struct trust *t, size_t before, const char *what)
{
	if (t->n == before)
		return;
	buf_addf(&t->origin, "%s%zu of %s", t->origin.len ? ", " : "", t->n - before, what);
}

/* Certificates in the file, or -1. */
static ssize_t
add_file(struct trust *t, int dirfd, const char *path, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (file_read(dirfd, path, LIMIT_CA_FILE, &text, err))
		return -1;
	return (ssize_t)add_pem(t, buf_view(&text));
}

int
trust_add_file(struct trust *t, const char *path, struct err *err)
{
	cleanup_free char *quoted = xasprintf("'%s'", path);
	size_t before = t->n;
	ssize_t n = add_file(t, AT_FDCWD, path, err);

	if (n < 0) {
		err_wrap(err, "CA certificates");
		if (err)
			err->kind = ERR_CONFIG;
		return -1;
	}
	if (n == 0)
		return err_set(err, ERR_CONFIG, "no certificate in PEM form in '%s'", path);
	note_origin(t, before, quoted);
	return 0;
}

void
trust_add_dir(struct trust *t, const char *path, const char *suffix)
{
	cleanup_free char *quoted = xasprintf("'%s'", path);
	DIR *dir = opendir(path);
	struct dirent *e;
	size_t before = t->n;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' &&
			(!suffix || str_ends(str_from(e->d_name), str_from(suffix))))
			add_file(t, dirfd(dir), e->d_name, NULL);
	closedir(dir);
	note_origin(t, before, quoted);
}

void
trust_add_builtin(struct trust *t)
{
	struct str rest = str_n((const char *)net_roots, net_roots_len);
	struct cert c = {.ca = true};
	size_t before = t->n;

	while (cert_take_trusted(&rest, &c))
		add_cert(t, &c);
	note_origin(t, before, "this program's own");
}

/* ---- the system's ----------------------------------------------------------- */

static int
add_env_file(struct trust *t, const char *path, struct err *err)
{
	return trust_add_file(t, path, err) ? err_wrap(err, "SSL_CERT_FILE") : 0;
}

static void
add_env_dirs(struct trust *t, const char *list)
{
	struct str rest = str_from(list), one;

	while (str_next(&rest, ':', &one))
		if (one.len)
			trust_add_dir(t, arena_str(&t->arena, one), NULL);
}

int
trust_add_system(struct trust *t, const struct env *env, struct err *err)
{
	const char *file = env_get(env, "SSL_CERT_FILE"), *dirs = env_get(env, "SSL_CERT_DIR");
	size_t before = t->n, i;

	t->system = true;
	if (file && add_env_file(t, file, err))
		return -1;
	for (i = 0; !file && i < ARRAY_LEN(bundles) && t->n == before; i++)
		if (access(bundles[i], R_OK) == 0)
			trust_add_file(t, bundles[i], NULL);
	if (dirs)
		add_env_dirs(t, dirs);
	for (i = 0; !dirs && !file && i < ARRAY_LEN(folders) && t->n == before; i++)
		trust_add_dir(t, folders[i], NULL);
	/* who names the certificates to trust gets no others */
	if (!file && !dirs && t->n == before)
		trust_add_builtin(t);
	return 0;
}

/* ---- for the check ---------------------------------------------------------- */

size_t
trust_count(const struct trust *t)
{
	return t->n;
}

const br_x509_trust_anchor *
trust_anchors(const struct trust *t, size_t *n)
{
	*n = t->n;
	return t->anchors;
}

enum trust_name
trust_find(const struct trust *t, struct str name, int64_t *until)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (str_eq(str_n((const char *)t->anchors[i].dn.data, t->anchors[i].dn.len), name))
			return TRUST_NAME_KNOWN;
	for (i = 0; i < t->nexpired; i++)
		if (str_eq(t->expired[i].name, name)) {
			*until = t->expired[i].until;
			return TRUST_NAME_EXPIRED;
		}
	return TRUST_NAME_UNKNOWN;
}

void
trust_origin_text(const struct trust *t, struct buf *out)
{
	buf_puts(out, t->origin.len ? buf_cstr(&t->origin) : "none");
}

bool
trust_has_system(const struct trust *t)
{
	return t->system;
}
