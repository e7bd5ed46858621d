/* Which registry is chosen, with what address and login. Rows, C-04, C-05. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/select.h"

struct fixture {
	struct arena arena;
	struct config config;
	struct registry_choice r;
	struct err err;
	struct log log;
	struct buf logged; /* warnings and notes */
};

static void
keep_log(struct log *log, enum log_level level, const char *text)
{
	buf_addf(log->arg, "%s: %s\n", level == LOG_WARN ? "warn" : "info", text);
}

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->log = (struct log){.min = LOG_INFO, .write = keep_log, .arg = &f->logged};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	registry_choice_release(&f->r);
	config_release(&f->config);
	arena_release(&f->arena);
	buf_release(&f->logged);
	free(f);
	return 0;
}

/* yaml NULL is no configuration; vars are separated by blanks. */
static int
choose(struct fixture *f, const char *yaml, const char *vars, const char *provider)
{
	const char *all[32] = {NULL};
	struct env env = {all};
	struct str rest = str_from(vars), var;
	size_t n = 0;

	all[n++] = arena_fmt(&f->arena, "BUILDTOOLS_CONTENT=%s", yaml ? yaml : "");
	while (str_next(&rest, ' ', &var)) {
		assert_true(n < ARRAY_LEN(all) - 1);
		all[n++] = arena_str(&f->arena, var);
	}
	registry_choice_release(&f->r);
	config_release(&f->config);
	buf_reset(&f->logged);
	f->err = (struct err){0};
	assert_ok(config_load(&f->arena, &env, "/", &f->log, &f->config, &f->err), &f->err);
	return registry_select(&f->arena, &f->config, &env, provider, &f->log, &f->r, &f->err);
}

struct row {
	const char *name, *yaml, *vars, *provider;
	const char *kind, *title, *url, *server, *user, *secret, *credentials;
};

static void
check_row(struct fixture *f, const struct row *row)
{
	assert_row_ok(row->name, choose(f, row->yaml, row->vars, row->provider), &f->err);
	assert_row_str(row->name, str_from(f->r.kind), row->kind);
	if (row->title)
		assert_row_str(row->name, str_from(f->r.title), row->title);
	assert_row_str(row->name, str_from(f->r.url), row->url);
	assert_row_str(row->name, str_from(f->r.server), row->server);
	assert_row_str(row->name, str_from(f->r.user), row->user);
	assert_row_str(row->name, secret_reveal(&f->r.secret), row->secret);
	assert_row_str(row->name, str_from(f->r.credentials), row->credentials);
}

static void
check_rows(struct fixture *f, const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_row(f, &rows[i]);
}

#define ECR "123456789012.dkr.ecr.eu-west-1.amazonaws.com"

