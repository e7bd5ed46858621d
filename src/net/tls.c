#include "net/tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/tls_env.h"
#include "net/tls_private.h"
#include "net/trust.h"

enum {
	PUMP_DONE = 0, /* what was asked for can be done */
	PUMP_END = 1,  /* the stream has ended */
	HEADER_LEN = 5,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_NO_PROTOCOL = 120,
	NAME_MAX_LEN = 253,
	PROTOCOLS_MAX = 4,
};

/* Forward secrecy and authenticated encryption, or nothing. */
static const uint16_t suites_aes_first[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
};

static const uint16_t suites_chacha_first[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

/* What the library asks when the peer wants to know who we are. */
struct client_auth {
	const br_ssl_client_certificate_class *vtable; /* first */
	const struct tls_identity *identity;           /* borrowed, may be NULL */
	bool asked;
};

struct tls {
	struct conn base;
	struct conn *below; /* owned */
	br_ssl_client_context client;
	struct tls_check check;
	struct client_auth auth;
	const char *protocols[PROTOCOLS_MAX];
	char protocol[16];
	bool established;
	bool ended;                       /* below has ended, without a close_notify */
	bool mute;                        /* below takes no more, what came in can still be read */
	struct err failed;                /* the first failure; every later call repeats it */
	struct err write_error;           /* why it is mute */
	bool heard;                       /* the first record has begun */
	unsigned char header[HEADER_LEN]; /* of the record that is coming in */
	size_t header_len, body_left;
	unsigned char records[BR_SSL_BUFSIZE_BIDI];
};

static const struct conn_ops tls_ops;

/* ---- client certificates ---------------------------------------------------- */

static void
auth_event(const br_ssl_client_certificate_class **ctx)
{
	(void)ctx;
}

static void
auth_name(const br_ssl_client_certificate_class **ctx, size_t len)
{
	(void)ctx;
	(void)len;
}

static void
auth_name_bytes(const br_ssl_client_certificate_class **ctx, const unsigned char *p, size_t len)
{
	(void)ctx;
	(void)p;
	(void)len;
}

static void
auth_choose(const br_ssl_client_certificate_class **ctx, const br_ssl_client_context *client,
	uint32_t types, br_ssl_client_certificate *choice)
{
	static const int by_preference[] = {br_sha256_ID, br_sha384_ID, br_sha512_ID};
	struct client_auth *auth = (struct client_auth *)(void *)ctx;
	const struct tls_identity *id = auth->identity;
	size_t i;

	(void)client;
	*choice = (br_ssl_client_certificate){0};
	auth->asked = true;
	if (!id)
		return;
	/* eight bits of hashes for RSA, then eight for ECDSA */
	if (id->type == CERT_KEY_EC)
		types >>= 8;
	for (i = 0; i < ARRAY_LEN(by_preference); i++) {
		if (!(types >> by_preference[i] & 1))
			continue;
		choice->auth_type = id->type == CERT_KEY_EC ? BR_AUTH_ECDSA : BR_AUTH_RSA;
		choice->hash_id = by_preference[i];
		choice->chain = id->chain;
		choice->chain_len = id->n;
		return;
	}
}

static size_t
auth_sign(const br_ssl_client_certificate_class **ctx, int hash_id, size_t hash_len,
	unsigned char *data, size_t room)
{
	const struct client_auth *auth = (const struct client_auth *)(const void *)ctx;

	return tls_identity_sign(auth->identity, hash_id, hash_len, data, room);
}

static const br_ssl_client_certificate_class auth_class = {
	.context_size = sizeof(struct client_auth),
	.start_name_list = auth_event,
	.start_name = auth_name,
	.append_name = auth_name_bytes,
	.end_name = auth_event,
	.end_name_list = auth_event,
	.choose = auth_choose,
	.do_sign = auth_sign,
};

/* ---- failures --------------------------------------------------------------- */

static ssize_t
fail_refused(struct tls *t, int alert)
{
	const char *peer = t->base.name, *text = tls_alert_text(alert);
	cleanup_free char *number = xasprintf("number %d", alert);

	if (!text)
		text = number;
	if (t->established || alert == ALERT_PROTOCOL_VERSION || alert == ALERT_NO_PROTOCOL) {
		if (alert == ALERT_PROTOCOL_VERSION)
			err_set(&t->failed, ERR_TLS,
				"'%s' wants TLS 1.3 or newer, only 1.2 is spoken here", peer);
		else if (alert == ALERT_NO_PROTOCOL)
			err_set(&t->failed, ERR_TLS, "'%s' speaks none of the protocols offered",
				peer);
		else
			err_set(&t->failed, ERR_TLS, "'%s' ended TLS with the alert '%s'", peer,
				text);
		return CONN_ERROR;
	}
	if (t->auth.asked && !t->auth.identity) {
		err_set(&t->failed, ERR_TLS, "'%s' wants a client certificate (alert '%s')", peer,
			text);
		text = t->check.options->cert_setting;
		err_hint(&t->failed, "name the files with the client's certificate and key%s%s",
			text ? " by " : "", text ? text : "");
	} else if (t->auth.asked) {
		err_set(&t->failed, ERR_TLS, "'%s' refuses the client certificate: %s", peer, text);
	} else {
		err_set(&t->failed, ERR_TLS, "'%s' refuses the TLS handshake: %s", peer, text);
		if (alert == ALERT_HANDSHAKE_FAILURE)
			err_hint(&t->failed,
				"offered: TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305");
	}
	return CONN_ERROR;
}

/* The library gave up, or the connection is closed in good order. */
static ssize_t
closed(struct tls *t)
{
	int code = br_ssl_engine_last_error(&t->client.eng);

	if (code == BR_ERR_OK)
		return PUMP_END;
	if (t->check.why.kind != ERR_NONE) {
		t->failed = t->check.why;
		t->failed.code = TLS_CERTIFICATE;
		return CONN_ERROR;
	}
	if (code >= BR_ERR_RECV_FATAL_ALERT && code < BR_ERR_SEND_FATAL_ALERT)
		return fail_refused(t, code - BR_ERR_RECV_FATAL_ALERT);
	if (tls_error_text(code))
		return err_set(&t->failed, ERR_TLS, "'%s' %s", t->base.name, tls_error_text(code));
	return err_set(&t->failed, ERR_TLS, "TLS with '%s' failed (error %d)", t->base.name, code);
}

static ssize_t
fail_end(struct tls *t)
{
	if (t->mute && !t->established)
		t->failed = t->write_error;
	else if (t->established)
		err_set(&t->failed, ERR_NET,
			"'%s' closed the connection in the middle of a TLS record", t->base.name);
	else
		err_set(&t->failed, ERR_NET,
			"'%s' closed the connection during the TLS handshake%s", t->base.name,
			t->auth.asked && !t->auth.identity
				? ", after asking for a client certificate"
				: "");
	return CONN_ERROR;
}

/* ---- records ---------------------------------------------------------------- */

static ssize_t
fail_plain(struct tls *t)
{
	err_set(&t->failed, ERR_TLS, "'%s' speaks no TLS", t->base.name);
	if (memcmp(t->header, "HTTP/", HEADER_LEN) == 0)
		err_hint(&t->failed, "it answers in plain HTTP");
	return CONN_ERROR;
}

/* A first record is a ServerHello or an alert, of a version 3.x. */
static bool
is_greeting(const unsigned char *header)
{
	return (header[0] == RECORD_ALERT || header[0] == RECORD_HANDSHAKE) && header[1] == 3;
}

/* Follows where records begin, to know what an end of the stream cuts off. */
static ssize_t
follow_records(struct tls *t, const unsigned char *p, size_t len)
{
	size_t n;

	while (len) {
		if (t->header_len < HEADER_LEN) {
			t->header[t->header_len++] = *p++;
			len--;
			if (t->header_len < HEADER_LEN)
				continue;
			if (!t->heard && !is_greeting(t->header))
				return fail_plain(t);
			t->heard = true;
			t->body_left = (size_t)t->header[3] << 8 | t->header[4];
		}
		n = len < t->body_left ? len : t->body_left;
		p += n;
		len -= n;
		t->body_left -= n;
		if (t->body_left == 0)
			t->header_len = 0;
	}
	return 0;
}

/* Bytes sent, CONN_WAIT, or CONN_ERROR. */
static ssize_t
send_records(struct tls *t)
{
	br_ssl_engine_context *eng = &t->client.eng;
	unsigned char *p;
	size_t len;
	ssize_t n;

	p = br_ssl_engine_sendrec_buf(eng, &len);
	n = conn_try_write(t->below, p, len, &t->write_error);
	if (n > 0)
		br_ssl_engine_sendrec_ack(eng, (size_t)n);
	t->mute = n == CONN_ERROR;
	return n;
}

/* Bytes received, 0 at the end, CONN_WAIT, or CONN_ERROR. */
static ssize_t
receive_records(struct tls *t)
{
	br_ssl_engine_context *eng = &t->client.eng;
	unsigned char *p;
	size_t len;
	ssize_t n;

	if (t->ended)
		return 0;
	p = br_ssl_engine_recvrec_buf(eng, &len);
	n = conn_try_read(t->below, p, len, &t->failed);
	t->ended = n == 0;
	if (n == CONN_ERROR && t->mute && !t->established)
		return fail_end(t);
	if (n == 0 && (!t->established || t->header_len))
		return fail_end(t);
	if (n <= 0)
		return n;
	if (follow_records(t, p, (size_t)n))
		return CONN_ERROR;
	br_ssl_engine_recvrec_ack(eng, (size_t)n);
	return n;
}

/*
 * Moves records out and in until the goal can be had: BR_SSL_SENDAPP (which is
 * the end of the handshake, too) or BR_SSL_RECVAPP.
 */
static ssize_t
pump(struct tls *t, unsigned goal)
{
	unsigned state;
	ssize_t n;

	while (t->failed.kind == ERR_NONE) {
		state = br_ssl_engine_current_state(&t->client.eng);
		if (state & BR_SSL_CLOSED)
			return closed(t);
		if (state & BR_SSL_SENDREC && !t->mute) {
			n = send_records(t);
			if (n > 0)
				continue;
			/* full: reading may go on all the same */
			if (n == CONN_WAIT && goal == BR_SSL_SENDAPP)
				return n;
		}
		if (state & goal)
			return PUMP_DONE;
		/* who refuses our handshake says so first, and that may still be read */
		if (t->mute && goal == BR_SSL_SENDAPP && t->established)
			return CONN_ERROR;
		if (!(state & BR_SSL_RECVREC) && t->mute && !t->established)
			return fail_end(t);
		if (!(state & BR_SSL_RECVREC))
			/* for a reader: the peer has announced the end */
			return goal == BR_SSL_RECVAPP ? PUMP_END : CONN_WAIT;
		n = receive_records(t);
		if (n <= 0)
			return n == 0 ? PUMP_END : n;
	}
	return CONN_ERROR;
}

/* ---- the connection --------------------------------------------------------- */

static ssize_t
give_up(const struct tls *t, struct err *err)
{
	if (err)
		*err = t->failed.kind != ERR_NONE ? t->failed : t->write_error;
	return CONN_ERROR;
}

static ssize_t
tls_read(struct conn *c, void *p, size_t len, struct err *err)
{
	struct tls *t = (struct tls *)c;
	unsigned char *to = p, *from;
	size_t done = 0, have;
	ssize_t rc = PUMP_DONE;

	while (done < len) {
		rc = pump(t, BR_SSL_RECVAPP);
		if (rc != PUMP_DONE)
			break;
		from = br_ssl_engine_recvapp_buf(&t->client.eng, &have);
		if (have > len - done)
			have = len - done;
		memcpy(to + done, from, have);
		br_ssl_engine_recvapp_ack(&t->client.eng, have);
		done += have;
	}
	if (done)
		return (ssize_t)done; /* what ended it comes up again */
	if (rc == CONN_ERROR)
		return give_up(t, err);
	return rc == CONN_WAIT ? CONN_WAIT : 0;
}

static ssize_t
tls_write(struct conn *c, const void *p, size_t len, struct err *err)
{
	struct tls *t = (struct tls *)c;
	br_ssl_engine_context *eng = &t->client.eng;
	ssize_t rc = pump(t, BR_SSL_SENDAPP);
	unsigned char *to;
	size_t room;

	if (rc == PUMP_END)
		return err_set(
			err, ERR_NET, "write to %s: the peer closed the connection", c->name);
	if (rc != PUMP_DONE)
		return rc == CONN_ERROR ? give_up(t, err) : rc;
	to = br_ssl_engine_sendapp_buf(eng, &room);
	if (len > room)
		len = room;
	memcpy(to, p, len);
	br_ssl_engine_sendapp_ack(eng, len);
	br_ssl_engine_flush(eng, 0);
	/* taken is taken: a failure to send it is told by the next call */
	pump(t, BR_SSL_SENDAPP);
	return (ssize_t)len;
}

static int
tls_wants(struct conn *c, bool write, struct pollfd fds[2])
{
	struct tls *t = (struct tls *)c;
	bool pending = br_ssl_engine_current_state(&t->client.eng) & BR_SSL_SENDREC;

	return conn_wants(t->below, (write || pending) && !t->mute, fds);
}

static bool
tls_buffered(struct conn *c)
{
	struct tls *t = (struct tls *)c;
	unsigned state = br_ssl_engine_current_state(&t->client.eng);

	if (state & BR_SSL_RECVAPP || conn_buffered(t->below))
		return true;
	/* a reader hears of the end and of failures at once */
	return t->established && (t->failed.kind != ERR_NONE || !(state & BR_SSL_RECVREC));
}

static bool
tls_cut(struct conn *c)
{
	return ((struct tls *)c)->ended;
}

static const char *
tls_diagnosis(struct conn *c)
{
	return conn_diagnosis(((struct tls *)c)->below);
}

static void
tls_close(struct conn *c)
{
	struct tls *t = (struct tls *)c;
	size_t len;

	if (t->established && t->failed.kind == ERR_NONE && !t->ended && !t->mute) {
		/* says that this is the end, if that can be said without waiting */
		if (br_ssl_engine_recvapp_buf(&t->client.eng, &len))
			br_ssl_engine_recvapp_ack(&t->client.eng, len);
		br_ssl_engine_close(&t->client.eng);
		while (br_ssl_engine_current_state(&t->client.eng) & BR_SSL_SENDREC)
			if (send_records(t) <= 0)
				break;
	}
	conn_close(t->below);
	tls_check_release(&t->check);
	free(c->name);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

static const struct conn_ops tls_ops = {
	.read = tls_read,
	.write = tls_write,
	.wants = tls_wants,
	.close = tls_close,
	.diagnosis = tls_diagnosis,
	.buffered = tls_buffered,
	.cut = tls_cut,
};

/* ---- the handshake ---------------------------------------------------------- */

static bool
is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static void
set_algorithms(br_ssl_client_context *client)
{
	br_ssl_engine_context *eng = &client->eng;
	bool aes = br_aes_x86ni_ctr_get_vtable() && br_ghash_pclmul_get();

	br_ssl_client_zero(client);
	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(
		eng, aes ? suites_aes_first : suites_chacha_first, ARRAY_LEN(suites_aes_first));
	br_ssl_engine_set_default_rsavrfy(eng);
	br_ssl_engine_set_default_ecdsa(eng);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(eng, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_chapol(eng);
	/* a connection is short, and a new handshake could bring another certificate */
	br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION);
}

static int
start(struct tls *t, const struct tls_options *o, struct err *err)
{
	br_ssl_engine_context *eng = &t->client.eng;
	size_t len = strlen(o->server_name), n = 0;
	char name[NAME_MAX_LEN + 1];
	unsigned char seed[32];

	if (len && o->server_name[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_LEN)
		return err_set(err, ERR_TLS, "'%s' is no name for a TLS server", o->server_name);
	snprintf(name, sizeof(name), "%.*s", (int)len, o->server_name);
	set_algorithms(&t->client);
	tls_check_init(&t->check, o, t->base.name, eng);
	t->auth.vtable = &auth_class;
	t->auth.identity = o->identity;
	br_ssl_client_set_client_certificate(&t->client, &t->auth.vtable);
	while (o->alpn && n < PROTOCOLS_MAX && o->alpn[n]) {
		t->protocols[n] = o->alpn[n];
		n++;
	}
	br_ssl_engine_set_protocol_names(eng, t->protocols, n);
	br_ssl_engine_set_buffer(eng, t->records, sizeof(t->records), 1);
	random_bytes(seed, sizeof(seed));
	br_ssl_engine_inject_entropy(eng, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	/* an address is no server name on the wire (RFC 6066, 3) */
	if (!br_ssl_client_reset(&t->client, is_address(name) ? NULL : name, 0)) {
		closed(t);
		give_up(t, err);
		return -1;
	}
	return 0;
}

static int
shake_hands(struct tls *t, int64_t deadline, struct err *err)
{
	ssize_t rc;

	while ((rc = pump(t, BR_SSL_SENDAPP)) == CONN_WAIT)
		if (conn_wait(&t->base, false, deadline, err))
			return err_wrap(err, "TLS handshake");
	if (rc == PUMP_END)
		rc = fail_end(t);
	if (rc == CONN_ERROR) {
		give_up(t, err);
		return -1;
	}
	return 0;
}

struct conn *
tls_connect(struct conn *below, const struct tls_options *o, int64_t deadline, struct err *err)
{
	struct tls *t = xcalloc(1, sizeof(*t));
	const char *protocol;

	t->base = (struct conn){&tls_ops, xstrdup(below->name)};
	t->below = below;
	if (start(t, o, err) || shake_hands(t, deadline, err)) {
		conn_close(&t->base);
		return NULL;
	}
	t->established = true;
	protocol = br_ssl_engine_get_selected_protocol(&t->client.eng);
	if (protocol)
		snprintf(t->protocol, sizeof(t->protocol), "%s", protocol);
	/* all that was borrowed goes back */
	tls_check_release(&t->check);
	t->check.options = NULL;
	t->auth.identity = NULL;
	br_ssl_engine_set_protocol_names(&t->client.eng, NULL, 0);
	return &t->base;
}

const char *
tls_protocol(const struct conn *c)
{
	return c->ops == &tls_ops ? ((const struct tls *)(const void *)c)->protocol : "";
}

struct conn *
tls_connect_files(struct conn *below, const struct tls_files *f, const char *host,
	const char *const *alpn, const struct env *env, int64_t deadline, struct err *err)
{
	struct tls_options o = {.server_name = f->server_name ? f->server_name : host,
		.insecure = f->insecure,
		.alpn = alpn,
		.ca_setting = f->ca_setting,
		.cert_setting = f->cert_setting};
	cleanup_trust struct trust *trust = trust_new(clock_wall_ns() / 1000000000);
	cleanup_tls_identity struct tls_identity *id = NULL;
	int rc = 0;

	if (!f->insecure)
		rc = f->ca ? trust_add_file(trust, f->ca, err) : trust_add_system(trust, env, err);
	if (rc == 0 && !f->cert != !f->key)
		rc = err_set(err, ERR_CONFIG, "'%s' is of no use without %s",
			f->cert ? f->cert : f->key, f->cert ? "its key" : "a certificate");
	if (rc == 0 && f->cert) {
		id = tls_identity_load(f->cert, f->key, err);
		rc = id ? 0 : -1;
	}
	if (rc) {
		conn_close(below);
		return NULL;
	}
	o.trust = trust;
	o.identity = id;
	return tls_connect(below, &o, deadline, err);
}
