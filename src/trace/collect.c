/* SPDX-License-Identifier: MIT */
/* Loading and attaching of the collector (bpf/collect.bpf.c).
 *
 * The scheduler and system-call programs are required, the TCP ones are not: without them requests
 * begin when they are read. Threads are entered into the collector's table by walking /proc after
 * the fork program is attached, so none can slip through. */
#include "trace/collect_int.h"
#include "trace/collect.skel.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "symbol/symbol.h"

struct thread_state {          /* struct thread of the collector */
	uint32_t epoch, pid;
	uint64_t out, wake;
	uint32_t waker;
	uint16_t waker_nr, preempted;
	uint64_t first_block, blocked, woke_waited, sql_start, sql_statement;
	uint32_t sql_depth;
	uint16_t tls_wrote, ring_came;
	uint64_t tls_ssl, tls_buffer, tls_counter, ring_read, ring_bytes, tls_read, tls_block;
};

static int
stay_quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static int
on_event(void *ctx, void *data, size_t size)
{
	struct collect *c = ctx;
	c->bytes += size;
	if (size >= sizeof(struct ev_head))
		c->fn(c->ctx, data, size);
	return 0;
}

static int
load_failed(struct err *e, int code)
{
	code = code < 0 ? -code : code;
	err_set(e, code, "cannot load the BPF collector: %s", strerror(code));
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		err_hint(e, "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian's is)");
	else if (code != EPERM && code != EACCES)
		err_hint(e, "boot a kernel of 5.8 or later, which has BPF ring buffers");
	return -code;
}

/* Of the host's own, fs/proc: PROC_PID_INIT_INO. In another the numbers of processes that programs see
 * are not those that are seen here. */
#define HOST_PID_NAMESPACE 0xEFFFFFFC

static int
check_namespace(struct err *e)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == HOST_PID_NAMESPACE)
		return 0;
	int code = err_set(e, ENOTSUP, "prony is in a PID namespace of its own, where BPF tells processes by "
	    "other numbers");
	err_hint(e, "docker run --pid=host ..., or run prony outside of the container");
	return code;
}

int
collect_open(struct collect **ret, struct err *e)
{
	int refused = check_namespace(e);

	if (refused < 0)
		return refused;
	libbpf_set_print(stay_quiet);
	struct collect *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ENOMEM, "cannot start the BPF collector: out of memory");
	c->bpf = collect_bpf__open();
	if (c->bpf) {
		c->has_rings = libbpf_find_vmlinux_btf_id("io_uring_complete", BPF_TRACE_RAW_TP) > 0;
		bpf_program__set_autoload(c->bpf->progs.on_uring, c->has_rings);
		c->has_receives = libbpf_find_vmlinux_btf_id("sock_recv_length", BPF_TRACE_RAW_TP) > 0;
		bpf_program__set_autoload(c->bpf->progs.on_received, c->has_receives);
	}
	int code = c->bpf ? collect_bpf__load(c->bpf) : -errno;
	if (!code) {
		c->ring = ring_buffer__new(bpf_map__fd(c->bpf->maps.events), on_event, c, NULL);
		code = c->ring ? 0 : -errno;
	}
	if (code) {
		collect_close(c);
		return load_failed(e, code);
	}
	*ret = c;
	return 0;
}

struct row { struct bpf_program *program; struct bpf_link **link; bool required; };

#define ROW(name, required) { c->bpf->progs.name, &c->bpf->links.name, required }

static int
attach_rows(const struct row *rows, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		*rows[i].link = bpf_program__attach(rows[i].program);
		int code = errno;
		if (!*rows[i].link && rows[i].required)
			return err_set(e, code, "cannot attach '%s': %s",
			    bpf_program__name(rows[i].program), strerror(code));
	}
	return 0;
}

/* The programs that every process of the host pays for, some ten ns a time, even when they have
 * nothing to do: there only while a window is open. */
static int
attach_busy(struct collect *c, struct err *e)
{
	const struct row rows[] = { ROW(on_switch, true), ROW(on_waking, true),
		ROW(on_call_end, true), ROW(on_tcp_data, false) };
	const struct row ring[] = { ROW(on_uring, false), ROW(on_received, false) };
	int code = attach_rows(rows, COUNT_OF(rows), e);
	return code || !c->rings ? code : attach_rows(ring, c->has_receives ? 2 : 1, e);
}

static void
detach_busy(struct collect *c)
{
	struct bpf_link **const links[] = { &c->bpf->links.on_switch, &c->bpf->links.on_waking,
		&c->bpf->links.on_call_end, &c->bpf->links.on_tcp_data, &c->bpf->links.on_uring,
		&c->bpf->links.on_received };
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		bpf_link__destroy(*links[i]);
		*links[i] = NULL;
	}
}

int
collect_attach(struct collect *c, struct err *e)
{
	const struct row rows[] = { ROW(on_fork, true), ROW(on_exit, true), ROW(on_tcp_state, false) };
	int code = attach_rows(rows, COUNT_OF(rows), e);
	if (!code)
		code = attach_busy(c, e);
	c->has_arrivals = c->bpf->links.on_tcp_data != NULL;
	detach_busy(c);
	return code;
}

void
collect_close(struct collect *c)
{
	if (!c)
		return;
	probes_done(c);
	ring_buffer__free(c->ring);
	collect_bpf__destroy(c->bpf);
	free(c);
}

/* ---- who is watched ------------------------------------------------------------------------ */

static void
add_thread(struct collect *c, uint32_t tid, uint32_t pid)
{
	struct thread_state t = { .pid = pid };
	bpf_map_update_elem(bpf_map__fd(c->bpf->maps.threads), &tid, &t, BPF_NOEXIST);
}

