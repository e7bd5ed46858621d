/* What the flags of 'build' beyond the plan mean: secrets, agents, outputs, contexts, notes. */
#include "test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/fd.h"
#include "buildkit/sshkey.h"
#include "cmd/agents.h"
#include "cmd/attests.h"
#include "cmd/contexts.h"
#include "cmd/csv.h"
#include "cmd/secrets.h"
#include "cmd/targets.h"
#include "config/config.h"
#include "dockerfile/ignore.h"
#include "sandbox.h"

static const char *
joined(struct buf *out, const struct strlist *l)
{
	size_t i;

	buf_reset(out);
	for (i = 0; i < l->n; i++)
		buf_addf(out, "%s%s", i ? "|" : "", l->items[i]);
	return buf_cstr(out);
}

static const char *
pairs(struct buf *out, const struct kvlist *l)
{
	size_t i;

	buf_reset(out);
	for (i = 0; i < l->n; i++)
		buf_addf(out, "%s%s=%s", i ? "|" : "", l->items[i].key, l->items[i].value);
	return buf_cstr(out);
}

/* ---- records -------------------------------------------------------------- */

static void
csv_fields(void **state)
{
	static const struct {
		const char *name, *input, *want; /* want NULL: refused */
	} rows[] = {
		{"one", "a", "a"},
		{"empty", "", ""},
		{"two", "a,b", "a|b"},
		{"empty fields", ",a,", "|a|"},
		{"quoted comma", "\"a,b\",c", "a,b|c"},
		{"doubled quote", "\"a\"\"b\"", "a\"b"},
		{"blanks stay", " a , b", " a | b"},
		{"open quote", "\"a", NULL},
		{"text behind a quote", "\"a\"b,c", NULL},
		{"quote inside", "a\"b", NULL},
	};
	cleanup_arena struct arena a = {0};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf text = {0}, again = {0};
		struct strlist fields = {0};
		struct err err = {0};
		int rc = csv_split(&a, rows[i].input, &fields, &err);

		if (!rows[i].want) {
			assert_row_int(rows[i].name, rc, -1);
			assert_row_err(rows[i].name, &err, ERR_USAGE, "quotes");
			continue;
		}
		assert_row_ok(rows[i].name, rc, &err);
		assert_row_str(rows[i].name, str_from(joined(&text, &fields)), rows[i].want);
		/* and what is written is read back */
		for (k = 0; k < fields.n; k++)
			csv_add(&again, fields.items[k]);
		if (*rows[i].input != ',')
			assert_row_int(rows[i].name,
				csv_split(&a, buf_cstr(&again), &(struct strlist){0}, NULL), 0);
	}
}

/* ---- secrets -------------------------------------------------------------- */

