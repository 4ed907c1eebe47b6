/* SPDX-License-Identifier: MIT */
/* What a batch collects: keys, each once, and who waits for each; and when it is closed. No clock, no sockets.
 *
 * Who waits has a seat. One who leaves takes nothing from the others; a key that nobody waits for any more when the
 * batch is closed is not asked for. Memory: keys of at most what a call holds, and the seats, which are their owners'. */
#pragma once

#include "base/map.h"
#include "gate/batch/batch_call.h"

struct batch_seat {
	struct batch_seat *next, **link;   /* link NULL: in no batch */
};

struct batch_item {
	size_t at, size;               /* of the key, in `keys` */
	struct batch_seat *seats;
};

struct batch_set {
	const struct gate_batch *plan;
	struct batch_item *items;      /* plan->size at most */
	size_t n;
	struct map by_key;             /* to the place in `items` */
	struct buf keys;
	size_t bytes;                  /* that they take of the call */
	bool full;                     /* a key more has no room */
	bool closed;
	int64_t begun_ns;              /* when the first one came */
};

/* Why it is closed; a row each in metrics.c. */
enum batch_close { BATCH_OPEN, BATCH_IDLE, BATCH_FULL, BATCH_WAITED, BATCH_CLOSES };

int batch_set_init(struct batch_set *s, const struct gate_batch *plan, int64_t now);   /* 0 or -ENOMEM */
void batch_set_done(struct batch_set *s);      /* nobody may have a seat */

/* False: there is no room for another key, the set is full. */
bool batch_set_add(struct batch_set *s, struct text key, struct batch_seat *seat);
void batch_seat_leave(struct batch_seat *seat);       /* also of one in no batch */

/* BATCH_OPEN: more may come. `under_way`: other calls of the route. */
enum batch_close batch_set_look(const struct batch_set *s, size_t under_way, int64_t now);
/* When the wait is over. */
int64_t batch_set_until_ns(const struct batch_set *s);

/* Leaves out what nobody waits for any more; the number of keys. After that nothing is added. */
size_t batch_set_close(struct batch_set *s);
struct text batch_set_key(const struct batch_set *s, size_t i);
/* The next one who waits for a key, who leaves; NULL: nobody does. */
struct batch_seat *batch_set_take(struct batch_set *s, size_t i);
size_t batch_set_count_seats(const struct batch_set *s);
