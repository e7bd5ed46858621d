/* Status messages and failure details: what is decoded stays within the input or the arena. */
#include <stdint.h>

#include "base/arena.h"
#include "buildkit/status.h"

static size_t total;

static void
look(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		total += (unsigned char)s.s[i];
}

static void
look_at_source(const struct bk_source *s)
{
	size_t i;

	look(s->filename);
	look(s->data);
	for (i = 0; i < s->nranges; i++)
		total += (size_t)s->ranges[i].start_line + (size_t)s->ranges[i].end_char;
}

static void
look_at_update(const struct bk_update *u)
{
	size_t i, k;

	for (i = 0; i < u->nvertexes; i++) {
		look(u->vertexes[i].digest);
		look(u->vertexes[i].name);
		look(u->vertexes[i].error);
		look(u->vertexes[i].group_id);
		for (k = 0; k < u->vertexes[i].ninputs; k++)
			look(u->vertexes[i].inputs[k]);
	}
	for (i = 0; i < u->nstatuses; i++)
		look(u->statuses[i].name);
	for (i = 0; i < u->nlogs; i++)
		look(u->logs[i].data);
	for (i = 0; i < u->nwarnings; i++) {
		look(u->warnings[i].text);
		look_at_source(&u->warnings[i].source);
		for (k = 0; k < u->warnings[i].ndetails; k++)
			look(u->warnings[i].details[k]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_n((const char *)data, size);
	cleanup_arena struct arena a = {0};
	struct bk_update u;
	struct bk_failure f;
	size_t i;

	if (bk_status_decode(&a, in, &u, NULL) == 0)
		look_at_update(&u);
	bk_failure_decode(&a, in, &f);
	look(str_from(f.vertex));
	for (i = 0; i < f.nsources; i++)
		look_at_source(&f.sources[i]);
	return 0;
}
