/* SPDX-License-Identifier: MIT */
/* What tracing saw, field by field. */
#include "run/run_fields.h"

#include "run/run.h"

static const char *const run_part_names[] = {
	"", "cpu", "runqueue", "lock", "disk", "db", "cache", "net", "gc", "fault", "sleep", "other",
	"queue", NULL,
};

const char *
part_kind_name(enum run_part_kind k)
{
	return run_part_names[k];
}

const char *
part_kind_words(enum run_part_kind k)
{
	static const char *const words[PART_KINDS] = {
		[PART_NONE] = "unknown", [PART_CPU] = "computing", [PART_RUNQUEUE] = "waiting for a CPU",
		[PART_LOCK] = "waiting for a lock", [PART_DISK] = "disk", [PART_DB] = "database",
		[PART_CACHE] = "cache", [PART_NET] = "network and other services",
		[PART_GC] = "garbage collection", [PART_FAULT] = "page faults", [PART_SLEEP] = "sleeping",
		[PART_OTHER] = "other", [PART_QUEUE] = "waiting for a worker",
	};
	return words[k];
}

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
	NUM(handshakes_per_request, "TLS"),
	NUM(connecting, "share of the time with the peer for opening connections"), NUM(bytes, "of an answer, mean"),
	NUM(errors, "share of the answers that were 429 or 5xx"),
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

#define S struct run_kept
static const struct run_field kept_fields[] = {
	NUM(at, "seconds since tracing began; below 0 before"), NUM(bytes, "left in the heap"),
};
TYPE(kept, "What a collection of the whole heap left behind.");
#undef S

#define S struct run_gc
static const struct run_field gc_fields[] = {
	INT(pid, "process"), STR(runtime, "of the process"), INT(collections, "count"),
	INT(full, "of them of the whole heap, as far as the runtime tells them apart"),
	NUM(seconds, "sum of the pauses"), NUM(longest, "longest pause, seconds"),
	NUM(kept_per_s, "growth of what survived them, bytes a second"),
	LIST(kept, kept, "what those of the whole heap left, as far as that is seen"),
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
