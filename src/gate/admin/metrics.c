/* SPDX-License-Identifier: MIT */
#include "gate/admin/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* Of histograms: a bucket holds what is at most so long; after the last one all the rest, then the sum. */
static const int64_t bounds_ns[] = {
	100 * NS_PER_US, 250 * NS_PER_US, 500 * NS_PER_US, 1 * NS_PER_MS, 2500 * NS_PER_US, 5 * NS_PER_MS,
	10 * NS_PER_MS, 25 * NS_PER_MS, 50 * NS_PER_MS, 100 * NS_PER_MS, 250 * NS_PER_MS, 500 * NS_PER_MS,
	1 * NS_PER_S, 2500 * NS_PER_MS, 5 * NS_PER_S, 10 * NS_PER_S,
};
#define BOUNDS ((int)(sizeof(bounds_ns) / sizeof(bounds_ns[0])))
#define CELLS  (BOUNDS + 2)   /* of a histogram's series */

enum type { COUNTER, GAUGE, HISTOGRAM };
enum labels { NONE, ROUTE, ROUTE_CODE, ROUTE_CACHE, ROUTE_CLOSE, REASON, UPSTREAM, SERVER, SERVER_OUTCOME, CODING, LEVEL,
	LEVEL_RESULT, UNREADABLE, WARM, WARM_SKIP, SOURCE };

struct row {
	const char *name;
	enum type type;
	enum labels labels;
	const char *help;
};

static const struct row rows[METRICS] = {
#define METRIC(id, name, type, labels, help) { name, type, labels, help },
#include "gate/admin/metrics.def"
#undef METRIC
};

static const char *const type_names[] = { "counter", "gauge", "histogram" };
static const char *const cache_names[CACHE_DID_KINDS] = {
	"hit", "stale", "revalidated", "miss", "waited", "passed", "l2",
};
static const char *const reason_names[REFUSED_KINDS] = {
	"bad_request", "no_route", "rate_limit", "breaker", "queue", "timeout", "upstream", "resources",
	"not_cached",
};

/* From the second on: BATCH_OPEN is none. */
static const char *const close_names[BATCH_CLOSES - 1] = { "idle", "full", "wait" };
static const char *const level_names[CACHE_LEVELS] = { "l1", "l2", "origin" };
static const char *const unreadable_names[METRIC_UNREADABLE_KINDS] = { "foreign", "newer", "corrupt" };
/* From the second on: WARM_NOT and WARM_GO are no series. */
static const char *const warm_names[WARM_WHYS - 1] = { "refresh", "early", "popular", "update" };
static const char *const skip_names[WARM_SKIPS - 1] = {
	"fresh", "under_way", "busy", "breaker", "uncached", "full", "failed",
};
static const char *const source_names[METRIC_SOURCES] = { "request", "redis", "notify", "replication" };

const char *
metric_cache_name(enum metric_cache did)
{
	return cache_names[did];
}

/* ---- layout ---- */

static size_t
count_servers(const struct gate_config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_upstreams; i++)
		n += c->upstreams[i].n_servers;
	return n;
}

static size_t
count_series(const struct gate_config *c, enum labels labels)
{
	size_t routes = c->n_routes + 1;   /* the last one: none */

	switch (labels) {
	case NONE:
		return 1;
	case ROUTE:
		return routes;
	case ROUTE_CODE:
		return routes * METRIC_CODES;
	case ROUTE_CACHE:
		return routes * CACHE_DID_KINDS;
	case ROUTE_CLOSE:
		return routes * (BATCH_CLOSES - 1);
	case REASON:
		return REFUSED_KINDS;
	case UPSTREAM:
		return c->n_upstreams;
	case SERVER:
		return count_servers(c);
	case SERVER_OUTCOME:
		return count_servers(c) * 2;
	case WARM:
		return WARM_WHYS - 1;
	case WARM_SKIP:
		return WARM_SKIPS - 1;
	case SOURCE:
		return METRIC_SOURCES;
	case CODING:
		return CODINGS;
	case LEVEL:
		return CACHE_LEVELS;
	case LEVEL_RESULT:
		return CACHE_LEVELS * 2;
	case UNREADABLE:
		break;
	}
	return METRIC_UNREADABLE_KINDS;
}

struct metrics *
metrics_new(const struct gate_config *c)
{
	size_t at[METRICS], n = 0;

	for (int i = 0; i < METRICS; i++) {
		at[i] = n;
		n += count_series(c, rows[i].labels) * (rows[i].type == HISTOGRAM ? CELLS : 1);
	}
	struct metrics *m = calloc(1, sizeof(*m) + n * sizeof(m->values[0]));
	if (!m)
		abort();
	m->c = c;
	memcpy(m->at, at, sizeof(at));
	for (size_t i = 0, first = 0; i < c->n_upstreams; first += c->upstreams[i++].n_servers)
		m->first_server[i] = first;
	return m;
}

