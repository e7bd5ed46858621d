#include "registry/authfile.h"

#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"

/* Walking the members of one object. */
struct reading {
	struct arena *arena;
	struct authfile *file;
	struct err *err;
	int rc;
};

static const char *
lower(struct arena *a, struct str s)
{
	char *out = arena_str(a, s), *p;

	for (p = out; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return out;
}

bool
authfile_split(struct arena *a, const char *key, const char **host, const char **path)
{
	struct str rest = str_from(key), head;
	bool scheme;

	if (str_istarts(rest, STR("https://")))
		rest = str_from_off(rest, 8);
	else if (str_istarts(rest, STR("http://")))
		rest = str_from_off(rest, 7);
	scheme = rest.len != strlen(key);
	if (!str_cut(&rest, '/', &head)) {
		head = rest;
		rest = (struct str){0};
	}
	while (rest.len && rest.s[rest.len - 1] == '/')
		rest.len--;
	/* the path of a URL is that of the API, not a namespace */
	if (scheme || str_is(rest, "v1") || str_is(rest, "v2"))
		rest = (struct str){0};
	*host = credentials_canonical_host(lower(a, head));
	*path = arena_str(a, rest);
	return head.len > 0;
}

struct auth_entry *
authfile_entry(struct arena *a, struct authfile *f, const char *host, const char *path)
{
	struct auth_entry *more;
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcmp(f->entries[i].host, host) == 0 &&
			strcmp(f->entries[i].path, path) == 0) {
			secret_release(&f->entries[i].secret);
			return &f->entries[i];
		}
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 8;
		more = arena_new(a, struct auth_entry, f->cap);
		if (f->n)
			memcpy(more, f->entries, f->n * sizeof(*more));
		f->entries = more;
	}
	f->entries[f->n] = (struct auth_entry){.host = host, .path = path, .user = ""};
	return &f->entries[f->n++];
}

/* The field is "auths.HOST" and so on; HOST is not secret. */
static bool
refuse(struct reading *r, const char *field, const char *key, const char *member, const char *why)
{
	r->rc = err_set(r->err, ERR_CONFIG, "'%s': field '%s%s%s%s%s' %s", r->file->name, field,
		key ? "." : "", key ? key : "", member ? "." : "", member ? member : "", why);
	return false;
}

/* Text of a member, NULL when absent, null or empty; -1 when it is something else. */
static int
get_text(struct reading *r, const char *key, const struct jval *entry, const char *member,
	const char **out)
{
	const struct jval *v = jval_get(entry, member);

	*out = jval_str(v);
	if (*out && !**out)
		*out = NULL;
	if (jval_kind(v) == JVAL_STRING || jval_kind(v) == JVAL_NONE || jval_kind(v) == JVAL_NULL)
		return 0;
	refuse(r, "auths", key, member, "is not text");
	return -1;
}

/* USER:PASSWORD in base64; padding with NUL characters is an old habit of some writers. */
static int
decode_auth(struct reading *r, const char *key, const char *auth, struct auth_entry *e)
{
	struct buf plain = {0};
	struct str rest, user;
	int rc = 0;

	if (!base64_decode(&plain, str_from(auth))) {
		refuse(r, "auths", key, "auth", "is not base64");
		rc = -1;
	} else {
		rest = buf_view(&plain);
		while (rest.len && rest.s[rest.len - 1] == '\0')
			rest.len--;
		if (!str_cut(&rest, ':', &user) || !user.len || memchr(user.s, '\0', user.len)) {
			refuse(r, "auths", key, "auth", "is not USER:PASSWORD in base64");
			rc = -1;
		} else {
			e->user = arena_str(r->arena, user);
			secret_set(&e->secret, rest);
		}
	}
	buf_wipe(&plain);
	return rc;
}

static int
fill_entry(struct reading *r, const char *key, const struct jval *v, struct auth_entry *e)
{
	const char *auth, *user, *password, *identity, *bearer;

	if (get_text(r, key, v, "auth", &auth) || get_text(r, key, v, "username", &user) ||
		get_text(r, key, v, "password", &password) ||
		get_text(r, key, v, "identitytoken", &identity) ||
		get_text(r, key, v, "registrytoken", &bearer))
		return -1;
	if (bearer || identity) {
		e->kind = bearer ? CREDENTIAL_BEARER : CREDENTIAL_IDENTITY;
		secret_set(&e->secret, str_from(bearer ? bearer : identity));
	} else if (auth) {
		e->kind = CREDENTIAL_BASIC;
		return decode_auth(r, key, auth, e);
	} else if (user && password) {
		e->kind = CREDENTIAL_BASIC;
		e->user = arena_cstr(r->arena, user);
		secret_set(&e->secret, str_from(password));
	} else if (user || password) {
		refuse(r, "auths", key, user ? "password" : "username", "is missing");
		return -1;
	}
	return 0;
}

static bool
read_auth(const char *key, const struct jval *v, void *arg)
{
	struct reading *r = arg;
	struct auth_entry found = {.user = ""}, *e;
	const char *host, *path;

	if (jval_kind(v) == JVAL_NULL)
		return true;
	if (jval_kind(v) != JVAL_OBJECT)
		return refuse(r, "auths", key, NULL, "is not an object");
	if (!authfile_split(r->arena, key, &host, &path))
		return refuse(r, "auths", key, NULL, "names no registry");
	if (fill_entry(r, key, v, &found)) {
		secret_release(&found.secret);
		return false;
	}
	/* an entry without content says that a helper has the secret */
	if (found.kind == CREDENTIAL_NONE)
		return true;
	e = authfile_entry(r->arena, r->file, host, path);
	e->kind = found.kind;
	e->user = found.user;
	e->secret = found.secret;
	e->source = r->file->name;
	return true;
}

