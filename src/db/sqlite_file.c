/* SPDX-License-Identifier: MIT */
/* The file is reached through a VFS of its own: SQLite's, with every open turned into a read-only
 * one, removal refused, and the path left unresolved (SQLite would follow /proc/PID/root back to
 * our own mount namespace).
 *
 * WAL: readers share the -shm file, which a plain read-only connection would still create, or write
 * its read mark into. It is opened read-only where it exists. Where neither -shm nor content in
 * -wal exists nobody has the database open, and the main file alone is complete ("immutable"). */
#include "db/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define VFS_NAME "prony-read-only"

enum { BUSY_MS = 20, HEADER_BYTES = 100, WAL_VERSION = 2, STATEMENT_NS = 20000000 };
enum { WAITS = 20 };   /* times its CPU: how long a statement may take */

static sqlite3_vfs *system_vfs;
static sqlite3_vfs read_only_vfs;
static pthread_once_t registered = PTHREAD_ONCE_INIT;

static int
open_read_only(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE);
	return system_vfs->xOpen(vfs, name, file, flags | SQLITE_OPEN_READONLY, ret_flags);
}

static int
refuse_removal(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	return SQLITE_READONLY;
}

static int
keep_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static void
register_vfs(void)
{
	system_vfs = sqlite3_vfs_find(NULL);
	read_only_vfs = *system_vfs;
	read_only_vfs.zName = VFS_NAME;
	read_only_vfs.pNext = NULL;
	read_only_vfs.xOpen = open_read_only;
	read_only_vfs.xDelete = refuse_removal;
	read_only_vfs.xFullPathname = keep_path;
	sqlite3_vfs_register(&read_only_vfs, 0);
}

/* What the header says. Not a plain file is refused before it is opened: a pipe would block. */
static int
read_header(const char *path, bool *ret_wal, struct err *e)
{
	unsigned char header[HEADER_BYTES];
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "'%s' is not a plain file", path);
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
	if (pread(fd, header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header, "SQLite format 3", 16) != 0)
		return err_set(e, EINVAL, "'%s' is not an SQLite database (or it is encrypted)", path);
	*ret_wal = header[18] == WAL_VERSION || header[19] == WAL_VERSION;
	return 0;
}

static bool
beside(const char *path, const char *suffix, struct stat *st)
{
	char name[4200];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, st) == 0;
}

static const char *
how_to_open(const char *path, bool wal)
{
	struct stat st;

	if (!wal)
		return "mode=ro";
	if (beside(path, "-shm", &st))
		return "mode=ro&readonly_shm=1";
	if (!beside(path, "-wal", &st) || st.st_size == 0)
		return "mode=ro&immutable=1";
	return NULL;
}

/* The path as a URI: only what would end it needs quoting. */
static void
uri_of(const char *path, const char *how, struct buf *out)
{
	buf_puts(out, "file:");
	for (; *path; path++)
		if (strchr("%?#", *path))
			buf_printf(out, "%%%02X", (unsigned char)*path);
		else
			buf_putc(out, *path);
	buf_printf(out, "?%s", how);
}

static int
fail(const char *path, sqlite3 *db, int result, struct err *e)
{
	int locked = result == SQLITE_BUSY || result == SQLITE_LOCKED;

	err_set(e, locked ? EBUSY : EIO, "cannot read '%s': %s", path,
	    db ? sqlite3_errmsg(db) : sqlite3_errstr(result));
	sqlite3_close(db);
	return -e->code;
}

static void
restrict_connection(sqlite3 *db)
{
	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

int
sqlite_file_open(const char *path, sqlite3 **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf uri = { .cap_bytes = 16384 };
	sqlite3 *db = NULL;
	bool wal = false;

	int r = read_header(path, &wal, e);
	if (r < 0)
		return r;
	const char *how = how_to_open(path, wal);
	if (!how)
		return err_set(e, EBUSY, "'%s' has a write-ahead log that nobody has recovered", path);
	pthread_once(&registered, register_vfs);
	uri_of(path, how, &uri);
	int result = sqlite3_open_v2(buf_text(&uri), &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
	    SQLITE_OPEN_NOMUTEX, VFS_NAME);
	if (result != SQLITE_OK)
		return fail(path, db, result, e);
	restrict_connection(db);
	result = sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	if (result != SQLITE_OK)
		return fail(path, db, result, e);
	*ret = db;
	return 0;
}

static int
past_deadline(void *deadline)
{
	const struct sqlite_deadline *d = deadline;
	return thread_cpu_ns() > d->cpu_ns || now_ns() > d->at_ns;
}

void
sqlite_deadline_set(sqlite3 *db, struct sqlite_deadline *d, int64_t ns)
{
	d->cpu_ns = thread_cpu_ns() + ns;
	d->at_ns = now_ns() + WAITS * ns;
	sqlite3_progress_handler(db, 1000, past_deadline, d);
}

/* One number; NAN when the statement fails or gives none. Frees `sql`. */
static double
number(sqlite3 *db, char *sql)
{
	struct sqlite_deadline deadline;
	double value = (double)NAN;
	sqlite3_stmt *s = NULL;

	sqlite_deadline_set(db, &deadline, STATEMENT_NS);
	if (sql && sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		value = sqlite3_column_double(s, 0);
	sqlite3_finalize(s);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	sqlite3_free(sql);
	return value;
}

double
sqlite_file_rows(sqlite3 *db, const char *table)
{
	double rows = number(db, sqlite3_mprintf(
	    "SELECT CAST(stat AS INTEGER) FROM sqlite_stat1 WHERE tbl = %Q LIMIT 1", table));

	if (isnan(rows))
		rows = number(db, sqlite3_mprintf("SELECT coalesce(max(rowid), 0) FROM \"%w\"", table));
	if (isnan(rows))
		rows = number(db, sqlite3_mprintf(
		    "SELECT count(*) FROM (SELECT 1 FROM \"%w\" LIMIT 100000)", table));
	return rows;
}

double
sqlite_file_distinct(sqlite3 *db, const char *table, const char *column)
{
	double share = number(db, sqlite3_mprintf("SELECT count(DISTINCT \"%w\") * 1.0 / count(*) "
	    "FROM (SELECT \"%w\" FROM \"%w\" LIMIT 1000)", column, column, table));

	return isnan(share) ? 0 : share;
}
