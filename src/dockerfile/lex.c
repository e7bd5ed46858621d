#include "dockerfile/lex.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "dockerfile/dockerfile.h"

enum directive { DIRECTIVE_SYNTAX, DIRECTIVE_ESCAPE, DIRECTIVE_CHECK, DIRECTIVES };

struct lexer {
	struct arena *a;
	struct str text;
	const char *name;
	size_t at;   /* start of the next line */
	size_t line; /* lines taken so far */
	struct dockerfile *df;
	size_t cap; /* of df->instructions */
	bool directives_over, has_shebang;
	bool seen[DIRECTIVES];
	struct buf joined; /* the instruction being read, when it has several lines */
};

/* An instruction with its lines joined, and where its keyword ends in the text. */
struct logical {
	struct str text;
	size_t nlines;
	enum { BEFORE_KEYWORD, IN_KEYWORD, AFTER_KEYWORD } state;
	size_t after_keyword;
};

static const struct {
	const char *name;
	enum dockerfile_kind kind;
} keywords[] = {
	{"FROM", DOCKERFILE_FROM},
	{"ARG", DOCKERFILE_ARG},
	{"RUN", DOCKERFILE_RUN},
	{"COPY", DOCKERFILE_COPY},
	{"ADD", DOCKERFILE_ADD},
	{"ONBUILD", DOCKERFILE_ONBUILD},
};

