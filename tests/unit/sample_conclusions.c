/* SPDX-License-Identifier: MIT */
/* What was concluded from it. */
#include "sample_parts.h"

#include <math.h>

void
add_finding(struct run *r)
{
	struct run_finding *f = RUN_ADD(r, finding, r->findings, r->n_findings);

	f->id = "F1";
	f->kind = "io.db.missing-index";
	f->class = CLASS_IO;
	f->share = 0.71;
	f->confidence = 0.95;
	f->basis = "attributed";
	f->where = "orders(customer_id): SELECT … FROM orders WHERE customer_id = ? ORDER BY created_at";
	f->route = "/orders";
	f->summary = "71 % of the slow requests' time is one statement that reads the "
	    "whole table orders to return 20 rows.";
	f->source = SOURCE_MEASURED;
	RUN_ADD_STR(r, f->evidence, f->n_evidence, "full scan: 1.20M rows read for 20 returned");
	RUN_ADD_STR(r, f->evidence, f->n_evidence,
	    "with an index on (customer_id) the planner itself would search");
	RUN_ADD_STR(r, f->evidence, f->n_evidence,
	    "waits for the cache mutex follow the statement: the holder runs it 92 % of the time");
	RUN_ADD_STR(r, f->against, f->n_against,
	    "3 % of the slow requests never ran the statement");
	f = RUN_ADD(r, finding, r->findings, r->n_findings);
	f->id = "F2";
	f->kind = "cpu.hot-function";
	f->class = CLASS_CPU;
	f->share = 0.12;
	f->confidence = 0.45;
	f->basis = "attributed";
	f->where = "json_escape";
	f->file = "src/json.c";
	f->line = 88;
	RUN_ADD_STR(r, f->evidence, f->n_evidence, "12 % of the time in it, 4 % in the next function");
	RUN_ADD_STR(r, f->against, f->n_against, "CPU is not full: the service may use more");
	f->summary = "json_escape takes 12 % of CPU time";
}

void
add_step(struct run *r, const char *id, const char *what, double p99, const char *apply,
    const char *undo)
{
	struct run_step *s = RUN_ADD(r, step, r->plan, r->n_plan);

	s->id = id;
	s->finding = "F1";
	s->what = what;
	s->predicted.latency_p99 = (struct run_num){ p99, p99 * 0.8, p99 * 1.35, SOURCE_MODELLED };
	s->ceiling = 3.4;
	s->effort = LEVEL_LOW;
	s->risk = LEVEL_LOW;
	s->priority = (int64_t)r->n_plan;
	s->apply = apply;
	s->undo = undo;
	s->tradeoff = "an index costs about 30 MiB and slows each insert a little";
	s->then = "CPU in json_escape (28 %)";
}

static void
add_fork(struct run *r, const char *question, const char *const (*branches)[2], size_t took)
{
	struct run_fork *k = RUN_ADD(r, fork, r->forks, r->n_forks);

	k->question = question;
	for (size_t i = 0; branches[i][0]; i++) {
		struct run_branch *b = RUN_ADD(r, branch, k->branches, k->n_branches);
		b->answer = branches[i][0];
		b->figure = branches[i][1];
		b->took = i == took;
	}
}

static void
add_forks(struct run *r)
{
	static const char *const leave[][2] = { { "yes", "77.9k requests answered" }, { "no", NULL },
		{ NULL, NULL } };
	static const char *const symptom[][2] = { { "latency", "p99 1.84 s, target 500 ms, missed" },
		{ "throughput", "holds 2.60k/s" }, { NULL, NULL } };
	static const char *const area[][2] = { { "network", "1.0 %" }, { "database", "71 %" },
		{ "compute", "16 %" }, { "waiting inside", "12 %" }, { NULL, NULL } };
	static const char *const part[][2] = { { "SELECT … FROM orders WHERE customer_id = ?",
		"69 %" }, { "SELECT … FROM customers WHERE id = ?", "2.0 %" }, { NULL, NULL } };
	static const char *const defect[][2] = {
		{ "io.db.missing-index", "orders(customer_id): 71 % of the time, confidence 95 %" },
		{ "cpu.hot-function", "json_escape: 12 % of the time, a hypothesis, 45 %" }, { NULL, NULL } };

	add_fork(r, "Do the data allow a conclusion?", leave, 0);
	add_fork(r, "What is to be explained?", symptom, 0);
	add_fork(r, "Where does the time of the slow requests go?", area, 1);
	add_fork(r, "What takes most of it?", part, 0);
	add_fork(r, "What is the defect?", defect, 0);
}

void
add_link(struct run *r, const char *kind, const char *peer, double share, double calls)
{
	struct run_link *l = RUN_ADD(r, link, r->links, r->n_links);

	l->kind = kind;
	l->peer = peer;
	l->share = share;
	l->seconds = share * 0.06;
	l->calls = calls;
}

static void
add_links(struct run *r)
{
	add_link(r, "sqlite", "/srv/shop/shop.db", 0.56, 1.4);
	add_link(r, "http", "10.0.3.17:9000", 0.11, 0.25);
	add_link(r, "redis", "127.0.0.1:6379", 0.03, 2);
	add_link(r, "disk", NULL, 0.01, NAN);
}

static void
add_memory(struct run *r)
{
	struct run_memory *m = &r->memory;

	m->rss_bytes = 184e6;
	m->growth = (struct run_num){ 240e3, 190e3, 290e3, SOURCE_MEASURED };
	m->limit_bytes = 512 << 20;
	m->limit_own = true;
	m->full_in = (struct run_num){ 1470, 1216, 1857, SOURCE_ESTIMATED };
	m->fault_share = 0.004;
	m->minor_faults = 1210;
	m->major_faults = m->swap_bytes = 0;
}

void
add_conclusions(struct run *r)
{
	static const char *const out[][2] = {
		{ "cpu.saturated", "CPU is used at 59 % of what is there" },
		{ "io.disk.read", "2 % of slow-request time" }, { "memory.gc", "the runtime has no collector" },
		{ "io.net.downstream", "no calls to other services" },
		{ "contention.lock", "waits are charged to the holder, which runs the statement" },
	};
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
		struct run_ruled_out *o = RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
		o->kind = out[i][0];
		o->why = out[i][1];
	}
	add_forks(r);
	add_links(r);
	add_memory(r);
	add_time(r, "/orders", "slow", 1.31, 0.71, 0.12, 0.09);
	add_time(r, "/orders", "all", 0.082, 0.58, 0.2, 0.06);
	add_time(r, "/catalog", "all", 0.011, 0.2, 0.55, 0.05);
}
