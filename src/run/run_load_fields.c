/* SPDX-License-Identifier: MIT */
/* What loads showed, field by field. */
#include "run/run_fields.h"

#include "run/run.h"

static const char *const run_failure_names[] = {
	"", "queue", "errors", "timeouts", "refused", "crash", "generator", NULL,
};

#define S struct run_num
static const struct run_field num_fields[] = {
	NUM(value, "the figure"), NUM(low, "lower end of its interval"),
	NUM(high, "upper end of its interval"), ENUM(src, source, "where it comes from"),
};
TYPE(num, "A figure with its interval and where it comes from.");
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

/* ---- how much it holds ---- */

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

/* ---- phases, and who made them ---- */

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
