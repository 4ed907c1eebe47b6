/* SPDX-License-Identifier: MIT */
#include "trace/perf_ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"

#define RINGS_BYTES_MAX (16u << 20)   /* of a whole set: the ceiling of prony's memory is 64 MiB */
#define RING_BYTES_MIN  (64u << 10)
#define RECORD_BYTES_MAX 65536u       /* the size field has 16 bits */
#define FDS_MAX 4096

struct ring {
	int cpu, fd;                      /* of the event that owns the memory */
	struct perf_event_mmap_page *page;
	uint8_t *data;
	size_t size;                      /* of data, a power of two */
};

struct perf_set {
	struct perf_event_attr attr;
	bool whole_host;
	int64_t opened_ns;                /* since boot, as start times of processes are */
	struct ring *rings; size_t n_rings;
	struct pollfd *polls;
	int *fds; size_t n_fds;           /* all events, those of rings too */
	struct map pids;                  /* whose threads have events */
	size_t ring_bytes;
	uint8_t *record;                  /* a record that wraps around is copied here */
};

static void
fill_attr(struct perf_event_attr *a, const struct perf_options *o)
{
	*a = (struct perf_event_attr){
		.size = sizeof(*a), .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1, .sample_freq = (uint64_t)o->hz, .disabled = 1, .exclude_idle = 1,
		.use_clockid = 1, .clockid = CLOCK_MONOTONIC, .inherit = o->n_pids > 0,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU |
		    PERF_SAMPLE_CALLCHAIN,
	};
	if (o->wake) {
		a->wakeup_events = 1;
	} else {
		a->watermark = 1;
		a->wakeup_watermark = INT32_MAX;
	}
#if defined(__x86_64__)
	a->exclude_callchain_user = 1;
	a->sample_type |= PERF_SAMPLE_REGS_USER;
	a->sample_regs_user = 7u << 6;    /* bp, sp, ip: PERF_REG_X86_BP is 6 */
	if (o->stack_bytes) {
		a->sample_type |= PERF_SAMPLE_STACK_USER;
		a->sample_stack_user = (uint32_t)((o->stack_bytes + 7) & ~(size_t)7);
	}
#endif
}

static int
open_event(struct perf_event_attr *attr, int pid, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM) && pid != -1 && !attr->exclude_kernel) {
		attr->exclude_kernel = 1;
		fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

static size_t
wanted_ring_bytes(const struct perf_options *o, size_t n_cpus)
{
	double record = (double)o->stack_bytes + 512;
	size_t size = RING_BYTES_MIN;
	while ((double)size < 0.4 * o->hz * record && size * 2 * n_cpus <= RINGS_BYTES_MAX)
		size *= 2;
	return size;
}

/* Unprivileged users may lock little memory, so a smaller ring may do where a larger is refused. */
static int
map_ring(struct perf_set *s, int fd, int cpu)
{
	size_t page_bytes = (size_t)getpagesize();
	for (size_t size = s->ring_bytes; size >= RING_BYTES_MIN / 2; size /= 2) {
		void *map = mmap(NULL, size + page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED && (errno == EPERM || errno == ENOMEM))
			continue;
		if (map == MAP_FAILED)
			return -errno;
		s->rings[s->n_rings++] = (struct ring){ .cpu = cpu, .fd = fd, .page = map,
			.data = (uint8_t *)map + page_bytes, .size = size };
		return 0;
	}
	return -EPERM;
}

static struct ring *
ring_of_cpu(struct perf_set *s, int cpu)
{
	for (size_t i = 0; i < s->n_rings; i++)
		if (s->rings[i].cpu == cpu)
			return &s->rings[i];
	return NULL;
}

/* -ENODEV: the CPU is offline; -ESRCH: the thread is gone. */
static int
add_event(struct perf_set *s, int pid, int cpu)
{
	if (s->n_fds == FDS_MAX)
		return -EMFILE;
	int fd = open_event(&s->attr, pid, cpu);
	if (fd < 0)
		return fd;
	struct ring *ring = ring_of_cpu(s, cpu);
	int result = !ring ? map_ring(s, fd, cpu) :
	    ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) < 0 ? -errno : 0;
	if (result < 0) {
		close(fd);
		return result;
	}
	s->fds[s->n_fds++] = fd;
	return 0;
}

