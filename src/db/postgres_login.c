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

/* The server asks the kernel who connects: the effective user of this thread alone. */
static int
login_as_owner(const struct place *at, const char *name, PGconn **ret, struct err *e)
{
	uid_t self = geteuid();
	struct passwd *pw = getpwuid(at->owner);
	const char *keywords[] = { "host", "port", "user", "dbname", "options", "application_name",
		"connect_timeout", "sslmode", "gssencmode", NULL };
	const char *values[] = { at->folder, at->port, pw ? pw->pw_name : "postgres", name, options, "prony",
		"3", "disable", "disable", NULL };

	if (self == 0 && syscall(SYS_setresuid, -1, at->owner, -1) < 0)
		return err_set(e, errno, "cannot become the user of PostgreSQL");
	int code = begin_session(keywords, values, ret, e);
	if (self == 0 && syscall(SYS_setresuid, -1, 0, -1) < 0)
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
	snprintf(n->name, sizeof(n->name), "%s", slash ? slash + 1 : "postgres");
	return true;
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
		return login_as_owner(&at, n.name, ret, e);
	int code = err_set(e, EACCES, here ? "only root and its own user are let in without a login"
	                                   : "it runs on another host");
	err_hint(e, "--database postgresql://USER@%s:%s/%s (the password in ~/.pgpass)",
	    n.host[0] == '/' ? "127.0.0.1" : n.host, n.port, n.name);
	return code;
}
