/* SPDX-License-Identifier: MIT */
/* Who measures the measure: the ground-truth server (tests/tools) does what truth.h says. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "truth.h"
#include "truth_act.h"
#include "truth_timers.h"
#include "check.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static struct act_step
first_step(const char *line, int64_t number, uint64_t seed, int64_t since_ns)
{
	struct act_answer a;

	act_begin(&a, line, number, seed);
	return act_next(&a, since_ns);
}

static void
delays_are_as_asked(void **state)
{
	static const struct { const char *line; int64_t since_ns, wait_ns; } rows[] = {
		{ "GET /none HTTP/1.1", 5, 0 },
		{ "GET /const?ms=2 HTTP/1.1", 5, 2000000 },
		{ "GET /const?x=1&ms=0.5 HTTP/1.1", 5, 500000 },
		{ "GET /stall?ms=100 HTTP/1.1", 30000000, 70000000 },
		{ "GET /stall?ms=100 HTTP/1.1", 100000000, 0 },
		{ "GET /stall?ms=100&every=500 HTTP/1.1", 1000000000, 100000000 },
		{ "GET /hole HTTP/1.1", 0, ACT_NEVER },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(first_step(rows[i].line, 0, 1, rows[i].since_ns).wait_ns,
		    rows[i].wait_ns);
}

/* Means of 20,000, three standard errors wide. */
static void
random_delays_are_seeded_and_have_their_mean(void **state)
{
	double sum = 0, late = 0;

	for (int64_t i = 0; i < 20000; i++) {
		int64_t wait = first_step("GET /exp?ms=1 H", i, 7, 0).wait_ns;
		assert_int_equal(wait, first_step("GET /exp?ms=1 H", i, 7, 5).wait_ns);
		sum += (double)wait;
		late += first_step("GET /bimodal?ms=20&share=0.1 H", i, 7, 0).wait_ns == 20000000;
	}
	CHECK_NEAR(sum / 20000, 1e6, 3e6 / 141.4);
	CHECK_NEAR(late / 20000, 0.1, 3 * 0.3 / 141.4);
	assert_int_not_equal(first_step("GET /exp?ms=1 H", 3, 7, 0).wait_ns,
	    first_step("GET /exp?ms=1 H", 3, 8, 0).wait_ns);
}

static void
every_spares_the_others(void **state)
{
	for (int64_t i = 0; i < 10; i++) {
		struct act_step s = first_step("GET /reset?every=5 H", i, 1, 0);
		assert_int_equal(s.then, i % 5 == 4 ? ACT_RESET : ACT_DONE);
	}
	assert_memory_equal(first_step("GET /nowhere H", 0, 1, 0).bytes, "HTTP/1.1 404", 12);
	assert_memory_equal(first_step("GET /nonesuch H", 0, 1, 0).bytes, "HTTP/1.1 404", 12);
}

static void
answers_in_steps_are_whole(void **state)
{
	static const struct { const char *line; size_t bytes, steps; } rows[] = {
		{ "GET /drip H", 41, 41 }, { "GET /chunked H", 88, 3 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct act_answer a;
		struct act_step s;
		size_t bytes = 0, steps = 0;
		act_begin(&a, rows[i].line, 0, 1);
		do {
			s = act_next(&a, 0);
			bytes += s.size;
			steps++;
		} while (s.then == ACT_ON && steps < 1000);
		assert_int_equal(bytes, rows[i].bytes);
		assert_int_equal(steps, rows[i].steps);
	}
}

/* Set, move and unset many in a fixed disorder: the rest comes out in order. */
static void
timers_fire_in_order(void **state)
{
	static struct timer many[500];
	struct timers s = { 0 };
	struct timer *first;
	int64_t last = -1;
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(many); i++)
		assert_true(timers_set(&s, &many[i], (int64_t)(i * 7919 % 1009)));
	for (size_t i = 0; i < COUNT_OF(many); i += 3)
		assert_true(timers_set(&s, &many[i], (int64_t)(i * 31 % 97)));
	for (size_t i = 0; i < COUNT_OF(many); i += 5)
		timers_unset(&s, &many[i]);
	for (; (first = timers_first(&s)); n++) {
		assert_true(first->due_ns >= last);
		last = first->due_ns;
		timers_unset(&s, first);
		timers_unset(&s, first);
	}
	assert_int_equal(n, COUNT_OF(many) * 4 / 5);
	timers_done(&s);
}

/* What a stall holds up is worked off first come, first served. */
static void
timers_due_together_keep_their_order(void **state)
{
	static struct timer many[300];
	struct timers s = { 0 };

	for (size_t i = 0; i < COUNT_OF(many); i++)
		assert_true(timers_set(&s, &many[i], 100));
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		assert_ptr_equal(timers_first(&s), &many[i]);
		timers_unset(&s, &many[i]);
	}
	timers_done(&s);
}

static int
connect_to(uint16_t port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void
receive_to_the_end(int fd, char *out, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size - 1 && (got = recv(fd, out + n, size - 1 - n, 0)) > 0)
		n += (size_t)got;
	out[n] = '\0';
}

/* Three requests in one packet, one of them with a body; the last closes. */
static void
requests_are_answered_in_turn_and_logged(void **state)
{
	static const char asked[] = "GET /const?ms=3 HTTP/1.1\r\n\r\n"
	    "POST /none HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
	    "GET /close HTTP/1.1\r\nX: ?ms=9\r\n\r\n";
	char path[] = "/tmp/prony-truth-XXXXXX", answer[1024];
	uint16_t port;
	struct { long long conn, number, arrived, seen, replied; } s;

	close(mkstemp(path));
	const struct truth_options o = { .log = path };
	struct truth *t = truth_start_with(&o, 0, 1, &port);
	assert_non_null(t);
	int fd = connect_to(port);
	assert_int_equal(send(fd, asked, sizeof(asked) - 1, 0), sizeof(asked) - 1);
	receive_to_the_end(fd, answer, sizeof(answer));
	close(fd);
	assert_int_equal(truth_requests(t), 3);
	truth_stop(t);

	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "# start_ns %*d # dropped 0 conn number arrived_ns seen_ns replied_ns "), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fscanf(f, "%lld %lld %lld %lld %lld ", &s.conn, &s.number, &s.arrived,
		    &s.seen, &s.replied), 5);
		assert_true(s.conn == 0 && s.number == i && s.arrived > 0 && s.replied >= s.seen);
		assert_true(s.replied - s.seen >= 3000000);
	}
	assert_int_equal(fgetc(f), EOF);
	fclose(f);
	unlink(path);
}

RUN_TESTS(
	cmocka_unit_test(delays_are_as_asked),
	cmocka_unit_test(random_delays_are_seeded_and_have_their_mean),
	cmocka_unit_test(every_spares_the_others),
	cmocka_unit_test(answers_in_steps_are_whole),
	cmocka_unit_test(timers_fire_in_order), cmocka_unit_test(timers_due_together_keep_their_order),
	cmocka_unit_test(requests_are_answered_in_turn_and_logged),
)
