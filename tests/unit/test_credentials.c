/* Stored credentials: where they come from, which host they are for, helpers. Rows K-13, R-18. */
#include "test.h"

#include "sandbox.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/mem.h"
#include "registry/credentials.h"
#include "registry/helper.h"

struct fixture {
	struct sandbox box;
	struct arena arena;
	const char *vars[16];
	size_t nvars;
	struct env env;
	struct credentials *c;
	struct credential found;
	struct err err;
	char *path; /* of the process before the test */
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *path = getenv("PATH");

	signal(SIGPIPE, SIG_IGN);
	sandbox_open(&f->box);
	f->env.vars = f->vars;
	f->path = xstrdup(path ? path : "/usr/bin:/bin");
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	setenv("PATH", f->path, 1);
	free(f->path);
	credential_release(&f->found);
	credentials_free(f->c);
	sandbox_close(&f->box);
	arena_release(&f->arena);
	free(f);
	return 0;
}

/* name=value with the root of the sandbox for '@' at the start of the value */
static void
set(struct fixture *f, const char *name, const char *value)
{
	assert_true(f->nvars < ARRAY_LEN(f->vars) - 1);
	f->vars[f->nvars++] = arena_fmt(&f->arena, "%s=%s%s", name,
		*value == '@' ? f->box.root : "", *value == '@' ? value + 1 : value);
}

static const char *
base64(struct fixture *f, const char *text, enum base64_flags flags)
{
	cleanup_buf struct buf b = {0};

	base64_encode(&b, str_from(text), flags);
	return arena_cstr(&f->arena, buf_cstr(&b));
}

static void
open_store(struct fixture *f)
{
	credentials_free(f->c);
	f->err = (struct err){0};
	f->c = credentials_open(&f->env, &f->box.log, &f->err);
	assert_that(f->c != NULL, "refused: %s", f->err.msg);
}

/* "USER:SECRET", "identity SECRET", "bearer SECRET" or "none" */
static const char *
find(struct fixture *f, const char *where)
{
	static const char *const kinds[] = {"none", "", "identity ", "bearer "};

	credential_release(&f->found);
	assert_row_ok(where, credentials_find(f->c, where, &f->found, &f->err), &f->err);
	if (f->found.kind == CREDENTIAL_NONE)
		return "none";
	return arena_fmt(&f->arena, "%s%s%s" STR_FMT, kinds[f->found.kind], f->found.user,
		f->found.kind == CREDENTIAL_BASIC ? ":" : "",
		STR_ARG(secret_reveal(&f->found.secret)));
}

#define assert_find(f, where, want) assert_row_str(where, str_from(find(f, where)), want)

static void
nothing_anywhere(void **state)
{
	struct fixture *f = *state;

	set(f, "HOME", "@");
	open_store(f);
	assert_find(f, "docker.io", "none");
	assert_find(f, "", "none");
	assert_find(f, "https:///", "none");
	assert_false(credentials_may_block(f->c, "docker.io"));
}

