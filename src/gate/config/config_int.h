/* SPDX-License-Identifier: MIT */
/* Between the files that read gate.yaml: takers of its parts, as yaml/take.h has them. */
#pragma once

#include "gate/config/config.h"
#include "yaml/take.h"

/* Members: a struct gate_address to connect to; a whole number from 0, from 1; a size above 0. */
int take_address(struct loading *l, const char *key, const struct node *n, void *to);
int take_listen_address(struct loading *l, const char *key, const struct node *n, void *to);
int take_number(struct loading *l, const char *key, const struct node *n, void *to);
int take_count_above_zero(struct loading *l, const char *key, const struct node *n, void *to);
int take_bytes(struct loading *l, const char *key, const struct node *n, void *to);

/* Members of struct gate_config; `to` is the whole. */
int take_listen(struct loading *l, const char *key, const struct node *n, void *to);
int take_upstreams(struct loading *l, const char *key, const struct node *n, void *to);
int take_routes(struct loading *l, const char *key, const struct node *n, void *to);
int take_cdns(struct loading *l, const char *key, const struct node *n, void *to);
int take_warming(struct loading *l, const char *key, const struct node *n, void *to);
/* A struct gate_redis_tls. */
int take_redis_tls(struct loading *l, const char *key, const struct node *n, void *to);
/* A struct gate_l2. */
int take_l2(struct loading *l, const char *key, const struct node *n, void *to);

/* A route's batch; `to` is a const struct gate_batch *. */
int take_batch(struct loading *l, const char *key, const struct node *n, void *to);
/* Can requests of the route be for it? */
int config_check_batch(struct loading *l, const struct gate_route *r);

/* Once all is read: routes know their upstreams, and each can be reached. */
int config_check_routes(struct loading *l, struct gate_config *c);

/* Members of struct gate_warming. */
int take_redis_events(struct loading *l, const char *key, const struct node *n, void *to);
int take_postgres_events(struct loading *l, const char *key, const struct node *n, void *to);
int take_rules(struct loading *l, const char *key, const struct node *n, void *to);
int config_check_warming(struct loading *l, struct gate_config *c);
