/* SPDX-License-Identifier: MIT */
/* The purging part of struct gate. */
#pragma once

#include "cache/store.h"
#include "gate/purge_log.h"

/* `store` has room for one worker more. `path`: the file of the log; NULL: none. */
int purge_desk_open(struct store *store, const char *path, struct purge_desk **ret, struct err *e);
void purge_desk_close(struct purge_desk *d);   /* accepts NULL */

/* What gate_purge() does. *ret_objects: of a URL how many were there; else 0. */
int64_t purge_desk_take(struct purge_desk *d, const struct purge *p, uint32_t *ret_objects);
struct purge_log *purge_desk_log(struct purge_desk *d);
