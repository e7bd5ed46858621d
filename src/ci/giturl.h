/*
 * Addresses of git repositories, git-fetch(1) "GIT URLS": scheme://host/path and
 * the scp form user@host:path. Pure.
 */
#ifndef CI_GITURL_H
#define CI_GITURL_H

struct arena;

/*
 * The address fit for publishing: no password, for HTTP no user name, no query. NULL
 * for local paths and for what is no address: nobody else could use it.
 */
const char *giturl_public(struct arena *a, const char *url);
/* "group/project" of an address, without ".git"; NULL when there is no such part. */
const char *giturl_slug(struct arena *a, const char *url);
/* The part behind the last slash, slashes at the end ignored; NULL when that is empty. */
const char *giturl_last(struct arena *a, const char *path);

#endif
