/* SPDX-License-Identifier: MIT */
/* The record, field by field: the one table behind run.json and its schema.
 *
 * A row gives the field's name (the same in C and in JSON), its kind and one sentence. Units are
 * seconds, bytes, per second and shares of 1 unless the sentence says otherwise. */
#include "run/run_fields.h"

#include "run/run.h"

static const char *const run_verdict_names[] = {
	"", "met", "missed", "inconclusive", "generator-limited", "idle", "error", NULL,
};
const char *const run_source_names[] = { "", "measured", "estimated", "modelled", NULL };
static const char *const run_class_names[] = { "", "cpu", "io", "memory", "contention", NULL };
static const char *const run_level_names[] = { "", "low", "medium", "high", NULL };
const char *
verdict_name(enum run_verdict v)
{
	return run_verdict_names[v];
}

/* ---- what was asked ---- */

#define S struct run_spec
static const struct run_field spec_fields[] = {
	STR(system, "name of the service"),
	STRS(urls, "routes that were asked for"),
	STRS(issues, "what people complain about, in their words"),
	STRS(targets, "targets as written"),
	STR(database, "database of the service, without user and password"),
	NUM(rate, "offered load asked for; 0: find the knee"),
	NUM(peak_rate, "peak load to plan for; 0: not given"),
	NUM(budget_per_month, "money per month; 0: not given"),
	STR(currency, "of the budget"),
	NUM(measure_seconds, "length of one measurement"),
	NUM(timeout_seconds, "of one request"),
	INT(connections, "the most connections the generator may open"),
	BOOL(closed, "each connection waits for its answer"),
	INT(seed, "of the arrival schedule"),
	STR(arrivals, "poisson or constant"),
	STR(workload, "hash of what is asked, wherever it runs"),
	BOOL(observe, "real traffic was watched, no load was made"),
	BOOL(literals, "one example of each statement was kept as it was sent"),
	BOOL(find_max, "the highest rate at which the targets hold was asked for"),
};
TYPE(spec, "What was asked: flags and spec file together.");
#undef S

/* ---- where it ran ---- */

#define S struct run_host
static const struct run_field host_fields[] = {
	STR(kernel, "release"), STR(cpu_model, "as the kernel names it"),
	STR(clocksource, "the kernel's"), STR(virtualisation, "none, kvm, ..."),
	INT(cpus, "online"), INT(memory_bytes, "installed"),
	NUM(steal, "share of CPU time stolen by the hypervisor during the run"),
	BOOL(generator_on_host, "the generator shared this host with the service"),
};
TYPE(host, "The machine.");
#undef S

#define S struct run_eye
static const struct run_field eye_fields[] = {
	STR(name, "what would be seen"), BOOL(open, "it was seen"),
	STR(means, "how it is seen, or what is lost without it"),
	STR(cure, "command that would open it"),
};
TYPE(eye, "One thing that prony can or cannot see here.");
#undef S

#define S struct run_process
static const struct run_field process_fields[] = {
	INT(pid, "process id"), INT(parent, "parent's process id"),
	INT(start_ticks, "when it started, clock ticks since boot"),
	STR(exe, "path of the program"), STR(name, "command name"),
	STR(runtime, "node python java go ruby php nginx native ..."),
	STR(framework, "gunicorn, express, ... where known"),
	INTS(ports, "TCP ports it listens on"), INT(threads, "count"),
	STR(cgroup, "path inside its hierarchy"), STR(container, "container id"),
	NUM(cpu_limit, "cores by quota"), INT(memory_limit, "0: none"),
	INT(behind, "process id of the proxy that passes requests on to it; 0: none does"),
};
TYPE(process, "A process of the service.");
#undef S

#define S struct run_peer
static const struct run_field peer_fields[] = {
	STR(kind, "postgresql redis mysql http sqlite dns ..."),
	STR(address, "host:port or file"), INT(connections, "open at discovery"),
	STR(process, "command name of the process on this host that listens there"),
	INT(pid, "of that process; 0: not known"),
};
TYPE(peer, "Something that the service talks to.");
#undef S

