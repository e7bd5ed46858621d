#include "cmd/flags.h"

#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/values.h"

#define COMMON(field) offsetof(struct common_options, field)
#define BUILD(field) offsetof(struct build_options, field)
#define PUSH(field) offsetof(struct push_options, field)
#define INFO(field) offsetof(struct info_options, field)
#define DOCTOR(field) offsetof(struct doctor_options, field)
#define SET(array) \
	{ \
		array, ARRAY_LEN(array) \
	}

#define HELP_FLAG \
	{ \
		.name = "help", .letter = 'h', .kind = FLAG_HELP, .offset = COMMON(help), \
		.help = "Show this text and exit." \
	}
#define VERSION_FLAG \
	{ \
		.name = "version", .kind = FLAG_EARLY, .offset = EARLY_VERSION, \
		.help = "Print the version and exit." \
	}
#define VERBOSE_FLAG \
	{ \
		.name = "verbose", .letter = 'v', .kind = FLAG_EARLY, .offset = EARLY_VERBOSE, \
		.help = "Say more about what is done and why." \
	}
#define CONFIG_FLAG \
	{ \
		.name = "config", .kind = FLAG_EARLY, .offset = EARLY_CONFIG, \
		.help = "Print the configuration, secrets masked, and exit." \
	}
#define FILE_FLAG \
	{ \
		.name = "file", .letter = 'f', .kind = FLAG_TEXT, .offset = COMMON(file), \
		.required = true, .def = "Dockerfile", .words = WORDS_FILE, \
		.help = "Path of the Dockerfile; - reads it from standard input." \
	}

static const struct flag plain_flags[] = {HELP_FLAG};
/* of build and push, whose --config is known; info shows it anyway */
static const struct flag common_flags[] = {
	HELP_FLAG, VERSION_FLAG, VERBOSE_FLAG, CONFIG_FLAG, FILE_FLAG};
static const struct flag check_flags[] = {HELP_FLAG, VERSION_FLAG, VERBOSE_FLAG, FILE_FLAG};

