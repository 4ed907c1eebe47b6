/* SPDX-License-Identifier: MIT */
/* A command that prony runs beside itself, and the end of it whatever happens.
 *
 * Between prony and the command stands a minder, a fork of prony that only waits. It is the
 * subreaper (prctl(2)) of everything that the command starts, so that nothing can get away from it
 * by forking, by a session of its own or by the death of its parents; and it sees prony die, even by
 * SIGKILL, because the link between them closes. Ending means SIGTERM to the command's process group
 * and to what has left it, then, after a while, SIGKILL.
 *
 * The command gets default signals, /dev/null as its input, the two descriptors that it is given and
 * no others. Any thread, one at a time per child. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct rlimit;

struct child_how {
	const char *const *argv;     /* NULL-terminated; argv[0] is a path or is looked for in PATH */
	const char *command;         /* instead: text for 'sh -c' */
	const char *folder;          /* to run it in; NULL: prony's own */
	int out, err;                /* what it prints goes there; borrowed */
	const struct rlimit *files;  /* RLIMIT_NOFILE; NULL: as prony has it */
};

/* Zeroed: none was started. */
struct child {
	pid_t pid;                   /* of the command, and the number of its process group */
	pid_t minder;
	int link;                    /* to the minder; when it closes, all of it is ended */
	bool ended;
	int status;                  /* as wait(2) gives it, once it has ended */
};

/* Start it; fails when the program cannot be executed. */
int child_start(const struct child_how *how, struct child *ret, struct err *e);

/* Has the command itself ended? Waits for it until then for at most `wait_ns`, less when a signal
 * comes. What it has started may still run. */
bool child_ended(struct child *c, int64_t wait_ns);

/* End everything that is left, SIGKILL after `patience_ns`; nothing of it remains. Safe on a zeroed
 * child and twice; the child may be asked how it ended afterwards. */
void child_stop(struct child *c, int64_t patience_ns);

/* Of a command that has ended: whatever it has started goes on without us, also when prony ends. */
void child_leave(struct child *c);

/* How it ended: "ended with status 3", "was killed by signal 9 (Killed)"; "runs". Returns `out`. */
const char *child_fate(const struct child *c, char *out, size_t size);
