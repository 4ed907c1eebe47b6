// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What a call moved on a socket, and how much of it is copied.
 *
 * Of requests to the service: the beginning of the head. Of what the service asks its peers, and of
 * their answers: as much as the protocols that user space reads need. A peer of another protocol is
 * told by what it is asked, and costs a look at its first bytes from then on; so does one that says
 * more than it was asked for. */
#pragma once

#include "connections.h"
#include "tasks.h"

enum call { CALL_NONE, CALL_READ, CALL_READ_VECTOR, CALL_READ_MESSAGE, CALL_WRITE,
	CALL_WRITE_VECTOR, CALL_WRITE_MESSAGE, CALL_WRITE_BLIND, CALL_POLL, CALL_ACCEPT,
	CALL_CONNECT, CALL_FILE, CALL_SYNC, CALL_FUTEX };

static const __u8 calls[SYSCALLS] = {
	[__NR_read] = CALL_READ, [__NR_recvfrom] = CALL_READ, [__NR_readv] = CALL_READ_VECTOR,
	[__NR_recvmsg] = CALL_READ_MESSAGE, [__NR_write] = CALL_WRITE, [__NR_sendto] = CALL_WRITE,
	[__NR_writev] = CALL_WRITE_VECTOR, [__NR_sendmsg] = CALL_WRITE_MESSAGE,
	[__NR_sendfile] = CALL_WRITE_BLIND, [__NR_sendmmsg] = CALL_WRITE_BLIND,
	[__NR_poll] = CALL_POLL, [__NR_ppoll] = CALL_POLL,
	[__NR_select] = CALL_POLL, [__NR_pselect6] = CALL_POLL, [__NR_epoll_wait] = CALL_POLL,
	[__NR_epoll_pwait] = CALL_POLL, [441] = CALL_POLL /* epoll_pwait2 */,
	[__NR_io_uring_enter] = CALL_POLL,
	[__NR_accept] = CALL_ACCEPT, [__NR_accept4] = CALL_ACCEPT, [__NR_connect] = CALL_CONNECT,
	[__NR_pread64] = CALL_FILE, [__NR_pwrite64] = CALL_FILE, [__NR_preadv] = CALL_FILE,
	[__NR_pwritev] = CALL_FILE, [__NR_fsync] = CALL_SYNC, [__NR_fdatasync] = CALL_SYNC,
	[__NR_sync_file_range] = CALL_SYNC, [__NR_syncfs] = CALL_SYNC, [__NR_futex] = CALL_FUTEX,
};

struct ended {                 /* the call that is ending */
	struct ev_head head;
	struct thread *t;
	__u64 first_block, blocked;
	__s64 ret;
	__u64 arg[3];
	__u8 call;
};

static __always_inline bool
is_write(__u8 call)
{
	return call >= CALL_WRITE && call <= CALL_WRITE_BLIND;
}

#define WORD(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)
#define STRANGE_MAX 8
#define UNASKED_MAX 2000
#define PIECES_MAX  8

struct piece { __u64 base, size; };

/* The first buffer that a read or write call was given; the vector it is of, 0: there is none. */
static __always_inline struct piece
first_piece(const struct ended *c, __u64 *ret_vector)
{
	struct piece p = { .base = c->arg[1], .size = c->ret };
	*ret_vector = 0;
	if (c->call == CALL_READ || c->call == CALL_WRITE)
		return p;
	*ret_vector = c->arg[1];
	if (c->call == CALL_READ_MESSAGE || c->call == CALL_WRITE_MESSAGE)
		bpf_probe_read_user(ret_vector, sizeof(*ret_vector), (void *)(c->arg[1] + 16));
	p.base = p.size = 0;
	bpf_probe_read_user(&p, sizeof(p), (void *)*ret_vector);
	return p;
}

static __always_inline bool
is_http_head(__u32 word)
{
	return word == WORD('G', 'E', 'T', ' ') || word == WORD('P', 'O', 'S', 'T') ||
	    word == WORD('H', 'T', 'T', 'P') || word == WORD('H', 'E', 'A', 'D') ||
	    word == WORD('P', 'U', 'T', ' ') || word == WORD('D', 'E', 'L', 'E') ||
	    word == WORD('P', 'A', 'T', 'C') || word == WORD('O', 'P', 'T', 'I');
}

