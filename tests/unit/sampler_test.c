/* SPDX-License-Identifier: MIT */
/* Samples of children that spin in known functions. Skipped where the host allows no perf
 * events, or has no Python that is known. */
#include "check.h"
#include "apart.h"
#include "base/clock.h"
#include "trace/sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENOUGH = 20 };
#define PATIENCE_NS (20 * NS_PER_S)

static volatile unsigned long sink;

static APART void
spin_inside(void)
{
	for (int i = 0; i < 100000; i++)
		sink += (unsigned long)i;
}

static APART void
spin_outside(void)
{
	for (;;) {
		spin_inside();
		sink++;
	}
}

static pid_t
start(const char *const *argv)
{
	pid_t parent = getpid(), pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (!argv)
		spin_outside();
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

struct seen {
	struct symbols *symbols;
	pid_t pid;
	int all, rooted, native, script;
};

static void
on_sample(void *ctx, const struct sampler_sample *sample)
{
	struct seen *seen = ctx;
	struct symbol leaf, caller;
	assert_int_equal(sample->pid, seen->pid);
	assert_true(sample->time_ns > 0 && sample->time_ns <= now_ns());
	seen->all++;
	seen->rooted += sample->rooted;
	if (sample->n_user >= 2) {
		symbols_name(seen->symbols, sample->pid, sample->user[0], true, &leaf);
		symbols_name(seen->symbols, sample->pid, sample->user[1], false, &caller);
		seen->native += strcmp(leaf.name, "spin_inside") == 0 &&
		    strcmp(caller.name, "spin_outside") == 0;
	}
	if (sample->n_script == 3)
		seen->script += strcmp(sample->script[0].function, "score_cart") == 0 &&
		    strcmp(sample->script[1].function, "Shop.serve") == 0 &&
		    sample->script[0].line >= 2 && sample->script[0].line <= 4;
}

/* False: not allowed here. */
static bool
watch(pid_t pid, const struct sampler_options *o, struct seen *seen)
{
	struct err e = { 0 };
	struct sampler *s;
	struct sampler_counts counts;
	*seen = (struct seen){ .symbols = symbols_new(), .pid = pid };
	bool allowed = sampler_open(o, &pid, 1, seen->symbols, &s, &e) == 0;
	if (allowed) {
		sampler_start(s);
		for (int64_t until = now_ns() + PATIENCE_NS; seen->all < ENOUGH && now_ns() < until;) {
			usleep(10000);
			sampler_drain(s, on_sample, seen);
		}
		sampler_stop(s);
		sampler_drain(s, on_sample, seen);
		sampler_counts(s, &counts);
		assert_int_equal(counts.samples, seen->all);
		assert_int_equal(counts.rooted, seen->rooted);
		assert_true(counts.cost_ns > 0);
		assert_int_equal(sampler_period_ns(s), 1000000000 / 199);
		sampler_close(s);
	}
	symbols_free(seen->symbols);
	return allowed;
}

static void
samples_native(bool only_service)
{
	struct sampler_options o = { .only_service = only_service };
	struct seen seen;
	pid_t pid = start(NULL);
	bool allowed = watch(pid, &o, &seen);
	end(pid);
	if (!allowed)
		SKIP("perf events of other processes are not allowed");
	assert_true(seen.all >= ENOUGH);
#if defined(__x86_64__)
	assert_true(seen.native >= seen.all * 9 / 10);
	assert_true(seen.rooted >= seen.all * 9 / 10);
#endif
}

static void
samples_the_host(void **state)
{
	samples_native(false);
}

static void
samples_only_the_service(void **state)
{
	samples_native(true);
}

static const char script[] =
    "def score_cart(n):\n"
    "    t = 0\n"
    "    for i in range(n):\n"
    "        t += i % 7\n"
    "class Shop:\n"
    "    def serve(self):\n"
    "        while True: score_cart(100000)\n"
    "Shop().serve()\n";

static void
samples_python_functions(void **state)
{
	const char *const argv[] = { "/usr/bin/python3", "-c", script, NULL };
	struct err e = { 0 };
	struct python *probe = NULL;
	struct python_frame frames[8];
	pid_t pid = start(argv);
	bool ready = false;

	/* The interpreter needs a moment before there is a script. */
	for (int64_t until = now_ns() + PATIENCE_NS;
	    !ready && now_ns() < until && !waitpid(pid, NULL, WNOHANG);) {
		usleep(10000);
		if (!probe && python_open(pid, &probe, &e) < 0)
			continue;
		ready = python_stack(probe, pid, frames, 8) == 3;
	}
	python_close(probe);
	struct seen seen = { 0 };
	struct sampler_options o = { 0 };
	bool allowed = ready && watch(pid, &o, &seen);
	end(pid);
	if (!allowed)
		SKIP("perf events of other processes are not allowed");
	assert_true(seen.all >= ENOUGH);
	assert_true(seen.script >= seen.all * 8 / 10);
}

static void
count_only(void *ctx, const struct sampler_sample *sample)
{
	if (sample->pid == *(const pid_t *)ctx)
		((pid_t *)ctx)[1]++;
}

/* Makes a spinning child of its own when the gate's other end is closed; tells its pid. */
static pid_t
start_master(const int gate[2], volatile pid_t *ret_worker)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	char byte;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(gate[1]);
	if (read(gate[0], &byte, 1) == 0)
		for (*ret_worker = start(NULL); *ret_worker > 0;)
			pause();
	_exit(0);
}