static void
k_13_hosts(void **state)
{
	static const struct {
		const char *scope, *where;
		bool match;
	} rows[] = {
		{"registry.example.com", "registry.example.com", true},
		{"registry.example.com", "registry", false},
		{"registry", "registry.example.com", false},
		{"registry/group", "registry", true},
		{"registry.example.com/group", "registry", false},
		{"registry.example.com", "other.registry.example.com", false},
		{"registry.example.com", "registry.example.com.evil.org", false},
		{"registry.example.com", "registry.example.com:5000", false},
		{"registry.example.com:5000", "registry.example.com", false},
		{"Registry.Example.com", "registry.example.COM", true},
		{"registry.example.com/group", "registry.example.com", true},
		{"registry.example.com/group", "registry.example.com/group/app", true},
		{"registry.example.com/group", "registry.example.com/group", true},
		{"registry.example.com/group", "registry.example.com/groupie/app", false},
		{"registry.example.com/group", "registry.example.com/other", false},
		{"registry.example.com/", "registry.example.com/a/b", true},
		{"https://registry.example.com/v2/", "registry.example.com", true},
		{"http://registry.example.com", "registry.example.com/a", true},
		{"docker.io", "registry-1.docker.io", true},
		{"https://index.docker.io/v1/", "docker.io", true},
		{"index.docker.io/v1", "docker.io/library/alpine", true},
		{"registry-1.docker.io", "index.docker.io", true},
		{"docker.io", "quay.io", false},
		{"docker.io", "hub.docker.io", false},
	};
	struct fixture *f = *state;
	struct secret pw = {0};
	size_t i;

	secret_set(&pw, STR("p"));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *row = arena_fmt(&f->arena, "%s for %s", rows[i].scope, rows[i].where);

		credentials_free(f->c);
		f->c = credentials_new(&f->env, &f->box.log);
		credentials_add(f->c, rows[i].scope, "u", &pw, "test");
		assert_row_str(
			row, str_from(find(f, rows[i].where)), rows[i].match ? "u:p" : "none");
	}
	secret_release(&pw);
}

static void
k_12_longest_path_wins(void **state)
{
	struct fixture *f = *state;
	struct secret pw = {0};

	f->c = credentials_new(&f->env, &f->box.log);
	secret_set(&pw, STR("p"));
	credentials_add(f->c, "r.x/a", "a", &pw, "one");
	credentials_add(f->c, "r.x/a/b", "ab", &pw, "two");
	credentials_add(f->c, "quay.io", "q", &pw, "three");
	assert_find(f, "r.x/a/b/c", "ab:p");
	assert_find(f, "r.x/a/c", "a:p");
	assert_find(f, "r.x/b", "none");
	assert_find(f, "r.x", "a:p");
	credentials_add(f->c, "r.x", "host", &pw, "four");
	assert_find(f, "r.x", "host:p");
	assert_string_equal(f->found.source, "four");
	assert_find(f, "r.x/b", "host:p");
	assert_find(f, "r.x/a/c", "a:p");
	/* the same scope again replaces; an empty user is an identity token; no secret is nothing
	 */
	credentials_add(f->c, "r.x", "", &pw, "five");
	assert_find(f, "r.x", "identity p");
	secret_release(&pw);
	credentials_add(f->c, "r.x", "u", &pw, "six");
	assert_find(f, "r.x", "identity p");
	assert_find(f, "quay.io/x", "q:p");
}

static void
entry_forms(void **state)
{
	struct fixture *f = *state;
	char nul[] = "user:pass:word";
	struct buf padded = {0};

	base64_encode(&padded, str_n("u:p\0\0", 5), BASE64_STD);
	set(f, "DOCKER_AUTH_CONFIG",
		arena_fmt(&f->arena,
			"{\"auths\": {\"colon.x\": {\"auth\": \"%s\"}, \"unpadded.x\": {\"auth\": "
			"\"%s\"}, \"nul.x\": {\"auth\": \"%s\"}, \"plain.x\": {\"username\": \"u\", "
			"\"password\": \"p\", \"email\": \"e\", \"serveraddress\": \"s\"},"
			"\"identity.x\": {\"auth\": \"%s\", \"identitytoken\": \"i\"},"
			"\"bearer.x\": {\"identitytoken\": \"i\", \"registrytoken\": \"r\"},"
			"\"empty.x\": {}, \"null.x\": null, \"emptytext.x\": {\"auth\": \"\"}},"
			"\"HttpHeaders\": {\"a\": \"b\"}, \"credsStore\": \"\"}",
			base64(f, nul, BASE64_STD), base64(f, "u:pp", BASE64_NOPAD),
			buf_cstr(&padded), base64(f, "0000:", BASE64_STD)));
	buf_release(&padded);
	open_store(f);
	assert_find(f, "colon.x", "user:pass:word");
	assert_find(f, "unpadded.x", "u:pp");
	assert_find(f, "nul.x", "u:p");
	assert_find(f, "plain.x", "u:p");
	assert_find(f, "identity.x", "identity i");
	assert_string_equal(f->found.user, "");
	assert_find(f, "bearer.x", "bearer r");
	assert_find(f, "empty.x", "none");
	assert_find(f, "null.x", "none");
	assert_find(f, "emptytext.x", "none");
	assert_find(f, "plain.x", "u:p");
	assert_string_equal(f->found.source, "DOCKER_AUTH_CONFIG");
}

