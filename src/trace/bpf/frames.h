// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* HTTP/2 (RFC 9113, 4.1): of all that is moved only the headers of frames are copied, and header blocks: of
 * the service's own connections what clients say, of those to its peers both directions. So user space
 * gets each frame, however large the bodies between them are. Where a frame goes on in the next call is
 * remembered.
 *
 * A connection is known by its client's preface or, when it was made before the window, by a frame of
 * the client that can only be one. */
#pragma once

#include "copies.h"

#define FRAME_HEAD     9
#define FRAME_STEPS    512     /* a header, a piece of the buffers or a chunk each */
#define FRAME_CHUNK    256
#define FRAME_MAX      (1 << 20)
#define FRAME_TYPE_MAX 16
#define PREFACE_BYTES  24
enum { FRAME_DATA, FRAME_HEADERS, FRAME_RESET = 3, FRAME_CONTINUATION = 9, FRAME_PREFACE = 255 };

struct side {                  /* one direction */
	__u64 head;                /* of a header: all but its first byte, as far as it came */
	__u32 left, stream, epoch; /* left: of the body of a frame */
	__u8 top, have, type, lost;
};
struct sides { struct side of[2]; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 8192); __type(key, __u64);
	__type(value, struct sides); } frame_sides SEC(".maps");

struct walk {
	struct piece piece;
	__u64 vector, total;
	struct side s;
	__u64 at;                  /* bytes of the text so far */
	__u8 write, cut;
	__u8 asks;                 /* the service is the client */
};
/* In a map, because of what lies on the stack the verifier follows each value through each step. */
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32);
	__type(value, struct walk); } walks SEC(".maps");

static __always_inline bool
is_kept(const struct walk *w)
{
	return (w->asks || !w->write) && (w->s.type == FRAME_HEADERS || w->s.type == FRAME_CONTINUATION);
}

static __always_inline void
advance(struct walk *w, __u64 n)
{
	w->piece.base += n;
	w->piece.size -= n;
	w->total -= n;
}

static __always_inline void
put_header(struct walk *w, struct ev_io *e, __u8 top, __u64 head)
{
	__u64 at = w->at;
	barrier_var(at);
	if (at > EV_TEXT_BYTES - FRAME_CHUNK) {
		w->cut = 1;
		return;
	}
	head = bpf_cpu_to_be64(head);
	e->text[at] = top;
	__builtin_memcpy(e->text + at + 1, &head, sizeof(head));
	w->at = at + FRAME_HEAD;
}

static __always_inline long
take_body(struct walk *w, struct ev_io *e, __u64 n)
{
	__u64 at = w->at;
	if (n > w->s.left)
		n = w->s.left;
	if (is_kept(w)) {
		if (n > FRAME_CHUNK)
			n = FRAME_CHUNK;
		barrier_var(n);
		barrier_var(at);
		if (at > EV_TEXT_BYTES - FRAME_CHUNK || n > FRAME_CHUNK)
			w->cut = 1;
		else if (!bpf_probe_read_user(e->text + at, n, (void *)w->piece.base))
			w->at = at + n;
		else
			w->cut = 1;
	}
	w->s.left -= n;
	advance(w, n);
	return 0;
}

static __always_inline bool
is_frame(__u8 top, __u64 head)
{
	__u8 type = head >> 40;
	return ((__u32)top << 16) < FRAME_MAX && type <= FRAME_TYPE_MAX &&
	    (type > FRAME_HEADERS || (__u32)head & 0x7fffffff);
}

static __always_inline long
take_header(struct walk *w, struct ev_io *e, __u64 n)
{
	__u8 byte = 0;
	if (n >= FRAME_HEAD && !w->s.have) {
		bpf_probe_read_user(&w->s.top, 1, (void *)w->piece.base);
		bpf_probe_read_user(&w->s.head, 8, (void *)(w->piece.base + 1));
		w->s.head = bpf_be64_to_cpu(w->s.head);
		advance(w, FRAME_HEAD);
	} else {
		bpf_probe_read_user(&byte, 1, (void *)w->piece.base);
		w->s.head = w->s.have ? w->s.head << 8 | byte : 0;
		w->s.top = w->s.have ? w->s.top : byte;
		advance(w, 1);
		if (++w->s.have < FRAME_HEAD)
			return 0;
	}
	w->s.have = 0;
	if (!is_frame(w->s.top, w->s.head)) {
		w->s.lost = 1;
		return 1;
	}
	w->s.left = (__u32)w->s.top << 16 | w->s.head >> 48;
	w->s.type = w->s.head >> 40;
	w->s.stream = (__u32)w->s.head & 0x7fffffff;
	if (w->s.type <= FRAME_HEADERS || w->s.type == FRAME_RESET || w->s.type == FRAME_CONTINUATION)
		put_header(w, e, w->s.top, w->s.head);
	return 0;
}

static long
frame_step(__u32 i, void *unused)
{
	__u32 zero = 0;
	struct ev_io *e = bpf_map_lookup_elem(&scratch, &zero);
	struct walk *w = bpf_map_lookup_elem(&walks, &zero);
	if (!e || !w || !w->total)
		return 1;
	if (!w->piece.size) {
		w->vector += sizeof(w->piece);
		return bpf_probe_read_user(&w->piece, sizeof(w->piece), (void *)w->vector) != 0;
	}
	__u64 n = w->piece.size < w->total ? w->piece.size : w->total;
	return w->s.left ? take_body(w, e, n) : take_header(w, e, n);
}

