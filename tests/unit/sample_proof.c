/* SPDX-License-Identifier: MIT */
/* Comparisons of two arms. */
#include "sample_parts.h"

#include <math.h>

static struct run_comparison *
add_comparison(struct run *r, const char *metric, const char *route, double before, double ratio,
    double half, const char *verdict)
{
	struct run_proof *p = &r->proofs[0];
	struct run_comparison *c = RUN_ADD(r, comparison, p->comparisons, p->n_comparisons);

	c->metric = metric;
	c->route = route;
	c->before = before;
	c->after = before * ratio;
	c->ratio = ratio;
	c->low = ratio - half;
	c->high = ratio + half;
	c->margin = 0.05;
	c->detectable = half * 1.4;
	c->pairs = 20;
	c->verdict = verdict;
	return c;
}

static void
add_comparisons(struct run *r)
{
	struct run_comparison *c = add_comparison(r, "cpu_per_request", NULL, 812e-6, 0.79, 0.021,
	    "better");

	c->primary = true;
	c->margin = 0.01;
	add_comparison(r, "latency_p50", NULL, 4.1e-3, 0.871, 0.031, "better");
	add_comparison(r, "latency_p95", NULL, 18.2e-3, 0.902, 0.072, "better");
	add_comparison(r, "latency_p99", NULL, 41e-3, 0.93, 0.12, "inconclusive")->pairs_needed = 64;
	add_comparison(r, "throughput", NULL, 1840, 1.24, 0.03, "better");
	add_comparison(r, "rss_bytes", NULL, 184e6, 1.004, 0.011, "same");
	c = add_comparison(r, "error_rate", NULL, 0.0002, 1, 0, "same");
	c->after = 0.00021;
	c->ratio = 0.00001;
	c->low = -0.0002;
	c->high = 0.00022;
	c->margin = 0.001;
	c->detectable = 0.0004;
	add_comparison(r, "latency_p99", "/orders", 52e-3, 0.86, 0.11, "better");
	add_comparison(r, "latency_p99", "/catalog", 12e-3, 1.01, 0.04, "same");
}

static void
add_block(struct run *r, int64_t pair, const char *arm, const char *load, double factor,
    double started)
{
	struct run_proof *p = &r->proofs[0];
	struct run_block *b = RUN_ADD(r, block, p->blocks, p->n_blocks);
	double noise = 1 + 0.03 * sin((double)pair * 1.3 + factor);

	b->pair = pair;
	b->arm = arm;
	b->load = load;
	b->started = started;
	b->seconds = 5;
	b->rate = b->throughput = 400;
	b->cpu_per_request = 812e-6 * factor * noise;
	b->p50 = 4.1e-3 * factor * noise;
	b->p99 = 41e-3 * factor * noise * noise;
	if (load[0] == 's')
		b->throughput = 1840 / factor * noise;
}

void
add_blocks(struct run *r)
{
	double at = 3;

	for (int64_t pair = 0; pair < 20; pair++)
		for (int k = 0; k < 2; k++, at += 6) {
			bool b = (pair % 2) != k;
			add_block(r, pair, b ? "B" : "A", pair < 16 ? "rate" : "saturation", b ? 0.8 : 1, at);
		}
	r->proofs[0].blocks[6].void_why = "the generator was late: it had no CPU left";
}

void
add_difference(struct run *r, const char *kind, const char *what, const char *route, double before,
    double after)
{
	struct run_proof *p = &r->proofs[0];
	struct run_difference *f = RUN_ADD(r, difference, p->differences, p->n_differences);

	f->kind = kind;
	f->what = what;
	f->route = route;
	f->before = before;
	f->after = after;
	f->share = (after - before) / 300e-6;
}

void
add_diff_stacks(struct run *r)
{
	static const char *const leaves[] = { "memcmp", "sqlite3VdbeExec", "json_escape",
		"malloc", "write" };
	struct run_proof *p = &r->proofs[0];

	for (int i = 0; i < 150; i++) {
		struct run_diff_stack *s = RUN_ADD(r, diff_stack, p->diff_stacks, p->n_diff_stacks);
		s->kind = i % 25 == 24 ? "lock" : "cpu";
		s->frames = run_printf(r, "start_thread;worker_main;handle_request;%s;%s_%d",
		    i % 3 ? "route_orders;orders_of_customer" : "render_json", leaves[i % 5], i / 15);
		s->before = (i % 5 == 1 ? 9e-6 : 4e-6) * (200 - i) / 100;
		s->after = (i % 5 == 1 ? 3e-6 : i % 5 == 2 ? 5e-6 : 4e-6) * (200 - i) / 100;
	}
}

