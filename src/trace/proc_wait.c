/* SPDX-License-Identifier: MIT */
#include "trace/proc_wait.h"

#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "trace/assemble.h"

#define LOCKED_WITH_WAITERS 2      /* the value of a glibc mutex that somebody waits for */

static struct proc_wait
wait_for(enum run_part_kind kind, const char *where)
{
	struct proc_wait w = { .kind = kind };
	snprintf(w.where, sizeof(w.where), "%s", where);
	return w;
}

/* glibc: a mutex waits with FUTEX_WAIT for the value 2; conditions, semaphores and reader-writer locks
 * with FUTEX_WAIT_BITSET. */
static struct proc_wait
wait_futex(const struct proc_call *c)
{
	struct proc_wait w = { .kind = PART_LOCK, .key = c->arg[0] };
	int command = (int)c->arg[1] & FUTEX_CMD_MASK;

	w.unsure = command != FUTEX_WAIT || (uint32_t)c->arg[2] != LOCKED_WITH_WAITERS;
	return w;
}

/* An answer that the client, or the network, does not take. */
static bool
sends(const char *verb)
{
	return !strncmp(verb, "write", 5) || !strncmp(verb, "send", 4);
}

static struct proc_wait
wait_fd(struct proc_sockets *sockets, int pid, int fd, const char *verb, int64_t now)
{
	const char *about;
	char text[96];
	struct proc_fd of = proc_sockets_fd(sockets, pid, fd, now);

	switch (of.kind) {
	case FD_PEER:
		return wait_for(peer_part(of.port, &about), of.name);
	case FD_FILE:
		snprintf(text, sizeof(text), "%s %s", verb, of.name);
		return wait_for(PART_DISK, text);
	case FD_CLIENT:
		return sends(verb) ? wait_for(PART_NET, "client") : wait_for(PART_NONE, "");
	case FD_PIPE:
		return wait_for(PART_NONE, "");
	case FD_UNKNOWN:
		break;
	}
	return wait_for(PART_OTHER, "");
}

/* Clients of databases often poll the one socket that they wait for. */
static struct proc_wait
wait_poll(struct proc_sockets *sockets, int pid, const struct proc_call *c, int64_t now)
{
	struct pollfd one;
	struct iovec here = { &one, sizeof(one) }, there = { (void *)(uintptr_t)c->arg[0], sizeof(one) };

	if (c->arg[1] != 1 || process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)sizeof(one) || one.fd < 0)
		return wait_for(PART_NONE, "");
	struct proc_wait w = wait_fd(sockets, pid, one.fd, "poll", now);
	return w.kind == PART_OTHER || w.kind == PART_DISK ? wait_for(PART_NONE, "") : w;
}

static const char *
verb_of(int nr)
{
	static const struct { int nr; const char *verb; } verbs[] = {
		{ SYS_read, "read" }, { SYS_pread64, "pread" }, { SYS_readv, "readv" }, { SYS_preadv, "preadv" },
		{ SYS_write, "write" }, { SYS_pwrite64, "pwrite" }, { SYS_writev, "writev" },
		{ SYS_pwritev, "pwritev" }, { SYS_fsync, "fsync" }, { SYS_fdatasync, "fdatasync" },
		{ SYS_sync_file_range, "sync" }, { SYS_syncfs, "syncfs" }, { SYS_recvfrom, "recvfrom" },
		{ SYS_recvmsg, "recvmsg" }, { SYS_sendto, "sendto" }, { SYS_sendmsg, "sendmsg" },
		{ SYS_connect, "connect" },
	};
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (verbs[i].nr == nr)
			return verbs[i].verb;
	return NULL;
}

struct proc_wait
proc_wait_of(struct proc_sockets *sockets, int pid, const struct proc_call *c, char state, int64_t now)
{
	const char *verb = verb_of(c->nr);

	if (c->nr < 0)
		return wait_for(PART_FAULT, "");
	if (c->nr == SYS_futex)
		return wait_futex(c);
	if (c->nr == SYS_poll || c->nr == SYS_ppoll)
		return wait_poll(sockets, pid, c, now);
	if (verb)
		return wait_fd(sockets, pid, (int)c->arg[0], verb, now);
	return wait_for(part_of_syscall(c->nr, state == 'D'), "");
}

enum run_part_kind
proc_wait_named(const char *function)
{
	static const struct { const char *part; enum run_part_kind kind; } names[] = {
		{ "mutex_lock", PART_LOCK }, { "lll_lock", PART_LOCK }, { "rwlock", PART_LOCK },
		{ "take_gil", PART_LOCK }, { "spin_lock", PART_LOCK }, { "cond_", PART_NONE },
		{ "sem_", PART_NONE }, { "worker_thread", PART_NONE },
		/* Java; what it waits for in a monitor leaves no frame of its own */
		{ "AbstractQueuedSynchronizer.acquire", PART_LOCK }, { "java.lang.Thread.sleep", PART_SLEEP },
		{ "Object.wait", PART_NONE }, { "ThreadPoolExecutor.getTask", PART_NONE }, { ".await", PART_NONE },
		{ "ReferencePendingList", PART_NONE },
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strstr(function, names[i].part))
			return names[i].kind;
	return PART_OTHER;
}
