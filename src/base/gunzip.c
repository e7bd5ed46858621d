#include "base/gunzip.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum {
	WINDOW = 32 * 1024, /* as far as a repetition looks back */
	INPUT = 16 * 1024,
	FAST = 9, /* bits of codes that are found by one look */
	CODE_MAX = 15,
	LITERALS = 288,
	DISTANCES = 32,
	BLOCK_END = 256,
};

/* A set of prefix codes. */
struct codes {
	uint16_t fast[1 << FAST]; /* symbol << 4 | length, by the bits as they come; 0: longer */
	uint16_t count[CODE_MAX + 1];
	uint16_t symbol[LITERALS]; /* in the order of their codes */
};

struct gz {
	const struct gunzip_io *io;
	struct err *err;
	bool failed;

	uint8_t in[INPUT];
	size_t at, len;
	bool ended;
	uint64_t bits; /* the next ones, lowest first */
	unsigned nbits;
	unsigned made_up; /* of them, at their end: there is nothing behind the file */

	uint8_t window[WINDOW];
	size_t filled; /* of the window, since it was handed out */
	bool wrapped;  /* all of the window has content */

	struct codes literals, distances;
};

static void
fail(struct gz *g, const char *what)
{
	if (!g->failed)
		err_set(g->err, ERR_PROTO, "gzip: %s", what);
	g->failed = true;
}

/* ---- bits ----------------------------------------------------------------- */

static unsigned
next_byte(struct gz *g)
{
	ssize_t n;

	if (g->at == g->len && !g->ended) {
		n = g->io->read(g->in, sizeof(g->in), g->io->arg, g->err);
		if (n < 0)
			g->failed = true;
		g->ended = n <= 0;
		g->at = 0;
		g->len = n > 0 ? (size_t)n : 0;
	}
	if (g->at < g->len)
		return g->in[g->at++];
	g->made_up += 8;
	return 0;
}

/* Afterwards there are 48 bits or more: enough for a length with its distance. */
static void
fill(struct gz *g)
{
	while (g->nbits <= 56) {
		g->bits |= (uint64_t)next_byte(g) << g->nbits;
		g->nbits += 8;
	}
}

static void
drop(struct gz *g, unsigned n)
{
	g->bits >>= n;
	g->nbits -= n;
	if (g->made_up > g->nbits)
		fail(g, "the file is cut off");
}

/* At most 16, of those that fill has brought. */
static unsigned
take(struct gz *g, unsigned n)
{
	unsigned value = (unsigned)(g->bits & ((1u << n) - 1));

	drop(g, n);
	return value;
}

static unsigned
get(struct gz *g, unsigned n)
{
	fill(g);
	return take(g, n);
}

/* ---- codes ---------------------------------------------------------------- */

static unsigned
reversed(unsigned code, unsigned len)
{
	unsigned out = 0;

	for (; len; len--, code >>= 1)
		out = out << 1 | (code & 1);
	return out;
}

/* Codes of the given lengths, 0 for symbols without one; in the order of RFC 1951, 3.2.2. */
static void
make_codes(struct gz *g, struct codes *c, const uint8_t *lengths, unsigned n)
{
	unsigned next[CODE_MAX + 2] = {0}, place[CODE_MAX + 2] = {0}, i, k;
	int left = 1;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	for (i = 1; i <= CODE_MAX; i++) {
		left = left * 2 - c->count[i];
		if (left < 0) {
			fail(g, "more codes than there can be");
			return;
		}
		next[i + 1] = (next[i] + c->count[i]) << 1;
		place[i + 1] = place[i] + c->count[i];
	}
	for (i = 0; i < n; i++) {
		unsigned len = lengths[i], code;

		if (len == 0)
			continue;
		code = reversed(next[len]++, len);
		c->symbol[place[len]++] = (uint16_t)i;
		for (k = code; len <= FAST && k < 1 << FAST; k += 1u << len)
			c->fast[k] = (uint16_t)(i << 4 | len);
	}
}

static unsigned
take_symbol(struct gz *g, const struct codes *c)
{
	unsigned fast = c->fast[g->bits & ((1 << FAST) - 1)], len;
	int code = 0, first = 0, place = 0;

	if (fast) {
		drop(g, fast & 15);
		return fast >> 4;
	}
	for (len = 1; len <= CODE_MAX; len++) {
		code |= (int)(g->bits >> (len - 1) & 1);
		if (code - first < c->count[len]) {
			drop(g, len);
			return c->symbol[place + code - first];
		}
		place += c->count[len];
		first = (first + c->count[len]) << 1;
		code <<= 1;
	}
	fail(g, "a code that means nothing");
	return BLOCK_END;
}

/* ---- content -------------------------------------------------------------- */

static void
hand_out(struct gz *g)
{
	if (g->filled && !g->failed &&
		g->io->write(str_n((char *)g->window, g->filled), g->io->arg, g->err))
		g->failed = true;
	g->wrapped |= g->filled == WINDOW;
	g->filled = 0;
}

static void
put(struct gz *g, uint8_t byte)
{
	g->window[g->filled++] = byte;
	if (g->filled == WINDOW)
		hand_out(g);
}

