#include "ci/files.h"

#include <fcntl.h>

#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/jval.h"
#include "base/limits.h"
#include "base/log.h"
#include "ci/properties.h"

struct jval *
files_event(const struct env *env, struct log *log)
{
	cleanup_buf struct buf text = {0};
	const char *path = env_get(env, "GITHUB_EVENT_PATH");
	struct jval *event = NULL;
	struct err err = {0};

	if (!path)
		return NULL;
	if (file_read(AT_FDCWD, path, LIMIT_EVENT_JSON, &text, &err) == 0)
		event = jval_parse(buf_view(&text), &err);
	if (!event)
		log_info(log, "the event file of GITHUB_EVENT_PATH is not used: %s", err.msg);
	return event;
}

static void
load(struct properties *out, struct arena *a, const char *path, struct log *log)
{
	cleanup_buf struct buf text = {0};
	struct err err = {0};

	if (file_read(AT_FDCWD, path, LIMIT_PROPERTIES, &text, &err))
		log_info(log, "TeamCity's parameters are not used: %s", err.msg);
	else
		properties_parse(out, a, buf_view(&text));
}

void
files_properties(struct properties *out, struct arena *a, const struct env *env, struct log *log)
{
	const char *path = env_get(env, "TEAMCITY_BUILD_PROPERTIES_FILE");

	if (!path)
		return;
	load(out, a, path, log);
	path = properties_get(out, "teamcity.configuration.properties.file");
	if (path && *path)
		load(out, a, path, log);
}
