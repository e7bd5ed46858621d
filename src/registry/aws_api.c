#include "registry/aws_api.h"

#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/jval.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/tls_env.h"
#include "registry/aws_sign.h"
#include "registry/aws_xml.h"
#include "registry/cloud.h"
#include "registry/https.h"
#include "registry/moment.h"
#include "registry/words.h"

/* From this many seconds on, a clock is to blame for a refused signature. */
enum { SKEW_MIN = 4 * 60, MESSAGE_MAX = 1000, THROTTLED_MS = 1000 };

/* ---- where services are ------------------------------------------------------- */

/* Partitions by the start of their regions' names. */
static const struct partition {
	const char *prefix, *domain, *dual;
} partitions[] = {
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"us-gov-", "amazonaws.com", "api.aws"},
	{"us-isob-", "sc2s.sgov.gov", NULL},
	{"us-isof-", "csp.hci.ic.gov", NULL},
	{"us-iso-", "c2s.ic.gov", NULL},
	{"eu-isoe-", "cloud.adc-e.uk", NULL},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"", "amazonaws.com", "api.aws"},
};

static const struct partition *
partition_of(const char *region)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(partitions) - 1; i++)
		if (str_starts(str_from(region), str_from(partitions[i].prefix)))
			break;
	return &partitions[i];
}

const char *
aws_domain(const char *region)
{
	return partition_of(region)->domain;
}

const char *
aws_dual_domain(const char *region)
{
	return partition_of(region)->dual;
}

const char *
aws_endpoint(
	struct arena *a, const struct env *env, const char *service, const char *usual, bool *plain)
{
	const char *given = env_get(env, arena_fmt(a, "AWS_ENDPOINT_URL_%s", service));
	struct str text;

	if (!given)
		given = env_get(env, "AWS_ENDPOINT_URL");
	*plain = given != NULL;
	text = str_from(given ? given : usual);
	while (str_ends(text, STR("/")))
		text.len--;
	return arena_str(a, text);
}

bool
aws_flag(const struct env *env, const char *name)
{
	return env_is(env, name, "true");
}

/* ---- errors -------------------------------------------------------------------- */

static bool
is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "Namespace#Code", "Code:http://...": the code alone. */
static void
set_code(char code[AWS_CODE_MAX], struct str text)
{
	ptrdiff_t at = str_rfind(text, '#');
	size_t n;

	if (at >= 0)
		text = str_from_off(text, (size_t)at + 1);
	for (n = 0; n < text.len && n < AWS_CODE_MAX - 1 && is_letter_or_digit(text.s[n]); n++)
		code[n] = text.s[n];
	code[n] = '\0';
}

static bool
json_fault(struct str body, char code[AWS_CODE_MAX], struct buf *message)
{
	cleanup_jval struct jval *doc = jval_parse(body, NULL);
	const char *type = jval_get_str(doc, "__type");
	const char *text = jval_get_str(doc, "message");

	if (jval_kind(doc) != JVAL_OBJECT)
		return false;
	if (!type)
		type = jval_get_str(doc, "code");
	if (!text)
		text = jval_get_str(doc, "Message");
	if (type)
		set_code(code, str_from(type));
	words_add(message, str_from(text), MESSAGE_MAX);
	return type || text;
}

static bool
xml_fault(struct str body, char code[AWS_CODE_MAX], struct buf *message)
{
	cleanup_buf struct buf text = {0};

	if (!aws_xml_text(body, "ErrorResponse/Error/Code", &text))
		return false;
	set_code(code, buf_view(&text));
	buf_reset(&text);
	if (aws_xml_text(body, "ErrorResponse/Error/Message", &text))
		words_add(message, buf_view(&text), MESSAGE_MAX);
	return true;
}

bool
aws_fault(struct str body, const char *type_field, char code[AWS_CODE_MAX], struct buf *message)
{
	bool found;

	code[0] = '\0';
	found = json_fault(body, code, message) || xml_fault(body, code, message);
	if (type_field)
		set_code(code, str_from(type_field));
	return found || type_field;
}

static bool
is_one_of(const char *code, const char *const *codes)
{
	for (; *codes; codes++)
		if (!strcmp(code, *codes))
			return true;
	return false;
}

static bool
is_signature(const char *code)
{
	static const char *const codes[] = {"InvalidSignatureException", "SignatureDoesNotMatch",
		"RequestTimeTooSkewed", "RequestExpired", NULL};

	return is_one_of(code, codes);
}

/* What the codes mean for somebody who has to make it work. */
static int
explain(const struct cloud *c, const struct aws_call *call, const struct https_answer *answer,
	const char *code, const char *text, struct err *err)
{
	static const char *const unknown[] = {
		"UnrecognizedClientException", "InvalidClientTokenId", NULL};
	static const char *const expired[] = {"ExpiredTokenException", "ExpiredToken", NULL};
	static const char *const denied[] = {
		"AccessDeniedException", "AccessDenied", "NotAuthorized", NULL};
	const struct aws_keys *k = call->keys;
	const char *id = k ? k->id : "-", *source = k ? k->source : "-";
	char when[MOMENT_TEXT_LEN + 1];
	int status = answer->status;

	if (is_one_of(code, unknown)) {
		err_setc(err, ERR_AUTH, status,
			"%s: AWS does not know the access key '%s' (%s): %s", call->what, id,
			source, text);
		return err_hint(err,
			"the key was deleted or is inactive, is a temporary one without "
			"AWS_SESSION_TOKEN, or belongs to another partition");
	}
	if (is_one_of(code, expired)) {
		moment_text(k && k->expires ? k->expires : cloud_now(c), when);
		err_setc(err, ERR_AUTH, status, "%s: the credentials of %s have expired%s%s: %s",
			call->what, source, k && k->expires ? " at " : "",
			k && k->expires ? when : "", text);
		return err_hint(err, "get new temporary credentials, or give the job a role");
	}
	if (is_signature(code) && (strstr(text, "expired") || strstr(text, "not yet current") ||
					  strncmp(code, "Request", 7) == 0)) {
		moment_text(c->clock(), when);
		err_setc(err, ERR_AUTH, status, "%s: %s: %s", call->what, code, text);
		return err_hint(err, "the clock of this machine says %s (UTC): set it", when);
	}
	if (is_signature(code)) {
		err_setc(err, ERR_AUTH, status,
			"%s: the secret key for '%s' (%s), %zu characters long, is wrong: %s",
			call->what, id, source, k ? k->secret.len : 0, text);
		return err_hint(err, "look for a line break at its end, or '+' and '/' that were "
				     "changed on the way");
	}
	return err_setc(err,
		is_one_of(code, denied) || status == 401 || status == 403 ? ERR_AUTH : ERR_REMOTE,
		status, "%s: %s: %s", call->what, code, text);
}