#define S struct run_neighbour
static const struct run_field neighbour_fields[] = {
	STR(name, "of the command"), INT(processes, "count"),
	NUM(cpu, "cores used during the traced measurement"), BOOL(peer, "the service talks to one of them"),
};
TYPE(neighbour, "Processes of the host that are neither the service nor prony, by name.");
#undef S

#define S struct run_system
static const struct run_field system_fields[] = {
	STR(name, "of the service"), STRS(targets, "URLs that were loaded"),
	LIST(processes, process, "of the service"), LIST(peers, peer, "what it talks to"),
	LIST(neighbours, neighbour, "others that used CPU meanwhile, busiest first"),
};
TYPE(system, "The service.");
#undef S

/* ---- what came out ---- */

#define S struct run_target
static const struct run_field target_fields[] = {
	STR(metric, "latency_p99, errors, rate, ..."), STR(op, "< or >"),
	STR(route, "of one route; null: all together"),
	NUM(limit, "the promise"), NUM(at_rate, "load that it is promised at"),
	NUM(value, "what was measured"), NUM(low, "lower end of its interval"),
	NUM(high, "upper end of its interval"),
	NUM(gap, "times away from the limit; above 1 is missed"), BOOL(met, "kept"),
	ENUM(src, source, "where the value comes from"),
};
TYPE(target, "One promise and what became of it.");
#undef S

/* ---- evidence ---- */

#define S struct run_series
static const struct run_field series_fields[] = {
	STR(name, "what"), STR(unit, "seconds bytes ratio per_second cores count"),
	STR(scope, "service or host"), NUM(mean, "over the traced measurement"), NUM(min, "the same"),
	NUM(max, "the same"), NUM(slope_per_s, "growth"), NUM(slope_low, "95 % interval"),
	NUM(slope_high, "95 % interval"), NUMS(points, "evenly spaced over the whole run"),
};
TYPE(series, "One sampled quantity.");
#undef S

#define S struct run_evidence
static const struct run_field evidence_fields[] = {
	LIST(phases, phase, "of load"), LIST(series, series, "sampled quantities"),
	LIST(presses, press, "components that had less CPU for a moment"),
	LIST(workers, worker, "when several offered the load together"),
	LIST(repeats, repeat, "answers of the nearly idle service, compared"),
	SUB(trace, trace, "inside the service"),
	NUM(noise, "coefficient of variation of p50 from block to block"),
};
TYPE(evidence, "What the instruments saw; every conclusion can be drawn again from it.");
#undef S

/* ---- conclusions ---- */

#define S struct run_finding
static const struct run_field finding_fields[] = {
	STR(id, "F1 is the limit"), STR(kind, "see prony explain KIND"), ENUM(class, class, "of limit"),
	NUM(share, "of the (slow) requests' time that goes away when it is fixed"),
	NUM(confidence, "below 0.6: a hypothesis"),
	STR(basis, "attributed: from what was seen; causal: an experiment confirmed it"),
	STR(where, "function, lock, statement, ..."), STR(file, "source of that function"),
	INT(line, "0: unknown"),
	STR(route, "absent: all"), STR(summary, "one sentence"), STRS(evidence, "for it"),
	STRS(against, "what speaks against it"), ENUM(source, source, "measured or estimated"),
};
TYPE(finding, "Something that limits the service.");
#undef S

#define S struct run_ruled_out
static const struct run_field ruled_out_fields[] = {
	STR(kind, "see prony explain KIND"), STR(why, "with the figures that decided it"),
};
TYPE(ruled_out, "Something that does not limit the service.");
#undef S

#define S struct run_branch
static const struct run_field branch_fields[] = {
	STR(answer, "to the question"), STR(figure, "that decides it"), BOOL(took, "the one taken"),
};
TYPE(branch, "A possible answer.");
#undef S

#define S struct run_fork
static const struct run_field fork_fields[] = {
	STR(question, "of the decision tree"), LIST(branches, branch, "its answers"),
};
TYPE(fork, "A question of the decision path.");
#undef S

#define S struct run_link
static const struct run_field link_fields[] = {
	STR(kind, "postgresql redis http sqlite disk ..."), STR(peer, "address; absent: several"),
	NUM(share, "of the requests' time"), NUM(seconds, "per request"), NUM(calls, "per request"),
};
TYPE(link, "What the service asks others or its disks for.");
#undef S