static void
secret_flags(void **state)
{
	static const char *const vars[] = {"TOKEN=from-variable", "tok=by-id", "EMPTY=", NULL};
	static const struct {
		const char *name, *input, *value; /* value NULL: of the file */
		enum err_kind kind;
		const char *error;
	} rows[] = {
		{"variable", "id=a,env=TOKEN", "from-variable", ERR_NONE, NULL},
		{"by type", "type=env,id=TOKEN", "from-variable", ERR_NONE, NULL},
		{"type and source", "id=a,type=env,src=TOKEN", "from-variable", ERR_NONE, NULL},
		{"named as the id", "id=tok", "by-id", ERR_NONE, NULL},
		{"empty variable", "id=a,env=EMPTY", "", ERR_NONE, NULL},
		{"file", "id=f,src=@file", NULL, ERR_NONE, NULL},
		{"file, other word", "id=f,source=@file", NULL, ERR_NONE, NULL},
		{"file, quoted", "id=f,\"src=@file\"", NULL, ERR_NONE, NULL},
		{"file by type", "id=@file,type=file", NULL, ERR_NONE, NULL},
		{"file named as the id", "id=@file", NULL, ERR_NONE, NULL},
		{"no file", "id=a,src=@none", NULL, ERR_SYS, "secret 'a': file '"},
		{"a folder", "id=a,src=@", NULL, ERR_SYS, "Is a directory"},
		{"too large", "id=a,src=@large", NULL, ERR_LIMIT, "larger than 512000 bytes"},
		{"no variable", "id=a,env=NOTHERE", NULL, ERR_CONFIG, "'NOTHERE' is not set"},
		{"no id", "src=x", NULL, ERR_USAGE, "no id="},
		{"empty id", "id=,src=x", NULL, ERR_USAGE, "no id="},
		{"both", "id=a,src=x,env=TOKEN", NULL, ERR_USAGE, "both a file and a variable"},
		{"empty source", "id=a,src=", NULL, ERR_USAGE, "empty"},
		{"unknown type", "id=a,type=x", NULL, ERR_USAGE, "neither file nor env"},
		{"unknown key", "id=a,mode=1", NULL, ERR_USAGE, "key 'mode'"},
		{"a value by mistake", "hunter2", NULL, ERR_USAGE, "id=X[,src=FILE"},
	};
	const struct env env = {vars};
	cleanup_arena struct arena a = {0};
	struct sandbox box;
	char *large = calloc(1, BK_SECRET_MAX + 2);
	size_t i;

	(void)state;
	memset(large, 'x', BK_SECRET_MAX + 1);
	sandbox_open(&box);
	sandbox_put(&box, "file", "content");
	sandbox_put(&box, "large", large);
	free(large);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_buf struct buf text = {0};
		struct secret_list l = {0};
		struct err err = {0};
		const char *p;

		for (p = rows[i].input; *p; p++) {
			if (*p == '@')
				buf_addf(&text, "%s/", box.root);
			else
				buf_putc(&text, *p);
		}
		if (rows[i].error) {
			assert_row_int(rows[i].name,
				secret_add_flag(&l, &a, &env, buf_cstr(&text), &err), -1);
			assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].error);
			/* whoever forgets the form has perhaps written the value itself */
			assert_null(strstr(err.msg, "hunter2"));
			continue;
		}
		assert_row_ok(
			rows[i].name, secret_add_flag(&l, &a, &env, buf_cstr(&text), &err), &err);
		assert_row_int(rows[i].name, l.n, 1);
		if (rows[i].value)
			assert_row_str(
				rows[i].name, secret_reveal(&l.items[0].value), rows[i].value);
		else
			assert_that(l.items[0].file && l.items[0].file[0] == '/' &&
					    !secret_is_set(&l.items[0].value),
				"row '%s': the file is read when it is asked for", rows[i].name);
		secrets_release(&l);
	}
	sandbox_close(&box);
}

static void
secret_of_a_pipe_is_read_at_once(void **state)
{
	const struct env env = {(const char *const[]){NULL}};
	cleanup_arena struct arena a = {0};
	struct secret_list l = {0};
	struct err err = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_write_all(ends[1], "piped", 5), 0);
	close(ends[1]);
	assert_ok(
		secret_add_flag(&l, &a, &env, arena_fmt(&a, "id=p,src=/dev/fd/%d", ends[0]), &err),
		&err);
	assert_null(l.items[0].file);
	assert_str(secret_reveal(&l.items[0].value), "piped");
	secrets_release(&l);
	close(ends[0]);
}

static void
secret_twice_and_of_the_configuration(void **state)
{
	static const char *const vars[] = {"A=1", "B=2", NULL};
	const struct env env = {vars};
	cleanup_arena struct arena a = {0};
	struct secret_list l = {0};
	struct err err = {0};
	struct sandbox box;
	struct config_line lines[4];
	struct config_lines conf = {lines, 4, 4, true};

	(void)state;
	sandbox_open(&box);
	sandbox_put(&box, "beside", "content");
	lines[0] = (struct config_line){
		"id=x,env=A", {CONFIG_FILE, arena_fmt(&a, "%s/.buildtools.yaml", box.root), 3, 1}};
	lines[1] = lines[2] = lines[3] = lines[0];
	lines[1].text = "id=file,src=beside";
	lines[2].text = "id=gone,src=gone";
	lines[3].text = "id=gone,env=GONE";
	assert_ok(secret_add_flag(&l, &a, &env, "id=x,env=A", &err), &err);
	assert_ok(secret_add_flag(&l, &a, &env, "id=x,env=B", &err), &err);
	assert_int_equal(l.n, 1);
	assert_str(secret_reveal(&l.items[0].value), "2");
	assert_ok(secrets_configured(&l, &a, &env, &conf, &box.log, &err), &err);
	assert_int_equal(l.n, 2);
	assert_str(secret_reveal(&l.items[0].value), "2"); /* the flag's */
	assert_str(str_from(l.items[1].file), arena_fmt(&a, "%s/beside", box.root));
	sandbox_logged(&box, "left out: secret 'gone'");
	lines[3].text = "id=";
	assert_int_equal(secrets_configured(&l, &a, &env, &conf, &box.log, &err), -1);
	assert_err(&err, ERR_CONFIG, ".buildtools.yaml' line 3: secrets: there is no id=");
	secrets_release(&l);
	sandbox_close(&box);
}

