/* SPDX-License-Identifier: MIT */
/* What was asked, as the run remembers it. */
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"

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

static const char *
name_of(const struct spec *s)
{
	if (s->system)
		return s->system;
	if (s->n_urls) {
		const char *host = strstr(s->urls[0], "://") + 3;
		return arena_strndup(s->arena, host, strcspn(host, "/"));
	}
	return s->unit ? s->unit : arena_printf(s->arena, "pid-%d", s->pid);
}

void
cli_record_spec(const struct spec *s, struct run *r)
{
	struct run_spec *to = &r->spec;

	r->tool = "prony " PRONY_VERSION;
	r->system.name = run_str(r, name_of(s));
	to->system = run_str(r, s->system);
	for (size_t i = 0; i < s->n_urls; i++) {
		RUN_ADD_STR(r, to->urls, to->n_urls, s->urls[i]);
		RUN_ADD_STR(r, r->system.targets, r->system.n_targets, s->urls[i]);
	}
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
	to->seed = (int64_t)s->seed;
	to->arrivals = s->poisson ? "poisson" : "constant";
	to->observe = s->observe;
}
