/* image/: references, digests, platforms, tags, names. */
#include "test.h"

#include "base/arena.h"
#include "image/digest.h"
#include "image/name.h"
#include "image/platform.h"
#include "image/ref.h"
#include "image/tag.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define SHA "sha256:" HEX32 HEX32
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void
references(void **state)
{
	static const struct {
		const char *in, *domain, *path, *tag, *digest, *familiar, *api;
	} rows[] = {
		{"alpine", "docker.io", "library/alpine", NULL, NULL, "alpine",
			"registry-1.docker.io"},
		{"user/app:1", "docker.io", "user/app", "1", NULL, "user/app:1",
			"registry-1.docker.io"},
		{"localhost/app", "localhost", "app", NULL, NULL, "localhost/app", "localhost"},
		{"host:5000/app", "host:5000", "app", NULL, NULL, "host:5000/app", "host:5000"},
		{"app:5000", "docker.io", "library/app", "5000", NULL, "app:5000",
			"registry-1.docker.io"},
		{"Host/app", "Host", "app", NULL, NULL, "Host/app", "Host"},
		{"[::1]:5000/a@" SHA, "[::1]:5000", "a", NULL, SHA, "[::1]:5000/a@" SHA,
			"[::1]:5000"},
		{"[fe80::1]/a", "[fe80::1]", "a", NULL, NULL, "[fe80::1]/a", "[fe80::1]"},
		{"index.docker.io/alpine", "docker.io", "library/alpine", NULL, NULL, "alpine",
			"registry-1.docker.io"},
		{"docker.io/user/app", "docker.io", "user/app", NULL, NULL, "user/app",
			"registry-1.docker.io"},
		{"docker.io/library/a/b", "docker.io", "library/a/b", NULL, NULL, "library/a/b",
			"registry-1.docker.io"},
		{"ghcr.io/a/b/c:v1.2_3-x@" SHA, "ghcr.io", "a/b/c", "v1.2_3-x", SHA,
			"ghcr.io/a/b/c:v1.2_3-x@" SHA, "ghcr.io"},
		{"a--b/c__d.e_f-g", "docker.io", "a--b/c__d.e_f-g", NULL, NULL, "a--b/c__d.e_f-g",
			"registry-1.docker.io"},
		{"noregistry/app:main", "docker.io", "noregistry/app", "main", NULL,
			"noregistry/app:main", "registry-1.docker.io"},
		{"1234.dkr.ecr.eu-west-1.amazonaws.com/x:_y",
			"1234.dkr.ecr.eu-west-1.amazonaws.com", "x", "_y", NULL,
			"1234.dkr.ecr.eu-west-1.amazonaws.com/x:_y",
			"1234.dkr.ecr.eu-west-1.amazonaws.com"},
		{HEX32 "/" HEX32, "docker.io", HEX32 "/" HEX32, NULL, NULL, HEX32 "/" HEX32,
			"registry-1.docker.io"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct ref ref, again;
		struct err err = {0};
		char *full;

		assert_row_ok(rows[i].in, ref_parse(&a, str_n(in, len), &ref, &err), &err);
		test_guard_free(in, len);
		assert_row_str(rows[i].in, str_from(ref.domain), rows[i].domain);
		assert_row_str(rows[i].in, str_from(ref.path), rows[i].path);
		assert_row_str(rows[i].in, str_from(ref.tag), rows[i].tag);
		assert_row_str(rows[i].in, str_from(ref.digest), rows[i].digest);
		assert_row_str(rows[i].in, str_from(ref_familiar(&a, &ref)), rows[i].familiar);
		assert_row_str(rows[i].in, str_from(ref_api_host(&ref)), rows[i].api);
		full = ref_format(&a, &ref);
		assert_row_ok(full, ref_parse(&a, str_from(full), &again, &err), &err);
		assert_row_str(full, str_from(ref_format(&a, &again)), full);
	}
}

static void
references_refused(void **state)
{
	static const struct {
		const char *in, *message;
	} rows[] = {
		{"", "empty image reference"},
		{HEX32 HEX32, "64 hexadecimal digits are an image id"},
		{"Alpine", "repository name must be lowercase: 'library/Alpine'"},
		{"reg.io/Team/App:x", "repository name must be lowercase: 'Team/App'"},
		{"reg.io/app:", "malformed tag ''"},
		{"reg.io/app:-x", "malformed tag '-x'"},
		{"reg.io/app:a b", "malformed tag 'a b'"},
		{"reg.io/app:" HUNDRED TEN TEN "012345678", "malformed tag '0123"},
		{"reg.io/app@sha256:12", "malformed digest 'sha256:12'"},
		{"reg.io/app@", "malformed digest ''"},
		{"reg.io/", "no repository name"},
		{"reg.io/a//b", "malformed part of the repository name ''"},
		{"reg.io/a..b", "malformed part of the repository name 'a..b'"},
		{"reg.io/a___b", "malformed part of the repository name 'a___b'"},
		{"reg.io/-a", "malformed part of the repository name '-a'"},
		{"reg.io/a-", "malformed part of the repository name 'a-'"},
		{"reg.io/my app", "malformed part of the repository name 'my app'"},
		{"/a", "malformed part of the repository name ''"},
		{"-reg.io/a", "malformed registry host '-reg.io'"},
		{"reg..io/a", "malformed registry host 'reg..io'"},
		{"reg.io:x/a", "malformed registry host 'reg.io:x'"},
		{"reg.io:/a", "malformed registry host 'reg.io:'"},
		{"[::1/a", "malformed registry host '[::1'"},
		{"[::1]x/a.", "malformed registry host '[::1]x'"},
		{"https://reg.io/a", "malformed registry host 'https:'"},
		{"reg.io/" HUNDRED HUNDRED TEN TEN TEN TEN TEN "012345",
			"repository name is longer than 255 characters"},
		/* library/ counts */
		{HUNDRED HUNDRED TEN TEN TEN TEN TEN "012345", "longer than 255 characters"},
		{"a\xc3\xa9", "malformed part of the repository name"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct ref ref;
		struct err err = {0};

		assert_row_int(rows[i].in, ref_parse(&a, str_n(in, len), &ref, &err), -1);
		assert_row_err(rows[i].in, &err, ERR_CONFIG, rows[i].message);
		test_guard_free(in, len);
	}
}

static void
reference_targets(void **state)
{
	cleanup_arena struct arena a = {0};
	struct ref ref;

	(void)state;
	assert_ok(ref_parse(&a, STR("a"), &ref, NULL), NULL);
	assert_str(str_from(ref_target(&ref)), "latest");
	assert_str(str_from(ref_format(&a, &ref)), "docker.io/library/a");
	ref_or_latest(&ref);
	assert_str(str_from(ref_format(&a, &ref)), "docker.io/library/a:latest");
	assert_ok(ref_parse(&a, STR("a:1@" SHA), &ref, NULL), NULL);
	ref_or_latest(&ref);
	assert_str(str_from(ref_target(&ref)), SHA);
	assert_str(str_from(ref_name(&a, &ref)), "docker.io/library/a");
	assert_ok(ref_parse(&a, STR("a:1"), &ref, NULL), NULL);
	assert_str(str_from(ref_target(&ref)), "1");
}

static void
digests(void **state)
{
	static const struct {
		const char *in, *problem;
	} rows[] = {
		{SHA, NULL},
		{"sha384:" HEX32 HEX32 HEX32, NULL},
		{"sha512:" HEX32 HEX32 HEX32 HEX32, NULL},
		{"tree+x-y.z_b3:" HEX32, NULL},
		{"md6:ABCDEF0123456789ABCDEF0123456789", NULL},
		{"", "no 'algorithm:'"},
		{HEX32 HEX32, "no 'algorithm:'"},
		{":" HEX32, "algorithm is malformed"},
		{"1a:" HEX32, "algorithm is malformed"},
		{"a+:" HEX32, "algorithm is malformed"},
		{"a+1:" HEX32, "algorithm is malformed"},
		{"a b:" HEX32, "algorithm is malformed"},
		{"sha256:", "wrong number of digits"},
		{"sha256:" HEX32 HEX32 "0", "wrong number of digits"},
		{"sha256:" HEX32 "ABCDEF0123456789ABCDEF0123456789", "other characters"},
		{"sha256:" HEX32 "0123456789abcdef0123456789abcdeg", "other characters"},
		{"sha1:0123", "too few digits"},
		{"sha1:" HEX32 "x", "other characters"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		struct err err = {0};

		assert_row_int(rows[i].in, digest_is_valid(str_n(in, len)), !rows[i].problem);
		if (rows[i].problem) {
			assert_row_int(rows[i].in, digest_check(str_n(in, len), &err), -1);
			assert_row_err(rows[i].in, &err, ERR_PROTO, rows[i].problem);
		} else {
			assert_row_ok(rows[i].in, digest_check(str_n(in, len), &err), &err);
		}
		test_guard_free(in, len);
	}
	assert_str(digest_algorithm(STR(SHA)), "sha256");
	assert_str(digest_hex(STR(SHA)), HEX32 HEX32);
	assert_str(digest_hex(STR("none")), NULL);
}

/* K-07, F-6, F-25: blanks are allowed, aliases meet, doubles go, bad ones are named */
static void
k_07_platforms(void **state)
{
	static const struct {
		const char *in, *want, *folder;
	} rows[] = {
		{"", "", NULL},
		{"  ", "", NULL},
		{"linux/amd64", "linux/amd64", "linux_amd64"},
		{"amd64", "linux/amd64", "linux_amd64"},
		{"x86_64", "linux/amd64", "linux_amd64"},
		{"linux/x86-64", "linux/amd64", "linux_amd64"},
		{"linux/amd64/v1", "linux/amd64", "linux_amd64"},
		{"linux/amd64/v3", "linux/amd64/v3", "linux_amd64_v3"},
		{"Linux/X86_64/V2", "linux/amd64/v2", "linux_amd64_v2"},
		{"aarch64", "linux/arm64", "linux_arm64"},
		{"linux/arm64/v8", "linux/arm64", "linux_arm64"},
		{"linux/aarch64/9", "linux/arm64/v9", "linux_arm64_v9"},
		{"linux/arm64/v8.1", "linux/arm64/v8.1", "linux_arm64_v8.1"},
		{"armhf", "linux/arm/v7", "linux_arm_v7"},
		{"linux/armel", "linux/arm/v6", "linux_arm_v6"},
		{"linux/arm", "linux/arm/v7", "linux_arm_v7"},
		{"arm", "linux/arm/v7", "linux_arm_v7"},
		{"linux/arm/6", "linux/arm/v6", "linux_arm_v6"},
		{"i386", "linux/386", "linux_386"},
		{"riscv64", "linux/riscv64", "linux_riscv64"},
		{"macOS/arm64", "darwin/arm64", "darwin_arm64"},
		{"windows(10.0.17763+win32k)/amd64", "windows(10.0.17763+win32k)/amd64",
			"windows(10.0.17763+win32k)_amd64"},
		{"windows()/amd64", "windows/amd64", "windows_amd64"},
		{"linux/amd64, linux/arm64", "linux/amd64,linux/arm64", "linux_amd64"},
		{" linux/arm64 ,\tamd64 ", "linux/arm64,linux/amd64", "linux_arm64"},
		{"linux/amd64,amd64,linux/x86_64,linux/amd64/v1", "linux/amd64", "linux_amd64"},
		{"wasip1/wasm", "wasip1/wasm", "wasip1_wasm"},
	};
	static const struct {
		const char *in, *message;
	} wrong[] = {
		{"linux/amd64,", "--platform: empty element in 'linux/amd64,'"},
		{",linux/amd64", "--platform: empty element in ',linux/amd64'"},
		{"linux/amd64, ,arm64", "--platform: empty element"},
		{"nonsense", "invalid platform 'nonsense': unknown operating system or arch"},
		{"linux/amd64, lin ux/arm64", "invalid platform 'lin ux/arm64'"},
		{"linux/", "invalid platform 'linux/': a part of it is empty"},
		{"/amd64", "invalid platform '/amd64': a part of it is empty"},
		{"linux/arm/v7/x", "it has more than three parts"},
		{"linux/*", "invalid platform 'linux/*'"},
		{"linux;amd64", "may not be there"},
		{"windows(1/amd64", "may not be there"},
		{"windows(1)x/amd64", "may not be there"},
		{HUNDRED HUNDRED HUNDRED, "it is too long"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct platform_list l = {0};
		struct err err = {0};

		assert_row_ok(rows[i].in,
			platform_list_parse(&a, str_n(in, len), "--platform", &l, &err), &err);
		assert_row_str(rows[i].in, str_from(platform_list_format(&a, &l)), rows[i].want);
		if (rows[i].folder)
			assert_row_str(rows[i].in, str_from(platform_folder(&a, &l.items[0])),
				rows[i].folder);
		test_guard_free(in, len);
	}
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		size_t len = strlen(wrong[i].in);
		char *in = test_guard_alloc(wrong[i].in, len);
		cleanup_arena struct arena a = {0};
		struct platform_list l = {0};
		struct err err = {0};

		assert_row_int(wrong[i].in,
			platform_list_parse(&a, str_n(in, len), "--platform", &l, &err), -1);
		assert_row_err(wrong[i].in, &err, ERR_USAGE, wrong[i].message);
		assert_row_err(wrong[i].in, &err, ERR_USAGE, "--platform");
		assert_that(err.hint[0], "row '%s': no hint", wrong[i].in);
		test_guard_free(in, len);
	}
}

static void
platform_system_alone(void **state)
{
	cleanup_arena struct arena a = {0};
	struct platform p;

	(void)state;
	assert_ok(platform_parse(&a, STR("linux"), "--platform", &p, NULL), NULL);
	assert_str(str_from(p.os), "linux");
	assert_that(p.arch && p.arch[0], "no architecture");
}

static void
platforms_too_many(void **state)
{
	char text[1024] = "";
	cleanup_arena struct arena a = {0};
	struct platform_list l = {0};
	struct err err = {0};
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i <= PLATFORMS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%slinux/a%d", i ? "," : "", i);
	assert_int_equal(platform_list_parse(&a, str_from(text), "--platform", &l, &err), -1);
	assert_err(&err, ERR_USAGE, "more than 64 platforms");
}

static void
i_16_branch_to_tag(void **state)
{
	static const struct {
		const char *branch, *normal, *tag;
	} rows[] = {
		{"feature/Foo bar#1", "feature_Foo_bar#1", "feature_Foo_bar1"},
		{".hidden", ".hidden", "hidden"},
		{"###", "###", ""},
		{"refs/pull/1/merge", "refs_pull_1_merge", "refs_pull_1_merge"},
		{"v1", "v1", "v1"},
		{"a\tb", "a\tb", "ab"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "gr"},
		{"", "", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].branch);
		char *in = test_guard_alloc(rows[i].branch, len);
		cleanup_arena struct arena a = {0};
		char *normal = tag_branch(&a, str_n(in, len));
		bool changed;

		assert_row_str(rows[i].branch, str_from(normal), rows[i].normal);
		assert_row_str(rows[i].branch, str_from(tag_slug(&a, str_from(normal), &changed)),
			rows[i].tag);
		assert_row_int(rows[i].branch, changed, strcmp(rows[i].normal, rows[i].tag) != 0);
		test_guard_free(in, len);
	}
}

static void
i_17_leading_characters_and_length(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"-a", "a"},
		{".-.-a.-", "a.-"},
		{"#-.a", "a"},
		{"_a", "_a"},
		{"...", ""},
		{HUNDRED TEN TEN "01234567", HUNDRED TEN TEN "01234567"},
		{HUNDRED TEN TEN "012345678", HUNDRED TEN TEN "01234567"},
		{"." HUNDRED TEN TEN "01234567", HUNDRED TEN TEN "01234567"},
		{HUNDRED "#" TEN TEN "012345678", HUNDRED TEN TEN "01234567"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		bool changed;

		assert_row_str(
			rows[i].in, str_from(tag_slug(&a, str_n(in, len), &changed)), rows[i].want);
		assert_row_int(rows[i].in, changed, strcmp(rows[i].in, rows[i].want) != 0);
		test_guard_free(in, len);
	}
}

/* I-08, I-09, F-8 */
static void
i_08_i_09_names(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"app", "app"},
		{"MyApp", "myapp"},
		{"Group/My App!", "group/my-app"},
		{"My  #Project", "my-project"},
		{"a.b_c__d--e", "a.b_c__d--e"},
		{"a..b___c._d", "a-b-c-d"},
		{".net", "net"},
		{"c++", "c"},
		{"//a//b/", "a/b"},
		{"a/++/b", "a/b"},
		{"gr\xc3\xbc\xc3\x9f"
		 "e",
			"gr-e"},
		{"Caf\xc3\xa9 2", "caf-2"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct err err = {0};
		bool changed;
		char *got = name_path(&a, str_n(in, len), &changed, &err);

		assert_that(got, "row '%s': %s", rows[i].in, err.msg);
		assert_row_str(rows[i].in, str_from(got), rows[i].want);
		assert_row_int(rows[i].in, changed, strcmp(rows[i].in, rows[i].want) != 0);
		assert_that(ref_path_is_valid(str_from(got)), "row '%s'", rows[i].in);
		test_guard_free(in, len);
	}
}