static void
r_01_every_registry(void **state)
{
	static const struct row rows[] = {
		{"R-01 dockerhub",
			"registry: {dockerhub: {namespace: n, username: u, password: p}}", NULL,
			NULL, "dockerhub", "Dockerhub", "n", "docker.io", "u", "p",
			"registry.dockerhub.password in BUILDTOOLS_CONTENT"},
		{"R-01 dockerhub env", NULL,
			"DOCKERHUB_NAMESPACE=n DOCKERHUB_USERNAME=u DOCKERHUB_PASSWORD=p", NULL,
			"dockerhub", "Dockerhub", "n", "docker.io", "u", "p", "DOCKERHUB_PASSWORD"},
		{"R-01 acr", "registry: {acr: {url: x.azurecr.io, tenantId: t}}", NULL, NULL, "acr",
			"ACR", "x.azurecr.io", "x.azurecr.io",
			"00000000-0000-0000-0000-000000000000", NULL, NULL},
		{"R-01 acr env", NULL, "ACR_URL=https://x.azurecr.io/team/ ACR_TENANT_ID=t", NULL,
			"acr", "ACR", "x.azurecr.io/team", "x.azurecr.io",
			"00000000-0000-0000-0000-000000000000", NULL, NULL},
		{"R-01 ecr", "registry: {ecr: {url: " ECR "}}", NULL, NULL, "ecr", "ECR", ECR, ECR,
			NULL, NULL, NULL},
		{"R-01 ecr prefix", NULL, "ECR_URL=" ECR "/team", NULL, "ecr", "ECR", ECR "/team",
			ECR, NULL, NULL, NULL},
		{"R-01 gitea",
			"registry: {gitea: {registry: g.example, repository: org/repo,"
			" username: u, token: t}}",
			NULL, NULL, "gitea", "Gitea", "g.example/org", "g.example", "u", "t",
			"registry.gitea.token in BUILDTOOLS_CONTENT"},
		{"R-01 gitea env", NULL,
			"GITEA_REGISTRY=g.example:3000 GITEA_REPOSITORY=org/repo GITEA_USERNAME=u "
			"GITEA_TOKEN=t",
			NULL, "gitea", "Gitea", "g.example:3000/org", "g.example:3000", "u", "t",
			"GITEA_TOKEN"},
		{"R-01 github", "registry: {github: {repository: o, username: u, password: p}}",
			NULL, NULL, "github", "Github", "ghcr.io/o", "ghcr.io", "u", "p",
			"registry.github.password in BUILDTOOLS_CONTENT"},
		{"R-01 github env", NULL,
			"GITHUB_REPOSITORY_OWNER=o GITHUB_TOKEN=t GITHUB_ACTOR=someone", "github",
			"github", "Github", "ghcr.io/o", "ghcr.io", "someone", "t", "GITHUB_TOKEN"},
		{"R-01 github user", NULL,
			"GITHUB_REPOSITORY_OWNER=o GITHUB_USERNAME=u GITHUB_PASSWORD=p GITHUB_ACTOR=a",
			NULL, "github", "Github", "ghcr.io/o", "ghcr.io", "u", "p",
			"GITHUB_PASSWORD"},
		{"R-01 github without user", NULL, "GITHUB_REPOSITORY_OWNER=o GITHUB_TOKEN=t", NULL,
			"github", NULL, "ghcr.io/o", "ghcr.io", "o", "t", "GITHUB_TOKEN"},
		{"R-01 gitlab",
			"registry: {gitlab: {registry: r.example, repository: "
			"r.example/g/p, user: u, token: t}}",
			NULL, NULL, "gitlab", "Gitlab", "r.example/g", "r.example", "u", "t",
			"registry.gitlab.token in BUILDTOOLS_CONTENT"},
		{"R-01 gitlab job", NULL,
			"CI_REGISTRY=r.example CI_REGISTRY_IMAGE=r.example/g/p CI_JOB_TOKEN=j "
			"CI_REGISTRY_USER=gitlab-ci-token CI_REGISTRY_PASSWORD=pw",
			"gitlab", "gitlab", "Gitlab", "r.example/g", "r.example", "gitlab-ci-token",
			"pw", "CI_REGISTRY_PASSWORD"},
		{"R-01 gitlab job token", NULL, "CI_REGISTRY=r.example CI_JOB_TOKEN=j", "gitlab",
			"gitlab", "Gitlab", "r.example", "r.example", "gitlab-ci-token", "j",
			"CI_JOB_TOKEN"},
		{"R-01 quay", "registry: {quay: {repository: r, username: u, password: p}}", NULL,
			NULL, "quay", "Quay.io", "quay.io/r", "quay.io", "u", "p",
			"registry.quay.password in BUILDTOOLS_CONTENT"},
		{"R-01 quay env", NULL, "QUAY_REPOSITORY=r QUAY_USERNAME=u QUAY_PASSWORD=p", NULL,
			"quay", "Quay.io", "quay.io/r", "quay.io", "u", "p", "QUAY_PASSWORD"},
		{"R-05 gcr", NULL, "GCR_URL=eu.gcr.io/proj GCR_KEYFILE_CONTENT=eyJhIjoiYiJ9", NULL,
			"gcr", "GCR", "eu.gcr.io/proj", "eu.gcr.io", "_json_key", "{\"a\":\"b\"}",
			"GCR_KEYFILE_CONTENT"},
		{"R-05 gcr file", "registry: {gcr: {url: gcr.io/p, keyfileContent: eyJhIjoiYiJ9}}",
			NULL, NULL, "gcr", "GCR", "gcr.io/p", "gcr.io", "_json_key",
			"{\"a\":\"b\"}", "registry.gcr.keyfileContent in BUILDTOOLS_CONTENT"},
		{"gcr by Google's chain", "registry: {gcr: {url: gcr.io/p}}", NULL, NULL, "gcr",
			"GCR", "gcr.io/p", "gcr.io", NULL, NULL, NULL},
		{"R-07 none", NULL, NULL, NULL, "none", "No docker registry", "noregistry", NULL,
			NULL, NULL, NULL},
		{"R-07 empty variables", NULL, "QUAY_REPOSITORY= CI_REGISTRY=", NULL, "none", NULL,
			"noregistry", NULL, NULL, NULL, NULL},
	};

	check_rows(*state, rows, ARRAY_LEN(rows));
}

