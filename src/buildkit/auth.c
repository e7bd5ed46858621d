/*
 * moby.filesync.v1.Auth: what a registry wants to see.
 *
 * Where a registry has a token server and we have credentials for it, the daemon
 * gets tokens that were fetched here (FetchToken), and may keep them for whoever
 * shows that he is the same client (GetTokenAuthority, VerifyTokenAuthority). It
 * asks again when one is about to end or was refused, so none is kept here.
 *
 * In all other cases it learns that there is no such service, and takes what
 * Credentials gives: registries that know user and password only, such as ECR;
 * those we cannot reach from here; and those that we have nothing for, where it
 * is anonymous.
 *
 * Whatever may take its time is an errand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/err.h"
#include "buildkit/errand.h"
#include "buildkit/services.h"
#include "net/grpc.h"
#include "registry/authority.h"
#include "registry/client.h"
#include "registry/credentials.h"
#include "registry/refusal.h"
#include "registry/tokens.h"

#include "buildkit/proto/session.pb-c.h"

enum {
	REQUEST_MAX = 64 * 1024,
	PAYLOAD_MAX = 4096, /* that a daemon wants signed; it sends 32 bytes */
	/* daemons give up after 30 s, old ones never */
	PROBE_MS = 10 * 1000,
	TOKEN_MS = 25 * 1000,
};

/* A registry, once we know who fetches its tokens. */
struct auth_host {
	struct auth_host *next;
	const char *name;
	struct tokens_known known;
};

struct bk_auth {
	struct arena arena;
	struct auth_host *hosts;
	struct authority *authority;
};

/* A call, and what it asks for. */
struct ask {
	struct bk_session *session;
	struct grpc_call *call;
	void (*read)(struct ask *k, struct str msg);
	void (*act)(struct ask *k);       /* once it is known that tokens are fetched here */
	const struct tokens_known *known; /* by then */
	struct errand *errand;
	struct arena arena;
	const char *host;
	struct str salt, payload;
	struct tokens_wish wish;
};

void
auth_free(struct bk_auth *a)
{
	if (!a)
		return;
	authority_free(a->authority);
	arena_release(&a->arena);
	free(a);
}

static struct bk_auth *
state(struct ask *k)
{
	struct bk_session *s = k->session;

	if (!s->auth) {
		s->auth = xcalloc(1, sizeof(*s->auth));
		s->auth->authority = authority_new(s->o.tokens->env, s->o.log);
	}
	return s->auth;
}

/* ---- answers ------------------------------------------------------------------------ */

static void
wipe_free(uint8_t *p, size_t len)
{
	explicit_bzero(p, len);
	free(p);
}

static void
refuse(struct ask *k, int code, const char *why)
{
	log_warn(k->session->o.log, "%s", why);
	grpc_call_finish(k->call, code, why);
}

static void
leave_it(struct ask *k)
{
	grpc_call_finish(k->call, GRPC_UNIMPLEMENTED, "tokens are not fetched by this client");
}

static void
send_packed(struct ask *k, struct str packed)
{
	grpc_call_send(k->call, packed.s, packed.len);
	grpc_call_finish(k->call, GRPC_OK, NULL);
}

static void
malformed(struct ask *k)
{
	grpc_call_finish(k->call, GRPC_INVALID_ARGUMENT, "malformed request");
}

/*
 * What a child has to say: 'K' and the bytes of an answer, or 'E', a gRPC code and
 * a text; then what it has learnt of credentials.
 */
static void
report(struct ask *k, struct buf *out, char kind, struct str payload)
{
	uint32_t len = (uint32_t)payload.len;

	/* room for all, so that no copy stays behind */
	buf_reserve(out, 512 * 1024, NULL);
	buf_putc(out, kind);
	buf_mem(out, &len, sizeof(len));
	buf_str(out, payload);
	credentials_tell(k->session->o.credentials, out);
}

