/* SPDX-License-Identifier: MIT */
/* The leader's own. Private to lead.c and lead_call.c. */
#pragma once

#include "base/progress.h"
#include "fleet/crew.h"
#include "fleet/link.h"
#include "fleet/order.h"
#include "spec/spec.h"

#define LEAD_AT_ONCE      200          /* entries of a stream */
#define LEAD_AT_ONCE_TEXT "200"
#define LEAD_ID_MAX       48           /* of an entry */

struct lead {
	struct link *link;
	const struct spec *spec;
	const struct progress *progress;
	struct fleet_keys keys;
	char id[FLEET_TOKEN_MAX];
	char last[LEAD_ID_MAX];        /* entry of the stream that is read */
	struct crew crew;
	int64_t offset_ns;             /* from our clock to the server's */
	int64_t renewed_ns;
	struct load *load;
	struct load_elsewhere hooks;
	bool many;                     /* phases of all kinds, not one */
	size_t phase, stopped;         /* the number of this one; up to which they are to end */
	bool idle;                     /* between phases */
	bool leaving;
	struct tally *closed;          /* of the lost, when the phase is over */
	bool over;
	int code;                      /* of the link, once it failed */
	struct err *e;
};

/* Meet at the server, call for workers, wait for them: d->crew has them. */
int lead_assemble(struct lead *d);
/* Give those who take part the order for a phase and its start, which is d->crew.start_ns. */
int lead_start(struct lead *d, const struct order *o);

/* What came to a stream since d->last: an array of entries inside the reply; NULL: nothing. */
int lead_read(struct lead *d, const char *key, redisReply **ret, const redisReply **ret_entries);
/* Pass over this entry. False: it is none. */
bool lead_pass(struct lead *d, const redisReply *entry);

/* The leader lives, or it is over; and the numbers of those who were given up. */
int lead_say(struct lead *d);
/* The same when it is time; `calling`: workers are looked for still. */
int lead_renew(struct lead *d, bool calling);