static void
r_02_r_03_paths(void **state)
{
	static const struct row rows[] = {
		{"R-02 two", NULL, "GITEA_REGISTRY=h GITEA_REPOSITORY=org/repo", NULL, "gitea",
			NULL, "h/org", "h", NULL, NULL, NULL},
		{"R-02 three", NULL, "GITEA_REGISTRY=h GITEA_REPOSITORY=org/sub/repo", NULL,
			"gitea", NULL, "h/org/sub", "h", NULL, NULL, NULL},
		{"R-02 single", NULL, "GITEA_REGISTRY=h GITEA_REPOSITORY=word", NULL, "gitea", NULL,
			"h/word", "h", NULL, NULL, NULL},
		{"R-02 registry only", NULL, "GITEA_REGISTRY=h", NULL, "gitea", NULL, "h", "h",
			NULL, NULL, NULL},
		{"R-03 subgroup", NULL, "CI_REGISTRY=r.x CI_REGISTRY_IMAGE=r.x/g/s/p", NULL,
			"gitlab", NULL, "r.x/g/s", "r.x", "gitlab-ci-token", NULL, NULL},
		{"R-03 image only", NULL, "CI_REGISTRY_IMAGE=r.x:5050/g/p", NULL, "gitlab", NULL,
			"r.x:5050/g", "r.x:5050", "gitlab-ci-token", NULL, NULL},
		{"R-03 registry only", NULL, "CI_REGISTRY=r.x", NULL, "gitlab", NULL, "r.x", "r.x",
			"gitlab-ci-token", NULL, NULL},
		{"R-03 without slash", NULL, "CI_REGISTRY_IMAGE=r.x", NULL, "gitlab", NULL, "r.x",
			"r.x", "gitlab-ci-token", NULL, NULL},
		{"IPv6", NULL, "CI_REGISTRY=[fd00::1]:5000", NULL, "gitlab", NULL, "[fd00::1]:5000",
			"[fd00::1]:5000", "gitlab-ci-token", NULL, NULL},
		{"separators", NULL, "QUAY_REPOSITORY=a.b/c__d/e--f", NULL, "quay", NULL,
			"quay.io/a.b/c__d/e--f", "quay.io", NULL, NULL, NULL},
		{"name of a repository that no image can have", NULL,
			"GITEA_REGISTRY=h:3000 GITEA_REPOSITORY=org/_repo.", NULL, "gitea", NULL,
			"h:3000/org", "h:3000", NULL, NULL, NULL},
		{"short host", NULL, "CI_REGISTRY=registry CI_REGISTRY_IMAGE=registry/g/p", NULL,
			"gitlab", NULL, "registry/g", "registry", "gitlab-ci-token", NULL, NULL},
		{"path without host", "registry: {gitlab: {registry: r.x, repository: g/p}}", NULL,
			NULL, "gitlab", NULL, "r.x/g", "r.x", "gitlab-ci-token", NULL, NULL},
		{"R-04 token first", NULL,
			"GITHUB_REPOSITORY_OWNER=o GITHUB_PASSWORD=p GITHUB_TOKEN=t", NULL,
			"github", NULL, "ghcr.io/o", "ghcr.io", "o", "t", "GITHUB_TOKEN"},
	};

	check_rows(*state, rows, ARRAY_LEN(rows));
}

