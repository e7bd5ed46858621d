#include "registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "registry/authfile.h"
#include "registry/helper.h"

/* Docker Hub's key in files and for helpers, from the time of its first API. */
#define HUB_KEY "https://index.docker.io/v1/"

enum {
	STORED_MAX = 4,
	KEPT_S = 290,   /* what a helper says: some give tokens of five minutes */
	MARGIN_S = 120, /* an entry is renewed that long before its end */
};

/* A secret that was found out, and is good for a while. */
struct kept {
	struct kept *next;
	const char *key; /* "SUFFIX HOST" of a helper, "HOST/PATH" of a lease */
	struct credential cred;
	int64_t until; /* seconds since the epoch, 0: for ever */
	bool fresh;    /* found out here, not learnt */
};

/* An added entry that ends. */
struct lease {
	struct lease *next;
	const char *key;
	int64_t expires;
	credentials_renew_fn renew;
	void *arg;
};

struct credentials {
	struct arena arena;
	const struct env *env;
	struct log *log;
	struct authfile added;
	struct authfile stored[STORED_MAX];
	size_t nstored;
	struct kept *kept;
	struct lease *leases;
};

const char *
credentials_canonical_host(const char *host)
{
	static const char *const hub[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(hub); i++)
		if (str_iis(str_from(host), hub[i]))
			return hub[0];
	return host;
}

struct credentials *
credentials_new(const struct env *env, struct log *log)
{
	struct credentials *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->log = log;
	return c;
}

void
credentials_free(struct credentials *c)
{
	struct kept *k;
	size_t i;

	if (!c)
		return;
	for (k = c->kept; k; k = k->next)
		credential_release(&k->cred);
	authfile_release(&c->added);
	for (i = 0; i < c->nstored; i++)
		authfile_release(&c->stored[i]);
	arena_release(&c->arena);
	free(c);
}

void
credentials_freep(struct credentials **c)
{
	credentials_free(*c);
	*c = NULL;
}

static int
add_text(struct credentials *c, const char *name, struct str text, struct err *err)
{
	if (authfile_parse(&c->arena, name, text, &c->stored[c->nstored], err))
		return -1;
	c->nstored++;
	return 0;
}

/* Whether there is a file to read: -1 when that cannot be known and somebody named it. */
static int
look_for(const struct credentials *c, const char *path, bool named, bool *found, struct stat *st,
	struct err *err)
{
	*found = stat(path, st) == 0;
	if (*found)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	if (errno == EACCES && !named) {
		log_debug(c->log, "'%s' is not looked for: permission denied", path);
		return 0;
	}
	return err_errno(err, ERR_CONFIG, errno, "read '%s'", path);
}

static int
add_file(struct credentials *c, const char *path, bool named, struct err *err)
{
	struct stat st;
	struct buf text;
	bool found;
	int rc;

	if (look_for(c, path, named, &found, &st, err))
		return -1;
	if (!found)
		return 0;
	buf_init(&text, LIMIT_CONFIG);
	rc = file_read(AT_FDCWD, path, LIMIT_CONFIG, &text, err);
	/* /dev/null is how a file is switched off */
	if (!rc && (text.len || S_ISREG(st.st_mode)))
		rc = add_text(c, path, buf_view(&text), err);
	buf_wipe(&text);
	return rc;
}

static const char *
home(struct credentials *c)
{
	const char *dir = env_get(c->env, "HOME");
	const struct passwd *pw;

	if (dir)
		return dir;
	pw = getpwuid(geteuid());
	return pw && pw->pw_dir && *pw->pw_dir ? arena_cstr(&c->arena, pw->pw_dir) : NULL;
}

/* FOLDER/name, when a variable names the folder, else HOME/otherwise. */
static int
add_below(struct credentials *c, const char *variable, const char *name, const char *otherwise,
	struct err *err)
{
	const char *dir = env_get(c->env, variable);
	const char *at = dir || !otherwise ? NULL : home(c);

	if (dir)
		return add_file(c, arena_fmt(&c->arena, "%s/%s", dir, name), true, err);
	if (at)
		return add_file(c, arena_fmt(&c->arena, "%s/%s", at, otherwise), false, err);
	return 0;
}

