/*
 * A daemon that says anything at all to the services of image layouts, and an index.json
 * that holds anything: nothing outside of the folder appears, and every blob that is there
 * afterwards has the digest under which it lies.
 *
 * First byte: 0 is an index, else a call; then texts of up to 255 bytes behind their length.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/sha256.h"
#include "buildkit/fstree.h"
#include "buildkit/layout.h"
#include "buildkit/services.h"
#include "net/grpc.h"

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static char base_path[64];
static int base = -1;
static struct loop *loop;

static void
check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void
put(int dir, const char *name, struct str text)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	check(fd >= 0 && fd_write_all(fd, text.s, text.len) == 0);
}

static void
clean_up(void)
{
	loop_free(loop);
	fstree_remove(AT_FDCWD, base_path, NULL);
}

static void
set_up(void)
{
	snprintf(base_path, sizeof(base_path), "/dev/shm/fuzz_layout.XXXXXX");
	if (!mkdtemp(base_path)) {
		snprintf(base_path, sizeof(base_path), "/tmp/fuzz_layout.XXXXXX");
		check(mkdtemp(base_path) != NULL);
	}
	atexit(clean_up);
	base = open(base_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(base >= 0);
	loop = loop_new();
}

/* The layout has one blob at the start. */
static int
open_layout(void)
{
	int dir;

	check(mkdirat(base, "layout", 0755) == 0 && mkdirat(base, "layout/blobs", 0755) == 0 &&
		mkdirat(base, "layout/blobs/sha256", 0755) == 0);
	dir = openat(base, "layout", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(dir >= 0);
	put(dir, "blobs/sha256/" HELLO, STR("hello"));
	return dir;
}

static void
check_blob(int dir, const char *name)
{
	cleanup_buf struct buf text = {.max = 1 << 20};
	char hex[SHA256_HEX_LEN + 1];

	check(file_read(dir, name, 1 << 20, &text, NULL) == 0);
	sha256_text(buf_view(&text), hex);
	check(strcmp(hex, name) == 0);
}

static size_t
check_folder(int dir, const char *name, bool blobs)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	size_t n = 0;

	check(d != NULL);
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		check(e->d_name[0] != '.'); /* nothing temporary */
		if (blobs)
			check_blob(fd, e->d_name);
		n++;
	}
	closedir(d);
	return n;
}

static bool
take(struct str *rest, struct str *text)
{
	if (rest->len == 0)
		return false;
	*text = str_first(str_from_off(*rest, 1), (uint8_t)rest->s[0]);
	*rest = str_from_off(*rest, 1 + text->len);
	return true;
}

static void
fuzz_index(int dir, struct str rest)
{
	cleanup_arena struct arena a = {0};
	struct str name = {0}, descriptor = {0};
	struct strlist names = {0};
	char *digest;

	take(&rest, &name);
	take(&rest, &descriptor);
	put(dir, "index.json", rest);
	strlist_add(&names, &a, arena_str(&a, name));
	layout_find(dir, names.items[0], name.len % 2, &a, &digest, NULL);
	if (layout_name(dir, descriptor, &names, name.len % 3, NULL) == 0) {
		/* an older entry may be nonsense, but something is found */
		check(layout_find(dir, names.items[0], false, &a, &digest, NULL) || digest ||
			!utf8_valid(name));
		unlinkat(dir, "oci-layout", 0);
	}
}

/* Bytes go from one end to the other until nobody has anything to say. */
static void
carry(struct grpc_conn *client, struct grpc_conn *server)
{
	cleanup_buf struct buf piece = {0};
	bool moved;

	do {
		moved = false;
		buf_reset(&piece);
		if (grpc_conn_output(client, &piece, 65536, NULL) == 0 && piece.len) {
			check(grpc_conn_receive(server, buf_view(&piece), NULL) == 0);
			moved = true;
		}
		buf_reset(&piece);
		if (grpc_conn_output(server, &piece, 65536, NULL) == 0 && piece.len) {
			check(grpc_conn_receive(client, buf_view(&piece), NULL) == 0);
			moved = true;
		}
	} while (moved);
}

static void
fuzz_call(int dir, uint8_t which, struct str rest)
{
	static const char *const methods[] = {"Info", "Read", "Write", "Status", "Abort"};
	static const struct grpc_call_ops none = {0};
	const struct bk_store store = {"s", "layout", dir, true};
	const struct bk_session_options o = {.stores = &store, .nstores = 1};
	const struct grpc_header meta = {"buildkit-attachable-store-id", "s"};
	struct bk_session *session = bk_session_new(loop, &o);
	struct grpc_conn *client = grpc_client_new("localhost", "http");
	struct grpc_call *call;
	char path[80];
	struct str text;

	snprintf(path, sizeof(path), "/containerd.services.content.v1.Content/%s",
		methods[which % ARRAY_LEN(methods)]);
	call = grpc_call_start(client, path, &meta, 1, &none, NULL);
	/* all at once: a call that has ended is not ours any more */
	while (take(&rest, &text))
		grpc_call_send(call, text.s, text.len);
	if (which & 0x80)
		grpc_call_end(call);
	carry(client, session->grpc);
	grpc_conn_free(client);
	bk_session_free(session);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_n((const char *)data + 1, size - 1);
	int dir;

	if (size == 0)
		return 0;
	if (base < 0)
		set_up();
	dir = open_layout();
	if (data[0] == 0)
		fuzz_index(dir, rest);
	else
		fuzz_call(dir, data[0], rest);
	unlinkat(dir, "index.json", 0);
	check(check_folder(base, ".", false) == 1);
	check(check_folder(dir, ".", false) == 1);
	check(check_folder(dir, "blobs", false) == 1);
	check_folder(dir, "blobs/sha256", true);
	close(dir);
	check(fstree_remove(base, "layout", NULL) == 0);
	return 0;
}
