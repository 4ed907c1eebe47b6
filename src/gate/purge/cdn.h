/* SPDX-License-Identifier: MIT */
/* Purges carried on to CDNs: a thread for each, which takes them from the log in their order and asks until it is
 * answered, with growing waits between, or as long as it asks for with Retry-After (an hour at most).
 *
 * One that cannot be answered for is never passed over but when the CDN refuses it as such (4xx) again and again; one
 * that has fallen behind what the log keeps purges everything. Purges of one kind that wait are asked for at once where
 * the CDN's driver takes many; of a batch that is refused halves are tried.
 *
 * Purges that came from another gate are that one's to carry on. Tokens are read for each request, from a file or the
 * environment, and written nowhere. */
#pragma once

#include <jansson.h>

#include "gate/config/config.h"
#include "gate/gate.h"
#include "gate/purge/purge_log.h"

struct cdns;

/* `c` and `log` outlive it. `others` are those of the configuration before, NULL: none; they are closed, and what they
 * were asked to wait for is waited for. Those that the log has no place for are told in *e. */
int cdns_open(const struct gate_config *c, struct purge_log *log, struct cdns *others, struct cdns **ret, struct err *e);
void cdns_close(struct cdns *k);     /* what is not carried on stays in the log; accepts NULL */

/* An item each: name, backlog, carried, refused, failing since, the last error, when it may be asked again. Any thread. */
json_t *cdns_json(struct cdns *k);
