/* SPDX-License-Identifier: MIT */
/* What is sent through TLS, as records: of small pieces together, so that a head and the beginning of its body are
 * one; of large ones whole records from where they are. */
#pragma once

#include "base/buf.h"
#include "engine/engine.h"
#include "net/tls.h"

/* `record`: room for GATE_RECORD_BYTES, needed during the call. Into `out`, as tls_send; 0 or its code. */
int records_make(struct tls *tls, char *record, const struct engine_piece *pieces, uint32_t n, struct buf *out);
