/* ci/tags: the convention, rules, and what they are made of. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "ci/tags.h"

#define COMMIT "860c1904a1ce19322e91ac35af1ab07466440c37"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static struct strlist
lines(struct arena *a, const char *text)
{
	struct str rest = str_from(text), line;
	struct strlist l = {0};

	while (rest.s && str_next(&rest, '\n', &line))
		if (line.len)
			strlist_add(&l, a, arena_str(a, line));
	return l;
}

static char *
join(struct arena *a, const struct strlist *l)
{
	char *text = arena_cstr(a, "");
	size_t i;

	for (i = 0; i < l->n; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? " " : "", l->items[i]);
	return text;
}

static void
keep_warning(struct log *log, enum log_level level, const char *text)
{
	if (level == LOG_WARN)
		buf_addf(log->arg, "%s\n", text);
}

struct default_row {
	const char *name;
	struct tag_facts facts;
	const char *want;    /* tags, or NULL */
	const char *message; /* of the warning, or of the error */
	bool pull_as_branch;
};

static void
check_default(const struct default_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf warnings = {0};
		struct log log = {LOG_WARN, keep_warning, &warnings};
		struct strlist out = {0};
		struct err err = {0};
		int rc = tags_default(&a, &rows[i].facts, rows[i].pull_as_branch, &log, &out, &err);

		if (!rows[i].want) {
			assert_row_int(rows[i].name, rc, -1);
			assert_row_err(rows[i].name, &err, ERR_CONFIG, rows[i].message);
			continue;
		}
		assert_row_ok(rows[i].name, rc, &err);
		assert_row_str(rows[i].name, str_from(join(&a, &out)), rows[i].want);
		if (rows[i].message)
			assert_that(strstr(buf_cstr(&warnings), rows[i].message),
				"row '%s': warned '%s'", rows[i].name, buf_cstr(&warnings));
		else
			assert_row_str(rows[i].name, buf_view(&warnings), "");
	}
}

static void
convention(void **state)
{
	static const struct default_row rows[] = {
		{"B-12 branch", {.commit = "c0ffee", .branch = "feature1"}, "c0ffee feature1", NULL,
			false},
		{"B-11 main", {.commit = "c0ffee", .branch = "main"}, "c0ffee main latest", NULL,
			false},
		{"B-11 master", {.commit = "c0ffee", .branch = "master"}, "c0ffee master latest",
			NULL, false},
		{"provider's default branch",
			{.commit = "c0ffee", .branch = "dev/x", .default_branch = "dev/x"},
			"c0ffee dev_x latest", NULL, false},
		{"main is not the default branch",
			{.commit = "c0ffee", .branch = "main", .default_branch = "trunk"},
			"c0ffee main", NULL, false},
		{"I-16 feature/Foo bar#1", {.commit = "c0ffee", .branch = "feature/Foo bar#1"},
			"c0ffee feature_Foo_bar1", NULL, false},
		{"I-17 leading dot", {.commit = "c0ffee", .branch = ".hidden"}, "c0ffee hidden",
			NULL, false},
		{"I-17 cut at 128", {.branch = HUNDRED TEN TEN TEN}, HUNDRED TEN TEN "01234567",
			NULL, false},
		{"I-18 empty slug", {.commit = "c0ffee", .branch = "###"}, "c0ffee",
			"branch '###' has no character", false},
		{"I-18 nothing is left", {.branch = "###"}, NULL, "no tag can be made", false},
		{"I-15 detached", {.commit = "c0ffee"}, "c0ffee", NULL, false},
		{"I-15 HEAD", {.commit = "c0ffee", .branch = "HEAD"}, "c0ffee", NULL, false},
		{"F-9 no commit", {.branch = "main"}, "main latest", NULL, false},
		{"F-9 empty commit", {.commit = "", .branch = "x"}, "x", NULL, false},
		{"I-13 nothing", {.event = "push"}, NULL,
			"commit and/or branch information is missing", false},
		{"I-13 only HEAD", {.branch = "HEAD"}, NULL,
			"commit and/or branch information is missing", false},
		{"tag run", {.commit = "c0ffee", .tag = "v1.2"}, "c0ffee v1.2", NULL, false},
		{"tag run with a slash", {.commit = "c0ffee", .tag = "app/v1.2"}, "c0ffee app_v1.2",
			NULL, false},
		{"a tag beats a branch", {.commit = "c0ffee", .tag = "v1", .branch = "main"},
			"c0ffee v1", NULL, false},
		{"a tag called main is no branch", {.commit = "c0ffee", .tag = "main"},
			"c0ffee main", NULL, false},
		{"a tag called latest", {.commit = "c0ffee", .tag = "latest"}, "c0ffee",
			"git tag 'latest' gives no tag", false},
		{"a branch called latest", {.commit = "c0ffee", .branch = "latest"}, "c0ffee",
			"branch 'latest' gives no tag", false},
		{"default branch called latest",
			{.commit = "c0ffee", .branch = "latest", .default_branch = "latest"},
			"c0ffee latest", NULL, false},
		{"pull request",
			{.commit = "c0ffee",
				.is_pull = true,
				.pull_number = "7",
				.branch = "main",
				.base = "main"},
			"c0ffee pr-7", NULL, false},
		{"merge request",
			{.commit = "c0ffee",
				.pull_number = "7",
				.pull_prefix = "mr-",
				.branch = "x"},
			"c0ffee mr-7", NULL, false},
		{"pull request without number",
			{.commit = "c0ffee", .is_pull = true, .branch = "x"}, "c0ffee", NULL,
			false},
		{"pull request beats tag", {.commit = "c0ffee", .pull_number = "7", .tag = "v1"},
			"c0ffee pr-7", NULL, false},
		{"pull request as branch",
			{.commit = "c0ffee", .pull_number = "7", .branch = "fix/a", .base = "main"},
			"c0ffee fix_a", NULL, true},
		{"pull request as branch, of the same name",
			{.commit = "c0ffee", .pull_number = "7", .branch = "main", .base = "main"},
			"c0ffee pr-7", "gives no tag: it is the name", true},
		{"pull request as branch, not known", {.commit = "c0ffee", .pull_number = "7"},
			"c0ffee pr-7", "gives no tag: it is not known", true},
		{"branch called like the commit", {.commit = "c0ffee", .branch = "c0ffee"},
			"c0ffee", NULL, false},
	};

	(void)state;
	check_default(rows, ARRAY_LEN(rows));
}

