/* SPDX-License-Identifier: MIT */
/* What active checks say of a server (gate_health). Pure. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gate/config/config.h"

/* Zero is a server that has not been asked: it counts as well, and its first answer is believed at once. */
struct health {
	bool known, failing;
	int64_t against;        /* in a row that speak against `failing` as it is */
};

/* A check has ended. True: `failing` is another now. */
bool health_note(struct health *h, const struct gate_health *s, bool good);

/* How long to wait for the first check, at most a second; for the next one: the interval, a tenth more or less, so that
 * gates that began together do not ask together. `bits` are random. */
int64_t health_first_ns(const struct gate_health *s, uint64_t bits);
int64_t health_next_ns(const struct gate_health *s, uint64_t bits);

/* What a check brought: the status of an answer, or -errno. */
bool health_is_good(int result);
#define HEALTH_TEXT 80
const char *health_text(int result, char out[HEALTH_TEXT]);

/* The same for all threads; one writes. */
struct health_seen {
	atomic_bool failing;
	atomic_int result;      /* of the last check; 0: none yet */
};
