/* SPDX-License-Identifier: MIT */
/* Off-CPU intervals: what the thread waited for. */
#include "trace/assemble_int.h"

#include <sys/syscall.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

enum run_part_kind
part_of_syscall(int nr, bool uninterrupted)
{
	switch (nr) {
	case SYS_futex:
		return PART_LOCK;
	case SYS_flock: case SYS_fcntl:
		return PART_LOCK;
	case SYS_nanosleep: case SYS_clock_nanosleep:
		return PART_SLEEP;
	case SYS_poll: case SYS_ppoll: case SYS_select: case SYS_pselect6: case SYS_epoll_wait:
	case SYS_epoll_pwait: case SYS_epoll_pwait2: case SYS_accept: case SYS_accept4: case SYS_io_uring_enter:
		return PART_NONE;
	case SYS_connect: case SYS_recvfrom: case SYS_recvmsg: case SYS_sendto: case SYS_sendmsg:
		return PART_NET;
	case SYS_fsync: case SYS_fdatasync: case SYS_sync_file_range: case SYS_syncfs: case SYS_msync:
		return PART_DISK;
	/* Changes of the address space wait for those who fault in it, and the other way round. */
	case SYS_mmap: case SYS_munmap: case SYS_mremap: case SYS_mprotect: case SYS_madvise: case SYS_brk:
	case 0xffff:
		return PART_FAULT;
	case SYS_wait4: case SYS_waitid:
		return PART_OTHER;
	}
	return uninterrupted ? PART_DISK : PART_OTHER;
}

static uint32_t
lock_of(struct worker *w, const struct rec *r)
{
	struct { uint64_t key; int64_t pid; } id = { r->key, w->t->threads[r->thread].pid };
	bool new;
	uint64_t *at = map_at(&w->lock_ids, &id, sizeof(id), &new);
	if (new) {
		*at = w->a->n_locks;
		struct lock *l = ARENA_PUSH(w->a->arena, w->a->locks, w->a->n_locks);
		l->key = r->key;
		l->pid = (int)id.pid;
	}
	w->a->locks[*at].woken += (r->flags & OFF_BY_FUTEX) != 0;
	return (uint32_t)*at + 1;
}

/* A goroutine leaves its thread silently: that the thread then sleeps tells. */
static void
end_goroutine(struct worker *w, const struct rec *r)
{
	struct actor *actor = &w->actors[r->thread];
	bool idle = r->nr == SYS_futex || part_of_syscall(r->nr, false) == PART_NONE;
	if (actor->goroutines && idle && !(r->flags & OFF_PREEMPTED) && actor->segment != NOBODY &&
	    w->a->segments[actor->segment].start < r->from) {
		leave(w, r->thread, r->from);
		actor->resumed = r->ts;
	}
}

void
on_off(struct worker *w, struct rec *r, uint32_t index)
{
	end_goroutine(w, r);
	struct thread_log *log = &w->a->threads[r->thread];
	*ARENA_PUSH(w->a->arena, log->off, log->n_off) = index;
	bool futex = r->nr == SYS_futex && !(r->flags & OFF_PREEMPTED);
	bool accepts = r->nr == SYS_accept || r->nr == SYS_accept4;
	r->bytes = r->flags & OFF_PREEMPTED ? PART_RUNQUEUE :
	    part_of_syscall(r->nr, r->flags & OFF_UNINTERRUPTED);
	r->name = futex ? lock_of(w, r) : accepts ? tape_name(w->t, "waiting for a request") : 0;
}

void
annotate(struct worker *w, const struct rec *r, enum run_part_kind part, uint32_t where)
{
	struct thread_log *log = &w->a->threads[r->thread];
	if (!r->from)
		return;
	for (size_t i = log->n_off; i > w->actors[r->thread].off_mark; i--) {
		struct rec *off = tape_at(w->t, log->off[i - 1]);
		if (off->from < r->from)
			break;
		if (off->flags & OFF_PREEMPTED)
			continue;
		off->bytes = part;
		off->name = where;
	}
}

int64_t
ran_between(const struct worker *w, uint32_t thread, int64_t from, int64_t to)
{
	const struct thread_log *log = &w->a->threads[thread];
	int64_t blocked = 0;
	for (size_t i = log->n_off; i > w->actors[thread].off_mark; i--) {
		const struct rec *off = tape_at(w->t, log->off[i - 1]);
		if (off->ts <= from)
			break;
		if (off->from < from || off->from >= to || off->flags & OFF_PREEMPTED)
			continue;
		blocked += (off->at ? off->at : off->ts) - off->from;
	}
	return to - from - blocked;
}
