/* SPDX-License-Identifier: MIT */
/* Connections of a worker to the servers behind: made, kept, lost. */
#pragma once

#include "gate/gate_worker.h"

int upstream_open(struct gate_worker *w);     /* 0 or -ENOMEM */
void upstream_close(struct gate_worker *w);

/* Choose a server and find a connection for an errand: errand_got_up, errand_no_up or its failure follows, maybe at
 * once. */
void upstream_ask(struct errand *x);
/* The same, on a connection that nobody has used. */
void upstream_ask_anew(struct errand *x);
/* A connection to the server of its second side, which is told (hedge.h). False: there is none. */
bool upstream_ask_second(struct errand *x);
/* The same for those who wait and for whom there is room now. */
void upstream_turn(struct gate_worker *w);

/* Back to the pool: it has answered, whole. */
void up_release(struct up *u);
/* Close; its errand hears nothing. */
void up_drop(struct up *u);
/* Close; its errand is told. */
void up_break(struct up *u, int code);
void up_hold(struct up *u, bool held);

/* ---- told by the engine ---- */
void up_connected(struct up *u);
void up_received(struct up *u, const char *bytes, size_t size);
bool up_ended(struct up *u);
void up_sent(struct up *u);
void up_broken(struct up *u, int code);
void up_due(struct up *u);
void server_due(struct server *s);            /* its timer: connections are made */
