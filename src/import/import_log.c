/* SPDX-License-Identifier: MIT */
/* Access logs: the most frequent routes become weighted flows of one request each.
 *
 * Threads take chunks of lines, parse and count them on their own; the counts merge at the end to
 * the same result whatever thread took what. Memory does not grow with the log. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "import/format.h"
#include "import/log_arrivals.h"
#include "import/log_chunks.h"
#include "import/log_census.h"

#define ROUTES_TAKEN  50
#define WORKERS_MAX   64
#define STATUS_SHARE  0.05   /* a class of answers that is rarer is not expected */

struct job {
	struct log_chunks chunks;
	const struct log_kind **kinds;   /* a source each */
	struct recording *arrivals;       /* NULL: not asked for */
	bool all_methods;
};

struct worker {
	pthread_t thread;
	struct job *job;
	struct census census;
	struct recorded *arrivals;        /* of the chunk */
	size_t n_arrivals, allocated;
	uint64_t timeless;
};

/* ---- parsing ---- */

static void
keep_arrival(struct worker *w, int64_t time_ns, uint64_t route)
{
	if (!w->job->arrivals)
		return;
	if (time_ns < 0) {
		w->timeless++;
		return;
	}
	if (w->n_arrivals == w->allocated) {
		w->allocated = w->allocated ? w->allocated * 2 : 4096;
		w->arrivals = realloc(w->arrivals, w->allocated * sizeof(*w->arrivals));
		if (!w->arrivals)
			abort();
	}
	w->arrivals[w->n_arrivals++] = (struct recorded){ time_ns, route };
}

static void
take_line(struct worker *w, const struct log_kind *kind, const char *line, size_t size,
    struct log_entry *entry)
{
	entry->method = entry->target = entry->host = (struct slice){ NULL, 0 };
	entry->status = 0;
	entry->time_ns = -1;
	if (size && line[size - 1] == '\r')
		size--;
	if (!size || *line == '#')
		return;
	switch (kind->parse(line, size, entry)) {
	case LOG_OTHER:
		w->census.lost[LOST_OTHER_LINE]++;
		return;
	case LOG_EMPTY:
		w->census.lost[LOST_EMPTY]++;
		return;
	case LOG_REQUEST:
		break;
	}
	uint64_t route = census_add(&w->census, entry);
	if (route)
		keep_arrival(w, entry->time_ns, route);
}

static void
take_chunk(struct worker *w, const struct log_chunk *chunk, struct log_entry *entry)
{
	const char *end = chunk->text + chunk->size;

	w->n_arrivals = 0;
	for (const char *at = chunk->text, *next; at < end; at = next) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		next = line_end ? line_end + 1 : end;
		size_t size = (size_t)((line_end ? line_end : end) - at);
		if (size > LOG_LINE_MAX)
			w->census.lost[LOST_OTHER_LINE]++;
		else
			take_line(w, w->job->kinds[chunk->source], at, size, entry);
	}
	if (w->job->arrivals)
		recording_append(w->job->arrivals, chunk->number, w->arrivals, w->n_arrivals);
}

static void *
work(void *ctx)
{
	struct worker *w = ctx;
	struct log_chunk chunk = { .text = malloc(LOG_CHUNK_BYTES + LOG_LINE_MAX + 1) };
	struct log_entry *entry = calloc(1, sizeof(*entry));

	if (!chunk.text || !entry)
		abort();
	w->census.all_methods = w->job->all_methods;
	while (log_chunks_next(&w->job->chunks, &chunk))
		take_chunk(w, &chunk, entry);
	free(entry);
	free(chunk.text);
	free(w->arrivals);
	return NULL;
}

/* The first worker is this thread; one that cannot be started is done without. */
static void
run_workers(struct job *job, int n, struct census *ret, uint64_t *ret_timeless)
{
	struct worker workers[WORKERS_MAX] = { 0 };
	int started = 1;

	workers[0].job = job;
	while (started < n) {
		workers[started].job = job;
		if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
			break;
		started++;
	}
	work(&workers[0]);
	*ret_timeless = 0;
	for (int i = 0; i < started; i++) {
		if (i)
			pthread_join(workers[i].thread, NULL);
		census_merge(ret, &workers[i].census);
		*ret_timeless += workers[i].timeless;
	}
	ret->lost[LOST_OTHER_LINE] += job->chunks.long_lines;
}

