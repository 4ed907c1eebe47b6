// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* TLS by OpenSSL: what its functions hand out and take in the clear counts as if the socket had
 * carried it, and what the socket carries then is not told.
 *
 * Which socket an SSL object speaks through: the one that its call reads or writes from within, or,
 * where the program moves the bytes itself (Node, asyncio), the one that this thread has read last
 * and for which no such call was made yet. It is learnt again each time, because addresses of both
 * are used again. */
#pragma once

#include "frames.h"

#define TLS_FLAGS_MAX 4096     /* since 3.2 flags come before the pointer to the counter */
#define TLS_BYTES_MAX (1 << 30)

struct tls_key { __u64 ssl; __u32 pid, pad; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 16384);
	__type(key, struct tls_key); __type(value, __u64); } tls_sockets SEC(".maps");

static __always_inline void
tls_learn(__u64 ssl, __u32 pid, __u64 sock)
{
	struct tls_key id = { .ssl = ssl, .pid = pid };
	__u64 *known = bpf_map_lookup_elem(&tls_sockets, &id);
	if (known)
		*known = sock;
	else
		bpf_map_update_elem(&tls_sockets, &id, &sock, BPF_ANY);
}

/* A call has moved bytes on a socket: is it only the carrier of what OpenSSL tells? */
static __always_inline bool
tls_carries(const struct ended *c, struct sock *sk, struct connection *conn)
{
	struct thread *t = c->t;
	if (!tls_probed || !t)
		return false;
	if (conn->announced != epoch)
		conn->owed = 0;        /* of an earlier window: whether it was written nobody has seen */
	if ((conn->tls || t->tls_ssl) && !t->tls_block)
		t->tls_block = c->first_block;
	if (!is_write(c->call)) {
		t->tls_read = (__u64)sk;
		return conn->tls || t->tls_ssl;
	}
	if (t->tls_ssl) {
		tls_learn(t->tls_ssl, c->head.pid, (__u64)sk);
		t->tls_wrote = 1;
		return true;
	}
	if (!conn->tls || conn->owed <= 0)
		return conn->tls;   /* of a handshake, or an alert */
	conn->owed -= c->ret;
	return !conn->server || conn->http == CONN_HTTP2;   /* whose streams only the clear text tells */
}

SEC("uprobe")
int tls_enter(struct pt_regs *ctx)
{
	__u64 fourth = ctx->cx, fifth = ctx->r8;
	pay_trap();
	keep_return(ctx);              /* between windows too, as long as the probe is there */
	if (!enabled)
		return 0;
	barrier_var(fifth);   /* else the compiler picks a register by computing its place */
	struct thread *t = thread_of((__u32)bpf_get_current_pid_tgid());
	if (!t)
		return 0;
	t->tls_ssl = ctx->di;
	t->tls_buffer = ctx->si;
	t->tls_counter = fourth < TLS_FLAGS_MAX ? fifth : fourth;
	t->tls_wrote = 0;
	return 0;
}

/* The connection of the call that ends; NULL: not known. */
static __always_inline struct connection *
tls_connection(struct thread *t, __u64 ssl, __u32 pid, bool moved, __u64 *ret_sock)
{
	struct tls_key id = { .ssl = ssl, .pid = pid };
	__u64 *known = bpf_map_lookup_elem(&tls_sockets, &id), read = t->tls_read;
	struct connection *conn = known ? bpf_map_lookup_elem(&connections, known) : 0;
	*ret_sock = known ? *known : 0;
	if (!read || (conn && (!moved || *ret_sock == read)))
		return conn;
	*ret_sock = read;
	conn = bpf_map_lookup_elem(&connections, &read);
	if (conn)
		tls_learn(ssl, pid, read);
	return conn;
}

/* Bytes that the call moved; `counted`: it tells their number elsewhere. */
static __always_inline __s64
tls_moved(struct thread *t, __s32 result, bool counted)
{
	__u64 n = 0;
	if (!counted || result <= 0)
		return result;
	if (bpf_probe_read_user(&n, sizeof(n), (void *)t->tls_counter))
		return 0;
	return n < TLS_BYTES_MAX ? n : 0;
}

static __always_inline int
tls_done(struct pt_regs *ctx, __u8 call, __u16 nr)
{
	__u64 id = bpf_get_current_pid_tgid(), sock = 0;
	__u32 result = ctx->ax, flags = EV_IO_CLEAR | (is_write(call) ? EV_IO_WRITE : 0);
	struct thread *t = enabled ? thread_of((__u32)id) : 0;
	pay_trap();
	if (!t || !t->tls_ssl)
		return 0;
	__u64 ssl = t->tls_ssl;
	__s64 n = tls_moved(t, result, bpf_get_attach_cookie(ctx) == TLS_COUNTED);
	t->tls_ssl = 0;
	__u64 read = t->tls_read;
	if (is_write(call))            /* what was read waits for a call that takes it */
		t->tls_read = 0;
	struct connection *conn = tls_connection(t, ssl, id >> 32, n > 0, &sock);
	t->tls_read = is_write(call) ? read : 0;
	if (!conn)
		return 0;
	conn->tls = 1;
	if (n <= 0)
		return 0;
	struct ended c = {
		.head = { .ts = bpf_ktime_get_ns(), .tid = (__u32)id, .pid = id >> 32, .nr = nr,
			.epoch = epoch },
		.first_block = t->tls_block, .ret = n, .call = call, .arg = { 0, t->tls_buffer, n },
	};
	t->tls_block = 0;
	if (is_write(call) && !t->tls_wrote)
		conn->owed = (conn->owed > 0 ? conn->owed : 0) + n;
	bytes_moved(&c, (struct sock *)sock, conn, flags);
	pay(c.head.ts);
	return 0;
}

SEC("uretprobe")
int tls_read_return(struct pt_regs *ctx)
{
	return tls_done(ctx, CALL_READ, __NR_read);
}

SEC("uretprobe")
int tls_write_return(struct pt_regs *ctx)
{
	return tls_done(ctx, CALL_WRITE, __NR_write);
}
