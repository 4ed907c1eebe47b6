/* SPDX-License-Identifier: MIT */
/* The purges of all gates that share a second level, in one order: a stream in Redis ("PREFIX:1:purges").
 *
 * The first worker of a gate writes there what was purged here (XADD), and applies what others have. It reads
 * from the last entry that it has seen, that one included (XRANGE): when that is not there any more, or the stream
 * begins anew, entries may be lost, and then all that memory holds is purged, and an entry says that
 * nothing in the second level counts that is older, and what its gate had seen: who had not seen that much does
 * the same. XREAD only waits: at least twice a second it is looked whether the last entry is still there. What was
 * sent and is not there is sent again (l2_sent.h). Until a gate has read all there is, it takes nothing from the
 * second level. What the stream had when a gate begins is old, but for what came after the store began, which may be
 * long before: by the clock of the server (TIME), where it may be asked.
 *
 * An entry: what (url, tag, all, or begin: nothing before counts), how (hard, soft), text, from (a gate), after (of
 * begin: the last id that was seen, or 0-0). The stream keeps some 100000. */
#pragma once

#include "gate/level2/l2.h"

struct l2_stream;

/* Out of memory aborts. */
struct l2_stream *l2_stream_open(struct l2 *l);
void l2_stream_close(struct l2_stream *s);   /* accepts NULL, as all that follow */
void l2_stream_turn(struct l2_stream *s);
int64_t l2_stream_next_ns(const struct l2_stream *s);
