/* SPDX-License-Identifier: MIT */
#include "sample_run.h"
#include "sample_parts.h"

#include <math.h>

static void
add_target(struct run *r, const char *metric, const char *op, double limit, double value, bool met)
{
	struct run_target *t = RUN_ADD(r, target, r->targets, r->n_targets);

	t->metric = metric;
	t->op = op;
	t->limit = limit;
	t->value = value;
	t->low = *op == '<' ? value * 0.97 : value;
	t->high = *op == '<' ? value * 1.03 : value;
	t->gap = *op == '<' ? value / limit : limit / value;
	t->met = met;
	t->src = SOURCE_MEASURED;
}

static void
add_baseline(struct run *r, double rate, double p99)
{
	struct run_baseline *b = &r->baseline;
	static const char *const routes[] = { "/orders", "/catalog", "/login" };

	b->rate = rate;
	b->throughput = rate * 0.98;
	b->latency = (struct run_latency){ .mean = p99 / 8, .p50 = p99 / 20, .p95 = p99 / 3, .p99 = p99,
		.p999 = p99 * 1.3, .max = p99 * 1.6, .p99_low = NAN, .p99_high = NAN };
	b->error_rate = 0.0002;
	b->timeout_rate = 0;
	b->cpu = 1.18;
	b->cpu_per_request = 1.18 / rate;
	b->rss_bytes = 184e6;
	b->io_wait = 0.02;
	b->net_bytes_per_s = 8.4e6;
	for (size_t i = 0; i < 3; i++) {
		struct run_route *o = RUN_ADD(r, route, b->routes, b->n_routes);
		o->route = routes[i];
		o->rate = rate / 3;
		o->latency.p50 = p99 / (20 + 5 * (double)i);
		o->latency.p95 = p99 / (3 + 5 * (double)i);
		o->latency.p99 = p99 / (1 + 5 * (double)i);
		o->error_rate = i ? 0 : 0.0006;
		o->body_bytes = 4096 * (double)(i + 1);
		o->requests = 26000;
	}
}

void
add_eye(struct run *r, const char *name, bool open, const char *means, const char *cure)
{
	struct run_eye *e = RUN_ADD(r, eye, r->eyes, r->n_eyes);
	e->name = name;
	e->open = open;
	e->means = means;
	e->cure = cure;
}

static void
add_surroundings(struct run *r)
{
	r->host = (struct run_host){ "6.1.0-18-amd64", "AMD EPYC 7B13", "tsc", "kvm", 2,
	    INT64_C(8) << 30, 0.004, true };
	add_eye(r, "on-CPU stacks", true, "BPF, 99 samples a second", NULL);
	add_eye(r, "off-CPU stacks", true, "BPF, scheduler switches", NULL);
	add_eye(r, "kernel symbols", false, "kernel frames have no names",
	    "sysctl kernel.kptr_restrict=0");
	struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	p->pid = 4711;
	p->exe = "/srv/shop/shop";
	p->name = "shop";
	p->runtime = "native";
	p->threads = 9;
	ADD_NUMBER(r, p->ports, p->n_ports, 8080);
	struct run_peer *e = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	e->kind = "sqlite";
	e->address = "/srv/shop/shop.db";
	e->connections = 4;
}

static struct run *
base(enum run_verdict verdict, const char *headline)
{
	struct run *r = run_new();

	r->id = "20261121T031200Z-shop-api-7f3a";
	r->created = "2026-11-21T03:12:00Z";
	r->tool = "prony 0.1.0";
	r->folder = ".prony/runs/20261121T031200Z-shop-api-7f3a";
	r->sealed = true;
	r->verdict = verdict;
	r->headline = headline;
	r->system.name = "shop-api";
	r->spec.seed = 42;
	r->spec.arrivals = "poisson";
	RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, "http://127.0.0.1:8080/orders");
	RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, "http://127.0.0.1:8080/catalog");
	r->self = (struct run_self){ 0.021, 0.11, 24 << 20, 0, 84 };
	return r;
}

struct run *
sample_missed(void)
{
	struct run *r = base(VERDICT_MISSED,
	    "MISSED: p99 is 1.84 s at 2.60k/s, 3.7× the target: one statement reads the whole "
	    "table orders.");

	add_target(r, "latency_p99", "<", 0.5, 1.84, false);
	r->targets[0].at_rate = 2600;
	add_target(r, "errors", "<", 0.001, 0.0002, true);
	RUN_ADD_STR(r, r->spec.targets, r->spec.n_targets, "p99 < 500ms @ 2.6k/s");
	add_baseline(r, 2600, 1.84);
	add_curve(r);
	add_model(r);
	add_phase(r, "warm-up", 500, 3, 0);
	add_phase(r, "baseline", 26, 5, 0);
	add_phase(r, "knee-1", 2600, 5, 2);
	add_phase(r, "trace", 2600, 30, 18);
	add_all_series(r);
	add_trace(r);
	add_surroundings(r);
	add_finding(r);
	add_conclusions(r);
	add_step(r, "P1", "index orders(customer_id, created_at)", 0.24,
	    "CREATE INDEX orders_customer_id_created_at ON orders (customer_id, created_at);",
	    "DROP INDEX orders_customer_id_created_at;");
	add_step(r, "P2", "cache GET /catalog for 30 s", 0.18,
	    "routes:\n  - match: /catalog\n    cache: { enabled: true, ttl: 30s }",
	    "remove the route's cache line");
	add_step(r, "P3", "escape JSON eight bytes at a time in json_escape", 0.165, NULL, NULL);
	return r;
}

