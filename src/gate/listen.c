/* SPDX-License-Identifier: MIT */
#include "gate/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* ---- sockets --------------------------------------------------------------------------------- */

static int
take_fd(int *fd)
{
	int open = *fd;

	*fd = -1;
	return open;
}

static int
bind_to(const struct addr *a, bool shared)
{
	int on = 1;
	CLEANUP(fd_close_p) int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));   /* accepted ones inherit it */
	/* As addr_connect has it: a control that paces only holds answers back here. */
	if (addr_is_loopback(a))
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->size) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Shared ports would let a second gate take half of the connections: only who could have it alone may
 * share it with itself. */
static int
open_listener(const struct addr *a, bool first, bool shared)
{
	if (first && shared) {
		int alone = bind_to(a, false);
		if (alone < 0)
			return alone;
		close(alone);
	}
	CLEANUP(fd_close_p) int fd = bind_to(a, shared);
	if (fd < 0)
		return fd;
	if (listen(fd, SOMAXCONN) < 0)
		return -errno;
	return take_fd(&fd);
}

static int
addr_to_listen(const struct gate_address *at, struct addr *ret, struct err *e)
{
	int n = addr_resolve(at->host[0] ? at->host : "::", at->port, ret, 1, e);
	return n < 0 ? err_wrap(e, n, "cannot listen on %s", at->text) : 0;
}

static int
refuse(const struct gate_address *at, int code, struct err *e)
{
	err_set(e, -code, "cannot listen on %s: %s", at->text, strerror(-code));
	if (code == -EADDRINUSE)
		err_hint(e, "another program listens there, maybe another gate: 'ss -ltnp' tells which; a running "
		    "gate takes a new configuration with 'prony gate reload', a new program with 'prony gate "
		    "upgrade'");
	else if (code == -EACCES)
		err_hint(e, "ports below 1024 need the capability CAP_NET_BIND_SERVICE");
	return code;
}

/* ---- the list -------------------------------------------------------------------------------- */

static struct listen_socket *
find(struct listen_sockets *s, const char *text, uint32_t worker, bool any_worker)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->at[i].text, text) == 0 && (s->at[i].worker == worker ||
		    (any_worker && (s->at[i].worker == LISTEN_METRICS) == (worker == LISTEN_METRICS))))
			return &s->at[i];
	return NULL;
}

void
listen_inherit(struct listen_sockets *s, const char *text, uint32_t worker, int fd)
{
	struct listen_socket *more = reallocarray(s->at, s->n + 1, sizeof(*more));
	char *copy = strdup(text);

	if (!more || !copy)
		abort();
	s->at = more;
	s->at[s->n++] = (struct listen_socket){ copy, worker, fd, false };
}

int
listen_take(struct listen_sockets *s, const struct gate_address *at, uint32_t worker, int *ret_fd,
    struct err *e)
{
	struct listen_socket *own = find(s, at->text, worker, false);
	struct listen_socket *like = find(s, at->text, worker, true);
	struct addr a;

	if (own) {
		own->wanted = true;
		*ret_fd = own->fd;
		return 0;
	}
	/* The port, where any was asked for. */
	int code = like ? addr_of_socket(like->fd, &a) : addr_to_listen(at, &a, e);
	if (code < 0)
		return code;
	int fd = open_listener(&a, !like, worker != LISTEN_METRICS);
	if (fd < 0)
		return refuse(at, fd, e);
	listen_inherit(s, at->text, worker, fd);
	s->at[s->n - 1].wanted = true;
	*ret_fd = fd;
	return 0;
}

void
listen_want_none(struct listen_sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->at[i].wanted = false;
}

static void
forget(struct listen_sockets *s, size_t i)
{
	close(s->at[i].fd);
	free(s->at[i].text);
	s->at[i] = s->at[--s->n];
}

size_t
listen_close_unwanted(struct listen_sockets *s)
{
	size_t before = s->n;

	for (size_t i = s->n; i > 0; i--)
		if (!s->at[i - 1].wanted)
			forget(s, i - 1);
	return before - s->n;
}

void
listen_done(struct listen_sockets *s)
{
	listen_want_none(s);
	listen_close_unwanted(s);
	free(s->at);
}