/* ---- agents --------------------------------------------------------------- */

static const char ed25519_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	"-----END PRIVATE KEY-----\n";

static void
agent_flags(void **state)
{
	cleanup_arena struct arena a = {0};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct sandbox box;
	struct env env, none = {(const char *const[]){NULL}};
	const char *vars[2] = {NULL, NULL};
	struct agent_list l = {0};
	struct err err = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	sandbox_open(&box);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/agent", box.root);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	vars[0] = arena_fmt(&a, "SSH_AUTH_SOCK=%s", addr.sun_path);
	env.vars = vars;

	assert_ok(agent_add_flag(&l, &a, &env, "default", &err), &err);
	assert_ok(
		agent_add_flag(&l, &a, &none, arena_fmt(&a, "git=%s", addr.sun_path), &err), &err);
	assert_ok(agent_add_flag(&l, &a, &env, "git", &err), &err);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.items[1].id, "git");
	assert_string_equal(l.items[1].socket, addr.sun_path);
	close(fd);

	sandbox_put(&box, "key", ed25519_key);
	sandbox_put(&box, "a,b", ed25519_key);
	assert_ok(agent_add_flag(&l, &a, &none,
			  arena_fmt(&a, "git=%s/key,%s/key", box.root, box.root), &err),
		&err);
	assert_ok(
		agent_add_flag(&l, &a, &none, arena_fmt(&a, "comma=%s/a,b", box.root), &err), &err);
	assert_int_equal(l.n, 3);
	assert_null(l.items[1].socket);
	assert_int_equal(l.items[1].nkeys, 2);
	assert_string_equal(l.items[1].keys[1].kind->name, "ssh-ed25519");
	assert_int_equal(l.items[2].nkeys, 1);
	/* the keys that were there are wiped with the place they lose */
	assert_ok(agent_add_flag(&l, &a, &env, "git", &err), &err);
	assert_string_equal(l.items[1].socket, addr.sun_path);
	agents_release(&l);
	unlink(addr.sun_path);
	sandbox_close(&box);
}

static void
agent_flags_that_make_no_sense(void **state)
{
	static const struct {
		const char *text; /* @ is the folder */
		enum err_kind kind;
		const char *want, *hint;
	} rows[] = {
		{"default", ERR_USAGE, "SSH_AUTH_SOCK, which is not set", "--ssh ID=KEY"},
		{"x=", ERR_USAGE, "names neither socket nor key", ""},
		{"=x", ERR_USAGE, "names no id", ""},
		{"x=@/none", ERR_SYS, "/none': No such file", ""},
		{"x=@/key,@/none", ERR_SYS, "/none': No such file", ""},
		{"x=@/key,", ERR_USAGE, "the name of a key is empty", ""},
		{"x=@", ERR_SYS, "Is a directory", ""},
		{"x=@/text", ERR_CONFIG, "text': there is no private key in it", "ssh-add /"},
		{"x=@/key,@/agent", ERR_USAGE, "is a socket: an id stands for one", ""},
		{"x=@/large", ERR_LIMIT, "large", ""},
	};
	cleanup_arena struct arena a = {0};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char *large = arena_alloc(&a, 1, 100 * 1024 + 2, 1);
	struct env none = {(const char *const[]){NULL}};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct agent_list l = {0};
	struct sandbox box;
	size_t i;

	(void)state;
	sandbox_open(&box);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/agent", box.root);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	sandbox_put(&box, "key", ed25519_key);
	sandbox_put(&box, "text", "key");
	memset(large, ' ', 100 * 1024 + 1);
	sandbox_put(&box, "large", large);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct str rest = str_from(rows[i].text), piece;
		cleanup_buf struct buf text = {0};
		struct err err = {0};

		str_next(&rest, '@', &piece);
		buf_str(&text, piece);
		while (str_next(&rest, '@', &piece))
			buf_addf(&text, "%s" STR_FMT, box.root, STR_ARG(piece));
		assert_row_int(
			rows[i].text, agent_add_flag(&l, &a, &none, buf_cstr(&text), &err), -1);
		assert_row_err(rows[i].text, &err, rows[i].kind, rows[i].want);
		assert_that(strstr(err.hint, rows[i].hint), "row '%s': hint '%s'", rows[i].text,
			err.hint);
	}
	assert_int_equal(l.n, 0);
	agents_release(&l);
	close(fd);
	unlink(addr.sun_path);
	sandbox_close(&box);
}

