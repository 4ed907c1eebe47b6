/* SPDX-License-Identifier: MIT */
/* What sleeping threads wait for: of this very process, whose descriptors and memory are known. */
#include "trace/proc_wait.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"

static struct proc_sockets *sockets;

static int
begin(void **state)
{
	sockets = proc_sockets_new();
	return 0;
}

static int
end(void **state)
{
	proc_sockets_free(sockets);
	return 0;
}

static struct proc_wait
wait_in(int nr, uint64_t first, uint64_t second, uint64_t third)
{
	struct proc_call c = { .nr = nr, .arg = { first, second, third } };
	return proc_wait_of(sockets, getpid(), &c, 'S', now_ns());
}

static void
calls_tell_what_is_waited_for(void **state)
{
	static const struct { int nr; enum run_part_kind kind; } rows[] = {
		{ SYS_epoll_wait, PART_NONE }, { SYS_accept4, PART_NONE }, { SYS_nanosleep, PART_SLEEP },
		{ SYS_clock_nanosleep, PART_SLEEP }, { SYS_flock, PART_LOCK }, { -1, PART_FAULT },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(wait_in(rows[i].nr, 0, 0, 0).kind, rows[i].kind);
}

/* Datagrams: of one that is connected the peer is known, of others only that somebody is asked. */
static void
answers_by_datagram_are_waited_for(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int connected = socket(AF_INET, SOCK_DGRAM, 0), loose = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(connect(connected, (struct sockaddr *)&to, sizeof(to)), 0);
	socklen_t size = sizeof(any);
	assert_int_equal(bind(loose, (struct sockaddr *)&any, size), 0);
	assert_int_equal(getsockname(loose, (struct sockaddr *)&any, &size), 0);
	struct proc_wait known = wait_in(SYS_recvfrom, (uint64_t)connected, 0, 0);
	struct proc_wait unknown = wait_in(SYS_recvfrom, (uint64_t)loose, 0, 0);
	assert_int_equal(known.kind, PART_NET);
	assert_string_equal(known.where, "127.0.0.1:9");
	assert_int_equal(unknown.kind, ntohs(any.sin_port) >= 32768 ? PART_NET : PART_OTHER);
	assert_string_equal(unknown.where, "");
	close(connected);
	close(loose);
}

static void
a_mutex_is_sure_a_condition_is_not(void **state)
{
	struct proc_wait mutex = wait_in(SYS_futex, 0x1000, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2);
	struct proc_wait cond = wait_in(SYS_futex, 0x2000, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0);

	assert_int_equal(mutex.kind, PART_LOCK);
	assert_int_equal(mutex.key, 0x1000);
	assert_false(mutex.unsure);
	assert_true(cond.unsure);
	static const struct { const char *function; enum run_part_kind kind; } names[] = {
		{ "pthread_cond_timedwait", PART_NONE }, { "___pthread_mutex_lock", PART_LOCK },
		{ "pthread_rwlock_rdlock", PART_LOCK }, { "take_gil", PART_LOCK }, { "sem_wait", PART_NONE },
		{ "serve", PART_OTHER },
		{ "java.util.concurrent.locks.AbstractQueuedSynchronizer.acquire", PART_LOCK },
		{ "java.util.concurrent.ThreadPoolExecutor.getTask", PART_NONE }, { "java.lang.Thread.sleep", PART_SLEEP },
		{ "java.lang.Object.wait", PART_NONE }, { "Ledger.book", PART_OTHER },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(proc_wait_named(names[i].function), names[i].kind);
}

/* A listening socket, a connection to it and the accepted end of that. */
static void
connect_here(int *ret_listening, int *ret_ours, int *ret_theirs, uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);

	*ret_listening = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*ret_listening, (struct sockaddr *)&a, size), 0);
	assert_int_equal(listen(*ret_listening, 4), 0);
	getsockname(*ret_listening, (struct sockaddr *)&a, &size);
	*ret_theirs = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*ret_theirs, (struct sockaddr *)&a, size), 0);
	*ret_ours = accept(*ret_listening, NULL, NULL);
	*ret_port = ntohs(a.sin_port);
}

static void
descriptors_tell_who_is_waited_for(void **state)
{
	int listening, ours, theirs, file, pipes[2];
	uint16_t port;
	char peer[40];

	connect_here(&listening, &ours, &theirs, &port);
	assert_int_equal(pipe(pipes), 0);
	file = open("/proc/self/exe", O_RDONLY);
	snprintf(peer, sizeof(peer), "127.0.0.1:%u", port);

	struct proc_wait w = wait_in(SYS_recvfrom, (uint64_t)theirs, 0, 0);
	assert_int_equal(w.kind, PART_NET);
	assert_string_equal(w.where, peer);
	assert_int_equal(wait_in(SYS_recvfrom, (uint64_t)ours, 0, 0).kind, PART_NONE);
	w = wait_in(SYS_sendto, (uint64_t)ours, 0, 0);
	assert_int_equal(w.kind, PART_NET);
	assert_string_equal(w.where, "client");
	assert_int_equal(wait_in(SYS_read, (uint64_t)pipes[0], 0, 0).kind, PART_NONE);
	w = wait_in(SYS_fsync, (uint64_t)file, 0, 0);
	assert_int_equal(w.kind, PART_DISK);
	assert_string_equal(w.where, "fsync unit_proc_wait");
	assert_int_equal(wait_in(SYS_read, 4000, 0, 0).kind, PART_OTHER);

	struct pollfd one = { .fd = theirs, .events = POLLIN };
	w = wait_in(SYS_poll, (uint64_t)(uintptr_t)&one, 1, 0);
	assert_int_equal(w.kind, PART_NET);
	assert_string_equal(w.where, peer);
	assert_int_equal(wait_in(SYS_poll, (uint64_t)(uintptr_t)&one, 3, 0).kind, PART_NONE);
	assert_int_equal(wait_in(SYS_poll, 8, 1, 0).kind, PART_NONE);
	int all[] = { listening, ours, theirs, file, pipes[0], pipes[1] };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		close(all[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

RUN_TESTS(TEST(calls_tell_what_is_waited_for), TEST(a_mutex_is_sure_a_condition_is_not),
    TEST(answers_by_datagram_are_waited_for),
    TEST(descriptors_tell_who_is_waited_for))
