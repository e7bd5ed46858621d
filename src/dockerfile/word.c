#include "base/buf.h"
#include "dockerfile/lex.h"

/*
 * The quoting rules of BuildKit's frontend/dockerfile/shell: single quotes keep
 * everything, double quotes keep all but '$' and escapes, "<<" swallows the
 * blanks behind it so that "<< EOF" is one word.
 */
enum {
	DEPTH_MAX = 64,
	/* bytes of one text with its variables put in: they can double at every step */
	EXPANDED_MAX = 64 * 1024,
	SPLIT_MAX = 64 * 1024 * 1024,
};

struct lexer {
	struct str in;
	size_t at;
	char escape;
	enum word_flags flags;
	lookup_fn lookup;
	void *ctx;
	unsigned depth;
	size_t max;
	struct buf *word; /* of the outermost sink */
};

/* Collects the text as a whole and, when words is set, cut at white space. */
struct sink {
	struct buf *text;
	struct buf *word;
	struct strlist *words;
	struct arena *a;
};

static bool lex_until(struct lexer *lx, int stop, struct sink *out);

static bool
at_end(const struct lexer *lx)
{
	return lx->at == lx->in.len;
}

static int
peek(const struct lexer *lx)
{
	return at_end(lx) ? -1 : (unsigned char)lx->in.s[lx->at];
}

static void
end_word(struct sink *out)
{
	if (!out->words || !out->word->len)
		return;
	strlist_add(out->words, out->a, arena_str(out->a, buf_view(out->word)));
	buf_reset(out->word);
}

/* Text that belongs to the word whatever it holds. */
static void
put_raw(struct sink *out, struct str s)
{
	buf_str(out->text, s);
	if (out->words)
		buf_str(out->word, s);
}

/* Text whose white space ends words. */
static void
put(struct sink *out, struct str s)
{
	size_t i, n;

	buf_str(out->text, s);
	if (!out->words)
		return;
	for (i = 0; i < s.len; i += n ? n : 1) {
		n = lex_space(str_from_off(s, i));
		if (n)
			end_word(out);
		else
			buf_putc(out->word, s.s[i]);
	}
}

static bool
is_name_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* A variable's name: letters, digits and '_'; or digits; or one special character. */
static struct str
take_name(struct lexer *lx)
{
	size_t from = lx->at;
	bool digits = peek(lx) >= '0' && peek(lx) <= '9';

	if (!at_end(lx) && !is_name_char(peek(lx)) && str_find(STR("@*#?-$!"), (char)peek(lx)) >= 0)
		lx->at++;
	else
		while (!at_end(lx) && is_name_char(peek(lx)) &&
			(!digits || (peek(lx) >= '0' && peek(lx) <= '9')))
			lx->at++;
	return str_first(str_from_off(lx->in, from), lx->at - from);
}

/* The value of a substitution with a modifier, written behind the name. */
static bool
put_modified(struct lexer *lx, struct str name, const char *value, struct buf *out)
{
	size_t from = lx->at;
	bool empty_is_unset = peek(lx) == ':';
	cleanup_buf struct buf text = {0};
	struct sink inner = {.text = &text};
	int op;
	bool set;

	/* BuildKit forgets what stood in front in the same word, which decides over heredocs */
	if (lx->word)
		buf_reset(lx->word);
	lx->at += empty_is_unset;
	op = peek(lx);
	if (op < 0)
		return false;
	lx->at++;
	if (op == '/') {
		if (empty_is_unset || !lex_until(lx, '/', &inner) || !lex_until(lx, '}', &inner))
			return false;
	} else if (empty_is_unset || str_find(STR("+-?#%"), (char)op) >= 0) {
		if (empty_is_unset && (op == '#' || op == '%'))
			return false;
		if (!lex_until(lx, '}', &inner))
			return false;
	} else {
		return false;
	}
	if (!value && (lx->flags & WORD_KEEP_UNSET)) {
		buf_addf(out, "${" STR_FMT, STR_ARG(name));
		buf_str(out, str_first(str_from_off(lx->in, from), lx->at - from));
		return true;
	}
	set = value && !(empty_is_unset && !value[0]);
	if (op == '-')
		buf_puts(out, set ? value : buf_cstr(&text));
	else if (op == '+')
		buf_puts(out, set ? buf_cstr(&text) : "");
	else if (op == '?' && set)
		buf_puts(out, value);
	else
		return false;
	return true;
}

/* "$name" or "${name...}"; the '$' is the next byte. */
static bool
put_variable(struct lexer *lx, struct buf *out)
{
	const char *value;
	struct str name;

	lx->at++;
	if (peek(lx) != '{') {
		name = take_name(lx);
		if (!name.len) {
			buf_putc(out, '$');
			return true;
		}
		value = lx->lookup ? lx->lookup(lx->ctx, name) : NULL;
		if (!value && (lx->flags & WORD_KEEP_UNSET))
			buf_addf(out, "$" STR_FMT, STR_ARG(name));
		else if (value)
			buf_puts(out, value);
		return true;
	}
	lx->at++;
	if (at_end(lx) || str_find(STR("{}:"), (char)peek(lx)) >= 0)
		return false;
	name = take_name(lx);
	value = lx->lookup ? lx->lookup(lx->ctx, name) : NULL;
	if (peek(lx) != '}')
		return put_modified(lx, name, value, out);
	lx->at++;
	if (!value && (lx->flags & WORD_KEEP_UNSET))
		buf_addf(out, "${" STR_FMT "}", STR_ARG(name));
	else if (value)
		buf_puts(out, value);
	return true;
}

