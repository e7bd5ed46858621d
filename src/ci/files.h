/*
 * The files that a provider's environment names. A file that is missing, too large
 * or broken is worth a word in the log, never an error: what it would have told is
 * unknown then. Private to this room.
 */
#ifndef CI_FILES_H
#define CI_FILES_H

struct arena;
struct env;
struct jval;
struct log;
struct properties;

/* GITHUB_EVENT_PATH, or NULL; freed with jval_free. */
struct jval *files_event(const struct env *env, struct log *log);
/*
 * TEAMCITY_BUILD_PROPERTIES_FILE and the configuration parameters that its key
 * teamcity.configuration.properties.file points to. Text lives in the arena.
 */
void files_properties(
	struct properties *out, struct arena *a, const struct env *env, struct log *log);

#endif