static void
names_refused(void **state)
{
	cleanup_arena struct arena a = {0};
	struct err err = {0};

	(void)state;
	assert_null(name_path(&a, STR(""), NULL, &err));
	assert_err(&err, ERR_CONFIG, "no image name can be made of ''");
	assert_null(name_path(&a, STR("/ + /"), NULL, &err));
	assert_err(&err, ERR_CONFIG, "no image name can be made of '/ + /'");
	assert_null(name_path(&a, STR(HUNDRED HUNDRED HUNDRED), NULL, &err));
	assert_err(&err, ERR_CONFIG, "longer than 255 characters");
}

static void
f_8_repositories(void **state)
{
	static const struct {
		const char *in, *want;
		bool changed;
	} rows[] = {
		{"ghcr.io/MyOrg/App", "ghcr.io/myorg/app", true},
		{"MyOrg/App", "myorg/app", true},
		{"Registry.example.com:5000/a", "Registry.example.com:5000/a", false},
		{"localhost/A b", "localhost/a-b", true},
		{"[::1]:5000/x/y", "[::1]:5000/x/y", false},
		{"noregistry/app", "noregistry/app", false},
	};
	cleanup_arena struct arena a = {0};
	struct err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		bool changed;
		char *got = name_repository(&a, str_from(rows[i].in), &changed, &err);

		assert_that(got, "row '%s': %s", rows[i].in, err.msg);
		assert_row_str(rows[i].in, str_from(got), rows[i].want);
		assert_row_int(rows[i].in, changed, rows[i].changed);
	}
	assert_null(name_repository(&a, STR("bad_host.io/a"), NULL, &err));
	assert_err(&err, ERR_CONFIG, "malformed registry host 'bad_host.io'");
	assert_null(name_repository(&a, STR("host.io/"), NULL, &err));
	assert_err(&err, ERR_CONFIG, "no image name");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
		cmocka_unit_test(references_refused),
		cmocka_unit_test(reference_targets),
		cmocka_unit_test(digests),
		cmocka_unit_test(k_07_platforms),
		cmocka_unit_test(platform_system_alone),
		cmocka_unit_test(platforms_too_many),
		cmocka_unit_test(i_16_branch_to_tag),
		cmocka_unit_test(i_17_leading_characters_and_length),
		cmocka_unit_test(i_08_i_09_names),
		cmocka_unit_test(names_refused),
		cmocka_unit_test(f_8_repositories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
