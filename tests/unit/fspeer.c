#include "fspeer.h"

#include "base/err.h"
#include "base/mem.h"
#include "buildkit/fswire.h"
#include "test.h"

void
fspeer_release(struct fspeer *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->entries[i].path);
		free(p->entries[i].linkname);
		buf_release(&p->entries[i].xattrs);
		buf_release(&p->entries[i].data);
	}
	free(p->entries);
	*p = (struct fspeer){0};
}

const struct fspeer_entry *
fspeer_find(const struct fspeer *p, const char *path)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->entries[i].path, path) == 0)
			return &p->entries[i];
	return NULL;
}

const char *
fspeer_list(const struct fspeer *p, struct buf *out)
{
	size_t i;

	buf_reset(out);
	for (i = 0; i < p->n; i++)
		buf_addf(out, "%s%s%s", i ? " " : "", p->entries[i].path,
			p->entries[i].mode & FSMODE_DIR ? "/" : "");
	return buf_cstr(out);
}

/* Component by component, as the protocol's receivers compare. */
static int
compare_paths(const char *a, const char *b)
{
	size_t n, m;
	int order;

	for (;;) {
		n = strcspn(a, "/");
		m = strcspn(b, "/");
		order = memcmp(a, b, n < m ? n : m);
		if (order)
			return order;
		if (n != m)
			return n < m ? -1 : 1;
		if (!a[n] || !b[m])
			return (a[n] ? 1 : 0) - (b[m] ? 1 : 0);
		a += n + 1;
		b += m + 1;
	}
}

static void
check_place(const struct fspeer *p, const struct fspeer_entry *e)
{
	const char *slash = strrchr(e->path, '/');
	const struct fspeer_entry *to;
	char *parent;

	assert_that(e->path[0] && e->path[0] != '/', "path '%s'", e->path);
	assert_that(!strstr(e->path, "//") && !strstr(e->path, "/../"), "path '%s'", e->path);
	if (p->n > 1)
		assert_that(compare_paths(p->entries[p->n - 2].path, e->path) < 0,
			"'%s' comes after '%s'", e->path, p->entries[p->n - 2].path);
	if (slash) {
		parent = xstrndup(e->path, (size_t)(slash - e->path));
		to = fspeer_find(p, parent);
		assert_that(to && (to->mode & FSMODE_DIR), "'%s' without its directory", e->path);
		free(parent);
	}
	if (e->linkname[0] && !(e->mode & FSMODE_SYMLINK)) {
		to = fspeer_find(p, e->linkname);
		assert_that(to && to != e && !to->linkname[0] &&
				    !(to->mode & (FSMODE_DIR | FSMODE_SYMLINK)),
			"hard link '%s' to '%s'", e->path, e->linkname);
	}
}

int
fspeer_request(struct fssend *s, uint32_t id, struct err *err)
{
	cleanup_buf struct buf out = {0};

	fspacket_put_req(&out, id, NULL);
	return fssend_receive(s, str_from_off(buf_view(&out), FSPACKET_FRAME), err);
}

static int
take_stat(struct fspeer *p, struct fssend *s, const struct fspacket *packet, struct err *err)
{
	const struct fsstat *st = &packet->stat;
	struct str rest = st->xattrs, name, value;
	struct fspeer_entry *e;

	assert_that(!p->listed, "an entry after the end of the list");
	if (!packet->has_stat) {
		p->listed = true;
		return 0;
	}
	assert_row_int("uid", st->uid, 0);
	assert_row_int("gid", st->gid, 0);
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->entries = xreallocarray(p->entries, p->cap, sizeof(*p->entries));
	}
	e = &p->entries[p->n++];
	*e = (struct fspeer_entry){.mode = st->mode,
		.size = st->size,
		.mtime_ns = st->mtime_ns,
		.devmajor = st->devmajor,
		.devminor = st->devminor};
	e->path = xstrndup(st->path.s, st->path.len);
	e->linkname = xstrndup(st->linkname.s, st->linkname.len);
	while (fsstat_next_xattr(&rest, &name, &value))
		buf_addf(&e->xattrs, STR_FMT "=" STR_FMT "\n", STR_ARG(name), STR_ARG(value));
	/* the search for the parent is slow, and the big trees have few depths */
	if (p->n < 2000)
		check_place(p, e);
	if (p->ask_nothing || (e->mode & FSMODE_TYPE) || e->linkname[0])
		return 0;
	e->asked = true;
	p->files_waiting++;
	return fspeer_request(s, (uint32_t)p->n - 1, err);
}

