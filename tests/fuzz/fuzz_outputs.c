/* The exporter's answer on its way into files, variables and logs. First line: key; rest: value. */
#include <stdlib.h>

#include "base/err.h"
#include "base/jval.h"
#include "base/mem.h"
#include "cmd/outputs.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum progress_ci dialects[] = {PROGRESS_CI_NONE, PROGRESS_CI_GITHUB,
		PROGRESS_CI_AZURE, PROGRESS_CI_TEAMCITY, PROGRESS_CI_BUILDKITE};
	struct str rest = str_n((const char *)data, size), head = {0};
	cleanup_free char *key = NULL, *value = NULL;
	cleanup_buf struct buf out = {0};
	cleanup_jval struct jval *parsed = NULL;
	struct result_field field;
	struct run_result r = {.image = "r/x", .fields = &field, .n_fields = 1};
	const char *tags[1];
	size_t i;

	if (!str_cut(&rest, '\n', &head))
		head = rest;
	key = xstrndup(head.len ? head.s : "", head.len);
	value = xstrndup(rest.len ? rest.s : "", rest.len);
	field = (struct result_field){key, value};
	tags[0] = value;
	r.tags = tags;
	r.n_tags = 1;
	r.digest = value;
	format_metadata(&out, &r, 0);
	parsed = jval_parse(buf_view(&out), NULL);
	/* what we write can be read, and is one line */
	if (!parsed || str_find(buf_view(&out), '\n') >= 0)
		abort();
	buf_reset(&out);
	if (format_dotenv(&out, &r, NULL) == 0)
		for (i = 0, rest = buf_view(&out); str_line(&rest, &head); i++)
			if (i >= 4)
				abort();
	for (i = 0; i < ARRAY_LEN(dialects); i++) {
		buf_reset(&out);
		format_variables(&out, dialects[i], &r);
		progress_clean(&out, str_from(value), dialects[i], false);
	}
	buf_reset(&out);
	(void)format_github(&out, key, value, "0123456789abcdef", NULL);
	format_summary(&out, &r);
	format_lines(&out, &r, false);
	return 0;
}
