#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sha256.h"
#include "image/digest.h"
#include "registry/request.h"

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

enum { FINISH_MS = 2 * 60000, WARNING_MAX = 500 };

/* What a registry wants its users to know ('299 - "text"'), once. */
static void
show_warning(struct registry *r, const struct wire_reply *reply)
{
	struct str text = http_head_get(&reply->head, "warning");
	cleanup_buf struct buf clean = {0};

	if (r->warned || !str_take(&text, STR("299 - \"")) || !text.len)
		return;
	r->warned = true;
	utf8_clean(
		&clean, str_first(text, text.len - 1 < WARNING_MAX ? text.len - 1 : WARNING_MAX));
	log_warn(r->log, "registry '%s': %s", r->name, buf_cstr(&clean));
}

static int
check_document(const struct registry_document *doc, struct err *err)
{
	char hex[SHA256_HEX_LEN + 1];

	if (doc->bytes.len > REGISTRY_MANIFEST_MAX)
		return err_set(err, ERR_LIMIT, "manifest '%s' is larger than %d bytes", doc->digest,
			REGISTRY_MANIFEST_MAX);
	if (registry_check_digest(doc->digest, err))
		return -1;
	sha256_text(doc->bytes, hex);
	if (!str_is(digest_hex(str_from(doc->digest)), hex))
		return err_set(err, ERR_PROTO,
			"manifest '%s' is not what stands under that name: its digest is %s",
			doc->digest, hex);
	return 0;
}

int
registry_manifest_put(struct registry *r, const char *reference,
	const struct registry_document *doc, enum registry_kept *kept, int64_t deadline,
	struct err *err)
{
	cleanup_wire_reply struct wire_reply reply = {0};
	struct registry_request req = {.method = "PUT",
		.actions = "pull,push",
		.content_type = doc->type,
		.body = doc->bytes,
		.patience_ms = FINISH_MS,
		.max = LIMIT_ERROR_BODY};
	enum registry_kept ignored;
	struct str said;

	if (!kept)
		kept = &ignored;
	*kept = REGISTRY_UNLISTED;
	if (check_document(doc, err) || registry_ping(r, deadline, err))
		return -1;
	req.url = arena_fmt(&r->arena, "/v2/%s/manifests/%s", r->repository, reference);
	if (registry_send(r, &req, &reply, deadline, err))
		return -1;
	if (reply.head.status != 201 && reply.head.status != 200) {
		if (str_search(buf_view(&reply.body), STR("\"MANIFEST_BLOB_UNKNOWN\"")) >= 0)
			*kept = REGISTRY_LACKS;
		return registry_refused(r, &reply, err);
	}
	said = http_head_get(&reply.head, "docker-content-digest");
	if (str_starts(said, STR("sha256:")) && !str_is(said, doc->digest))
		return err_set(err, ERR_PROTO, "registry '%s' keeps manifest '%s' as '" STR_FMT "'",
			r->name, doc->digest, STR_ARG(str_first(said, 100)));
	show_warning(r, &reply);
	if (http_head_get(&reply.head, "oci-subject").len)
		*kept = REGISTRY_LISTED;
	return 0;
}

/* ---- referrers, where the registry keeps no list of them ---------------------- */

/* The entries of the index as it is; *there when the digest is among them. */
static void
copy_entries(struct buf *out, struct str index, const char *digest, bool *there)
{
	cleanup_jval struct jval *v = jval_parse(index, NULL);
	const struct jval *entries = jval_get(v, "manifests");
	size_t i;

	for (i = 0; i < jval_len(entries); i++) {
		const struct jval *e = jval_at(entries, i);
		const char *other = jval_get_str(e, "digest");

		if (other && !strcmp(other, digest))
			*there = true;
		jval_write(out, e, 0);
		buf_putc(out, ',');
	}
}

int
registry_referrer_add(struct registry *r, const char *subject, const char *digest,
	struct str descriptor, int64_t deadline, struct err *err)
{
	cleanup_registry_manifest struct registry_manifest m = {.digest = ""};
	cleanup_buf struct buf index = {0};
	char made[sizeof("sha256:") + SHA256_HEX_LEN] = "sha256:";
	struct registry_document doc = {.type = INDEX_TYPE, .digest = made};
	bool found, there = false;
	const char *tag;

	if (registry_check_digest(subject, err))
		return -1;
	tag = arena_fmt(&r->arena, "sha256-" STR_FMT, STR_ARG(digest_hex(str_from(subject))));
	if (registry_manifest_get(r, tag, &m, &found, deadline, err))
		return err_wrap(err, "list of what refers to '%s'", subject);
	buf_puts(&index, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE "\",\"manifests\":[");
	if (found)
		copy_entries(&index, buf_view(&m.body), digest, &there);
	if (there)
		return 0;
	buf_str(&index, descriptor);
	buf_puts(&index, "]}");
	doc.bytes = buf_view(&index);
	sha256_text(doc.bytes, made + strlen("sha256:"));
	if (registry_manifest_put(r, tag, &doc, NULL, deadline, err))
		return err_wrap(err, "list of what refers to '%s'", subject);
	return 0;
}
