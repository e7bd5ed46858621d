#include "cmd/agents.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "buildkit/sshagent.h"
#include "buildkit/sshkey.h"

enum { SOCKET_NAME_MAX = 107 };

static void
release(struct bk_agent *agent)
{
	/* the session only reads what we filled */
	struct sshkey *keys = (struct sshkey *)(uintptr_t)agent->keys;
	size_t i;

	for (i = 0; i < agent->nkeys; i++)
		sshkey_release(&keys[i]);
	agent->nkeys = 0;
}

static void
put(struct agent_list *l, struct arena *a, const struct bk_agent *agent)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (!strcmp(l->items[i].id, agent->id)) {
			release(&l->items[i]);
			l->items[i] = *agent;
			return;
		}
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct bk_agent *items = arena_new(a, struct bk_agent, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof(*items));
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n++] = *agent;
}

void
agents_release(struct agent_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		release(&l->items[i]);
	*l = (struct agent_list){0};
}

/* ---- sockets -------------------------------------------------------------- */

static int
use_socket(struct bk_agent *agent, const char *path, const char *from, struct err *err)
{
	struct stat st;

	if (strlen(path) > SOCKET_NAME_MAX)
		return err_set(
			err, ERR_USAGE, "%s'%s' is too long for the name of a socket", from, path);
	if (stat(path, &st))
		return err_sys(err, "%s'%s'", from, path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_USAGE, "%s'%s' is not a socket", from, path);
	agent->socket = path;
	return 0;
}

static int
use_environment(struct bk_agent *agent, const struct env *env, struct err *err)
{
	const char *path = env_get(env, "SSH_AUTH_SOCK");

	if (path)
		return use_socket(agent, path, "SSH_AUTH_SOCK ", err);
	err_set(err, ERR_USAGE, "'%s' means the agent of SSH_AUTH_SOCK, which is not set",
		agent->id);
	return err_hint(err, "start ssh-agent and add a key by ssh-add, or name a socket or keys: "
			     "--ssh ID=SOCKET, --ssh ID=KEY[,KEY]");
}

/* ---- keys ----------------------------------------------------------------- */

static int
read_key(const char *path, struct sshkey *out, struct err *err)
{
	struct buf text = {0};
	int rc;

	buf_init(&text, SSHKEY_FILE_MAX + 1);
	/* room for all, so that no copy stays behind */
	rc = buf_reserve(&text, SSHKEY_FILE_MAX, err);
	if (rc == 0)
		rc = file_read(AT_FDCWD, path, SSHKEY_FILE_MAX, &text, err);
	if (rc == 0 && sshkey_parse(buf_view(&text), out, err)) {
		rc = err_wrap(err, "key '%s'", path);
		err_hint(err,
			"an agent can hold it: eval \"$(ssh-agent)\", ssh-add %s, then --ssh default",
			path);
	}
	buf_wipe(&text);
	return rc;
}

static int
use_keys(struct bk_agent *agent, struct arena *a, const struct strlist *paths, struct err *err)
{
	struct sshkey *keys = arena_new(a, struct sshkey, paths->n);
	struct stat st;
	size_t i;

	if (paths->n > SSHAGENT_KEYS_MAX)
		return err_set(err, ERR_USAGE, "more than %d keys", SSHAGENT_KEYS_MAX);
	agent->keys = keys;
	for (i = 0; i < paths->n; i++) {
		const char *path = paths->items[i];

		if (!*path)
			return err_set(err, ERR_USAGE, "the name of a key is empty");
		if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			return err_set(err, ERR_USAGE,
				"'%s' is a socket: an id stands for one socket, or for keys", path);
		agent->nkeys++; /* released even when it fails */
		if (read_key(path, &keys[i], err))
			return -1;
	}
	return 0;
}

int
agent_add_flag(struct agent_list *l, struct arena *a, const struct env *env, const char *text,
	struct err *err)
{
	struct str rest = str_from(text), id, path;
	struct bk_agent agent = {0};
	struct strlist paths = {0};
	const char *whole;
	struct stat st;
	int rc;

	if (!str_cut(&rest, '=', &id)) {
		id = rest;
		rest = (struct str){0};
	}
	if (id.len == 0)
		return err_set(err, ERR_USAGE, "'%s' names no id", text);
	agent.id = arena_str(a, id);
	whole = rest.s;
	/* a comma may also be part of a name */
	if (whole && access(whole, F_OK) == 0)
		strlist_add(&paths, a, whole);
	else
		while (str_next(&rest, ',', &path))
			strlist_add(&paths, a, arena_str(a, path));
	if (!whole)
		rc = use_environment(&agent, env, err);
	else if (!*whole)
		rc = err_set(err, ERR_USAGE, "'%s' names neither socket nor key", text);
	else if (paths.n == 1 && stat(whole, &st) == 0 && S_ISSOCK(st.st_mode))
		rc = use_socket(&agent, whole, "", err);
	else
		rc = use_keys(&agent, a, &paths, err);
	if (rc) {
		release(&agent);
		return -1;
	}
	put(l, a, &agent);
	return 0;
}
