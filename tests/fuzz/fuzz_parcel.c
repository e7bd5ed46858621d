/*
 * An image layout as a tar archive, and the same bytes as a manifest: nothing that is found lies
 * outside of the archive, and what was read of a manifest can be used.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/parcel.h"
#include "image/ref.h"
#include "image/tar.h"
#include "registry/copy.h"

enum { SIZE = 124, SUM = 148 };

/* A checksum would keep everything behind it from being looked at. */
static void
mend_sums(uint8_t *data, size_t size)
{
	size_t at = 0, i;

	while (at + TAR_BLOCK <= size) {
		unsigned long sum = 0, len = strtoul((char *)data + at + SIZE, NULL, 8);
		char text[8];

		memset(data + at + SUM, ' ', sizeof(text));
		for (i = 0; i < TAR_BLOCK; i++)
			sum += data[at + i];
		snprintf(text, sizeof(text), "%06lo", sum);
		memcpy(data + at + SUM, text, sizeof(text) - 1);
		if (len > size - at - TAR_BLOCK)
			return;
		at += TAR_BLOCK + (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
}

static void
entries(int fd, size_t size)
{
	struct tar t = {.fd = fd, .size = size};
	struct tar_entry e;

	while (tar_next(&t, &e, NULL) > 0)
		if (e.at > size || e.size > size - e.at || strlen(e.name) > TAR_NAME_MAX)
			abort();
}

static void
manifest(struct str text)
{
	cleanup_arena struct arena a = {0};
	struct manifest m;
	size_t i;

	if (manifest_parse(&a, text, "r.example", &m, NULL))
		return;
	for (i = 0; i < m.n; i++)
		if (!digest_is_valid(str_from(m.entries[i].digest)) || !m.entries[i].type)
			abort();
	if (m.subject && !digest_is_valid(str_from(m.subject)))
		abort();
}

static void
layout(int fd)
{
	const struct ref where = {.domain = "r.example", .path = "g/p"};
	cleanup_parcel struct parcel *l = NULL;
	cleanup_copy struct copy *c = NULL;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	l = parcel_open(path, NULL);
	if (!l)
		return;
	c = copy_open(l, NULL, &where, NULL, NULL);
	if (c && !digest_is_valid(str_from(copy_digest(c))))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (!copy || fd < 0)
		abort();
	manifest(str_n((const char *)data, size));
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	mend_sums(copy, size);
	if (size && write(fd, copy, size) != (ssize_t)size)
		abort();
	entries(fd, size);
	layout(fd);
	close(fd);
	free(copy);
	return 0;
}
