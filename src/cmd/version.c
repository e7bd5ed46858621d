#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/flags.h"
#include "cmd/options.h"

#ifndef BT_VERSION
#define BT_VERSION "dev"
#endif
#ifndef BT_COMMIT
#define BT_COMMIT "none"
#endif
#ifndef BT_DATE
#define BT_DATE "unknown"
#endif

const char *
version_text(void)
{
	return BT_VERSION;
}

void
version_line(struct buf *out)
{
	buf_puts(out, "Version: " BT_VERSION ", commit " BT_COMMIT ", built at " BT_DATE "\n");
}

int
version_show(struct cmd_context *ctx, const struct tool *t)
{
	cleanup_buf struct buf line = {0};
	struct err err = {0};

	version_line(&line);
	if (console_print(ctx->console, buf_view(&line), &err))
		return cmd_failed(ctx, t, &err);
	return EXIT_OK;
}

int
cmd_version(struct cmd_context *ctx, int argc, char **argv)
{
	cleanup_arena struct arena arena = {0};
	struct common_options o;
	struct err err = {0};
	int code;

	if (plain_options_parse(&o, &tool_version, argc, argv, &arena, &err))
		return cmd_usage(ctx, &tool_version, &err);
	if (cmd_early(ctx, &o, NULL, &code))
		return code;
	return version_show(ctx, &tool_version);
}