static int
refuse(struct cloud *c, const struct aws_call *call, const struct https_answer *answer,
	char code[AWS_CODE_MAX], struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (!aws_fault(buf_view(&answer->body), https_field(answer, "x-amzn-errortype"), code,
		    &text) ||
		!*code)
		return err_setc(err,
			answer->status == 401 || answer->status == 403 ? ERR_AUTH : ERR_REMOTE,
			answer->status, "%s: '%s' answers %d%s%s", call->what, call->url,
			answer->status, text.len ? ": " : "", buf_cstr(&text));
	return explain(c, call, answer, code, buf_cstr(&text), err);
}

/* ---- calls ---------------------------------------------------------------------- */

struct signing {
	struct cloud *cloud;
	const struct aws_call *call;
	struct http_extra fields[2]; /* the request's own */
	size_t n;
	struct aws_signed done;
};

static int
sign(struct https_request *req, void *arg, struct err *err)
{
	struct signing *s = arg;
	struct aws_request r = {.method = "POST",
		.url = req->url,
		.fields = s->fields,
		.nfields = s->n,
		.body = req->body,
		.region = s->call->region,
		.service = s->call->service,
		.now = cloud_now(s->cloud)};
	size_t i;

	aws_signed_release(&s->done);
	if (aws_sign(s->cloud->arena, &r, s->call->keys, &s->done, err))
		return -1;
	/* Content-Type is signed, but has a place of its own in the request */
	for (i = 0; i + 1 < s->done.n; i++)
		s->done.fields[i] = s->done.fields[i + 1];
	req->fields = s->done.fields;
	req->nfields = s->done.n - 1;
	return 0;
}

static int
send_once(struct cloud *c, const struct aws_call *call, struct https_answer *out, struct err *err)
{
	const char *type = call->target ? "application/x-amz-json-1.1"
					: "application/x-www-form-urlencoded; charset=utf-8";
	struct https_request req = {.method = "POST",
		.url = arena_fmt(c->arena, "%s/", call->url),
		.content_type = type,
		.body = call->body,
		.plain = call->plain,
		.max = LIMIT_JSON};
	struct tls_files certificates = {.ca = env_get(c->env, "AWS_CA_BUNDLE")};
	struct signing s = {.cloud = c, .call = call};
	int rc;

	if (certificates.ca)
		req.tls = &certificates;
	s.fields[s.n++] = (struct http_extra){"Content-Type", str_from(type)};
	if (call->target)
		s.fields[s.n++] = (struct http_extra){"X-Amz-Target", str_from(call->target)};
	if (!call->keys) {
		req.fields = s.fields + 1;
		req.nfields = s.n - 1;
	}
	rc = https_retry(c->https, c->arena, &req, call->keys ? sign : NULL, &s, out, err);
	aws_signed_release(&s.done);
	return rc ? err_wrap(err, "%s", call->what) : 0;
}

/* The answer tells the time: when ours is that far off, the signature was refused for it. */
static bool
learn_time(struct cloud *c, const struct https_answer *answer)
{
	const char *date = https_field(answer, "date");
	int64_t theirs, off;

	if (!date || !moment_parse_http(str_from(date), &theirs))
		return false;
	off = theirs - cloud_now(c);
	if (off > -SKEW_MIN && off < SKEW_MIN)
		return false;
	c->skew += off;
	log_warn(c->log, "the clock of this machine is %lld s off AWS time",
		(long long)(off < 0 ? -off : off));
	return true;
}

/* Passes by itself, though the status does not say so. */
static bool
is_passing(const char *code)
{
	static const char *const codes[] = {"Throttling", "ThrottlingException",
		"ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown", "RequestTimeout", "IDPCommunicationError",
		NULL};

	return is_one_of(code, codes);
}

int
aws_call(struct cloud *c, const struct aws_call *call, struct buf *answer, char code[AWS_CODE_MAX],
	struct err *err)
{
	cleanup_https_answer struct https_answer got = {0};
	bool corrected = false;
	struct err why;
	int try;

	for (try = 1;; try++) {
		why = (struct err){0};
		code[0] = '\0';
		if (send_once(c, call, &got, err))
			return -1;
		if (got.status == 200) {
			buf_release(answer);
			*answer = got.body;
			got.body = (struct buf){0};
			return 0;
		}
		refuse(c, call, &got, code, &why);
		if (is_passing(code) && try < HTTPS_TRIES) {
			if (c->https->pause(c->https, try * THROTTLED_MS, err))
				return -1;
		} else if (!corrected && call->keys && is_signature(code) && learn_time(c, &got)) {
			corrected = true;
		} else {
			break;
		}
		https_answer_release(&got);
	}
	if (err)
		*err = why;
	return -1;
}
