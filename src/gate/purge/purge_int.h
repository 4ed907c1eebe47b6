/* SPDX-License-Identifier: MIT */
/* The purging part of struct gate. */
#pragma once

#include "cache/key.h"
#include "cache/store.h"
#include "gate/config/config.h"
#include "gate/purge/purge_log.h"

/* The keys under which what is stored of a URL stands, however it is asked for: who purges does not know what TLS
 * ends where, nor which parameters its route leaves out. Keys are views of `out`. */
struct purge_keys {
	size_t n;
	struct cache_key keys[4];
	char out[4][CACHE_KEY_MAX];
};

/* -EINVAL: it is no URL, and there are none. */
int purge_url_keys(const struct gate_config *c, struct text url, struct purge_keys *ret);

/* `store` has room for one worker more. `path`: the file of the log; NULL: none. */
int purge_desk_open(struct store *store, const char *path, struct purge_desk **ret, struct err *e);
void purge_desk_close(struct purge_desk *d);   /* accepts NULL */

/* What gate_purge() does. `c`: whose routes say which parameters of a URL do not count. *ret_objects: of a URL how many
 * were there; else 0. */
int64_t purge_desk_take(struct purge_desk *d, const struct gate_config *c, const struct purge *p,
    uint32_t *ret_objects);
struct purge_log *purge_desk_log(struct purge_desk *d);
