/* SPDX-License-Identifier: MIT */
#include "experiment/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "experiment/hide.h"

#define FILE_NAME "journal.ndjson"
#define PATH      JOURNAL_FOLDER "/" FILE_NAME
#define OLD_BYTES ((size_t)1 << 20)   /* of changes that are all undone: forgotten */

struct journal {
	struct arena *arena;
	int fd, copy;              /* copy -1: none */
	const char *copy_path;
	struct journal_entries entries;
};

/* ---- open ---------------------------------------------------------------------------------- */

static int
sync_folder(const char *path, struct err *e)
{
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_set(e, errno, "cannot sync the folder '%s': %s", path, strerror(errno));
	return 0;
}

static int
refuse_file(const char *path, const char *why, struct err *e)
{
	int code = err_set(e, EPERM, "'%s' %s", path, why);
	err_hint(e, "it says which commands prony runs: see who made it and what it says; when it is not yours "
	    "remove it, else make it yours alone (chown, chmod 600)");
	return code;
}

/* What it says is run, so it must be of nobody else: a folder may come from anywhere. Root may work
 * in a folder of others, where the file is root's all the same. */
static int
check_owner(int fd, struct err *e)
{
	struct stat folder, file;

	if (stat(JOURNAL_FOLDER, &folder) < 0 || fstat(fd, &file) < 0)
		return err_set(e, errno, "cannot look at '%s': %s", PATH, strerror(errno));
	if (folder.st_uid != geteuid() && geteuid() != 0)
		return refuse_file(JOURNAL_FOLDER, "is of another user", e);
	if (!S_ISREG(file.st_mode))
		return refuse_file(PATH, "is no file", e);
	if (file.st_uid != geteuid())
		return refuse_file(PATH, "is of another user", e);
	return file.st_mode & (S_IRWXG | S_IRWXO) ? refuse_file(PATH, "is open to other users", e) : 0;
}

static int
open_file(bool make, int *ret, struct err *e)
{
	int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (make ? O_CREAT : 0);

	if (!make || mkdir(JOURNAL_FOLDER, 0755) == 0 || errno == EEXIST)
		*ret = open(PATH, flags, 0600);
	if (*ret < 0 && errno == ELOOP)
		return refuse_file(PATH, "is a symbolic link", e);
	if (*ret < 0) {
		int code = err_set(e, errno, "cannot open '%s': %s", PATH, strerror(errno));
		err_hint(e, "what is changed is written down there first: call prony in a folder of yours, and as "
		    "the user who called it there before");
		return code;
	}
	int code = check_owner(*ret, e);
	if (code == 0 && make)
		code = sync_folder(".", e);
	return code == 0 && make ? sync_folder(JOURNAL_FOLDER, e) : code;
}

static int
lock(int fd, struct err *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	int code = err_set(e, errno == EWOULDBLOCK ? EBUSY : errno,
	    "another prony fix or undo is at work in this folder");
	err_hint(e, "wait for its end; when it is interrupted it takes its change back");
	return code;
}

static bool
all_undone(const struct journal_entries *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i]->event != JOURNAL_UNDONE)
			return false;
	return true;
}

static int
read_all(struct journal *j, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	size_t whole;

	int code = file_read_open(j->fd, PATH, JOURNAL_TEXT_MAX, &text, e);
	if (code == 0)
		code = journal_text_read(buf_text(&text), text.size, j->arena, &j->entries, &whole, e);
	if (code < 0)
		return err_wrap(e, code, "the journal " PATH);
	if (whole > OLD_BYTES && all_undone(&j->entries)) {
		j->entries = (struct journal_entries){ 0 };
		whole = 0;
	}
	if (whole < text.size && ftruncate(j->fd, (off_t)whole) < 0)
		return err_set(e, errno, "cannot mend '%s': %s", PATH, strerror(errno));
	return 0;
}

int
journal_open(bool make, struct journal **ret, struct err *e)
{
	int fd = -1;

	int code = open_file(make, &fd, e);
	if (code == 0)
		code = lock(fd, e);
	if (code < 0) {
		fd_close_p(&fd);
		return code;
	}
	struct arena *a = arena_new();
	struct journal *j = arena_alloc(a, sizeof(*j));
	*j = (struct journal){ .arena = a, .fd = fd, .copy = -1 };
	code = read_all(j, e);
	if (code < 0)
		journal_close(j);
	else
		*ret = j;
	return code;
}

void
journal_close(struct journal *j)
{
	if (!j)
		return;
	fd_close_p(&j->copy);
	close(j->fd);
	arena_free(j->arena);
}

const struct journal_entries *
journal_entries(const struct journal *j)
{
	return &j->entries;
}

int
journal_copy_to(struct journal *j, const char *folder, struct err *e)
{
	j->copy_path = arena_printf(j->arena, "%s/" FILE_NAME, folder);
	j->copy = open(j->copy_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (j->copy < 0)
		return err_set(e, errno, "cannot write '%s': %s", j->copy_path, strerror(errno));
	return 0;
}

/* ---- write --------------------------------------------------------------------------------- */

/* A line that is not whole would be taken for one that a crash has torn, so none is left. */
static int
append(int fd, const char *path, const struct buf *line, struct err *e)
{
	off_t before = lseek(fd, 0, SEEK_END);
	ssize_t n = write(fd, line->data, line->size);

	if (n == (ssize_t)line->size && fsync(fd) == 0)
		return 0;
	int why = n < 0 || n == (ssize_t)line->size ? errno : ENOSPC;
	if (before >= 0 && ftruncate(fd, before) < 0)
		why = errno;
	err_set(e, why, "cannot write '%s': %s", path, strerror(why));
	err_hint(e, "free some space: nothing is changed that cannot be written down");
	return -why;
}

static int
write_line(const struct journal_entry *entry, enum journal_event event, const char *at, int fd,
    const char *path, struct err *e)
{
	CLEANUP(buf_done) struct buf line = { 0 };

	int code = journal_text_write(entry, event, at, &line, e);
	return code < 0 ? code : append(fd, path, &line, e);
}

static struct journal_entry
without_secrets(const struct journal_entry *entry, struct arena *a)
{
	struct journal_entry copy = *entry;

	copy.text.apply = hide_in_command(a, entry->text.apply);
	copy.text.undo = hide_in_command(a, entry->text.undo);
	return copy;
}

struct journal_entry *
journal_add(struct journal *j, const char *id, const struct change_text *text)
{
	struct journal_entry *entry = arena_alloc(j->arena, sizeof(*entry));

	*entry = (struct journal_entry){ .id = arena_strdup(j->arena, id), .text = *text };
	*ARENA_PUSH(j->arena, j->entries.items, j->entries.n) = entry;
	return entry;
}

int
journal_note(struct journal *j, struct journal_entry *entry, enum journal_event event,
    struct err *e)
{
	char at[21];

	struct err ignored = { 0 };

	wall_format(wall_ns(), at);
	const struct journal_entry shown = without_secrets(entry, j->arena);
	int code = write_line(entry, event, at, j->fd, PATH, e);
	if (code < 0)
		return code;
	if (!entry->at)
		entry->at = arena_strdup(j->arena, at);
	entry->event = event;
	if (j->copy < 0)
		return 0;
	bool undone = event == JOURNAL_UNDONE;
	code = write_line(&shown, event, at, j->copy, j->copy_path, undone ? &ignored : e);
	return undone ? 0 : code;
}
