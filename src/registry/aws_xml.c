#include "registry/aws_xml.h"

#include <string.h>

struct scan {
	struct str rest;
	struct str path[AWS_XML_DEPTH]; /* what is looked for */
	size_t wanted;                  /* names in path */
	size_t depth;                   /* open elements */
	size_t matched;                 /* of these, how many fit path from the root on */
};

static void
put_utf8(struct buf *out, uint32_t c)
{
	char text[4];
	size_t n = 0;

	if (c < 0x80) {
		text[n++] = (char)c;
	} else if (c < 0x800) {
		text[n++] = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		text[n++] = (char)(0xe0 | c >> 12);
		text[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		text[n++] = (char)(0xf0 | c >> 18);
		text[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		text[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		text[n++] = (char)(0x80 | (c & 0x3f));
	buf_mem(out, text, n);
}

/* name: what stands between '&' and ';' */
static bool
put_entity(struct buf *out, struct str name)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
	uint64_t code;
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (str_is(name, known[i].name)) {
			buf_putc(out, known[i].c);
			return true;
		}
	if (!str_take(&name, STR("#")))
		return false;
	if (!(str_take(&name, STR("x")) ? str_u64(name, 16, &code) : str_u64(name, 10, &code)))
		return false;
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	put_utf8(out, (uint32_t)code);
	return true;
}

static bool
put_text(struct buf *out, struct str text)
{
	struct str before, name;

	while (str_cut(&text, '&', &before)) {
		buf_str(out, before);
		if (!str_cut(&text, ';', &name) || !put_entity(out, name))
			return false;
	}
	buf_str(out, text);
	return true;
}

/* Past the first mark. */
static bool
skip_to(struct str *rest, struct str mark)
{
	ptrdiff_t at = str_search(*rest, mark);

	if (at < 0)
		return false;
	*rest = str_from_off(*rest, (size_t)at + mark.len);
	return true;
}

/* The content of a tag up to its '>', which may stand in a quoted attribute, too. */
static bool
take_tag(struct str *rest, struct str *tag)
{
	char quote = 0;
	size_t i;

	for (i = 0; i < rest->len; i++) {
		char c = rest->s[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			*tag = str_first(*rest, i);
			*rest = str_from_off(*rest, i + 1);
			return true;
		}
	}
	return false;
}

static struct str
name_of(struct str tag)
{
	size_t i;

	for (i = 0; i < tag.len; i++)
		if (strchr(" \t\r\n/", tag.s[i]))
			break;
	return str_first(tag, i);
}

static bool
opened(struct scan *s, struct str tag)
{
	struct str name = name_of(tag);

	if (name.len == 0 || s->depth >= 4 * AWS_XML_DEPTH)
		return false;
	if (s->matched == s->depth && s->depth < s->wanted &&
		(str_is(s->path[s->depth], "*") || str_eq(s->path[s->depth], name)))
		s->matched++;
	s->depth++;
	return true;
}

static bool
closed(struct scan *s)
{
	if (s->depth == 0)
		return false;
	s->depth--;
	if (s->matched > s->depth)
		s->matched = s->depth;
	return true;
}

static bool
is_there(const struct scan *s)
{
	return s->matched == s->wanted && s->depth == s->wanted;
}

/* One piece of markup, '<' being taken already. False when the document is broken. */
static bool
markup(struct scan *s, bool *end, struct str *cdata)
{
	struct str tag, start = s->rest;

	*end = false;
	if (str_take(&s->rest, STR("!--")))
		return skip_to(&s->rest, STR("-->"));
	if (str_take(&s->rest, STR("?")))
		return skip_to(&s->rest, STR("?>"));
	if (str_take(&s->rest, STR("![CDATA["))) {
		start = s->rest;
		if (!skip_to(&s->rest, STR("]]>")))
			return false;
		*cdata = str_first(start, (size_t)(s->rest.s - start.s) - 3);
		return true;
	}
	if (!take_tag(&s->rest, &tag) || tag.len == 0 || tag.s[0] == '!')
		return false;
	if (tag.s[0] == '/') {
		*end = is_there(s);
		return closed(s);
	}
	if (!opened(s, tag))
		return false;
	if (tag.s[tag.len - 1] == '/') {
		*end = is_there(s);
		return closed(s);
	}
	return true;
}

bool
aws_xml_text(struct str document, const char *path, struct buf *out)
{
	struct scan s = {.rest = document};
	struct str names = str_from(path), text, cdata;
	size_t start = out->len;
	bool end;

	while (s.wanted < AWS_XML_DEPTH && str_next(&names, '/', &s.path[s.wanted]))
		s.wanted++;
	while (str_cut(&s.rest, '<', &text)) {
		if (is_there(&s) && !put_text(out, text))
			break;
		cdata = (struct str){0};
		if (!markup(&s, &end, &cdata))
			break;
		if (cdata.len && is_there(&s))
			buf_str(out, cdata);
		if (end)
			return true;
	}
	out->len = start;
	if (out->p)
		out->p[start] = '\0';
	return false;
}
