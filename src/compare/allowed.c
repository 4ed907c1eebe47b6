/* SPDX-License-Identifier: MIT */
/* May two finished runs be compared? Only when nothing but the service differs between them. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "compare/compare.h"
#include "compare/compare_int.h"

#define SAME_RATE   0.01    /* relative */
#define SAME_MEMORY 0.02

#define MEASURE_AGAIN "measure B again as A was, or let prony do both: prony prove URL_A URL_B"
#define SAME_MACHINE "measure both on one machine, best in turn: prony prove URL_A URL_B"

const struct run_phase *
compare_phase(const struct run *r)
{
	static const char *const names[] = { "trace", "baseline" };

	for (size_t k = 0; k < COUNT_OF(names); k++)
		for (size_t i = 0; i < r->evidence.n_phases; i++) {
			const char *name = r->evidence.phases[i].name;
			if (name && strcmp(name, names[k]) == 0)
				return &r->evidence.phases[i];
		}
	return r->evidence.n_phases ? &r->evidence.phases[r->evidence.n_phases - 1] : NULL;
}

static int
differs(struct err *e, const char *what, const char *a, const char *b, const char *hint)
{
	if (strcmp(a ? a : "", b ? b : "") == 0)
		return 0;
	err_set(e, EINVAL, "the runs cannot be compared: %s of A is '%.80s', of B '%.80s'", what,
	    a ? a : "unknown", b ? b : "unknown");
	err_hint(e, "%s", hint);
	return -EINVAL;
}

static int
numbers_differ(struct err *e, const char *what, int64_t a, int64_t b, const char *hint)
{
	if (a == b)
		return 0;
	err_set(e, EINVAL, "the runs cannot be compared: %s of A is %lld, of B %lld", what, (long long)a,
	    (long long)b);
	err_hint(e, "%s", hint);
	return -EINVAL;
}

/* ---- each run by itself -------------------------------------------------------------------- */

static int
usable(const struct run *r, char name, struct err *e)
{
	const struct run_phase *p = compare_phase(r);

	if (r->n_proofs && r->proofs[0].n_blocks) {
		err_set(e, EINVAL, "run %c is itself a comparison of two arms", name);
		err_hint(e, "show it with: prony report %.200s; to compare, name runs of check or load",
		    r->folder ? r->folder : "RUN");
	} else if (!r->sealed) {
		err_set(e, EINVAL, "run %c was not finished%s%.200s", name, r->error ? ": " : "",
		    r->error ? r->error : "");
		err_hint(e, "measure it again");
	} else if (!p || p->answered <= 0) {
		err_set(e, EINVAL, "run %c holds no load that was answered", name);
		err_hint(e, "name runs of prony load or prony check");
	} else if (r->verdict == VERDICT_GENERATOR_LIMITED || p->generator_limited) {
		err_set(e, EINVAL, "in run %c the load generator was the limit, so it tells nothing of the service",
		    name);
		err_hint(e, "measure with less load, or from another machine");
	} else {
		return 0;
	}
	return -EINVAL;
}

/* ---- the workload -------------------------------------------------------------------------- */

/* "/orders?x=1" of "http://host:1/orders?x=1": arms live at different places. */
static const char *
path_of(const char *url)
{
	const char *scheme = url ? strstr(url, "://") : NULL;
	const char *path = scheme ? strchr(scheme + 3, '/') : NULL;
	return path ? path : "/";
}

static int
same_routes(const struct run *a, const struct run *b, struct err *e)
{
	const struct run_spec *x = &a->spec, *y = &b->spec;
	int code = numbers_differ(e, "the number of routes", (int64_t)x->n_urls, (int64_t)y->n_urls,
	    MEASURE_AGAIN);

	for (size_t i = 0; code == 0 && i < x->n_urls; i++)
		code = differs(e, "a route", path_of(x->urls[i]), path_of(y->urls[i]), MEASURE_AGAIN);
	return code;
}

