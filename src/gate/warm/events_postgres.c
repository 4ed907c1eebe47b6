/* SPDX-License-Identifier: MIT */
#include "gate/warm/events_postgres.h"

#include <errno.h>
#include <libpq-fe.h>
#include <string.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PATIENCE_NS (5 * NS_PER_S)

void
postgres_done(PGconn **c)
{
	PQfinish(*c);
}

int
postgres_said(PGconn *c, struct err *e)
{
	const char *said = c ? PQerrorMessage(c) : "out of memory";

	return err_set(e, EIO, "%.*s", (int)strcspn(said, "\n"), *said ? said : "the connection has ended");
}

/* Not of user and password, which may become others. */
uint64_t
postgres_id(const struct source *s, const char *name)
{
	static const char *const keys[] = { "host", "hostaddr", "port", "dbname" };
	PQconninfoOption *all = PQconninfoParse(s->hand.gate->config->warming.postgres.url, NULL);
	uint64_t id = XXH3_64bits(name, strlen(name));

	for (const PQconninfoOption *o = all; o && o->keyword; o++)
		for (size_t i = 0; i < COUNT_OF(keys); i++)
			if (o->val && strcmp(o->keyword, keys[i]) == 0)
				id = XXH3_64bits_withSeed(o->val, strlen(o->val), id + i);
	PQconninfoFree(all);
	return id;
}

/* Libpq would print what the server remarks. */
static void
hear_notice(void *ctx, const char *message)
{
}

int
postgres_connect(struct source *s, bool replication, PGconn **ret, struct err *e)
{
	const char *keywords[] = { "dbname", "application_name", "keepalives_idle", replication ? "replication" : NULL,
		NULL };
	const char *values[] = { s->hand.gate->config->warming.postgres.url, "prony gate", "10", "database", NULL };
	int64_t until = now_ns() + PATIENCE_NS;
	PostgresPollingStatusType step = PGRES_POLLING_WRITING;

	*ret = PQconnectStartParams(keywords, values, 1);
	if (!*ret || PQstatus(*ret) == CONNECTION_BAD)
		return postgres_said(*ret, e);
	PQsetNoticeProcessor(*ret, hear_notice, NULL);
	while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
		int64_t left = until - now_ns();
		if (left <= 0 || !source_wait(s, PQsocket(*ret), step == PGRES_POLLING_WRITING, left))
			return source_is_ending(s) ? 0 : err_set(e, ETIMEDOUT, "no answer within 5 s");
		step = PQconnectPoll(*ret);
	}
	return step == PGRES_POLLING_OK ? 0 : postgres_said(*ret, e);
}

/* The next result; NULL: no more, or the gate ends. */
static int
await_result(struct source *s, PGconn *c, PGresult **ret, struct err *e)
{
	int64_t until = now_ns() + PATIENCE_NS;

	*ret = NULL;
	while (PQisBusy(c)) {
		int64_t left = until - now_ns();
		if (left <= 0 || !source_wait(s, PQsocket(c), false, left))
			return source_is_ending(s) ? 0 : err_set(e, ETIMEDOUT, "no answer within 5 s");
		if (!PQconsumeInput(c))
			return postgres_said(c, e);
	}
	*ret = PQgetResult(c);
	return 0;
}

int
postgres_ask(struct source *s, PGconn *c, const char *sql, PGresult **ret, struct err *e)
{
	PGresult *r;
	int code = PQsendQuery(c, sql) ? 0 : postgres_said(c, e);

	while (code == 0 && (code = await_result(s, c, &r, e)) == 0 && r) {
		ExecStatusType status = PQresultStatus(r);
		if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
			code = postgres_said(c, e);
		if (code == 0 && ret && status == PGRES_TUPLES_OK) {
			PQclear(*ret);
			*ret = r;
			continue;
		}
		PQclear(r);
		if (status == PGRES_COPY_BOTH)
			break;
	}
	return code;
}
