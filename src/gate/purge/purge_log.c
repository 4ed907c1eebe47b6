/* SPDX-License-Identifier: MIT */
#include "gate/purge/purge_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_READ_MAX ((size_t)64 << 20)
#define FILE_LONG     ((size_t)4 << 20)    /* bytes appended before what is not needed is dropped */

struct mark {
	char name[PURGE_NAME_MAX + 1];     /* "": free */
	uint64_t done;
	size_t readers;                    /* of that name that are here now */
};

struct purge_log {
	pthread_mutex_t lock;              /* of all but `sync_lock`'s */
	struct purge_entry entries[PURGE_LOG_KEPT];   /* in a ring; texts are their own */
	size_t first, n;
	size_t bytes;
	uint64_t latest;
	uint64_t lost;                     /* what is up to this one is not kept any more */
	struct mark marks[PURGE_READERS];
	struct purge_reader *readers;

	char *path;                        /* NULL: no file */
	int fd;                            /* -1: no file */
	size_t file_bytes, kept_bytes;     /* now; of those, since it was written anew */
	int code;                          /* -errno: what is in the file is not all */
	pthread_mutex_t sync_lock;         /* of `synced`; taken before `lock` */
	uint64_t synced;
};

/* ---- the ring -------------------------------------------------------------------------------- */

static struct purge_entry *
entry_at(struct purge_log *log, size_t i)
{
	return &log->entries[(log->first + i) % PURGE_LOG_KEPT];
}

static void
drop_eldest(struct purge_log *log)
{
	struct purge_entry *eldest = entry_at(log, 0);

	log->lost = eldest->number;
	log->bytes -= eldest->purge.text.size;
	free((char *)eldest->purge.text.at);
	log->first = (log->first + 1) % PURGE_LOG_KEPT;
	log->n--;
}

static void
keep(struct purge_log *log, const struct purge_entry *e)
{
	size_t size = e->purge.text.size;
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, size ? e->purge.text.at : "", size);
	while (log->n && (log->n == PURGE_LOG_KEPT || log->bytes + size > PURGE_LOG_BYTES))
		drop_eldest(log);
	struct purge_entry *at = entry_at(log, log->n++);
	*at = *e;
	at->purge.text = (struct text){ text, size };
	log->bytes += size;
	log->latest = e->number;
}

/* ---- who has carried on what ------------------------------------------------------------------ */

