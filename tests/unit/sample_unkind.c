/* SPDX-License-Identifier: MIT */
/* Runs that test the faces themselves: empty, bare, hostile, huge. */
#include "sample_parts.h"

#include <math.h>

struct run *
sample_empty(void)
{
	return run_new();
}

struct run *
sample_bare(void)
{
	struct run *r = run_new();
	struct run_trace *t = &r->evidence.trace;

	r->verdict = VERDICT_MISSED;
	RUN_ADD(r, eye, r->eyes, r->n_eyes);
	RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	RUN_ADD(r, target, r->targets, r->n_targets);
	RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
	RUN_ADD(r, point, r->capacity.curve, r->capacity.n_curve);
	struct run_time *time = RUN_ADD(r, time, r->time, r->n_time);
	RUN_ADD(r, part, time->parts, time->n_parts);
	RUN_ADD(r, finding, r->findings, r->n_findings);
	RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
	RUN_ADD(r, step, r->plan, r->n_plan)->predicted.latency_p99.value = 1;
	RUN_ADD(r, step, r->plan, r->n_plan)->predicted.latency_p99.value = 0.5;
	RUN_ADD(r, proof, r->proofs, r->n_proofs);
	RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	RUN_ADD(r, series, r->evidence.series, r->evidence.n_series);
	RUN_ADD(r, time, t->routes, t->n_routes);
	struct run_wait *wait = RUN_ADD(r, wait, t->waits, t->n_waits);
	RUN_ADD(r, part, wait->holder, wait->n_holder);
	RUN_ADD(r, thread, t->threads, t->n_threads);
	RUN_ADD(r, function, t->functions, t->n_functions);
	RUN_ADD(r, stack, t->stacks, t->n_stacks)->seconds = 1;
	RUN_ADD(r, query, t->queries, t->n_queries);
	RUN_ADD(r, call, t->calls, t->n_calls);
	struct run_exemplar *exemplar = RUN_ADD(r, exemplar, t->exemplars, t->n_exemplars);
	RUN_ADD(r, stretch, exemplar->stretches, exemplar->n_stretches);
	struct run_fork *fork = RUN_ADD(r, fork, r->forks, r->n_forks);
	RUN_ADD(r, branch, fork->branches, fork->n_branches);
	RUN_ADD(r, link, r->links, r->n_links);
	return r;
}

struct run *
sample_proof_bare(void)
{
	struct run *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	RUN_ADD(r, arm, p->arms, p->n_arms);
	RUN_ADD(r, comparison, p->comparisons, p->n_comparisons);
	RUN_ADD(r, answer, p->answers, p->n_answers);
	RUN_ADD(r, difference, p->differences, p->n_differences);
	RUN_ADD(r, diff_stack, p->diff_stacks, p->n_diff_stacks);
	struct run_block *b = RUN_ADD(r, block, p->blocks, p->n_blocks);
	RUN_ADD(r, block_route, b->routes, b->n_routes);
	return r;
}

#define EVIL "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"' onload=\"x\n" \
	"### Owned\n| a | b |\n```\n~~~\n[x](javascript:alert(3)) \033[31mred\033]0;title\007 " \
	"\xe2\x80\xae gnp.exe \xff\xfe --> ]]> ${7*7} && rm -rf ~"

