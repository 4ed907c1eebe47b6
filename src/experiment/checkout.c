/* SPDX-License-Identifier: MIT */
/* By git worktree: the repository's objects are shared, its index and working tree untouched. */
#include "experiment/checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "experiment/job.h"

#define ANSWER_MAX   65536
#define FOLDERS_OPEN 16
#define PRUNE_NS     (10 * NS_PER_S)

/* What git answers, without the end of the last line, in the arena. */
static int
ask(const char *const *argv, struct arena *a, const char **ret, struct err *e)
{
	const struct child_how how = { .argv = argv };
	CLEANUP(printed_close) struct printed answer = { .fd = -1 };

	int code = printed_open(NULL, "git", a, &answer, e);
	if (code == 0)
		code = job_run(&how, &answer, "git", e);
	if (code < 0)
		return code;
	char *text = arena_alloc(a, ANSWER_MAX + 1);
	ssize_t n = pread(answer.fd, text, ANSWER_MAX, 0);
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	*ret = text;
	return 0;
}

int
checkout_find(const char *word, struct arena *a, const char **ret, struct err *e)
{
	const char *const where[] = { "git", "rev-parse", "--git-dir", NULL };
	const char *const which[] = {
		"git", "rev-parse", "--verify", "--quiet", arena_printf(a, "%s^{commit}", word), NULL,
	};
	struct err why = { 0 };
	const char *ignored;

	if (word[0] == '-')
		return err_usage(e, "'%s' is no name of a revision", word);
	int code = ask(where, a, &ignored, &why);
	if (code == -ENOENT) {
		code = err_usage(e, "git is not there to look for a revision '%s'", word);
		err_hint(e, "install it: apt-get install git");
	} else if (code < 0) {
		code = err_usage(e, "there is no git repository here to find a revision '%s' in", word);
	} else if (ask(which, a, ret, &why) < 0) {
		code = err_usage(e, "the git repository here has no revision '%s'", word);
	}
	return code;
}

void
checkout_names(struct arena *a, struct buf *ret)
{
	const char *const argv[] = {
		"git", "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", NULL,
	};
	struct err ignored = { 0 };
	const char *names;

	if (ask(argv, a, &names, &ignored) == 0)
		buf_puts(ret, names);
}

/* ---- removal ------------------------------------------------------------------------------- */

/* What a build has made may be closed to its owner. */
static int
open_up(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	if (flag == FTW_D || flag == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	remove(path);
	return 0;
}

/* Have git forget the working trees that are gone; also when prony is being stopped. */
static void
prune(void)
{
	const char *const argv[] = { "git", "worktree", "prune", NULL };
	CLEANUP(fd_close_p) int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct child_how how = { .argv = argv, .out = nothing, .err = nothing };
	int64_t end = now_ns() + PRUNE_NS;
	struct child c = { 0 };
	struct err ignored = { 0 };

	if (child_start(&how, &c, &ignored) < 0)
		return;
	while (!child_ended(&c, PRUNE_NS) && now_ns() < end)
		;
	child_stop(&c, 0);
}

void
checkout_close(struct checkout *c)
{
	if (!c->temporary)
		return;
	nftw(c->temporary, open_up, FOLDERS_OPEN, FTW_PHYS | FTW_MOUNT);
	nftw(c->temporary, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	prune();
	*c = (struct checkout){ 0 };
}

/* ---- checking out -------------------------------------------------------------------------- */

static int
make_folder(struct arena *a, const char **ret, struct err *e)
{
	const char *below = getenv("TMPDIR");
	char *path = arena_printf(a, "%s/prony-XXXXXX", below && below[0] == '/' ? below : "/tmp");

	if (!mkdtemp(path))
		return err_set(e, errno, "cannot make a folder '%s': %s", path, strerror(errno));
	*ret = path;
	return 0;
}

static const char *
below_tree(const char *tree, struct arena *a)
{
	const char *const argv[] = { "git", "rev-parse", "--show-prefix", NULL };
	struct err ignored = { 0 };
	const char *prefix;

	if (ask(argv, a, &prefix, &ignored) < 0 || !prefix[0])
		return tree;
	const char *folder = arena_printf(a, "%s/%s", tree, prefix);
	return access(folder, X_OK) == 0 ? folder : tree;
}

int
checkout_open(const char *commit, struct arena *a, struct printed *to, struct checkout *ret,
    struct err *e)
{
	struct checkout c = { 0 };

	int code = make_folder(a, &c.temporary, e);
	if (code < 0)
		return code;
	const char *tree = arena_printf(a, "%s/tree", c.temporary);
	/* The hooks are for the user's own checkouts. */
	const char *const argv[] = {
		"git", "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", tree, commit, NULL,
	};
	const struct child_how how = { .argv = argv };
	code = job_run(&how, to, "git worktree", e);
	if (code < 0) {
		checkout_close(&c);
		return code;
	}
	c.folder = below_tree(tree, a);
	*ret = c;
	return 0;
}
