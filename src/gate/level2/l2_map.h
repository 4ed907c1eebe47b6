/* SPDX-License-Identifier: MIT */
/* Who has what among the nodes of a second level: the slots of a cluster, or a primary and its replicas, as
 * the nodes tell. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/field.h"
#include "net/redis_slot.h"

#define L2_NODES_MAX 64        /* of a cluster; replicas beyond that are not asked */
#define L2_NO_NODE   UINT8_MAX

struct l2_place {
	char host[ADDR_TEXT_MAX];   /* an address, or a name; without brackets */
	uint16_t port;
	bool replica;
};

struct l2_map {
	struct l2_place places[L2_NODES_MAX];
	uint8_t n;
	uint8_t primary[REDIS_SLOTS];          /* by slot; L2_NO_NODE: nobody serves it */
	uint8_t of[L2_NODES_MAX];              /* of each replica, its primary */
};

/* The reply to CLUSTER SLOTS; `asked`: the host of who gave it, for nodes that have not been told their own.
 * False: it is none, or names no node; *ret is of no use then. */
bool l2_map_read(struct text reply, const char *asked, struct l2_map *ret);

enum l2_role { L2_ROLE_UNKNOWN, L2_ROLE_PRIMARY, L2_ROLE_REPLICA };

/* The reply to ROLE. A replica that has no link to its primary counts as unknown: nobody knows how old
 * what it says is. */
enum l2_role l2_role_read(struct text reply);
