/* SPDX-License-Identifier: MIT */
/* What was asked, as the run remembers it. */
#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/workload.h"
#include "net/url.h"
#include "observe/host.h"

/* "postgresql://user:secret@host/db" without "user:secret@", and without a query, where a password
 * may stand too. */
static const char *
without_secrets(struct run *r, const char *url)
{
	const char *scheme = strstr(url, "://");

	if (!scheme)
		return run_printf(r, "%.*s", (int)strcspn(url, " ?"), strchr(url, '=') ? "" : url);
	const char *authority = scheme + 3;
	const char *path = authority + strcspn(authority, "/?#");
	const char *host = authority;
	for (const char *c = authority; c < path; c++)
		if (*c == '@')
			host = c + 1;
	/* A password with a '/' in it moves the '@' behind the first '/'. */
	const char *late = strrchr(path, '@');
	if (late)
		host = late + 1;
	return run_printf(r, "%.*s%.*s", (int)(authority - url), url, (int)strcspn(host, "?#"), host);
}

/* Of the service: as given, else "127.0.0.1:8080" of the first URL. */
static const char *
service_name(struct run *r, const struct spec *s)
{
	if (s->system)
		return run_str(r, s->system);
	if (s->n_urls) {
		const char *host = strstr(url_public(r->arena, s->urls[0]), "://") + 3;
		return run_printf(r, "%.*s", (int)strcspn(host, "/?"), host);
	}
	return s->unit ? run_str(r, s->unit) : run_printf(r, "pid %d", s->pid);
}

static void
record_targets(const struct spec *s, struct run *r)
{
	for (size_t i = 0; i < s->n_targets; i++) {
		const struct target *t = &s->targets[i];
		struct run_target *out = RUN_ADD(r, target, r->targets, r->n_targets);
		out->metric = target_metric_name(t->metric);
		out->route = run_str(r, t->route);
		out->op = t->at_least ? ">" : "<";
		out->limit = t->limit;
		if (t->at_rate > 0)
			out->at_rate = t->at_rate;
	}
}

static void
record_spec(const struct spec *s, struct run *r)
{
	struct run_spec *to = &r->spec;

	r->tool = "prony " PRONY_VERSION;
	to->system = run_str(r, s->system);
	for (size_t i = 0; i < s->n_urls; i++)
		RUN_ADD_STR(r, to->urls, to->n_urls, url_public(r->arena, s->urls[i]));
	for (size_t i = 0; i < s->n_issues; i++)
		RUN_ADD_STR(r, to->issues, to->n_issues, s->issues[i]);
	for (size_t i = 0; i < s->n_targets; i++)
		RUN_ADD_STR(r, to->targets, to->n_targets, s->targets[i].text);
	to->database = s->database ? without_secrets(r, s->database) : NULL;
	to->rate = s->rate;
	to->peak_rate = s->peak_rate;
	to->budget_per_month = s->budget_per_month;
	to->currency = run_str(r, s->currency);
	to->measure_seconds = ns_to_s(s->for_ns);
	to->timeout_seconds = ns_to_s(s->timeout_ns);
	to->connections = s->connections;
	to->closed = s->closed;
	to->seed = (int64_t)s->seed;
	to->workload = workload_hash(s, r->arena);
	to->arrivals = s->poisson ? "poisson" : "constant";
	to->observe = s->observe;
	to->literals = s->literals;
	to->find_max = s->find_max;
}

void
cli_record_question(const struct spec *s, struct run *r)
{
	record_spec(s, r);
	host_describe(r);
	r->host.generator_on_host = !s->allow_load;   /* else load goes to the loopback only */
	r->system.name = service_name(r, s);
	for (size_t i = 0; i < s->n_urls; i++)
		RUN_ADD_STR(r, r->system.targets, r->system.n_targets, url_public(r->arena, s->urls[i]));
	record_targets(s, r);
}

void
cli_own_cost(struct run *r, int64_t begin_ns)
{
	struct run_self *self = &r->self;
	struct rusage usage;
	double generator = isnan(self->generator_cpu) ? 0 : self->generator_cpu;

	getrusage(RUSAGE_SELF, &usage);
	self->seconds = ns_to_s(now_ns() - begin_ns);
	self->generator_cpu = generator;
	self->cpu = fmax(ns_to_s(process_cpu_ns()) / self->seconds - generator, 0);
	self->rss_bytes = (int64_t)usage.ru_maxrss * 1024;
	self->dropped_events = r->evidence.trace.dropped;
}