static void
report_err(struct ask *k, struct buf *out, int code, const struct err *err)
{
	cleanup_buf struct buf text = {0};

	buf_putc(&text, (char)code);
	buf_addf(&text, "%s%s%s", err->msg, *err->hint ? ": " : "", err->hint);
	report(k, out, 'E', buf_view(&text));
}

/* False when it did not go well; the call is finished then. */
static bool
understand(struct ask *k, struct str answer, struct str *payload)
{
	cleanup_arena struct arena a = {0};
	uint32_t len;

	k->errand = NULL;
	if (answer.len < 1 + sizeof(len)) {
		refuse(k, GRPC_UNKNOWN, "the look-up of credentials ended without an answer");
		return false;
	}
	memcpy(&len, answer.s + 1, sizeof(len));
	*payload = str_first(str_from_off(answer, 1 + sizeof(len)), len);
	credentials_learn(k->session->o.credentials, str_from_off(answer, 1 + sizeof(len) + len));
	if (answer.s[0] == 'K')
		return true;
	refuse(k, payload->s[0], arena_str(&a, str_from_off(*payload, 1)));
	return false;
}

static void
start(struct ask *k, errand_work_fn work, errand_done_fn done)
{
	struct err err = {0};

	k->errand = errand_start(k->session->loop, work, done, k, &err);
	if (!k->errand)
		refuse(k, GRPC_UNKNOWN, err.msg);
}

/* ---- user and password ---------------------------------------------------------------- */

/* The packed answer, behind the name of where it comes from; empty: nothing is known. */
static void
pack_credential(const struct credential *cred, struct buf *out)
{
	Pb__CredentialsResponse r = PB__CREDENTIALS_RESPONSE__INIT;
	size_t len;

	/* an identity token goes without a user; what stays unset is empty on the wire */
	if (cred->kind == CREDENTIAL_BASIC)
		r.username = cred->user;
	if ((cred->kind == CREDENTIAL_BASIC || cred->kind == CREDENTIAL_IDENTITY) &&
		secret_is_set(&cred->secret))
		r.secret = cred->secret.value;
	buf_puts(out, cred->kind == CREDENTIAL_NONE ? "" : cred->source);
	buf_putc(out, 0);
	len = pb__credentials_response__get_packed_size(&r);
	buf_reserve(out, len, NULL);
	out->len += pb__credentials_response__pack(&r, (uint8_t *)out->p + out->len);
}

static void
find_credential(void *arg, struct buf *out)
{
	cleanup_credential struct credential cred = {0};
	struct ask *k = arg;
	struct err err = {0};
	struct buf packed = {0};

	if (credentials_find(k->session->o.credentials, k->host, &cred, &err)) {
		report_err(k, out, GRPC_UNKNOWN, &err);
		return;
	}
	pack_credential(&cred, &packed);
	report(k, out, 'K', buf_view(&packed));
	buf_wipe(&packed);
}

static void
give_credential(void *arg, struct str answer)
{
	struct ask *k = arg;
	struct log *log = k->session->o.log;
	struct str packed, source;

	if (!understand(k, answer, &packed))
		return;
	str_cut(&packed, 0, &source);
	if (source.len)
		log_debug(log, "credentials for %s from " STR_FMT " go to the daemon", k->host,
			STR_ARG(source));
	else
		log_debug(log, "no credentials for %s", k->host);
	send_packed(k, packed);
}

static void
read_credentials(struct ask *k, struct str msg)
{
	struct credentials *c = k->session->o.credentials;
	Pb__CredentialsRequest *r =
		pb__credentials_request__unpack(NULL, msg.len, (const uint8_t *)msg.s);
	struct buf out = {0};

	if (!r) {
		malformed(k);
		return;
	}
	k->host = arena_cstr(&k->arena, r->host);
	pb__credentials_request__free_unpacked(r, NULL);
	if (!c) {
		send_packed(k, STR("")); /* both fields empty: anonymous */
	} else if (credentials_may_block(c, k->host)) {
		start(k, find_credential, give_credential);
	} else {
		find_credential(k, &out);
		give_credential(k, buf_view(&out));
		buf_wipe(&out);
	}
}

