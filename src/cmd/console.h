/*
 * What users see: results on standard output, everything else on standard
 * error, each message in one write and ended by a newline.
 *
 * Text is never a format or markup. Messages are printed without control
 * characters, for others have their words in them. Under a CI that takes
 * commands from the log, text of others cannot give any: what would start one
 * is changed so that it does not. Results are printed as they are.
 */
#ifndef CMD_CONSOLE_H
#define CMD_CONSOLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/log.h"
#include "progress/progress.h"

struct env;
struct err;

struct console {
	struct log log; /* hand &console.log to the rooms below */
	int out, err;   /* descriptors, not owned */
	bool out_tty, err_tty;
	bool color;    /* on standard error */
	bool no_color; /* NO_COLOR is set: nothing can turn colour on */
	enum progress_ci ci;
	unsigned columns; /* COLUMNS, else 80 */
};

/* For descriptors 1 and 2; colour by terminal, TERM, NO_COLOR and the CI; level info. */
void console_init(struct console *c, const struct env *env);
/* The id, where the configuration names another one: sets ci, and colour where its log shows it. */
void console_provider(struct console *c, const char *id);
void console_verbose(struct console *c);
/* -q: no notes, unless --verbose asks for them. */
void console_quiet(struct console *c);

/*
 * "TOOL: error: MESSAGE", further lines indented under the text, then
 * "hint: HINT" when there is one, then the CI's own error form.
 */
void console_error(struct console *c, const char *tool, const struct err *err);

/* Results, as they are. ERR_SYS when standard output cannot take them. */
int console_print(struct console *c, struct str text, struct err *err);

/* Commands for the CI, made by ourselves, to standard error as they are. */
void console_command(struct console *c, struct str commands);

/* The CI's log viewer shows ANSI colours. */
bool provider_has_color(const char *provider);
/* The pure parts of console_error: what people read, what the CI reads. */
void console_error_text(
	struct buf *out, enum progress_ci ci, const char *tool, const struct err *err, bool color);
void console_command_text(
	struct buf *out, enum progress_ci ci, const char *tool, const struct err *err);

#endif
