/* SPDX-License-Identifier: MIT */
/* The kernel's rings (io_uring(7)) without liburing: Debian 12's lacks what newer kernels offer,
 * and what is used of it is small.
 *
 * A ring belongs to the thread that opened it: only that one may submit and wait (the kernel holds
 * it to that: IORING_SETUP_SINGLE_ISSUER). When the thread has ended nothing more completes; the
 * memory of the ring stays readable until uring_close. */
#pragma once

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uring {
	int fd;                        /* -1: not open */
	int registered;                /* index of fd among the thread's registered rings, or -1 */
	void *rings, *sqe_memory;
	size_t rings_bytes, sqe_bytes;

	uint32_t *sq_head, *sq_tail, sq_mask;
	struct io_uring_sqe *sqes;
	uint64_t pushed, taken;        /* entries ever given out, and of them seen by the kernel */

	uint32_t *cq_head, *cq_tail, cq_mask;
	struct io_uring_cqe *cqes;
};

/* How to wait: until something completes; when that is less than `batch`, gather for patience_ns
 * more. Never longer than timeout_ns. */
struct uring_patience {
	uint32_t batch;
	int64_t patience_ns, timeout_ns;
};

/* 0 or -errno: -ENOSYS, -EPERM or -EINVAL where the kernel (before 6.1) or the sandbox does not
 * have it. On failure *u is as closed. */
int uring_open(struct uring *u, uint32_t submissions, uint32_t completions);
/* `owner`: called by the thread that opened it, which then cancels what is under way; another may
 * close it only after that one has ended. Accepts a closed one. */
void uring_close(struct uring *u, bool owner);

static inline bool
uring_is_full(const struct uring *u)
{
	return u->pushed - u->taken > u->sq_mask;
}

/* A zeroed entry, to be filled before the next call and submitted with the next wait. NULL when the
 * ring is full. *ret_position: of uring_pending. */
struct io_uring_sqe *uring_push(struct uring *u, uint64_t *ret_position);
/* The entry at a position, as long as no later one has taken its place. */
struct io_uring_sqe *uring_entry(const struct uring *u, uint64_t position);
/* Not submitted yet; position 0 never is. */
static inline bool
uring_pending(const struct uring *u, uint64_t position)
{
	return position >= u->taken;
}

/* Entries with IOSQE_FIXED_FILE name files by their place in `fds` (-1: none) and save the kernel the
 * look-up. 0 or -errno: -EMFILE for more than the limit of open files. */
int uring_register_files(struct uring *u, const int *fds, uint32_t n);

void uring_submit(struct uring *u);
/* Submit and wait. Deferred work of the kernel is done in here and nowhere else: receives happen
 * in uring_wait only. */
void uring_wait(struct uring *u, const struct uring_patience *how);

/* Completions: those from uring_first on, up to but without uring_last. Positions wrap. */
static inline uint32_t
uring_first(const struct uring *u)
{
	return *u->cq_head;
}

static inline uint32_t
uring_last(const struct uring *u)
{
	return __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE);
}

static inline const struct io_uring_cqe *
uring_completion(const struct uring *u, uint32_t position)
{
	return &u->cqes[position & u->cq_mask];
}

/* The kernel may use the places before `position` again. */
static inline void
uring_seen(struct uring *u, uint32_t position)
{
	__atomic_store_n(u->cq_head, position, __ATOMIC_RELEASE);
}

/* ---- buffers that the kernel chooses from --------------------------------------------------- */

/* All of one size, in one mapping together with their ring. They are filled in turn, each into cold
 * cache, so no more of them go round than have been needed at once. */
struct uring_buffers {
	void *memory;
	size_t memory_bytes;
	struct io_uring_buf_ring *ring;
	char *first;
	size_t stride;
	uint32_t n;                    /* a power of two */
	uint32_t rotating;             /* so many of them go round, the first ones */
	uint16_t tail;
};

int uring_buffers_make(struct uring_buffers *b, uint32_t n, uint32_t rotating, size_t stride);
void uring_buffers_free(struct uring_buffers *b);
/* Let a ring use those that go round as group 0: all but where `held` says true (may be NULL). */
int uring_buffers_offer(struct uring_buffers *b, struct uring *u, const bool *held);
void uring_buffers_give(struct uring_buffers *b, uint32_t id);
/* There was none: from now on one more goes round, if there is one. */
void uring_buffers_more(struct uring_buffers *b);

static inline char *
uring_buffer(const struct uring_buffers *b, uint32_t id)
{
	return b->first + id * b->stride;
}
