/* SPDX-License-Identifier: MIT */
/* Answers Prometheus: a thread that serves GET /metrics at an address of its own, one request after the other. */
#pragma once

#include "base/err.h"

struct gate;
struct metrics_server;

/* Starts the thread, when the configuration has an address; else *ret is NULL. The workers of `gate` have their
 * metrics until metrics_server_close. */
int metrics_server_open(struct gate *gate, struct metrics_server **ret, struct err *e);
void metrics_server_close(struct metrics_server *s);   /* accepts NULL */