void
collect_add_process(struct collect *c, int pid)
{
	char path[64];
	uint32_t key = (uint32_t)pid;
	uint8_t one = 1;

	bpf_map_update_elem(bpf_map__fd(c->bpf->maps.processes), &key, &one, BPF_ANY);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir)); )
		if (d->d_name[0] != '.')
			add_thread(c, (uint32_t)atoi(d->d_name), key);
	if (dir)
		closedir(dir);
}

void
collect_add_port(struct collect *c, uint16_t port)
{
	uint8_t one = 1;
	bpf_map_update_elem(bpf_map__fd(c->bpf->maps.ports), &port, &one, BPF_ANY);
}

void
collect_add_python_thread(struct collect *c, int tid, const struct python_place *place)
{
	bpf_map_update_elem(bpf_map__fd(c->bpf->maps.python_threads), &tid, place, BPF_ANY);
}

void
collect_add_go(struct collect *c, int pid)
{
	uint8_t one = 1;
	bpf_map_update_elem(bpf_map__fd(c->bpf->maps.go_processes), &pid, &one, BPF_ANY);
}

bool
collect_has_arrivals(const struct collect *c)
{
	return c->has_arrivals;
}

bool
collect_has_streams(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop, NULL) > 0;
}

bool
collect_add_rings(struct collect *c)
{
	return c->rings = c->has_rings;
}

/* ---- windows ------------------------------------------------------------------------------- */

uint64_t
collect_return(void *collect, int pid, uint64_t slot)
{
	struct collect *c = collect;
	struct return_slot key = { .address = slot, .pid = (uint32_t)pid };
	uint64_t address = 0;

	bpf_map_lookup_elem(bpf_map__fd(c->bpf->maps.returns), &key, &address);
	return address;
}

void
collect_names(struct collect *c)
{
	c->listens = true;
	c->bpf->links.on_call_between = bpf_program__attach(c->bpf->progs.on_call_between);
}

int64_t
collect_window_open(struct collect *c)
{
	struct err ignored = { 0 };
	bpf_link__destroy(c->bpf->links.on_call_between);
	c->bpf->links.on_call_between = NULL;
	c->bpf->bss->epoch++;
	probes_enter(c);
	attach_busy(c, &ignored);   /* it could be done before: a window without is only empty */
	int64_t now = now_ns();
	c->bpf->bss->began = (uint64_t)now;
	c->bpf->bss->full_at = 0;
	__atomic_store_n(&c->bpf->bss->enabled, 1, __ATOMIC_RELEASE);
	return now;
}

void
collect_window_close(struct collect *c, bool for_long)
{
	__atomic_store_n(&c->bpf->bss->enabled, 0, __ATOMIC_RELEASE);
	detach_busy(c);
	if (for_long)
		collect_leave_dear(c);
	if (c->listens)
		collect_names(c);
}

size_t
collect_sleepers(struct collect *c, struct collect_sleeper *out, size_t max)
{
	int fd = bpf_map__fd(c->bpf->maps.threads);
	uint32_t key, next, *at = NULL, epoch = c->bpf->bss->epoch;
	size_t n = 0;

	while (n < max && !bpf_map_get_next_key(fd, at, &next)) {
		struct thread_state t;
		key = next;
		at = &key;
		if (bpf_map_lookup_elem(fd, &key, &t))
			continue;
		bool known = t.epoch == epoch;
		if (known && !t.out)
			continue;
		out[n++] = (struct collect_sleeper){ .tid = key, .pid = t.pid, .known = known,
			.out = known ? (int64_t)t.out : 0, .wake = known ? (int64_t)t.wake : 0,
			.preempted = known && (t.preempted & EV_OFF_PREEMPTED) };
	}
	return n;
}

size_t
collect_drain(struct collect *c, collect_fn fn, void *ctx)
{
	c->fn = fn;
	c->ctx = ctx;
	c->bytes = 0;
	ring_buffer__consume(c->ring);
	return c->bytes;
}

uint64_t
collect_dropped(const struct collect *c)
{
	return c->bpf->bss->dropped;
}

uint64_t
collect_stacks_lost(const struct collect *c)
{
	return c->bpf->bss->stacks_lost;
}

size_t
collect_kept(const struct collect *c, int pid, struct collect_kept *out, size_t max)
{
	struct ev_kept k;
	uint32_t key = (uint32_t)pid;
	size_t n = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(c->bpf->maps.kept), &key, &k))
		return 0;
	for (uint64_t i = k.n > EV_KEPT_POINTS ? k.n - EV_KEPT_POINTS : 0; i < k.n && n < max; i++)
		out[n++] = (struct collect_kept){ (int64_t)k.points[i % EV_KEPT_POINTS].at,
			k.points[i % EV_KEPT_POINTS].bytes };
	return n;
}

int64_t
collect_full_at(const struct collect *c)
{
	return (int64_t)c->bpf->bss->full_at;
}

void
collect_set_stack_period(struct collect *c, int64_t ns)
{
	c->bpf->data->stack_period_ns = (uint64_t)ns;
}

/* ---- own cost ------------------------------------------------------------------------------ */

/* Besides the program: reaching it by a tracepoint, and by a trap from a program's own code and back, both
 * on a virtual machine. */
#define RUN_NS  50
#define TRAP_NS 400

int64_t
collect_paid(const struct collect *c)
{
	const volatile struct paid *p = &c->bpf->bss->paid;
	return (int64_t)((p->ns + p->runs * RUN_NS) * PAID_EVERY + p->traps * TRAP_NS);
}
