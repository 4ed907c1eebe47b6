/* SPDX-License-Identifier: MIT */
/* Those who ask: HTTP/1.1 connections of a worker. */
#pragma once

#include "gate/gate_worker.h"

/* Somebody has connected: the number of the connection, or ENGINE_NONE. */
uint32_t client_accept(struct gate_worker *w);
void client_received(struct client *c, const char *bytes, size_t size);
bool client_ended(struct client *c);   /* it sends no more; true: it may still get its answers */
void client_sent(struct client *c);
void client_broken(struct client *c);
void client_due(struct client *c);     /* its timer */
void client_drain(struct client *c);   /* the gate is about to end */

/* Its address without port; a view of the client. */
struct text client_peer(struct client *c);

/* To the client. False: it is gone. */
bool client_send(struct client *c, const struct engine_piece *pieces, uint32_t n);
/* Hold its bytes back, or not. */
void client_hold(struct client *c, bool held);
/* What it sent ahead may be of use now. */
void client_go_on(struct client *c);

/* The answer is complete: the next request, or the end. */
void client_answered(struct client *c);
/* The answer breaks off: the client is to see that. */
void client_abort(struct client *c);
/* An answer of our own instead of an errand. `last`: the connection ends with it. */
void client_refuse(struct client *c, int status, const char *why, bool last);
