/* SPDX-License-Identifier: MIT */
#include "gate/warm/event_places.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- lines ----------------------------------------------------------------------------------- */

void
event_standing_write(const struct event_standing *s, struct buf *out)
{
	buf_printf(out, "events %016" PRIx64 " %016" PRIx64 " %s", s->stream, s->channel, s->redis);
}

bool
event_standing_read(struct text line, struct event_standing *ret)
{
	char text[128];
	int at = 0;

	if (line.size >= sizeof(text))
		return false;
	memcpy(text, line.at, line.size);
	text[line.size] = '\0';
	*ret = (struct event_standing){ 0 };
	if (sscanf(text, "events %16" SCNx64 " %16" SCNx64 "%n", &ret->stream, &ret->channel, &at) != 2 ||
	    text[at] != ' ' || strlen(text) - (size_t)at > EVENTS_PLACE_MAX)
		return false;
	snprintf(ret->redis, sizeof(ret->redis), "%s", text + at + 1);
	return strspn(ret->redis, "0123456789-") == strlen(ret->redis);
}

/* ---- whose turn it is ------------------------------------------------------------------------ */

void
event_places_init(struct event_places *p)
{
	pthread_mutex_init(&p->lock, NULL);
}

void
event_places_done(struct event_places *p)
{
	pthread_mutex_destroy(&p->lock);
}

bool
event_places_begin(struct event_places *p, enum metric_source source, bool alone)
{
	pthread_mutex_lock(&p->lock);
	bool now = !alone || (!p->before && !p->attending[source]);
	p->attending[source] += now;
	pthread_mutex_unlock(&p->lock);
	return now;
}

void
event_places_end(struct event_places *p, enum metric_source source)
{
	pthread_mutex_lock(&p->lock);
	p->attending[source]--;
	pthread_mutex_unlock(&p->lock);
}

bool
event_places_are_left(struct event_places *p)
{
	unsigned n = 0;

	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < METRIC_SOURCES; i++)
		n += p->attending[i];
	pthread_mutex_unlock(&p->lock);
	return !n;
}

/* ---- a stream -------------------------------------------------------------------------------- */

bool
event_places_of_stream(struct event_places *p, uint64_t stream, char ret[EVENTS_PLACE_MAX])
{
	pthread_mutex_lock(&p->lock);
	bool known = p->at.redis[0] && p->at.stream == stream;
	if (known)
		memcpy(ret, p->at.redis, EVENTS_PLACE_MAX);
	pthread_mutex_unlock(&p->lock);
	return known;
}

void
event_places_keep(struct event_places *p, uint64_t stream, const char *id)
{
	pthread_mutex_lock(&p->lock);
	p->at.stream = stream;
	snprintf(p->at.redis, sizeof(p->at.redis), "%s", id);
	pthread_mutex_unlock(&p->lock);
}

/* ---- a channel ------------------------------------------------------------------------------- */

enum event_missed
event_places_listen(struct event_places *p, uint64_t channel)
{
	enum event_missed missed = EVENT_MISSED_NOTHING;

	pthread_mutex_lock(&p->lock);
	if (p->at.channel != channel) {
		p->listening = 0;
		missed = EVENT_MISSED_ALL;
	} else if (!p->listening && !p->before) {
		missed = EVENT_MISSED_SOME;
	}
	p->trusted |= missed == EVENT_MISSED_NOTHING && !p->listening;
	p->deaf = false;
	p->at.channel = channel;
	p->listening++;
	pthread_mutex_unlock(&p->lock);
	return missed;
}

void
event_places_stop_listening(struct event_places *p, uint64_t channel, bool lost)
{
	pthread_mutex_lock(&p->lock);
	if (p->at.channel == channel && p->listening) {
		p->listening--;
		p->deaf = lost && !p->listening;
	}
	pthread_mutex_unlock(&p->lock);
}

/* ---- from process to process ----------------------------------------------------------------- */

struct event_standing
event_places_standing(struct event_places *p, bool last)
{
	pthread_mutex_lock(&p->lock);
	struct event_standing s = p->at;
	if (last ? p->deaf : !p->listening)
		s.channel = 0;
	pthread_mutex_unlock(&p->lock);
	return s;
}

void
event_places_take(struct event_places *p, const struct event_standing *s)
{
	pthread_mutex_lock(&p->lock);
	p->at = *s;
	p->before = true;
	pthread_mutex_unlock(&p->lock);
}

/* Who could not wait any longer has gone on by himself. */
bool
event_places_take_last(struct event_places *p, const struct event_standing *s)
{
	pthread_mutex_lock(&p->lock);
	bool whole = !p->before || !p->trusted || (s && s->channel);
	if (p->before && s && !p->attending[SOURCE_REDIS]) {
		p->at.stream = s->stream;
		memcpy(p->at.redis, s->redis, sizeof(p->at.redis));
	}
	p->before = p->trusted = false;
	pthread_mutex_unlock(&p->lock);
	return whole;
}