static int
load(struct credentials *c, struct err *err)
{
	const char *content = env_get(c->env, "DOCKER_AUTH_CONFIG");
	const char *file = env_get(c->env, "REGISTRY_AUTH_FILE");

	if (content && strlen(content) > LIMIT_CONFIG)
		return err_set(err, ERR_LIMIT, "'DOCKER_AUTH_CONFIG' is larger than %d bytes",
			LIMIT_CONFIG);
	if (content && add_text(c, "DOCKER_AUTH_CONFIG", str_from(content), err))
		return -1;
	if (add_below(c, "DOCKER_CONFIG", "config.json", ".docker/config.json", err))
		return -1;
	if (file) {
		if (access(file, F_OK) && errno == ENOENT)
			log_warn(c->log, "REGISTRY_AUTH_FILE names '%s', which does not exist",
				file);
		return add_file(c, file, true, err);
	}
	if (add_below(c, "XDG_RUNTIME_DIR", "containers/auth.json", NULL, err))
		return -1;
	return add_below(
		c, "XDG_CONFIG_HOME", "containers/auth.json", ".config/containers/auth.json", err);
}

struct credentials *
credentials_open(const struct env *env, struct log *log, struct err *err)
{
	cleanup_credentials struct credentials *c = credentials_new(env, log);

	if (load(c, err))
		return NULL;
	return steal_ptr(&c);
}

void
credentials_add(struct credentials *c, const char *scope, const char *user,
	const struct secret *secret, const char *source)
{
	const char *host, *path;
	struct auth_entry *e;

	if (!secret_is_set(secret) || !authfile_split(&c->arena, scope, &host, &path))
		return;
	e = authfile_entry(&c->arena, &c->added, host, path);
	e->user = arena_cstr(&c->arena, user ? user : "");
	e->kind = *e->user ? CREDENTIAL_BASIC : CREDENTIAL_IDENTITY;
	e->source = arena_cstr(&c->arena, source ? source : scope);
	secret_copy(&e->secret, secret);
}

static void
answer(struct credential *out, enum credential_kind kind, const char *user,
	const struct secret *secret, const char *source)
{
	out->kind = kind;
	out->user = xstrdup(user);
	secret_copy(&out->secret, secret);
	out->source = xstrdup(source);
}

static void
answer_entry(struct credential *out, const struct auth_entry *e)
{
	answer(out, e->kind, e->user, &e->secret, e->source);
}

static bool
ends_in(struct str host, const char *domain)
{
	return str_ends(host, str_from(domain));
}

/* For these hosts and helpers the program gets its own tokens. */
static bool
has_own_way(const char *host, const char *suffix)
{
	static const char *const helpers[] = {
		"ecr-login", "gcr", "gcloud", "acr-env", "acr-linux", "ghcr-login"};
	struct str h = str_from(host);
	size_t i;

	for (i = 0; i < ARRAY_LEN(helpers); i++)
		if (strcmp(suffix, helpers[i]) == 0)
			return true;
	return ends_in(h, ".azurecr.io") || ends_in(h, ".pkg.dev") || ends_in(h, ".gcr.io") ||
	       str_is(h, "gcr.io") || str_is(h, "public.ecr.aws") ||
	       str_search(h, STR(".dkr.ecr.")) > 0 || str_search(h, STR(".dkr-ecr.")) > 0;
}

static int
helper_missing(struct credentials *c, struct authfile *f, const char *suffix, bool own,
	const char *host, struct err *err)
{
	if (has_own_way(host, suffix)) {
		log_debug(c->log, "'%s' asks for docker-credential-%s, which is not needed",
			f->name, suffix);
		return 0;
	}
	if (own) {
		err_set(err, ERR_AUTH,
			"'%s' asks for docker-credential-%s for '%s', but it is not on PATH",
			f->name, suffix, host);
		return err_hint(err, "install it, or take the host out of 'credHelpers'");
	}
	if (!f->warned)
		log_warn(c->log,
			"'%s' asks for docker-credential-%s in 'credsStore', but it is not on PATH",
			f->name, suffix);
	f->warned = true;
	return 0;
}

/* ---- what is good for a while -------------------------------------------------- */

static int64_t
now(void)
{
	return clock_wall_ns() / 1000000000;
}

static void
copy(struct credential *to, const struct credential *from)
{
	*to = (struct credential){.kind = from->kind};
	if (from->kind != CREDENTIAL_NONE)
		answer(to, from->kind, from->user, &from->secret, from->source);
}

static const struct kept *
find_kept(const struct credentials *c, const char *key)
{
	const struct kept *k;

	for (k = c->kept; k; k = k->next)
		if (!strcmp(k->key, key))
			return k->until && k->until <= now() ? NULL : k;
	return NULL;
}