static int
same_rate(const struct run *a, const struct run *b, struct err *e)
{
	double x = compare_phase(a)->rate, y = compare_phase(b)->rate;
	char rate_a[24], rate_b[24];

	int code = numbers_differ(e, "the number of connections", a->spec.connections, b->spec.connections,
	    MEASURE_AGAIN);
	if (code < 0 || a->spec.closed || fabs(x - y) <= SAME_RATE * fmax(x, y))
		return code;
	err_set(e, EINVAL, "the runs cannot be compared: A was offered %s, B %s", format_rate(rate_a, x),
	    format_rate(rate_b, y));
	err_hint(e, "give both the same load, as in --rate %s", format_rate(rate_a, fmin(x, y)));
	return -EINVAL;
}

static int
same_workload(const struct run *a, const struct run *b, struct err *e)
{
	const struct run_spec *x = &a->spec, *y = &b->spec;

	int code = same_routes(a, b, e);
	if (code == 0)
		code = differs(e, "what is asked (the hash of routes, bodies, headers and scenario)",
		    x->workload, y->workload, MEASURE_AGAIN);
	if (code == 0)
		code = differs(e, "the loop", x->closed ? "closed" : "open", y->closed ? "closed" : "open",
		    MEASURE_AGAIN);
	if (code == 0)
		code = same_rate(a, b, e);
	if (code == 0 && !x->closed)
		code = differs(e, "the kind of arrivals", x->arrivals, y->arrivals, MEASURE_AGAIN);
	if (code == 0)
		code = numbers_differ(e, "the seed", x->seed, y->seed, MEASURE_AGAIN);
	return code;
}

/* ---- the machine and the method ------------------------------------------------------------ */

static int
same_machine(const struct run *a, const struct run *b, struct err *e)
{
	const struct run_host *x = &a->host, *y = &b->host;
	char size_a[24], size_b[24];

	if (!x->cpus || !y->cpus) {
		err_set(e, EINVAL, "run %c does not say on which machine it was measured", x->cpus ? 'B' : 'A');
		err_hint(e, "measure it again");
		return -EINVAL;
	}
	int code = differs(e, "the CPU", x->cpu_model, y->cpu_model, SAME_MACHINE);
	if (code == 0)
		code = numbers_differ(e, "the number of CPUs", x->cpus, y->cpus, SAME_MACHINE);
	if (code == 0)
		code = differs(e, "the kernel", x->kernel, y->kernel, SAME_MACHINE);
	double m = (double)x->memory_bytes, n = (double)y->memory_bytes;
	if (code == 0 && fabs(m - n) > SAME_MEMORY * fmax(m, n))
		code = differs(e, "the memory", format_size(size_a, m), format_size(size_b, n), SAME_MACHINE);
	if (code == 0)
		code = differs(e, "the place of the load generator", x->generator_on_host ? "the same host"
		    : "another host", y->generator_on_host ? "the same host" : "another host", SAME_MACHINE);
	return code;
}

/* "prony 0.1" of "prony 0.1.7": patches do not change how things are measured. */
static size_t
method_size(const char *tool)
{
	size_t n = strcspn(tool, ".");
	return n + (tool[n] ? 1 + strcspn(tool + n + 1, ".") : 0);
}

static int
same_tool(const struct run *a, const struct run *b, struct err *e)
{
	const char *x = a->tool ? a->tool : "", *y = b->tool ? b->tool : "";

	if (method_size(x) == method_size(y) && strncmp(x, y, method_size(x)) == 0)
		return 0;
	return differs(e, "the version that measured", x, y, MEASURE_AGAIN);
}

static int
same_method(const struct run *a, const struct run *b, struct err *e)
{
	int code = same_tool(a, b, e);
	if (code == 0)
		code = differs(e, "the load engine", compare_phase(a)->engine, compare_phase(b)->engine,
		    "measure both with the same --engine");
	if (code == 0)
		code = differs(e, "the way it was traced", a->evidence.trace.mode, b->evidence.trace.mode,
		    "measure both with the same rights: prony doctor says what each user can see");
	return code;
}

int
compare_allowed(const struct run *a, const struct run *b, struct err *e)
{
	int code = usable(a, 'A', e);
	if (code == 0)
		code = usable(b, 'B', e);
	if (code == 0)
		code = same_workload(a, b, e);
	if (code == 0)
		code = same_machine(a, b, e);
	return code < 0 ? code : same_method(a, b, e);
}