/* ---- outputs -------------------------------------------------------------- */

static void
output_flags(void **state)
{
	static const struct {
		const char *input, *type;
		enum target_form form;
		const char *dest;
		bool push;
		const char *attrs;
	} rows[] = {
		{"out", "local", TARGET_DIR, "out", false, ""},
		{"-", "tar", TARGET_STDOUT, "-", false, ""},
		{"type=local,dest=out", "local", TARGET_DIR, "out", false, ""},
		{"type=local,dest=out,platform-split=false", "local", TARGET_DIR, "out", false,
			"platform-split=false"},
		{"type=tar,dest=a.tar", "tar", TARGET_FILE, "a.tar", false, ""},
		{"type=tar", "tar", TARGET_STDOUT, NULL, false, ""},
		{"type=oci,dest=-,name=a:1", "oci", TARGET_STDOUT, "-", false, "name=a:1"},
		{"type=docker,dest=a b", "docker", TARGET_FILE, "a b", false, ""},
		{"type=docker", "docker", TARGET_STORE, NULL, false, ""},
		{"type=docker,tar=true,dest=a", "docker", TARGET_FILE, "a", false, "tar=true"},
		{"type=docker,tar=false,dest=a", "docker", TARGET_LAYOUT, "a", false, "tar=false"},
		{"type=tar,tar=false,dest=a", "tar", TARGET_FILE, "a", false, "tar=false"},
		{"type=image,\"name=a,b\"", "image", TARGET_STORE, NULL, false, "name=a,b"},
		{"type=image,push=true", "image", TARGET_STORE, NULL, true, "push=true"},
		{"type=image,push=", "image", TARGET_STORE, NULL, true, "push="},
		{"type=image,push=false", "image", TARGET_STORE, NULL, false, "push=false"},
		{"type=registry,name=r/a", "image", TARGET_STORE, NULL, true, "name=r/a|push=true"},
	};
	static const struct {
		const char *input, *error;
	} bad[] = {
		{"type=local", "needs dest"},
		{"type=local,dest=-", "standard output"},
		{"type=local,dest=", "dest is empty"},
		{"type=local,dest=a,mode=delete", "only copy"},
		{"type=zip,dest=a", "none of local, tar"},
		{"type=cacheonly", "not offered"},
		{"dest=a", "has no type"},
		{"type=oci,tar=false", "tar=false needs dest=FOLDER"},
		{"type=docker,dest=-,tar=0", "tar=false needs dest=FOLDER"},
		{"type=oci,tar=perhaps", "tar: bool value"},
		{"type=image,dest=a", "has no dest"},
		{"type=image,push=perhaps", "push: bool value"},
		{"type=tar,dest", "'dest' is not KEY=VALUE"},
		{"type=tar,\"dest=a", "quotes"},
	};
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf text = {0};
	struct target_list nothing = {0};
	size_t i;

	(void)state;
	/* --iidfile and --annotation are for an image, which is what there is without --output */
	assert_true(targets_image(&nothing));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct target_list l = {0};
		struct err err = {0};
		const struct target *t;

		assert_row_ok(rows[i].input, target_add_flag(&l, &a, rows[i].input, &err), &err);
		t = &l.items[0];
		assert_row_str(rows[i].input, str_from(t->type), rows[i].type);
		assert_row_int(rows[i].input, t->form, rows[i].form);
		assert_row_str(rows[i].input, str_from(t->dest), rows[i].dest);
		assert_row_int(rows[i].input, t->push, rows[i].push);
		assert_row_int(rows[i].input, targets_image(&l),
			strcmp(rows[i].type, "local") != 0 && strcmp(rows[i].type, "tar") != 0);
		assert_row_str(rows[i].input, str_from(pairs(&text, &t->attrs)), rows[i].attrs);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct target_list l = {0};
		struct err err = {0};

		assert_row_int(bad[i].input, target_add_flag(&l, &a, bad[i].input, &err), -1);
		assert_row_err(bad[i].input, &err, ERR_USAGE, bad[i].error);
	}
}