static const char *
auths(struct fixture *f, const char *host, const char *user)
{
	return arena_fmt(&f->arena, "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}", host,
		base64(f, arena_fmt(&f->arena, "%s:p", user), BASE64_STD));
}

/* Each source is asked after the one before it. */
static void
r_18_order_of_sources(void **state)
{
	struct fixture *f = *state;
	struct secret pw = {0};
	char where[128];

	sandbox_dir(&f->box, ".docker");
	sandbox_dir(&f->box, "dc");
	sandbox_dir(&f->box, "run");
	sandbox_dir(&f->box, "run/containers");
	sandbox_dir(&f->box, ".config");
	sandbox_dir(&f->box, ".config/containers");
	sandbox_put(&f->box, ".config/containers/auth.json", auths(f, "r.x", "xdg-config"));
	set(f, "HOME", "@");
	open_store(f);
	assert_find(f, "r.x", "xdg-config:p");

	sandbox_put(&f->box, "run/containers/auth.json", auths(f, "r.x/team", "xdg-run"));
	set(f, "XDG_RUNTIME_DIR", "@/run");
	open_store(f);
	assert_find(f, "r.x/team/app", "xdg-run:p");
	assert_find(f, "r.x/other/app", "xdg-config:p");

	sandbox_put(&f->box, "auth.json", auths(f, "r.x", "file"));
	set(f, "REGISTRY_AUTH_FILE", "@/auth.json");
	open_store(f);
	assert_find(f, "r.x", "file:p");

	sandbox_put(&f->box, ".docker/config.json", auths(f, "https://r.x/v1/", "docker"));
	open_store(f);
	assert_find(f, "r.x", "docker:p");
	snprintf(where, sizeof(where), "%s/.docker/config.json", f->box.root);
	assert_string_equal(f->found.source, where);

	sandbox_put(&f->box, "dc/config.json", auths(f, "r.x", "docker-config"));
	set(f, "DOCKER_CONFIG", "@/dc");
	open_store(f);
	assert_find(f, "r.x", "docker-config:p");

	set(f, "DOCKER_AUTH_CONFIG", auths(f, "r.x", "variable"));
	open_store(f);
	assert_find(f, "r.x", "variable:p");

	secret_set(&pw, STR("p"));
	credentials_add(f->c, "r.x", "added", &pw, "CI_JOB_TOKEN");
	assert_find(f, "r.x", "added:p");
	assert_string_equal(f->found.source, "CI_JOB_TOKEN");
	secret_release(&pw);
}