static bool
put_single_quoted(struct lexer *lx, struct sink *out)
{
	struct str rest = str_from_off(lx->in, lx->at + 1);
	ptrdiff_t end = str_find(rest, '\'');
	bool raw = lx->flags & WORD_RAW_QUOTES;

	if (end < 0)
		return false;
	put_raw(out, raw ? str_first(str_from_off(lx->in, lx->at), (size_t)end + 2)
			 : str_first(rest, (size_t)end));
	lx->at += (size_t)end + 2;
	return true;
}

static bool
put_double_quoted(struct lexer *lx, struct sink *out)
{
	cleanup_buf struct buf text = {0};
	int c;

	if (lx->flags & WORD_RAW_QUOTES)
		buf_putc(&text, '"');
	lx->at++;
	while ((c = peek(lx)) != '"') {
		if (c < 0)
			return false;
		if (c == '$') {
			if (!put_variable(lx, &text) || text.len > lx->max)
				return false;
			continue;
		}
		lx->at++;
		if (c == (unsigned char)lx->escape) {
			int next = peek(lx);

			if (lx->flags & WORD_RAW_ESCAPES)
				buf_putc(&text, (char)c);
			if (next < 0)
				continue;
			if (next == '"' || next == '$' || next == c) {
				c = next;
				lx->at++;
			} else if (lx->flags & WORD_RAW_ESCAPES) {
				continue;
			}
		}
		buf_putc(&text, (char)c);
	}
	lx->at++;
	if (lx->flags & WORD_RAW_QUOTES)
		buf_putc(&text, '"');
	put_raw(out, buf_view(&text));
	return true;
}

/* "<", or "<<" with the blanks behind it */
static void
put_less_than(struct lexer *lx, struct sink *out)
{
	size_t from = lx->at++;

	if (peek(lx) == '<') {
		lx->at++;
		while (peek(lx) == ' ' || peek(lx) == '\t' || peek(lx) == '\r')
			lx->at++;
	}
	put_raw(out, str_first(str_from_off(lx->in, from), lx->at - from));
}

static bool
put_next(struct lexer *lx, struct sink *out)
{
	cleanup_buf struct buf value = {0};
	struct str rest = str_from_off(lx->in, lx->at);
	size_t n;

	switch (rest.s[0]) {
	case '$':
		if (!put_variable(lx, &value))
			return false;
		put(out, buf_view(&value));
		return true;
	case '<':
		put_less_than(lx, out);
		return true;
	case '\'':
		return put_single_quoted(lx, out);
	case '"':
		return put_double_quoted(lx, out);
	default:
		break;
	}
	if (rest.s[0] == lx->escape) {
		n = rest.len > 1 ? 2 : 1;
		put_raw(out, lx->flags & WORD_RAW_ESCAPES ? str_first(rest, n)
							  : str_from_off(str_first(rest, n), 1));
		lx->at += n;
		return true;
	}
	n = lex_space(rest);
	n = n ? n : 1;
	put(out, str_first(rest, n));
	lx->at += n;
	return true;
}

/* Up to and including the stop character, or to the end when it is negative. */
static bool
lex_until(struct lexer *lx, int stop, struct sink *out)
{
	if (lx->depth == DEPTH_MAX)
		return false;
	lx->depth++;
	while (!at_end(lx)) {
		if (peek(lx) == stop) {
			lx->at++;
			lx->depth--;
			return true;
		}
		if (!put_next(lx, out) || out->text->len > lx->max)
			return false;
	}
	lx->depth--;
	return stop < 0;
}

bool
word_expand(struct arena *a, struct str text, char escape, lookup_fn lookup, void *ctx, char **out)
{
	cleanup_buf struct buf whole = {0};
	struct sink sink = {.text = &whole};
	struct lexer lx = {
		.in = text, .escape = escape, .lookup = lookup, .ctx = ctx, .max = EXPANDED_MAX};

	if (!lex_until(&lx, -1, &sink))
		return false;
	*out = arena_str(a, buf_view(&whole));
	return true;
}

bool
word_split(
	struct arena *a, struct str text, char escape, enum word_flags flags, struct strlist *out)
{
	cleanup_buf struct buf whole = {0}, word = {0};
	struct strlist words = {0};
	struct sink sink = {.text = &whole, .word = &word, .words = &words, .a = a};
	struct lexer lx = {.in = text,
		.escape = escape,
		.flags = flags | WORD_KEEP_UNSET,
		.max = SPLIT_MAX,
		.word = &word};

	if (!lex_until(&lx, -1, &sink))
		return false;
	end_word(&sink);
	*out = words;
	return true;
}

void
word_list(struct arena *a, struct str text, char escape, struct strlist *out)
{
	size_t i = 0, from, n;
	char quote;

	for (;;) {
		while ((n = lex_space(str_from_off(text, i))))
			i += n;
		if (i == text.len)
			return;
		from = i;
		for (quote = 0; i < text.len; i++) {
			char c = text.s[i];

			if (!quote && lex_space(str_from_off(text, i)))
				break;
			if (c == quote)
				quote = 0;
			else if (!quote && (c == '\'' || c == '"'))
				quote = c;
			else if (c == escape && quote != '\'' && i + 1 < text.len)
				i++;
		}
		strlist_add(out, a, arena_str(a, str_first(str_from_off(text, from), i - from)));
	}
}
