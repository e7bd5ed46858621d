#include "cmd/console.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "ci/providers.h"
#include "progress/progress.h"

enum { COLUMNS_DEFAULT = 80, COLUMNS_LEAST = 40, COLUMNS_MOST = 400 };

#define RESET "\033[0m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define FAINT "\033[2m"

/* jenkins shows colours only with a plugin that cannot be seen from here */
static const char colored[] =
	" github gitea forgejo gitlab azure teamcity buildkite travis circleci bitbucket drone "
	"woodpecker semaphore cirrus appveyor codebuild cloudbuild bamboo gocd concourse harness "
	"screwdriver codefresh ";

bool
provider_has_color(const char *provider)
{
	cleanup_buf struct buf word = {0};

	if (!provider)
		return false;
	buf_addf(&word, " %s ", provider);
	return strstr(colored, buf_cstr(&word)) != NULL;
}

/* ---- messages ------------------------------------------------------------------------------- */

/*
 * Daemons and registries have their words in messages: nothing of them steers a terminal or a CI.
 * Every line after the first is indented under the text.
 */
static void
add_indented(
	struct buf *out, enum progress_ci ci, const char *label, size_t indent, const char *text)
{
	cleanup_buf struct buf safe = {0};
	struct str rest, line;
	bool first = true;

	progress_clean(&safe, str_from(text), ci, false);
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
add_command(struct buf *out, enum progress_ci ci, const char *tool, const char *text)
{
	if (ci == PROGRESS_CI_GITHUB) {
		buf_puts(out, "::error title=");
		progress_escape(out, ci, str_from(tool), true);
		buf_puts(out, "::");
	} else if (ci == PROGRESS_CI_AZURE) {
		buf_puts(out, "##vso[task.logissue type=error]");
	} else if (ci == PROGRESS_CI_TEAMCITY) {
		buf_puts(out, "##teamcity[message text='");
	} else {
		return;
	}
	progress_escape(out, ci, str_from(text), false);
	buf_puts(out, ci == PROGRESS_CI_TEAMCITY ? "' status='ERROR']\n" : "\n");
}

void
console_error_text(
	struct buf *out, enum progress_ci ci, const char *tool, const struct err *err, bool color)
{
	cleanup_buf struct buf label = {0};
	size_t indent;

	/* opens the group that the log viewer has folded */
	if (ci == PROGRESS_CI_BUILDKITE)
		buf_puts(out, "^^^ +++\n");
	buf_addf(&label, "%s: error: ", tool);
	indent = label.len;
	buf_reset(&label);
	buf_addf(&label, "%s: %serror:%s ", tool, color ? RED : "", color ? RESET : "");
	add_indented(out, ci, buf_cstr(&label), indent, err->msg[0] ? err->msg : "failed");
	if (err->hint[0])
		add_indented(out, ci, "hint: ", strlen("hint: "), err->hint);
}

void
console_command_text(struct buf *out, enum progress_ci ci, const char *tool, const struct err *err)
{
	cleanup_buf struct buf text = {0};

	progress_clean(&text, str_from(err->msg), PROGRESS_CI_NONE, false);
	if (err->hint[0]) {
		buf_puts(&text, "\nhint: ");
		progress_clean(&text, str_from(err->hint), PROGRESS_CI_NONE, false);
	}
	add_command(out, ci, tool, buf_cstr(&text));
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

	console_error_text(&text, c->ci, tool, err, c->color);
	console_command_text(&command, c->ci, tool, err);
	/* TeamCity reads its messages from standard output only */
	if (c->ci != PROGRESS_CI_TEAMCITY) {
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
	add_indented(&out, c->ci, buf_cstr(&label), strlen(looks[level].label), text);
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
	/* errors of the command line and the configuration are for the same log */
	console_provider(c, provider_detect(env)->id);
}

void
console_provider(struct console *c, const char *id)
{
	c->ci = progress_ci_of(id);
	if (provider_has_color(id) && !c->no_color)
		c->color = true;
}

void
console_verbose(struct console *c)
{
	c->log.min = LOG_DEBUG;
}

void
console_quiet(struct console *c)
{
	if (c->log.min == LOG_INFO)
		c->log.min = LOG_WARN;
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