/* A secret in a broken document must not come back in the message. */
static void
malformed(void **state)
{
	static const struct {
		const char *name, *content, *message;
	} rows[] = {
		{"blank", " \n", "'DOCKER_AUTH_CONFIG' is empty"},
		{"not JSON", "{\"auths\": {\"r.x\": {\"auth\": s3cret",
			"'DOCKER_AUTH_CONFIG': not valid JSON: line 1, column "},
		{"cut", "{\"auths\": {\"r.x\": {\"auth\": \"s3cret",
			"'DOCKER_AUTH_CONFIG': not valid JSON: line 1, column "},
		{"not an object", "[\"s3cret\"]", "'DOCKER_AUTH_CONFIG' is not a JSON object"},
		{"text", "\"s3cret\"", "'DOCKER_AUTH_CONFIG' is not a JSON object"},
		{"auths", "{\"auths\": [\"s3cret\"]}", "field 'auths' is not an object"},
		{"entry", "{\"auths\": {\"r.x\": \"s3cret\"}}",
			"field 'auths.r.x' is not an object"},
		{"no host", "{\"auths\": {\"\": {\"auth\": \"dTpw\"}}}",
			"field 'auths.' names no registry"},
		{"not base64", "{\"auths\": {\"r.x\": {\"auth\": \"s3cret!\"}}}",
			"'DOCKER_AUTH_CONFIG': field 'auths.r.x.auth' is not base64"},
		{"no colon", "{\"auths\": {\"r.x\": {\"auth\": \"dXNlcg==\"}}}",
			"field 'auths.r.x.auth' is not USER:PASSWORD in base64"},
		{"no user", "{\"auths\": {\"r.x\": {\"auth\": \"OnB3\"}}}",
			"field 'auths.r.x.auth' is not USER:PASSWORD in base64"},
		{"number", "{\"auths\": {\"r.x\": {\"auth\": 5}}}",
			"field 'auths.r.x.auth' is not text"},
		{"token", "{\"auths\": {\"r.x\": {\"identitytoken\": {}}}}",
			"field 'auths.r.x.identitytoken' is not text"},
		{"half", "{\"auths\": {\"r.x\": {\"username\": \"u\"}}}",
			"field 'auths.r.x.password' is missing"},
		{"other half", "{\"auths\": {\"r.x\": {\"password\": \"s3cret\"}}}",
			"field 'auths.r.x.username' is missing"},
		{"helpers", "{\"credHelpers\": 1}", "field 'credHelpers' is not an object"},
		{"helper", "{\"credHelpers\": {\"r.x\": \"../../bin/sh\"}}",
			"field 'credHelpers.r.x' is not the name of a helper"},
		{"helper null", "{\"credHelpers\": {\"r.x\": null}}",
			"field 'credHelpers.r.x' is not the name of a helper"},
		{"store", "{\"credsStore\": \"a b\"}",
			"field 'credsStore' is not the name of a helper"},
		{"store type", "{\"credsStore\": {}}",
			"field 'credsStore' is not the name of a helper"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		f->nvars = 0;
		f->err = (struct err){0};
		set(f, "DOCKER_AUTH_CONFIG", rows[i].content);
		f->c = credentials_open(&f->env, &f->box.log, &f->err);
		assert_that(!f->c, "row '%s' is accepted", rows[i].name);
		assert_row_err(rows[i].name, &f->err, ERR_CONFIG, rows[i].message);
		assert_that(
			!strstr(f->err.msg, "s3cret"), "row '%s': %s", rows[i].name, f->err.msg);
	}
}

static void
refused(struct fixture *f, enum err_kind kind, const char *text)
{
	f->err = (struct err){0};
	f->c = credentials_open(&f->env, &f->box.log, &f->err);
	assert_that(!f->c, "accepted, not '%s'", text);
	assert_err(&f->err, kind, text);
	assert_err(&f->err, kind, f->box.root);
}

static void
unusable_files(void **state)
{
	struct fixture *f = *state;
	struct buf big = {0};

	sandbox_dir(&f->box, ".docker");
	set(f, "HOME", "@");
	sandbox_put(&f->box, ".docker/config.json", "");
	refused(f, ERR_CONFIG, "/.docker/config.json' is empty");
	sandbox_put(&f->box, ".docker/config.json", "{\"auths\":\n {]}");
	refused(f, ERR_CONFIG, "/.docker/config.json': not valid JSON: line 2, column ");
	while (big.len <= 1024 * 1024)
		buf_puts(&big, "                                                               ");
	sandbox_put(&f->box, ".docker/config.json", buf_cstr(&big));
	buf_release(&big);
	refused(f, ERR_LIMIT, "/.docker/config.json' is larger than");
	sandbox_put(&f->box, ".docker/config.json", "{}");
	open_store(f);

	sandbox_dir(&f->box, "dir");
	sandbox_dir(&f->box, "dir/config.json");
	set(f, "DOCKER_CONFIG", "@/dir");
	credentials_freep(&f->c);
	refused(f, ERR_SYS, "/dir/config.json'");
	f->nvars--;
	set(f, "REGISTRY_AUTH_FILE", "@/nothing.json");
	open_store(f);
	sandbox_logged(&f->box, "warn: REGISTRY_AUTH_FILE names '");
	f->nvars--;
	set(f, "REGISTRY_AUTH_FILE", "/dev/null");
	open_store(f);
}

/* A program docker-credential-NAME in a folder that is all of PATH besides the system's. */
static void
put_helper(struct fixture *f, const char *name, const char *script)
{
	const char *path = sandbox_put(&f->box, arena_fmt(&f->arena, "docker-credential-%s", name),
		arena_fmt(&f->arena, "#!/bin/sh\n%s\n", script));

	assert_int_equal(chmod(path, 0700), 0);
	setenv("PATH", arena_fmt(&f->arena, "%s:/usr/bin:/bin", f->box.root), 1);
}

#define GIVE(user, secret) \
	"test \"$1\" = get || exit 9\nread -r server\n" \
	"printf '{\"ServerURL\":\"%s\",\"Username\":\"" user "\",\"Secret\":\"" secret \
	"\"}\\n' \"$server\"\nprintf '%s' \"$server\" >\"${0%/*}/asked\""

static void
helpers(void **state)
{
	struct fixture *f = *state;
	char *asked;
	const char *path = arena_fmt(&f->arena, "%s/asked", f->box.root);

	sandbox_put(&f->box, "asked", "");
	put_helper(f, "one", GIVE("u", "from-one"));
	put_helper(f, "store", GIVE("<token>", "from-store"));
	put_helper(f, "without", "echo 'credentials not found in native keychain'; exit 1");
	set(f, "DOCKER_AUTH_CONFIG",
		arena_fmt(&f->arena,
			"{\"auths\": {\"own.x\": {\"auth\": \"%s\"}, \"none.x\": {\"auth\": \"%s\"}},"
			"\"credHelpers\": {\"one.x\": \"one\", \"none.x\": \"without\"},"
			"\"credsStore\": \"store\"}",
			base64(f, "u:file", BASE64_STD), base64(f, "u:file", BASE64_STD)));
	open_store(f);
	assert_true(credentials_may_block(f->c, "one.x"));
	assert_find(f, "one.x", "u:from-one");
	assert_string_equal(f->found.source, "docker-credential-one of DOCKER_AUTH_CONFIG");
	asked = test_read_file(path, NULL);
	assert_string_equal(asked, "one.x");
	free(asked);
	assert_find(f, "own.x", "identity from-store");
	assert_find(f, "none.x", "u:file");
	assert_find(f, "registry-1.docker.io", "identity from-store");
	asked = test_read_file(path, NULL);
	assert_string_equal(asked, "https://index.docker.io/v1/");
	free(asked);
}

static void
helper_failures(void **state)
{
	static const struct {
		const char *name, *script, *message;
	} rows[] = {
		{"sentence", "echo 'keychain is locked'; exit 1",
			"'docker-credential-x' fails for 'r.x': keychain is locked"},
		{"standard error", "echo 'no display' >&2; exit 2",
			"'docker-credential-x' fails for 'r.x': no display"},
		{"silence", "exit 1", "'docker-credential-x' fails for 'r.x': no answer"},
		{"not JSON", "echo '{\"Username\": \"u\", \"Secret\": s3cret}'",
			"'docker-credential-x' answers something that is not JSON for 'r.x'"},
		{"no secret", "echo '{\"Username\": \"u\"}'",
			"'docker-credential-x' answers without field 'Secret' for 'r.x'"},
		{"no user", "echo '{\"Secret\": \"s3cret\"}'",
			"'docker-credential-x' answers without field 'Username' for 'r.x'"},
		{"endless",
			"while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
			"'docker-credential-x' answers more than 65536 bytes for 'r.x'"},
		{"the secret alone", "echo s3cret",
			"'docker-credential-x' answers something that is not JSON for 'r.x'"},
		{"a list", "echo '[\"s3cret\"]'",
			"'docker-credential-x' answers something that is not JSON for 'r.x'"},
		{"control characters", "printf 'a\\033[31mb\\tc\\n'; exit 1", "'r.x': a [31mb c"},
	};
	struct fixture *f = *state;
	size_t i;

	set(f, "DOCKER_AUTH_CONFIG", "{\"credHelpers\": {\"r.x\": \"x\"}}");
	open_store(f);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		put_helper(f, "x", rows[i].script);
		f->err = (struct err){0};
		assert_that(credentials_find(f->c, "r.x", &f->found, &f->err) == -1,
			"row '%s' gives an answer", rows[i].name);
		assert_row_err(rows[i].name, &f->err, ERR_AUTH, rows[i].message);
		assert_that(
			!strstr(f->err.msg, "s3cret"), "row '%s': %s", rows[i].name, f->err.msg);
		assert_int_equal(f->found.kind, CREDENTIAL_NONE);
	}
}

