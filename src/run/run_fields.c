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
static const char *const run_part_names[] = {
	"", "cpu", "runqueue", "lock", "disk", "db", "cache", "net", "gc", "fault", "sleep", "other",
	"queue", NULL,
};

static const char *const run_failure_names[] = {
	"", "queue", "errors", "timeouts", "refused", "crash", "generator", NULL,
};

const char *
failure_name(enum run_failure f)
{
	return run_failure_names[f];
}

const char *
part_kind_name(enum run_part_kind k)
{
	return run_part_names[k];
}

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

#define S struct run_num
static const struct run_field num_fields[] = {
	NUM(value, "the figure"), NUM(low, "lower end of its interval"),
	NUM(high, "upper end of its interval"), ENUM(src, source, "where it comes from"),
};
TYPE(num, "A figure with its interval and where it comes from.");
#undef S

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

#define S struct run_latency
static const struct run_field latency_fields[] = {
	NUM(mean, "seconds"), NUM(p50, "seconds"), NUM(p95, "seconds"), NUM(p99, "seconds"),
	NUM(p999, "seconds"), NUM(max, "seconds"),
	NUM(p99_low, "seconds, of its 95 % interval, estimated from the run's seconds"),
	NUM(p99_high, "seconds"),
	BOOL(censored, "some requests never answered: the tail is a lower bound"),
};
TYPE(latency, "Latency from the intended start of a request to its last byte.");
#undef S

#define S struct run_route
static const struct run_field route_fields[] = {
	STR(route, "path"), NUM(rate, "offered"), SUB(latency, latency, "of this route"),
	NUM(error_rate, "share"), INT(requests, "answered"), NUM(body_bytes, "mean size of an answer"),
	STR(content_type, "of the answers"), STR(content_encoding, "of the answers; absent: none"),
	INT(status, "the most frequent one"), INT(answered, "complete answers"),
	INT(errors, "all classes"), INT(timeouts, "requests given up"),
	INT(in_flight, "still open when the phase was cut"),
};
TYPE(route, "One route of the service under the measured load.");
#undef S

#define S struct run_baseline
static const struct run_field baseline_fields[] = {
	NUM(rate, "offered"), NUM(throughput, "answered"),
	SUB(latency, latency, "all routes"), NUM(error_rate, "share of requests"),
	NUM(timeout_rate, "share of requests"), NUM(cpu, "cores used by the service"),
	NUM(rss_bytes, "of the service"), NUM(io_wait, "share of time with I/O outstanding and a CPU idle"),
	NUM(net_bytes_per_s, "sent and received by the service's host"),
	NUM(cpu_per_request, "CPU seconds of the service"), LIST(routes, route, "each route"),
};
TYPE(baseline, "The service under the measured load.");
#undef S

#define S struct run_point
static const struct run_field point_fields[] = {
	STR(phase, "that it was measured in"),
	NUM(rate, "offered"), NUM(throughput, "answered"), NUM(p50, "seconds"), NUM(p99, "seconds"),
	NUM(cpu, "cores used by the service"), NUM(error_rate, "share"),
	BOOL(sustained, "held without falling behind or missing the target"),
	STR(missed_by, "latency, errors or throughput"),
	NUM(concurrency, "requests in the service, throughput times mean time; absent: not steady"),
	NUM(modelled, "throughput there by the capacity model"),
};
TYPE(point, "One step of the search for the knee.");
#undef S

#define S struct run_usl
static const struct run_field usl_fields[] = {
	NUM(lambda, "throughput at concurrency 1"), NUM(sigma, "contention"), NUM(kappa, "coherency"),
	NUM(lambda_low, "95 % interval"), NUM(lambda_high, "95 % interval"),
	NUM(sigma_low, "95 % interval"), NUM(sigma_high, "95 % interval"),
	NUM(kappa_low, "95 % interval"), NUM(kappa_high, "95 % interval"),
	SUB(peak, num, "concurrency above which throughput falls"),
	SUB(peak_throughput, num, "throughput there"),
	SUB(roof, num, "where no peak can be stated: throughput that it never passes"),
	NUM(r2, "share of the variance explained"), NUM(n_min, "smallest measured concurrency"),
	NUM(n_max, "largest: nothing is said of 1.33 times it and more"),
	INT(points, "used"), INT(outliers, "left out for lying far off the others"),
	BOOL(superlinear, "sigma is negative"), ENUM(src, source, "modelled"),
};
TYPE(usl, "Universal Scalability Law, where it was fitted: X = lambda N / (1 + sigma (N-1) + kappa N (N-1)).");
#undef S

