/* SPDX-License-Identifier: MIT */
/* twin_server [--OPTION VALUE]...: a service that is known, to compare with one that differs in one
 * option; twin_act.h says what it answers, the table below what can differ.
 *
 * HTTP/1.1 with keep-alive. Work is a number of steps and not a time: --work 1.05 is 5 % more of it on
 * any machine. One thread does the work; waits are side by side. Prints where it listens and runs
 * until it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "truth_timers.h"
#include "twin_act.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define EVENTS   256
#define BACKLOG  1024
#define HEAD_MAX 8192

struct conn {
	struct timer timer;      /* first: a timer is its connection */
	int fd;
	bool answering, closes;
	struct twin_answer answer;
	size_t n;
	char head[HEAD_MAX];
};

static struct twin_options twin = {
	.cpu_us = 200, .work = 1, .tail_share = 0.02, .tail_ms = 4, .tail = 1,
};
static double port, start_delay_s, heap_mib, leak_bytes, die_after, wrong_every = 1;
static bool elsewhere, stubborn;
static const char *wrong = "";

static int poll_fd;
static struct timers timers;
static int64_t requests, first_ns;

static int64_t
clock_ns(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- options ------------------------------------------------------------------------------- */

static const struct option {
	const char *name, *about;
	double *number;          /* one of these three is set; a flag takes no value */
	bool *flag;
	const char **text;
} options[] = {
	{ "port", "listen there; 0: on a free one", .number = &port },
	{ "cpu-us", "work of a request to /a, in microseconds of a core of 3 GHz", .number = &twin.cpu_us },
	{ "work", "factor on it", .number = &twin.work },
	{ "jit", "seconds in which work shrinks from four times to once", .number = &twin.jit_s },
	{ "tail-share", "share of the requests that wait", .number = &twin.tail_share },
	{ "tail-ms", "they wait at least so long", .number = &twin.tail_ms },
	{ "tail", "factor on it", .number = &twin.tail },
	{ "wrong", "body, status or length: wrong answers are wrong in this", .text = &wrong },
	{ "wrong-every", "one of so many answers is wrong", .number = &wrong_every },
	{ "errors", "share of the requests answered by 500", .number = &twin.errors },
	{ "only", "wrong answers and errors only on this path", .text = &twin.only },
	{ "varying", "every body says what time it is", .flag = &twin.varying },
	{ "heap", "MiB of memory from the start", .number = &heap_mib },
	{ "leak", "bytes of memory more with each request", .number = &leak_bytes },
	{ "start-delay", "seconds before it listens", .number = &start_delay_s },
	{ "die-after", "end with status 3 after so many requests", .number = &die_after },
	{ "listen-elsewhere", "on a free port, whatever --port says", .flag = &elsewhere },
	{ "stubborn", "SIGTERM does not end it", .flag = &stubborn },
};

static void
usage(void)
{
	fprintf(stderr, "usage: twin_server [--OPTION VALUE]...\n");
	for (size_t i = 0; i < COUNT_OF(options); i++)
		fprintf(stderr, "  --%-17s%s\n", options[i].name, options[i].about);
	exit(2);
}

static const struct option *
find_option(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, options[i].name) == 0)
			return &options[i];
	usage();
	return NULL;
}

static void
take_value(const struct option *o, const char *value)
{
	char *end = NULL;

	if (!value)
		usage();
	if (o->text) {
		*o->text = value;
		return;
	}
	*o->number = strtod(value, &end);
	if (end == value || *end || *o->number < 0)
		usage();
}

static void
read_options(char **words)
{
	static const char *const kinds[] = { "", "body", "status", "length" };

	for (; *words; words++) {
		const struct option *o = find_option(*words);
		if (o->flag)
			*o->flag = true;
		else
			take_value(o, *++words);
	}
	while (twin.wrong < COUNT_OF(kinds) && strcmp(kinds[twin.wrong], wrong) != 0)
		twin.wrong++;
	if (twin.wrong == COUNT_OF(kinds) || wrong_every < 1)
		usage();
	twin.wrong_every = (int64_t)wrong_every;
}

/* ---- what a request costs ------------------------------------------------------------------ */

/* Each step needs the one before: nothing to be done side by side or left out. */
static void
work(int64_t steps)
{
	uint64_t x = 1;

	for (int64_t i = 0; i < steps; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		__asm__ volatile("" : "+r"(x));
	}
}

