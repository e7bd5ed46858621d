#include "registry/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/jval.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/ref.h"
#include "registry/request.h"

/* ---- opening ---------------------------------------------------------------- */

static int
open_parts(struct registry *r, const struct registry_options *o, struct err *err)
{
	struct ref ref = {.domain = credentials_canonical_host(o->host), .path = o->repository};

	if (!ref_domain_is_valid(str_from(ref.domain)))
		return err_set(err, ERR_CONFIG, "'%s' names no registry", ref.domain);
	if (ref.path && !ref_path_is_valid(str_from(ref.path)))
		return err_set(
			err, ERR_CONFIG, "'%s/%s' names no repository", ref.domain, ref.path);
	r->name = arena_cstr(&r->arena, ref.domain);
	r->repository = ref.path ? arena_cstr(&r->arena, ref.path) : NULL;
	if (wire_open(&r->wire, ref_api_host(&ref), o->insecure, o->ca, o->env, err))
		return -1;
	r->wire.agent = o->agent;
	r->may_be_plain = o->insecure || wire_is_loopback(r->wire.host);
	r->credentials = o->credentials;
	if (!o->credentials)
		return 0;
	return credentials_find(o->credentials,
		r->repository ? arena_fmt(&r->arena, "%s/%s", r->name, r->repository) : r->name,
		&r->cred, err);
}

struct registry *
registry_open(const struct registry_options *o, struct err *err)
{
	struct registry *r = xcalloc(1, sizeof(*r));

	r->log = o->log;
	if (open_parts(r, o, err)) {
		registry_close(r);
		return NULL;
	}
	return r;
}

void
registry_close(struct registry *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < REGISTRY_TOKENS_MAX; i++)
		secret_release(&r->tokens[i].value);
	credential_release(&r->cred);
	wire_close(&r->wire);
	arena_release(&r->arena);
	free(r);
}

void
registry_closep(struct registry **r)
{
	registry_close(*r);
	*r = NULL;
}

void
registry_retry_for(struct registry *r, int64_t ms)
{
	r->retry_for = ms;
}

const char *
registry_credential_source(const struct registry *r)
{
	return r->cred.kind == CREDENTIAL_NONE ? NULL : r->cred.source;
}

bool
registry_is_open(const struct registry *r)
{
	return r->pinged && r->challenge.kind == CHALLENGE_NONE;
}

/* ---- permissions ------------------------------------------------------------ */

int
registry_login(struct registry *r, const char *actions, int64_t deadline, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {
		.method = "GET", .url = "/v2/", .actions = actions, .max = LIMIT_ERROR_BODY};
	struct buf authorization = {0};
	int rc;

	if (registry_ping(r, deadline, err))
		return -1;
	if (r->challenge.kind == CHALLENGE_BEARER && r->cred.kind != CREDENTIAL_BEARER) {
		rc = registry_authorize(r, actions, NULL, &authorization, deadline, err);
		buf_wipe(&authorization);
		return rc;
	}
	if (registry_send(r, &req, &reply, deadline, err))
		return -1;
	return reply.head.status == 200 ? 0 : registry_refused(r, &reply, err);
}

int
registry_location(
	struct registry *r, const struct wire_reply *reply, const char **url, struct err *err)
{
	struct str location = http_head_get(&reply->head, "location");
	const char *where;
	struct url u;

	if (location.len == 0)
		return err_set(err, ERR_PROTO,
			"registry '%s' opens an upload and does not say where", r->name);
	where = wire_resolve(&r->arena, reply->url, location);
	if (url_parse(&r->arena, where, &u, err) || wire_allows(&r->wire, &u, r->plain, err)) {
		err_hint(err,
			"a proxy in front of the registry has to tell it by which address and "
			"scheme it is reached");
		return err_wrap(err, "registry '%s' wants an upload elsewhere", r->name);
	}
	*url = where;
	return 0;
}

/* What the registry makes of it is its own matter: sessions end by themselves, too. */
static void
cancel_upload(struct registry *r, const struct wire_reply *opened, int64_t deadline)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {
		.method = "DELETE", .actions = "pull,push", .max = LIMIT_ERROR_BODY, .once = true};

	if (registry_location(r, opened, &req.url, NULL) == 0)
		registry_send(r, &req, &reply, deadline, NULL);
}

int
registry_may_push(struct registry *r, int64_t deadline, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {
		.method = "POST", .actions = "pull,push", .max = LIMIT_ERROR_BODY};

	if (registry_ping(r, deadline, err))
		return -1;
	req.url = arena_fmt(&r->arena, "/v2/%s/blobs/uploads/", r->repository);
	if (registry_send(r, &req, &reply, deadline, err))
		return -1;
	if (reply.head.status != 202 && reply.head.status != 201)
		return registry_refused(r, &reply, err);
	cancel_upload(r, &reply, deadline);
	return 0;
}

int
registry_check_digest(const char *digest, struct err *err)
{
	if (digest_check(str_from(digest), err))
		return -1;
	if (!str_is(digest_algorithm(str_from(digest)), "sha256"))
		return err_set(err, ERR_PROTO, "'%s': sha256 is what can be verified here", digest);
	return 0;
}

/* ---- manifests and blobs ---------------------------------------------------- */