/* NULL: there is none. */
static struct mark *
named(struct purge_log *log, const char *name)
{
	for (struct mark *m = log->marks; m < log->marks + PURGE_READERS; m++)
		if (m->name[0] && strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* Its mark; or a free one, or that of who has not been here for longest; NULL: there are too many. */
static struct mark *
mark_of(struct purge_log *log, struct text name)
{
	struct mark *other = NULL;

	for (struct mark *m = log->marks; m < log->marks + PURGE_READERS; m++) {
		if (text_is(name, m->name))
			return m;
		if (!m->readers && (!other || m->done < other->done))
			other = m;
	}
	if (other)
		*other = (struct mark){ 0 };
	return other;
}

/* What nobody needs any more; with readers that are not here (yet), what they need is needed. */
static uint64_t
done_by_all(const struct purge_log *log)
{
	uint64_t least = log->latest;

	for (const struct mark *m = log->marks; m < log->marks + PURGE_READERS; m++)
		if (m->name[0] && m->done < least)
			least = m->done;
	return least;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int
write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* What is still needed, as a whole file; the numbers go on behind the last one. */
static int
rewrite(struct purge_log *log, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	uint64_t needed = done_by_all(log);

	for (size_t i = 0; i < log->n; i++) {
		const struct purge_entry *entry = entry_at(log, i);
		bool last = i + 1 == log->n;
		if (!entry->purge.from_fleet && (entry->number > needed || last))
			purge_line_write(entry, &text);
	}
	for (const struct mark *m = log->marks; m < log->marks + PURGE_READERS; m++)
		if (m->name[0])
			buf_printf(&text, "done %s %" PRIu64 "\n", m->name, m->done);
	int code = file_write(log->path, buf_text(&text), text.size, e);
	if (code < 0)
		return code;
	int fd = open(log->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "cannot write the purge log '%s': %s", log->path, strerror(errno));
	if (log->fd >= 0)
		close(log->fd);
	log->fd = fd;
	log->file_bytes = log->kept_bytes = text.size;
	log->code = 0;
	return 0;
}

/* With the lock. What was not written whole is cut off again, so that what follows is no part of that line. */
static int
append(struct purge_log *log, const struct buf *line)
{
	struct err e = { 0 };

	if (log->code < 0 && rewrite(log, &e) == 0)
		return 0;   /* with this one */
	int code = write_all(log->fd, line->data, line->size);
	if (code < 0) {
		log->code = ftruncate(log->fd, (off_t)log->file_bytes) < 0 ? -errno : code;
		return code;
	}
	log->file_bytes += line->size;
	if (log->file_bytes - log->kept_bytes > FILE_LONG && rewrite(log, &e) < 0)
		log->kept_bytes = log->file_bytes;   /* another time */
	return 0;
}

static void
note_code(struct purge_log *log, int code)
{
	pthread_mutex_lock(&log->lock);
	log->code = code;
	pthread_mutex_unlock(&log->lock);
}

/* Several who purge at the same time are synced together. */
static int
sync_to(struct purge_log *log, uint64_t number)
{
	int code = 0;

	pthread_mutex_lock(&log->sync_lock);
	if (log->synced < number) {
		pthread_mutex_lock(&log->lock);
		uint64_t latest = log->latest;
		int fd = dup(log->fd);
		pthread_mutex_unlock(&log->lock);
		code = fd < 0 || fdatasync(fd) < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
		if (code == 0)
			log->synced = latest;
		else
			note_code(log, code);
	}
	pthread_mutex_unlock(&log->sync_lock);
	return code;
}

/* ---- reading it at the start ------------------------------------------------------------------ */

static void
take_line(struct purge_log *log, struct text line)
{
	struct purge_entry entry;
	struct text name;

	switch (purge_line_read(line, &entry, &name)) {
	case PURGE_LINE_ENTRY:
		if (entry.number > log->latest)
			keep(log, &entry);
		return;
	case PURGE_LINE_DONE: {
		struct mark *m = mark_of(log, name);
		if (!m)
			return;
		memcpy(m->name, name.at, name.size);
		m->name[name.size] = '\0';
		m->done = entry.number;
		if (entry.number > log->latest)
			log->latest = entry.number;
		return;
	}
	case PURGE_LINE_BAD:
		keep(log, &(struct purge_entry){ .number = log->latest + 1, .purge = { .what = PURGE_ALL } });
	}
}

/* Returns the bytes of those that have an end. */
static size_t
take_lines(struct purge_log *log, struct text all)
{
	struct text rest = all;
	const char *end;

	while (rest.size && (end = memchr(rest.at, '\n', rest.size))) {
		size_t n = (size_t)(end - rest.at);
		take_line(log, (struct text){ rest.at, n });
		rest = (struct text){ end + 1, rest.size - n - 1 };
	}
	return all.size - rest.size;
}

/* There is no room for it anew: what is there goes on, whole lines of it. */
static int
go_on_with(struct purge_log *log, size_t whole_bytes, int code)
{
	int fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, (off_t)whole_bytes) < 0) {
		if (fd >= 0)
			close(fd);
		return code;
	}
	log->fd = fd;
	log->file_bytes = log->kept_bytes = whole_bytes;
	log->code = code;
	return 0;
}

static int
open_file(struct purge_log *log, const char *path, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { .cap_bytes = FILE_READ_MAX };
	struct stat st;
	size_t whole = 0;

	log->path = strdup(path);
	if (!log->path)
		abort();
	int code = stat(path, &st) < 0 && errno == ENOENT ? 0 : file_read(path, FILE_READ_MAX, &text, e);
	if (code == 0) {
		whole = take_lines(log, (struct text){ buf_text(&text), text.size });
		code = rewrite(log, e);
	}
	if (code == -ENOSPC || code == -EDQUOT || code == -EFBIG)
		code = go_on_with(log, whole, code);
	if (code < 0) {
		err_wrap(e, code, "cannot use the purge log");
		err_hint(e, "name a file that this user may write with purge_log: FILE, or leave the key out");
	}
	return code;
}

/* ---- the whole ------------------------------------------------------------------------------- */

int
purge_log_open(const char *path, struct purge_log **ret, struct err *e)
{
	struct purge_log *log = calloc(1, sizeof(*log));

	if (!log)
		abort();
	log->fd = -1;
	pthread_mutex_init(&log->lock, NULL);
	pthread_mutex_init(&log->sync_lock, NULL);
	int code = path ? open_file(log, path, e) : 0;
	log->synced = log->latest;
	if (code < 0)
		purge_log_close(log);
	else
		*ret = log;
	return code;
}

void
purge_log_close(struct purge_log *log)
{
	if (!log)
		return;
	while (log->n)
		drop_eldest(log);
	if (log->fd >= 0)
		close(log->fd);
	pthread_mutex_destroy(&log->lock);
	pthread_mutex_destroy(&log->sync_lock);
	free(log->path);
	free(log);
}

static void
wake_readers(struct purge_log *log)
{
	for (struct purge_reader *r = log->readers; r; r = r->next)
		r->wake(r->ctx);
}

uint64_t
purge_log_add(struct purge_log *log, const struct purge *p, int64_t wall_ns, int *ret_code)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	struct purge_entry entry = { .wall_ns = wall_ns, .purge = *p };

	pthread_mutex_lock(&log->lock);
	entry.number = log->latest + 1;
	keep(log, &entry);
	bool filed = log->fd >= 0 && !p->from_fleet;
	if (filed)
		purge_line_write(&entry, &line);
	*ret_code = filed ? append(log, &line) : 0;
	wake_readers(log);
	pthread_mutex_unlock(&log->lock);
	if (filed && *ret_code == 0)
		*ret_code = sync_to(log, entry.number);
	return entry.number;
}

