/* SPDX-License-Identifier: MIT */
#include "db/postgres_login.h"

#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static const char options[] = "-c default_transaction_read_only=on -c statement_timeout=2000 -c lock_timeout=200 "
    "-c plan_cache_mode=force_generic_plan";

struct place {                 /* a server on this host */
	char folder[256];          /* of its socket */
	char port[8];
	uid_t owner;
	gid_t group;
};

/* ---- the server on this host --------------------------------------------------------------- */

/* postmaster.pid: process, data folder, start, port, socket folder, ... a line each (PostgreSQL's
 * documentation, "Database File Layout"). */
static bool
read_postmaster(int pid, const char *port, struct place *ret)
{
	char text[1024], process[32], *lines[5] = { 0 };
	struct stat st;
	size_t n = 0;

	if (file_peek(text, sizeof(text), "/proc/%d/cwd/postmaster.pid", pid) <= 0)
		return false;
	for (char *at = text; at && n < COUNT_OF(lines); )
		lines[n++] = strsep(&at, "\n");
	if (n < COUNT_OF(lines) || atoi(lines[0]) != pid || strcmp(lines[3], port) != 0 || lines[4][0] != '/')
		return false;
	snprintf(process, sizeof(process), "/proc/%d", pid);
	if (stat(process, &st) < 0)
		return false;
	snprintf(ret->folder, sizeof(ret->folder), "/proc/%d/root%.200s", pid, lines[4]);
	snprintf(ret->port, sizeof(ret->port), "%s", port);
	ret->owner = st.st_uid;
	ret->group = st.st_gid;
	return true;
}

static bool
find_server(const char *port, struct place *ret)
{
	char name[32];
	bool found = false;
	DIR *dir = opendir("/proc");

	for (struct dirent *d; !found && dir && (d = readdir(dir)); ) {
		int pid = atoi(d->d_name);
		found = pid > 0 && file_peek(name, sizeof(name), "/proc/%d/comm", pid) > 0 &&
		    !strncmp(name, "postgres", 8) && read_postmaster(pid, port, ret);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* ---- the session --------------------------------------------------------------------------- */

static int
begin_session(const char *const *keywords, const char *const *values, PGconn **ret, struct err *e)
{
	PGconn *c = PQconnectdbParams(keywords, values, 1);
	if (c && PQstatus(c) == CONNECTION_OK) {
		*ret = c;
		return 0;
	}
	const char *said = c ? PQerrorMessage(c) : "out of memory";
	int code = err_set(e, EACCES, "PostgreSQL did not let us in: %.*s", (int)strcspn(said, "\n"), said);
	PQfinish(c);
	err_hint(e, "name a user that may read: --database postgresql://USER@HOST:PORT/NAME (the password in ~/.pgpass)");
	return code;
}

static int
login_by_url(const char *url, PGconn **ret, struct err *e)
{
	const char *keywords[] = { "dbname", "options", "application_name", "connect_timeout", NULL };
	const char *values[] = { url, options, "prony", "3", NULL };
	return begin_session(keywords, values, ret, e);
}

/* The server asks the kernel who connects, and the kernel who may pass through /proc/PID/root: user and group
 * of the server may. Of this thread alone. */
static int
become(uid_t user, gid_t group)
{
	bool up = user == 0;          /* a group is taken while this is root */

	if ((up && syscall(SYS_setresuid, -1, user, -1) < 0) || syscall(SYS_setresgid, -1, group, -1) < 0 ||
	    (!up && syscall(SYS_setresuid, -1, user, -1) < 0))
		return -errno;
	return 0;
}

static int
login_as_owner(const struct place *at, const char *name, PGconn **ret, struct err *e)
{
	bool root = geteuid() == 0;
	gid_t group = getegid();
	struct passwd *pw = getpwuid(at->owner);
	const char *keywords[] = { "host", "port", "user", "dbname", "options", "application_name",
		"connect_timeout", "sslmode", "gssencmode", NULL };
	const char *values[] = { at->folder, at->port, pw ? pw->pw_name : "postgres", name, options, "prony",
		"3", "disable", "disable", NULL };

	int code = root ? become(at->owner, at->group) : 0;
	if (code < 0)
		err_set(e, -code, "cannot become the user of PostgreSQL");
	else
		code = begin_session(keywords, values, ret, e);
	if (root && become(0, group) < 0)
		abort();
	return code;
}

struct named { char host[256], port[8], name[128]; };

/* "host:port/name", or the path of a Unix socket in place of the host and the port. */
static bool
split(const char *database, struct named *n)
{
	static const char mark[] = "/.s.PGSQL.";
	bool local = database[0] == '/';
	const char *port = local ? strstr(database, mark) : NULL;
	const char *slash = strchr(port ? port + 1 : database, '/');
	const char *end = slash ? slash : database + strlen(database);
	if (!local)
		port = memrchr(database, ':', (size_t)(end - database));
	if (!port)
		return false;
	snprintf(n->host, sizeof(n->host), "%.*s", (int)(port - database), database);
	port += local ? sizeof(mark) - 1 : 1;
	snprintf(n->port, sizeof(n->port), "%.*s", (int)(end - port), port);
	snprintf(n->name, sizeof(n->name), "%s", slash ? slash + 1 : "");
	return true;
}

/* Where no connection was seen to begin, its database is not known: that of most connections. False: there
 * is none but this one. */
static bool
most_used(PGconn *session, char *ret, size_t size)
{
	PGresult *r = PQexec(session, "SELECT datname FROM pg_stat_activity WHERE backend_type = 'client backend' "
	    "AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1");
	bool found = PQntuples(r) == 1;

	if (found)
		snprintf(ret, size, "%s", PQgetvalue(r, 0, 0));
	PQclear(r);
	return found;
}

static int
login_here(const struct place *at, const struct named *n, PGconn **ret, struct err *e)
{
	char name[sizeof(n->name)];
	int code = login_as_owner(at, n->name[0] ? n->name : "postgres", ret, e);

	if (code < 0 || n->name[0] || !most_used(*ret, name, sizeof(name)))
		return code;
	PQfinish(*ret);
	return login_as_owner(at, name, ret, e);
}

int
postgres_login(const char *database, const char *login, PGconn **ret, struct err *e)
{
	struct named n;
	struct place at;

	if (login && !strncmp(login, "postgres", 8))
		return login_by_url(login, ret, e);
	if (!split(database, &n))
		return err_set(e, EINVAL, "'%s' names no server", database);
	bool here = n.host[0] == '/' || !strncmp(n.host, "127.", 4) || !strcmp(n.host, "[::1]");
	if (here && find_server(n.port, &at) && (geteuid() == 0 || geteuid() == at.owner))
		return login_here(&at, &n, ret, e);
	int code = err_set(e, EACCES, here ? "only root and its own user are let in without a login"
	                                   : "it runs on another host");
	err_hint(e, "--database postgresql://USER@%s:%s/%s (the password in ~/.pgpass)",
	    n.host[0] == '/' ? "127.0.0.1" : n.host, n.port, n.name[0] ? n.name : "NAME");
	return code;
}
