/* SPDX-License-Identifier: MIT */
/* An upstream that fails as a whole is not asked for a while (Nygard, "Release It!": circuit breaker), and
 * requests are sent again only as far as a budget goes (Google SRE book, chapter 21), so that retries do
 * not become the load that keeps it down. Both one a worker and upstream; time is an argument. */
#pragma once

#include <stdint.h>

#include "gate/config/config.h"
#include "gate/origin/balance.h"

#define BREAKER_SLICES 10

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum breaker_verdict {
	BREAKER_PASS,
	BREAKER_TRIAL,     /* may pass; its end decides */
	BREAKER_REFUSE,
};

/* Zero is closed. */
struct breaker {
	enum breaker_state state;
	int64_t errors;                  /* in a row */
	int64_t slice;                   /* the newest of the window, counted from time 0 */
	struct { int64_t requests, errors; } slices[BREAKER_SLICES];
	int64_t until_ns;                /* open until then */
	int64_t openings;                /* since it was last closed for good: each lasts longer */
	int64_t trials, good_trials;     /* under way, done */
};

/* With BREAKER_REFUSE *ret_after_ns is when to ask again. */
enum breaker_verdict breaker_begin(struct breaker *b, const struct gate_breaker *s, int64_t now_ns,
    int64_t *ret_after_ns);

/* For each request that was not refused, with what begin said. */
void breaker_end(struct breaker *b, const struct gate_breaker *s, enum breaker_verdict verdict,
    enum outcome outcome, int64_t now_ns);

#define RETRY_TOKENS_MAX 10.0

struct retry_budget {
	double tokens;
};

void retry_budget_init(struct retry_budget *r);
void retry_budget_request(struct retry_budget *r, const struct gate_retries *s);   /* a first attempt */
bool retry_budget_take(struct retry_budget *r);                                    /* may this one be sent again? */