static struct kept *
keep(struct credentials *c, const char *key, const struct credential *cred, int64_t until)
{
	struct kept *k = c->kept;

	while (k && strcmp(k->key, key) != 0)
		k = k->next;
	if (!k) {
		k = arena_new(&c->arena, struct kept, 1);
		k->key = arena_cstr(&c->arena, key);
		k->next = c->kept;
		c->kept = k;
	}
	credential_release(&k->cred);
	copy(&k->cred, cred);
	k->until = until;
	k->fresh = true;
	return k;
}

static const char *
entry_key(struct arena *a, const char *host, const char *path)
{
	return arena_fmt(a, "%s/%s", host, path);
}

static const struct lease *
find_lease(const struct credentials *c, const struct auth_entry *e)
{
	cleanup_arena struct arena scratch = {0};
	const char *key = entry_key(&scratch, e->host, e->path);
	const struct lease *l = c->leases;

	while (l && strcmp(l->key, key) != 0)
		l = l->next;
	return l;
}

void
credentials_lend(struct credentials *c, const char *scope, int64_t expires,
	credentials_renew_fn renew, void *arg)
{
	const char *host, *path;
	struct lease *l;

	if (!expires || !authfile_split(&c->arena, scope, &host, &path))
		return;
	l = arena_new(&c->arena, struct lease, 1);
	*l = (struct lease){c->leases, entry_key(&c->arena, host, path), expires, renew, arg};
	c->leases = l;
}

static int64_t
renew_at(int64_t expires)
{
	return expires ? expires - MARGIN_S : 0;
}

/* An entry close to its end will do when there is no new one, unless it was refused. */
static int
answer_lease(struct credentials *c, const struct auth_entry *e, const struct lease *l, bool anew,
	struct credential *out, struct err *err)
{
	const struct kept *k = anew ? NULL : find_kept(c, l->key);
	struct err why = {0};
	int64_t expires;

	if (k) {
		copy(out, &k->cred);
		return 0;
	}
	if (!anew && now() < renew_at(l->expires)) {
		answer_entry(out, e);
		return 0;
	}
	if (l->renew(l->arg, out, &expires, &why) == 0) {
		log_debug(c->log, "credentials for %s from %s, renewed", e->host, out->source);
		keep(c, l->key, out, renew_at(expires));
		return 0;
	}
	if (!anew && now() < l->expires) {
		log_warn(c->log, "%s; what is at hand ends soon", why.msg);
		answer_entry(out, e);
		return 0;
	}
	if (err)
		*err = why;
	return err_wrap(err, "renew the login to '%s'", e->host);
}

/* ---- finding ---------------------------------------------------------------------- */

static int
ask_helper(struct credentials *c, struct authfile *f, const char *suffix, bool own,
	const char *host, struct credential *out, struct err *err)
{
	const char *server = strcmp(host, "docker.io") == 0 ? HUB_KEY : host;
	cleanup_free char *source = xasprintf("docker-credential-%s of %s", suffix, f->name);
	struct helper_answer a;

	if (helper_get(suffix, server, HELPER_TIMEOUT_MS, &a, err))
		return -1;
	if (a.outcome == HELPER_MISSING)
		return helper_missing(c, f, suffix, own, host, err);
	if (a.outcome == HELPER_FOUND)
		answer(out, *a.user ? CREDENTIAL_BASIC : CREDENTIAL_IDENTITY, a.user, &a.secret,
			source);
	helper_answer_release(&a);
	return 0;
}

static const char *
helper_key(struct arena *a, const char *suffix, const char *host)
{
	return arena_fmt(a, "%s %s", suffix, host);
}

static int
answer_helper(struct credentials *c, struct authfile *f, const char *host, bool anew,
	struct credential *out, struct err *err)
{
	cleanup_arena struct arena scratch = {0};
	const struct kept *k;
	const char *suffix;
	bool own;

	suffix = authfile_helper(f, host, &own);
	if (!suffix)
		return 0;
	k = anew ? NULL : find_kept(c, helper_key(&scratch, suffix, host));
	if (k) {
		copy(out, &k->cred);
		return 0;
	}
	if (ask_helper(c, f, suffix, own, host, out, err))
		return -1;
	keep(c, helper_key(&scratch, suffix, host), out, now() + KEPT_S);
	return 0;
}

