/*
 * Notes that go with an image: --annotation, --attest, --provenance and --sbom as
 * attributes of the request. Pure. ERR_USAGE without the flag's name.
 */
#ifndef CMD_ATTESTS_H
#define CMD_ATTESTS_H

#include "base/arena.h"
#include "base/kv.h"

struct err;

/*
 * "KEY=VALUE", or with levels in front: manifest, index, manifest-descriptor,
 * index-descriptor, each perhaps for one [os/arch], as "index,manifest:KEY=VALUE".
 */
int annotation_add(struct arena *a, const char *text, struct kvlist *exporter, struct err *err);
/* "type=sbom|provenance[,KEY=VALUE...]"; disabled=true takes it back. */
int attest_add(struct arena *a, const char *text, struct kvlist *frontend, struct err *err);
/* --provenance and --sbom: true, false, or attributes. */
int attest_add_short(struct arena *a, const char *type, const char *text, struct kvlist *frontend,
	struct err *err);

#endif
