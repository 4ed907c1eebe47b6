/* SPDX-License-Identifier: MIT */
/* One connection that its thread waits for, in clear or through TLS: for errands beside the traffic that
 * an engine moves. Everything waits for the peer, at most `patience_ns` without any progress, never beyond
 * `until_ns`, and no longer once `stop` is readable. This side speaks first. One thread. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "net/tls.h"

struct talk;

struct talk_to {
	const char *host;              /* name or address; as long as the talk */
	uint16_t port;
	const struct tls_config *tls;  /* NULL: in clear; its `host` is who the certificate must be for */
	int64_t patience_ns;
	int64_t until_ns;              /* absolute; INT64_MAX: no end */
	int stop;                      /* a descriptor; -1: none */
};

/* Connect, to the first of the host's addresses that takes it, and shake hands. */
int talk_open(const struct talk_to *to, struct talk **ret, struct err *e);
void talk_close(struct talk *t);   /* accepts NULL */

/* -errno: ETIMEDOUT nothing moved in time, ECANCELED stopped, EPIPE the peer has ended, EPROTO TLS failed. */
int talk_send(struct talk *t, const void *bytes, size_t size);
/* What the peer says next is added to `in`: at least a byte, or -errno as above. */
int talk_receive(struct talk *t, struct buf *in);

/* What such a code means, and what to do about it ("" nothing special); as long as the talk. */
const char *talk_why(const struct talk *t, int code);
const char *talk_next(const struct talk *t);