#define S struct run_capacity
static const struct run_field capacity_fields[] = {
	NUM(knee_rate, "highest rate that was sustained"),
	NUM(max_rate, "highest rate that was answered, however late"),
	NUM(missed_rate, "lowest rate that was not sustained"),
	INT(confirmed, "times that the knee was sustained again"),
	BOOL(at_least, "the search ended before the service did: the knee is a lower bound"),
	STR(stopped_by, "latency, errors, throughput, generator, limit or interrupted"),
	LIST(curve, point, "the steps of the search by rate"), SUB(usl, usl, "scalability"),
	STR(usl_why, "it, or its peak, is unknown"),
};
TYPE(capacity, "How much the service holds.");
#undef S

/* ---- the suite of load tests ---- */

#define S struct run_suite_phase
static const struct run_field suite_phase_fields[] = {
	STR(phase, "of evidence.phases"), NUM(rate, "offered"), NUM(throughput, "answered"),
	NUM(p50, "seconds"), NUM(p99, "seconds"), NUM(error_rate, "share, timeouts too"),
	ENUM(failure, failure, "how the service gave way; absent: it did not"),
	STR(missed_by, "latency, errors or throughput; absent: held"),
};
TYPE(suite_phase, "One phase of the suite.");
#undef S

#define S struct run_recovery
static const struct run_field recovery_fields[] = {
	STR(after, "spike or stress"), NUM(seconds, "until latency and errors were normal again, for "
	    "three seconds; absent: not within the bound"), NUM(bound, "seconds that were waited"),
};
TYPE(recovery, "How long the service took to be itself again after too much load.");
#undef S

#define S struct run_integrity
static const struct run_field integrity_fields[] = {
	STR(when, "before or after the load"), INT(status, "exit status of the user's command"),
	STR(said, "its last line"),
};
TYPE(integrity, "A call of the user's own check of the data.");
#undef S

#define S struct run_suite
static const struct run_field suite_fields[] = {
	NUM(normal_rate, "offered as the normal load"), NUM(peak_rate, "offered as the peak"),
	LIST(phases, suite_phase, "in order"), STR(breaking_phase, "where it first gave way"),
	NUM(breaking_rate, "offered there"), ENUM(failure, failure, "how"),
	STR(worst_phase, "where it gave way worse than that"), NUM(worst_rate, "offered there"),
	ENUM(worst, failure, "how"), LIST(recoveries, recovery, "after spike and stress"),
	NUM(drift, "growth of p99 in the soak, share of it a minute"),
	NUM(drift_low, "95 % interval"), NUM(drift_high, "95 % interval"),
	STR(hint, "what the drift may mean"), LIST(integrity, integrity, "the user's own check"),
};
TYPE(suite, "What prony suite found.");
#undef S

/* ---- evidence ---- */

#define S struct run_span
static const struct run_field span_fields[] = {
	NUM(p50, "median, seconds"), NUM(p99, "99th percentile"), NUM(max, "largest"),
};
TYPE(span, "A part of the requests' time; null where it did not occur.");
#undef S

