/* SPDX-License-Identifier: MIT */
/* What the detectors of statements and commands ask alike: how much of the time one has and which of
 * them it belongs to. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

#define QUERY_REPEATED 5      /* calls of one statement per request: one too many by four */
#define STATEMENT_LARGE (64 * 1024.0)   /* bytes of an answer that is work to take in */
#define LARGE_OFTEN 0.5       /* of them a request */

/* A statement of SQL, not a command of a key-value store. */
bool statement_is_sql(const struct run_query *q);
bool statement_is_commit(const struct run_query *q);
/* Share of the time in this statement, with the waits behind it for locks and, where the database
 * computes in the service, for a CPU. */
double statement_share(const struct facts *f, const struct run_query *q);
/* The same with its part of the work around statements, by calls: preparing them in an embedded database,
 * sending and unpacking them in the driver of another. */
double statement_share_around(const struct facts *f, const struct run_query *q);
bool statement_lacks_index(const struct run_query *q);
/* Connections are waited for because single statements are slow on them: a larger pool would not help. */
bool statement_takes_pool(const struct facts *f);
/* Share of the time in this statement without the waits for a connection that it kept, where it is too
 * brief to be blamed for them. */
double statement_own_share(const struct facts *f, const struct run_query *q);
/* Its longer calls are answered when another request's transaction ends. */
bool statement_waits_for_rows(const struct run_query *q);
/* Calls of the statement in a request of its route; the larger of mean and p95. */
double statement_calls(const struct run_query *q);
/* The statement or command that a request repeats most. NULL: none is repeated. */
const struct run_query *statement_repeated(const struct facts *f);
/* The one with the largest answer, where most requests of its route have one to take in; NULL: none has. */
const struct run_query *statement_large(const struct facts *f);
/* "orders(customer_id)": the index that the planner would use. */
const char *statement_index(struct run *r, const struct run_query *q);
/* "orders(customer_id): SELECT ..." or the statement, cut. */
const char *statement_place(struct run *r, const struct run_query *q);
/* Lines that all three give: calls, time per call, plan. */
void statement_evidence(struct draft *d, const struct run_query *q);
/* For a rule that did not fire: the statement (`sql`) or command with the largest share. NULL none. */
const struct run_query *statement_largest(const struct facts *f, bool sql);
/* Seconds of one call, mean; NAN unknown. */
double statement_seconds(const struct run_query *q);
