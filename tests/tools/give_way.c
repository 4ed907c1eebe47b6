/* SPDX-License-Identifier: MIT */
/* give_way MODE RATE [SECONDS|WAITING]: a service that answers one request after another, RATE a second, and
 * gives way beyond it in one way:
 *   queue    what is more waits
 *   errors   what would wait longer than a tenth of a second is answered 503 at once
 *   refuse   its connection is reset instead
 *   hang     it is never answered
 *   crash    exits when more than 2.2 times RATE comes in half a second, or when more than WAITING wait
 *   sick     then answers 503 to everything, until SECONDS after the last time it was so; once
 *   tired    each request takes SECONDS longer than the one before, side by side
 * Listens on a free port of 127.0.0.1, prints it, and runs until it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FDS      4096
#define WINDOW   500000000    /* ns */
#define PATIENCE 100000000    /* ns */
#define ARRIVED  (1 << 17)     /* stamps kept */
#define WAITING  (1 << 16)

enum mode { QUEUE, ERRORS, REFUSE, HANG, CRASH, SICK, TIRED, MODES };
static const char *const names[MODES] = {
	"queue", "errors", "refuse", "hang", "crash", "sick", "tired",
};

struct request {
	int fd;
	uint32_t generation;      /* of the descriptor: it may be another's by the time of the answer */
	int64_t at_ns;
};

static enum mode mode;
static double rate;
static size_t too_many;
static int64_t more_ns, sick_until, free_at, served;
static int64_t arrived[ARRIVED];
static size_t first_arrived, n_arrived;
static struct request waiting[WAITING];
static size_t first_waiting, n_waiting;
static uint32_t generations[FDS];

static int64_t
clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
drop(int fd)
{
	struct linger now = { .l_onoff = 1 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	generations[fd]++;
	close(fd);
}

static void
answer(const struct request *r, bool well)
{
	static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
	static const char bad[] = "HTTP/1.1 503 Too Much\r\nContent-Length: 0\r\n\r\n";

	if (generations[r->fd] == r->generation &&
	    send(r->fd, well ? good : bad, well ? sizeof(good) - 1 : sizeof(bad) - 1, MSG_NOSIGNAL) < 0)
		drop(r->fd);
}

/* How many came in the last half second, with this one. */
static double
count_arrival(int64_t now)
{
	arrived[(first_arrived + n_arrived++) % ARRIVED] = now;
	while (n_arrived == ARRIVED || arrived[first_arrived] < now - WINDOW) {
		first_arrived = (first_arrived + 1) % ARRIVED;
		n_arrived--;
	}
	return (double)n_arrived;
}

static void
enqueue(const struct request *r, int64_t at)
{
	if (n_waiting == WAITING)
		return;
	struct request *to = &waiting[(first_waiting + n_waiting++) % WAITING];
	*to = *r;
	to->at_ns = at;
}

static void
arrive(int fd, int64_t now)
{
	struct request r = { fd, generations[fd], now };
	bool far_more = count_arrival(now) > 2.2 * rate / 2;
	bool full = free_at - now > PATIENCE;

	if (mode == CRASH && (too_many ? n_waiting > too_many : far_more))
		_exit(3);
	if (far_more && (!sick_until || now < sick_until))
		sick_until = now + more_ns;
	if ((mode == SICK && now < sick_until) || (mode == ERRORS && full)) {
		answer(&r, false);
	} else if (mode == REFUSE && full) {
		drop(fd);
	} else if (mode == TIRED) {
		enqueue(&r, now + (int64_t)(1e9 / rate) + more_ns * served++);
	} else if (mode != HANG || !full) {
		free_at = (free_at > now ? free_at : now) + (int64_t)(1e9 / rate);
		enqueue(&r, free_at);
	}
}

/* Requests are small and come whole: what one read brings ends with an empty line. */
static void
receive(int fd, int64_t now)
{
	char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop(fd);
		return;
	}
	uint32_t generation = generations[fd];
	for (ssize_t i = 0; i + 3 < n && generations[fd] == generation; i++)
		if (memcmp(bytes + i, "\r\n\r\n", 4) == 0)
			arrive(fd, now);
}

static void
accept_all(int listener, int poll)
{
	for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
		int on = 1;
		if (fd >= FDS) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		epoll_ctl(poll, EPOLL_CTL_ADD, fd, &e);
	}
}

/* Answer what is due; returns milliseconds until the next, -1 none. */
static int
serve_due(int64_t now)
{
	while (n_waiting && waiting[first_waiting].at_ns <= now) {
		answer(&waiting[first_waiting], true);
		first_waiting = (first_waiting + 1) % WAITING;
		n_waiting--;
	}
	return n_waiting ? (int)((waiting[first_waiting].at_ns - now) / 1000000) + 1 : -1;
}

static int
listen_anywhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1024) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0) {
		perror("give_way");
		exit(1);
	}
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static void
serve(int listener)
{
	struct epoll_event events[256], e = { .events = EPOLLIN, .data.fd = listener };
	int poll = epoll_create1(EPOLL_CLOEXEC), wait = -1;

	epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int n = epoll_wait(poll, events, 256, wait);
		int64_t now = clock_ns();
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(listener, poll);
			else
				receive(events[i].data.fd, now);
		}
		wait = serve_due(clock_ns());
	}
}

int
main(int argc, char **argv)
{
	while (argc > 2 && mode < MODES && strcmp(argv[1], names[mode]) != 0)
		mode++;
	rate = argc > 2 ? strtod(argv[2], NULL) : 0;
	double more = argc > 3 ? strtod(argv[3], NULL) : 0;
	if (mode == CRASH)
		too_many = (size_t)more;
	else
		more_ns = (int64_t)(more * 1e9);
	if (mode == MODES || !(rate > 0)) {
		fprintf(stderr, "usage: give_way MODE RATE [SECONDS|WAITING]\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	serve(listen_anywhere());
}