void
metrics_free(struct metrics *m)
{
	free(m);
}

size_t
series_route(const struct metrics *m, const struct gate_route *route)
{
	return route ? (size_t)(route - m->c->routes) : m->c->n_routes;
}

void
metrics_observe(struct metrics *m, enum metric metric, size_t series, int64_t ns)
{
	int bucket = 0;

	while (bucket < BOUNDS && ns > bounds_ns[bucket])
		bucket++;
	metrics_add(m, metric, series * CELLS + (size_t)bucket, 1);
	metrics_add(m, metric, series * CELLS + BOUNDS + 1, ns > 0 ? ns : 0);
}

/* ---- text ---- */

static void
write_escaped(struct buf *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '\\':
			buf_puts(out, "\\\\");
			break;
		case '"':
			buf_puts(out, "\\\"");
			break;
		case '\n':
			buf_puts(out, "\\n");
			break;
		default:
			buf_putc(out, *text);
		}
}

static void
write_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s%s=\"", out->size && out->data[out->size - 1] == '{' ? "" : ",", name);
	write_escaped(out, value);
	buf_putc(out, '"');
}

static void
write_route(const struct gate_config *c, size_t route, struct buf *out)
{
	CLEANUP(buf_done) struct buf name = { 0 };

	if (route < c->n_routes)
		buf_printf(&name, "%s%s", c->routes[route].host ? c->routes[route].host : "",
		    c->routes[route].match);
	else
		buf_puts(&name, "none");
	write_label(out, "route", buf_text(&name));
}

static void
write_server(const struct gate_config *c, size_t server, struct buf *out)
{
	const struct gate_upstream *u = c->upstreams;

	for (; server >= u->n_servers; u++)
		server -= u->n_servers;
	write_label(out, "upstream", u->name);
	write_label(out, "server", u->servers[server].address.text);
}

/* The labels of a series, without braces. */
static void
write_labels(const struct gate_config *c, enum labels labels, size_t series, struct buf *out)
{
	static const char *const codes[METRIC_CODES] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

	switch (labels) {
	case NONE:
		break;
	case ROUTE:
		write_route(c, series, out);
		break;
	case ROUTE_CODE:
		write_route(c, series / METRIC_CODES, out);
		write_label(out, "code", codes[series % METRIC_CODES]);
		break;
	case ROUTE_CACHE:
		write_route(c, series / CACHE_DID_KINDS, out);
		write_label(out, "result", cache_names[series % CACHE_DID_KINDS]);
		break;
	case ROUTE_CLOSE:
		write_route(c, series / (BATCH_CLOSES - 1), out);
		write_label(out, "closed", close_names[series % (BATCH_CLOSES - 1)]);
		break;
	case REASON:
		write_label(out, "reason", reason_names[series]);
		break;
	case UPSTREAM:
		write_label(out, "upstream", c->upstreams[series].name);
		break;
	case SERVER:
		write_server(c, series, out);
		break;
	case SERVER_OUTCOME:
		write_server(c, series / 2, out);
		write_label(out, "outcome", series % 2 ? "bad" : "good");
		break;
	case WARM:
		write_label(out, "for", warm_names[series]);
		break;
	case WARM_SKIP:
		write_label(out, "reason", skip_names[series]);
		break;
	case SOURCE:
		write_label(out, "source", source_names[series]);
		break;
	case CODING:
		write_label(out, "coding", coding_name((enum coding)series));
		break;
	case LEVEL:
		write_label(out, "level", level_names[series]);
		break;
	case LEVEL_RESULT:
		write_label(out, "level", level_names[series / 2]);
		write_label(out, "result", series % 2 ? "miss" : "hit");
		break;
	case UNREADABLE:
		write_label(out, "reason", unreadable_names[series]);
	}
}

static uint64_t
sum(struct metrics *const *all, size_t n, size_t cell)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += atomic_load_explicit(&all[i]->values[cell], memory_order_relaxed);
	return total;
}

int64_t
metrics_sum(struct metrics *const *all, size_t n, enum metric metric, size_t series)
{
	return (int64_t)sum(all, n, all[0]->at[metric] + series);
}

/* "name_suffix{labels" and what else belongs between the braces, up to the value. */
static void
write_name(const struct gate_config *c, const struct row *row, const char *suffix, size_t series,
    const char *le, struct buf *out)
{
	buf_printf(out, "%s%s", row->name, suffix);
	if (row->labels == NONE && !le) {
		buf_putc(out, ' ');
		return;
	}
	buf_putc(out, '{');
	write_labels(c, row->labels, series, out);
	if (le)
		write_label(out, "le", le);
	buf_puts(out, "} ");
}

