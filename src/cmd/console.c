#include "cmd/console.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "progress/progress.h"

enum { COLUMNS_DEFAULT = 80, COLUMNS_LEAST = 40, COLUMNS_MOST = 400 };

#define RESET "\033[0m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define FAINT "\033[2m"

static const struct {
	const char *provider;
	enum dialect dialect;
	bool color;
} providers[] = {
	{"github", DIALECT_GITHUB, true}, {"gitea", DIALECT_GITHUB, true},
	{"forgejo", DIALECT_GITHUB, true}, {"azure", DIALECT_AZURE, true},
	{"teamcity", DIALECT_TEAMCITY, true}, {"buildkite", DIALECT_BUILDKITE, true},
	{"gitlab", DIALECT_NONE, true}, {"travis", DIALECT_NONE, true},
	{"circleci", DIALECT_NONE, true}, {"bitbucket", DIALECT_NONE, true},
	{"drone", DIALECT_NONE, true}, {"woodpecker", DIALECT_NONE, true},
	{"semaphore", DIALECT_NONE, true}, {"cirrus", DIALECT_NONE, true},
	{"appveyor", DIALECT_NONE, true}, {"codebuild", DIALECT_NONE, true},
	{"cloudbuild", DIALECT_NONE, true}, {"bamboo", DIALECT_NONE, true},
	{"gocd", DIALECT_NONE, true}, {"concourse", DIALECT_NONE, true},
	{"harness", DIALECT_NONE, true}, {"screwdriver", DIALECT_NONE, true},
	{"codefresh", DIALECT_NONE, true},
	/* jenkins shows colours only with a plugin that cannot be seen from here */
};

enum dialect
dialect_of(const char *provider)
{
	size_t i;

	for (i = 0; provider && i < ARRAY_LEN(providers); i++)
		if (strcmp(providers[i].provider, provider) == 0)
			return providers[i].dialect;
	return DIALECT_NONE;
}

bool
provider_has_color(const char *provider)
{
	size_t i;

	for (i = 0; provider && i < ARRAY_LEN(providers); i++)
		if (strcmp(providers[i].provider, provider) == 0)
			return providers[i].color;
	return false;
}

/* ---- text that is safe in a CI's log -------------------------------------------------------- */

static void
escape_github(struct buf *out, char c, bool property)
{
	if (c == '%')
		buf_puts(out, "%25");
	else if (c == '\r')
		buf_puts(out, "%0D");
	else if (c == '\n')
		buf_puts(out, "%0A");
	else if (property && c == ':')
		buf_puts(out, "%3A");
	else if (property && c == ',')
		buf_puts(out, "%2C");
	else
		buf_putc(out, c);
}

static void
escape_azure(struct buf *out, char c)
{
	/* '%' stays: agents differ in whether they take %AZP25 for it, all take the bare sign */
	if (c == '\r')
		buf_puts(out, "%0D");
	else if (c == '\n')
		buf_puts(out, "%0A");
	else if (c == ']')
		buf_puts(out, "%5D");
	else if (c == ';')
		buf_puts(out, "%3B");
	else
		buf_putc(out, c);
}

static void
escape_teamcity(struct buf *out, char c)
{
	if (c == '\n')
		buf_puts(out, "|n");
	else if (c == '\r')
		buf_puts(out, "|r");
	else if (strchr("|'[]", c))
		buf_addf(out, "|%c", c);
	else
		buf_putc(out, c);
}

void
dialect_escape(struct buf *out, enum dialect d, struct str text, bool property)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = text.s[i];

		/* NUL has no form in any of them */
		if (c == '\0')
			continue;
		if (d == DIALECT_GITHUB)
			escape_github(out, c, property);
		else if (d == DIALECT_AZURE)
			escape_azure(out, c);
		else if (d == DIALECT_TEAMCITY)
			escape_teamcity(out, c);
		else
			buf_putc(out, c);
	}
}

/* GitHub takes "::name" at the start of a line, blanks before it allowed. */
static void
defuse_line(struct buf *out, enum dialect d, struct str line)
{
	struct str start = line;

	while (start.len && strchr(" \t\r\v\f", start.s[0]) && start.s[0])
		start = str_from_off(start, 1);
	if (d == DIALECT_GITHUB && str_starts(start, STR("::")))
		buf_puts(out, "> ");
	for (; line.len; line = str_from_off(line, 1)) {
		bool command = (d == DIALECT_GITHUB && str_starts(line, STR("##["))) ||
			       (d == DIALECT_AZURE && (str_istarts(line, STR("##vso[")) ||
							      str_starts(line, STR("##[")))) ||
			       (d == DIALECT_TEAMCITY && str_istarts(line, STR("##teamcity[")));

		if (command) {
			buf_puts(out, "**");
			line = str_from_off(line, 1);
		} else {
			buf_putc(out, line.s[0]);
		}
	}
}

void
dialect_defuse(struct buf *out, enum dialect d, struct str text)
{
	struct str line;

	while (str_cut(&text, '\n', &line)) {
		defuse_line(out, d, line);
		buf_putc(out, '\n');
	}
	defuse_line(out, d, text);
}

/* ---- messages ------------------------------------------------------------------------------- */

/* Daemons and registries have their words in messages: nothing of them steers a terminal. */
static void
clean(struct buf *out, const char *text)
{
	progress_clean(out, str_from(text), PROGRESS_CI_NONE, false);
}