static int
keep_type(const struct registry *r, const struct wire_reply *reply, struct registry_manifest *out,
	struct err *err)
{
	struct str type = http_head_get(&reply->head, "content-type");
	ptrdiff_t semicolon = str_find(type, ';');
	bool index;

	type = str_trim(semicolon < 0 ? type : str_first(type, (size_t)semicolon));
	if (type.len && type.len < sizeof(out->type)) {
		memcpy(out->type, type.s, type.len);
		out->type[type.len] = '\0';
	}
	if (!manifest_type_is_known(out->type, &index))
		return err_set(err, ERR_PROTO,
			"registry '%s' has something under that name that is no image: '" STR_FMT
			"'",
			r->name, STR_ARG(str_first(type, 100)));
	return 0;
}

/* Empty when the registry does not say, or speaks of another algorithm. */
static int
keep_digest(const struct registry *r, const struct wire_reply *reply, struct registry_manifest *out,
	struct err *err)
{
	struct str said = http_head_get(&reply->head, "docker-content-digest");

	out->digest[0] = '\0';
	if (!str_starts(said, STR("sha256:")))
		return 0;
	if (!digest_is_valid(said))
		return err_set(
			err, ERR_PROTO, "registry '%s' names a digest that is none", r->name);
	memcpy(out->digest, said.s, said.len);
	out->digest[said.len] = '\0';
	return 0;
}

static int
check_bytes(const struct registry *r, const char *reference, struct registry_manifest *m,
	struct err *err)
{
	static const char prefix[] = "sha256:";
	char made[sizeof(m->digest)];
	cleanup_jval struct jval *v = NULL;
	const char *type;

	memcpy(made, prefix, sizeof(prefix));
	sha256_text(buf_view(&m->body), made + sizeof(prefix) - 1);
	if ((m->digest[0] && strcmp(m->digest, made) != 0) ||
		(str_starts(str_from(reference), STR("sha256:")) && strcmp(reference, made) != 0))
		return err_set(err, ERR_PROTO,
			"registry '%s' sent a manifest with digest %s in place of %s", r->name,
			made, m->digest[0] ? m->digest : reference);
	memcpy(m->digest, made, sizeof(made));
	v = jval_parse(buf_view(&m->body), err);
	if (!v)
		return err_wrap(err, "manifest of registry '%s'", r->name);
	/* two readers must not see two things in the same bytes */
	type = jval_get_str(v, "mediaType");
	if (jval_kind(v) != JVAL_OBJECT || (type && strcmp(type, m->type) != 0))
		return err_set(
			err, ERR_PROTO, "registry '%s' sent a manifest as what it is not", r->name);
	return 0;
}

static int
get_manifest(struct registry *r, const char *method, const char *reference,
	struct registry_manifest *out, bool *found, int64_t deadline, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = method,
		.actions = "pull",
		.accept = MANIFEST_TYPES,
		.max = REGISTRY_MANIFEST_MAX};

	*found = false;
	if (!ref_tag_is_valid(str_from(reference)) && !digest_is_valid(str_from(reference)))
		return err_set(err, ERR_CONFIG, "'%s' is no tag and no digest", reference);
	if (registry_ping(r, deadline, err))
		return -1;
	req.url = arena_fmt(&r->arena, "/v2/%s/manifests/%s", r->repository, reference);
	if (registry_send(r, &req, &reply, deadline, err))
		return -1;
	if (reply.head.status == 404)
		return 0;
	if (reply.head.status != 200)
		return registry_refused(r, &reply, err);
	if (keep_type(r, &reply, out, err) || keep_digest(r, &reply, out, err))
		return -1;
	*found = true;
	out->body = reply.body;
	reply.body = (struct buf){0};
	return 0;
}

int
registry_manifest_get(struct registry *r, const char *reference, struct registry_manifest *out,
	bool *found, int64_t deadline, struct err *err)
{
	*out = (struct registry_manifest){.digest = ""};
	if (get_manifest(r, "GET", reference, out, found, deadline, err))
		return -1;
	if (!*found || check_bytes(r, reference, out, err) == 0)
		return 0;
	registry_manifest_release(out);
	return -1;
}

int
registry_manifest_head(struct registry *r, const char *reference, struct registry_manifest *out,
	bool *found, int64_t deadline, struct err *err)
{
	*out = (struct registry_manifest){.digest = ""};
	if (get_manifest(r, "HEAD", reference, out, found, deadline, err))
		return -1;
	buf_release(&out->body);
	if (!*found || out->digest[0])
		return 0;
	if (registry_manifest_get(r, reference, out, found, deadline, err))
		return -1;
	buf_release(&out->body);
	return 0;
}

void
registry_manifest_release(struct registry_manifest *m)
{
	buf_release(&m->body);
}

int
registry_blob_head(
	struct registry *r, const char *digest, bool *found, int64_t deadline, struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "HEAD", .actions = "pull"};

	if (digest_check(str_from(digest), err) || registry_ping(r, deadline, err))
		return -1;
	req.url = arena_fmt(&r->arena, "/v2/%s/blobs/%s", r->repository, digest);
	if (registry_send(r, &req, &reply, deadline, err))
		return -1;
	*found = reply.head.status == 200;
	/* a store to which we were sent may sign for GET only; the registry has it nevertheless */
	if (reply.foreign && reply.head.status == 403)
		*found = true;
	else if (reply.head.status != 200 && reply.head.status != 404)
		return registry_refused(r, &reply, err);
	return 0;
}
