/*
 * A builder that sends anything at all, over two streams into one directory. Whatever it
 * tries, nothing outside of the directory may appear, change or go.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "buildkit/fsrecv.h"
#include "buildkit/fstree.h"
#include "buildkit/fswire.h"

/* base/jail is written to; base/outside/precious must stay as it is. */
static char base_path[64];
static int base = -1;
static struct stat precious;

static void
check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void
clean_up(void)
{
	fstree_remove(AT_FDCWD, base_path, NULL);
}

static void
set_up(void)
{
	int fd;

	snprintf(base_path, sizeof(base_path), "/dev/shm/fuzz_fsrecv.XXXXXX");
	if (!mkdtemp(base_path)) {
		snprintf(base_path, sizeof(base_path), "/tmp/fuzz_fsrecv.XXXXXX");
		check(mkdtemp(base_path) != NULL);
	}
	atexit(clean_up);
	base = open(base_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(base >= 0 && mkdirat(base, "outside", 0755) == 0);
	fd = openat(base, "outside/precious", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	check(fd >= 0 && write(fd, "precious", 8) == 8);
	close(fd);
	check(fstatat(base, "outside/precious", &precious, 0) == 0);
}

static int
count(const char *name)
{
	int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fdopendir(fd);

	check(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void
check_outside(void)
{
	struct stat st;
	char text[16];
	int fd;

	check(count(".") == 2 && count("outside") == 1);
	check(fstatat(base, "outside/precious", &st, AT_SYMLINK_NOFOLLOW) == 0);
	check(st.st_ino == precious.st_ino && st.st_mode == precious.st_mode);
	check(st.st_nlink == 1 && st.st_uid == precious.st_uid && st.st_size == 8);
	check(memcmp(&st.st_mtim, &precious.st_mtim, sizeof(st.st_mtim)) == 0);
	check(memcmp(&st.st_ctim, &precious.st_ctim, sizeof(st.st_ctim)) == 0);
	fd = openat(base, "outside/precious", O_RDONLY | O_CLOEXEC);
	check(fd >= 0 && read(fd, text, sizeof(text)) == 8 && memcmp(text, "precious", 8) == 0);
	close(fd);
	check(fstatat(base, "outside", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode));
}

/* ---- packets from bytes ------------------------------------------------------- */

struct input {
	const uint8_t *p;
	size_t len;
};

static unsigned
take_byte(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->p++;
}

/* Paths of few words, so that they meet; or raw bytes. */
static struct str
take_path(struct input *in, char *text, size_t size)
{
	static const char *const word[] = {"a", "b", "c", "link", "up", "dir", "..", ".", "",
		"outside", "precious", "jail", "file", "a.txt", ".tmp.000000000", "z"};
	unsigned parts = take_byte(in), n = parts & 7, i;
	size_t len = 0;

	text[0] = '\0';
	if (parts & 0x80) {
		for (i = 0; i < n * 2 && len + 1 < size; i++)
			text[len++] = (char)take_byte(in);
		return str_n(text, len);
	}
	if (parts & 0x40)
		text[len++] = '/';
	for (i = 0; i <= n % 4; i++)
		len += (size_t)snprintf(
			text + len, size - len, "%s%s", i ? "/" : "", word[take_byte(in) % 16]);
	return str_n(text, len);
}

static void
put_stat(struct input *in, struct buf *out)
{
	static const uint32_t modes[] = {0644, 0, FSMODE_DIR | 0755, FSMODE_DIR, FSMODE_SYMLINK,
		FSMODE_FIFO | 0600, FSMODE_DEVICE | FSMODE_CHARDEV, 0644};
	char path[256], link[256];
	unsigned kind = take_byte(in);
	struct fsstat st = {.mode = modes[kind & 7]};

	st.path = take_path(in, path, sizeof(path));
	if (kind & 0x18 || st.mode & FSMODE_SYMLINK)
		st.linkname = take_path(in, link, sizeof(link));
	st.size = take_byte(in) % 8;
	fspacket_put_stat(out, &st, NULL);
}

static void
put_packet(struct input *in, struct buf *out)
{
	unsigned op = take_byte(in) % 16, n;
	char text[16];
	size_t i;

	if (op < 9) {
		put_stat(in, out);
	} else if (op < 13) {
		n = take_byte(in);
		memset(text, 'x', sizeof(text));
		fspacket_put_data(out, n >> 4, str_n(text, n & 7), NULL);
	} else if (op == 13) {
		fspacket_put_stat(out, NULL, NULL);
	} else {
		buf_mem(out, "\0\0\0\0", 5);
		n = take_byte(in) % 64;
		for (i = 0; i < n; i++)
			buf_putc(out, (char)take_byte(in));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fsrecv_options options = {.name = "jail"};
	struct input in = {data, size};
	cleanup_buf struct buf packet = {0}, out = {0};
	struct fsrecv *recv[2];
	unsigned which = 0, rounds;
	struct err err;
	int jail;

	if (base < 0)
		set_up();
	check(mkdirat(base, "jail", 0755) == 0);
	jail = openat(base, "jail", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* what could already be there */
	check(symlinkat("../outside", jail, "link") == 0 && symlinkat("..", jail, "up") == 0);
	check(mkdirat(jail, "dir", 0755) == 0 && symlinkat("../../outside", jail, "dir/link") == 0);
	recv[0] = fsrecv_new(jail, &options, &err);
	recv[1] = fsrecv_new(jail, &options, &err);
	check(recv[0] && recv[1]);
	for (rounds = 0; in.len && rounds < 64; rounds++) {
		buf_reset(&packet);
		put_packet(&in, &packet);
		which = take_byte(&in) & 1;
		if (fsrecv_receive(recv[which], str_from_off(buf_view(&packet), FSPACKET_FRAME),
			    &out, &err)) {
			/* as if the next export followed */
			fsrecv_free(recv[which]);
			recv[which] = fsrecv_new(jail, &options, &err);
		}
	}
	fsrecv_free(recv[0]);
	fsrecv_free(recv[1]);
	close(jail);
	check_outside();
	check(fstree_remove(base, "jail", &err) == 0);
	check(count(".") == 1 && count("outside") == 1);
	return 0;
}