static int
find(struct credentials *c, const char *where, bool anew, struct credential *out, struct err *err)
{
	cleanup_arena struct arena scratch = {0};
	const struct auth_entry *e;
	const struct lease *l;
	const char *host, *path;
	size_t i;

	*out = (struct credential){0};
	if (!authfile_split(&scratch, where, &host, &path))
		return 0;
	e = authfile_find(&c->added, host, path);
	l = e ? find_lease(c, e) : NULL;
	if (l)
		return answer_lease(c, e, l, anew, out, err);
	for (i = 0; i < c->nstored && !e; i++) {
		if (answer_helper(c, &c->stored[i], host, anew, out, err))
			return -1;
		if (out->kind != CREDENTIAL_NONE)
			return 0;
		e = authfile_find(&c->stored[i], host, path);
	}
	if (e)
		answer_entry(out, e);
	return 0;
}

int
credentials_find(struct credentials *c, const char *where, struct credential *out, struct err *err)
{
	return find(c, where, false, out, err);
}

int
credentials_again(struct credentials *c, const char *where, struct credential *out, struct err *err)
{
	return find(c, where, true, out, err);
}

bool
credentials_renewed(struct credentials *c, const char *where)
{
	cleanup_credential struct credential old = {0}, new = {0};
	struct err why = {0};

	if (find(c, where, false, &old, &why) || find(c, where, true, &new, &why)) {
		log_debug(c->log, "%s", why.msg);
		return false;
	}
	return new.kind != CREDENTIAL_NONE &&
	       !str_eq(secret_reveal(&old.secret), secret_reveal(&new.secret));
}

static bool
has_ended(const struct credentials *c, const struct auth_entry *e)
{
	const struct lease *l = find_lease(c, e);

	return l && now() >= renew_at(l->expires) && !find_kept(c, l->key);
}

bool
credentials_may_block(const struct credentials *c, const char *where)
{
	const char *host, *path, *suffix;
	const struct auth_entry *e;
	const struct kept *k;
	cleanup_arena struct arena scratch = {0};
	size_t i;
	bool own;

	if (!authfile_split(&scratch, where, &host, &path))
		return false;
	e = authfile_find(&c->added, host, path);
	if (e)
		return has_ended(c, e);
	for (i = 0; i < c->nstored; i++) {
		suffix = authfile_helper(&c->stored[i], host, &own);
		k = suffix ? find_kept(c, helper_key(&scratch, suffix, host)) : NULL;
		if (suffix && !k)
			return true;
		if ((k && k->cred.kind != CREDENTIAL_NONE) ||
			authfile_find(&c->stored[i], host, path))
			return false;
	}
	return false;
}

/* ---- from child to parent ------------------------------------------------------------ */

enum { TOLD_MAX = 256 * 1024 };

void
credentials_tell(const struct credentials *c, struct buf *out)
{
	const struct kept *k;

	/* room for all, so that no copy stays behind */
	buf_reserve(out, TOLD_MAX, NULL);
	for (k = c->kept; k; k = k->next) {
		bool known = k->cred.kind != CREDENTIAL_NONE;

		if (!k->fresh)
			continue;
		buf_addf(out, "%s%c%d%c%lld%c", k->key, 0, (int)k->cred.kind, 0,
			(long long)k->until, 0);
		buf_addf(out, "%s%c%s%c", known ? k->cred.user : "", 0, known ? k->cred.source : "",
			0);
		buf_str(out, secret_reveal(&k->cred.secret));
		buf_putc(out, 0);
	}
}

void
credentials_learn(struct credentials *c, struct str told)
{
	struct str key, kind, until, user, source, secret;
	uint64_t k, t;

	while (str_cut(&told, 0, &key) && str_cut(&told, 0, &kind) && str_cut(&told, 0, &until) &&
		str_cut(&told, 0, &user) && str_cut(&told, 0, &source) &&
		str_cut(&told, 0, &secret)) {
		cleanup_arena struct arena scratch = {0};
		struct credential cred = {0};

		if (!str_u64(kind, 10, &k) || !str_u64(until, 10, &t) || k > CREDENTIAL_BEARER)
			return;
		cred.kind = (enum credential_kind)k;
		cred.user = xstrndup(user.s, user.len);
		cred.source = xstrndup(source.s, source.len);
		secret_set(&cred.secret, secret);
		keep(c, arena_str(&scratch, key), &cred, (int64_t)t)->fresh = false;
		credential_release(&cred);
	}
}

void
credential_release(struct credential *cred)
{
	free(cred->user);
	free(cred->source);
	secret_release(&cred->secret);
	*cred = (struct credential){0};
}
