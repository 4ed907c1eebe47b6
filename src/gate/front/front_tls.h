/* SPDX-License-Identifier: MIT */
/* TLS of a connection in front. */
#pragma once

#include "gate/front/front.h"

/* The client has to speak first. -errno. */
int front_tls_begin(struct front *f);
void front_tls_received(struct front *f, const char *bytes, size_t size);
/* As front_send. */
ssize_t front_tls_send(struct front *f, const struct engine_piece *pieces, uint32_t n);
void front_tls_goodbye(struct front *f);
/* The connection is gone; also of one in clear. */
void front_tls_done(struct front *f);