int
purge_log_renew(struct purge_log *log)
{
	struct err e = { 0 };

	pthread_mutex_lock(&log->lock);
	int code = log->fd >= 0 ? rewrite(log, &e) : 0;
	pthread_mutex_unlock(&log->lock);
	return code;
}

int
purge_log_code(struct purge_log *log)
{
	pthread_mutex_lock(&log->lock);
	int code = log->code;
	pthread_mutex_unlock(&log->lock);
	return code;
}

void
purge_log_leave_file(struct purge_log *log)
{
	pthread_mutex_lock(&log->lock);
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	log->code = 0;
	pthread_mutex_unlock(&log->lock);
}

/* ---- readers --------------------------------------------------------------------------------- */

/* Also of one that has carried on nothing: what comes from now on is for it, also after a crash. */
static void
file_mark(struct purge_log *log, const struct mark *m)
{
	CLEANUP(buf_done) struct buf line = { 0 };

	buf_printf(&line, "done %s %" PRIu64 "\n", m->name, m->done);
	if (log->fd >= 0)
		append(log, &line);
}

int
purge_log_subscribe(struct purge_log *log, struct purge_reader *r)
{
	struct text name = { r->name, strlen(r->name) };

	pthread_mutex_lock(&log->lock);
	struct mark *m = name.size <= PURGE_NAME_MAX ? mark_of(log, name) : NULL;
	if (m) {
		bool is_new = !m->name[0];
		memcpy(m->name, name.at, name.size + 1);
		if (is_new) {
			m->done = log->latest;
			file_mark(log, m);
		}
		m->readers++;
		r->done = m->done;
		r->next = log->readers;
		log->readers = r;
	}
	pthread_mutex_unlock(&log->lock);
	return m ? 0 : -ENOSPC;
}

void
purge_log_leave(struct purge_log *log, struct purge_reader *r)
{
	pthread_mutex_lock(&log->lock);
	struct purge_reader **at = &log->readers;
	while (*at && *at != r)
		at = &(*at)->next;
	if (*at) {
		*at = r->next;
		named(log, r->name)->readers--;
	}
	pthread_mutex_unlock(&log->lock);
}

static const struct purge_entry *
find_after(struct purge_log *log, uint64_t after)
{
	for (size_t i = 0; i < log->n; i++)
		if (entry_at(log, i)->number > after)
			return entry_at(log, i);
	return NULL;
}

int
purge_log_next(struct purge_log *log, uint64_t after, struct purge_entry *ret, struct buf *text)
{
	int code = 0;

	pthread_mutex_lock(&log->lock);
	const struct purge_entry *e = find_after(log, after);
	if (after < log->lost) {
		*ret = (struct purge_entry){ .number = log->latest };
		code = -ESTALE;
	} else if (e) {
		*ret = *e;
		buf_clear(text);
		buf_append(text, e->purge.text.at, e->purge.text.size);
		ret->purge.text = (struct text){ buf_text(text), text->size };
		code = 1;
	}
	pthread_mutex_unlock(&log->lock);
	return code;
}

void
purge_log_done(struct purge_log *log, struct purge_reader *r, uint64_t number)
{
	r->done = number;
	pthread_mutex_lock(&log->lock);
	struct mark *m = named(log, r->name);
	bool further = m && number > m->done;
	if (further)
		m->done = number;
	if (further)   /* lost in a crash, it is carried on twice, which does no harm */
		file_mark(log, m);
	pthread_mutex_unlock(&log->lock);
}

uint64_t
purge_log_done_by(struct purge_log *log, const struct purge_reader *r)
{
	uint64_t done = 0;

	pthread_mutex_lock(&log->lock);
	const struct mark *m = named(log, r->name);
	if (m)
		done = m->done;
	pthread_mutex_unlock(&log->lock);
	return done;
}

uint64_t
purge_log_latest(struct purge_log *log)
{
	pthread_mutex_lock(&log->lock);
	uint64_t latest = log->latest;
	pthread_mutex_unlock(&log->lock);
	return latest;
}

uint64_t
purge_log_needless(struct purge_log *log)
{
	pthread_mutex_lock(&log->lock);
	uint64_t number = done_by_all(log);
	pthread_mutex_unlock(&log->lock);
	return number;
}

uint64_t
purge_log_eldest(struct purge_log *log)
{
	pthread_mutex_lock(&log->lock);
	uint64_t eldest = log->n ? entry_at(log, 0)->number : 0;
	pthread_mutex_unlock(&log->lock);
	return eldest;
}