/* ---- who fetches tokens ------------------------------------------------------------------ */

static struct auth_host *
find_host(struct ask *k)
{
	struct auth_host *h = state(k)->hosts;

	while (h && strcmp(h->name, k->host) != 0)
		h = h->next;
	return h;
}

static void
note_host(struct ask *k, bool given, bool plain, struct str realm)
{
	struct bk_auth *a = state(k);
	struct auth_host *h = arena_new(&a->arena, struct auth_host, 1);

	h->name = arena_cstr(&a->arena, k->host);
	h->known = (struct tokens_known){
		.given = given, .plain = plain, .realm = arena_str(&a->arena, realm)};
	h->next = a->hosts;
	a->hosts = h;
}

static struct registry *
open_registry(struct ask *k, const char *repository, struct err *err)
{
	const struct bk_tokens *t = k->session->o.tokens;
	bool own = t->server && str_iis(str_from(credentials_canonical_host(t->server)),
					credentials_canonical_host(k->host));
	struct registry_options o = {.host = k->host,
		.repository = repository,
		.insecure = own && t->insecure,
		.ca = own ? t->ca : NULL,
		.agent = t->agent,
		.env = t->env,
		.credentials = k->session->o.credentials};

	return registry_open(&o, err);
}

/* A registry that does not answer us may still answer the daemon. */
static void
probe_host(void *arg, struct buf *out)
{
	struct ask *k = arg;
	struct err err = {0};
	cleanup_registry struct registry *r = open_registry(k, NULL, &err);
	struct tokens_known known = {0};
	cleanup_buf struct buf text = {0};

	if (!r && err.kind == ERR_AUTH) {
		report_err(k, out, GRPC_UNKNOWN, &err);
		return;
	}
	if (r)
		tokens_ask(r, &known, deadline_in(PROBE_MS), &err);
	buf_putc(&text, known.given ? '1' : '0');
	buf_putc(&text, known.plain ? '1' : '0');
	buf_puts(&text, known.given ? known.realm : err.msg);
	report(k, out, 'K', buf_view(&text));
}

static void
act_on(struct ask *k, const struct auth_host *h)
{
	if (!h || !h->known.given) {
		leave_it(k);
		return;
	}
	k->known = &h->known;
	k->act(k);
}

static void
host_probed(void *arg, struct str answer)
{
	struct ask *k = arg;
	struct log *log = k->session->o.log;
	struct str said, rest;

	if (!understand(k, answer, &said))
		return;
	rest = str_from_off(said, 2);
	note_host(k, said.s[0] == '1', said.s[1] == '1', rest);
	if (said.s[0] == '1')
		log_debug(log, "tokens for %s are fetched here", k->host);
	else if (rest.len)
		log_debug(log, "the daemon itself fetches tokens for %s: " STR_FMT, k->host,
			STR_ARG(rest));
	act_on(k, find_host(k));
}

/* Without a secret there is none to be kept from the daemon. */
static bool
has_nothing(struct ask *k)
{
	cleanup_credential struct credential cred = {0};
	struct credentials *c = k->session->o.credentials;

	return !c || (!credentials_may_block(c, k->host) &&
			     credentials_find(c, k->host, &cred, NULL) == 0 &&
			     cred.kind == CREDENTIAL_NONE);
}

/* Calls act, at once or when the registry has been asked, if tokens are fetched here. */
static void
with_host(struct ask *k, void (*act)(struct ask *k))
{
	const struct auth_host *h;

	k->act = act;
	if (!k->session->o.tokens || has_nothing(k) ||
		env_true(k->session->o.tokens->env, "BUILDKIT_NO_CLIENT_TOKEN")) {
		leave_it(k);
		return;
	}
	h = find_host(k);
	if (h)
		act_on(k, h);
	else
		start(k, probe_host, host_probed);
}

