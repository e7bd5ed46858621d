#include "progress/escape.h"

#include "base/codec.h"

enum state {
	GROUND,
	ESC,        /* after ESC */
	NF,         /* after ESC and an intermediate byte */
	CSI,        /* inside a control sequence */
	STRING,     /* inside a string that ends with ST or BEL */
	STRING_ESC, /* ESC inside it */
};

static bool
is_control(char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool
emit(struct escape_event *ev, enum escape_kind kind, struct str text, char code)
{
	*ev = (struct escape_event){.kind = kind, .code = code, .text = text};
	return true;
}

static bool
emit_invalid(struct escape *e, struct escape_event *ev)
{
	e->nutf = 0;
	return emit(ev, ESCAPE_TEXT, STR("\xef\xbf\xbd"), 0);
}

/* One byte outside ASCII, or the one after an unfinished sequence. */
static bool
take_utf8(struct escape *e, struct str *rest, struct escape_event *ev)
{
	char c = rest->s[0];
	size_t need, n;

	if (e->nutf && (c & 0xc0) != 0x80)
		return emit_invalid(e, ev);
	*rest = str_from_off(*rest, 1);
	e->utf[e->nutf++] = c;
	need = e->utf[0] < 0xe0 ? 2 : e->utf[0] < 0xf0 ? 3 : 4;
	if (e->utf[0] < 0xc2 || e->utf[0] > 0xf4)
		return emit_invalid(e, ev);
	if (e->nutf < need)
		return false;
	n = utf8_len(str_n(e->utf, e->nutf));
	if (n == 0)
		return emit_invalid(e, ev);
	e->nutf = 0;
	/* C1 controls: eight bit forms of what ESC introduces */
	if (e->utf[0] == 0xc2 && e->utf[1] < 0xa0)
		return false;
	return emit(ev, ESCAPE_TEXT, str_n(e->utf, n), 0);
}

static bool
take_ground(struct escape *e, struct str *rest, struct escape_event *ev)
{
	char c = rest->s[0];
	struct str run = *rest;
	size_t n;

	if (e->nutf || c >= 0x80)
		return take_utf8(e, rest, ev);
	for (n = 0; n < run.len && run.s[n] < 0x80 && !is_control(run.s[n]); n++)
		;
	*rest = str_from_off(*rest, n ? n : 1);
	if (n)
		return emit(ev, ESCAPE_TEXT, str_first(run, n), 0);
	if (c == 0x1b)
		e->state = ESC;
	if (c == '\n' || c == '\r' || c == '\b' || c == '\t')
		return emit(ev, ESCAPE_CONTROL, (struct str){0}, c);
	return false;
}

static void
after_esc(struct escape *e, char c)
{
	if (c == '[') {
		e->state = CSI;
		e->nseq = 0;
		e->too_long = false;
	} else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
		e->state = STRING;
	} else {
		e->state = c >= 0x20 && c < 0x30 ? NF : GROUND;
	}
}

static bool
in_csi(struct escape *e, char c, struct escape_event *ev)
{
	if (c < 0x20)
		return false;
	if (c < 0x40) {
		if (e->nseq < sizeof(e->seq))
			e->seq[e->nseq++] = c;
		else
			e->too_long = true;
		return false;
	}
	e->state = GROUND;
	if (e->too_long)
		return false;
	return emit(ev, ESCAPE_CSI, str_n(e->seq, e->nseq), c);
}

/* One byte while not in GROUND; false when nothing comes out of it. */
static bool
take_escape(struct escape *e, struct str *rest, struct escape_event *ev)
{
	char c = rest->s[0];

	/* a line feed ends everything and still counts, as do bytes that no sequence has */
	if (c == '\n' || (c >= 0x7f && e->state != STRING)) {
		e->state = GROUND;
		return false;
	}
	if (e->state == STRING_ESC && c != '\\') {
		e->state = ESC;
		return false;
	}
	*rest = str_from_off(*rest, 1);
	if (c == 0x18 || c == 0x1a) {
		e->state = GROUND;
		return false;
	}
	if (c == 0x1b) {
		e->state = e->state == STRING ? STRING_ESC : ESC;
		return false;
	}
	switch ((enum state)e->state) {
	case ESC:
		after_esc(e, c);
		return false;
	case NF:
		if (c >= 0x30)
			e->state = GROUND;
		return false;
	case CSI:
		return in_csi(e, c, ev);
	case STRING:
		if (c == 0x07)
			e->state = GROUND;
		return false;
	case STRING_ESC:
	case GROUND:
		e->state = GROUND;
		return false;
	}
	return false;
}

bool
escape_next(struct escape *e, struct str *rest, struct escape_event *ev)
{
	while (rest->len) {
		if (e->state == GROUND) {
			if (take_ground(e, rest, ev))
				return true;
		} else if (take_escape(e, rest, ev)) {
			return true;
		}
	}
	return false;
}

bool
escape_is_color(const struct escape_event *ev)
{
	size_t i;

	if (ev->kind != ESCAPE_CSI || ev->code != 'm')
		return false;
	for (i = 0; i < ev->text.len; i++) {
		char c = ev->text.s[i];

		if ((c < '0' || c > '9') && c != ';' && c != ':')
			return false;
	}
	return true;
}

bool
escape_is_reset(const struct escape_event *ev)
{
	return escape_is_color(ev) && (ev->text.len == 0 || str_is(ev->text, "0"));
}
