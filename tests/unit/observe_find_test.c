/* SPDX-License-Identifier: MIT */
/* Against real processes: a service of two, with a SQLite file and a connection of its own. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "observe/observe.h"
#include "observe/peers.h"

struct service {
	int peer, peer_port;            /* listening socket that the service connects to */
	int pids[2];                    /* the one that listens, and its child */
	int port;
	char file[64];
	char url[64];
};

static int
listen_somewhere(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&at, size), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (void *)&at, &size), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* In the child: become the service, tell the parent, burn CPU until killed. */
static void
serve(const struct service *s, int answer)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(s->peer_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int told[2];

	close(s->peer);
	FILE *file = fopen(s->file, "r");
	int peer = socket(AF_INET, SOCK_STREAM, 0);
	if (!file || connect(peer, (void *)&to, sizeof(to)) < 0)
		_exit(1);
	listen_somewhere(&told[1]);
	told[0] = fork();
	if (told[0] == 0)
		for (;;)
			pause();
	if (write(answer, told, sizeof(told)) != sizeof(told))
		_exit(1);
	for (volatile long i = 0;; i++)
		;
}

static int
start_service(void **state)
{
	static struct service s;
	static const char head[] = "SQLite format 3";
	int pipes[2], told[2];

	strcpy(s.file, "/tmp/prony-observe-XXXXXX");
	int file = mkstemp(s.file);
	assert_int_equal(write(file, head, sizeof(head)), sizeof(head));
	close(file);
	s.peer = listen_somewhere(&s.peer_port);
	assert_int_equal(pipe(pipes), 0);
	s.pids[0] = fork();
	if (s.pids[0] == 0)
		serve(&s, pipes[1]);
	assert_int_equal(read(pipes[0], told, sizeof(told)), sizeof(told));
	close(pipes[0]);
	close(pipes[1]);
	s.pids[1] = told[0];
	s.port = told[1];
	snprintf(s.url, sizeof(s.url), "http://127.0.0.1:%d/", s.port);
	*state = &s;
	return 0;
}

static int
stop_service(void **state)
{
	struct service *s = *state;
	kill(s->pids[1], SIGKILL);
	kill(s->pids[0], SIGKILL);
	waitpid(s->pids[0], NULL, 0);
	close(s->peer);
	unlink(s->file);
	return 0;
}

static struct run *
find(const struct service *s)
{
	const char *url = s->url;
	struct spec spec = { .urls = &url, .n_urls = 1 };
	struct err e = { 0 };
	struct run *r = run_new();
	assert_int_equal(observe_find(&spec, r, &e), 0);
	return r;
}

static const struct run_peer *
peer_of_kind(const struct run *r, const char *kind)
{
	for (size_t i = 0; i < r->system.n_peers; i++)
		if (strcmp(r->system.peers[i].kind, kind) == 0)
			return &r->system.peers[i];
	return NULL;
}

static void
a_url_leads_to_the_service(void **state)
{
	const struct service *s = *state;
	struct run *r = find(s);
	char address[64];

	assert_int_equal(r->system.n_processes, 2);
	assert_int_equal(r->system.processes[0].pid, s->pids[0]);
	assert_int_equal(r->system.processes[0].ports[0], s->port);
	assert_string_equal(r->system.processes[0].runtime, "native");
	assert_true(r->host.generator_on_host);
	/* The child has inherited the listening socket: both hold it. */
	assert_int_equal(r->system.processes[1].pid, s->pids[1]);
	assert_int_equal(r->system.processes[1].parent, s->pids[0]);

	assert_non_null(peer_of_kind(r, "sqlite"));
	assert_string_equal(peer_of_kind(r, "sqlite")->address, s->file);
	snprintf(address, sizeof(address), "127.0.0.1:%d", s->peer_port);
	assert_non_null(peer_of_kind(r, "tcp"));
	assert_string_equal(peer_of_kind(r, "tcp")->address, address);
	run_free(r);
}

static void
looking_again_adds_nothing_twice(void **state)
{
	struct run *r = find(*state);
	size_t peers = r->system.n_peers;
	observe_refresh(r);
	assert_int_equal(r->system.n_processes, 2);
	assert_int_equal(r->system.n_peers, peers);
	run_free(r);
}

static void
death_is_noticed(void **state)
{
	const struct service *s = *state;
	struct run *r = find(s);
	char why[128];

	assert_true(observe_alive(r, why, sizeof(why)));
	kill(s->pids[1], SIGKILL);
	kill(s->pids[0], SIGKILL);
	waitpid(s->pids[0], NULL, 0);
	assert_false(observe_alive(r, why, sizeof(why)));
	assert_non_null(strstr(why, "is gone"));
	run_free(r);
}