#define S struct run_phase
static const struct run_field phase_fields[] = {
	STR(name, "warm-up, baseline, knee-N, trace"), NUM(started, "seconds since the run began"),
	NUM(seconds, "length"), NUM(rate, "offered"), INT(scheduled, "arrivals of the schedule"),
	INT(unsent, "no connection was free until the end"), INT(sent, "requests written"),
	INT(answered, "complete answers"), INT(timeouts, "requests given up"),
	INT(in_flight, "still open when the phase was cut"), INT(errors, "the sum of the error classes"),
#define PHASE_ERROR(member, which, about) INT(member, about),
#include "run/phase_parts.def"
	STR(first_error, "the first error in words"),
	SUB(latency, latency, "intended start to last byte"),
	SUB(service, latency, "really sent to last byte"),
#define PHASE_SPAN(member, which, about) SUB(member, span, about),
#include "run/phase_parts.def"
	INT(tokens, "of streams"), INT(tokens_estimated, "those counted by events"),
	STR(engine, "what moved the bytes"), NUM(tick, "arrivals were due at multiples of it"),
	NUM(lag_p99, "sent later than intended though a connection was free"), NUM(lag_max, "the same"),
	NUM(throughput, "answered"), NUM(generator_cpu, "share of one core, busiest worker"),
	BOOL(generator_limited, "the generator was the limit"), STR(generator_why, "how that was seen"),
	BOOL(generator_late, "it was so in nothing but sending late: CPU time and counts hold, latencies do not"),
	NUM(service_cpu, "cores used by the service meanwhile"),
	NUMS(latency_by_second, "p99 in each second"), NUMS(rate_by_second, "answered in each second"),
	NUMS(offered_by_second, "offered in each second"), NUMS(p50_by_second, "p50 in each second"),
	NUMS(errors_by_second, "errors and timeouts in each second"),
};
TYPE(phase, "One load phase. scheduled = sent + unsent; sent = answered + errors + timeouts + in_flight.");
#undef S

#define S struct run_series
static const struct run_field series_fields[] = {
	STR(name, "what"), STR(unit, "seconds bytes ratio per_second cores count"),
	STR(scope, "service or host"), NUM(mean, "over the traced measurement"), NUM(min, "the same"),
	NUM(max, "the same"), NUM(slope_per_s, "growth"), NUM(slope_low, "95 % interval"),
	NUM(slope_high, "95 % interval"), NUMS(points, "evenly spaced over the whole run"),
};
TYPE(series, "One sampled quantity.");
#undef S

#define S struct run_part
static const struct run_field part_fields[] = {
	ENUM(kind, part, "state"), STR(where, "function, lock, statement, peer, file"),
	NUM(share, "of the whole"), NUM(seconds, "per request"),
};
TYPE(part, "A part of the time of a request.");
#undef S

#define S struct run_time
static const struct run_field time_fields[] = {
	STR(route, "path"), STR(scope, "all, or slow: the slowest 5 %"), INT(requests, "painted"),
	NUM(seconds, "mean"), LIST(parts, part, "adds up to 1"),
};
TYPE(time, "Where the requests of a route spent their time.");
#undef S

#define S struct run_wait
static const struct run_field wait_fields[] = {
	ENUM(kind, part, "lock, queue or runqueue"), STR(where, "the lock or the queue"),
	STR(site, "function that holds it"), INT(waits, "count"), NUM(seconds, "sum"),
	NUM(mean_waiters, "at the same time"), LIST(holder, part, "what the holders did meanwhile"),
};
TYPE(wait, "What the holders did while others waited.");
#undef S

#define S struct run_state
static const struct run_field state_fields[] = {
	ENUM(kind, part, "of what they did"), STR(where, "lock, peer, file"), NUM(threads, "mean number of them"),
};
TYPE(state, "Where threads of the service were, sampled.");
#undef S

#define S struct run_thread
static const struct run_field thread_fields[] = {
	INT(pid, "process"), INT(tid, "thread"), STR(name, "of the thread"),
	BOOL(loop, "an event loop"), NUM(cpu, "share of the traced time on a CPU"),
	NUM(runqueue, "share of it waiting for a CPU"), NUM(blocked, "share of it blocked while serving"),
	NUM(longest_run, "longest stretch between two polls, seconds"),
	STR(longest_in, "function that most of it was in"),
	NUM(helped, "share of the time at work for an event loop"),
};
TYPE(thread, "A thread of the service.");
#undef S

#define S struct run_function
static const struct run_field function_fields[] = {
	STR(name, "demangled"), STR(module, "file name of the object"), STR(file, "source file"),
	INT(line, "source line; 0 unknown"), STR(language, "native python javascript java kernel"),
	NUM(self, "share of on-CPU samples, itself"), NUM(total, "share, with what it calls"),
	INT(samples, "with it on the stack"), NUM(spinning, "share of self that only waits for another CPU"),
	NUM(requests, "share of the requests that are in it, where it is long enough to tell"),
	NUM(at_once, "of them at the same time, while one is"),
	NUM(at_once_even, "the same if they came independently of each other"),
	BOOL(application, "in the service's own code"),
};
TYPE(function, "A function seen on CPU.");
#undef S

