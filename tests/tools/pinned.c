/* SPDX-License-Identifier: MIT */
#include "pinned.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG   1024
#define FILES_MAX 4096
#define EVENTS    64

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npinned\n";
static const char head_end[] = "\r\n\r\n";

/* ---- one process --------------------------------------------------------------------------- */

static bool
bind_port(int fd, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) < 0)
		return false;
	*port = ntohs(at.sin_port);
	return true;
}

static void
watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		_exit(1);
}

/* Requests without a body, told by the end of their heads. `seen`: bytes of that end so far. */
static void
serve(const struct pinned *p, int self, int fd, uint8_t *seen)
{
	struct timespec cost = { .tv_sec = p->cost_ns / 1000000000, .tv_nsec = p->cost_ns % 1000000000 };
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n <= 0) {
		*seen = 0;
		close(fd);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		*seen = bytes[i] == head_end[*seen] ? (uint8_t)(*seen + 1) : bytes[i] == '\r';
		if (*seen < sizeof(head_end) - 1)
			continue;
		*seen = 0;
		nanosleep(&cost, NULL);
		atomic_fetch_add(&p->served[self], 1);
		if (write(fd, answer, sizeof(answer) - 1) < 0)
			return;         /* the next read tells why */
	}
}

static void
run(const struct pinned *p, int self, int listener)
{
	static uint8_t seen[FILES_MAX];
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(0);

	watch(epoll, listener);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd != listener) {
				serve(p, self, fd, &seen[fd]);
				continue;
			}
			int came = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (came >= FILES_MAX)
				close(came);
			else if (came >= 0)
				watch(epoll, came);
		}
	}
}

/* ---- all of them --------------------------------------------------------------------------- */

static int
listen_at(struct pinned *p)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind_port(fd, &p->port) && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
become(struct pinned *p, int self, int ready)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);        /* a terminal's is the parent's business */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int listener = p->race ? p->socket : listen_at(p);
	if (listener < 0 || write(ready, "", 1) != 1)
		_exit(1);
	run(p, self, listener);
}

bool
pinned_start(struct pinned *p)
{
	int ready[2];
	char byte;
	bool ok;

	p->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	p->served = mmap(NULL, PINNED_MAX * sizeof(*p->served), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok = p->socket >= 0 && p->served != MAP_FAILED && p->n <= PINNED_MAX && bind_port(p->socket, &p->port) &&
	    (!p->race || listen(p->socket, BACKLOG) == 0) && pipe(ready) == 0;
	if (!ok)
		return false;
	for (int i = 0; i < p->n; i++) {
		p->pids[i] = fork();
		if (p->pids[i] == 0)
			become(p, i, ready[1]);
	}
	close(ready[1]);
	for (int i = 0; i < p->n && ok; i++)
		ok = p->pids[i] > 0 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return ok;
}

void
pinned_stop(struct pinned *p)
{
	for (int i = 0; i < p->n; i++) {
		if (p->pids[i] <= 0)
			continue;
		kill(p->pids[i], SIGKILL);
		waitpid(p->pids[i], NULL, 0);
	}
	munmap(p->served, PINNED_MAX * sizeof(*p->served));
	close(p->socket);
}
