/* SPDX-License-Identifier: MIT */
/* The record's comparisons, field by field. */
#include "run/run_fields.h"
#include "run/run.h"

#define S struct run_effect
static const struct run_field effect_fields[] = {
	NUM(ratio, "after / before"), NUM(low, "95 %"), NUM(high, "95 %"),
};
TYPE(effect, "A change as a ratio.");
#undef S

#define S struct run_effects
static const struct run_field effects_fields[] = {
	SUB(latency_p50, effect, ""), SUB(latency_p99, effect, ""), SUB(throughput, effect, ""),
	SUB(cpu_per_request, effect, ""),
};
TYPE(effects, "What changed.");
#undef S

#define S struct run_block_route
static const struct run_field block_route_fields[] = {
	STR(route, "path"), INT(requests, "answered"), NUM(p50, ""), NUM(p95, ""), NUM(p99, ""),
	NUM(error_rate, "with timeouts"),
};
TYPE(block_route, "The figures of a route in a block.");
#undef S

#define S struct run_block
static const struct run_field block_fields[] = {
	INT(pair, "neighbouring blocks of both arms; the same requests at the same times"),
	STR(arm, "A or B"), STR(load, "rate or saturation"), NUM(started, "seconds since the run began"),
	NUM(seconds, ""), NUM(rate, "offered"), NUM(throughput, "answered"), NUM(mean, ""),
	NUM(p50, ""), NUM(p95, ""), NUM(p99, ""), NUM(error_rate, "with timeouts and unsent"),
	NUM(cpu_per_request, "seconds of the service"), NUM(rss_bytes, "of the service"),
	NUM(spin, "a fixed piece of work took so long meanwhile"),
	STR(void_why, "why it counts for nothing"), STR(late_why, "why its latencies do not count"),
	LIST(routes, block_route, "empty when there is one"),
};
TYPE(block, "One arm under load for a while.");
#undef S

#define S struct run_comparison
static const struct run_field comparison_fields[] = {
	STR(metric, "latency_p50 latency_p95 latency_p99 throughput cpu_per_request rss_bytes error_rate"),
	STR(route, "path; left out: all together"), NUM(before, "median of A's blocks"),
	NUM(after, "of B's"), NUM(ratio, "after / before; of error_rate the difference"),
	NUM(low, "95 %"), NUM(high, "95 %"), NUM(margin, "below which nobody cares"),
	NUM(detectable, "smallest share that would have been found, power 80 %"), INT(pairs, "used"),
	INT(pairs_needed, "that would decide it; 0 unknown"), BOOL(primary, "decides first"),
	STR(verdict, "better same worse inconclusive"),
};
TYPE(comparison, "One figure of A beside that of B.");
#undef S

#define S struct run_difference
static const struct run_field difference_fields[] = {
	STR(kind, "function query wait call"), STR(what, "its name"), STR(route, "path; left out: all"),
	NUM(before, "per request"), NUM(after, "per request"), NUM(calls_before, "per request"),
	NUM(calls_after, "per request"), NUM(share, "of the whole change of its sort"),
};
TYPE(difference, "Where a change comes from.");
#undef S

#define S struct run_diff_stack
static const struct run_field diff_stack_fields[] = {
	STR(kind, "cpu or what was waited for"), STR(frames, "root;caller;leaf"),
	NUM(before, "per request"), NUM(after, "per request"),
};
TYPE(diff_stack, "A stack in both profiles.");
#undef S

#define S struct run_answer
static const struct run_field answer_fields[] = {
	STR(route, "path"), STR(differs, "status length body"), STR(before, "of A"), STR(after, "of B"),
	INT(count, "requests so"), INT(of, "compared"),
};
TYPE(answer, "Answers that differ.");
#undef S

#define S struct run_noise
static const struct run_field noise_fields[] = {
	STR(grade, "quiet usable noisy"), NUM(spin_p99_over_p50, "of a fixed piece of work"),
	NUM(spin_spread, "largest / smallest mean of the blocks"),
	NUM(block_cpu_sd, "of the log ratio within pairs"), NUM(block_p99_sd, "likewise"),
	NUM(steal, "share"),
};
TYPE(noise, "How quiet the machine was.");
#undef S

#define S struct run_arm
static const struct run_field arm_fields[] = {
	STR(name, "A or B"), STR(what, "URL, command, checkout or run"),
	STR(folder, "its own run, below this one's"), NUM(warm_up, "until it was steady"),
	INT(starts, "times that prony started it"),
	NUM(placement, "largest / mean share of a worker's connections"),
};
TYPE(arm, "One of the two that were compared.");
#undef S

#define S struct run_proof
static const struct run_field proof_fields[] = {
	STR(step, "of the plan; left out: two arms"),
	ENUM(source, source, "measured in pairs, or estimated from two runs"),
	SUB(before, baseline, "without it"), SUB(after, baseline, "with it"),
	SUB(effect, effects, "the difference"), STR(verdict, "better same worse inconclusive"),
	STR(why, "in a sentence"), BOOL(kept, "still in place"), NUM(seconds, "it took"),
	NUM(alpha, "chance of a claim where no difference is"), INT(looks, "taken"),
	INT(pairs_at_most, "planned"), NUM(rate, "offered in the pairs"),
	LIST(arms, arm, "what was compared"),
	SUB(noise, noise, "of the machine"), LIST(comparisons, comparison, "figure by figure"),
	LIST(answers, answer, "that differ"), INT(answers_compared, "requests"),
	INT(answers_varying, "A differs from itself"), LIST(differences, difference, "largest first"),
	LIST(diff_stacks, diff_stack, "for the flame graph of the difference"),
	LIST(blocks, block, "what it rests on"),
};
TYPE(proof, "Is B better than A? Also: what a step really did.");
#undef S