/* In jobs of Gitea and Forgejo GITHUB_ is about that server; its token goes nowhere else. */
static void
gitea_and_forgejo_jobs(void **state)
{
#define JOB \
	"GITHUB_SERVER_URL=https://git.Example:3000/x GITHUB_REPOSITORY=Org/app " \
	"GITHUB_REPOSITORY_OWNER=Org GITHUB_ACTOR=me GITHUB_TOKEN=job"
	static const struct row rows[] = {
		{"gitea", NULL, JOB, "gitea", "gitea", "Gitea", "git.example:3000/org",
			"git.example:3000", "me", "job", "GITHUB_TOKEN"},
		{"forgejo", NULL, JOB, "forgejo", "gitea", "Gitea", "git.example:3000/org",
			"git.example:3000", "me", "job", "GITHUB_TOKEN"},
		{"own token", NULL, JOB " GITEA_TOKEN=mine GITEA_USERNAME=bob", "gitea", "gitea",
			NULL, "git.example:3000/org", "git.example:3000", "bob", "mine",
			"GITEA_TOKEN"},
		{"other owner", NULL, JOB " GITEA_REPOSITORY=team/app", "gitea", "gitea", NULL,
			"git.example:3000/team", "git.example:3000", "me", "job", "GITHUB_TOKEN"},
		{"other server", NULL, JOB " GITEA_REGISTRY=elsewhere.example", "gitea", "gitea",
			NULL, "elsewhere.example", "elsewhere.example", NULL, NULL, NULL},
		{"GitHub by file", "registry: {github: {repository: acme, password: pat}}", JOB,
			"forgejo", "github", NULL, "ghcr.io/acme", "ghcr.io", "acme", "pat",
			"registry.github.password in BUILDTOOLS_CONTENT"},
		{"GitHub itself", NULL, JOB, "github", "github", NULL, "ghcr.io/org", "ghcr.io",
			"me", "job", "GITHUB_TOKEN"},
		{"no server", NULL, "GITHUB_REPOSITORY_OWNER=o GITHUB_TOKEN=t", "gitea", "none",
			NULL, "noregistry", NULL, NULL, NULL, NULL},
	};
	struct fixture *f = *state;

	check_rows(f, rows, ARRAY_LEN(rows));
	assert_ok(
		choose(f, NULL, "GITHUB_SERVER_URL=http://git:3000 GITHUB_REPOSITORY=a/b", "gitea"),
		&f->err);
	assert_string_equal(f->r.url, "git:3000/a");
	assert_true(f->r.insecure);
}

static void
r_08_order(void **state)
{
	static const struct {
		const char *kind, *var;
	} rows[] = {
		{"dockerhub", "DOCKERHUB_NAMESPACE=n"},
		{"acr", "ACR_URL=x.azurecr.io"},
		{"ecr", "ECR_URL=" ECR},
		{"gitea", "GITEA_REGISTRY=g"},
		{"quay", "QUAY_REPOSITORY=q"},
		{"gcr", "GCR_URL=gcr.io/p"},
		/* what a CI sets by itself comes last */
		{"github", "GITHUB_REPOSITORY_OWNER=o"},
		{"gitlab", "CI_REGISTRY=r"},
	};
	struct fixture *f = *state;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf vars = {0};

		for (j = ARRAY_LEN(rows); j-- > i;)
			buf_addf(&vars, "%s%s", vars.len ? " " : "", rows[j].var);
		assert_row_ok(rows[i].kind, choose(f, NULL, buf_cstr(&vars), NULL), &f->err);
		assert_row_str(rows[i].kind, str_from(f->r.kind), rows[i].kind);
		assert_row_int(rows[i].kind, f->r.ambient, i >= 6);
		assert_row_int(rows[i].kind, f->logged.len > 0, i + 1 < ARRAY_LEN(rows));
	}
}

