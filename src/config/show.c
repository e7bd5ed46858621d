#include <string.h>

#include "base/buf.h"
#include "config/select.h"

#define MASK "'***'"

/* Text that YAML reads back as this very text without quotes. */
static bool
is_plain(const char *s)
{
	static const char *const words[] = {
		"null", "true", "false", "yes", "no", "on", "off", "y", "n", NULL};
	const char *const *w;
	const char *p;

	for (w = words; *w; w++)
		if (str_iis(str_from(s), *w))
			return false;
	for (p = s; *p; p++) {
		bool alpha = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z');
		bool digit = *p >= '0' && *p <= '9';

		/* what starts otherwise could be a number or have a meaning of its own */
		if (!alpha && (p == s || (!digit && !strchr("._/+-", *p))))
			return false;
	}
	return p != s;
}

static void
add_text(struct buf *out, const char *s)
{
	const unsigned char *p;

	if (is_plain(s)) {
		buf_puts(out, s);
		return;
	}
	buf_putc(out, '"');
	for (p = (const unsigned char *)s; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_addf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			buf_addf(out, "\\x%02x", *p);
		else
			buf_putc(out, (char)*p);
	}
	buf_putc(out, '"');
}

static void
add_line(struct buf *out, unsigned indent, const char *key, const char *value)
{
	buf_addf(out, "%*s", (int)indent, "");
	add_text(out, key);
	buf_puts(out, ": ");
	add_text(out, value);
	buf_putc(out, '\n');
}

static void
add_registry(const struct registry_choice *r, struct buf *out)
{
	size_t i;

	if (!r->nfields) {
		buf_puts(out, "registry: {}\n");
		return;
	}
	buf_puts(out, "registry:\n");
	for (i = 0; i < r->nfields; i++) {
		if (r->fields[i].value)
			add_line(out, 4, r->fields[i].key, r->fields[i].value);
		else
			buf_addf(out, "    %s: " MASK "\n", r->fields[i].key);
	}
}

static void
add_targets(const struct config *c, struct buf *out)
{
	const struct config_target *t;
	size_t i;

	if (!c->ntargets) {
		buf_puts(out, "targets: {}\n");
		return;
	}
	buf_puts(out, "targets:\n");
	for (i = 0; i < c->ntargets; i++) {
		bool empty;

		t = &c->targets[i];
		empty = !t->context.value && !t->namespace.value &&
			!secret_is_set(&t->kubeconfig.value);
		buf_puts(out, "    ");
		add_text(out, t->name);
		buf_puts(out, empty ? ": {}\n" : ":\n");
		if (t->context.value)
			add_line(out, 8, "context", t->context.value);
		if (t->namespace.value)
			add_line(out, 8, "namespace", t->namespace.value);
		if (secret_is_set(&t->kubeconfig.value))
			buf_puts(out, "        kubeconfig: " MASK "\n");
	}
}

void
config_show(const struct config *c, const struct registry_choice *r, const char *ci,
	const char *vcs, struct buf *out)
{
	buf_puts(out, "Current config\n");
	add_line(out, 0, "ci", ci ? ci : "none");
	add_line(out, 0, "vcs", vcs ? vcs : "none");
	add_registry(r, out);
	add_targets(c, out);
}
