/* Which verb: the name we were called by, else the first word. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/init.h"

static const struct verb verbs[] = {
	{"build", cmd_build},
	{"push", cmd_push},
	{"info", cmd_info},
	{"doctor", cmd_doctor},
	{"version", cmd_version},
	{"help", cmd_help},
	{"completion", cmd_completion},
};

static const struct verb *
verb_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/*
 * A closed standard descriptor would be given to the next file or socket, and
 * messages would go there. O_PATH on the root works where there is no /dev.
 */
static void
fill_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", O_RDWR) < 0)
			(void)open("/", O_PATH);
	}
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int
dispatch(struct cmd_context *ctx, int argc, char **argv)
{
	static char build[] = "build";
	char *no_words[] = {build, NULL};
	const char *name = argc ? base_name(argv[0]) : "";
	const struct verb *verb;

	if (strcmp(name, "build") == 0)
		return cmd_build(ctx, argc, argv);
	if (strcmp(name, "push") == 0)
		return cmd_push(ctx, argc, argv);
	if (argc < 2)
		return cmd_build(ctx, 1, no_words);
	if (argv[1][0] == '-')
		return cmd_build(ctx, argc, argv);
	verb = verb_find(argv[1]);
	return verb ? verb->run(ctx, argc - 1, argv + 1) : cmd_entrypoint(ctx, argc - 1, argv + 1);
}

int
main(int argc, char **argv)
{
	static char cwd[LIMIT_PATH];
	struct console console;
	struct cmd_context ctx = {.console = &console};
	int code;

	if (getpid() == 1 && init_supervise(&code))
		return code;
	fill_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	ctx.env.vars = (const char *const *)environ;
	ctx.cwd = getcwd(cwd, sizeof(cwd));
	console_init(&console, &ctx.env);
	ctx.log = &console.log;
	return dispatch(&ctx, argc, argv);
}