static void
s_14_stages(void **state)
{
	static const struct {
		const char *name, *tags, *stages, *default_branch, *message;
	} rows[] = {
		{"apart", "c0ffee\nmain\nlatest", "build\ntest", NULL, NULL},
		{"none", "c0ffee", "", NULL, NULL},
		{"branch", "c0ffee\ntest", "build\ntest", NULL,
			"stage 'test' would be tagged 'test', which is a tag of the image itself"},
		{"latest", "c0ffee\nx", "latest", NULL, "which is the tag of the newest image"},
		{"main from another branch", "c0ffee\nx", "main", NULL,
			"which is the tag of the default branch"},
		{"master from another branch", "c0ffee\nx", "master", NULL,
			"of the default branch"},
		{"named default branch", "c0ffee\nx", "dev_x", "dev/x", "of the default branch"},
		{"main is nobody's", "c0ffee\nx", "main", "trunk", NULL},
		{"cut at 128", "c0ffee", "a" HUNDRED TEN TEN TEN "\na" HUNDRED TEN TEN TEN "b",
			NULL, "which is the tag of another stage"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct strlist tags = lines(&a, rows[i].tags), stages = lines(&a, rows[i].stages);
		struct tag_facts facts = {.default_branch = rows[i].default_branch};
		struct err err = {0};
		int rc = tags_check_stages(&facts, &tags, &stages, &err);

		assert_row_int(rows[i].name, rc, rows[i].message ? -1 : 0);
		if (!rows[i].message)
			continue;
		assert_row_err(rows[i].name, &err, ERR_CONFIG, rows[i].message);
		assert_that(
			strstr(err.hint, "--no-stages"), "row '%s': %s", rows[i].name, err.hint);
	}
}

/* Runs that rules are tried on; 2020-01-10 00:30:00 UTC, a Friday. */
enum run { BRANCH, MAIN, PULL, V1, V123, RC, PEP, PEP_RC, P1, RELEASE1, DATED, NIGHTLY, DETACHED };

static const struct tag_facts runs[] = {
	[BRANCH] = {.commit = COMMIT, .branch = "my/branch", .event = "push", .now = 1578616200},
	[MAIN] = {.commit = COMMIT,
		.branch = "main",
		.event = "push",
		.now = 1578616200,
		.commit_time = 1578616200},
	[PULL] = {.commit = COMMIT,
		.branch = "main",
		.base = "dev",
		.is_pull = true,
		.pull_number = "2",
		.event = "pull_request",
		.now = 1578616200},
	[V1] = {.commit = COMMIT, .tag = "v1.1.1", .event = "push"},
	[V123] = {.commit = COMMIT, .tag = "1.2.3", .base = "main", .event = "tag"},
	[RC] = {.commit = COMMIT, .tag = "v2.0.8-beta.67+b.1", .event = "push"},
	[PEP] = {.commit = COMMIT, .tag = "v1!1.2", .event = "push"},
	[PEP_RC] = {.commit = COMMIT, .tag = "1.2.3RC_02.Post1", .event = "push"},
	[P1] = {.commit = COMMIT, .tag = "p1/v1.0.0", .event = "push"},
	[RELEASE1] = {.commit = COMMIT, .tag = "release1", .event = "push"},
	[DATED] = {.commit = COMMIT, .tag = "20200110-RC2", .event = "push"},
	[NIGHTLY] = {.commit = COMMIT, .branch = "main", .event = "schedule", .now = 1578616200},
	[DETACHED] = {.commit = COMMIT, .event = "push", .now = 1578616200},
};

static void
rules(void **state)
{
	static const struct {
		const char *name;
		enum run run;
		const char *rules, *flavor, *want, *warning;
	} rows[] = {
		{"ref branch", BRANCH,
			"type=ref,event=branch\ntype=ref,event=tag\ntype=ref,event=pr", NULL,
			"my-branch", NULL},
		{"ref tag", V1, "type=ref,event=branch\ntype=ref,event=tag\ntype=ref,event=pr",
			NULL, "v1.1.1 latest", NULL},
		{"ref pr", PULL, "type=ref,event=branch\ntype=ref,event=tag\ntype=ref,event=pr",
			NULL, "pr-2", NULL},
		{"ref pr, other prefix", PULL, "type=ref,event=pr,prefix=mr", NULL, "mr2", NULL},
		{"detached", DETACHED, "type=ref,event=branch\ntype=sha", NULL, "sha-860c190",
			NULL},
		{"sha", BRANCH, "type=sha\ntype=sha,format=long\ntype=sha,prefix=,suffix=-x", NULL,
			"sha-860c190 sha-" COMMIT " 860c190-x", NULL},
		{"raw", BRANCH, "foo\ntype=raw,value=b/a//r\ntype=raw,\"value=a,\"\"b\"\"c\"", NULL,
			"foo b-a-r a-b-c", NULL},
		{"raw, type not written", BRANCH, "value=foo,priority=1\nb#a r", NULL, "b-a-r foo",
			NULL},
		{"edge", MAIN, "type=edge", NULL, "edge", NULL},
		{"edge elsewhere", BRANCH, "type=edge\ntype=edge,branch=main", NULL, "", NULL},
		{"edge of a named branch", BRANCH, "type=edge,branch=my/branch", NULL, "edge",
			NULL},
		{"edge in a pull request", PULL, "type=edge", NULL, "", NULL},
		{"semver", V1,
			"type=semver,pattern={{raw}}\ntype=semver,pattern={{version}}\n"
			"type=semver,pattern={{major}}.{{minor}}\ntype=semver,pattern=v{{major}}\n"
			"type=semver,pattern={{ patch }}x",
			NULL, "v1.1.1 1.1.1 1.1 v1 1x latest", NULL},
		{"semver, pre-release", RC,
			"type=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}\n"
			"type=semver,pattern={{raw}}",
			NULL, "2.0.8-beta.67 v2.0.8-beta.67-b.1", NULL},
		{"semver, no version", RELEASE1, "type=semver,pattern={{version}}", NULL, "",
			"'release1' is no semantic version"},
		{"semver, no tag run", BRANCH, "type=semver,pattern={{version}}", NULL, "", NULL},
		{"semver, value", BRANCH, "type=semver,pattern={{version}},value=v3.2.1", NULL,
			"3.2.1 latest", NULL},
		{"semver, value in a pull request", PULL,
			"type=semver,pattern={{version}},value=v3.2.1", NULL, "3.2.1", NULL},
		{"semver, match", P1, "type=semver,pattern={{version}},match=v(\\d.\\d.\\d)$", NULL,
			"1.0.0 latest", NULL},
		{"semver, match that does not", V1, "type=semver,pattern={{version}},match=x(.)",
			NULL, "1.1.1 latest", "'v1.1.1' does not match"},
		{"semver, with the commit", V123, "type=semver,pattern={{version}}-{{sha}}", NULL,
			"1.2.3-860c190 latest", NULL},
		{"pep440", PEP,
			"type=pep440,pattern={{raw}}\ntype=pep440,pattern={{version}}\n"
			"type=pep440,pattern={{major}}.{{minor}}.{{patch}}",
			NULL, "v1-1.2 1-1.2 1.2.0 latest", NULL},
		{"pep440, no release", PEP_RC,
			"type=pep440,pattern={{major}}\ntype=pep440,pattern={{raw}}", NULL,
			"1.2.3rc2.post1 1.2.3RC_02.Post1", NULL},
		{"pep440, no version", RELEASE1, "type=pep440,pattern={{version}}", NULL, "",
			"is no version as in PEP 440"},
		{"match", RELEASE1, "type=match,\"pattern=^release\\d{1,2}\"", NULL,
			"release1 latest", NULL},
		{"match, group", V1, "type=match,pattern=v(.*),group=1", NULL, "1.1.1 latest",
			NULL},
		{"match, group that is not there", V1, "type=match,pattern=v(.*),group=3", NULL, "",
			"without that group"},
		{"match, no match", V1, "type=match,pattern=\\d{8}", NULL, "", "does not match"},
		{"match, flags", V1, "type=match,\"pattern=/^V(\\d.\\d).\\d$/ig\",group=1", NULL,
			"1.1 latest", NULL},
		{"match, value", BRANCH, "type=match,pattern=v(.*),group=1,value=v1.2.3", NULL,
			"1.2.3 latest", NULL},
		{"match, date", DATED,
			"type=match,pattern=\\d{8}\ntype=match,pattern=(.*)-RC,group=1", NULL,
			"20200110 latest", NULL},
		{"schedule", NIGHTLY,
			"type=schedule\ntype=schedule,pattern={{date 'YYYYMMDD-HHmmss'}}", NULL,
			"nightly 20200110-003000", NULL},
		{"schedule, zone", NIGHTLY, "type=schedule,pattern=n-{{date \"YYYY\" tz='UTC'}}",
			NULL, "n-2020", NULL},
		{"schedule, not now", BRANCH, "type=schedule", NULL, "", NULL},
		{"priority", MAIN,
			"type=sha\ntype=ref,event=branch\ntype=raw,value=a,priority=1000\n"
			"type=edge\ntype=raw,value=b,priority=-1",
			NULL, "a edge main sha-860c190 b", NULL},
		{"priority of types", NIGHTLY,
			"type=sha\ntype=raw,value=raw\ntype=ref,event=branch\ntype=edge\n"
			"type=match,pattern=.,value=m\ntype=pep440,pattern=p{{major}},value=1\n"
			"type=semver,pattern=s{{major}},value=1.0.0\ntype=schedule",
			NULL, "nightly p1 s1 m edge main raw sha-860c190", NULL},
		{"enable", MAIN,
			"type=raw,value=a,enable=true\ntype=raw,value=b,enable=false\n"
			"type=raw,value=latest,enable={{is_default_branch}}\n"
			"type=raw,value=c,enable={{is_not_default_branch}}",
			NULL, "a latest", NULL},
		{"enable, elsewhere", BRANCH,
			"type=raw,value=latest,enable={{is_default_branch}}\n"
			"type=raw,value=c,enable={{is_not_default_branch}}",
			NULL, "c", NULL},
		{"enable, in a pull request", PULL,
			"type=raw,value=latest,enable={{is_default_branch}}\ntype=ref,event=pr",
			NULL, "pr-2", NULL},
		{"enable, nightly of a branch", NIGHTLY,
			"type=raw,value=x,enable={{is_default_branch}}", NULL, "x", NULL},
		{"expressions", BRANCH, "type=raw,value={{branch}}_{{sha}}_{{tag}}_{{base_ref}}x",
			NULL, "my-branch_860c190__x", NULL},
		{"expressions of a tag", V123, "type=raw,value={{{tag}}}-{{base_ref}}-{{branch}}x",
			NULL, "1.2.3-main-x", NULL},
		{"expressions of a pull request", PULL, "type=raw,value={{base_ref}}-{{branch}}x",
			NULL, "dev-x", NULL},
		{"prefix", BRANCH, "type=sha,prefix={{branch}}-", NULL, "my-branch-860c190", NULL},
		{"dates", MAIN, "type=raw,value={{date 'YYYY'}}-{{commit_date 'DD'}}", NULL,
			"2020-10", NULL},
		{"flavor, latest", BRANCH, "type=ref,event=branch", "latest=true",
			"my-branch latest", NULL},
		{"flavor, no latest", V1, "type=ref,event=tag", "latest=false", "v1.1.1", NULL},
		{"flavor, latest of a pull request", PULL, "type=ref,event=pr", "latest=true",
			"pr-2 latest", NULL},
		{"flavor, prefix and suffix", V1, "type=semver,pattern={{version}}",
			"prefix=a-\nsuffix=-b", "a-1.1.1-b latest", NULL},
		{"flavor, on latest", V1, "type=semver,pattern={{version}}",
			"prefix=a-,onlatest=true\nsuffix=-{{sha}},onlatest=true",
			"a-1.1.1-860c190 a-latest-860c190", NULL},
		{"flavor, not on latest", V1, "type=semver,pattern={{version}}",
			"prefix=a-,onlatest=false,suffix=-b,onlatest=true", "a-1.1.1-b latest-b",
			NULL},
		{"flavor, beaten by the rule", P1,
			"type=match,pattern=v(.*),group=1\ntype=match,pattern=v(\\d),group=1,suffix=",
			"suffix=-dev", "1.0.0-dev 1 latest", NULL},
		{"first rule says what latest is", V1,
			"type=raw,value=x,priority=2000\ntype=ref,event=tag", NULL, "x v1.1.1",
			NULL},
		{"twice the same", V1,
			"type=semver,pattern={{version}}\ntype=match,pattern=v(.*),group=1\nlatest",
			NULL, "1.1.1 latest", NULL},
		{"no rules", V1, "", NULL, "", NULL},
		{"comment and blanks", V1, "# type=sha\n \n  x ", NULL, "x", NULL},
		{"blanks in fields", V1, " type = raw , value = x ", NULL, "x", NULL},
		{"empty value", V1, "type=raw,value=", NULL, "", NULL},
		{"I-18 nothing a tag may hold", V1, "type=raw,value=...", NULL, "",
			"'...' has no character"},
		{"leading dot", V1, "type=raw,value=.x", NULL, "x", NULL},
		{"length", V1, "type=raw,value=" HUNDRED HUNDRED, NULL, HUNDRED TEN TEN "01234567",
			NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf warnings = {0};
		struct log log = {LOG_WARN, keep_warning, &warnings};
		struct strlist list = lines(&a, rows[i].rules), flavor = {0}, out = {0};
		struct err err = {0};

		if (rows[i].flavor)
			flavor = lines(&a, rows[i].flavor);
		assert_row_ok(rows[i].name,
			tags_apply(&a, &list, rows[i].flavor ? &flavor : NULL, &runs[rows[i].run],
				&log, &out, &err),
			&err);
		assert_row_str(rows[i].name, str_from(join(&a, &out)), rows[i].want);
		if (rows[i].warning)
			assert_that(strstr(buf_cstr(&warnings), rows[i].warning),
				"row '%s': warned '%s'", rows[i].name, buf_cstr(&warnings));
		else
			assert_row_str(rows[i].name, buf_view(&warnings), "");
	}
}

static void
rules_refused(void **state)
{
	static const struct {
		const char *rule, *flavor, *message;
	} rows[] = {
		{"type=semvar", NULL, "tag rule 'type=semvar': attribute 'type': unknown type"},
		{"type=raw,valeu=x", NULL, "attribute 'valeu': unknown attribute"},
		{"type=raw", NULL, "attribute 'value': it is missing"},
		{"type=semver", NULL, "attribute 'pattern': it is missing"},
		{"type=pep440", NULL, "attribute 'pattern': it is missing"},
		{"type=match", NULL, "attribute 'pattern': it is missing"},
		{"type=ref", NULL, "attribute 'event': it must be 'branch', 'tag' or 'pr'"},
		{"type=ref,event=push", NULL, "attribute 'event'"},
		{"type=sha,format=tiny", NULL, "attribute 'format': it must be 'short' or 'long'"},
		{"type=match,pattern=x,group=a", NULL, "attribute 'group': not a number"},
		{"type=match,pattern=(x", NULL, "attribute 'pattern': a '(' has no ')'"},
		{"type=semver,pattern=x,value=1.2.3,match=[", NULL, "attribute 'match': a '['"},
		{"type=semver,pattern=x,value=1.2.3,match=.", NULL,
			"attribute 'match': it has no group"},
		{"type=sha,priority=high", NULL, "attribute 'priority': not a number"},
		{"type=sha,enable=yes", NULL, "attribute 'enable': it must give 'true' or 'false'"},
		{"type=sha,enable=", NULL, "attribute 'enable'"},
		{"type=raw,value={{nope}}", NULL,
			"attribute 'value': '{{nope}}': unknown expression"},
		{"type=raw,value={{version}}", NULL, "'{{version}}': unknown expression"},
		{"type=raw,value={{sha", NULL, "has a '{{' without '}}'"},
		{"type=raw,value={{sha 'x'}}", NULL, "'{{sha 'x'}}': it takes no arguments"},
		{"type=raw,value={{date}}", NULL, "'{{date}}': it needs a format"},
		{"type=raw,value={{date 'YYYY}}", NULL, "malformed"},
		{"type=raw,value={{date 'YYYY' zone='UTC'}}", NULL, "malformed"},
		{"type=raw,value={{date 'YYYY' tz='UTC' x}}", NULL, "does not belong there"},
		{"type=raw,value={{date 'YYYY' tz='Asia/Tokyo'}}", NULL,
			"only time zone supported is"},
		{"type=raw,value={{date 'gggg'}}", NULL, "'g' is not supported in a date format"},
		{"type=raw,value={{commit_date 'YYYY'}}", NULL,
			"the time of the commit is not known"},
		{"type=sha,prefix={{x}}", NULL, "attribute 'prefix': '{{x}}'"},
		{"type=sha", "latest=yes",
			"flavor 'latest=yes': latest must be auto, true or false"},
		{"type=sha", "onlatest=true", "flavor 'onlatest=true': onlatest must follow"},
		{"type=sha", "prefix=x,onlatest=1", "onlatest must be true or false"},
		{"type=sha", "x=y", "flavor 'x=y': it knows"},
		{"type=sha", "auto", "flavor 'auto': it knows"},
		{"type=raw,value=x", "suffix={{x}}", "flavor 'suffix': '{{x}}'"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_arena struct arena a = {0};
		struct strlist list = lines(&a, rows[i].rule), flavor = {0}, out = {0};
		struct tag_facts facts = runs[BRANCH];
		struct err err = {0};

		if (rows[i].flavor)
			flavor = lines(&a, rows[i].flavor);
		assert_row_int(
			rows[i].rule, tags_apply(&a, &list, &flavor, &facts, NULL, &out, &err), -1);
		assert_row_err(rows[i].rule, &err, ERR_CONFIG, rows[i].message);
	}
}

static void
too_many_rules(void **state)
{
	cleanup_arena struct arena a = {0};
	struct strlist list = {0}, out = {0};
	struct err err = {0};
	int i;

	(void)state;
	for (i = 0; i < 300; i++)
		strlist_add(&list, &a, "type=sha");
	assert_int_equal(tags_apply(&a, &list, NULL, &runs[BRANCH], NULL, &out, &err), -1);
	assert_err(&err, ERR_LIMIT, "more than 256 tag rules");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(convention),
		cmocka_unit_test(s_14_stages),
		cmocka_unit_test(rules),
		cmocka_unit_test(rules_refused),
		cmocka_unit_test(too_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
