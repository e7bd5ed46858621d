/* A folder, what is loaded from it, and what was wrong with it: for the tests of config/. */
#ifndef TEST_CONFIG_FIXTURE_H
#define TEST_CONFIG_FIXTURE_H

#include "sandbox.h"

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"

struct fixture {
	struct sandbox box;
	struct arena arena;
	struct config c;
	struct err err;
};

#define NO_VARS ((const char *const[]){NULL})

int config_setup(void **state);
int config_teardown(void **state);
/* Loads for the folder sub of the tree with variables up to NULL. */
int load(struct fixture *f, const char *sub, const char *const *vars);
int load_content(struct fixture *f, const char *content);
void assert_text(const struct config_text *t, const char *want);
void assert_secret(const struct config_secret *s, const char *want);

#endif