static const struct run_series *
series_named(const struct run *r, const char *name)
{
	for (size_t i = 0; i < r->evidence.n_series; i++)
		if (strcmp(r->evidence.series[i].name, name) == 0)
			return &r->evidence.series[i];
	fail_msg("no series %s", name);
	return NULL;
}

static double
cpu_clock_s(int pid)
{
	clockid_t id;
	struct timespec t;
	assert_int_equal(clock_getcpuclockid(pid, &id), 0);
	assert_int_equal(clock_gettime(id, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
cpu_agrees_with_the_kernels_clock(void **state)
{
	const struct service *s = *state;
	struct run *r = find(s);
	struct observe *o;
	struct err e = { 0 };

	assert_int_equal(observe_start(r, &o, &e), 0);
	observe_mark_begin(o);
	int64_t begin = now_ns();
	double before = cpu_clock_s(s->pids[0]);
	sleep_until_ns(begin + 800 * NS_PER_MS);
	double cores = (cpu_clock_s(s->pids[0]) - before) / ns_to_s(now_ns() - begin);
	observe_mark_end(o);
	observe_stop(o, r);
	/* The kernel gives both sides in ticks of 10 ms; the two reads are not at the same instant. */
	CHECK_NEAR(r->baseline.cpu, cores, 0.1);
	CHECK_NEAR(series_named(r, "service_listen_backlog")->mean, 16, 0);
	/* Two processes; a sanitizer's runtime may add threads of its own. */
	assert_true(series_named(r, "service_threads")->mean >= 2);
	assert_true(r->baseline.rss_bytes > 0);
	run_free(r);
}

static void
another_host_is_no_error(void **state)
{
	const char *url = "http://192.0.2.1/";
	struct spec spec = { .urls = &url, .n_urls = 1 };
	struct err e = { 0 };
	struct run *r = run_new();
	struct observe *o;
	char why[128];

	assert_int_equal(observe_find(&spec, r, &e), 0);
	assert_int_equal(r->system.n_processes, 0);
	assert_false(r->host.generator_on_host);
	assert_int_equal(r->n_eyes, 1);
	assert_false(r->eyes[0].open);
	assert_non_null(r->eyes[0].cure);
	assert_true(observe_alive(r, why, sizeof(why)));
	/* The host is still watched; of the service nothing is claimed. */
	assert_int_equal(observe_start(r, &o, &e), 0);
	assert_true(isnan(observe_service_cores(o)));
	observe_stop(o, r);
	assert_true(isnan(r->baseline.cpu));
	for (size_t i = 0; i < r->evidence.n_series; i++)
		assert_string_equal(r->evidence.series[i].scope, "host");
	run_free(r);
}

/* A connection that was closed again is in no list, but the call was seen. */
static void
a_called_server_of_this_host_is_named(void **state)
{
	const struct service *s = *state;
	struct run *r = run_new();

	for (int i = 0; i < 2; i++)
		RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	r->evidence.trace.calls[0].peer = run_printf(r, "127.0.0.1:%d", s->port);
	r->evidence.trace.calls[1].peer = "192.0.2.7:80";
	peers_of_calls(r);
	assert_int_equal(r->system.n_peers, 1);
	assert_string_equal(r->system.peers[0].address, r->evidence.trace.calls[0].peer);
	assert_non_null(strstr(r->system.peers[0].process, "unit_observe"));
	run_free(r);
}

static void
what_is_not_there_is_an_error(void **state)
{
	struct err e = { 0 };
	struct run *r = run_new();
	assert_true(observe_find(&(struct spec){ .pid = 0x3fffffff }, r, &e) < 0);
	assert_non_null(strstr(e.text, "no process"));
	assert_true(observe_find(&(struct spec){ .unit = "prony-no-such-unit" }, r, &e) < 0);
	assert_true(e.hint[0] != '\0');
	run_free(r);
}

#define WITH_SERVICE(test) cmocka_unit_test_setup_teardown(test, start_service, stop_service)
RUN_TESTS(WITH_SERVICE(a_url_leads_to_the_service), WITH_SERVICE(looking_again_adds_nothing_twice),
    WITH_SERVICE(a_called_server_of_this_host_is_named), WITH_SERVICE(death_is_noticed), WITH_SERVICE(cpu_agrees_with_the_kernels_clock),
    cmocka_unit_test(another_host_is_no_error), cmocka_unit_test(what_is_not_there_is_an_error))
