/* --config: the configuration in force, without secrets. */
#ifndef CMD_CONFIG_PRINT_H
#define CMD_CONFIG_PRINT_H

struct cmd_context;
struct common_options;

/* Returns an exit code; for cmd_early. */
int config_print(struct cmd_context *ctx, const struct common_options *o);

#endif
