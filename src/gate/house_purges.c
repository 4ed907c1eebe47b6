/* SPDX-License-Identifier: MIT */
/* The house's part in purges: what goes from process to process, and logs that cannot be written. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/admin/access_log.h"
#include "gate/house.h"

#define RENEW_NS (1 * NS_PER_S)   /* how often a purge log that cannot be written is tried again */

/* ---- to the next process --------------------------------------------------------------------- */

void
house_leave_purges(struct house *h, uint64_t latest)
{
	struct purge_log *log = purge_desk_log(h->purges);

	h->told = purge_log_needless(log);
	if (h->first->purge_log && h->told < latest)
		h->told = latest;
	purge_log_leave_file(log);
}

int
house_tell_purges(struct house *h)
{
	struct purge_log *log = purge_desk_log(h->purges);
	CLEANUP(buf_done) struct buf text = { 0 };
	CLEANUP(buf_done) struct buf line = { 0 };
	struct purge_entry entry;
	int code = 0, found;

	while (code == 0 && (found = purge_log_next(log, h->told, &entry, &text))) {
		if (found == -ESTALE)
			entry.purge = (struct purge){ .what = PURGE_ALL, .text = { "", 0 } };
		buf_clear(&line);
		purge_line_write(&entry, &line);
		if (!entry.purge.from_fleet)
			code = upgrade_tell(&h->after, (struct text){ line.data, line.size - 1 });
		if (code == 0)
			h->told = entry.number;
	}
	return code;
}

/* In the store that both have it is in force already, and what was fetched since then is new. */
void
house_hear_purge(struct house *h, struct text line)
{
	struct purge_entry entry;
	struct text name;
	uint32_t objects;
	int code;

	if (purge_line_read(line, &entry, &name) != PURGE_LINE_ENTRY)
		return;
	if (h->shares_store)
		purge_log_add(purge_desk_log(h->purges), &entry.purge, entry.wall_ns, &code);
	else
		purge_desk_take(h->purges, h->gate->config, &entry.purge, &objects);
}

/* ---- logs ------------------------------------------------------------------------------------ */

/* Once, and that it is over. */
static void
tell_of_log(const struct house *h, bool *told, const char *name, int code, const char *meanwhile)
{
	char text[256];

	if (*told == (code < 0))
		return;
	*told = code < 0;
	if (code < 0)
		snprintf(text, sizeof(text), "%s cannot be written: %s; %s", name, strerror(-code), meanwhile);
	else
		snprintf(text, sizeof(text), "%s is written again", name);
	h->talk->say(h->talk->ctx, text);
}

void
house_look_after_logs(struct house *h)
{
	struct purge_log *log = purge_desk_log(h->purges);
	int code = purge_log_code(log);

	if (code < 0 && now_ns() >= h->renew_ns) {
		code = purge_log_renew(log);
		h->renew_ns = now_ns() + RENEW_NS;
	}
	tell_of_log(h, &h->purges_unwritten, "the purge log", code, "purges are in force, but one that was not carried on "
	    "may be lost at a restart");
	if (h->gate->access_log)
		tell_of_log(h, &h->lines_unwritten, "the access log", access_log_code(h->gate->access_log),
		    "lines are lost until there is room");
}