static void
add_arm(struct run *r, const char *name, const char *what)
{
	struct run_proof *p = &r->proofs[0];
	struct run_arm *a = RUN_ADD(r, arm, p->arms, p->n_arms);

	a->name = name;
	a->what = what;
	a->folder = name[0] == 'A' ? "a" : "b";
	a->warm_up = 2.5;
	a->starts = 2;
	a->placement = 1.02;
}

/* As `prony prove` leaves it: the service, a comparison, no findings of its own. */
static struct run *
new_proof(const char *verdict, const char *why)
{
	struct run *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	r->schema = RUN_SCHEMA;
	r->id = "2026-07-04T101500Z-shop-2222";
	r->created = "2026-07-04T10:15:00Z";
	r->tool = "prony 0.1.0";
	r->folder = "/srv/shop/.prony/runs/2026-07-04T101500Z-shop-2222";
	r->sealed = true;
	r->system.name = "shop-api";
	r->verdict = VERDICT_MET;
	r->headline = p->why = why;
	r->host.cpus = 2;
	r->host.kernel = "Linux 6.1.0";
	r->host.memory_bytes = INT64_C(4) << 30;
	r->self.cpu = 0.03;
	r->self.rss_bytes = 30 << 20;
	r->self.seconds = p->seconds = 118;
	p->verdict = verdict;
	p->source = SOURCE_MEASURED;
	p->alpha = 0.01;
	p->looks = 2;
	p->pairs_at_most = 40;
	p->rate = 400;
	return r;
}

struct run *
sample_proof(void)
{
	struct run *r = new_proof("better", "CPU per request fell by 21 % (18.9 to 23.1 %) and "
	    "nothing is worse");
	struct run_proof *p = &r->proofs[0];

	add_arm(r, "A", "http://127.0.0.1:8080/orders");
	add_arm(r, "B", "http://127.0.0.1:8081/orders");
	add_comparisons(r);
	add_blocks(r);
	p->noise = (struct run_noise){ "usable", 1.31, 1.04, 0.012, 0.09, 0.004 };
	p->answers_compared = 1204;
	p->answers_varying = 12;
	add_difference(r, "query", "SELECT id, created, total_cents, status FROM orders WHERE "
	    "customer_id = ? ORDER BY id DESC LIMIT ?", "/orders", 410e-6, 170e-6);
	p->differences[0].calls_before = 21;
	p->differences[0].calls_after = 1;
	add_difference(r, "function", "sqlite3VdbeExec", NULL, 240e-6, 80e-6);
	add_difference(r, "function", "json_escape", NULL, 60e-6, 78e-6);
	add_difference(r, "function", "old_render", NULL, 14e-6, 0);
	add_difference(r, "wait", "lock: cache_mutex", "/catalog", 0, 12e-6);
	add_diff_stacks(r);
	return r;
}

static void
add_answer(struct run *r, const char *differs, const char *before, const char *after, int64_t count)
{
	struct run_proof *p = &r->proofs[0];
	struct run_answer *a = RUN_ADD(r, answer, p->answers, p->n_answers);

	a->route = "/orders";
	a->differs = differs;
	a->before = before;
	a->after = after;
	a->count = count;
	a->of = 600;
}

struct run *
sample_proof_worse(void)
{
	struct run *r = new_proof("worse", "B is faster, but answers /orders otherwise than A");
	struct run_proof *p = &r->proofs[0];

	r->verdict = VERDICT_MISSED;
	add_arm(r, "A", "./server --port {port}");
	add_arm(r, "B", "./server-new --port {port}");
	add_comparisons(r);
	p->comparisons[5].verdict = "worse";
	p->comparisons[5].ratio = 1.4;
	p->comparisons[5].low = 1.3;
	p->comparisons[5].high = 1.5;
	p->answers_compared = 1204;
	add_answer(r, "status", "200", "404", 31);
	add_answer(r, "body", "hash 3f2a55", "hash 91bc02", 12);
	return r;
}

struct run *
sample_proof_open(void)
{
	struct run *r = new_proof("inconclusive", "the machine is too noisy: changes of CPU per "
	    "request below 9 % cannot be told");
	struct run_proof *p = &r->proofs[0];

	r->verdict = VERDICT_INCONCLUSIVE;
	add_arm(r, "A", "v1.2");
	add_arm(r, "B", "v1.3");
	struct run_comparison *c = add_comparison(r, "cpu_per_request", NULL, 812e-6, 1.02, 0.09,
	    "inconclusive");
	c->primary = true;
	c->pairs_needed = 380;
	add_comparison(r, "latency_p99", NULL, 41e-3, 1.1, 0, "inconclusive");
	p->comparisons[1].low = 0;
	p->comparisons[1].high = INFINITY;
	p->noise = (struct run_noise){ "noisy", 1.74, 1.36, 0.08, 0.31, 0.06 };
	return r;
}
