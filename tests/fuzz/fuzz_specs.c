/* Values of flags with fields of their own: outputs, caches, image layouts, annotations,
 * attestations; and ignore files.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/attests.h"
#include "cmd/caches.h"
#include "cmd/contexts.h"
#include "cmd/csv.h"
#include "cmd/targets.h"
#include "dockerfile/ignore.h"

/* What is written as a record is read as the same fields. */
static void
check_record(struct arena *a, const char *text)
{
	struct strlist fields = {0}, again = {0};
	cleanup_buf struct buf record = {0};
	size_t i;

	if (csv_split(a, text, &fields, NULL) || *fields.items[0] == '\0')
		return;
	for (i = 0; i < fields.n; i++)
		csv_add(&record, fields.items[i]);
	if (csv_split(a, buf_cstr(&record), &again, NULL) || again.n != fields.n)
		abort();
	for (i = 0; i < fields.n; i++)
		if (strcmp(fields.items[i], again.items[i]) != 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = xstrndup(size ? (const char *)data : "", size);
	cleanup_arena struct arena a = {0};
	struct target_list targets = {0};
	struct context_list contexts = {0};
	struct cache_list caches = {0};
	struct kvlist attrs = {0};
	struct strlist patterns = {0}, same = {0};
	struct err err = {0};
	size_t i;

	check_record(&a, text);
	if (target_add_flag(&targets, &a, text, &err) && err.kind != ERR_USAGE)
		abort();
	if (targets.n && targets.items[0].form == TARGET_LAYOUT && !targets.items[0].dest)
		abort();
	if (cache_add_flag(&caches, &a, text, "cache-to", NULL) == 0 &&
		!strcmp(caches.items[0].type, "local") && !kv_get(&caches.items[0].attrs, "dest"))
		abort();
	/* the folder is looked for */
	if (context_add_flag(&contexts, &a, arena_fmt(&a, "x=oci-layout://%s", text), NULL) == 0 &&
		!str_starts(str_from(contexts.items[0].store), STR("oci:")))
		abort();
	if (targets.n && targets.items[0].form == TARGET_FILE && !targets.items[0].dest)
		abort();
	(void)annotation_add(&a, text, &attrs, NULL);
	(void)attest_add(&a, text, &attrs, NULL);
	(void)attest_add_short(&a, "provenance", text, &attrs, NULL);
	ignore_parse(&a, str_from(text), &patterns);
	for (i = 0; i < patterns.n; i++) {
		if (!*patterns.items[i])
			abort();
		/* a clean pattern stays as it is; one that starts with # would be a comment */
		if (*patterns.items[i] == '#')
			continue;
		same.n = 0;
		ignore_parse(&a, str_from(patterns.items[i]), &same);
		if (same.n > 1)
			abort();
	}
	return 0;
}
