/* SPDX-License-Identifier: MIT */
/* Connections spread over the processes of a service, and who is known to hold them. */
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "load/load.h"
#include "observe/observe.h"
#include "check.h"
#include "pinned.h"

#define PATIENCE_NS (20 * NS_PER_S)

struct bench {
	struct pinned service;
	int sockets;               /* open in a process that has no connection */
	const char *url;
	char text[64];
	struct spec spec;
	struct load *load;
	struct run *run;
	struct observe_owners *owners;
	struct err e;
};

static int
count_sockets(pid_t pid)
{
	char path[64], target[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d));)
		n += readlinkat(dirfd(d), entry->d_name, target, sizeof(target)) > 7 &&
		    strncmp(target, "socket:", 7) == 0;
	closedir(d);
	return n;
}

static void
bench_open(struct bench *b)
{
	assert_true(pinned_start(&b->service));
	b->sockets = count_sockets(b->service.pids[0]);
	snprintf(b->text, sizeof(b->text), "http://127.0.0.1:%u/", b->service.port);
	b->url = b->text;
	b->spec.urls = &b->url;
	b->spec.n_urls = b->spec.seed = 1;
	b->spec.reuse = 1;
	b->spec.timeout_ns = PATIENCE_NS;
	b->run = run_new();
	for (int i = 0; i < b->service.n; i++)
		RUN_ADD(b->run, process, b->run->system.processes, b->run->system.n_processes)->pid =
		    b->service.pids[i];
	b->owners = observe_owners_new(b->run);
	if (load_open(&b->spec, NULL, &b->load, &b->e) < 0)
		fail_msg("%s", b->e.text);
}

static void
bench_close(struct bench *b)
{
	load_close(b->load);
	observe_owners_free(b->owners);
	run_free(b->run);
	pinned_stop(&b->service);
}

static struct run_phase *
offer(struct bench *b, struct load_step step)
{
	struct run_phase *p;

	step.name = "spread";
	step.for_ns = step.for_ns ? step.for_ns : PATIENCE_NS;
	if (load_run(b->load, &step, false, b->run, &p, &b->e) < 0)
		fail_msg("%s", b->e.text);
	assert_int_equal(p->errors + p->timeouts, 0);
	return p;
}

static double
spread(struct bench *b, int64_t connections)
{
	double placement;

	if (load_spread(b->load, connections, observe_owner, b->owners, &placement, &b->e) < 0)
		fail_msg("%s", b->e.text);
	return placement;
}

/* Connections of each process, once the service has seen the others end. */
static void
wait_for_connections(const struct bench *b, int least, int most, int total)
{
	int64_t end = now_ns() + PATIENCE_NS;
	int sum, low, high;

	do {
		sum = high = 0;
		low = total;
		for (int i = 0; i < b->service.n; i++) {
			int n = count_sockets(b->service.pids[i]) - b->sockets;
			sum += n;
			low = n < low ? n : low;
			high = n > high ? n : high;
		}
	} while ((sum != total || low != least || high != most) && now_ns() < end);
	assert_int_equal(sum, total);
	assert_int_equal(low, least);
	assert_int_equal(high, most);
}

static void
each_process_has_as_many(void **state)
{
	static const struct {
		bool race;
		int processes, threads, connections, least, most;
		double placement;
		const char *engine;
	} rows[] = {
		{ false, 4, 1, 16, 4, 4, 1, "epoll" },
		{ false, 4, 1, 16, 4, 4, 1, NULL },
		{ false, 3, 1, 16, 5, 6, 6 * 3 / 16.0, NULL },
		{ false, 2, 2, 300, 150, 150, 1, NULL },       /* two threads have connections */
		{ false, 3, 3, 601, 200, 201, 201 * 3 / 601.0, "epoll" },
		{ true, 2, 1, 8, 4, 4, 1, NULL },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench b = {
			.service = { .n = rows[i].processes, .race = rows[i].race },
			.spec = { .threads = rows[i].threads, .connections = rows[i].connections,
				.engine = rows[i].engine },
		};
		bench_open(&b);
		for (int k = 0; k < 2; k++) {
			CHECK_NEAR(spread(&b, rows[i].connections), rows[i].placement, 1e-9);
			wait_for_connections(&b, rows[i].least, rows[i].most, rows[i].connections);
			/* The phase uses these, all of them and no other. */
			struct run_phase *p = offer(&b, (struct load_step){
			    .closed = rows[i].connections, .at_most = 2 * rows[i].connections });
			assert_true(isnan(p->connect.p50));
			wait_for_connections(&b, rows[i].least, rows[i].most, rows[i].connections);
		}
		bench_close(&b);
	}
}

