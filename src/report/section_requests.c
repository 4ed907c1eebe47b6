/* SPDX-License-Identifier: MIT */
/* The service map, and single requests as timelines: the slowest, and a typical one beside them. */
#include "report/section.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/say.h"

#define MOST_CHARTS   3        /* routes */
#define MOST_ROWS     4        /* requests of one */
#define MAGNIFY_BELOW 0.4      /* of the longest: a shorter typical request is drawn larger */
#define PARTS_TOLD    4
#define MOST_WHERE    60       /* bytes */

/* ---- map ------------------------------------------------------------------------------------ */

static enum run_part_kind
colour_of(const char *kind)
{
	static const struct { const char *kind; enum run_part_kind part; } rows[] = {
		{ "disk", PART_DISK }, { "redis", PART_CACHE }, { "memcached", PART_CACHE },
		{ "http", PART_NET }, { "tcp", PART_NET }, { "dns", PART_NET }, { "others", PART_OTHER },
	};

	for (size_t i = 0; kind && i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].kind, kind) == 0)
			return rows[i].part;
	return PART_DB;
}

static void
add_peer(struct doc *d, struct doc_map *map, const struct run_link *l)
{
	struct doc_peer *p = ARENA_PUSH(d->arena, map->peers, map->n_peers);

	p->name = say_clip(d, say_peer(l->kind), 40);
	p->address = say_clip(d, l->peer, 80);
	p->kind = colour_of(l->kind);
	p->share = fmin(fmax(l->share, 0), 1);
	p->text = say_known(l->calls) ? doc_printf(d, "%s, %s calls", say_share(d, l->share),
	    say_count(d, l->calls)) : say_share(d, l->share);
}

static void
service_map(struct doc *d, const struct run *r)
{
	struct doc_map *map = arena_alloc(d->arena, sizeof(*map));
	struct buf about = { .cap_bytes = 2000 };
	double own = 1;

	for (size_t i = 0; i < r->n_links && i < 8; i++) {
		add_peer(d, map, &r->links[i]);
		own -= map->peers[i].share;
		buf_printf(&about, "; %s%s%s: %s", map->peers[i].name, map->peers[i].address ? " " : "",
		    map->peers[i].address ? map->peers[i].address : "", map->peers[i].text);
	}
	map->title = "What a request asks of others";
	map->service = r->system.name ? say_clip(d, r->system.name, 40) : "service";
	map->own = doc_printf(d, "%s itself", say_share(d, fmax(own, 0)));
	map->about = doc_printf(d, "Shares of the requests' time, and calls a request: %s: %s%s.",
	    map->service, map->own, buf_text(&about));
	buf_done(&about);
	if (map->n_peers)
		doc_block(d, DOC_MAP)->map = map;
}

/* ---- timelines ------------------------------------------------------------------------------ */

static bool
is_typical(const struct run_exemplar *e)
{
	return e->rank && strcmp(e->rank, "typical") == 0;
}

static bool
is_drawable(const struct run_exemplar *e)
{
	return e->route && e->seconds > 0 && isfinite(e->seconds) && e->n_stretches;
}

static void
add_stretches(struct doc *d, struct doc_timeline *row, const struct run_exemplar *e, double scale)
{
	for (size_t i = 0; i < e->n_stretches && i < 64; i++) {
		const struct run_stretch *s = &e->stretches[i];
		if (!(s->at >= 0) || !(s->seconds > 0) || s->at + s->seconds > e->seconds * 1.001)
			continue;
		struct doc_stretch *out = ARENA_PUSH(d->arena, row->stretches, row->n_stretches);
		const char *where = say_clip(d, s->where, MOST_WHERE);
		out->kind = s->kind;
		out->text = where ? doc_printf(d, "%s: %s", part_kind_words(s->kind), where) : part_kind_words(s->kind);
		out->length = say_duration(d, s->seconds);
		out->from = s->at / scale;
		out->width = s->seconds / scale;
	}
}

/* "database 930 ms, computing 120 ms": the most of it. */
static const char *
told(struct doc *d, const struct run_exemplar *e)
{
	double by_kind[PART_KINDS] = { 0 };
	const char *words[PARTS_TOLD];
	size_t n = 0;

	for (size_t i = 0; i < e->n_stretches; i++)
		if (e->stretches[i].seconds > 0)
			by_kind[e->stretches[i].kind] += e->stretches[i].seconds;
	for (; n < PARTS_TOLD; n++) {
		int most = 0;
		for (int k = 1; k < PART_KINDS; k++)
			most = by_kind[k] > by_kind[most] ? k : most;
		if (!(by_kind[most] > 0.005 * e->seconds))
			break;
		words[n] = doc_printf(d, "%s %s", part_kind_words((enum run_part_kind)most),
		    say_duration(d, by_kind[most]));
		by_kind[most] = 0;
	}
	return say_join(d, words, n, n, ", ");
}

static void
add_row(struct doc *d, struct doc_timelines *chart, const struct run_exemplar *e)
{
	static const char *const ranks[] = { "the slowest", "the second", "the third" };
	struct doc_timeline *row = ARENA_PUSH(d->arena, chart->rows, chart->n_rows);
	bool magnified = is_typical(e) && e->seconds < MAGNIFY_BELOW * chart->seconds;
	const char *drawn = magnified ? doc_printf(d, ", drawn %s larger",
	    say_times(d, chart->seconds / e->seconds)) : "";

	row->label = is_typical(e) ? "a typical request" : chart->n_rows <= COUNT_OF(ranks)
	    ? ranks[chart->n_rows - 1] : "a slow one";
	row->value = doc_printf(d, "%s%s", say_duration(d, e->seconds), drawn);
	row->about = doc_printf(d, "%s, %s: %s", row->label, say_duration(d, e->seconds), told(d, e));
	add_stretches(d, row, e, magnified ? e->seconds : chart->seconds);
}

/* The requests of one route, which stand side by side in the record, on one scale. */
static size_t
timelines(struct doc *d, const struct run_exemplar *e, size_t n, bool first)
{
	struct doc_timelines *chart = arena_alloc(d->arena, sizeof(*chart));
	size_t of = 0;

	for (; of < n && e[of].route && strcmp(e[of].route, e[0].route) == 0; of++)
		chart->seconds = fmax(chart->seconds, is_drawable(&e[of]) ? e[of].seconds : 0);
	chart->title = doc_printf(d, "Single requests of %s", say_clip(d, e[0].route, 80));
	if (first)
		chart->about = "Left to right as it happened, waits as they were, before they are charged "
		    "to what the holders did.";
	for (size_t i = 0; i < of; i++)
		if (is_drawable(&e[i]) && chart->n_rows < MOST_ROWS)
			add_row(d, chart, &e[i]);
	if (chart->n_rows)
		doc_block(d, DOC_TIMELINES)->timelines = chart;
	return of;
}

void
section_requests(struct doc *d, const struct run *r)
{
	const struct run_trace *t = &r->evidence.trace;
	size_t charts = 0;

	service_map(d, r);
	for (size_t i = 0; i < t->n_exemplars && charts < MOST_CHARTS; charts++)
		i += t->exemplars[i].route ? timelines(d, &t->exemplars[i], t->n_exemplars - i, !charts)
		    : 1;
}