/* Without an end, or with a child that keeps the pipe open, the time limit is what ends it. */
static void
helper_that_hangs(void **state)
{
	struct fixture *f = *state;
	struct helper_answer a;

	put_helper(f, "x", "exec sleep 1000");
	assert_int_equal(helper_get("x", "r.x", 50, &a, &f->err), -1);
	assert_err(&f->err, ERR_AUTH, "'docker-credential-x' has no answer for 'r.x' after 50 ms");
}

static void
helper_that_is_missing(void **state)
{
	struct fixture *f = *state;

	setenv("PATH", f->box.root, 1);
	set(f, "DOCKER_AUTH_CONFIG",
		"{\"credHelpers\": {\"r.x\": \"absent\", \"gcr.io\": \"gcloud\","
		"\"1.dkr.ecr.eu-west-1.amazonaws.com\": \"odd\"}, \"credsStore\": \"desktop\"}");
	open_store(f);
	assert_int_equal(credentials_find(f->c, "r.x", &f->found, &f->err), -1);
	assert_err(&f->err, ERR_AUTH,
		"'DOCKER_AUTH_CONFIG' asks for docker-credential-absent for 'r.x', but it is not on "
		"PATH");
	assert_find(f, "gcr.io", "none");
	assert_find(f, "1.dkr.ecr.eu-west-1.amazonaws.com", "none");
	sandbox_not_logged(&f->box, "warn:");
	assert_find(f, "docker.io", "none");
	sandbox_logged(&f->box, "warn: 'DOCKER_AUTH_CONFIG' asks for docker-credential-desktop");
	buf_reset(&f->box.logged);
	assert_find(f, "quay.io", "none");
	sandbox_not_logged(&f->box, "warn:");
}

