/* SPDX-License-Identifier: MIT */
/* The certificates that the gate shows: read from their files, read again when these change, and handed to the workers,
 * each of which has contexts of its own for TLS (OpenSSL 3.0 has threads that share one wait for each other). */
#pragma once

#include "gate/gate.h"
#include "net/tls.h"

struct certificates;

/* Read all of them. Errors say where in gate.yaml the file is named. No certificate at all: NULL, and 0. */
int certificates_open(const struct gate_config *c, struct certificates **ret, struct err *e);
void certificates_close(struct certificates *k);   /* accepts NULL */

/* Have files changed? Looked at once in a while; by the control thread. What cannot be used is told, and changes
 * nothing. */
void certificates_look(struct certificates *k, int64_t now, const struct gate_talk *talk);

/* A worker's contexts, by listener (NULL: in clear); zeroed before the first call. Brought up to date, cheaply when
 * they are. -errno: there are none. */
struct worker_tls {
	uint64_t version;
	struct tls_context *contexts[GATE_LISTENS_MAX];
};
int certificates_update(struct certificates *k, struct worker_tls *t);
void certificates_drop(struct worker_tls *t);      /* after the connections */