struct run *
sample_hostile(void)
{
	struct run *r = sample_missed();

	r->system.name = r->headline = r->tool = r->id = EVIL;
	r->capacity.stopped_by = r->capacity.usl_why = EVIL;
	r->folder = "/tmp/" EVIL;
	r->findings[0].where = r->findings[0].summary = r->findings[0].route = EVIL;
	r->findings[0].evidence[0] = r->findings[0].against[0] = EVIL;
	r->findings[0].kind = r->findings[1].kind = EVIL;
	r->ruled_out[0].kind = r->ruled_out[0].why = EVIL;
	r->forks[0].question = r->forks[1].branches[0].answer = r->forks[1].branches[0].figure = EVIL;
	r->links[0].kind = r->links[1].peer = EVIL;
	r->findings[0].file = r->findings[0].basis = EVIL;
	r->plan[0].what = r->plan[0].apply = r->plan[0].undo = r->plan[0].tradeoff = EVIL;
	r->plan[2].then = EVIL;
	r->plan[0].id = EVIL;
	r->targets[0].metric = r->targets[1].op = EVIL;
	r->spec.urls[0] = r->spec.targets[0] = EVIL;
	r->time[0].route = r->time[0].parts[0].where = EVIL;
	r->baseline.routes[0].route = EVIL;
	r->evidence.series[0].name = r->evidence.series[1].unit = EVIL;
	r->evidence.phases[0].name = EVIL;
	r->eyes[2].name = r->eyes[2].means = r->eyes[2].cure = EVIL;
	r->system.processes[0].exe = r->system.peers[0].address = EVIL;
	struct run_trace *t = &r->evidence.trace;
	t->queries[0].fingerprint = t->queries[0].plan[0] = t->queries[0].index_plan = EVIL;
	t->functions[0].name = t->functions[0].module = t->threads[0].name = EVIL;
	t->waits[0].where = t->waits[0].site = EVIL;
	t->stacks[0].frames = EVIL ";" EVIL;
	t->stacks[1].kind = EVIL;
	t->exemplars[0].route = t->exemplars[1].rank = t->exemplars[1].stretches[0].where = EVIL;
	t->exemplars[2].stretches[1].at = -INFINITY;
	t->exemplars[2].seconds = NAN;
	t->n_exemplars = 3;
	r->n_links = 2;
	return r;
}

struct run *
sample_proof_hostile(void)
{
	struct run *r = sample_proof_worse();
	struct run_proof *p = &r->proofs[0];

	r->system.name = r->headline = r->tool = p->why = EVIL;
	p->arms[0].what = p->arms[1].name = EVIL;
	p->comparisons[0].metric = p->comparisons[1].route = p->comparisons[2].verdict = EVIL;
	p->answers[0].route = p->answers[0].before = p->answers[0].after = p->answers[1].differs = EVIL;
	p->noise.grade = EVIL;
	add_difference(r, "function", EVIL, EVIL, 1e-3, 2e-3);
	add_difference(r, EVIL, EVIL, NULL, 1e-3, -INFINITY);
	add_diff_stacks(r);
	p->diff_stacks[0].frames = EVIL ";" EVIL;
	p->diff_stacks[24].kind = EVIL;
	p->diff_stacks[2].before = INFINITY;
	p->diff_stacks[3].after = -1;
	add_blocks(r);
	p->blocks[0].void_why = p->blocks[1].arm = EVIL;
	return r;
}

static const char *
long_text(struct run *r, size_t size)
{
	char *s = arena_alloc(r->arena, size + 1);
	for (size_t i = 0; i < size; i++)
		s[i] = i % 11 == 10 ? ' ' : (char)('a' + i % 26);
	return s;
}

struct run *
sample_huge(void)
{
	struct run *r = sample_missed();
	struct run_trace *t = &r->evidence.trace;
	const char *text = long_text(r, 20000);

	for (int i = 0; i < 3000; i++) {
		struct run_route *o = RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
		o->route = run_printf(r, "/item/%d/%s", i, text);
		add_stack(r, i % 2 ? "cpu" : "lock", run_printf(r,
		    "main;f%d;g%d;%s;h%d;i;j;k;l;m;n;o;p;q%d", i % 7, i % 91,
		    text + i % 9000, i, i * 31), 0.5 + i % 17);
		struct run_query *q = RUN_ADD(r, query, t->queries, t->n_queries);
		q->fingerprint = text;
		add_series(r, "service_cpu_cores", "cores", "service", 1, 0.5);
		struct run_ruled_out *o2 = RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
		o2->kind = o2->why = text;
		RUN_ADD(r, fork, r->forks, r->n_forks)->question = text;
		add_link(r, text, text, 1, 1);
		add_exemplar(r, i % 3 ? "/orders" : text, "slowest", 1, 0.7);
		RUN_ADD_STR(r, r->findings[0].evidence, r->findings[0].n_evidence, text);
		add_step(r, "P4", text, 0.1, text, text);
		add_phase(r, "knee", 10, 2, 0);
		add_eye(r, text, i % 2, text, text);
	}
	r->findings[0].where = r->findings[0].summary = r->headline = text;
	return r;
}
