/* SPDX-License-Identifier: MIT */
#include "db/activity.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/fingerprint.h"
#include "base/map.h"
#include "base/process_title.h"
#include "base/socket_dump.h"
#include "db/postgres_login.h"

#define PERIOD_NS      (100 * NS_PER_MS)
#define STATEMENTS_MAX 256
#define PRINT_MAX      2048
#define SHARE_MIN      0.02    /* of a connection: less is not told */
#define QUESTION \
	"SELECT client_port, datname, query, coalesce(wait_event_type, '') FROM pg_stat_activity " \
	"WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
enum { PORT, DATABASE, STATEMENT, WAITS };

struct statement {
	const char *database, *print;
	int64_t times, locked;
};

struct activity {
	struct arena *arena;
	PGconn *session;           /* NULL: titles are read */
	const char *server;        /* host:port */
	uint16_t port;
	uid_t user;                /* of the service */
	struct map ports;          /* of its connections, at this look */
	struct map ids;
	struct statement *statements; size_t n;
	int64_t looks, began;
	pthread_t thread;
	atomic_bool stop;
};

/* ---- looking ------------------------------------------------------------------------------- */

static void
note_port(void *ctx, const struct nlmsghdr *h)
{
	struct activity *a = ctx;
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->idiag_uid != a->user)
		return;
	const uint16_t port = socket_ends(m).local.port;
	map_at(&a->ports, &port, sizeof(port), NULL);
}

static struct statement *
statement_of(struct activity *a, const char *database, const char *text)
{
	char key[PRINT_MAX + 64];
	bool new;
	int n = snprintf(key, sizeof(key), "%.63s", database);

	fingerprint_sql(text, key + n + 1, PRINT_MAX);
	size_t size = (size_t)n + 1 + strlen(key + n + 1);
	if (a->n == STATEMENTS_MAX && !map_find(&a->ids, key, size))
		return NULL;
	uint64_t *at = map_at(&a->ids, key, size, &new);
	if (new) {
		*at = a->n;
		*ARENA_PUSH(a->arena, a->statements, a->n) = (struct statement){
			.database = arena_strdup(a->arena, key), .print = arena_strdup(a->arena, key + n + 1) };
	}
	return &a->statements[*at];
}

static void
take(struct activity *a, uint16_t port, const char *database, const char *text, bool locked)
{
	if (!map_find(&a->ports, &port, sizeof(port)) || !text[0] || text[0] == '<')   /* "<insufficient privilege>" */
		return;
	struct statement *s = statement_of(a, database, text);
	if (!s)
		return;
	s->times++;
	s->locked += locked;
}

static bool
ask(struct activity *a)
{
	PGresult *rows = PQexec(a->session, QUESTION);
	bool told = PQresultStatus(rows) == PGRES_TUPLES_OK;

	for (int i = 0; told && i < PQntuples(rows); i++)
		take(a, (uint16_t)atoi(PQgetvalue(rows, i, PORT)), PQgetvalue(rows, i, DATABASE),
		    PQgetvalue(rows, i, STATEMENT), !strcmp(PQgetvalue(rows, i, WAITS), "Lock"));
	PQclear(rows);
	return told;
}

/* "idle", "idle in transaction", "authentication": commands of SQL are written large. */
static bool
is_command(const char *doing)
{
	return doing[0] >= 'A' && doing[0] <= 'Z';
}

static void
read_titles(struct activity *a)
{
	char title[512], text[64];
	struct process_title said;
	DIR *dir = opendir("/proc");

	for (struct dirent *d; dir && (d = readdir(dir)); ) {
		int pid = atoi(d->d_name);
		if (pid <= 0 || file_peek(title, sizeof(title), "/proc/%d/cmdline", pid) <= 0 ||
		    !process_title_parse(title, &said) || !said.client || !is_command(said.doing))
			continue;
		snprintf(text, sizeof(text), "%s (its text was not seen)", said.doing);
		take(a, said.client, said.database, text, said.waits);
	}
	if (dir)
		closedir(dir);
}

