// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The collector in the kernel: what the threads of the service do, event by event.
 *
 * Only threads in `threads` are looked at; forks add, exits remove. Per thread it remembers when
 * it left the CPU and who woke it, and sends one event when it is back. System calls are looked at
 * when they end: their number and arguments are still in the saved registers then, so nothing has
 * to run at their beginning. Everything is quiet while `enabled` is 0; a new `epoch` makes what
 * was remembered from an earlier window void.
 *
 * No event wakes the reader: that wake-up, not the probe, would be the cost for the service. */
#include "state.h"
#include "scheduling.h"
#include "connections.h"
#include "tasks.h"
#include "calls.h"
#include "statements.h"
#include "collections.h"
#include "pools.h"
#include "uring.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