static void
take_memory(double bytes)
{
	void *p = bytes >= 1 ? malloc((size_t)bytes) : NULL;

	if (p)
		memset(p, 1, (size_t)bytes);
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* ---- connections --------------------------------------------------------------------------- */

static void
drop(struct conn *c)
{
	timers_unset(&timers, &c->timer);
	close(c->fd);
	free(c);
}

/* False: the connection is gone. An answer fits into an empty socket. */
static bool
give(struct conn *c)
{
	ssize_t n = send(c->fd, c->answer.bytes, c->answer.size, MSG_NOSIGNAL);

	c->answering = false;
	if (n == (ssize_t)c->answer.size && !c->closes)
		return true;
	drop(c);
	return false;
}

/* Begin to answer the request in the buffer, if it is there whole. False: there is none. */
static bool
begin(struct conn *c)
{
	char *end = memmem(c->head, c->n, "\r\n\r\n", 4), *target = memchr(c->head, ' ', c->n);
	int64_t now = clock_ns(CLOCK_MONOTONIC);

	if (!end || !target || target > end)
		return false;
	*end = '\0';
	c->closes = strcasestr(c->head, "\r\nConnection: close") != NULL;
	target[1 + strcspn(target + 1, " \r\n")] = '\0';
	if (die_after && (double)requests >= die_after)
		_exit(3);
	first_ns = requests ? first_ns : now;
	twin_answer(&twin, target + 1, requests++, now - first_ns, clock_ns(CLOCK_REALTIME), &c->answer);
	c->n -= (size_t)(end + 4 - c->head);
	memmove(c->head, end + 4, c->n);
	work(c->answer.steps);
	take_memory(leak_bytes);
	return c->answering = true;
}

/* False: the connection is gone. */
static bool
answer_all(struct conn *c)
{
	while (!c->answering && begin(c)) {
		if (c->answer.wait_ns)
			timers_set(&timers, &c->timer, clock_ns(CLOCK_MONOTONIC) + c->answer.wait_ns);
		else if (!give(c))
			return false;
	}
	return true;
}

static void
fire_timers(void)
{
	struct timer *first;

	while ((first = timers_first(&timers)) && first->due_ns <= clock_ns(CLOCK_MONOTONIC)) {
		timers_unset(&timers, first);
		if (give((struct conn *)first))
			answer_all((struct conn *)first);
	}
}

/* A head that is too large is an end, too. */
static void
receive(struct conn *c)
{
	ssize_t n = recv(c->fd, c->head + c->n, HEAD_MAX - c->n, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->n += (size_t)n;
	answer_all(c);
}

static void
take_connections(int listener)
{
	for (int fd, on = 1; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		struct conn *c = calloc(1, sizeof(*c));
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
		if (!c || epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
			close(fd);
			free(c);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c->fd = fd;
	}
}

/* ---- the loop ------------------------------------------------------------------------------ */

static int
wait_for_events(struct epoll_event *events)
{
	struct timer *first = timers_first(&timers);
	if (!first)
		return epoll_wait(poll_fd, events, EVENTS, -1);
	int64_t left = first->due_ns - clock_ns(CLOCK_MONOTONIC);
	if (left < 0)
		left = 0;
	struct timespec wait = { .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
	return epoll_pwait2(poll_fd, events, EVENTS, &wait, NULL);
}

/* Timers fire after the events: a connection may be gone then, and no event of it is left. */
static _Noreturn void
serve(int listener)
{
	struct epoll_event events[EVENTS], e = { .events = EPOLLIN, .data.ptr = NULL };

	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int n = wait_for_events(events);
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				receive(events[i].data.ptr);
			else
				take_connections(listener);
		fire_timers();
	}
}

static int
listen_on(uint16_t wanted)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(wanted), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(a);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0) {
		fprintf(stderr, "twin_server: port %u: %s\n", wanted, strerror(errno));
		exit(1);
	}
	printf("http://127.0.0.1:%u/\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	read_options(argv + 1);
	if (stubborn)
		signal(SIGTERM, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1);
	take_memory(heap_mib * 1048576);
	usleep((useconds_t)(start_delay_s * 1e6));
	serve(listen_on(elsewhere ? 0 : (uint16_t)port));
}