/* Each answer of the helper is another one. */
static void
helper_answers_are_kept(void **state)
{
	struct fixture *f = *state;
	struct buf told = {0};
	struct credentials *other;

	put_helper(f, "x",
		"read -r server\nn=$(cat \"${0%/*}/n\")\necho $((n + 1)) >\"${0%/*}/n\"\n"
		"echo '{\"Username\":\"u\",\"Secret\":\"'$n'\"}'");
	sandbox_put(&f->box, "n", "1\n");
	set(f, "DOCKER_AUTH_CONFIG", "{\"credHelpers\": {\"r.x\": \"x\", \"q.x\": \"x\"}}");
	open_store(f);
	assert_true(credentials_may_block(f->c, "r.x"));
	assert_find(f, "r.x", "u:1");
	assert_false(credentials_may_block(f->c, "r.x"));
	assert_find(f, "r.x/team/app", "u:1");
	assert_find(f, "q.x", "u:2");
	/* refused: what was kept is not good any more */
	credential_release(&f->found);
	assert_ok(credentials_again(f->c, "r.x", &f->found, &f->err), &f->err);
	assert_str(secret_reveal(&f->found.secret), "3");
	assert_find(f, "r.x", "u:3");

	other = credentials_open(&f->env, &f->box.log, &f->err);
	assert_non_null(other);
	credentials_tell(f->c, &told);
	credentials_learn(other, buf_view(&told));
	credentials_free(f->c);
	f->c = other;
	assert_find(f, "r.x", "u:3");
	assert_find(f, "q.x", "u:2");
	/* half of it is nothing */
	credentials_learn(f->c, str_first(buf_view(&told), told.len - 1));
	credentials_learn(f->c, STR("x r.x\0"
				    "9\0"
				    "0\0\0\0"
				    "s\0"));
	assert_find(f, "r.x", "u:3");
	buf_wipe(&told);
}

