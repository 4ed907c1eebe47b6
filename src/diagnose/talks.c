/* SPDX-License-Identifier: MIT */
#include "diagnose/talks.h"

#include <math.h>
#include <string.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define TAKEN_MIN     0.65     /* of the connections, at a time: the load is a little below the limit */
#define BRIEF_S       0.010
#define LONGER        1.2      /* than the 99th percentile of the requests */
/* Of a question, and of a byte of its answer, in the drivers of interpreted languages: estimates. */
#define ASKING_CPU_S  60e-6
#define TAKING_CPU_S  0.5e-9

double
talks_seconds(const struct run_call *c)
{
	return c->calls > 0 ? c->seconds / c->calls : NAN;
}

bool
talks_brief(const struct run_call *c)
{
	return talks_seconds(c) < BRIEF_S;
}

bool
talks_background(const struct facts *f, const struct run_call *c)
{
	return f->phase && talks_seconds(c) > LONGER * f->phase->service.p99;
}

const struct run_call *
talks_taken(const struct facts *f, enum run_part_kind part)
{
	for (size_t i = 0; !f->scope && i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		const struct run_peer *p = peer_at(f->run, c->peer);
		double open = p ? (double)p->connections : 0;
		bool wanted = part == PART_NONE || peer_part_at(f->run, PART_NET, c->peer) == part;
		if (wanted && !talks_background(f, c) && open >= 1 && c->seconds >= TAKEN_MIN * open * f->trace->seconds)
			return c;
	}
	return NULL;
}

/* Statements were seen on the wire, each call of them. */
static bool
statements_counted(const struct facts *f)
{
	for (size_t i = 0; i < f->trace->n_queries; i++)
		if (f->trace->queries[i].calls > 0)
			return true;
	return false;
}

const struct run_call *
talks_most(const struct facts *f, enum run_part_kind part)
{
	const struct run_call *most = NULL;

	for (size_t i = 0; f->estimated && !statements_counted(f) && i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		if (peer_part_at(f->run, PART_NET, c->peer) == part && c->per_request > 0 && !talks_background(f, c)
		    && (!most || c->per_request > most->per_request))
			most = c;
	}
	return most;
}

/* Also by the name of a statement. */
static double
peer_waits(const struct facts *f, const char *peer, enum run_part_kind part)
{
	double sum = facts_share(f, part, peer);

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		if (q->database && !strncmp(q->database, peer, strlen(peer)))
			sum += facts_share(f, part, q->fingerprint);
	}
	return sum;
}

double
talks_share(const struct facts *f, const struct run_call *c, enum run_part_kind part)
{
	double each = f->run->baseline.cpu_per_request;
	double one = ASKING_CPU_S + (c->bytes > 0 ? c->bytes * TAKING_CPU_S : 0);
	double asking = each > 0 ? fmin(c->per_request * one / each, 1) : 0;

	double waits = peer_waits(f, c->peer, part);

	return fmin(waits + asking * facts_with_runqueue(f, f->charged[PART_CPU]), 1);
}

void
talks_evidence(struct draft *d, const struct run_call *c)
{
	finding_evidence(d, "%.0f questions, %s each, %.3g per request, by what the kernel counts of its connections",
	    c->calls, DURATION(talks_seconds(c)), c->per_request);
	finding_against(d, "what is asked was not seen");
}
