#include "build_run.h"

#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static const int64_t epoch = 1700000000000000000;

int64_t
run_now(int ms)
{
	return epoch + (int64_t)ms * 1000000;
}

int64_t
run_daemon(int ms)
{
	return ms < 0 ? 0 : run_now(ms) - 5000000000;
}

void
run_start(struct run *r, enum progress_mode mode)
{
	struct err err = {0};

	r->fd = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(r->fd >= 0);
	r->options.fd = r->fd;
	r->options.mode = mode;
	r->options.token = "word";
	r->options.terminal |= mode == PROGRESS_TTY;
	r->p = progress_new(&r->options, &err);
	assert_that(r->p, "%s", err.msg);
}

void
run_release(struct run *r)
{
	progress_free(r->p);
	close(r->fd);
	buf_release(&r->out);
	r->p = NULL;
}

static void
set_next(struct run *r, int64_t next)
{
	r->next = next == PROGRESS_IDLE ? next : (next - epoch) / 1000000;
}

void
run_update(struct run *r, int at, struct bk_update u)
{
	u.received_ns = run_now(at);
	set_next(r, progress_update(r->p, &u));
}

void
run_tick(struct run *r, int at)
{
	set_next(r, progress_tick(r->p, run_now(at)));
}

static void
send_vertex(struct run *r, int at, struct bk_vertex v)
{
	run_update(r, at, (struct bk_update){.vertexes = &v, .nvertexes = 1});
}

static struct bk_vertex
vertex(const char *id, const char *name, int start, int stop)
{
	return (struct bk_vertex){.digest = str_from(id),
		.name = str_from(name),
		.started_ns = run_daemon(start),
		.completed_ns = run_daemon(stop)};
}

void
run_step(struct run *r, int at, const char *id, const char *name, int start, int stop)
{
	send_vertex(r, at, vertex(id, name, start, stop));
}

void
run_cached(struct run *r, int at, const char *id, const char *name)
{
	struct bk_vertex v = vertex(id, name, at, at);

	v.cached = true;
	send_vertex(r, at, v);
}

void
run_failed(struct run *r, int at, const char *id, const char *name, int start, int stop,
	const char *error)
{
	struct bk_vertex v = vertex(id, name, start, stop);

	v.error = str_from(error);
	send_vertex(r, at, v);
}

void
run_member(struct run *r, int at, const char *id, const char *group, bool weak, int start, int stop,
	const char *error)
{
	struct bk_vertex v = vertex(id, id, start, stop);

	v.group_id = v.group_name = str_from(group);
	v.group_weak = weak;
	v.error = str_from(error);
	send_vertex(r, at, v);
}

void
run_log(struct run *r, int at, const char *id, const char *text)
{
	struct str rest = str_from(text);
	size_t chunk = r->chunk ? r->chunk : rest.len, n = 0;
	struct bk_log *logs = calloc(rest.len + 1, sizeof(*logs));

	assert_non_null(logs);
	for (; rest.len; rest = str_from_off(rest, chunk))
		logs[n++] = (struct bk_log){.vertex = str_from(id),
			.timestamp_ns = run_daemon(at),
			.stream = 1,
			.data = str_first(rest, chunk)};
	run_update(r, at, (struct bk_update){.logs = logs, .nlogs = n});
	free(logs);
}

void
run_status(struct run *r, int at, const char *id, const char *status, int64_t current,
	int64_t total, int start, int stop)
{
	struct bk_status s = {.id = str_from(status),
		.vertex = str_from(id),
		.current = current,
		.total = total,
		.timestamp_ns = run_daemon(at),
		.started_ns = run_daemon(start),
		.completed_ns = run_daemon(stop)};

	run_update(r, at, (struct bk_update){.statuses = &s, .nstatuses = 1});
}

void
run_warn(struct run *r, int at, const char *id, const char *text)
{
	struct bk_warning w = {.vertex = str_from(id), .level = 1, .text = str_from(text)};

	run_update(r, at, (struct bk_update){.warnings = &w, .nwarnings = 1});
}

const char *
run_output(struct run *r)
{
	char chunk[4096];
	ssize_t n;

	buf_reset(&r->out);
	assert_true(lseek(r->fd, 0, SEEK_SET) == 0);
	while ((n = read(r->fd, chunk, sizeof(chunk))) > 0)
		buf_mem(&r->out, chunk, (size_t)n);
	assert_true(ftruncate(r->fd, 0) == 0 && lseek(r->fd, 0, SEEK_SET) == 0);
	return buf_cstr(&r->out);
}

void
run_expect_at(struct run *r, const char *file, int line, const char *want)
{
	const char *got = run_output(r);

	if (strcmp(got, want) != 0)
		test_fail((struct test_at){file, line, NULL},
			"got:\n%s\n---- instead of:\n%s\n----", got, want);
}
