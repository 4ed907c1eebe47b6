/* SPDX-License-Identifier: MIT */
/* Who else computes on this host: a child that burns is told by name, unless it is the service. */
#include "observe/neighbours.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define NAME "prony-burner"

static pid_t
start_burner(int policy)
{
	pid_t pid = fork();

	if (pid) {
		assert_int_equal(sched_setscheduler(pid, policy, &(struct sched_param){ 0 }), 0);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, NAME);
	for (volatile unsigned long n = 0;;)
		n++;
}

static double
cpu_of(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* However busy the host is; of the idle class not much is asked. */
static void
let_it_burn(pid_t pid, double seconds)
{
	double begin = cpu_of(pid);

	while (cpu_of(pid) < begin + seconds)
		usleep(10000);
}

/* The row of the burner, after it used some CPU between two looks; NULL none. The run lives on. */
static const struct run_neighbour *
burn(struct run *r, int policy, bool is_service)
{
	struct neighbours n = { 0 };
	struct tree service = { 0 };
	pid_t pid = start_burner(policy);

	let_it_burn(pid, 0.02);
	neighbours_begin(&n);
	let_it_burn(pid, policy == SCHED_IDLE ? 0.03 : 0.3);
	if (is_service)
		assert_true(tree_add(&service, pid));
	neighbours_end(&n, &service);
	neighbours_write(&n, r);
	neighbours_done(&n);
	tree_done(&service);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < r->system.n_neighbours; i++)
		if (strcmp(r->system.neighbours[i].name, NAME) == 0)
			return &r->system.neighbours[i];
	return NULL;
}

static void
a_neighbour_is_told(void **state)
{
	struct run *r = run_new();
	const struct run_neighbour *n = burn(r, SCHED_OTHER, false);

	assert_non_null(n);
	assert_int_equal(n->processes, 1);
	assert_true(n->cpu > 0);
	assert_false(n->peer);
	run_free(r);
}

static void
a_peer_is_marked(void **state)
{
	struct run *r = run_new();
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);

	p->kind = "tcp";
	p->process = NAME;
	const struct run_neighbour *n = burn(r, SCHED_OTHER, false);
	assert_non_null(n);
	assert_true(n->peer);
	run_free(r);
}

static void
the_service_is_no_neighbour(void **state)
{
	struct run *r = run_new();

	assert_null(burn(r, SCHED_OTHER, true));
	run_free(r);
}

static void
who_takes_only_what_is_left_is_none(void **state)
{
	struct run *r = run_new();

	assert_null(burn(r, SCHED_IDLE, false));
	run_free(r);
}

RUN_TESTS(cmocka_unit_test(a_neighbour_is_told), cmocka_unit_test(a_peer_is_marked),
    cmocka_unit_test(the_service_is_no_neighbour),
    cmocka_unit_test(who_takes_only_what_is_left_is_none))