/* Not the last one first, which would be the same process nearly always. */
static void
an_open_loop_uses_them_in_turn(void **state)
{
	struct bench b = { .service.n = 4, .spec = { .threads = 1, .connections = 16 } };

	bench_open(&b);
	CHECK_NEAR(spread(&b, 8), 1, 0);
	struct run_phase *p = offer(&b, (struct load_step){ .rate = 500, .for_ns = 400 * NS_PER_MS });
	assert_int_equal(p->answered, 200);
	assert_true(isnan(p->connect.p50));
	for (int i = 0; i < 4; i++) {       /* fifty, give or take what a busy host does to them */
		assert_true(atomic_load(&b.service.served[i]) >= 10);
		assert_true(atomic_load(&b.service.served[i]) <= 120);
	}
	wait_for_connections(&b, 2, 2, 8);
	bench_close(&b);
}

static int64_t
owner_unknown(void *ctx, const struct sockaddr *local, const struct sockaddr *remote)
{
	return 0;
}

/* Then the next phase makes its own. */
static void
without_knowledge_nothing_is_left_open(void **state)
{
	struct bench b = { .service.n = 2, .spec = { .threads = 1, .connections = 4 } };
	double placement = 0;

	bench_open(&b);
	CHECK_NEAR(spread(&b, 4), 1, 0);
	assert_int_equal(load_spread(b.load, 4, owner_unknown, NULL, &placement, &b.e), 0);
	assert_true(isnan(placement));
	wait_for_connections(&b, 0, 0, 0);
	assert_false(isnan(offer(&b, (struct load_step){ .closed = 4, .at_most = 40 })->connect.p50));
	assert_int_equal(load_spread(b.load, 4, NULL, NULL, &placement, &b.e), 0);
	assert_true(isnan(placement));
	assert_false(isnan(offer(&b, (struct load_step){ .closed = 4, .at_most = 40 })->connect.p50));
	bench_close(&b);

	struct bench one = { .service.n = 1, .spec = { .threads = 1, .connections = 4 } };
	bench_open(&one);
	assert_true(isnan(spread(&one, 4)));
	wait_for_connections(&one, 0, 0, 0);
	bench_close(&one);
}

static void
a_fresh_phase_ends_it(void **state)
{
	struct bench b = { .service.n = 2, .spec = { .threads = 1, .connections = 8 } };

	bench_open(&b);
	CHECK_NEAR(spread(&b, 4), 1, 0);
	struct run_phase *p = offer(&b, (struct load_step){ .closed = 6, .at_most = 60, .fresh = true });
	assert_false(isnan(p->connect.p50));
	p = offer(&b, (struct load_step){ .closed = 8, .at_most = 80 });
	assert_int_equal(p->answered, 80);
	int sum = 0;
	for (int i = 0; i < 2; i++)
		sum += count_sockets(b.service.pids[i]) - b.sockets;
	assert_int_equal(sum, 8);
	bench_close(&b);
}

static void
nobody_listens(void **state)
{
	struct bench b = { .service.n = 2, .spec = { .threads = 1, .connections = 4 } };
	double placement = 5;

	bench_open(&b);
	pinned_stop(&b.service);
	b.service.n = 0;
	assert_true(load_spread(b.load, 4, observe_owner, b.owners, &placement, &b.e) < 0);
	assert_non_null(strstr(b.e.text, "nothing listens"));
	CHECK_NEAR(placement, 5, 0);
	load_close(b.load);
	observe_owners_free(b.owners);
	run_free(b.run);
}

/* ---- the owner ----------------------------------------------------------------------------- */

static int
connect_to(uint16_t port, struct sockaddr_in *ret_local, struct sockaddr_in *ret_remote)
{
	socklen_t size = sizeof(*ret_local);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret_remote = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(connect(fd, (struct sockaddr *)ret_remote, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret_local, &size), 0);
	return fd;
}

static int64_t
owner_of(struct bench *b, const struct sockaddr_in *local, const struct sockaddr_in *remote)
{
	return observe_owner(b->owners, (const struct sockaddr *)local, (const struct sockaddr *)remote);
}

static void
the_owner_is_who_accepted(void **state)
{
	struct bench b = { .service.n = 3, .spec = { .threads = 1, .connections = 4 } };
	struct sockaddr_in local, remote;
	int64_t end = now_ns() + PATIENCE_NS, owner;

	bench_open(&b);
	int fd = connect_to(b.service.port, &local, &remote);
	do {
		observe_owner(b.owners, NULL, NULL);
		owner = owner_of(&b, &local, &remote);
	} while (!owner && now_ns() < end);
	for (int i = 0; i < 3; i++)
		assert_int_equal(count_sockets(b.service.pids[i]) - b.sockets,
		    b.service.pids[i] == owner);
	close(fd);
	assert_int_equal(owner_of(&b, &local, &remote), owner);  /* as it was seen */
	wait_for_connections(&b, 0, 0, 0);
	observe_owner(b.owners, NULL, NULL);
	assert_int_equal(owner_of(&b, &local, &remote), 0);
	fd = connect_to(b.service.port, &local, &remote);
	assert_int_equal(owner_of(&b, &remote, &local), 0);      /* the other way round it is nobody's */
	close(fd);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_has_as_many),
		cmocka_unit_test(an_open_loop_uses_them_in_turn),
		cmocka_unit_test(without_knowledge_nothing_is_left_open),
		cmocka_unit_test(a_fresh_phase_ends_it),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(the_owner_is_who_accepted),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