/* An archive as a session would write it. */
static void
fill(struct target_list *l, size_t i, const char *text)
{
	assert_int_equal(fd_write_all(l->items[i].fd, text, strlen(text)), 0);
}

static void
output_files_appear_when_they_are_complete(void **state)
{
	cleanup_arena struct arena a = {0};
	struct sandbox box;
	struct target_list l = {0};
	struct strlist hidden = {0};
	struct err err = {0};
	const char *file, *fresh;
	char *text;
	struct stat st;

	(void)state;
	sandbox_open(&box);
	file = sandbox_put(&box, "there.tar", "old");
	fresh = arena_fmt(&a, "%s/new.tar", box.root);
	assert_ok(target_add_flag(&l, &a, arena_fmt(&a, "type=tar,dest=%s", file), &err), &err);
	assert_ok(target_add_flag(&l, &a, arena_fmt(&a, "type=oci,dest=%s", fresh), &err), &err);
	assert_ok(targets_open(&l, &a, box.root, &err), &err);
	targets_hidden(&l, &a, box.root, &hidden);
	assert_int_equal(hidden.n, 2);
	assert_null(strchr(hidden.items[0], '/'));
	hidden.n = 0;
	targets_hidden(&l, &a, "/nowhere", &hidden);
	assert_int_equal(hidden.n, 0);
	fill(&l, 0, "first");
	fill(&l, 1, "second");
	text = test_read_file(file, NULL);
	assert_string_equal(text, "old");
	free(text);
	assert_int_not_equal(stat(fresh, &st), 0);
	assert_ok(targets_publish(&l, &err), &err);
	targets_close(&l);
	text = test_read_file(file, NULL);
	assert_string_equal(text, "first");
	free(text);
	text = test_read_file(fresh, NULL);
	assert_string_equal(text, "second");
	free(text);
	unlink(fresh);

	/* a build that fails leaves what was there, and nothing else */
	l = (struct target_list){0};
	assert_ok(target_add_flag(&l, &a, arena_fmt(&a, "type=tar,dest=%s", file), &err), &err);
	assert_ok(targets_open(&l, &a, box.root, &err), &err);
	fill(&l, 0, "half");
	targets_close(&l);
	text = test_read_file(file, NULL);
	assert_string_equal(text, "first");
	free(text);
	sandbox_close(&box);
	/* which removes the folder unless there is something else in it */
	assert_int_not_equal(stat(box.root, &st), 0);
}

static void
output_places_that_cannot_be(void **state)
{
	static const struct {
		const char *input, *error;
	} rows[] = {
		{"type=tar,dest=@", "is a folder"},
		{"type=tar,dest=@none/a.tar", "open folder"},
		{"type=local,dest=@file/x", "create folder"},
		{"type=local,dest=@file", "open folder"},
	};
	cleanup_arena struct arena a = {0};
	struct sandbox box;
	size_t i;

	(void)state;
	sandbox_open(&box);
	sandbox_put(&box, "file", "");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = strchr(rows[i].input, '@');
		struct target_list l = {0};
		struct err err = {0};

		assert_row_ok(rows[i].input,
			target_add_flag(&l, &a,
				arena_fmt(&a, "%.*s%s/%s", (int)(at - rows[i].input), rows[i].input,
					box.root, at + 1),
				&err),
			&err);
		assert_row_int(rows[i].input, targets_open(&l, &a, box.root, &err), -1);
		assert_that(strstr(err.msg, rows[i].error) && !strncmp(err.msg, "--output", 8),
			"row '%s': %s", rows[i].input, err.msg);
		targets_close(&l);
	}
	sandbox_close(&box);
}