static int
add_on_all_cpus(struct perf_set *s, int pid)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
	int result = -ENODEV;
	for (int cpu = 0; cpu < n_cpus; cpu++) {
		int added = add_event(s, pid, cpu);
		if (added < 0 && added != -ENODEV)
			return added;
		if (added == 0)
			result = 0;
	}
	return result;
}

static int64_t
boot_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* A child that a watched process made since the set was opened brought its events along. */
static bool
is_inherited(const struct perf_set *s, int pid)
{
	enum { FIELDS_FROM_PARENT_TO_START = 18 };
	char stat[1024];
	if (file_peek(stat, sizeof(stat), "/proc/%d/stat", pid) <= 0)
		return false;
	const char *at = strrchr(stat, ')');   /* names may hold blanks and brackets */
	if (!at || strlen(at) < 5)
		return false;
	int parent = atoi(at + 4);
	at += 4;
	for (int i = 0; at && i < FIELDS_FROM_PARENT_TO_START; i++)
		at = strchr(at + 1, ' ');
	int64_t tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
	return at && map_find(&s->pids, &parent, sizeof(parent)) &&
	    strtoll(at, NULL, 10) * tick_ns > s->opened_ns;
}

int
perf_set_add(struct perf_set *s, int pid, struct err *e)
{
	char path[64];
	int result = -ESRCH;
	bool new = false;
	if (!s->whole_host)
		*map_at(&s->pids, &pid, sizeof(pid), &new) = 1;
	if (!new || is_inherited(s, pid))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *threads = opendir(path);
	for (struct dirent *entry; threads && (entry = readdir(threads));) {
		int tid = atoi(entry->d_name);
		if (tid <= 0)
			continue;
		int added = add_on_all_cpus(s, tid);
		if (added == -ESRCH)
			continue;
		result = added;
		if (added < 0)
			break;
	}
	if (threads)
		closedir(threads);
	return result < 0 ? err_set(e, -result, "cannot sample process %d: %s", pid,
	    strerror(-result)) : 0;
}

static int
open_all(struct perf_set *s, const struct perf_options *o, struct err *e)
{
	if (s->whole_host) {
		int result = add_on_all_cpus(s, -1);
		return result < 0 ? err_set(e, -result, "cannot sample the host's CPUs: %s",
		    strerror(-result)) : 0;
	}
	for (size_t i = 0; i < o->n_pids; i++) {
		int result = perf_set_add(s, o->pids[i], e);
		if (result < 0 && result != -ESRCH)
			return result;
	}
	return s->n_fds ? 0 : err_set(e, ESRCH, "no process of the service can be sampled");
}

int
perf_set_open(const struct perf_options *o, struct perf_set **ret, struct err *e)
{
	size_t n_cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
	struct perf_set *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->whole_host = o->n_pids == 0;
	s->rings = calloc(n_cpus, sizeof(*s->rings));
	s->polls = calloc(n_cpus, sizeof(*s->polls));
	s->fds = calloc(FDS_MAX, sizeof(*s->fds));
	s->record = malloc(RECORD_BYTES_MAX);
	if (!s->rings || !s->polls || !s->fds || !s->record)
		abort();
	s->ring_bytes = wanted_ring_bytes(o, n_cpus);
	s->opened_ns = boot_ns();
	fill_attr(&s->attr, o);
	int result = open_all(s, o, e);
	if (result < 0) {
		perf_set_close(s);
		return result;
	}
	*ret = s;
	return 0;
}

void
perf_set_close(struct perf_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_rings; i++)
		munmap(s->rings[i].page, s->rings[i].size + (size_t)getpagesize());
	for (size_t i = 0; i < s->n_fds; i++)
		close(s->fds[i]);
	map_done(&s->pids);
	free(s->rings);
	free(s->polls);
	free(s->fds);
	free(s->record);
	free(s);
}

