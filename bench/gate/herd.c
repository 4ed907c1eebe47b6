/* SPDX-License-Identifier: MIT */
/* Many who ask for one key at once, and the server that they are kept from.
 *
 * usage: herd ask PORT PATH CLIENTS    opens the connections, then asks on all of them; prints how many got which status,
 *                                      and when the first and the last had their whole answer, ms after the first was sent
 *        herd origin PORT DELAY_MS     answers /.../STATUS/CACHE-CONTROL/... after a delay, any number side by side, without
 *                                      that field where it is "none"; /count at once with how many it was asked since
 *                                      the last /count */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define FDS_MAX     4096
#define HEAD_MAX    4096
#define PATIENCE_NS (60 * NS_PER_S)
#define SETTLE_NS   (200 * NS_PER_MS)

static int poller;

__attribute__((noreturn, format(printf, 1, 2)))
static void
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("herd: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void
watch(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fd >= FDS_MAX || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd }) < 0)
		fail("too many connections");
}

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* ---- those who ask ------------------------------------------------------------------------- */

struct answer {
	char bytes[HEAD_MAX];
	size_t size;
	bool whole;
};

static bool
is_whole(struct answer *a)
{
	a->bytes[a->size] = '\0';
	const char *end = strstr(a->bytes, "\r\n\r\n"), *length = strcasestr(a->bytes, "\r\nContent-Length:");

	return end && length && a->size >= (size_t)(end + 4 - a->bytes) + (size_t)atol(length + 17);
}

static void
take(int fd, struct answer *a)
{
	ssize_t n = recv(fd, a->bytes + a->size, sizeof(a->bytes) - 1 - a->size, 0);

	if (n <= 0)
		fail("a connection was closed before its answer: %s", n ? strerror(errno) : "no error");
	a->size += (size_t)n;
	a->whole = is_whole(a);
}

static void
tell(const struct answer *answers, int first_fd, int n, int64_t first_ns, int64_t last_ns)
{
	int good = 0, failed = 0;

	for (int i = first_fd; i < first_fd + n; i++) {
		good += strncmp(answers[i].bytes, "HTTP/1.1 200", 12) == 0;
		failed += strncmp(answers[i].bytes, "HTTP/1.1 5", 10) == 0;
	}
	printf("%d with 200, %d with 5xx, %d others; first after %.1f ms, last after %.1f ms\n", good, failed, n - good - failed,
	    (double)first_ns / 1e6, (double)last_ns / 1e6);
}

static void
ask(int port, const char *path, int n)
{
	static struct answer answers[FDS_MAX];
	struct sockaddr_in at = loopback(port);
	struct epoll_event events[64];
	char request[512];
	int first_fd = 0, done = 0;

	int size = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: herd\r\n\r\n", path);
	for (int i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
			fail("cannot connect: %s", strerror(errno));
		watch(fd);
		first_fd = i ? first_fd : fd;
	}
	sleep_until_ns(now_ns() + SETTLE_NS);
	int64_t begun = now_ns(), first = 0, now = begun;
	for (int i = 0; i < n; i++)
		if (send(first_fd + i, request, (size_t)size, MSG_NOSIGNAL) != size)
			fail("cannot send: %s", strerror(errno));
	for (; done < n && now < begun + PATIENCE_NS; now = now_ns()) {
		int ready = epoll_wait(poller, events, 64, 1000);
		for (int i = 0; i < ready; i++) {
			struct answer *a = &answers[events[i].data.fd];
			take(events[i].data.fd, a);
			done += a->whole;
			first = a->whole && !first ? now_ns() : first;
		}
	}
	if (done < n)
		fail("only %d of %d were answered in a minute", done, n);
	tell(answers, first_fd, n, first - begun, now_ns() - begun);
}

/* ---- the origin ---------------------------------------------------------------------------- */

struct due { int fd, status; int64_t at_ns; char cache_control[64]; };

static struct due waiting[FDS_MAX];       /* one a connection at most; a ring, in the order of time */
static unsigned first_due, n_due;
static int asked;

static void
answer(int fd, int status, const char *cache_control, const char *body)
{
	char text[512];
	bool says = strcmp(cache_control, "none") != 0;
	int size = snprintf(text, sizeof(text), "HTTP/1.1 %d Said\r\n%s%s%sContent-Length: %zu\r\n\r\n%s", status,
	    says ? "Cache-Control: " : "", says ? cache_control : "", says ? "\r\n" : "", strlen(body), body);

	if (send(fd, text, (size_t)size, MSG_NOSIGNAL) != size)
		close(fd);
}

static void
on_question(int fd, int64_t delay_ns)
{
	char text[HEAD_MAX + 1], count[16];
	ssize_t n = recv(fd, text, HEAD_MAX, 0);
	struct due d = { .fd = fd, .at_ns = now_ns() + delay_ns };

	text[n > 0 ? n : 0] = '\0';
	if (n <= 0) {
		close(fd);
	} else if (strncmp(text, "GET /count ", 11) == 0) {
		snprintf(count, sizeof(count), "%d", asked);
		asked = 0;
		answer(fd, 200, "no-store", count);
	} else if (sscanf(text, "GET /%*[^/]/%d/%63[^/]/", &d.status, d.cache_control) == 2) {
		asked++;
		waiting[(first_due + n_due++) % FDS_MAX] = d;
	} else {
		answer(fd, 404, "no-store", "");
	}
}

static void
answer_due(void)
{
	for (; n_due && waiting[first_due].at_ns <= now_ns(); n_due--, first_due = (first_due + 1) % FDS_MAX)
		answer(waiting[first_due].fd, waiting[first_due].status, waiting[first_due].cache_control, "herd");
}

static int
until_due_ms(void)
{
	int64_t left = n_due ? waiting[first_due].at_ns - now_ns() : NS_PER_S;

	return left <= 0 ? 0 : (int)(left / NS_PER_MS);
}

__attribute__((noreturn))
static void
serve(int port, int64_t delay_ns)
{
	int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = loopback(port);
	struct epoll_event events[64];

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, FDS_MAX) < 0)
		fail("cannot listen on %d: %s", port, strerror(errno));
	watch(listener);
	for (;;) {
		int ready = epoll_wait(poller, events, 64, until_due_ms());
		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == listener)
				watch(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
			else
				on_question(events[i].data.fd, delay_ns);
		}
		answer_due();
	}
}

int
main(int argc, char **argv)
{
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (argc == 5 && strcmp(argv[1], "ask") == 0)
		ask(atoi(argv[2]), argv[3], atoi(argv[4]));
	else if (argc == 4 && strcmp(argv[1], "origin") == 0)
		serve(atoi(argv[2]), atol(argv[3]) * NS_PER_MS);
	else
		fail("usage: herd ask PORT PATH CLIENTS | herd origin PORT DELAY_MS");
	return 0;
}