static void
take_data(struct fspeer *p, const struct fspacket *packet)
{
	struct fspeer_entry *e = packet->id < p->n ? &p->entries[packet->id] : NULL;

	assert_that(e && e->asked && !e->complete, "content for %u", (unsigned)packet->id);
	if (!p->listed)
		p->data_before_end++;
	if (packet->data.len) {
		buf_str(&e->data, packet->data);
		return;
	}
	e->complete = true;
	p->files_waiting--;
}

static int
take(struct fspeer *p, struct fssend *s, struct str packet, struct err *err)
{
	struct fspacket f;

	assert_ok(fspacket_decode(&f, packet, err), err);
	assert_that(!p->fin, "a packet after FIN");
	p->taken += packet.len + FSPACKET_FRAME;
	if (packet.len > p->largest)
		p->largest = packet.len;
	switch (f.type) {
	case FSPACKET_STAT:
		return take_stat(p, s, &f, err);
	case FSPACKET_DATA:
		take_data(p, &f);
		return 0;
	case FSPACKET_FIN:
		p->fin = true;
		return 0;
	case FSPACKET_ERR:
		snprintf(p->error, sizeof(p->error), STR_FMT, STR_ARG(f.data));
		return 0;
	default:
		test_fail(TEST_AT(NULL), "packet of type %u", (unsigned)f.type);
	}
}

enum fssend_state
fspeer_step(struct fspeer *p, struct fssend *s, size_t budget, struct err *err)
{
	cleanup_buf struct buf out = {0};
	enum fssend_state state = fssend_produce(s, &out, budget, err);
	struct str rest = buf_view(&out);
	size_t len;

	while (rest.len) {
		assert_that(rest.len >= FSPACKET_FRAME && rest.s[0] == 0, "a cut frame");
		len = (size_t)rest.s[1] << 24 | (size_t)rest.s[2] << 16 | (size_t)rest.s[3] << 8 |
		      (size_t)rest.s[4];
		rest = str_from_off(rest, FSPACKET_FRAME);
		assert_that(rest.len >= len, "a cut packet");
		/* a sender that has failed refuses requests; its ERR comes behind */
		if (take(p, s, str_first(rest, len), err))
			state = FSSEND_FAILED;
		rest = str_from_off(rest, len);
	}
	return state;
}

bool
fspeer_finish(struct fspeer *p, struct fssend *s, struct err *err)
{
	cleanup_buf struct buf out = {0};

	if (!p->listed || p->files_waiting)
		return false;
	fspacket_put_fin(&out, NULL);
	assert_ok(fssend_receive(s, str_from_off(buf_view(&out), FSPACKET_FRAME), err), err);
	return true;
}

int
fspeer_run(struct fspeer *p, struct fssend *s, size_t budget, struct err *err)
{
	bool finished = false;
	size_t before;

	for (;;) {
		before = p->taken;
		switch (fspeer_step(p, s, budget, err)) {
		case FSSEND_FAILED:
			return -1;
		case FSSEND_DONE:
			assert_that(p->fin, "done without FIN");
			return 0;
		case FSSEND_MORE:
			break;
		case FSSEND_WAIT:
			if (!finished)
				finished = fspeer_finish(p, s, err);
			assert_that(finished || p->taken > before, "both sides wait");
			break;
		}
	}
}
