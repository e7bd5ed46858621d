#include "registry/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/jval.h"
#include "base/log.h"
#include "registry/aws_sign.h"

enum { SEED_LEN = 16, SEEDS_MAX = 256 * 1024 /* bytes of the file */ };

#define SEED_FILE ".token_seed"

struct seed {
	struct seed *next;
	const char *host;
	uint8_t bytes[SEED_LEN];
};

struct authority {
	struct arena arena;
	const struct env *env;
	struct log *log;
	struct seed *seeds; /* that were used already */
};

struct authority *
authority_new(const struct env *env, struct log *log)
{
	struct authority *a = xcalloc(1, sizeof(*a));

	a->env = env;
	a->log = log;
	return a;
}

void
authority_free(struct authority *a)
{
	struct seed *s;

	if (!a)
		return;
	for (s = a->seeds; s; s = s->next)
		explicit_bzero(s->bytes, sizeof(s->bytes));
	arena_release(&a->arena);
	free(a);
}

/* ---- the file ------------------------------------------------------------------- */

/* Docker's folder, when there is one: none is made for this. */
static int
open_folder(const struct authority *a)
{
	const char *dir = env_get(a->env, "DOCKER_CONFIG"), *home = env_get(a->env, "HOME");
	cleanup_free char *path = NULL;

	if (!dir && !home)
		return -1;
	path = dir ? xstrdup(dir) : xasprintf("%s/.docker", home);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool
read_seed(const struct jval *all, const char *host, uint8_t seed[SEED_LEN])
{
	const char *text = jval_get_str(jval_get(all, host), "Seed");
	cleanup_buf struct buf bytes = {0};
	bool good;

	if (!text || !base64_decode(&bytes, str_from(text)))
		return false;
	good = bytes.len == SEED_LEN;
	if (good)
		memcpy(seed, bytes.p, SEED_LEN);
	buf_wipe(&bytes);
	return good;
}

static int
write_seeds(int dir, const struct jval *all, struct err *err)
{
	static const char name[] = SEED_FILE ".new";
	cleanup_buf struct buf text = {0};
	cleanup_fd int fd = -1;
	int rc = 0;

	/* we have the lock: whoever made one before us did not get to its end */
	unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "make '%s'", name);
	jval_write(&text, all, 0);
	if (fd_write_all(fd, text.p, text.len) || renameat(dir, name, dir, SEED_FILE)) {
		rc = err_sys(err, "write '" SEED_FILE "'");
		unlinkat(dir, name, 0);
	}
	buf_wipe(&text);
	return rc;
}

static struct jval *
read_seeds(int dir, struct err *err)
{
	struct buf text = {0};
	struct stat st;
	struct jval *all = NULL;

	if (fstatat(dir, SEED_FILE, &st, 0))
		return errno == ENOENT ? jval_new_object()
				       : (err_sys(err, "look at '" SEED_FILE "'"), NULL);
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_CONFIG, "'" SEED_FILE "' is no regular file");
		return NULL;
	}
	buf_init(&text, SEEDS_MAX);
	if (file_read(dir, SEED_FILE, SEEDS_MAX, &text, err) == 0)
		all = jval_parse(buf_view(&text), err);
	buf_wipe(&text);
	if (all && jval_kind(all) == JVAL_OBJECT)
		return all;
	if (all)
		err_set(err, ERR_PROTO, "no object");
	jval_free(all);
	err_wrap(err, "'" SEED_FILE "'");
	return NULL;
}

/* The seed in the file, or the one that was made goes there. */
static int
share_seed(int dir, const char *host, uint8_t seed[SEED_LEN], struct err *err)
{
	cleanup_jval struct jval *all = read_seeds(dir, err);
	struct buf made = {0};
	struct jval *entry;
	int rc;

	if (!all)
		return -1;
	if (read_seed(all, host, seed))
		return 0;
	base64_encode(&made, str_n((const char *)seed, SEED_LEN), BASE64_STD);
	entry = jval_new_object();
	jval_set_str(entry, "Seed", buf_cstr(&made));
	jval_set(all, host, entry);
	rc = write_seeds(dir, all, err);
	buf_wipe(&made);
	return rc;
}

/* Nobody is waited for: without the lock the seed stays ours alone. */
static void
find_seed(struct authority *a, const char *host, uint8_t seed[SEED_LEN])
{
	cleanup_fd int dir = open_folder(a), lock = -1;
	struct err why = {0};

	random_bytes(seed, SEED_LEN);
	if (dir < 0)
		return;
	lock = openat(dir, SEED_FILE ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
		err_sys(&why, "lock '" SEED_FILE "'");
	else
		share_seed(dir, host, seed, &why);
	if (why.kind)
		log_debug(a->log, "the seed for tokens of '%s' lasts for this build: %s", host,
			why.msg);
}

/* ---- keys ------------------------------------------------------------------------- */

static const struct seed *
seed_of(struct authority *a, const char *host)
{
	struct seed *s;

	for (s = a->seeds; s; s = s->next)
		if (!strcmp(s->host, host))
			return s;
	s = arena_new(&a->arena, struct seed, 1);
	s->host = arena_cstr(&a->arena, host);
	find_seed(a, host, s->bytes);
	s->next = a->seeds;
	a->seeds = s;
	return s;
}

void
authority_key(struct authority *a, const char *host, struct str salt, struct ed25519_key *out)
{
	const struct seed *s = seed_of(a, host);
	uint8_t sum[SHA256_LEN];

	_Static_assert((int)SHA256_LEN == (int)ED25519_SEED_LEN, "one makes the other");
	hmac_sha256(salt, str_n((const char *)s->bytes, SEED_LEN), sum);
	ed25519_key_init(out, sum);
	explicit_bzero(sum, sizeof(sum));
}