/* Buckets are cumulative. The count is what they sum up to, so that it fits them whatever comes meanwhile. */
static void
write_histogram(struct metrics *const *all, size_t n, const struct row *row, size_t first, size_t series,
    struct buf *out)
{
	uint64_t count = 0, cells[CELLS];
	char le[32];

	for (int i = 0; i < CELLS; i++)
		cells[i] = sum(all, n, first + (size_t)i);
	for (int i = 0; i <= BOUNDS; i++) {
		if (i < BOUNDS)
			snprintf(le, sizeof(le), "%g", ns_to_s(bounds_ns[i]));
		else
			snprintf(le, sizeof(le), "+Inf");
		count += cells[i];
		write_name(all[0]->c, row, "_bucket", series, le, out);
		buf_printf(out, "%" PRIu64 "\n", count);
	}
	write_name(all[0]->c, row, "_sum", series, NULL, out);
	buf_printf(out, "%.9g\n", (double)cells[BOUNDS + 1] / 1e9);
	write_name(all[0]->c, row, "_count", series, NULL, out);
	buf_printf(out, "%" PRIu64 "\n", count);
}

/* Of routes, which may be many, only what has happened is told. */
static bool
is_told(struct metrics *const *all, size_t n, const struct row *row, size_t first, size_t cells)
{
	bool of_routes = row->labels == ROUTE || row->labels == ROUTE_CODE || row->labels == ROUTE_CACHE ||
	    row->labels == ROUTE_CLOSE;
	uint64_t total = 0;

	for (size_t i = 0; i < cells; i++)
		total |= sum(all, n, first + i);
	return total || !of_routes;
}

/* Figures that are looked up, not counted, are the same for all. */
static bool
is_carried(enum metric metric, bool alive)
{
	switch (metric) {
	case METRIC_CACHE_EVICTED:
		return false;
	case METRIC_CLIENTS:
	case METRIC_CONNECTIONS:
	case METRIC_IN_FLIGHT:
	case METRIC_QUEUE:
		return alive;
	default:
		return rows[metric].type != GAUGE;
	}
}

/* Most configurations differ in little: what stood at the same place is looked at first. `n`: there are none. */
static size_t
find_series(const struct gate_config *c, enum labels labels, size_t n, size_t near, const struct buf *wanted)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	for (size_t i = 0; i < n; i++) {
		size_t series = (near + i) % n;
		buf_clear(&text);
		write_labels(c, labels, series, &text);
		if (strcmp(buf_text(&text), buf_text(wanted)) == 0)
			return series;
	}
	return n;
}

static void
carry_row(struct metrics *const *from, size_t n, enum metric metric, struct metrics *to)
{
	CLEANUP(buf_done) struct buf labels = { 0 };
	enum labels kind = rows[metric].labels;
	size_t cells = rows[metric].type == HISTOGRAM ? CELLS : 1;
	size_t n_from = count_series(from[0]->c, kind);

	for (size_t series = 0; series < count_series(to->c, kind); series++) {
		buf_clear(&labels);
		write_labels(to->c, kind, series, &labels);
		size_t was = find_series(from[0]->c, kind, n_from, series, &labels);
		for (size_t i = 0; i < cells && was < n_from; i++)
			metrics_add(to, metric, series * cells + i,
			    (int64_t)sum(from, n, from[0]->at[metric] + was * cells + i));
	}
}

void
metrics_carry(struct metrics *const *from, size_t n, struct metrics *to, bool alive)
{
	for (int i = 0; i < METRICS; i++)
		if (is_carried((enum metric)i, alive))
			carry_row(from, n, (enum metric)i, to);
}

static void
write_row(struct metrics *const *all, size_t n, enum metric metric, struct buf *out)
{
	const struct row *row = &rows[metric];
	size_t cells = row->type == HISTOGRAM ? CELLS : 1;

	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
	    type_names[row->type]);
	for (size_t series = 0; series < count_series(all[0]->c, row->labels); series++) {
		size_t first = all[0]->at[metric] + series * cells;
		if (!is_told(all, n, row, first, cells))
			continue;
		if (row->type == HISTOGRAM) {
			write_histogram(all, n, row, first, series, out);
			continue;
		}
		write_name(all[0]->c, row, "", series, NULL, out);
		if (row->type == GAUGE)
			buf_printf(out, "%" PRId64 "\n", (int64_t)sum(all, n, first));
		else
			buf_printf(out, "%" PRIu64 "\n", sum(all, n, first));
	}
}

void
metrics_write(struct metrics *const *all, size_t n, struct buf *out)
{
	for (int i = 0; i < METRICS; i++)
		write_row(all, n, (enum metric)i, out);
}