/* A worker forked later inherits events; adding it must not count it twice. */
static void
counts_a_later_child_once(void **state)
{
	struct sampler_options o = { .only_service = true, .hz = 500 };
	struct symbols *symbols = symbols_new();
	struct err e = { 0 };
	struct sampler *s;
	pid_t counted[2] = { 0, 0 };
	clockid_t clock;
	struct timespec used = { 0 };
	int gate[2];

	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	volatile pid_t *worker = mmap(NULL, sizeof(*worker), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(worker, MAP_FAILED);
	pid_t master = start_master(gate, worker);
	close(gate[0]);
	bool allowed = sampler_open(&o, &master, 1, symbols, &s, &e) == 0;
	if (allowed) {
		sampler_start(s);
		usleep(20000);   /* start times count in ticks of 10 ms */
		close(gate[1]);
		for (int64_t until = now_ns() + PATIENCE_NS; !*worker && now_ns() < until;)
			usleep(1000);
		counted[0] = *worker;
		assert_true(counted[0] > 0);
		sampler_add(s, counted[0]);
		assert_int_equal(clock_getcpuclockid(counted[0], &clock), 0);
		while (used.tv_sec == 0 && used.tv_nsec < 300000000) {
			usleep(10000);
			sampler_drain(s, count_only, counted);
			assert_int_equal(clock_gettime(clock, &used), 0);
		}
		sampler_stop(s);
		sampler_drain(s, count_only, counted);
		clock_gettime(clock, &used);
		double expected = 500 * ((double)used.tv_sec + (double)used.tv_nsec / 1e9);
		assert_true(counted[1] > 0.5 * expected && counted[1] < 1.3 * expected);
		sampler_close(s);
		kill(counted[0], SIGKILL);
	}
	end(master);
	symbols_free(symbols);
	if (!allowed)
		SKIP("perf events of other processes are not allowed");
}

static void
explains_why_it_cannot(void **state)
{
	struct err e = { 0 };
	struct sampler *s;
	struct python *p;
	struct symbols *symbols = symbols_new();
	struct sampler_options o = { .only_service = true };
	int nobody = 0x3ffffff;
	assert_true(sampler_open(&o, &nobody, 1, symbols, &s, &e) < 0);
	assert_true(e.text[0]);
	assert_int_equal(python_open(getpid(), &p, &e), -ENOENT);
	symbols_free(symbols);
}

RUN_TESTS(cmocka_unit_test(samples_the_host), cmocka_unit_test(samples_only_the_service),
    cmocka_unit_test(samples_python_functions), cmocka_unit_test(counts_a_later_child_once),
    cmocka_unit_test(explains_why_it_cannot))