static bool
look(struct activity *a)
{
	const struct socket_filter ours = { .states = 1 << TCP_STATE_ESTABLISHED, .remote = a->port };

	map_done(&a->ports);
	if (socket_dump_tcp(&ours, note_port, a) < 0 || (a->session && !ask(a)))
		return false;
	if (!a->session)
		read_titles(a);
	a->looks++;
	return true;
}

static void *
look_on(void *arg)
{
	struct activity *a = arg;

	pthread_setname_np(pthread_self(), "prony-activity");
	for (int64_t next = now_ns(); !atomic_load(&a->stop) && look(a); sleep_until_ns(next))
		next += PERIOD_NS;
	return NULL;
}

/* ---- from begin to end ---------------------------------------------------------------------- */

static void
say(struct run *r, const char *server, const struct err *e)
{
	struct run_eye *eye = RUN_ADD(r, eye, r->eyes, r->n_eyes);

	eye->name = "statements of PostgreSQL";
	eye->open = !e;
	eye->means = e ? run_printf(r, "%s tells no more than what kind of statement it is at: %s", server, e->text)
	               : run_printf(r, "what %s carries out, as it tells itself ten times a second", server);
	eye->cure = e && e->hint[0] ? run_str(r, e->hint) : NULL;
}

/* Its address; NULL: the service asks none. */
static const char *
find_server(struct run *r, const char *login, PGconn **ret)
{
	const char *server = NULL;

	for (size_t i = 0; !*ret && i < r->system.n_peers; i++) {
		const struct run_peer *p = &r->system.peers[i];
		struct err e = { 0 };
		if (!p->kind || strcmp(p->kind, "postgresql") != 0 || !p->address || !strrchr(p->address, ':'))
			continue;
		int code = postgres_login(p->address, login, ret, &e);
		say(r, p->address, code < 0 ? &e : NULL);
		server = *ret || !server ? p->address : server;
	}
	return server;
}

static bool
service_user(const struct run *r, uid_t *ret)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%lld", r->system.n_processes ? (long long)r->system.processes[0].pid : 0);
	if (stat(path, &st) < 0)
		return false;
	*ret = st.st_uid;
	return true;
}

struct activity *
activity_start(struct run *r, const char *login)
{
	const char *mode = r->evidence.trace.mode, *server;
	PGconn *session = NULL;
	uid_t user;

	if ((mode && !strcmp(mode, "bpf")) || !service_user(r, &user))
		return NULL;
	if (!(server = find_server(r, login, &session)))
		return NULL;
	struct activity *a = calloc(1, sizeof(*a));
	if (!a)
		abort();
	a->arena = arena_new();
	a->session = session;
	a->server = server;
	a->port = (uint16_t)atoi(strrchr(server, ':') + 1);
	a->user = user;
	a->began = now_ns();
	if (pthread_create(&a->thread, NULL, look_on, a)) {
		PQfinish(session);
		arena_free(a->arena);
		free(a);
		return NULL;
	}
	return a;
}

static void
fill(const struct activity *a, struct run *r)
{
	struct run_trace *t = &r->evidence.trace;
	double seconds = ns_to_s(now_ns() - a->began);

	for (size_t i = 0; i < a->n && a->looks > 0; i++) {
		const struct statement *s = &a->statements[i];
		double busy = (double)s->times / (double)a->looks;
		if (busy < SHARE_MIN)
			continue;
		struct run_query *q = RUN_ADD(r, query, t->queries, t->n_queries);
		q->engine = "postgresql";
		q->database = run_printf(r, "%s/%s", a->server, s->database);
		q->fingerprint = run_str(r, s->print);
		q->seconds = busy * seconds;
		q->released = (double)s->locked / (double)s->times;
	}
}

void
activity_stop(struct activity *a, struct run *r)
{
	if (!a)
		return;
	atomic_store(&a->stop, true);
	pthread_join(a->thread, NULL);
	fill(a, r);
	PQfinish(a->session);
	map_done(&a->ports);
	map_done(&a->ids);
	arena_free(a->arena);
	free(a);
}