/* Unicode's White_Space beyond ASCII, in UTF-8. */
static const char *const wide_spaces[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
	"\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
	"\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
	"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

size_t
lex_space(struct str s)
{
	size_t i;

	if (s.len == 0)
		return 0;
	if ((unsigned char)s.s[0] < 0x80)
		return s.s[0] == ' ' || (s.s[0] >= '\t' && s.s[0] <= '\r');
	for (i = 0; i < ARRAY_LEN(wide_spaces); i++)
		if (str_starts(s, str_from(wide_spaces[i])))
			return strlen(wide_spaces[i]);
	return 0;
}

static struct str
trim_left(struct str s)
{
	size_t n;

	while ((n = lex_space(s)))
		s = str_from_off(s, n);
	return s;
}

struct str
lex_trim(struct str s)
{
	size_t n, i;

	s = trim_left(s);
	for (n = 1; n <= 3 && n <= s.len; n++) {
		i = s.len - n;
		if (lex_space(str_from_off(s, i)) != n)
			continue;
		s = str_first(s, i);
		n = 0;
	}
	return s;
}

bool
lex_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

bool
lex_next_word(struct str *rest, struct str *word)
{
	size_t n = 0;

	while (rest->len && lex_is_blank(rest->s[0]))
		*rest = str_from_off(*rest, 1);
	while (n < rest->len && !lex_is_blank(rest->s[n]))
		n++;
	*word = str_first(*rest, n);
	*rest = str_from_off(*rest, n);
	return n > 0;
}

static int
fail(const struct lexer *lx, size_t line, enum err_kind kind, const char *what, struct err *err)
{
	return err_set(err, kind, "%s:%zu: %s", lx->name, line, what);
}

/* The next line with its newline. */
static bool
next_line(struct lexer *lx, struct str *raw)
{
	struct str rest = str_from_off(lx->text, lx->at);
	ptrdiff_t end = str_find(rest, '\n');

	if (!rest.len)
		return false;
	*raw = end < 0 ? rest : str_first(rest, (size_t)end + 1);
	lx->at += raw->len;
	lx->line++;
	return true;
}

static struct str
trim_newline(struct str s)
{
	while (s.len && (s.s[s.len - 1] == '\n' || s.s[s.len - 1] == '\r'))
		s.len--;
	return s;
}

/* Cuts the escape character off the end of a line that goes on in the next one. */
static bool
take_continuation(struct str *line, char escape)
{
	size_t n = line->len;

	while (n && (line->s[n - 1] == ' ' || line->s[n - 1] == '\t'))
		n--;
	if (!n || line->s[n - 1] != escape || (n > 1 && line->s[n - 2] == escape))
		return false;
	*line = str_first(*line, n - 1);
	return true;
}

/* "# name = value" in front of everything else; the first line that is none ends them. */
static int
take_directive(struct lexer *lx, struct str line, struct err *err)
{
	static const char *const names[DIRECTIVES] = {"syntax", "escape", "check"};
	struct str name, value = line;
	size_t d;

	if (lx->directives_over)
		return 0;
	if (lx->line == 1 && str_starts(line, STR("#!"))) {
		lx->has_shebang = true;
		return 0;
	}
	lx->directives_over = true;
	if (!str_take(&value, STR("#")) || !str_cut(&value, '=', &name))
		return 0;
	name = lex_trim(name);
	value = lex_trim(value);
	for (d = 0; d < DIRECTIVES && !str_iis(name, names[d]); d++)
		;
	if (d == DIRECTIVES || !value.len)
		return 0;
	lx->directives_over = false;
	if (lx->seen[d])
		return err_set(err, ERR_CONFIG, "%s:%zu: only one '%s' directive can be used",
			lx->name, lx->line, names[d]);
	lx->seen[d] = true;
	if (d == DIRECTIVE_SYNTAX) {
		lex_next_word(&value, &name);
		lx->df->syntax = arena_str(lx->a, name);
	}
	/* a file that starts with "#!" has its syntax looked up, but no other directive */
	if (d != DIRECTIVE_ESCAPE || lx->has_shebang)
		return 0;
	if (!str_is(value, "\\") && !str_is(value, "`"))
		return err_set(err, ERR_CONFIG,
			"%s:%zu: the escape character is '\\' or '`', not '" STR_FMT "'", lx->name,
			lx->line, STR_ARG(str_first(value, 40)));
	lx->df->escape = value.s[0];
	return 0;
}

/* Adds one line, watching for the end of the keyword. */
static void
append(struct lexer *lx, struct logical *lg, struct str line)
{
	size_t i = 0, n;

	while (lg->state == BEFORE_KEYWORD && i < line.len) {
		n = lex_space(str_from_off(line, i));
		if (!n)
			lg->state = IN_KEYWORD;
		i += n;
	}
	for (; lg->state == IN_KEYWORD && i < line.len; i++) {
		lg->after_keyword = (size_t)(line.s - lx->text.s) + i + 1;
		if (lex_is_blank(line.s[i]))
			lg->state = AFTER_KEYWORD;
	}
	if (lg->nlines++ == 0) {
		lg->text = line;
		return;
	}
	if (lg->nlines == 2) {
		buf_reset(&lx->joined);
		buf_str(&lx->joined, lg->text);
	}
	buf_str(&lx->joined, line);
}

/* The lines that follow one with an escape character at its end. */
static void
join_lines(struct lexer *lx, struct logical *lg)
{
	struct str raw, line;
	bool more = true;

	while (more && next_line(lx, &raw)) {
		line = trim_newline(raw);
		raw = trim_left(line);
		if (!raw.len || raw.s[0] == '#')
			continue;
		more = take_continuation(&line, lx->df->escape);
		append(lx, lg, line);
	}
	if (lg->nlines > 1)
		lg->text = arena_dup(lx->a, buf_view(&lx->joined));
}

/* BuildKit looks at bytes here, so that two of Latin-1 count as white space. */
static bool
is_flag_space(char c)
{
	return lex_space(str_n(&c, 1)) || (unsigned char)c == 0x85 || (unsigned char)c == 0xa0;
}

/* Reads one flag at the front of *s, without quotes and escapes. */
static struct str
take_flag(struct lexer *lx, struct str *s)
{
	cleanup_buf struct buf word = {0};
	char quote = 0;
	size_t i;

	for (i = 0; i < s->len; i++) {
		char c = s->s[i];

		if (!quote && is_flag_space(c))
			break;
		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == lx->df->escape) {
			if (++i == s->len)
				break;
			c = s->s[i];
		}
		buf_putc(&word, c);
	}
	*s = str_from_off(*s, i);
	return arena_dup(lx->a, buf_view(&word));
}