#define S struct run_stack
static const struct run_field stack_fields[] = {
	STR(kind, "cpu, or what it waited for"), STR(frames, "root;caller;leaf"), NUM(seconds, "sum"),
	NUM(slow, "share of what stacks saw of the slow requests"), NUM(rest, "and of the others"),
};
TYPE(stack, "A call stack and the time it was seen for.");
#undef S

#define S struct run_stretch
static const struct run_field stretch_fields[] = {
	ENUM(kind, part, "state"), STR(where, "function, lock, statement, peer, file"),
	NUM(at, "since the request arrived"), NUM(seconds, "length"),
};
TYPE(stretch, "A part of one request, in its place.");
#undef S

#define S struct run_exemplar
static const struct run_field exemplar_fields[] = {
	STR(route, "path"), STR(rank, "slowest, or typical: the median of its route"),
	NUM(seconds, "arrival to last byte"), NUM(at, "it arrived, since tracing began"),
	LIST(stretches, stretch, "one behind the other; they sum to the request"),
};
TYPE(exemplar, "One request in full.");
#undef S

#define S struct run_query
static const struct run_field query_fields[] = {
	STR(engine, "sqlite postgresql redis"), STR(database, "file or address"),
	STR(fingerprint, "statement without literals"),
	STR(example, "one of them as it was sent; only with --literals"), STR(route, "that runs it most"),
	NUM(calls, "during the trace"), NUM(seconds, "sum of durations"),
	NUM(per_request, "mean calls per request of the route"),
	NUM(most_per_request, "95th percentile of calls per request"), NUM(rows, "returned per call"),
	NUM(bytes, "of an answer"), NUM(errors, "share of the calls that the engine refused"),
	NUM(released, "of its longer calls: share, beyond chance, that end with another request's transaction"),
	NUM(at_once, "share of the calls of a request that overlap another of it"),
	STRS(plan, "lines of the database's own plan"), STR(scan_table, "table read whole"),
	NUM(scan_rows, "rows in it"), STR(index_table, "of an index that the planner would use"),
	STRS(index_columns, "its columns"), STR(index_plan, "plan line with it"),
	BOOL(changeable, "prony may make that index"),
};
TYPE(query, "A statement that the service ran.");
#undef S

#define S struct run_call
static const struct run_field call_fields[] = {
	STR(kind, "http postgresql redis dns tcp unix"), STR(peer, "host:port or path"),
	STR(route, "that calls it most"),
	NUM(calls, "during the trace"), NUM(seconds, "sum of durations"),
	NUM(per_request, "mean per request"), NUM(connects_per_request, "new connections"),
	NUM(handshakes_per_request, "TLS"), NUM(errors, "share of the answers that were 429 or 5xx"),
	NUM(limited, "share of the answers that were 429"),
	NUM(repeated, "share of the calls that asked the same again after an error"),
	NUM(writes, "that a call is asked in, mean"),
	NUM(as_long_as_ack, "share of them that took 36 to 60 ms, as a delayed acknowledgement does"),
};
TYPE(call, "Calls of the service to a peer.");
#undef S

#define S struct run_site
static const struct run_field site_fields[] = {
	ENUM(kind, part, "what it waited for"), STR(function, "of the application"),
	STR(file, "source file"), INT(line, "source line; 0 unknown"), NUM(seconds, "sum"),
	INT(stacks, "sampled in it"),
};
TYPE(site, "A function of the application that waited, or handed work to a pool (queue).");
#undef S

#define S struct run_gc
static const struct run_field gc_fields[] = {
	INT(pid, "process"), STR(runtime, "of the process"), INT(collections, "count"),
	INT(full, "of them of the whole heap, as far as the runtime tells them apart"),
	NUM(seconds, "sum of the pauses"), NUM(longest, "longest pause, seconds"),
	NUM(kept_per_s, "growth of what survived them, bytes a second"),
};
TYPE(gc, "Garbage collections of a process while it was traced.");
#undef S

