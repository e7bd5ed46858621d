/*
 * The providers' words for "why does this run", brought to one set. Pure, private
 * to this room.
 */
#ifndef CI_EVENT_H
#define CI_EVENT_H

#include <stdbool.h>

/* One of the words that ci/ci.h lists, or the word itself; NULL stays NULL. */
const char *event_word(const char *raw);
/* Whether a word out of event_word() proves a pull request run. */
bool event_is_pull(const char *word);

#endif