/* ---- contexts ------------------------------------------------------------- */

static void
build_contexts(void **state)
{
	static const struct {
		const char *input, *name, *value;
	} rows[] = {
		{"alpine=docker-image://busybox:1", "alpine", "docker-image://busybox:1"},
		{"alpine:latest=docker-image://scratch", "alpine", "docker-image://scratch"},
		{"docker.io/library/alpine:3=docker-image://a/b", "alpine:3", "docker-image://a/b"},
		{"src=https://example.com/a.git#main", "src", "https://example.com/a.git#main"},
		{"src=git@example.com:a/b.git", "src", "git@example.com:a/b.git"},
		{"src=@", "src", "local:src"},
		{"context=@", "context", "local:_context"},
		{"dockerfile=@", "dockerfile", "local:_dockerfile"},
	};
	static const struct {
		const char *input, *error;
	} bad[] = {
		{"src", "not NAME=VALUE"},
		{"src=", "not NAME=VALUE"},
		{"=x", "name of a context"},
		{"UPPER=docker-image://a", "name of a context"},
		{"src=docker-image://UPPER", "context 'src'"},
		{"src=oci-layout:///nowhere", "folder '/nowhere'"},
		{"src=oci-layout:a", "No such file"},
		{"src=target:x", "target: is not offered"},
		{"src=@none", "No such file"},
		{"src=@file", "is not a folder"},
	};
	cleanup_arena struct arena a = {0};
	struct sandbox box;
	size_t i;

	(void)state;
	sandbox_open(&box);
	sandbox_put(&box, "file", "");
	for (i = 0; i < ARRAY_LEN(rows) + ARRAY_LEN(bad); i++) {
		bool good = i < ARRAY_LEN(rows);
		const char *row = good ? rows[i].input : bad[i - ARRAY_LEN(rows)].input;
		const char *at = strstr(row, "=@");
		struct context_list l = {0};
		struct kvlist attrs = {0};
		struct err err = {0};
		const char *text =
			at ? arena_fmt(&a, "%.*s=%s/%s", (int)(at - row), row, box.root, at + 2)
			   : row;
		int rc = context_add_flag(&l, &a, text, &err);

		if (!good) {
			assert_row_int(row, rc, -1);
			assert_that(strstr(err.msg, bad[i - ARRAY_LEN(rows)].error), "row '%s': %s",
				row, err.msg);
			continue;
		}
		assert_row_ok(row, rc, &err);
		contexts_attrs(&l, &a, &attrs);
		assert_row_str(row,
			str_from(kv_get(&attrs, arena_fmt(&a, "context:%s", rows[i].name))),
			rows[i].value);
		assert_non_null(kv_get(&attrs, "frontend.caps"));
		assert_row_ok(row, contexts_open(&l, &err), &err);
		assert_row_int(row, l.items[0].root.dirfd >= 0, at != NULL);
		contexts_close(&l);
	}
	sandbox_close(&box);
}

/* ---- notes on images ------------------------------------------------------ */

static void
annotations(void **state)
{
	static const struct {
		const char *input, *want; /* want NULL: refused */
	} rows[] = {
		{"a.b=c", "annotation.a.b=c"},
		{"a=b=c,d:e", "annotation.a=b=c,d:e"},
		{"index:a=b", "annotation-index.a=b"},
		{"index,manifest:a=b", "annotation-index.a=b|annotation-manifest.a=b"},
		{"manifest[linux/amd64]:a=", "annotation-manifest[linux/amd64].a="},
		{"index-descriptor:a=b", "annotation-index-descriptor.a=b"},
		{"manifest-descriptor[arm64]:a=b",
			"annotation-manifest-descriptor[linux/arm64].a=b"},
		{"image:a=b", NULL},
		{"index:=b", NULL},
		{"manifest[linux/amd64:a=b", NULL},
		{"=b", NULL},
		{"a", NULL},
	};
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct kvlist attrs = {0};
		struct err err = {0};
		int rc = annotation_add(&a, rows[i].input, &attrs, &err);

		assert_row_int(rows[i].input, rc, rows[i].want ? 0 : -1);
		if (rows[i].want)
			assert_row_str(rows[i].input, str_from(pairs(&text, &attrs)), rows[i].want);
		else
			assert_row_err(rows[i].input, &err, ERR_USAGE, "'");
	}
}