struct login {
	const char *secret;
	int64_t life;
	int times;
};

static int
log_in(void *arg, struct credential *out, int64_t *expires, struct err *err)
{
	struct login *l = arg;

	l->times++;
	*out = (struct credential){0};
	if (!l->secret)
		return err_set(err, ERR_AUTH, "the cloud is away");
	out->kind = CREDENTIAL_BASIC;
	out->user = xstrdup("u");
	out->source = xstrdup("cloud");
	secret_set(&out->secret, str_from(l->secret));
	*expires = l->life ? clock_wall_ns() / 1000000000 + l->life : 0;
	return 0;
}

static void
logins_that_end(void **state)
{
	static const struct {
		const char *name;
		int64_t left; /* of the first one, seconds */
		struct login again;
		const char *want; /* NULL: no answer */
		const char *says;
		int times; /* in two look-ups */
	} rows[] = {
		{"good for long", 3600, {"new", 3600, 0}, "u:old", NULL, 0},
		{"about to end", 60, {"new", 3600, 0}, "u:new", "renewed", 1},
		{"ended", -5, {"new", 3600, 0}, "u:new", "renewed", 1},
		{"no end known afterwards", -5, {"new", 0, 0}, "u:new", "renewed", 1},
		{"the next one is short", -5, {"new", 60, 0}, "u:new", "renewed", 2},
		{"about to end, none to follow", 60, {NULL, 0, 0}, "u:old",
			"warn: the cloud is away; what is at hand ends soon", 2},
		{"ended, none to follow", -5, {NULL, 0, 0}, NULL, NULL, 2},
	};
	struct fixture *f = *state;
	struct secret secret = {0};
	size_t i, k;

	secret_set(&secret, STR("old"));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct login l = rows[i].again;

		credentials_free(f->c);
		f->c = credentials_new(&f->env, &f->box.log);
		buf_reset(&f->box.logged);
		credentials_add(f->c, "r.x", "u", &secret, "first");
		credentials_lend(
			f->c, "r.x", clock_wall_ns() / 1000000000 + rows[i].left, log_in, &l);
		assert_row_int(rows[i].name, credentials_may_block(f->c, "r.x"), rows[i].times > 0);
		for (k = 0; k < 2; k++) {
			if (rows[i].want) {
				assert_find(f, "r.x/team/app", rows[i].want);
				continue;
			}
			credential_release(&f->found);
			assert_int_equal(credentials_find(f->c, "r.x", &f->found, &f->err), -1);
			assert_row_err(rows[i].name, &f->err, ERR_AUTH,
				"renew the login to 'r.x': the cloud is away");
		}
		assert_row_int(rows[i].name, l.times, rows[i].times);
		if (rows[i].says)
			sandbox_logged(&f->box, rows[i].says);
	}
	secret_release(&secret);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(nothing_anywhere),
		ROW(k_13_hosts),
		ROW(k_12_longest_path_wins),
		ROW(entry_forms),
		ROW(r_18_order_of_sources),
		ROW(malformed),
		ROW(unusable_files),
		ROW(helpers),
		ROW(helper_failures),
		ROW(helper_that_hangs),
		ROW(helper_that_is_missing),
		ROW(helper_answers_are_kept),
		ROW(logins_that_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
