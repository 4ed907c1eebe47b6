/* SPDX-License-Identifier: MIT */
/* What people should know of the second level: said once, and again only after it has changed. */
#include <stdio.h>
#include <string.h>

#include "gate/level2/l2_int.h"

#define TOLD_DOWN (1u << 31)

static const struct {
	const char *code, *advice;
} known[] = {
	{ "OOM", "it is full: set maxmemory-policy allkeys-lru there, or raise maxmemory; until then it is read but "
	    "not written, and other gates do not hear of purges" },
	{ "LOADING", "it is loading its data, and is asked again when it has" },
	{ "BUSY", "a script holds it up: look at 'redis-cli SCRIPT KILL'" },
	{ "READONLY", "it is a replica: name its primary in l2.servers, too" },
	{ "CLUSTERDOWN", "a part of the cluster is missing: look at 'redis-cli --cluster check'" },
	{ "MASTERDOWN", "the replica has lost its primary: look at 'redis-cli INFO replication'" },
	{ "NOAUTH", "it wants a password: set l2.password_file or l2.password_env" },
	{ "WRONGPASS", "the password, or the user, is not right: look at l2.user and l2.password_file or "
	    "l2.password_env" },
	{ "NOPERM", "its user may not: allow GET, SET, DEL and, for the purges, XADD, XRANGE and XREAD on the keys of "
	    "l2.prefix" },
	{ "MISCONF", "it cannot save to its disk: look at its log" },
	{ "MOVED", "it is a cluster: set l2.cluster: true" },
};

static void
say(struct l2 *l, const struct l2_link *link, unsigned bit, const char *what, const char *advice)
{
	char text[ADDR_TEXT_MAX];

	if (atomic_fetch_or(&l->w->gate->l2_told, bit) & bit)
		return;
	notice_post(l->w->gate->notices, "the second level of the cache, %s, %s%s%s",
	    addr_format(&link->addr, text), what, advice ? "; " : "", advice ? advice : "");
}

static size_t
find(const char *error)
{
	size_t i = 0, n = sizeof(known) / sizeof(known[0]);

	for (; i < n; i++) {
		size_t size = strlen(known[i].code);
		if (strncmp(error, known[i].code, size) == 0 && (error[size] == ' ' || !error[size]))
			break;
	}
	return i;
}

/* Only the code of an error: what follows may quote what was sent. */
static void
first_word(const char *error, char out[32])
{
	size_t n = strcspn(error, " ");

	n = n < 31 ? n : 31;
	memcpy(out, error, n);
	out[n] = '\0';
}

void
l2_tell_error(struct l2 *l, const struct l2_link *link, const char *error)
{
	char word[32], what[64];
	size_t i = find(error);
	bool is_known = i < sizeof(known) / sizeof(known[0]);

	first_word(error, word);
	snprintf(what, sizeof(what), "answers %s", word);
	say(l, link, 1u << i, what, is_known ? known[i].advice : "look at its log");
}

/* Each worker has links of its own to the same nodes: one tells for all. */
void
l2_tell_down(struct l2 *l, const struct l2_link *link, const char *why)
{
	char what[RESP_TEXT_MAX + 192];

	if (l->w->index)
		return;
	if (find(why) < sizeof(known) / sizeof(known[0])) {
		l2_tell_error(l, link, why);
		return;
	}
	snprintf(what, sizeof(what), "is not to be had: %s%s%s", why, link->next ? "; " : "", link->next ? link->next : "");
	say(l, link, TOLD_DOWN, what, "it is tried again, and the gate does without it meanwhile");
}

void
l2_tell_up(struct l2 *l, const struct l2_link *link)
{
	unsigned kept = 1u << find("OOM");

	if (l->w->index || !(atomic_fetch_and(&l->w->gate->l2_told, kept) & ~kept))
		return;
	char text[ADDR_TEXT_MAX];
	notice_post(l->w->gate->notices, "the second level of the cache, %s, answers again",
	    addr_format(&link->addr, text));
}

void
l2_tell_taken(struct l2 *l)
{
	unsigned full = 1u << find("OOM");

	if (!(atomic_load_explicit(&l->w->gate->l2_told, memory_order_relaxed) & full) ||
	    !(atomic_fetch_and(&l->w->gate->l2_told, ~full) & full))
		return;
	notice_post(l->w->gate->notices, "the second level of the cache takes what is written again");
}