static void
r_09_written_beats_ambient(void **state)
{
	static const struct {
		const char *name, *yaml, *vars, *url, *warning;
	} rows[] = {
		{"R-09 quay file in GitLab", "registry: {quay: {repository: q}}",
			"CI_REGISTRY=r.x CI_REGISTRY_IMAGE=r.x/g/p", "quay.io/q",
			"warn: registry 'Quay.io' of BUILDTOOLS_CONTENT line 1 is used, although the "
			"CI offers 'Gitlab' by CI_REGISTRY"},
		{"R-09 gcr file in GitHub", "registry: {gcr: {url: gcr.io/p}}",
			"GITHUB_REPOSITORY_OWNER=o GITHUB_TOKEN=t", "gcr.io/p",
			"although the CI offers 'Github' by GITHUB_REPOSITORY_OWNER"},
		{"R-09 variable of ours", NULL, "CI_REGISTRY=r.x QUAY_REPOSITORY=q", "quay.io/q",
			"registry 'Quay.io' of QUAY_REPOSITORY is used, although the CI offers "
			"'Gitlab' by CI_REGISTRY"},
		{"R-09 gitlab file in GitHub", "registry: {gitlab: {registry: r.x}}",
			"GITHUB_REPOSITORY_OWNER=o", "r.x", "offers 'Github'"},
		{"R-09 two of equal rank", "registry: {quay: {repository: q}}",
			"DOCKERHUB_NAMESPACE=n", "n",
			"several registries are configured: 'Dockerhub' by DOCKERHUB_NAMESPACE is "
			"used, 'Quay.io' by BUILDTOOLS_CONTENT line 1 is not"},
		{"F-C07 inside one kind",
			"registry: {gitlab: {registry: r.x, repository: r.x/a/b}}",
			"CI_REGISTRY_IMAGE=r.x/c/d", "r.x/c",
			"warn: 'r.x/c/d' of CI_REGISTRY_IMAGE is used, not 'r.x/a/b' of "
			"BUILDTOOLS_CONTENT line 1"},
		{"named", NULL, "CI_REGISTRY=r.x QUAY_REPOSITORY=q BUILDTOOLS_REGISTRY=gitlab",
			"r.x", NULL},
		{"none by name", NULL, "CI_REGISTRY=r.x BUILDTOOLS_REGISTRY=none", "noregistry",
			NULL},
		{"same value", "registry: {gitlab: {registry: r.x}}", "CI_REGISTRY=r.x", "r.x",
			NULL},
		{"login alone is no registry", NULL,
			"DOCKERHUB_PASSWORD=p GITHUB_TOKEN=t "
			"CI_REGISTRY=r.x",
			"r.x", NULL},
		{"login alone is reported", NULL, "DOCKERHUB_PASSWORD=p", "noregistry",
			"warn: DOCKERHUB_PASSWORD is set, but 'registry.dockerhub.namespace' is not"},
		{"a dev's token is not", NULL, "GITHUB_TOKEN=t CI_JOB_TOKEN=t", "noregistry", NULL},
		{"part that a CI completes", "registry: {gitlab: {token: t}}", NULL, "noregistry",
			"warn: BUILDTOOLS_CONTENT line 1: 'registry.gitlab.registry' is missing"},
		{"secret without user", "registry: {quay: {repository: q, password: p}}", NULL,
			"quay.io/q", "is set, but 'registry.quay.username' is not"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_row_ok(rows[i].name, choose(f, rows[i].yaml, rows[i].vars, NULL), &f->err);
		assert_row_str(rows[i].name, str_from(f->r.url), rows[i].url);
		if (rows[i].warning)
			assert_that(strstr(buf_cstr(&f->logged), rows[i].warning),
				"row '%s' logged: %s", rows[i].name, buf_cstr(&f->logged));
		else
			assert_that(!f->logged.len, "row '%s' logged: %s", rows[i].name,
				buf_cstr(&f->logged));
	}
}

static void
r_10_configured_but_unusable(void **state)
{
	static const struct {
		const char *name, *yaml, *vars, *message;
	} rows[] = {
		{"ecr shape", NULL, "ECR_URL=registry.example.com/x",
			"'ECR_URL': registry.ecr.url: 'registry.example.com/x' is no address of ECR"},
		{"ecr shape in file", "registry:\n  ecr:\n    url: dkr.ecr.amazonaws.com", NULL,
			"'BUILDTOOLS_CONTENT', line 3, column 10: registry.ecr.url: "},
		{"ecr shape beats ambient", "registry: {ecr: {url: x}}", "CI_REGISTRY=r.x",
			"registry.ecr.url"},
		{"gcr key", NULL, "GCR_URL=gcr.io/p GCR_KEYFILE_CONTENT={}",
			"'GCR_KEYFILE_CONTENT': registry.gcr.keyfileContent is not base64"},
		{"gcr key without padding", NULL, "GCR_URL=gcr.io/p GCR_KEYFILE_CONTENT=invalid",
			"registry.gcr.keyfileContent is not base64"},
		{"gitea without host", NULL, "GITEA_REPOSITORY=o/r",
			"registry.gitea.registry is missing"},
		{"gitlab without host", "registry: {gitlab: {repository: g/p}}", NULL,
			"registry.gitlab.repository: 'g/p' has no host"},
		{"scheme", NULL, "ACR_URL=http://x.azurecr.io",
			"'ACR_URL': registry.acr.url: 'http://x.azurecr.io' is not an address"},
		{"blank", "registry: {quay: {repository: a b}}", NULL,
			"registry.quay.repository: 'a b' cannot be part of an image name"},
		{"user in address", NULL, "ACR_URL=user@x.azurecr.io",
			"registry.acr.url: '...@x.azurecr.io' cannot be part"},
		{"password in address", NULL, "CI_REGISTRY=https://u:s3cret@r.x:5000",
			"'CI_REGISTRY': registry.gitlab.registry: '...@r.x:5000' cannot be part of "
			"an image name: '...@r.x' is no host"},
		{"scheme that is none", NULL, "CI_REGISTRY=htps://r.x", "'' is no port"},
		{"scheme without colon", NULL, "CI_REGISTRY=https//r.x/y",
			"'' cannot be in a path"},
		{"port", "registry: {gitea: {registry: 'r.x:50o0'}}", NULL,
			"'BUILDTOOLS_CONTENT', line 1, column 30: registry.gitea.registry: "
			"'r.x:50o0' cannot be part of an image name: '50o0' is no port"},
		{"large port", NULL, "CI_REGISTRY_IMAGE=r.x:65536/g/p", "'65536' is no port"},
		{"port zero", NULL, "ACR_URL=r.x:0", "'0' is no port"},
		{"two dots", NULL, "GCR_URL=eu..gcr.io/p", "'eu..gcr.io' is no host"},
		{"hyphen", NULL, "CI_REGISTRY=-r.x", "'-r.x' is no host"},
		{"underscore", NULL, "CI_REGISTRY=r_1.x", "'r_1.x' is no host"},
		{"comma", NULL, "CI_REGISTRY=r,x", "'r,x' is no host"},
		{"IPv6", NULL, "CI_REGISTRY=[::g]:5000", "'[::g]' is no host"},
		{"query", NULL, "CI_REGISTRY=r.x?a", "'r.x?a' is no host"},
		{"leading slash", NULL, "CI_REGISTRY=/r", "'' is no host"},
		{"namespace with a port", "registry: {dockerhub: {namespace: 'a:b'}}", NULL,
			"registry.dockerhub.namespace: 'a:b' cannot be part of an image name: 'a:b' "
			"cannot be in a path"},
		{"separators", NULL, "QUAY_REPOSITORY=a._b", "'a._b' cannot be in a path"},
		{"separator at the end", NULL, "QUAY_REPOSITORY=a-", "'a-' cannot be in a path"},
		{"climbing", NULL, "GCR_URL=gcr.io/../p", "'..' cannot be in a path"},
		{"slashes", NULL, "QUAY_REPOSITORY=a//b", "cannot be part"},
		{"only slashes", NULL, "QUAY_REPOSITORY=//", "cannot be part"},
		{"only a scheme", NULL, "ACR_URL=https://", "cannot be part"},
		{"incomplete in file", "registry: {dockerhub: {username: u, password: p}}", NULL,
			"registry.dockerhub.namespace is missing"},
		{"incomplete in file, other in CI", "registry:\n quay:\n  username: u",
			"CI_REGISTRY=r.x",
			"line 3, column 13: registry.quay.repository is missing"},
		{"unknown name", NULL, "BUILDTOOLS_REGISTRY=harbor QUAY_REPOSITORY=q",
			"'BUILDTOOLS_REGISTRY': registry 'harbor' is not configured"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_that(choose(f, rows[i].yaml, rows[i].vars, NULL) == -1,
			"row '%s' is accepted as %s", rows[i].name, f->r.url);
		assert_row_err(rows[i].name, &f->err, ERR_CONFIG, rows[i].message);
		assert_that(!secret_is_set(&f->r.secret), "row '%s' keeps a secret", rows[i].name);
	}
	assert_string_equal(f->err.hint, "it can be: quay, none");
}

static void
f_08_lower_case(void **state)
{
	static const struct {
		const char *name, *vars, *url, *server;
	} rows[] = {
		{"owner", "GITHUB_REPOSITORY_OWNER=BigOrg", "ghcr.io/bigorg", "ghcr.io"},
		{"namespace", "DOCKERHUB_NAMESPACE=Me", "me", "docker.io"},
		{"host", "CI_REGISTRY_IMAGE=R.Example/G/P CI_REGISTRY=R.Example", "r.example/g",
			"r.example"},
		{"gitea", "GITEA_REGISTRY=Git.X GITEA_REPOSITORY=Org/App", "git.x/org", "git.x"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_row_ok(rows[i].name, choose(f, NULL, rows[i].vars, NULL), &f->err);
		assert_row_str(rows[i].name, str_from(f->r.url), rows[i].url);
		assert_row_str(rows[i].name, str_from(f->r.server), rows[i].server);
		assert_that(strstr(buf_cstr(&f->logged), "image names are lower case"),
			"row '%s' says nothing", rows[i].name);
	}
}

static void
ecr_details(void **state)
{
	static const struct {
		const char *name, *vars, *region, *account;
		bool is_public, warns;
	} rows[] = {
		{"R-15 region of the URL", "ECR_URL=" ECR, "eu-west-1", "123456789012", false,
			false},
		{"configured region", "ECR_URL=" ECR " ECR_REGION=us-east-1", "us-east-1",
			"123456789012", false, true},
		{"the same region", "ECR_URL=" ECR " ECR_REGION=eu-west-1", "eu-west-1",
			"123456789012", false, false},
		{"F-C15 9 digits", "ECR_URL=123456789.dkr.ecr.us-east-1.amazonaws.com/x",
			"us-east-1", "123456789", false, true},
		{"public", "ECR_URL=public.ecr.aws/alias", "us-east-1", NULL, true, false},
		{"china", "ECR_URL=123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1",
			"123456789012", false, false},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_row_ok(rows[i].name, choose(f, NULL, rows[i].vars, NULL), &f->err);
		assert_row_str(rows[i].name, str_from(f->r.region), rows[i].region);
		assert_row_str(rows[i].name, str_from(f->r.account), rows[i].account);
		assert_row_int(rows[i].name, f->r.ecr_public, rows[i].is_public);
		assert_row_int(rows[i].name, f->logged.len > 0, rows[i].warns);
	}
}

static void
access_settings(void **state)
{
	struct fixture *f = *state;

	assert_ok(choose(f, "registry: {quay: {repository: q, insecure: true, ca: /etc/ca.pem}}",
			  NULL, NULL),
		&f->err);
	assert_true(f->r.insecure);
	assert_string_equal(f->r.ca, "/etc/ca.pem");
	assert_ok(choose(f, "registry: {acr: {url: x.azurecr.io, tenantId: t, ca: ca.pem}}", NULL,
			  NULL),
		&f->err);
	assert_string_equal(f->r.ca, "/ca.pem");
	assert_string_equal(f->r.tenant, "t");
}

static void
show(struct fixture *f, const char *ci, const char *vcs, struct buf *out)
{
	config_show(&f->config, &f->r, ci, vcs, out);
}

static void
c_04_config_text(void **state)
{
	struct fixture *f = *state;
	cleanup_buf struct buf out = {0};

	assert_ok(choose(f, NULL, NULL, NULL), &f->err);
	show(f, NULL, NULL, &out);
	assert_string_equal(
		buf_cstr(&out), "Current config\nci: none\nvcs: none\nregistry: {}\ntargets: {}\n");

	buf_reset(&out);
	assert_ok(choose(f,
			  "registry: {gitea: {registry: 'host:3000', repository: org/app,"
			  " username: 'true', token: top}}\n"
			  "targets: {local: {context: \"a \\\"b\\\"\\n\", kubeconfig: top}, x: }",
			  NULL, NULL),
		&f->err);
	show(f, "Gitlab", "Git", &out);
	assert_string_equal(buf_cstr(&out), "Current config\nci: Gitlab\nvcs: Git\nregistry:\n"
					    "    registry: \"host:3000\"\n"
					    "    repository: org/app\n"
					    "    username: \"true\"\n"
					    "    token: '***'\n"
					    "targets:\n"
					    "    local:\n"
					    "        context: \"a \\\"b\\\"\\x0a\"\n"
					    "        kubeconfig: '***'\n"
					    "    x: {}\n");
}

/* Every kind, with Docker Hub, on which the reference crashes; the text reads back as YAML. */
static void
c_05_no_secrets_shown(void **state)
{
	static const char *const rows[] = {
		"registry: {dockerhub: {namespace: n, username: u, password: s3cret}}",
		"registry: {acr: {url: x.azurecr.io, tenantId: t}}",
		"registry: {ecr: {url: " ECR ", region: eu-west-1}}",
		"registry: {gitea: {registry: h, repository: o/r, username: u, token: s3cret}}",
		"registry: {github: {repository: o, username: u, password: s3cret, token: s3cret}}",
		"registry: {gitlab: {registry: h, repository: h/o/r, user: u, token: s3cret}}",
		"registry: {quay: {repository: o, username: u, password: s3cret}}",
		"registry: {gcr: {url: gcr.io/p, keyfileContent: czNjcmV0}}",
		"targets: {a: {kubeconfig: s3cret}}",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf out = {0};
		const char *vars[2] = {NULL, NULL};
		struct env env = {vars};
		struct config again;
		char *body;

		assert_row_ok(rows[i], choose(f, rows[i], NULL, NULL), &f->err);
		show(f, "none", "none", &out);
		assert_that(!strstr(buf_cstr(&out), "s3cret") && !strstr(buf_cstr(&out), "czNj"),
			"row '%s' shows: %s", rows[i], buf_cstr(&out));
		/* what it shows of registry and targets is YAML that is understood */
		body = strstr(buf_cstr(&out), "targets:");
		assert_non_null(body);
		vars[0] = arena_fmt(&f->arena, "BUILDTOOLS_CONTENT=%s", body);
		assert_row_ok(
			rows[i], config_load(&f->arena, &env, "/", NULL, &again, &f->err), &f->err);
		config_release(&again);
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(r_01_every_registry),
		ROW(r_02_r_03_paths),
		ROW(gitea_and_forgejo_jobs),
		ROW(r_08_order),
		ROW(r_09_written_beats_ambient),
		ROW(r_10_configured_but_unusable),
		ROW(f_08_lower_case),
		ROW(ecr_details),
		ROW(access_settings),
		ROW(c_04_config_text),
		ROW(c_05_no_secrets_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
