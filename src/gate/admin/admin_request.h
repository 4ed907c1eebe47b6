/* SPDX-License-Identifier: MIT */
/* What is asked of the admin socket: the lines and bodies of its requests, read. Pure.
 *
 *	GET  /status                            how the gate is doing
 *	GET  /config                            gate.yaml as it is in force, secrets masked
 *	GET  /metrics                           for Prometheus
 *	GET  /purges?after=12                   the log of purges
 *	POST /purge   {"url": U} {"tag": T} {"all": true}, each with "soft": true
 *	POST /reload  POST /upgrade  POST /drain */
#pragma once

#include "base/buf.h"
#include "gate/purge/purge.h"

enum admin_what {
	ADMIN_STATUS, ADMIN_CONFIG, ADMIN_METRICS, ADMIN_PURGES, ADMIN_PURGE, ADMIN_RELOAD, ADMIN_UPGRADE,
	ADMIN_DRAIN,
};

struct admin_request {
	enum admin_what what;
	uint64_t after;          /* of PURGES */
	struct purge purge;      /* its text is in `text` */
	struct buf text;         /* buf_done() it */
	/* When it is refused: */
	int status;
	char why[160];           /* what and why */
	const char *next;        /* what to write instead */
};

/* True: *ret says what is wanted; false: why not. */
bool admin_request_read(struct text method, struct text target, struct text body, struct admin_request *ret);
