/* SPDX-License-Identifier: MIT */
/* Between the files of the second level. */
#pragma once

#include <stdatomic.h>

#include "gate/gate_int.h"
#include "gate/level2/l2.h"
#include "gate/level2/l2_link.h"
#include "gate/level2/l2_map.h"
#include "gate/level2/l2_value.h"
#include "gate/origin/latency.h"

struct l2_node {
	struct l2_link link;         /* first: a link's owner is found so */
	struct l2 *l2;
	struct l2_place place;       /* of an unused one: nothing */
	const char *name;            /* of gate.yaml, for its certificate; NULL: it is only known by its address */
	enum l2_role role;
	uint8_t of;                  /* a cluster's replica: its primary */
	bool seed;                   /* of gate.yaml: kept whatever the cluster says */
	bool listed;                 /* by the cluster */
	struct breaker reads, writes;
};

struct l2 {
	struct gate_worker *w;
	const struct gate_l2 *c;
	struct tls_context *tls;     /* NULL: in clear */
	struct l2_node *nodes[L2_NODES_MAX];
	uint8_t n_nodes;
	uint8_t primary[REDIS_SLOTS];  /* of a cluster; L2_NO_NODE: not known */
	uint8_t next_replica;
	bool unsure;                 /* who is what is to be asked */
	bool looking;                /* and is being asked */
	bool map_is_new;             /* it has been told, and is to be applied */
	int64_t look_ns;             /* not before */
	struct l2_map map;           /* as it was told last */

	struct l2_read *first, **end;   /* questions under way, oldest first */
	struct latency latency;
	uint32_t skipped;
	struct l2_packer *packer;
	struct buf value, plain;     /* scratch */
	struct l2_stream *stream;    /* of the first worker; NULL: another one has it */
};

/* Bytes of replies that are looked at. */
size_t l2_reply_max(const struct gate_l2 *c);

/* ---- l2_nodes.c ---- */
void l2_nodes_open(struct l2 *l);
void l2_nodes_close(struct l2 *l);
/* What is known has turned out wrong. */
void l2_nodes_doubt(struct l2 *l);
void l2_nodes_look(struct l2 *l);
void l2_nodes_apply(struct l2 *l);
/* Whom to ask for a key of this slot, by its breaker: *ret_verdict is to be ended. NULL: nobody. */
struct l2_node *l2_reader(struct l2 *l, uint16_t slot, enum breaker_verdict *ret_verdict);
struct l2_node *l2_primary(struct l2 *l, uint16_t slot);   /* NULL: not known */
struct l2_node *l2_writer(struct l2 *l, uint16_t slot, enum breaker_verdict *ret_verdict);
/* Whom a redirection means; a slot that has moved is noted. NULL: it cannot be told. */
struct l2_node *l2_redirected(struct l2 *l, const struct l2_node *by, const char *error, bool *ret_ask);

extern const struct gate_breaker l2_breaker;

/* ---- l2_tell.c: what people should know, once until it has changed ---- */
void l2_tell_error(struct l2 *l, const struct l2_link *link, const char *error);
void l2_tell_down(struct l2 *l, const struct l2_link *link, const char *why);
void l2_tell_up(struct l2 *l, const struct l2_link *link);
void l2_tell_taken(struct l2 *l);      /* a write went well */
