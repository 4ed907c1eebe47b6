/* SPDX-License-Identifier: MIT */
#include "base/socket_dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/cleanup.h"

int
socket_dump(const void *request, size_t size, socket_dump_fn visit, void *ctx)
{
	_Alignas(struct nlmsghdr) char answer[16384];
	struct timeval patience = { .tv_sec = 1 };

	CLEANUP(fd_close_p) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, request, size, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		unsigned left = (unsigned)n;
		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return -EOPNOTSUPP;
			visit(ctx, h);
		}
	}
}

int
socket_dump_tcp(const struct socket_filter *f, socket_dump_fn visit, void *ctx)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };
	int code = 0;

	for (size_t i = 0; i < sizeof(families) && code == 0; i++) {
		struct { struct nlmsghdr h; struct inet_diag_req_v2 r; } request = {
			.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
			.r = { .sdiag_family = families[i], .sdiag_protocol = IPPROTO_TCP,
				.idiag_ext = f->extensions, .idiag_states = f->states,
				.id = { .idiag_sport = htons(f->local), .idiag_dport = htons(f->remote) } },
		};
		code = socket_dump(&request, sizeof(request), visit, ctx);
	}
	return code;
}

static struct net_address
address_from(uint8_t family, const uint32_t ip[4], uint16_t port)
{
	struct net_address a = { .ip = { [10] = 0xff, [11] = 0xff }, .port = ntohs(port) };

	if (family == AF_INET)
		memcpy(a.ip + 12, ip, 4);
	else
		memcpy(a.ip, ip, 16);
	return a;
}

struct proc_tcp
socket_ends(const struct inet_diag_msg *m)
{
	return (struct proc_tcp){
		.local = address_from(m->idiag_family, m->id.idiag_src, m->id.idiag_sport),
		.remote = address_from(m->idiag_family, m->id.idiag_dst, m->id.idiag_dport),
		.state = m->idiag_state, .inode = m->idiag_inode,
	};
}

const void *
socket_attribute(const struct nlmsghdr *h, size_t head, int type, size_t *ret_size)
{
	if (h->nlmsg_len < NLMSG_LENGTH(head))
		return NULL;
	unsigned left = (unsigned)(h->nlmsg_len - NLMSG_LENGTH(head));
	const char *at = (const char *)NLMSG_DATA(h) + NLMSG_ALIGN(head);
	for (;;) {
		const struct nlattr *a = (const void *)at;
		if (left < sizeof(*a) || a->nla_len < sizeof(*a) || a->nla_len > left)
			return NULL;
		if (a->nla_type == type) {
			*ret_size = a->nla_len - sizeof(*a);
			return a + 1;
		}
		unsigned step = NLA_ALIGN(a->nla_len);
		if (step >= left)
			return NULL;
		left -= step;
		at += step;
	}
}