/* ---- the authority ------------------------------------------------------------------------ */

static void
tell_key(struct ask *k)
{
	Pb__GetTokenAuthorityResponse r = PB__GET_TOKEN_AUTHORITY_RESPONSE__INIT;
	cleanup_ed25519_key struct ed25519_key key = {0};
	uint8_t packed[2 * ED25519_PUBLIC_LEN];
	size_t len;

	authority_key(state(k)->authority, k->host, k->salt, &key);
	r.publickey = (ProtobufCBinaryData){sizeof(key.public), key.public};
	len = pb__get_token_authority_response__pack(&r, packed);
	send_packed(k, str_n((char *)packed, len));
}

static void
read_authority(struct ask *k, struct str msg)
{
	Pb__GetTokenAuthorityRequest *r =
		pb__get_token_authority_request__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	if (!r) {
		malformed(k);
		return;
	}
	k->host = arena_cstr(&k->arena, r->host);
	k->salt = arena_dup(&k->arena, str_n((char *)r->salt.data, r->salt.len));
	pb__get_token_authority_request__free_unpacked(r, NULL);
	with_host(k, tell_key);
}

/* The signature, and behind it what was signed. */
static void
sign(struct ask *k)
{
	Pb__VerifyTokenAuthorityResponse r = PB__VERIFY_TOKEN_AUTHORITY_RESPONSE__INIT;
	cleanup_ed25519_key struct ed25519_key key = {0};
	uint8_t signature[ED25519_SIGNATURE_LEN], packed[PAYLOAD_MAX + 2 * ED25519_SIGNATURE_LEN];
	cleanup_buf struct buf text = {0};
	size_t len;

	authority_key(state(k)->authority, k->host, k->salt, &key);
	ed25519_sign(&key, k->payload, signature);
	buf_mem(&text, signature, sizeof(signature));
	buf_str(&text, k->payload);
	r.signed_ = (ProtobufCBinaryData){text.len, (uint8_t *)text.p};
	len = pb__verify_token_authority_response__pack(&r, packed);
	send_packed(k, str_n((char *)packed, len));
}

static void
read_verify(struct ask *k, struct str msg)
{
	Pb__VerifyTokenAuthorityRequest *r =
		pb__verify_token_authority_request__unpack(NULL, msg.len, (const uint8_t *)msg.s);

	if (!r || r->payload.len > PAYLOAD_MAX) {
		malformed(k);
	} else {
		k->host = arena_cstr(&k->arena, r->host);
		k->salt = arena_dup(&k->arena, str_n((char *)r->salt.data, r->salt.len));
		k->payload = arena_dup(&k->arena, str_n((char *)r->payload.data, r->payload.len));
		with_host(k, sign);
	}
	if (r)
		pb__verify_token_authority_request__free_unpacked(r, NULL);
}

/* ---- tokens ------------------------------------------------------------------------------- */

/* The registry itself named the server: one that is not there is going to come back. */
static bool
passes(const struct err *err)
{
	if (err->kind == ERR_NET)
		return err->code == ECONNRESET || err->code == EPIPE || err->code == ETIMEDOUT ||
		       err->code == ECONNREFUSED;
	return err->kind == ERR_REMOTE && registry_status_passes(err->code);
}

static int
code_of(const struct err *err)
{
	switch (err->kind) {
	case ERR_AUTH:
		return GRPC_UNAUTHENTICATED;
	case ERR_NET:
	case ERR_TLS:
		return GRPC_UNAVAILABLE;
	default:
		return passes(err) ? GRPC_UNAVAILABLE : GRPC_UNKNOWN;
	}
}

static void
report_no_token(struct ask *k, struct buf *out, struct err *err)
{
	enum { SHOWN = 100 };
	bool far = err->kind == ERR_NET || err->kind == ERR_TLS || err->kind == ERR_PROTO;

	err_wrap(err, "token for '" STR_FMT "'",
		STR_ARG(str_first(str_from(k->wish.scopes), SHOWN)));
	err_hint(err, "%s%s%s", passes(err) ? BK_TOKEN_LATER : "", passes(err) && far ? "; " : "",
		far ? "with BUILDKIT_NO_CLIENT_TOKEN=1 the daemon asks it, with user and password"
		    : "");
	report_err(k, out, code_of(err), err);
}

