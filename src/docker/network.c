/* What the Engine's default network looks like from the inside of a container. */
#include "base/clock.h"
#include "base/err.h"
#include "base/jval.h"
#include "docker/docker.h"
#include "docker/request.h"

enum { ANSWER_MS = 30000 };

int
docker_gateway(const struct docker *d, struct arena *a, char **address, struct err *err)
{
	cleanup_docker_exchange struct docker_exchange x = {0};
	cleanup_jval struct jval *v = NULL;
	struct http_request req = {.method = "GET"};
	int64_t deadline = deadline_in(ANSWER_MS);
	const struct jval *config;
	size_t i;

	if (docker_request_open(d, &x, &req, "/networks/bridge", deadline, err) ||
		docker_answer(&x, 200, &v, deadline, err))
		return -1;
	config = jval_get(jval_get(v, "IPAM"), "Config");
	for (i = 0; i < jval_len(config); i++) {
		const char *gateway = jval_get_str(jval_at(config, i), "Gateway");

		if (gateway && *gateway) {
			*address = arena_cstr(a, gateway);
			return 0;
		}
	}
	return err_set(err, ERR_REMOTE, "the Engine's default network has no gateway");
}
