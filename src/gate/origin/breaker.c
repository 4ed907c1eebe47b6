/* SPDX-License-Identifier: MIT */
#include "gate/origin/breaker.h"

#include <string.h>

#define OPENINGS_MAX 8   /* times the time open at most */

/* ---- the window ---- */

/* Move the window to now; what falls out of it is forgotten. */
static void
move_window(struct breaker *b, const struct gate_breaker *s, int64_t now_ns)
{
	int64_t slice = now_ns / (s->window_ns / BREAKER_SLICES + 1);

	if (slice - b->slice >= BREAKER_SLICES)
		memset(b->slices, 0, sizeof(b->slices));
	else
		for (int64_t i = b->slice + 1; i <= slice; i++)
			memset(&b->slices[i % BREAKER_SLICES], 0, sizeof(b->slices[0]));
	b->slice = slice;
}

static bool
has_failed(const struct breaker *b, const struct gate_breaker *s)
{
	int64_t requests = 0, errors = 0;

	if (s->errors && b->errors >= s->errors)
		return true;
	for (int i = 0; i < BREAKER_SLICES; i++) {
		requests += b->slices[i].requests;
		errors += b->slices[i].errors;
	}
	return s->ratio > 0 && requests >= s->requests && (double)errors >= s->ratio * (double)requests;
}

/* ---- states ---- */

static void
open_up(struct breaker *b, const struct gate_breaker *s, int64_t now_ns)
{
	if (b->openings < OPENINGS_MAX)
		b->openings++;
	b->state = BREAKER_OPEN;
	b->until_ns = now_ns + b->openings * s->open_ns;
}

static void
close_again(struct breaker *b)
{
	int64_t trials = b->trials;

	*b = (struct breaker){ .state = BREAKER_CLOSED, .slice = b->slice, .trials = trials };
}

enum breaker_verdict
breaker_begin(struct breaker *b, const struct gate_breaker *s, int64_t now_ns, int64_t *ret_after_ns)
{
	if (b->state == BREAKER_OPEN && now_ns >= b->until_ns) {
		b->state = BREAKER_HALF_OPEN;
		b->good_trials = 0;
	}
	if (b->state == BREAKER_CLOSED)
		return BREAKER_PASS;
	if (b->state == BREAKER_HALF_OPEN && b->trials + b->good_trials < s->trials) {
		b->trials++;
		return BREAKER_TRIAL;
	}
	*ret_after_ns = b->state == BREAKER_OPEN ? b->until_ns - now_ns : s->open_ns;
	return BREAKER_REFUSE;
}

static void
end_trial(struct breaker *b, const struct gate_breaker *s, enum outcome outcome, int64_t now_ns)
{
	b->trials--;
	if (b->state != BREAKER_HALF_OPEN)
		return;
	if (outcome == OUTCOME_BAD)
		open_up(b, s, now_ns);
	else if (outcome == OUTCOME_GOOD && ++b->good_trials >= s->trials)
		close_again(b);
}

void
breaker_end(struct breaker *b, const struct gate_breaker *s, enum breaker_verdict verdict,
    enum outcome outcome, int64_t now_ns)
{
	if (verdict == BREAKER_TRIAL) {
		end_trial(b, s, outcome, now_ns);
		return;
	}
	if (b->state != BREAKER_CLOSED || outcome == OUTCOME_UNKNOWN)
		return;
	move_window(b, s, now_ns);
	b->slices[b->slice % BREAKER_SLICES].requests++;
	if (outcome == OUTCOME_GOOD) {
		b->errors = 0;
		return;
	}
	b->slices[b->slice % BREAKER_SLICES].errors++;
	b->errors++;
	if (has_failed(b, s))
		open_up(b, s, now_ns);
}

/* ---- retries ---- */

void
retry_budget_init(struct retry_budget *r)
{
	r->tokens = RETRY_TOKENS_MAX;
}

void
retry_budget_request(struct retry_budget *r, const struct gate_retries *s)
{
	r->tokens += s->budget;
	if (r->tokens > RETRY_TOKENS_MAX)
		r->tokens = RETRY_TOKENS_MAX;
}

bool
retry_budget_take(struct retry_budget *r)
{
	if (r->tokens < 1)
		return false;
	r->tokens--;
	return true;
}