struct run *
sample_met(void)
{
	struct run *r = base(VERDICT_MET,
	    "p99 is 38 ms at 2.00k/s, well within the target of 500 ms.");

	add_target(r, "latency_p99", "<", 0.5, 0.038, true);
	add_target(r, "availability", ">", 0.9999, 0.99998, true);
	add_baseline(r, 2000, 0.038);
	add_curve(r);
	r->capacity.at_least = true;
	add_phase(r, "trace", 2000, 20, 0);
	add_all_series(r);
	add_trace(r);
	add_surroundings(r);
	add_conclusions(r);
	r->healthy = "requests wait for nothing that grows with the load; the largest part is "
	    "the service's own work";
	return r;
}

struct run *
sample_healthy(void)
{
	struct run *r = sample_met();
	r->n_targets = 0;
	r->headline = "healthy: holds at least 2.60k/s; nothing stands out";
	return r;
}

struct run *
sample_limited(void)
{
	struct run *r = sample_missed();
	r->n_targets = r->spec.n_targets = 0;
	r->verdict = VERDICT_MET;
	r->headline = "holds 2.60k/s: one statement reads the whole table orders";
	return r;
}

struct run *
sample_inconclusive(void)
{
	struct run *r = base(VERDICT_INCONCLUSIVE,
	    "The data allow no conclusion: p99 varies by 41 % between equal blocks of load.");

	add_target(r, "latency_p99", "<", 0.5, NAN, false);
	add_baseline(r, 120, 0.43);
	add_phase(r, "baseline", 120, 10, 0);
	add_eye(r, "on-CPU stacks", false, "no function can be named",
	    "setcap cap_bpf,cap_perfmon+ep /usr/bin/prony");
	add_eye(r, "off-CPU stacks", false, "no wait can be named",
	    "setcap cap_bpf,cap_perfmon+ep /usr/bin/prony");
	r->evidence.noise = 0.41;
	return r;
}

struct run *
sample_generator(void)
{
	struct run *r = base(VERDICT_GENERATOR_LIMITED,
	    "The load generator was the limit at 88k/s: the figures say nothing about the service.");

	add_baseline(r, 88e3, 0.009);
	add_phase(r, "knee-4", 88e3, 5, 0);
	r->evidence.phases[0].generator_limited = true;
	return r;
}

struct run *
sample_idle(void)
{
	struct run *r = base(VERDICT_IDLE, "No request reached the service while it was watched.");
	r->spec.observe = true;
	add_surroundings(r);
	return r;
}

struct run *
sample_error(void)
{
	struct run *r = base(VERDICT_ERROR, NULL);
	r->error = "cannot load http://127.0.0.1:8080/orders: connection refused; nothing listens on "
	    "port 8080 of this host, so start the service or name another port";
	r->sealed = false;
	return r;
}

static void
add_suite_phase(struct run *r, const char *name, double rate, enum run_failure failure)
{
	struct run_suite_phase *p = RUN_ADD(r, suite_phase, r->suite.phases, r->suite.n_phases);

	p->phase = name;
	p->rate = rate;
	p->throughput = failure ? rate / 2 : rate;
	p->p50 = 0.004;
	p->p99 = failure ? 1.2 : 0.02;
	p->error_rate = failure == FAILURE_ERRORS ? 0.4 : 0;
	p->failure = failure;
	p->missed_by = failure ? "throughput" : NULL;
}

/* A service that queues, sheds load far beyond its knee, and never came back from that. */
struct run *
sample_suite(void)
{
	struct run *r = sample_met();
	struct run_suite *s = &r->suite;

	s->normal_rate = 1300;
	s->peak_rate = 2340;
	add_suite_phase(r, "normal", 1300, FAILURE_NONE);
	add_suite_phase(r, "peak", 2340, FAILURE_NONE);
	add_suite_phase(r, "spike", 7020, FAILURE_QUEUE);
	add_suite_phase(r, "stress-1", 2860, FAILURE_QUEUE);
	add_suite_phase(r, "stress-2", 3250, FAILURE_ERRORS);
	s->breaking_phase = "stress-1";
	s->breaking_rate = 2860;
	s->failure = FAILURE_QUEUE;
	s->worst_phase = "stress-2";
	s->worst_rate = 3250;
	s->worst = FAILURE_ERRORS;
	for (int i = 0; i < 2; i++) {
		struct run_recovery *back = RUN_ADD(r, recovery, s->recoveries, s->n_recoveries);
		back->after = i ? "stress" : "spike";
		back->seconds = i ? NAN : 7;
		back->bound = 30;
	}
	struct run_integrity *data = RUN_ADD(r, integrity, s->integrity, s->n_integrity);
	data->when = "after";
	data->status = 3;
	data->said = "2 orders are missing";
	s->drift = 0.5;
	s->drift_low = 0.2;
	s->drift_high = 0.8;
	s->hint = "latency grows under a load that stays the same";
	return r;
}

const struct sample samples[] = {
	{ "missed", sample_missed }, { "met", sample_met }, { "healthy", sample_healthy },
	{ "limited", sample_limited },
	{ "inconclusive", sample_inconclusive }, { "generator-limited", sample_generator },
	{ "idle", sample_idle }, { "error", sample_error }, { "empty", sample_empty },
	{ "suite", sample_suite }, { "bare", sample_bare }, { "proof", sample_proof },
	{ "proof-worse", sample_proof_worse }, { "proof-open", sample_proof_open },
	{ "proof-bare", sample_proof_bare }, { "proof-hostile", sample_proof_hostile },
	{ "hostile", sample_hostile }, { "huge", sample_huge }, { NULL, NULL },
};