/* ---- from the census to flows ---- */

/* What %XX and '+' stand for: a value of an expression is encoded again when it is sent. */
static const char *
decode(struct draft *d, const char *value, bool in_query)
{
	char *out = arena_strdup(d->arena, value), *to = out;

	for (const char *c = value; *c; c++) {
		unsigned byte;
		if (*c == '%' && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2]) &&
		    sscanf(c + 1, "%2x", &byte) == 1 && byte) {
			*to++ = (char)byte;
			c += 2;
		} else {
			*to++ = in_query && *c == '+' ? ' ' : *c;
		}
	}
	*to = '\0';
	return out;
}

static void
put_slot(struct draft *d, struct buf *out, const struct census_slot *slot, bool in_query)
{
	const char *values[CENSUS_VALUES_MAX];

	for (int v = 0; v < slot->n; v++)
		values[v] = decode(d, slot->values[v], in_query);
	if (slot->n == 1)
		buf_puts(out, draft_literal(d, slot->values[0], strlen(slot->values[0])));
	else
		draft_put_choice(out, values, (size_t)slot->n);
}

/* The route's target as a URL of the scenario, and as a name with {id} for its slots and without
 * the query's values. */
static void
write_target(struct draft *d, const struct census_route *r, struct buf *url, struct buf *name)
{
	const char *target = strchr(r->key, ' ') + 1;
	bool query = false;
	int slot = 0;

	buf_printf(name, "%.*s ", (int)(target - r->key - 1), r->key);
	for (const char *at = target; *at; at++) {
		size_t size = strcspn(at, (char[]){ CENSUS_SLOT, '?', '\0' });
		const char *literal = draft_literal(d, at, size);
		buf_puts(url, literal);
		if (!query)
			buf_puts(name, literal);
		at += size;
		if (*at == CENSUS_SLOT)
			put_slot(d, url, &r->slots[slot++], query);
		else if (*at == '?')
			buf_putc(url, '?');
		else
			break;
		if (*at == CENSUS_SLOT && !query)
			buf_puts(name, "{id}");
		query = query || *at == '?';
	}
}

/* The classes of answers that the log shows, failures of the server aside. */
static void
expect_seen(struct draft *d, struct scenario_step *step, const struct census_route *r)
{
	CLEANUP(buf_done) struct buf value = { 0 };

	for (int class = 2; class <= 4; class++)
		if ((double)r->statuses[class] >= STATUS_SHARE * (double)r->count)
			buf_printf(&value, "%s%dxx", value.size ? " " : "", class);
	if (value.size)
		draft_expect_status(d, step, arena_strdup(d->arena, buf_text(&value)));
}

static void
add_route(struct draft *d, const struct census_route *r, double all)
{
	CLEANUP(buf_done) struct buf url = { 0 };
	CLEANUP(buf_done) struct buf name = { 0 };

	write_target(d, r, &url, &name);
	draft_flow(d, NULL)->weight = fmax(round((double)r->count / all * 1e6) / 1e4, 1e-4);
	struct scenario_step *step = draft_request(d, arena_strndup(d->arena, r->key,
	    strcspn(r->key, " ")), buf_text(&url));
	if (!step)
		return;
	step->name = arena_strdup(d->arena, buf_text(&name));
	expect_seen(d, step, r);
}

/* The name says the host only where there are several. */
static void
shorten_names(struct draft *d)
{
	for (size_t i = 0; i < d->s->n_flows; i++) {
		struct scenario_step *step = d->s->flows[i].steps;
		if (!step)
			continue;
		const char *host = strstr(step->name, " http://");
		const char *path = host && step->url[0] == '/' ? strchr(host + 8, '/') : NULL;
		if (path)
			step->name = arena_printf(d->arena, "%s %s", step->method, path);
	}
}

static void
note_lost(struct draft *d, const struct census *t)
{
	static const char *const why[LOST_MAX] = {
		[LOST_OTHER_LINE] = "lines that are not of the log's format, or too long",
		[LOST_EMPTY] = "lines without a request in them",
		[LOST_METHOD] = "requests that may change something (--all-methods takes them, without a body)",
		[LOST_TARGET] = "requests for no path (CONNECT, '*', garbage)",
		[LOST_COMPLEX] = "requests with very long targets or more than 12 parameters",
		[LOST_RARE] = "requests of rare routes, given up to bound memory",
	};

	for (int i = 0; i < LOST_MAX; i++)
		if (t->lost[i])
			draft_note(d, t->lost[i], "%s", why[i]);
	if (t->hidden)
		draft_note(d, t->hidden, "values of secret query parameters, sent empty");
}

