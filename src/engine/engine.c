/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static const struct engine_ops *const engines[] = { &engine_uring, &engine_epoll };

int
engine_choose(const char *name, uint32_t max_conns, const struct engine_ops **ret)
{
	static const struct engine_sink nobody;
	int code = -EINVAL;

	for (size_t i = 0; i < COUNT_OF(engines); i++) {
		struct engine *g;
		if (name && strcmp(name, engines[i]->name) != 0)
			continue;
		code = engines[i]->open(max_conns, &nobody, &g);
		if (code < 0)
			continue;
		engines[i]->close(g);
		*ret = engines[i];
		return 0;
	}
	return code;
}
