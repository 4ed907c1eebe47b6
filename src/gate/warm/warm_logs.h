/* SPDX-License-Identifier: MIT */
/* What is popular, as access logs of other servers tell it: nginx, Apache, Caddy, HAProxy, Envoy, JSON lines. */
#pragma once

#include "gate/gate_int.h"
#include "gate/warm/popular.h"

/* Read the logs that gate.yaml names, as streams, into `p`: GETs that were answered well, of routes that are cached. A
 * line without a time counts as one of now, one without a host as one for each of the hosts that gate.yaml names. A
 * log that cannot be read is told. */
void warm_read_logs(struct gate *gate, struct popular *p);

/* One request of a log; for the tests. False: it does not count. */
struct log_entry;
bool warm_log_item(const struct gate_config *c, const struct log_entry *entry, const char *host,
    struct buf *ret);
