#include "cmd/verify.h"

#include <string.h>

#include "base/err.h"
#include "cmd/solves.h"
#include "docker/docker.h"
#include "image/digest.h"

/* The Engine must hold every name, and the same image under all of them. */
static int
verify_loaded(struct arena *a, const struct kvlist *answer, const struct docker *d,
	const struct strlist *names, bool one, struct err *err)
{
	const char *config = kv_get(answer, "containerimage.config.digest");
	const char *digest = kv_get(answer, "containerimage.digest");
	size_t i;

	for (i = 0; i < names->n; i++) {
		char *id;

		if (docker_image_id(d, a, names->items[i], &id, err))
			return err_wrap(
				err, "'%s' is not in the Engine after the build", names->items[i]);
		if (one && !(config && !strcmp(id, config)) && !(digest && !strcmp(id, digest)))
			return err_set(err, ERR_PROTO, "'%s' is not the image that was built",
				names->items[i]);
	}
	return 0;
}

/* What was made must have a digest that makes sense, and the names that were asked for. */
int
verify_result(struct arena *a, const struct kvlist *answer, const struct planned_solve *s,
	const struct docker *builds, const struct docker *takes, struct err *err)
{
	const char *digest = kv_get(answer, "containerimage.digest");
	const char *names = kv_get(answer, "image.name");
	const char *wanted = kv_get(&s->solve.exporters.items[0].attrs, "name");
	bool one = s->solve.exporters.n == 1; /* the answers of several are mixed */

	if (!digest && !kv_get(answer, "containerimage.config.digest"))
		return err_set(err, ERR_PROTO, "the daemon reports success but names no image");
	if (digest && digest_check(str_from(digest), err))
		return err_wrap(err, "digest of the image");
	if (s->pushes && !digest)
		return err_set(err, ERR_PROTO,
			"the daemon reports success but no digest of what it "
			"published");
	if (one && names && wanted && strcmp(names, wanted) != 0)
		return err_set(err, ERR_PROTO, "the daemon names the image '%s' instead of '%s'",
			names, wanted);
	if (s->loads && verify_loaded(a, answer, builds, &s->tags, true, err))
		return -1;
	return verify_loaded(a, answer, takes, &s->engine, one, err);
}