#define S struct run_loader
static const struct run_field loader_fields[] = {
	INT(pid, "process"), STR(name, "of its program"), STR(queue, "name of its waits"),
	INT(workers, "children that bring it data"), INT(steps, "stretches of work between two waits, estimated"),
	NUM(seconds, "a step, mean"), NUM(waited, "share of the time that it waits for its workers"),
	NUM(busy, "workers at work, mean number"),
	NUM(orders, "share of their time that they are not"),
};
TYPE(loader, "A process that works through what its children bring it: training, or a batch job.");
#undef S

#define S struct run_trace
static const struct run_field trace_fields[] = {
	STR(mode, "bpf, perf, proc or none"), NUM(seconds, "traced"),
	INT(requests, "complete server-side spans, or steps of loaders"), INT(samples, "on-CPU stacks"),
	NUM(unwound, "share of stacks that reach their root"),
	NUM(symbolised, "share of user frames with a name"),
	NUM(overhead_cpu, "cores used by tracing itself"),
	NUM(added, "share of CPU that it added to the service, estimated"),
	NUM(dear, "share of CPU that requests took more while followed by probes in their way, measured"),
	INT(dropped, "events lost"),
	NUM(pieces, "writes that an answer of the service leaves in, mean"),
	NUM(linked, "share of the calls to peers whose request is certain"),
	LIST(routes, time, "as painted, before waits are charged to holders"),
	LIST(waits, wait, "who was waited for"), LIST(states, state, "sampled where requests could not be traced"),
	LIST(threads, thread, "the busiest"),
	LIST(functions, function, "the hottest"), LIST(stacks, stack, "the heaviest"),
	LIST(queries, query, "statements"), LIST(calls, call, "other peers"),
	LIST(exemplars, exemplar, "single requests in full"),
	LIST(gc, gc, "garbage collections"), LIST(loaders, loader, "who waits for its children's data"),
	LIST(sites, site, "functions that waited"),
};
TYPE(trace, "What tracing saw inside the service.");
#undef S

#define S struct run_worker
static const struct run_field worker_fields[] = {
	STR(name, "as it calls itself"), STR(host, "where it ran"), NUM(share, "of the load"),
	INT(scheduled, "arrivals of its share"), INT(unsent, "not offered"), INT(sent, "requests written"),
	INT(answered, "complete answers"), INT(errors, "all classes"), INT(timeouts, "requests given up"),
	INT(in_flight, "still open at its end"), NUM(clock_error, "its start may be off by so much"),
	NUM(cpu, "share of one core, busiest thread"), NUM(lag_p99, "sent later than intended"),
	BOOL(lost, "it was gone before the end"), NUM(lost_after, "when it was heard of last"),
	STR(why, "it was lost; absent: it fell silent"),
};
TYPE(worker, "One of several generators that offered the measured load together.");
#undef S

#define S struct run_repeat
static const struct run_field repeat_fields[] = {
	STR(route, "without a query"), INT(answers, "looked at"),
	NUM(same, "share of them that are the commonest one, byte for byte"), NUM(bytes, "of that one"),
};
TYPE(repeat, "How alike the answers of a route are.");
#undef S

#define S struct run_press
static const struct run_field press_fields[] = {
	STR(kind, "service, or the kind of the peer"), STR(name, "of its process"),
	STR(address, "of a peer; absent: the service"), INT(connections, "requests at once, in a closed loop"),
	NUM(seconds, "that it was pressed; absent: it was not"), NUM(cores, "that it used"),
	NUM(reach, "cores that it could use"), NUM(taken, "share of them that was taken away"),
	NUM(stopped, "share of the quota's periods in which it ran into it"),
	NUM(throughput, "without"), NUM(pressed_throughput, "with the press"),
	NUM(latency, "mean, without"), NUM(pressed_latency, "mean, with the press"),
	NUM(drop, "of throughput, share"), NUM(drop_low, "lower end of its interval"),
	NUM(drop_high, "upper end of its interval"), STR(why, "it tells nothing; absent: it does"),
};
TYPE(press, "A component that had less CPU for a moment.");
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