#define S struct run_memory
static const struct run_field memory_fields[] = {
	NUM(rss_bytes, "resident"), SUB(growth, num, "bytes per second after warm-up"),
	NUM(limit_bytes, "the most it may have"), BOOL(limit_own, "that is the service's, not the host's"),
	SUB(full_in, num, "seconds until the limit; absent: it does not grow for certain"),
	NUM(gc_share, "of the requests' time in garbage collection"),
	NUM(fault_share, "of the requests' time in page faults"), NUM(minor_faults, "per second"),
	NUM(major_faults, "per second"), NUM(swap_bytes, "swapped out"),
};
TYPE(memory, "How the service uses memory under the measured load.");
#undef S

#define S struct run_predicted
static const struct run_field predicted_fields[] = {
	SUB(latency_p50, num, "seconds"), SUB(latency_p99, num, "seconds"),
	SUB(throughput, num, "sustained, per second"), SUB(cpu_per_request, num, "seconds"),
};
TYPE(predicted, "What is expected after this step and all before it; 80 % intervals.");
#undef S

#define S struct run_step
static const struct run_field step_fields[] = {
	STR(id, "P1, P2, ..."), STR(finding, "that it answers"), STR(action, "kind of change"),
	STR(what, "one line"), SUB(predicted, predicted, "cumulative"),
	NUM(ceiling, "Amdahl: at most this many times faster by this step alone"),
	ENUM(effort, level, "to do it"), ENUM(risk, level, "of doing it"),
	INT(priority, "1 first"), STR(apply, "exact text"), STR(undo, "exact text"),
	STR(executor, "who of prony can apply it"), STR(on, "what it is applied to"),
	STR(tradeoff, "what it costs"), STR(then, "what limits after it"),
	BOOL(automatic, "prony can apply it itself"),
};
TYPE(step, "One step of the plan.");
#undef S

#define S struct run_stop
static const struct run_field stop_fields[] = {
	STR(what, "was seen"), STR(phase, "in which"), NUM(at, "seconds since that phase began"),
	STR(next, "what to do about it"),
};
TYPE(stop, "A load that ended before its time because it did harm; empty: it did not.");
#undef S

#define S struct run_self
static const struct run_field self_fields[] = {
	NUM(cpu, "cores, without the generator"), NUM(generator_cpu, "cores"),
	INT(rss_bytes, "peak"), INT(dropped_events, "lost by tracing"), NUM(seconds, "wall time"),
};
TYPE(self, "What prony itself cost.");
#undef S

#define S struct run
static const struct run_field run_fields[] = {
	STR(schema, "version of this document"), STR(id, "of the run"), STR(created, "UTC"),
	STR(tool, "program and version"), BOOL(sealed, "complete"), ENUM(verdict, verdict, "the answer"),
	STR(headline, "the answer as one sentence"), STR(healthy, "why nothing is wrong"),
	BOOL(fix, "steps were applied, each with its proof"),
	SUB(safety_stop, stop, "why it ended before its time, when going on did harm"),
	STR(error, "why the run could not be finished"),
	SUB(spec, spec, "what was asked"), SUB(host, host, "where it ran"),
	LIST(eyes, eye, "what could be seen"), SUB(system, system, "the service"),
	LIST(targets, target, "promises"), SUB(baseline, baseline, "under the measured load"),
	SUB(capacity, capacity, "how much it holds"),
	SUB(suite, suite, "normal load, peak, spike, stress and soak"), LIST(time, time, "after charging waits to holders"),
	LIST(findings, finding, "the first is the limit"), LIST(ruled_out, ruled_out, "what it is not"),
	LIST(forks, fork, "decisions taken, with the figure at each fork"),
	LIST(links, link, "the service map"), SUB(memory, memory, "growth, collection, faults"),
	LIST(plan, step, "cumulative"), LIST(proofs, proof, "of applied steps"),
	SUB(self, self, "prony's own cost"), SUB(evidence, evidence, "what the instruments saw"),
};
const struct run_type run_type = {
	"run", "A prony run.", sizeof(struct run), run_fields, sizeof(run_fields) / sizeof(run_fields[0])
};
#undef S
