/* SPDX-License-Identifier: MIT */
/* The house's part in an upgrade: what goes to the next process, and what comes from the one before. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/admin/admin.h"
#include "gate/admin/metrics_server.h"
#include "gate/house.h"
#include "gate/purge/cdn.h"
#include "gate/warm/warm.h"

/* ---- the old process ------------------------------------------------------------------------- */

/* Another process has everything: what is left is who is being answered. */
static void
leave(struct house *h)
{
	metrics_server_close(h->metrics);
	h->metrics = NULL;
	cdns_close(h->cdns);
	h->cdns = NULL;
	listen_want_none(&h->sockets);
	gate_drain(h->gate, GATE_LEAVES, now_ns() + HOUSE_LEAVE_NS);
}

/* The new process was none. */
static void
take_back(struct house *h)
{
	if (h->after.peer)
		store_bury(h->store, h->after.peer, 0);
	purge_log_renew(purge_desk_log(h->purges));
	h->after = (struct upgrade_link){ .fd = -1 };
}

static int
start(struct house *h, struct err *e)
{
	uint64_t latest = purge_log_latest(purge_desk_log(h->purges));
	CLEANUP(upgrade_gift_done) struct upgrade_gift gift = {
		.store = h->memory, .admin = admin_listener(h->admin), .generation = h->generation, .pid = getpid(),
		.heard_seen = atomic_load(&h->heard.seen), .heard_since_ns = h->heard.since_ns,
		.tells_of_events = true, .events = event_places_standing(&h->places, false),
	};

	warm_learned(h->gate->warm, &gift.learned);
	/* With the lock: no purge comes between the two logs. */
	pthread_mutex_lock(&h->lock);
	int code = upgrade_start(&gift, &h->sockets, &h->after, e);
	h->left = code == 0;
	if (code < 0) {
		take_back(h);
	} else {
		admin_leave(h->admin);
		house_leave_purges(h, latest);
	}
	pthread_mutex_unlock(&h->lock);
	return code;
}

void
house_look_after_upgrade(struct house *h, bool asked)
{
	struct buf none = { 0 };
	struct err e = { 0 };
	char text[96];

	asked |= house_take_orders(h, HOUSE_UPGRADE);
	if (h->left || !asked)
		return;
	int code = start(h, &e);
	if (code < 0) {
		house_say_error(h, &e);
	} else {
		snprintf(text, sizeof(text), "process %d serves now; this one ends with its last client",
		    (int)h->after.peer);
		h->talk->say(h->talk->ctx, text);
		leave(h);
	}
	house_finish_orders(h, HOUSE_UPGRADE, code, &e, &none);
}

int
house_tell_next(struct house *h)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	int code = house_tell_purges(h);

	if (code < 0 || h->parted || !event_places_are_left(&h->places))
		return code;
	struct event_standing last = event_places_standing(&h->places, true);
	event_standing_write(&last, &line);
	code = upgrade_tell(&h->after, (struct text){ line.data, line.size });
	h->parted = code == 0;
	return code;
}

/* ---- the new process ------------------------------------------------------------------------- */

/* The process before attends to no source of updates any more; `last` NULL: nobody knows since when. */
static void
part_from_before(struct house *h, const struct event_standing *last)
{
	uint32_t objects;

	if (event_places_take_last(&h->places, last))
		return;
	purge_desk_take(h->purges, h->gate->config, &(struct purge){ .what = PURGE_ALL }, &objects);
	h->talk->say(h->talk->ctx, "all that is stored is purged: updates that PostgreSQL notified of may be lost, for the "
	    "process before did not hear them to the end");
}

void
house_look_after_link(struct house *h)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	struct event_standing last;

	bool gone = upgrade_peer_is_gone(&h->link);   /* then what is there now is the last of it */
	while (upgrade_hear(&h->link, &line)) {
		struct text text = { line.data, line.size };
		if (event_standing_read(text, &last))
			part_from_before(h, &last);
		else
			house_hear_purge(h, text);
	}
	if (!gone)
		return;
	part_from_before(h, NULL);
	store_bury(h->store, h->link.peer, flight_first(h->first_generation));
	close(h->link.fd);
	h->link.fd = -1;
}