static const struct flag build_flags[] = {
	{.name = "build-arg",
		.kind = FLAG_LIST,
		.offset = BUILD(build_args),
		.check = check_build_arg,
		.help = "Build argument KEY=VALUE, or KEY for the value of the environment "
			"variable. Can be repeated."},
	{.name = "no-login",
		.alias = "skip-login",
		.kind = FLAG_BOOL,
		.offset = BUILD(no_login),
		.help = "Do not log in to the registry and offer no credentials."},
	{.name = "no-pull",
		.kind = FLAG_BOOL,
		.offset = BUILD(no_pull),
		.help = "Use base images that are already there without asking the registry."},
	{.name = "platform",
		.kind = FLAG_TEXT,
		.offset = BUILD(platform),
		.help = "Platforms to build for, separated by commas, such as "
			"linux/amd64,linux/arm64. More than one is pushed directly."},

	{.name = "target",
		.kind = FLAG_TEXT,
		.offset = BUILD(target),
		.help = "Build only this stage."},
	{.name = "tag",
		.letter = 't',
		.kind = FLAG_LIST,
		.offset = BUILD(tags),
		.help = "One more name for the image, as NAME or NAME:TAG."},
	{.name = "label",
		.kind = FLAG_LIST,
		.offset = BUILD(labels),
		.check = check_label,
		.help = "Label KEY=VALUE of the image."},
	{.name = "annotation",
		.kind = FLAG_LIST,
		.offset = BUILD(annotations),
		.check = check_annotation,
		.help = "Annotation [LEVEL:]KEY=VALUE of the image."},
	{.name = "secret",
		.kind = FLAG_LIST,
		.offset = BUILD(secrets),
		.help = "Secret for the build: id=NAME[,src=FILE|,env=VARIABLE]."},
	{.name = "ssh",
		.kind = FLAG_LIST,
		.offset = BUILD(ssh),
		.help = "SSH agent socket or keys for the build: default or ID[=SOCKET|KEY[,KEY]]."},
	{.name = "cache-from",
		.kind = FLAG_LIST,
		.offset = BUILD(cache_from),
		.help = "Where to look for cached layers: type=registry,ref=NAME or just NAME, "
			"type=local,src=FOLDER."},
	{.name = "cache-to",
		.kind = FLAG_LIST,
		.offset = BUILD(cache_to),
		.help = "Where to keep cached layers: type=registry,ref=NAME,mode=max, "
			"type=local,dest=FOLDER."},
	{.name = "no-cache",
		.kind = FLAG_BOOL,
		.offset = BUILD(no_cache),
		.help = "Run every step anew."},
	{.name = "no-cache-filter",
		.kind = FLAG_LIST,
		.offset = BUILD(no_cache_filter),
		.help = "Run every step of this stage anew."},
	{.name = "output",
		.letter = 'o',
		.kind = FLAG_LIST,
		.offset = BUILD(outputs),
		.words = WORDS_FILE,
		.help = "Where the result goes: type=TYPE[,KEY=VALUE] or a folder; TYPE is local, tar, "
			"oci, docker, image or registry."},
	{.name = "push",
		.kind = FLAG_BOOL,
		.offset = BUILD(push),
		.help = "Push the image to its registry while building."},
	{.name = "load",
		.kind = FLAG_BOOL,
		.offset = BUILD(load),
		.help = "Load the image into the Docker Engine, also out of a BuildKit daemon."},
	{.name = "build-context",
		.kind = FLAG_LIST,
		.offset = BUILD(build_contexts),
		.check = check_build_context,
		.help = "Further context NAME=FOLDER, or NAME=docker-image://REFERENCE, "
			"NAME=oci-layout://FOLDER[:TAG], NAME=URL."},
	{.name = "add-host",
		.kind = FLAG_LIST,
		.offset = BUILD(add_hosts),
		.check = check_add_host,
		.help = "Entry HOST:IP for /etc/hosts of the steps; IP may be host-gateway."},
	{.name = "network",
		.kind = FLAG_TEXT,
		.offset = BUILD(network),
		.check = check_network,
		.words = WORDS_FIXED,
		.fixed = "default none host",
		.help = "Network of the steps: default, none or host."},
	{.name = "shm-size",
		.kind = FLAG_SIZE,
		.offset = BUILD(shm_size),
		.help = "Size of /dev/shm in the steps, such as 64m."},
	{.name = "ulimit",
		.kind = FLAG_LIST,
		.offset = BUILD(ulimits),
		.check = check_ulimit,
		.help = "Limit NAME=SOFT[:HARD] for the steps."},
	{.name = "allow",
		.kind = FLAG_LIST,
		.offset = BUILD(allow),
		.words = WORDS_FIXED,
		.fixed = "network.host security.insecure device",
		.help = "Grant an entitlement: network.host, security.insecure, device."},
	{.name = "attest",
		.kind = FLAG_LIST,
		.offset = BUILD(attests),
		.check = check_attest,
		.help = "Attestation type=sbom|provenance[,KEY=VALUE]."},
	{.name = "provenance",
		.kind = FLAG_TEXT,
		.offset = BUILD(provenance),
		.check = check_attributes,
		.words = WORDS_FIXED,
		.fixed = "true false mode=min mode=max",
		.help = "Short for --attest type=provenance: true, false or mode=min|max."},
	{.name = "sbom",
		.kind = FLAG_TEXT,
		.offset = BUILD(sbom),
		.check = check_attributes,
		.words = WORDS_FIXED,
		.fixed = "true false",
		.help = "Short for --attest type=sbom: true, false or generator=IMAGE."},
	{.name = "progress",
		.kind = FLAG_TEXT,
		.offset = BUILD(progress),
		.def = "auto",
		.check = check_progress,
		.words = WORDS_FIXED,
		.fixed = "auto plain tty rawjson quiet",
		.help = "How progress is shown: auto, plain, tty, rawjson or quiet."},
	{.name = "metadata-file",
		.kind = FLAG_TEXT,
		.offset = BUILD(metadata_file),
		.words = WORDS_FILE,
		.help = "Write the result as JSON to this file."},
	{.name = "iidfile",
		.kind = FLAG_TEXT,
		.offset = BUILD(iidfile),
		.words = WORDS_FILE,
		.help = "Write the image id to this file."},
	{.name = "quiet",
		.letter = 'q',
		.kind = FLAG_BOOL,
		.offset = BUILD(quiet),
		.help = "Print nothing but the digest or image id."},

	{.name = "dry-run",
		.kind = FLAG_BOOL,
		.offset = BUILD(dry_run),
		.help = "Print what would be done as JSON, and do nothing."},
	{.name = "no-stages",
		.kind = FLAG_BOOL,
		.offset = BUILD(no_stages),
		.help = "Do not build and tag named stages for themselves."},
	{.name = "builder",
		.kind = FLAG_TEXT,
		.offset = BUILD(builder),
		.help = "Address of the BuildKit to use instead of BUILDKIT_HOST."},
	{.name = "retry-for",
		.kind = FLAG_DURATION,
		.offset = BUILD(retry_for),
		.def = "5m",
		.help = "How long to go on after lost connections and busy registries; 0 is off."},
	{.name = "env-file",
		.kind = FLAG_TEXT,
		.offset = BUILD(env_file),
		.words = WORDS_FILE,
		.help = "Write IMAGE, DIGEST, IMAGE_DIGEST and TAGS to this file."},
	{.name = "context-report",
		.kind = FLAG_BOOL,
		.offset = BUILD(context_report),
		.help = "Show what of the context is sent and what is ignored by which pattern."},
};