/* Words that start with "--", up to the first that does not, or to "--" itself. */
static struct str
take_flags(struct lexer *lx, struct str s, struct strlist *flags)
{
	struct str word;

	for (;;) {
		while (s.len && is_flag_space(s.s[0]))
			s = str_from_off(s, 1);
		if (!str_starts(s, STR("--")))
			return s;
		word = take_flag(lx, &s);
		if (str_is(word, "--"))
			return s;
		strlist_add(flags, lx->a, word.s);
	}
}

static char *
upper(struct arena *a, struct str s)
{
	char *out = arena_str(a, s), *p;

	for (p = out; p < out + s.len; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return out;
}

/* Fills everything that follows from the text of the line alone. */
static void
split_instruction(struct lexer *lx, struct str line, struct dockerfile_instruction *out)
{
	struct str keyword, rest = lex_trim(line);
	size_t i;

	lex_next_word(&rest, &keyword);
	for (i = 0; i < ARRAY_LEN(keywords) && !str_iis(keyword, keywords[i].name); i++)
		;
	if (i < ARRAY_LEN(keywords)) {
		out->kind = keywords[i].kind;
		out->keyword = keywords[i].name;
	} else {
		out->keyword = upper(lx->a, keyword);
	}
	out->args = lex_trim(take_flags(lx, rest, &out->flags));
	out->json = out->kind != DOCKERFILE_FROM && out->kind != DOCKERFILE_ARG &&
		    lex_json_strings(lx->a, out->args, NULL);
}

/* "[fd]<<[-]word" */
static bool
is_heredoc(struct str word, struct str *delimiter, bool *chomp)
{
	while (word.len && word.s[0] >= '0' && word.s[0] <= '9')
		word = str_from_off(word, 1);
	if (!str_take(&word, STR("<<")))
		return false;
	*chomp = str_take(&word, STR("-"));
	while (word.len && lex_space(str_first(word, 1)))
		word = str_from_off(word, 1);
	*delimiter = word;
	return word.len && str_find(word, '<') < 0;
}

static size_t
count_quotes(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\'' || *s == '"';
	return n;
}

/* Takes the lines of a heredoc up to its delimiter. */
static int
read_heredoc(struct lexer *lx, size_t first_line, struct dockerfile_heredoc *doc, struct err *err)
{
	size_t from = lx->at;
	struct str raw, line;

	while (next_line(lx, &raw)) {
		line = trim_newline(raw);
		while (doc->chomp && line.len && line.s[0] == '\t')
			line = str_from_off(line, 1);
		if (!str_is(line, doc->name))
			continue;
		doc->content = str_first(
			str_from_off(lx->text, from), (size_t)(raw.s - lx->text.s) - from);
		return 0;
	}
	err_set(err, ERR_CONFIG, "%s:%zu: unterminated heredoc: no line '%.200s' follows", lx->name,
		first_line, doc->name);
	return -1;
}

static bool
can_have_heredocs(const struct dockerfile_instruction *ins)
{
	if (ins->trigger)
		ins = ins->trigger;
	return !ins->json && (ins->kind == DOCKERFILE_RUN || ins->kind == DOCKERFILE_COPY ||
				     ins->kind == DOCKERFILE_ADD);
}

static int
read_heredocs(
	struct lexer *lx, struct str line, struct dockerfile_instruction *ins, struct err *err)
{
	struct strlist words = {0}, cooked, raw;
	struct dockerfile_heredoc *doc;
	struct str delimiter;
	size_t i;
	bool chomp;

	if (!can_have_heredocs(ins) || str_search(line, STR("<<")) < 0)
		return 0;
	/* a line that is no proper list of words has no heredocs */
	if (!word_split(lx->a, line, '\\', WORD_RAW_QUOTES | WORD_RAW_ESCAPES, &words))
		return 0;
	ins->heredocs = arena_new(lx->a, struct dockerfile_heredoc,
		words.n < DOCKERFILE_HEREDOCS_MAX ? words.n : DOCKERFILE_HEREDOCS_MAX);
	for (i = 0; i < words.n; i++) {
		if (!is_heredoc(str_from(words.items[i]), &delimiter, &chomp))
			continue;
		if (!word_split(lx->a, delimiter, '\\', 0, &cooked) ||
			!word_split(lx->a, delimiter, '\\', WORD_RAW_QUOTES, &raw))
			return fail(lx, ins->line, ERR_CONFIG, "malformed heredoc delimiter", err);
		if (cooked.n != 1)
			continue;
		if (ins->nheredocs == DOCKERFILE_HEREDOCS_MAX)
			return fail(lx, ins->line, ERR_LIMIT, "too many heredocs", err);
		doc = &ins->heredocs[ins->nheredocs++];
		doc->name = cooked.items[0];
		doc->chomp = chomp;
		doc->expand =
			raw.n == 1 && count_quotes(raw.items[0]) == count_quotes(cooked.items[0]);
		if (read_heredoc(lx, ins->line, doc, err) < 0)
			return -1;
	}
	return 0;
}

static struct dockerfile_instruction *
new_instruction(struct lexer *lx)
{
	struct dockerfile *df = lx->df;
	struct dockerfile_instruction *items;

	if (df->ninstructions == lx->cap) {
		lx->cap = lx->cap ? lx->cap * 2 : 64;
		items = arena_new(lx->a, struct dockerfile_instruction, lx->cap);
		if (df->ninstructions)
			memcpy(items, df->instructions, df->ninstructions * sizeof(*items));
		df->instructions = items;
	}
	return &df->instructions[df->ninstructions++];
}

static int
read_instruction(struct lexer *lx, size_t begin, struct str line, struct err *err)
{
	size_t first_line = lx->line;
	struct dockerfile_instruction *ins;
	struct logical lg = {0};
	bool more = take_continuation(&line, lx->df->escape);

	append(lx, &lg, line);
	if (more)
		join_lines(lx, &lg);
	if (!lex_trim(lg.text).len)
		return 0;
	if (lx->df->ninstructions == DOCKERFILE_INSTRUCTIONS_MAX)
		return fail(lx, first_line, ERR_LIMIT, "too many instructions", err);
	ins = new_instruction(lx);
	ins->begin = begin;
	ins->line = first_line;
	ins->after_keyword = lg.after_keyword;
	split_instruction(lx, lg.text, ins);
	if (ins->kind == DOCKERFILE_ONBUILD && ins->args.len) {
		ins->trigger = arena_new(lx->a, struct dockerfile_instruction, 1);
		*ins->trigger = *ins;
		ins->trigger->trigger = NULL;
		ins->trigger->kind = DOCKERFILE_OTHER;
		ins->trigger->flags = (struct strlist){0};
		split_instruction(lx, ins->args, ins->trigger);
	}
	if (read_heredocs(lx, lg.text, ins, err) < 0)
		return -1;
	ins->end = lx->at;
	ins->end_line = lx->line;
	if (ins->trigger) {
		ins->trigger->heredocs = ins->heredocs;
		ins->trigger->nheredocs = ins->nheredocs;
		ins->trigger->end = ins->end;
		ins->trigger->end_line = ins->end_line;
	}
	return 0;
}

static int
lex_all(struct lexer *lx, struct err *err)
{
	struct str raw, line;
	size_t begin;

	for (;;) {
		begin = lx->at;
		if (!next_line(lx, &raw))
			return 0;
		if (lx->line == 1 && str_take(&raw, STR("\xef\xbb\xbf")))
			begin += 3;
		line = trim_left(trim_newline(raw));
		if (take_directive(lx, line, err) < 0)
			return -1;
		if (!line.len || line.s[0] == '#')
			continue;
		if (read_instruction(lx, begin, line, err) < 0)
			return -1;
	}
}

int
lex_dockerfile(
	struct arena *a, struct str text, const char *name, struct dockerfile *df, struct err *err)
{
	struct lexer lx = {.a = a, .text = text, .name = name, .df = df};
	int rc;

	df->escape = '\\';
	rc = lex_all(&lx, err);
	buf_release(&lx.joined);
	return rc;
}