static void
repeat(struct gz *g, unsigned len, unsigned distance)
{
	if (distance > g->filled && !g->wrapped) {
		fail(g, "a repetition of what was not there");
		return;
	}
	while (len--)
		put(g, g->window[(g->filled + WINDOW - distance) % WINDOW]);
}

/* Lengths and distances come in groups, each with so many further bits. */
static unsigned
take_length(struct gz *g, unsigned symbol)
{
	unsigned group = symbol - 257, bits;

	if (group < 8)
		return 3 + group;
	if (group == 28)
		return 258;
	bits = group / 4 - 1;
	return 3 + ((4 + group % 4) << bits) + take(g, bits);
}

static unsigned
take_distance(struct gz *g, unsigned symbol)
{
	unsigned bits;

	if (symbol < 4)
		return 1 + symbol;
	bits = symbol / 2 - 1;
	return 1 + ((2 + symbol % 2) << bits) + take(g, bits);
}

static void
coded_block(struct gz *g)
{
	while (!g->failed) {
		unsigned symbol, len;

		fill(g);
		symbol = take_symbol(g, &g->literals);
		if (symbol == BLOCK_END)
			return;
		if (symbol < BLOCK_END) {
			put(g, (uint8_t)symbol);
			continue;
		}
		len = symbol < 286 ? take_length(g, symbol) : 0;
		symbol = take_symbol(g, &g->distances);
		if (len == 0 || symbol >= 30)
			fail(g, "a code that means nothing");
		else
			repeat(g, len, take_distance(g, symbol));
	}
}

static void
stored_block(struct gz *g)
{
	unsigned len;

	drop(g, g->nbits % 8);
	len = get(g, 16);
	if ((len ^ get(g, 16)) != 0xffff)
		fail(g, "a block without a length");
	while (len-- && !g->failed)
		put(g, (uint8_t)get(g, 8));
}

static void
fixed_codes(struct gz *g)
{
	uint8_t lengths[LITERALS];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	make_codes(g, &g->literals, lengths, LITERALS);
	memset(lengths, 5, DISTANCES);
	make_codes(g, &g->distances, lengths, DISTANCES);
}

/* The lengths of codes are themselves coded, with symbols for repetitions. */
static void
read_codes(struct gz *g)
{
	static const uint8_t order[19] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	uint8_t lengths[LITERALS + DISTANCES] = {0};
	unsigned nliterals = get(g, 5) + 257, ndistances = take(g, 5) + 1, n = take(g, 4) + 4, i;

	for (i = 0; i < n; i++)
		lengths[order[i]] = (uint8_t)get(g, 3);
	make_codes(g, &g->literals, lengths, 19);
	memset(lengths, 0, 19);
	for (i = 0; i < nliterals + ndistances && !g->failed;) {
		unsigned symbol, times = 1;
		uint8_t len = 0;

		fill(g);
		symbol = take_symbol(g, &g->literals);
		if (symbol < 16)
			len = (uint8_t)symbol;
		else if (symbol == 16)
			times = 3 + take(g, 2);
		else
			times = symbol == 17 ? 3 + take(g, 3) : 11 + take(g, 7);
		if (symbol == 16 && i > 0)
			len = lengths[i - 1];
		if ((symbol == 16 && i == 0) || i + times > nliterals + ndistances) {
			fail(g, "more codes than there can be");
			return;
		}
		memset(lengths + i, len, times);
		i += times;
	}
	make_codes(g, &g->literals, lengths, nliterals);
	make_codes(g, &g->distances, lengths + nliterals, ndistances);
}

/* ---- the file ------------------------------------------------------------- */

static bool
at_end(struct gz *g)
{
	fill(g);
	return g->failed || g->made_up >= g->nbits;
}

/* What it says of the file besides: a name, a comment. */
static void
skip_header(struct gz *g)
{
	unsigned flags, i, len;

	if (get(g, 16) != 0x8b1f || get(g, 8) != 8)
		fail(g, "this is another kind of file");
	flags = get(g, 8);
	for (i = 0; i < 6; i++)
		get(g, 8);
	if (flags & 4)
		for (len = get(g, 16); len && !g->failed; len--)
			get(g, 8);
	for (i = 8; i <= 16; i *= 2)
		while ((flags & i) && !g->failed && get(g, 8))
			continue;
	if (flags & 2)
		get(g, 16);
}

static void
member(struct gz *g)
{
	bool last = false;
	unsigned i;

	skip_header(g);
	while (!last && !g->failed) {
		unsigned kind = get(g, 3);

		last = kind & 1;
		kind >>= 1;
		if (kind == 3)
			fail(g, "a block of an unknown kind");
		else if (kind == 0)
			stored_block(g);
		else if (kind == 1)
			fixed_codes(g);
		else
			read_codes(g);
		if (kind)
			coded_block(g);
	}
	hand_out(g);
	drop(g, g->nbits % 8);
	for (i = 0; i < 8; i++) /* checksum and length */
		get(g, 8);
	g->wrapped = false;
}

int
gunzip(const struct gunzip_io *io, struct err *err)
{
	struct gz *g = xcalloc(1, sizeof(*g));
	bool failed;

	g->io = io;
	g->err = err;
	do
		member(g);
	while (!at_end(g) && (g->bits & 0xffff) == 0x8b1f);
	failed = g->failed;
	free(g);
	return failed ? -1 : 0;
}
