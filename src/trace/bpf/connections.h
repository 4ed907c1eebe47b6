// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The sockets of the service: which side it is on, when bytes arrive, who the peer is. */
#pragma once

#include "state.h"

#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define TCP_CLOSED 7
#define STREAM     1
#define DATAGRAM   2
#define DNS_PORT   53
#define NEVER      (~(__u32)0)

static __always_inline struct file *
file_of(__u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = task->files->fdt;
	struct file *file = 0;
	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	return file;
}

/* The address of the server that this end of a Unix connection has connected to; NULL for others: the
 * server's ends have a name themselves, pairs of sockets have none at all. Where Unix sockets are a
 * module of the kernel their structure is not known. */
static __always_inline struct unix_address *
unix_server(struct sock *sk)
{
	struct unix_sock *u = (void *)sk, *peer;
	if (!bpf_core_type_exists(struct unix_sock) || BPF_CORE_READ(u, addr))
		return 0;
	peer = (void *)BPF_CORE_READ(u, peer);
	return peer ? BPF_CORE_READ(peer, addr) : 0;
}

/* The client's end of a Unix connection whose other end this one is: the server's ends have the name that it listens
 * at. NULL for others. */
static __always_inline struct sock *
unix_client(struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	if (!bpf_core_type_exists(struct unix_sock) || !BPF_CORE_READ(u, addr))
		return 0;
	struct sock *peer = BPF_CORE_READ(u, peer);
	return peer && !BPF_CORE_READ((struct unix_sock *)(void *)peer, addr) ? peer : 0;
}

static __always_inline void
peer_path(struct ev_conn *e, struct sock *sk)
{
	struct unix_address *address = unix_server(sk);
	if (address)
		bpf_probe_read_kernel_str(e->path, sizeof(e->path), address->name[0].sun_path);
}

/* Of TCP, an end of a Unix connection to a name, or what asks a name server by UDP? */
static __always_inline bool
is_looked_at(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u16 type = BPF_CORE_READ(sk, sk_type);
	if (family == AF_UNIX)
		return type == STREAM && (unix_server(sk) || unix_client(sk));
	if (family != AF_INET && family != AF_INET6)
		return false;
	if (type == DATAGRAM)
		return BPF_CORE_READ(sk, __sk_common.skc_dport) == bpf_htons(DNS_PORT);
	/* A closed one has lost its port, and with it whose side it was. */
	return type == STREAM && BPF_CORE_READ(sk, __sk_common.skc_num);
}

/* The socket behind a file; NULL when it is none to look at. */
static __always_inline struct sock *
sock_of(struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	return is_looked_at(sk) ? sk : 0;
}

static __always_inline bool
is_server_port(__u16 port)
{
	return bpf_map_lookup_elem(&ports, &port) != 0;
}

static __always_inline struct connection *
connection_of(struct sock *sk)
{
	__u64 id = (__u64)sk;
	struct connection *c = bpf_map_lookup_elem(&connections, &id);
	if (c)
		return c;
	struct connection fresh = { .born = bpf_ktime_get_ns(), .announced = NEVER };
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		fresh.server = unix_client(sk) != 0;
	else
		fresh.server = is_server_port(BPF_CORE_READ(sk, __sk_common.skc_num));
	bpf_map_update_elem(&connections, &id, &fresh, BPF_ANY);
	return bpf_map_lookup_elem(&connections, &id);
}

static __always_inline void
announce(struct sock *sk, struct connection *c, struct ev_head *like, enum ev_conn_how how,
    __u64 first_block, __s64 ret)
{
	struct ev_conn *e = EVENT(ev_conn, EV_CONN, like->ts, like->tid, like->pid, like->nr);
	if (!e)
		return;
	c->announced = e->head.epoch = like->epoch;
	e->sock = (__u64)sk;
	e->born = c->born;
	e->how = how;
	e->first_block = first_block;
	e->ret = ret;
	e->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	e->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	e->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	e->local_is_server = c->server;
	__builtin_memset(e->peer, 0, sizeof(e->peer));
	e->path[0] = 0;
	e->client = e->family == AF_UNIX ? (__u64)(c->server ? unix_client(sk) : sk) : 0;
	if (e->family == AF_UNIX)
		peer_path(e, sk);
	else if (e->family == AF_INET)
		BPF_CORE_READ_INTO((__be32 *)e->peer, sk, __sk_common.skc_daddr);
	else
		BPF_CORE_READ_INTO((struct in6_addr *)e->peer, sk, __sk_common.skc_v6_daddr);
	EVENT_SEND(e);
}

/* Request or response bytes reach a socket of the service. */
SEC("tp_btf/tcp_probe")
int BPF_PROG(on_tcp_data, struct sock *sk, struct sk_buff *skb)
{
	__u64 id = (__u64)sk;
	__u8 offset = 0;
	if (!enabled)
		return 0;
	struct connection *c = bpf_map_lookup_elem(&connections, &id);
	if (!c && !is_server_port(sk->__sk_common.skc_num))
		return 0;
	bpf_probe_read_kernel(&offset, 1, skb->data + 12);
	if (skb->len <= (__u32)(offset >> 4) * 4)
		return 0;
	if (!c)
		c = connection_of(sk);
	if (c && c->arrival < began)
		c->arrival = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, struct sock *sk, int from, int to)
{
	__u64 id = (__u64)sk;
	if (to == TCP_CLOSED)
		bpf_map_delete_elem(&connections, &id);
	return 0;
}