#define BIT(c) ((__u64)1 << ((c) - 64))
#define PG_TYPES (BIT('Q') | BIT('P') | BIT('B') | BIT('D') | BIT('E') | BIT('S') | BIT('H') | \
	BIT('C') | BIT('F') | BIT('X') | BIT('p') | BIT('d') | BIT('c') | BIT('f'))

/* Redis: an array. PostgreSQL: a type and the high byte of a length; or at first a length and a
 * version, or what asks for encryption. */
static __always_inline bool
is_familiar(const __u8 *first)
{
	__u8 type = first[0];
	if (is_http_head(WORD(type, first[1], first[2], first[3])) || (type == '*' && first[1] >= '1' && first[1] <= '9'))
		return true;
	if (type >= 64 && type < 128 && (PG_TYPES >> (type - 64)) & 1)
		return !first[1];
	return !type && !first[1] && ((!first[4] && first[5] == 3) ||
	    (first[4] == 0x04 && first[5] == 0xd2));
}

static __always_inline void
fill_io(struct ev_io *e, const struct ended *c, struct sock *sk, __u64 arrival, __u32 flags)
{
	e->head = c->head;
	e->head.kind = EV_IO;
	e->sock = (__u64)sk;
	e->arrival = arrival;
	e->first_block = c->first_block;
	e->task = running_task(c->head.tid, c->head.pid);
	e->ret = c->ret;
	e->flags = flags;
	e->fd = c->arg[0];
	e->begun = e->ended = 0;
	e->pad = 0;
}

/* No text. */
static __always_inline void
send_plain(const struct ended *c, struct sock *sk, __u64 arrival, __u32 flags)
{
	struct ev_io *e = bpf_ringbuf_reserve(&events, offsetof(struct ev_io, text), 0);
	if (!e) {
		end_window(c->head.ts);
		return;
	}
	fill_io(e, c, sk, arrival, flags);
	EVENT_SEND(e);
}

/* ---- the service's own requests and responses ---------------------------------------------- */

static __always_inline void
server_io(const struct ended *c, struct sock *sk, __u64 arrival, __u32 flags)
{
	__u64 vector;
	__u32 word = 0;
	struct piece p = { 0 };
	if (c->ret >= 4 && c->call != CALL_WRITE_BLIND)
		p = first_piece(c, &vector);
	if (p.base)
		bpf_probe_read_user(&word, sizeof(word), (void *)p.base);
	if (!is_http_head(word) || is_write(c->call)) {   /* of an answer it is enough that it begins */
		send_plain(c, sk, arrival, flags | (is_http_head(word) ? EV_IO_HEAD : 0));
		return;
	}
	__u64 room = offsetof(struct ev_io, text) + EV_HEAD_BYTES;
	struct ev_io *e = bpf_ringbuf_reserve(&events, room, 0);
	if (!e) {
		end_window(c->head.ts);
		return;
	}
	fill_io(e, c, sk, arrival, flags | EV_IO_HEAD);
	__u32 size = c->ret < EV_HEAD_BYTES ? c->ret : EV_HEAD_BYTES;
	e->begun = size;
	if (size >= EV_HEAD_BYTES ? bpf_probe_read_user(e->text, EV_HEAD_BYTES, (void *)p.base) :
	    bpf_probe_read_user(e->text, size & (EV_HEAD_BYTES - 1), (void *)p.base))
		e->begun = 0;
	EVENT_SEND(e);
}

/* ---- what peers are asked and answer ------------------------------------------------------- */

/* The first `want` bytes of the buffers; returns how many could be had. */
static __always_inline __u64
gather(struct ev_io *e, struct piece p, __u64 vector, __u64 want)
{
	__u64 at = 0, n;
#pragma unroll
	for (int i = 0; i < PIECES_MAX; i++) {
		n = want - at;
		if (p.size < n)
			n = p.size;
		/* The compiler must not make of these checks what the verifier does not follow. */
		barrier_var(n);
		barrier_var(at);
		if (n > EV_OUT_BYTES || at >= EV_OUT_BYTES)
			break;
		if (bpf_probe_read_user(e->text + at, n, (void *)p.base))
			break;
		at += n;
		vector += sizeof(p);
		if (at >= want || vector == sizeof(p) ||
		    bpf_probe_read_user(&p, sizeof(p), (void *)vector))
			break;
	}
	return at;
}