void
perf_set_enable(struct perf_set *s, bool on)
{
	s->attr.disabled = !on;   /* so that processes added later begin as the others are */
	for (size_t i = 0; i < s->n_fds; i++)
		ioctl(s->fds[i], on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

bool
perf_set_wait(struct perf_set *s, int timeout_ms)
{
	for (size_t i = 0; i < s->n_rings; i++)
		s->polls[i] = (struct pollfd){ .fd = s->rings[i].fd, .events = POLLIN };
	return poll(s->polls, s->n_rings, timeout_ms) > 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct cursor { const uint8_t *at, *end; };

static uint64_t
take_word(struct cursor *c)
{
	uint64_t value = 0;
	if (c->end - c->at < (ptrdiff_t)sizeof(value)) {
		c->at = c->end;
		return 0;
	}
	memcpy(&value, c->at, sizeof(value));
	c->at += sizeof(value);
	return value;
}

static const uint8_t *
take_bytes(struct cursor *c, uint64_t size)
{
	const uint8_t *bytes = c->at;
	if (size > (uint64_t)(c->end - c->at))
		return NULL;
	c->at += size;
	return bytes;
}

/* The fields in the order that perf_event_open(2) gives for our sample_type. */
static bool
decode(const struct perf_event_attr *attr, struct cursor c, struct perf_sample *ret)
{
	uint64_t ids = take_word(&c);
	*ret = (struct perf_sample){ .pid = (int)(uint32_t)ids, .tid = (int)(ids >> 32),
		.time_ns = (int64_t)take_word(&c), .cpu = (int)(uint32_t)take_word(&c) };
	ret->n_chain = take_word(&c);
	if (ret->n_chain > RECORD_BYTES_MAX)
		return false;
	ret->chain = (const uint64_t *)(const void *)take_bytes(&c, ret->n_chain * 8);
	if (!ret->chain)
		return false;
	if ((attr->sample_type & PERF_SAMPLE_REGS_USER) && take_word(&c) != 0) {
		ret->bp = take_word(&c);
		ret->sp = take_word(&c);
		ret->ip = take_word(&c);
	}
	if (attr->sample_type & PERF_SAMPLE_STACK_USER) {
		uint64_t size = take_word(&c);
		ret->stack = size ? take_bytes(&c, size) : NULL;
		uint64_t filled = ret->stack ? take_word(&c) : 0;
		ret->stack_size = filled < size ? filled : size;
	}
	return true;
}

static const uint8_t *
record_at(const struct perf_set *s, const struct ring *r, uint64_t at, size_t size)
{
	size_t from = at & (r->size - 1);
	if (from + size <= r->size)
		return r->data + from;
	size_t first = r->size - from;
	memcpy(s->record, r->data + from, first);
	memcpy(s->record + first, r->data, size - first);
	return s->record;
}

static int64_t
drain_ring(const struct perf_set *s, struct ring *r, perf_sample_fn fn, void *ctx)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail;
	int64_t lost = 0;

	while (tail < head) {
		struct perf_event_header h;
		memcpy(&h, record_at(s, r, tail, sizeof(h)), sizeof(h));
		if (h.size < sizeof(h))
			break;
		const uint8_t *record = record_at(s, r, tail, h.size);
		struct cursor c = { record + sizeof(h), record + h.size };
		struct perf_sample sample;
		if (h.type == PERF_RECORD_SAMPLE && decode(&s->attr, c, &sample)) {
			fn(ctx, &sample);
		} else if (h.type == PERF_RECORD_LOST) {
			take_word(&c);
			lost += (int64_t)take_word(&c);
		}
		tail += h.size;
		__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
	}
	return lost;
}

int64_t
perf_set_drain(struct perf_set *s, perf_sample_fn fn, void *ctx)
{
	int64_t lost = 0;
	for (size_t i = 0; i < s->n_rings; i++)
		lost += drain_ring(s, &s->rings[i], fn, ctx);
	return lost;
}

static size_t
ips_of(const struct perf_sample *sample, uint64_t context, uint64_t *ips, size_t max)
{
	uint64_t now = 0;
	size_t n = 0;
	for (size_t i = 0; i < sample->n_chain && n < max; i++) {
		if (sample->chain[i] >= (uint64_t)PERF_CONTEXT_MAX)
			now = sample->chain[i];
		else if (now == context)
			ips[n++] = sample->chain[i];
	}
	return n;
}

size_t
perf_kernel_ips(const struct perf_sample *sample, uint64_t *ips, size_t max)
{
	return ips_of(sample, (uint64_t)PERF_CONTEXT_KERNEL, ips, max);
}

size_t
perf_user_ips(const struct perf_sample *sample, uint64_t *ips, size_t max)
{
	return ips_of(sample, (uint64_t)PERF_CONTEXT_USER, ips, max);
}
