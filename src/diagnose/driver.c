/* SPDX-License-Identifier: MIT */
#include "diagnose/driver.h"

#include <string.h>

#include "diagnose/text.h"

#define NAMES_MAX 128

/* Parts of the paths and names by which their functions are known, of common drivers and of what makes statements
 * out of objects for them. */
static const char *const marks_of[][32] = {
	[DRIVER_SQL] = { "pg-protocol", "node_modules/pg/", "node_modules/postgres/", "mysql", "asyncpg", "psycopg",
		"libpq", "sqlalchemy", "org.postgresql", "org/postgresql", "lib/pq", "jackc/pgx", "django/db/", "/peewee",
		"/tortoise/", "node_modules/sequelize", "node_modules/typeorm", "@prisma/", "node_modules/knex",
		"drizzle-orm", "org.hibernate", "org.apache.ibatis", "org.jooq", "gorm.io/", "jmoiron/sqlx",
		"database/sql." },
	[DRIVER_KEY_VALUE] = { "/redis/", "hiredis", "node_modules/redis", "@redis", "ioredis", "jedis", "lettuce",
		"go-redis", "memcache" },
	[DRIVER_HTTP] = { "aiohttp/client", "aiohttp/connector", "urllib3", "/requests/", "/httpx/", "/httpcore/",
		"http/client.py", "undici", "_http_client", "axios", "node-fetch", "net/http.(*Transport)",
		"net/http.(*Client)", "okhttp", "jdk.internal.net.http", "sun.net.www.", "libcurl" },
};

bool
driver_has(enum driver d, const struct run_function *fn)
{
	for (const char *const *mark = marks_of[d]; *mark; mark++)
		if (text_has(fn->file, *mark) || text_has(fn->module, *mark) || text_has(fn->name, *mark))
			return true;
	return false;
}

/* "connect", "Client._connect", "PQconnectPoll"; not what a "Connection" does besides. */
bool
driver_connects(const struct run_function *fn)
{
	const char *dot = fn->name ? strrchr(fn->name, '.') : NULL, *method = dot ? dot + 1 : fn->name;
	bool own = false;

	if (!method)
		return false;
	method += strspn(method, "_");
	method += strncmp(method, "PQ", 2) == 0 ? 2 : 0;
	for (enum driver d = DRIVER_SQL; d <= DRIVER_HTTP; d++)
		own |= driver_has(d, fn);
	return own && (strncmp(method, "connect", 7) == 0 || strncmp(method, "Connect", 7) == 0)
	    && strncmp(method + 7, "ion", 3) != 0;
}

/* The functions of drivers; as many as there are. */
static size_t
collect(const struct run_trace *t, enum driver d, const char *ret_names[], size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_functions && n < max; i++)
		if (t->functions[i].name && driver_has(d, &t->functions[i]))
			ret_names[n++] = t->functions[i].name;
	return n;
}

static bool
has_any(const char *frames, const char *const *words)
{
	for (; *words; words++)
		if (strstr(frames, *words))
			return true;
	return false;
}

/* Of the service's CPU samples outside of collectors: the share below a driver, or (`received`) in the
 * kernel's reading from sockets. */
static double
part_of_cpu(const struct facts *f, enum driver d, bool received)
{
	static const char *const receiving[] = { "tcp_recvmsg", "sock_recvmsg", "sock_read_iter", NULL };
	static const char *const collectors[] = { "Scaveng", "MarkCompact", "ConcurrentMarking", "Sweeper",
		"gcBgMarkWorker", "gcDrain", "G1ParTask", "ParallelGC", "gc_collect_main", NULL };
	const char *names[NAMES_MAX];
	size_t n = collect(f->trace, d, names, NAMES_MAX);
	double part = 0, all = 0;

	for (size_t i = 0; i < f->trace->n_stacks; i++) {
		const struct run_stack *s = &f->trace->stacks[i];
		if (!text_same(s->kind, "cpu") || !s->frames || !(s->seconds > 0) || has_any(s->frames, collectors))
			continue;
		bool counts = received && has_any(s->frames, receiving);
		for (size_t k = 0; k < n && !counts; k++)
			counts = text_has_frame(s->frames, names[k]);
		all += s->seconds;
		part += counts ? s->seconds : 0;
	}
	return all > 0 ? part / all : 0;
}

double
driver_share(const struct facts *f, enum driver d)
{
	double part = part_of_cpu(f, d, false);

	return facts_with_runqueue(f, f->charged[PART_CPU] * part);
}

double
driver_unpacking(const struct facts *f, enum driver d)
{
	double part = part_of_cpu(f, d, true);

	return facts_with_runqueue(f, f->charged[PART_CPU] * part) + f->charged[PART_GC] * part;
}