/* Every line after the first is indented under the text. */
static void
add_indented(struct buf *out, enum dialect d, const char *label, size_t indent, const char *text)
{
	cleanup_buf struct buf cleaned = {0}, safe = {0};
	struct str rest, line;
	bool first = true;

	clean(&cleaned, text);
	dialect_defuse(&safe, d, buf_view(&cleaned));
	rest = buf_view(&safe);
	while (rest.len && rest.s[rest.len - 1] == '\n')
		rest.len--;
	buf_puts(out, label);
	while (str_line(&rest, &line)) {
		if (!first)
			buf_addf(out, "\n%*s", (int)indent, "");
		buf_str(out, line);
		first = false;
	}
	buf_putc(out, '\n');
}

static void
add_command(struct buf *out, enum dialect d, const char *tool, const char *text)
{
	if (d == DIALECT_GITHUB) {
		buf_puts(out, "::error title=");
		dialect_escape(out, d, str_from(tool), true);
		buf_puts(out, "::");
	} else if (d == DIALECT_AZURE) {
		buf_puts(out, "##vso[task.logissue type=error]");
	} else if (d == DIALECT_TEAMCITY) {
		buf_puts(out, "##teamcity[message text='");
	} else {
		return;
	}
	dialect_escape(out, d, str_from(text), false);
	buf_puts(out, d == DIALECT_TEAMCITY ? "' status='ERROR']\n" : "\n");
}

void
console_error_text(
	struct buf *out, enum dialect d, const char *tool, const struct err *err, bool color)
{
	cleanup_buf struct buf label = {0};
	size_t indent;

	/* opens the group that the log viewer has folded */
	if (d == DIALECT_BUILDKITE)
		buf_puts(out, "^^^ +++\n");
	buf_addf(&label, "%s: error: ", tool);
	indent = label.len;
	buf_reset(&label);
	buf_addf(&label, "%s: %serror:%s ", tool, color ? RED : "", color ? RESET : "");
	add_indented(out, d, buf_cstr(&label), indent, err->msg[0] ? err->msg : "failed");
	if (err->hint[0])
		add_indented(out, d, "hint: ", strlen("hint: "), err->hint);
}

void
console_command_text(struct buf *out, enum dialect d, const char *tool, const struct err *err)
{
	cleanup_buf struct buf text = {0};

	clean(&text, err->msg);
	if (err->hint[0]) {
		buf_puts(&text, "\nhint: ");
		clean(&text, err->hint);
	}
	add_command(out, d, tool, buf_cstr(&text));
}

/* Whoever started us may have left the descriptor non-blocking: that is no reason to lose text. */
static int
write_all(int fd, struct str text)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	ssize_t n;

	while (text.len) {
		n = fd_write(fd, text.s, text.len);
		if (n >= 0)
			text = str_from_off(text, (size_t)n);
		else if (errno != EAGAIN || (poll(&p, 1, -1) < 0 && errno != EINTR))
			return -1;
	}
	return 0;
}

/* Diagnostics that cannot be written have nowhere to be reported. */
static void
emit(int fd, const struct buf *text)
{
	(void)write_all(fd, buf_view(text));
}

void
console_error(struct console *c, const char *tool, const struct err *err)
{
	cleanup_buf struct buf text = {0}, command = {0};

	console_error_text(&text, c->dialect, tool, err, c->color);
	console_command_text(&command, c->dialect, tool, err);
	/* TeamCity reads its messages from standard output only */
	if (c->dialect != DIALECT_TEAMCITY) {
		buf_str(&text, buf_view(&command));
		buf_reset(&command);
	}
	emit(c->err, &text);
	emit(c->out, &command);
}

static void
write_log(struct log *log, enum log_level level, const char *text)
{
	static const struct {
		const char *label, *color;
	} looks[] = {
		[LOG_DEBUG] = {"", FAINT},
		[LOG_INFO] = {"", ""},
		[LOG_WARN] = {"warning: ", YELLOW},
		[LOG_ERROR] = {"error: ", RED},
	};
	struct console *c = log->arg;
	cleanup_buf struct buf out = {0}, label = {0};
	const char *color = c->color ? looks[level].color : "";
	/* a warning's label is coloured, a debug message as a whole */
	bool whole = !*looks[level].label;

	buf_addf(&label, "%s%s%s", color, looks[level].label, *color && !whole ? RESET : "");
	add_indented(&out, c->dialect, buf_cstr(&label), strlen(looks[level].label), text);
	if (*color && whole) {
		out.len--;
		buf_puts(&out, RESET "\n");
	}
	emit(c->err, &out);
}

static unsigned
columns(const struct env *env)
{
	const char *text = env_get(env, "COLUMNS");
	uint64_t n;

	if (!text || !str_u64(str_from(text), 10, &n))
		return COLUMNS_DEFAULT;
	if (n < COLUMNS_LEAST)
		return COLUMNS_LEAST;
	return n > COLUMNS_MOST ? COLUMNS_MOST : (unsigned)n;
}

void
console_init(struct console *c, const struct env *env)
{
	*c = (struct console){.out = STDOUT_FILENO, .err = STDERR_FILENO};
	c->log = (struct log){.min = LOG_INFO, .write = write_log, .arg = c};
	c->out_tty = isatty(c->out) == 1;
	c->err_tty = isatty(c->err) == 1;
	c->no_color = env_has(env, "NO_COLOR");
	c->color = c->err_tty && !c->no_color && !env_is(env, "TERM", "dumb");
	c->columns = columns(env);
}

void
console_provider(struct console *c, const char *id)
{
	c->dialect = dialect_of(id);
	if (provider_has_color(id) && !c->no_color)
		c->color = true;
}

void
console_verbose(struct console *c)
{
	c->log.min = LOG_DEBUG;
}

int
console_print(struct console *c, struct str text, struct err *err)
{
	if (write_all(c->out, text))
		return err_sys(err, "write to standard output");
	return 0;
}

void
console_command(struct console *c, struct str commands)
{
	(void)write_all(c->err, commands);
}
