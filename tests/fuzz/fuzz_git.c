/* Files of a git repository, and what CI systems put where a ref or an address is expected. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "ci/gitconfig.h"
#include "ci/gitrefs.h"
#include "ci/giturl.h"
#include "ci/refname.h"

/* What is published is an address again, and the same one. */
static void
address(struct arena *a, const char *url)
{
	const char *shown = giturl_public(a, url), *again;

	giturl_slug(a, url);
	giturl_last(a, url);
	if (!shown)
		return;
	again = giturl_public(a, shown);
	if (!again || strcmp(shown, again) != 0)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size);
	cleanup_arena struct arena a = {0};
	struct gitref ref;
	struct refname name;
	const char *commit, *whole;

	address(&a, gitconfig_get(&a, text, "remote", "origin", "url"));
	gitconfig_get(&a, text, "extensions", NULL, "refstorage");
	if (gitref_parse(&a, text, &ref) == 0) {
		if (!ref.commit == !ref.target)
			__builtin_trap();
		if (ref.target && strstr(ref.target, "/../"))
			__builtin_trap();
	}
	commit = gitref_packed(&a, text, "refs/heads/main");
	if (commit && strlen(commit) != 40 && strlen(commit) != 64)
		__builtin_trap();
	whole = arena_str(&a, text);
	address(&a, whole);
	refname_number(&a, whole);
	name = refname_parse(&a, whole);
	if (name.kind == REFNAME_BRANCH && strncmp(name.name, "gh-readonly-queue/", 18) != 0 &&
		refname_parse(&a, name.name).kind == REFNAME_NONE &&
		strcmp(name.name, "HEAD") != 0 && strncmp(name.name, "refs/", 5) != 0)
		__builtin_trap();
	return 0;
}
