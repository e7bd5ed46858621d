/*
 * Addresses in Amazon ECR. Forms: account, "dkr.ecr" or "dkr-ecr", optional
 * "-fips", region, domain of the partition; registry-auth facts from the AWS
 * credential helper's public host pattern. Private to config/.
 */
#ifndef CONFIG_ECR_H
#define CONFIG_ECR_H

#include <stdbool.h>

#include "base/str.h"

/* Format of the message for one in the cache settings; the argument is the text. */
#define ECR_URL_REFUSED \
	"invalid ECR cache URL \"%s\": must match format " \
	"<12-digit-account>.dkr.ecr.<region>.amazonaws.com[/repository]"

struct ecr_url {
	struct str account; /* whatever stands in front of ".dkr"; empty for ECR Public */
	struct str region;
	struct str host; /* with port, if any */
	struct str path; /* without leading slash; may be empty */
	bool is_public;  /* public.ecr.aws */
};

/* False when it is no address of ECR. The account is not looked at. */
bool ecr_url_parse(struct str url, struct ecr_url *out);

#endif