/* It becomes part of a program's name, and must not lead to another folder. */
static bool
is_suffix(const char *s)
{
	const char *p;

	for (p = s; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
			!(*p >= '0' && *p <= '9') && !strchr("._-", *p))
			return false;
	return p != s;
}

static bool
read_helper(const char *key, const struct jval *v, void *arg)
{
	struct reading *r = arg;
	struct authfile *f = r->file;
	const char *host, *path, *suffix = jval_str(v);
	struct auth_helper *more;

	if (!suffix || !is_suffix(suffix))
		return refuse(r, "credHelpers", key, NULL, "is not the name of a helper");
	if (!authfile_split(r->arena, key, &host, &path))
		return refuse(r, "credHelpers", key, NULL, "names no registry");
	if (f->nhelpers == f->caphelpers) {
		f->caphelpers = f->caphelpers ? f->caphelpers * 2 : 8;
		more = arena_new(r->arena, struct auth_helper, f->caphelpers);
		if (f->nhelpers)
			memcpy(more, f->helpers, f->nhelpers * sizeof(*more));
		f->helpers = more;
	}
	f->helpers[f->nhelpers++] = (struct auth_helper){host, arena_cstr(r->arena, suffix)};
	return true;
}

static void
read_object(struct reading *r, const struct jval *root, const char *field,
	bool (*fn)(const char *key, const struct jval *v, void *arg))
{
	const struct jval *v = jval_get(root, field);

	if (r->rc || jval_kind(v) == JVAL_NONE || jval_kind(v) == JVAL_NULL)
		return;
	if (jval_kind(v) == JVAL_OBJECT)
		jval_each(v, fn, r);
	else
		refuse(r, field, NULL, NULL, "is not an object");
}

static void
read_store(struct reading *r, const struct jval *root)
{
	const struct jval *v = jval_get(root, "credsStore");
	const char *suffix = jval_str(v);

	if (r->rc || jval_kind(v) == JVAL_NONE || jval_kind(v) == JVAL_NULL)
		return;
	if (suffix && !*suffix)
		return;
	if (suffix && is_suffix(suffix))
		r->file->store = arena_cstr(r->arena, suffix);
	else
		refuse(r, "credsStore", NULL, NULL, "is not the name of a helper");
}

/* The parser quotes what it stumbles over; only the place is safe to repeat. */
static int
refuse_json(const char *name, const struct err *cause, struct err *err)
{
	const char *col = strstr(cause->msg, "column ");
	size_t len = col ? (size_t)(col - cause->msg) + 7 : 0;

	while (len && cause->msg[len] >= '0' && cause->msg[len] <= '9')
		len++;
	return err_set(err, ERR_CONFIG, "'%s': %.*s", name, len ? (int)len : 14,
		len ? cause->msg : "not valid JSON");
}

int
authfile_parse(
	struct arena *a, const char *name, struct str text, struct authfile *out, struct err *err)
{
	struct reading r = {.arena = a, .file = out, .err = err};
	cleanup_jval struct jval *root = NULL;
	struct err cause = {0};

	*out = (struct authfile){.name = arena_cstr(a, name)};
	if (!str_trim(text).len)
		return err_set(err, ERR_CONFIG, "'%s' is empty", name);
	root = jval_parse(text, &cause);
	if (!root)
		return refuse_json(name, &cause, err);
	if (jval_kind(root) != JVAL_OBJECT)
		return err_set(err, ERR_CONFIG, "'%s' is not a JSON object", name);
	read_object(&r, root, "auths", read_auth);
	read_object(&r, root, "credHelpers", read_helper);
	read_store(&r, root);
	if (r.rc)
		authfile_release(out);
	return r.rc;
}

void
authfile_release(struct authfile *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		secret_release(&f->entries[i].secret);
	*f = (struct authfile){0};
}

/* Whole parts only: "team" contains "team/app", not "teammate". */
static bool
contains(const char *path, const char *below)
{
	size_t len = strlen(path);

	return len == 0 ||
	       (strncmp(path, below, len) == 0 && (below[len] == '/' || below[len] == '\0'));
}

const struct auth_entry *
authfile_find(const struct authfile *f, const char *host, const char *path)
{
	const struct auth_entry *best = NULL, *first = NULL, *e;
	size_t i;

	for (i = 0; i < f->n; i++) {
		e = &f->entries[i];
		if (strcmp(e->host, host) != 0)
			continue;
		if (!first)
			first = e;
		if (contains(e->path, path) && (!best || strlen(e->path) > strlen(best->path)))
			best = e;
	}
	return best || *path ? best : first;
}

const char *
authfile_helper(const struct authfile *f, const char *host, bool *own)
{
	size_t i;

	*own = true;
	for (i = 0; i < f->nhelpers; i++)
		if (strcmp(f->helpers[i].host, host) == 0)
			return f->helpers[i].suffix;
	*own = false;
	return f->store;
}