/* In the midst of a connection: a header block of a client. */
static __always_inline bool
is_midway(const struct piece *p)
{
	__u8 h[FRAME_HEAD];
	if (p->size < sizeof(h) || bpf_probe_read_user(h, sizeof(h), (void *)p->base))
		return false;
	return !h[0] && h[1] < 0x40 && h[3] == FRAME_HEADERS && !(h[4] & ~0x2d) && !(h[5] & 0x80) &&
	    h[8] & 1;
}

/* Does it speak HTTP/2, as far as this call tells? Clients do. */
static __always_inline bool
speaks_http2(const struct ended *c, struct connection *conn, const struct piece *p, bool *ret_first)
{
	__u32 word = 0;
	if (is_write(c->call) == !!conn->server || p->size < sizeof(word))
		return conn->http == CONN_HTTP2;
	bpf_probe_read_user(&word, sizeof(word), (void *)p->base);
	*ret_first = word == WORD('P', 'R', 'I', ' ');
	if (*ret_first || is_midway(p))
		conn->http = CONN_HTTP2;
	else if (is_http_head(word))
		conn->http = CONN_OTHER;
	return conn->http == CONN_HTTP2;
}

static __always_inline void
send_frames(const struct ended *c, struct sock *sk, struct walk *w, __u64 arrival, __u32 flags)
{
	__u32 zero = 0;
	struct ev_io *e = bpf_map_lookup_elem(&scratch, &zero);
	if (!e)
		return;
	fill_io(e, c, sk, arrival, flags | EV_IO_FRAMES);
	e->pad = is_kept(w) ? w->s.left : 0;
	if (w->s.left && w->s.type == FRAME_DATA)
		put_header(w, e, 0, w->s.stream);
	bpf_loop(FRAME_STEPS, frame_step, 0, 0);
	__u64 size = w->at;
	if (w->total && !w->s.lost) {          /* more steps than a call may cost */
		w->cut = 1;
		w->s = (struct side){ .lost = 1, .epoch = epoch };
	}
	if (w->cut)
		e->flags |= EV_IO_CUT;
	e->begun = size;
	barrier_var(size);
	if ((!size && !(flags & EV_IO_FIRST)) || size > EV_TEXT_BYTES || e->head.tid != c->head.tid)
		return;
	if (bpf_ringbuf_output(&events, e, offsetof(struct ev_io, text) + size, BPF_RB_NO_WAKEUP))
		end_window(c->head.ts);
}

/* False: this is no HTTP/2. */
static __always_inline bool
frames_io(const struct ended *c, struct sock *sk, struct connection *conn, __u64 arrival,
    __u32 flags)
{
	__u32 zero = 0;
	struct walk *w = bpf_map_lookup_elem(&walks, &zero);
	__u64 id = (__u64)sk;
	bool first = false;
	if (!w || conn->http == CONN_OTHER || c->ret <= 0 || c->call == CALL_WRITE_BLIND ||
	    !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return false;
	*w = (struct walk){ .total = c->ret, .write = is_write(c->call), .asks = !conn->server };
	w->piece = first_piece(c, &w->vector);
	if (!w->piece.base || !speaks_http2(c, conn, &w->piece, &first))
		return false;
	struct sides *sides = bpf_map_lookup_elem(&frame_sides, &id);
	if (!sides) {
		struct sides none = { 0 };
		bpf_map_update_elem(&frame_sides, &id, &none, BPF_ANY);
		sides = bpf_map_lookup_elem(&frame_sides, &id);
	}
	if (!sides)
		return true;
	struct side *s = &sides->of[w->write & 1];
	if (first) {                           /* what is known is of an earlier one at this address */
		sides->of[!w->write] = (struct side){ .epoch = epoch };
		*s = (struct side){ .left = PREFACE_BYTES, .type = FRAME_PREFACE, .epoch = epoch };
	} else if (s->epoch != epoch || s->lost) {
		*s = (struct side){ .epoch = epoch };
	}
	w->s = *s;
	send_frames(c, sk, w, arrival, flags | (first ? EV_IO_FIRST : 0));
	*s = w->s;
	return true;
}

/* Something was read, and nobody knows where it lies. */
static __always_inline bool
is_blind(const struct ended *c)
{
	return c->call == CALL_READ && !c->arg[1] && c->ret > 0;
}

/* Bytes that were read or written, in the clear. */
static __always_inline void
bytes_moved(const struct ended *c, struct sock *sk, struct connection *conn, __u32 flags)
{
	__u64 arrival = 0;
	struct ev_head like = c->head;

	if (conn->announced != epoch)
		announce(sk, conn, &like, EV_CONN_SEEN, 0, 0);
	if (!(flags & EV_IO_WRITE)) {
		arrival = conn->arrival < began ? 0 : conn->arrival;
		conn->arrival = 0;
	}
	if (is_blind(c) && !conn->asked)
		flags |= EV_IO_BLIND;
	conn->asked = !(flags & EV_IO_WRITE);
	if (frames_io(c, sk, conn, arrival, flags | (conn->server ? EV_IO_SERVER : 0)))
		return;
	if (conn->server)
		server_io(c, sk, arrival, flags | EV_IO_SERVER);
	else if (c->ret <= 0 || c->call == CALL_WRITE_BLIND || !is_wanted(c, conn))
		send_plain(c, sk, arrival, flags);
	else
		send_copy(c, sk, conn, arrival, flags);
}