static int
fill_draft(struct draft *d, struct census *t, struct err *e)
{
	uint64_t rest = 0;

	census_sort(t);
	for (size_t i = 0; i < t->n_routes; i++)
		if (i < ROUTES_TAKEN)
			add_route(d, t->routes[i], (double)t->requests);
		else
			rest += t->routes[i]->count;
	shorten_names(d);
	note_lost(d, t);
	if (rest)
		draft_note(d, rest, "requests of routes past the %d most frequent (%.2g %% of all)", ROUTES_TAKEN,
		    100 * (double)rest / (double)t->requests);
	if (d->s->n_flows && !d->s->base)
		draft_note(d, 1, "the log does not name the host: add 'base: http://HOST' or import with --base");
	return 0;
}

/* ---- the whole ---- */

static int
write_arrivals(struct draft *d, const struct census *t, struct recording *a, uint64_t timeless,
    struct err *e)
{
	uint64_t routes[ROUTES_TAKEN];
	size_t n = t->n_routes < ROUTES_TAKEN ? t->n_routes : ROUTES_TAKEN;
	struct recording_summary sum;

	for (size_t i = 0; i < n; i++)
		routes[i] = t->routes[i]->hash;
	int code = recording_write(a, routes, n, &sum, e);
	if (code < 0)
		return code;
	if (timeless)
		draft_note(d, timeless, "requests without a time in the log, not in the arrivals");
	if (sum.late)
		draft_note(d, sum.late, "arrivals logged very late, moved to where the log had come to");
	d->s->replay = arena_strdup(d->arena, d->options->replay);
	return 0;
}

static int
find_kinds(struct draft *d, struct source **sources, size_t n, const struct log_kind ***ret,
    struct err *e)
{
	*ret = arena_alloc(d->arena, (n + 1) * sizeof(struct log_kind *));
	for (size_t i = 0; i < n; i++) {
		size_t size;
		const char *head = source_head(sources[i], &size);
		(*ret)[i] = log_kind_of(head, size);
		if ((*ret)[i])
			continue;
		err_usage(e, "%s:1: not a line of an access log that prony knows", source_name(sources[i]));
		err_hint(e, "known: common and combined (nginx, Apache), HAProxy httplog, Envoy's default, JSON "
		            "lines");
		return -EINVAL;
	}
	return 0;
}

static int
worker_count(const struct draft *d)
{
	long n = d->options->workers > 0 ? d->options->workers : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (int)n;
}

static int
stream_log(struct draft *d, struct source **sources, size_t n, struct err *e)
{
	struct job *job = arena_alloc(d->arena, sizeof(*job));
	struct census census = { 0 };
	uint64_t timeless;

	int code = find_kinds(d, sources, n, &job->kinds, e);
	if (code == 0 && d->options->replay)
		code = recording_open(d->options->replay, &job->arrivals, e);
	if (code < 0)
		return code;
	job->all_methods = d->options->all_methods;
	log_chunks_start(&job->chunks, sources, n);
	run_workers(job, worker_count(d), &census, &timeless);
	code = job->chunks.failed;
	if (code < 0)
		*e = job->chunks.why;
	else
		code = fill_draft(d, &census, e);
	if (code == 0 && job->arrivals && census.n_routes)
		code = write_arrivals(d, &census, TAKE(job->arrivals), timeless, e);
	recording_drop(job->arrivals);
	log_chunks_done(&job->chunks);
	census_done(&census);
	return code;
}

static bool
matches(const char *head, size_t size)
{
	return log_kind_of(head, size) != NULL;
}

static const char *const suffixes[] = { ".log", ".log.1", ".access", NULL };

const struct import_format import_log = {
	.name = "log",
	.about = "access logs: nginx, Apache, Caddy, HAProxy, Envoy, JSON lines",
	.suffixes = suffixes,
	.matches = matches,
	.stream = stream_log,
};