static void
attestations(void **state)
{
	static const struct {
		const char *attest, *provenance, *sbom, *want; /* want NULL: refused */
	} rows[] = {
		{"type=provenance,mode=max", NULL, NULL, "attest:provenance=mode=max"},
		{"type=sbom", NULL, NULL, "attest:sbom="},
		{NULL, "true", "false", "attest:provenance="},
		{NULL, "mode=min,inline-only=true", NULL,
			"attest:provenance=mode=min,inline-only=true"},
		{NULL, NULL, "generator=reg/scanner:1", "attest:sbom=generator=reg/scanner:1"},
		{"type=sbom", NULL, "false", ""},
		{"type=sbom,disabled=true", NULL, NULL, ""},
		{"type=sbom,\"generator=a,b\"", NULL, NULL, "attest:sbom=\"generator=a,b\""},
		{"type=seal", NULL, NULL, NULL},
		{"mode=max", NULL, NULL, NULL},
		{"type=sbom,disabled=perhaps", NULL, NULL, NULL},
		{NULL, "max", NULL, NULL},
	};
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *row = arena_fmt(&a, "row %zu", i);
		struct kvlist attrs = {0};
		struct err err = {0};
		int rc = 0;

		if (rows[i].attest)
			rc = attest_add(&a, rows[i].attest, &attrs, &err);
		if (rc == 0 && rows[i].provenance)
			rc = attest_add_short(&a, "provenance", rows[i].provenance, &attrs, &err);
		if (rc == 0 && rows[i].sbom)
			rc = attest_add_short(&a, "sbom", rows[i].sbom, &attrs, &err);
		assert_row_int(row, rc, rows[i].want ? 0 : -1);
		if (rows[i].want)
			assert_row_str(row, str_from(pairs(&text, &attrs)), rows[i].want);
		else
			assert_row_int(row, err.kind, ERR_USAGE);
	}
}

/* ---- ignore files --------------------------------------------------------- */

static void
ignore_files(void **state)
{
	static const struct {
		const char *name, *input, *want;
	} rows[] = {
		{"plain", "a\nb/c\n", "a|b/c"},
		{"comments and blanks", "# x\n\n  a  \n\t\n #b\n", "a|#b"},
		{"marks",
			"\xef\xbb\xbf"
			"a\r\nb",
			"a|b"},
		{"exceptions", "*\n!a\n! b \n!\n", "*|!a|!b"},
		{"slashes", "/a/\n//b\n./c/./d\n!/e\n", "a|b|c/d|!e"},
		{"steps back", "a/../b\n../c\na/b/../../d\n", "b|../c|d"},
		{"the top", ".\n/\n", ".|."},
		{"wildcards", "**/*.log\n[a-z]?\n", "**/*.log|[a-z]?"},
		{"nothing", "", ""},
	};
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct strlist out = {0};

		ignore_parse(&a, str_from(rows[i].input), &out);
		assert_row_str(rows[i].name, str_from(joined(&text, &out)), rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_fields),
		cmocka_unit_test(secret_flags),
		cmocka_unit_test(secret_of_a_pipe_is_read_at_once),
		cmocka_unit_test(secret_twice_and_of_the_configuration),
		cmocka_unit_test(agent_flags),
		cmocka_unit_test(agent_flags_that_make_no_sense),
		cmocka_unit_test(output_flags),
		cmocka_unit_test(output_files_appear_when_they_are_complete),
		cmocka_unit_test(output_places_that_cannot_be),
		cmocka_unit_test(build_contexts),
		cmocka_unit_test(annotations),
		cmocka_unit_test(attestations),
		cmocka_unit_test(ignore_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
