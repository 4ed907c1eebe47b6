/* SPDX-License-Identifier: MIT */
/* The purges of all gates that share a second level, in one order: a stream in Redis ("PREFIX:1:purges").
 *
 * The first worker of a gate writes there what was purged here (XADD), and applies what others have. It reads
 * from the last entry that it has seen, that one included (XRANGE): when that is not there any more, or the stream
 * begins anew, entries may be lost, and then all that memory holds is purged, and an entry says that
 * nothing in the second level counts that is older. XREAD only waits: at least twice a second it is looked
 * whether the last entry is still there. Until a gate has read all there is, it takes nothing from the
 * second level.
 *
 * An entry: what (url, tag, all, or begin: nothing before counts), how (hard, soft), text, from (a gate). The stream
 * keeps some 100000. */
#pragma once

#include "gate/level2/l2.h"

struct l2_stream;

/* Out of memory aborts. */
struct l2_stream *l2_stream_open(struct l2 *l);
void l2_stream_close(struct l2_stream *s);   /* accepts NULL, as all that follow */
void l2_stream_turn(struct l2_stream *s);
int64_t l2_stream_next_ns(const struct l2_stream *s);