static const struct flag push_flags[] = {
	{.name = "from",
		.kind = FLAG_TEXT,
		.offset = PUSH(from),
		.required = true,
		.words = WORDS_FILE,
		.help = "Publish the image in this OCI layout, a folder or a tar archive as 'build -o "
			"type=oci,dest=FILE' writes it; PATH:NAME of several. No Docker Engine is "
			"needed."},
	{.name = "no-login",
		.alias = "skip-login",
		.kind = FLAG_BOOL,
		.offset = PUSH(no_login),
		.help = "Push without logging in and without credentials."},
	{.name = "no-stages",
		.kind = FLAG_BOOL,
		.offset = PUSH(no_stages),
		.help = "Do not push the tags of named stages."},
	{.name = "metadata-file",
		.kind = FLAG_TEXT,
		.offset = PUSH(metadata_file),
		.words = WORDS_FILE,
		.help = "Write the result as JSON to this file."},
	{.name = "quiet",
		.letter = 'q',
		.kind = FLAG_BOOL,
		.offset = PUSH(quiet),
		.help = "Print nothing but the digest."},
	{.name = "retry-for",
		.kind = FLAG_DURATION,
		.offset = PUSH(retry_for),
		.def = "5m",
		.help = "How long to go on after lost connections and busy registries; 0 is off."},
	{.name = "env-file",
		.kind = FLAG_TEXT,
		.offset = PUSH(env_file),
		.words = WORDS_FILE,
		.help = "Write IMAGE, DIGEST, IMAGE_DIGEST and TAGS to this file."},
};

static const struct flag info_flags[] = {
	{.name = "platform", .kind = FLAG_TEXT, .offset = INFO(platform), .help = "As for build."},
	{.name = "builder",
		.kind = FLAG_TEXT,
		.offset = INFO(builder),
		.help = "Address of the BuildKit to use instead of BUILDKIT_HOST."},
	{.name = "json", .kind = FLAG_BOOL, .offset = INFO(json), .help = "Print one JSON object."},
};

static const struct flag doctor_flags[] = {
	{.name = "builder",
		.kind = FLAG_TEXT,
		.offset = DOCTOR(builder),
		.help = "Address of the BuildKit to use instead of BUILDKIT_HOST."},
};

const struct tool tool_build = {
	.name = "build",
	.command = "build",
	.usage = EXIT_BUILD,
	.failed = EXIT_BUILD,
	.args = "[PATH]",
	.max_args = 1,
	.summary =
		"Builds the image of PATH (default .) with the names and tags that CI data give it. "
		"PATH - is an archive or a Dockerfile on standard input.",
	.sets = {SET(common_flags), SET(build_flags)},
};

const struct tool tool_push = {
	.name = "push",
	.command = "push",
	.usage = EXIT_BUILD,
	.failed = EXIT_BUILD,
	.args = "[PATH]",
	.max_args = 1,
	.summary =
		"Pushes what build has loaded into the Docker Engine, or what lies in a file (--from); "
		"nothing is left to do after a build that has pushed.",
	.sets = {SET(common_flags), SET(push_flags)},
};

const struct tool tool_info = {
	.name = "info",
	.command = "buildtools info",
	.usage = EXIT_VERB_USAGE,
	.failed = EXIT_CHECK_FAILED,
	.args = "[PATH]",
	.max_args = 1,
	.summary =
		"Shows CI data, image name, tags, registry and backend, and where each comes from.",
	.sets = {SET(check_flags), SET(info_flags)},
};

const struct tool tool_doctor = {
	.name = "doctor",
	.command = "buildtools doctor",
	.usage = EXIT_VERB_USAGE,
	.failed = EXIT_CHECK_FAILED,
	.args = "[PATH]",
	.max_args = 1,
	.summary = "Checks commit, Dockerfile, context, Engine or BuildKit, registry login and CA "
		   "certificates, and says what to do.",
	.sets = {SET(check_flags), SET(doctor_flags)},
};

const struct tool tool_version = {
	.name = "version",
	.command = "buildtools version",
	.usage = EXIT_VERB_USAGE,
	.failed = EXIT_CHECK_FAILED,
	.args = "",
	.summary = "Prints the version.",
	.sets = {SET(plain_flags)},
};

const struct tool tool_help = {
	.name = "help",
	.command = "buildtools help",
	.usage = EXIT_VERB_USAGE,
	.failed = EXIT_CHECK_FAILED,
	.args = "[COMMAND]",
	.max_args = 1,
	.summary = "Shows all commands, or the flags of one.",
	.sets = {SET(plain_flags)},
};

const struct tool tool_completion = {
	.name = "completion",
	.command = "buildtools completion",
	.usage = EXIT_VERB_USAGE,
	.failed = EXIT_CHECK_FAILED,
	.args = "bash|zsh|fish",
	.max_args = 1,
	.summary = "Prints a script that makes the shell complete our commands and flags.",
	.sets = {SET(plain_flags)},
};

const struct tool *const tools[TOOLS] = {&tool_build, &tool_push, &tool_info, &tool_doctor,
	&tool_version, &tool_help, &tool_completion};

const struct tool *
tool_find(const char *name)
{
	size_t i;

	for (i = 0; i < TOOLS; i++)
		if (strcmp(tools[i]->name, name) == 0)
			return tools[i];
	return NULL;
}

const struct flag *
tool_flag(const struct tool *t, size_t i)
{
	size_t set;

	for (set = 0; set < TOOL_SETS; set++) {
		if (i < t->sets[set].n)
			return &t->sets[set].flags[i];
		i -= t->sets[set].n;
	}
	return NULL;
}