/* The end of an answer of which the middle is not copied. */
static __always_inline __u32
gather_end(struct ev_io *e, const struct piece *p, __s64 size, __u32 at)
{
	if (p->size < (__u64)size || at != EV_IN_BYTES)
		return 0;
	return bpf_probe_read_user(e->text + EV_IN_BYTES, EV_END_BYTES,
	    (void *)(p->base + size - EV_END_BYTES)) ? 0 : EV_END_BYTES;
}

static __always_inline void
send_copy(const struct ended *c, struct sock *sk, struct connection *conn, __u64 arrival,
    __u32 flags)
{
	__u64 vector;
	__u32 zero = 0;
	__u64 size;
	struct piece p = first_piece(c, &vector);
	struct ev_io *e = bpf_map_lookup_elem(&scratch, &zero);
	if (!e)
		return;
	fill_io(e, c, sk, arrival, flags);
	*(__u64 *)e->text = 0;
	__u32 limit = c->ret > EV_OUT_BYTES && !(flags & EV_IO_WRITE) ? EV_IN_BYTES : EV_OUT_BYTES;
	e->begun = gather(e, p, vector, c->ret < limit ? c->ret : limit);
	if (limit == EV_IN_BYTES)
		e->ended = gather_end(e, &p, c->ret, e->begun);
	if (is_http_head(*(__u32 *)e->text))
		e->flags |= EV_IO_HEAD;
	if (!(flags & EV_IO_WRITE)) {
		conn->unasked++;
	} else if (!is_familiar((__u8 *)e->text)) {
		conn->strange++;
	} else {
		conn->strange = conn->unasked = 0;
		conn->http = CONN_OTHER;
	}
	size = e->begun + e->ended;
	barrier_var(size);
	if (size > EV_TEXT_BYTES || e->head.tid != c->head.tid)   /* a probe may be preempted here */
		return;
	if (bpf_ringbuf_output(&events, e, offsetof(struct ev_io, text) + size, BPF_RB_NO_WAKEUP))
		end_window(c->head.ts);
}

/* The first bytes of a write, all 8 of them; 0: there are fewer. */
static __always_inline __u64
first_bytes(const struct ended *c)
{
	__u64 first = 0, vector;
	if (!is_write(c->call) || c->call == CALL_WRITE_BLIND || c->ret < (__s64)sizeof(first))
		return 0;
	struct piece p = first_piece(c, &vector);
	if (bpf_probe_read_user(&first, sizeof(first), (void *)p.base))
		return 0;
	return first;
}

/* Does a write to a peer that was strange so far look familiar? */
static __always_inline bool
is_familiar_again(const struct ended *c)
{
	__u64 first = first_bytes(c);
	return first && is_familiar((__u8 *)&first);
}

/* PostgreSQL: a startup message, or a Parse with a name, at times behind one of BEGIN. */
static __always_inline bool
gives_name(const __u8 *b)
{
	if (b[0] == 'P' && !b[1])
		return b[5] || (b[6] == 'B' && b[7] == 'E');
	return !b[0] && !b[1] && !b[4] && b[5] == 3 && !b[6];
}

static __always_inline void
name_given(const struct ended *c, struct sock *sk)
{
	__u64 first = first_bytes(c);
	struct ev_head like = c->head;
	if (!first || !gives_name((__u8 *)&first))
		return;
	struct connection *conn = connection_of(sk);
	if (!conn || conn->server)
		return;
	if (conn->announced == NEVER)
		announce(sk, conn, &like, EV_CONN_SEEN, 0, 0);
	send_copy(c, sk, conn, 0, EV_IO_WRITE);
}

static __always_inline bool
is_wanted(const struct ended *c, const struct connection *conn)
{
	if (conn->strange >= STRANGE_MAX)
		return is_familiar_again(c);
	return is_write(c->call) || conn->unasked < UNASKED_MAX;
}