static void
fetch_token(void *arg, struct buf *out)
{
	Pb__FetchTokenResponse r = PB__FETCH_TOKEN_RESPONSE__INIT;
	cleanup_secret struct secret token = {0};
	struct ask *k = arg;
	struct err err = {0};
	cleanup_registry struct registry *reg =
		open_registry(k, tokens_repository(&k->arena, k->wish.scopes), &err);
	uint8_t *packed;
	size_t len;

	if (!reg || tokens_fetch(reg, k->known, &k->wish, &token, &r.expiresin,
			    deadline_in(TOKEN_MS), &err)) {
		report_no_token(k, out, &err);
		return;
	}
	/* counted from now: the clocks of server and daemon need not agree */
	r.token = token.value;
	len = pb__fetch_token_response__get_packed_size(&r);
	packed = xmalloc(len);
	pb__fetch_token_response__pack(&r, packed);
	report(k, out, 'K', str_n((char *)packed, len));
	wipe_free(packed, len);
}

static void
give_token(void *arg, struct str answer)
{
	struct ask *k = arg;
	struct str packed;

	if (!understand(k, answer, &packed))
		return;
	log_debug(k->session->o.log, "token for %s of %s", k->wish.scopes, k->host);
	send_packed(k, packed);
}

static void
start_token(struct ask *k)
{
	start(k, fetch_token, give_token);
}

static void
read_token(struct ask *k, struct str msg)
{
	Pb__FetchTokenRequest *r =
		pb__fetch_token_request__unpack(NULL, msg.len, (const uint8_t *)msg.s);
	cleanup_buf struct buf scopes = {0};
	size_t i;

	if (!r) {
		malformed(k);
		return;
	}
	for (i = 0; i < r->n_scopes; i++)
		buf_addf(&scopes, "%s%s", i ? " " : "", r->scopes[i]);
	k->host = arena_cstr(&k->arena, r->host);
	k->wish = (struct tokens_wish){.realm = arena_cstr(&k->arena, r->realm),
		.service = arena_cstr(&k->arena, r->service),
		.scopes = arena_str(&k->arena, buf_view(&scopes))};
	pb__fetch_token_request__free_unpacked(r, NULL);
	with_host(k, start_token);
}

/* ---- calls --------------------------------------------------------------------------------- */

static void
on_message(struct grpc_call *call, struct str msg, void *arg)
{
	struct ask *k = arg;

	(void)call;
	if (k->errand || k->host || msg.len > REQUEST_MAX)
		malformed(k);
	else
		k->read(k, msg);
}

static void
on_close(struct grpc_call *call, const struct grpc_status *st, void *arg)
{
	struct ask *k = arg;

	(void)call;
	(void)st;
	errand_stop(k->errand);
	arena_release(&k->arena);
	free(k);
}

static void
serve(struct bk_session *s, struct grpc_call *call, void (*read)(struct ask *k, struct str msg))
{
	static const struct grpc_call_ops ops = {.message = on_message, .close = on_close};
	struct ask *k = xcalloc(1, sizeof(*k));

	k->session = s;
	k->call = call;
	k->read = read;
	grpc_call_serve(call, &ops, k);
}

void
auth_credentials_open(struct bk_session *s, struct grpc_call *call)
{
	serve(s, call, read_credentials);
}

void
auth_token_open(struct bk_session *s, struct grpc_call *call)
{
	serve(s, call, read_token);
}

void
auth_authority_open(struct bk_session *s, struct grpc_call *call)
{
	serve(s, call, read_authority);
}

void
auth_verify_open(struct bk_session *s, struct grpc_call *call)
{
	serve(s, call, read_verify);
}
