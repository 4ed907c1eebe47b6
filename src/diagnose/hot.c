/* SPDX-License-Identifier: MIT */
/* CPU time by application function.
 *
 * The parts of the requests say how much CPU time ran in which function, the sampled stacks who
 * called it. Time in a library (memcpy, a hash, the allocator) is charged to the nearest function
 * of the application above it; time in the kernel stays there, because no function of the
 * application is wrong for the kernel's work; an embedded database's is the database's; and where
 * requests repeat a statement or a call, what its driver computes is the statement's. Starting
 * from the requests' own parts keeps a busy background thread out: it has samples, but no request
 * waits for it. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "diagnose/driver.h"
#include "diagnose/facts.h"
#include "diagnose/peers.h"
#include "diagnose/statements.h"
#include "diagnose/text.h"

#define FAULT_S        1e-6   /* CPU of bringing a page in and giving it back: an estimate */
#define FRAMES_MAX     256
#define GENERIC_TOTAL  0.9   /* everything goes through it ... */
#define GENERIC_OWN    0.3   /* ... and it does little itself: dispatch */
#define THROUGH_OWN    0.7   /* all goes through it: only its own part is its fault */
#define OWN_CLEAR      0.25  /* of the CPU time: one function stands out by itself */
#define IN_LIBRARY     0.6   /* of a function's own time */
#define TOTAL_CLEAR    0.4   /* of the CPU time: or one with its callees */

struct tree {
	struct facts *f;
	struct map function_at;   /* name -> index + 1 in trace->functions */
	struct map part_at;       /* name -> index + 1 in f->parts, CPU */
	struct map hot_at;        /* name -> index + 1 in f->hot */
	double *part_seconds;     /* sampled under each part */
	bool *repeats;            /* by function of the trace: of the driver of a repeated statement or call */
	struct map connects;      /* names of functions that open the connection that each request opens */
};

struct stack {
	const char *frame[FRAMES_MAX];   /* root first */
	size_t n;
};

static size_t
index_of(const struct map *m, const char *name)
{
	const uint64_t *at = name ? map_find(m, name, strlen(name)) : NULL;

	return at ? (size_t)*at : 0;
}

static void
index_names(struct tree *t)
{
	const struct run_trace *trace = t->f->trace;

	for (size_t i = 0; i < trace->n_functions; i++)
		if (trace->functions[i].name)
			*map_at(&t->function_at, trace->functions[i].name,
			    strlen(trace->functions[i].name), NULL) = i + 1;
	for (size_t i = 0; i < t->f->n_cpu_parts; i++)
		if (t->f->cpu_parts[i].kind == PART_CPU && t->f->cpu_parts[i].where)
			*map_at(&t->part_at, t->f->cpu_parts[i].where, strlen(t->f->cpu_parts[i].where),
			    NULL) = i + 1;
}

/* Statements and calls that requests repeat: functions of their drivers. */
static void
mark_drivers(struct tree *t)
{
	const struct run_trace *trace = t->f->trace;
	bool repeated[] = { [DRIVER_HTTP] = peer_repeated(t->f) != NULL };

	for (size_t i = 0; i < trace->n_queries; i++)
		if (statement_calls(&trace->queries[i]) >= QUERY_REPEATED)
			repeated[statement_is_sql(&trace->queries[i]) ? DRIVER_SQL : DRIVER_KEY_VALUE] = true;
	for (size_t i = 0; i < trace->n_functions; i++)
		for (enum driver d = DRIVER_SQL; d <= DRIVER_HTTP; d++)
			t->repeats[i] |= repeated[d] && driver_has(d, &trace->functions[i]);
}

/* What agreeing on keys or on a password computes is the connection's. */
static void
mark_connecting(struct tree *t)
{
	const struct run_trace *trace = t->f->trace;
	bool each = false;

	for (size_t i = 0; i < trace->n_calls; i++)
		each |= trace->calls[i].connects_per_request >= PEER_CONNECTS_MIN;
	for (size_t i = 0; each && i < trace->n_functions; i++)
		if (driver_connects(&trace->functions[i]))
			*map_at(&t->connects, trace->functions[i].name, strlen(trace->functions[i].name), NULL) = 1;
}

static const struct run_function *
function_of(const struct tree *t, const char *name)
{
	size_t i = index_of(&t->function_at, name);

	return i ? &t->f->trace->functions[i - 1] : NULL;
}

/* The program of an interpreted service is the interpreter: its C functions are not the
 * application's. "[jit]" and its like stand for a function that has no name here. */
static bool
is_application(const struct tree *t, const char *name)
{
	static const char *const interpreted[] = { "node", "deno", "bun", "python", "java", "ruby",
		"php", NULL };
	const struct run_function *fn = function_of(t, name);

	return fn && fn->application && name[0] != '[' && !text_same(fn->language, "kernel")
	    && !((text_same(fn->language, "native") || !fn->language)
	         && text_in(facts_runtime(t->f), interpreted));
}

static bool
is_kernel(const struct tree *t, const char *name)
{
	static const char *const entries[] = { "entry_SYSCALL_64_after_hwframe", "do_syscall_64",
		"el0_svc", "do_el0_svc", "[kernel]", NULL };
	const struct run_function *fn = function_of(t, name);
	size_t length = strlen(name);

	return text_in(name, entries) || strncmp(name, "asm_", 4) == 0
	    || (fn && text_same(fn->language, "kernel"))
	    || (length > 4 && strcmp(name + length - 4, "_[k]") == 0);
}

static struct hot *
hot_at(struct tree *t, const char *name)
{
	bool fresh;
	uint64_t *at = map_at(&t->hot_at, name, strlen(name), &fresh);

	if (fresh) {
		struct hot *h = ARENA_PUSH(t->f->run->arena, t->f->hot, t->f->n_hot);
		h->name = run_str(t->f->run, name);
		h->function = function_of(t, name);
		*at = t->f->n_hot;
	}
	return &t->f->hot[*at - 1];
}

static void
split(char *text, struct stack *s)
{
	char *save = NULL;

	s->n = 0;
	for (char *name = strtok_r(text, ";", &save); name && s->n < FRAMES_MAX;
	     name = strtok_r(NULL, ";", &save))
		s->frame[s->n++] = name;
}

/* The deepest frame that the requests' parts name; 0 none. */
static size_t
part_of(const struct tree *t, const struct stack *s)
{
	for (size_t i = s->n; i-- > 0;) {
		size_t part = index_of(&t->part_at, s->frame[i]);
		if (part)
			return part;
	}
	return 0;
}

/* A page is brought in by a fault and goes with munmap, madvise or brk; the kernel's names of it. */
static bool
is_fault(const char *name)
{
	static const char *const names[] = { "asm_exc_page_fault", "exc_page_fault", "do_user_addr_fault",
		"do_page_fault", "el0_da", "handle_mm_fault", "unmap_region", "unmap_vmas", "__x64_sys_munmap",
		"__arm64_sys_munmap", "__x64_sys_madvise", "__arm64_sys_madvise", "__x64_sys_brk",
		"__arm64_sys_brk", NULL };

	return text_in(name, names);
}

/* Of the C library, of C++, and of what people put in their place. */
static bool
is_allocator(const char *name)
{
	static const char *const names[] = { "malloc", "calloc", "realloc", "free", "cfree", "_int_malloc",
		"_int_free", "_int_realloc", "__libc_malloc", "__libc_calloc", "__libc_realloc",
		"__libc_free", "malloc_consolidate", "unlink_chunk", "sysmalloc", "posix_memalign",
		"aligned_alloc", "operator new", "operator delete", "je_malloc", "je_free", "mi_malloc",
		"mi_free", "tc_malloc", "tc_free", NULL };

	return text_in(name, names) || strncmp(name, "operator new(", 13) == 0
	    || strncmp(name, "operator delete(", 16) == 0;
}

static bool
is_connecting(const char *name)
{
	static const char *const names[] = { "__x64_sys_connect", "__arm64_sys_connect", "__sys_connect",
		"__x64_sys_socket", "__arm64_sys_socket", "__sys_socket", "sock_close", "tcp_close",
		"SSL_do_handshake", "SSL_connect", "ngx_ssl_handshake", "crypto/tls.(*Conn).clientHandshake", NULL };

	return text_in(name, names);
}

/* Preparing statements is the embedded database's time, not that of the function that asks. */
static bool
is_database(const struct tree *t, const struct stack *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct run_function *fn = function_of(t, s->frame[i]);
		if (text_has(s->frame[i], "sqlite3") || (fn && text_has(fn->module, "sqlite3")))
			return true;
	}
	return false;
}

/* What V8 calls the function of the language that it runs; NULL for its other frames. */
static const char *
engine_function(const char *name)
{
	static const char *const heads[] = { "v8::internal::Builtin_", "Builtins_" };

	if (strcmp(name, "compiled regular expression") == 0)
		return name;
	for (size_t i = 0; i < COUNT_OF(heads); i++)
		if (strncmp(name, heads[i], strlen(heads[i])) == 0
		    && strncmp(name + strlen(heads[i]), "CEntry", 6) != 0)
			return name + strlen(heads[i]);
	return NULL;
}

/* `at`: of the frame behind the application's. */
static void
note_inside(struct tree *t, struct hot *h, const struct stack *s, size_t at, double share)
{
	const char *name = NULL;

	for (; at < s->n && !name; at++)
		name = engine_function(s->frame[at]);
	for (size_t i = 0; name && i < COUNT_OF(h->inside); i++) {
		if (!h->inside[i].name)
			h->inside[i].name = run_str(t->f->run, name);
		if (strcmp(h->inside[i].name, name) == 0) {
			h->inside[i].share += share;
			return;
		}
	}
}

static struct toll *
toll_at(struct facts *f, const char *by)
{
	for (size_t i = 0; i < f->n_tolls; i++)
		if (text_same(f->tolls[i].by, by))
			return &f->tolls[i];
	struct toll *new = ARENA_PUSH(f->run->arena, f->tolls, f->n_tolls);
	new->by = run_str(f->run, by);
	return new;
}

/* The innermost function of the application causes it. */
static void
charge_toll(struct tree *t, const struct stack *s, double share)
{
	bool faults = false, allocator = false, connecting = false;
	const char *by = NULL;

	for (size_t i = 0; i < s->n; i++) {
		faults |= is_fault(s->frame[i]);
		allocator |= is_allocator(s->frame[i]);
		connecting |= is_connecting(s->frame[i]) || index_of(&t->connects, s->frame[i]);
		if (is_application(t, s->frame[i]))
			by = s->frame[i];
	}
	if (!faults && !allocator && !connecting)
		return;
	struct toll *toll = toll_at(t->f, by);
	toll->faults += faults ? share : 0;
	toll->allocator += allocator && !faults ? share : 0;
	toll->connecting += connecting ? share : 0;
}

/* It is told as what is repeated, or opened, for each request. */
static bool
repeats_call(const struct tree *t, const struct stack *s)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t function = index_of(&t->function_at, s->frame[i]);
		if ((function && t->repeats[function - 1]) || index_of(&t->connects, s->frame[i]))
			return true;
	}
	return false;
}

/* Where a function's own time goes to another library than the C library, whose functions are too
 * general to say anything. Stacks come heaviest first: the first such function is the one. */
static void
note_library(struct tree *t, const struct stack *s, size_t owner, struct hot *h, double share)
{
	const struct run_function *own = function_of(t, s->frame[owner]);

	if (own && !text_same(own->language, "native"))   /* its engine is no library that it chose */
		return;
	for (size_t i = owner + 1; i < s->n; i++) {
		const struct run_function *fn = function_of(t, s->frame[i]);
		if (!fn || fn->application || s->frame[i][0] == '[' || !fn->module
		    || strncmp(fn->module, "libc", 4) == 0 || !text_same(fn->language, "native"))
			continue;
		if (!h->library) {
			h->library = run_str(t->f->run, fn->name);
			h->of = fn->module;
		}
		h->in_library += text_same(h->library, fn->name) ? share : 0;
		return;
	}
}

static void
charge_stack(struct tree *t, const struct stack *s, double share)
{
	bool owned = false;

	if (is_database(t, s)) {
		t->f->db_cpu += share;
		return;
	}
	charge_toll(t, s, share);
	for (size_t i = 0; i < s->n; i++)
		if (is_kernel(t, s->frame[i]))
			return;
	if (repeats_call(t, s))
		return;
	for (size_t i = s->n; i-- > 0;) {
		if (!is_application(t, s->frame[i]))
			continue;
		struct hot *h = hot_at(t, s->frame[i]);
		if (!owned) {
			h->own += share;
			note_inside(t, h, s, i + 1, share);
			note_library(t, s, i, h, share);
		}
		owned = true;
		bool again = false;   /* recursion counts once */
		for (size_t k = i + 1; k < s->n && !again; k++)
			again = strcmp(s->frame[k], s->frame[i]) == 0;
		if (!again)
			h->total += share;
	}
}

static void
walk_stacks(struct tree *t, bool charging)
{
	const struct run_trace *trace = t->f->trace;

	for (size_t i = 0; i < trace->n_stacks; i++) {
		const struct run_stack *raw = &trace->stacks[i];
		if (!text_same(raw->kind, "cpu") || !raw->frames || !(raw->seconds > 0))
			continue;
		CLEANUP(free_p) char *text = strdup(raw->frames);
		struct stack s;
		if (!text)
			abort();
		split(text, &s);
		size_t part = part_of(t, &s);
		if (!part)
			continue;
		if (charging)
			charge_stack(t, &s, t->f->cpu_parts[part - 1].share * raw->seconds
			                 / t->part_seconds[part - 1]);
		else
			t->part_seconds[part - 1] += raw->seconds;
	}
}

/* A part that no stack shows is its own function's. */
static void
charge_bare_parts(struct tree *t)
{
	for (size_t i = 0; i < t->f->n_cpu_parts; i++) {
		const struct run_part *p = &t->f->cpu_parts[i];
		if (p->kind != PART_CPU || t->part_seconds[i] > 0 || !is_application(t, p->where))
			continue;
		struct hot *h = hot_at(t, p->where);
		h->own += p->share;
		h->total += p->share;
	}
}

static int
largest_own_first(const void *a, const void *b)
{
	const struct hot *x = a, *y = b;

	if (x->own != y->own)
		return x->own < y->own ? 1 : -1;
	return strcmp(x->name, y->name);
}

void
facts_make_hot(struct facts *f)
{
	struct tree t = { .f = f };

	if (f->n_cpu_parts == 0)
		return;
	t.part_seconds = arena_alloc(f->run->arena, f->n_cpu_parts * sizeof(double));
	t.repeats = arena_alloc(f->run->arena, (f->trace->n_functions + 1) * sizeof(*t.repeats));
	index_names(&t);
	mark_drivers(&t);
	mark_connecting(&t);
	walk_stacks(&t, false);
	walk_stacks(&t, true);
	charge_bare_parts(&t);
	if (f->n_hot > 0)
		qsort(f->hot, f->n_hot, sizeof(*f->hot), largest_own_first);
	map_done(&t.connects);
	map_done(&t.function_at);
	map_done(&t.part_at);
	map_done(&t.hot_at);
}

static bool
is_dispatch(const struct hot *h, double cpu)
{
	static const char *const words[] = { "main", "start_thread", "worker", "worker_main",
		"run", "loop", "event_loop", "serve", NULL };

	return (h->total >= GENERIC_TOTAL * cpu && h->own < GENERIC_OWN * h->total)
	    || (text_in(h->name, words) && h->own < GENERIC_OWN * h->total);
}

const struct hot *
facts_hottest(const struct facts *f)
{
	double cpu = f->charged[PART_CPU];
	const struct hot *wide = NULL;

	if (f->n_hot == 0 || f->hot[0].own >= OWN_CLEAR * cpu)
		return f->n_hot ? &f->hot[0] : NULL;
	for (size_t i = 0; i < f->n_hot; i++) {
		const struct hot *h = &f->hot[i];
		if (is_dispatch(h, cpu) || h->total < TOTAL_CLEAR * cpu)
			continue;
		/* The deepest of those that hold about the same time. */
		if (!wide || h->total > wide->total / 0.8
		    || (h->total >= 0.8 * wide->total && h->total < wide->total))
			wide = h;
	}
	return wide ? wide : &f->hot[0];
}

/* The sum of one member over all tolls, and whose is largest. */
static double
sum_tolls(const struct facts *f, size_t member, const char **ret_by)
{
	double sum = 0, most = 0;

	*ret_by = NULL;
	for (size_t i = 0; i < f->n_tolls; i++) {
		double here = *(const double *)((const char *)&f->tolls[i] + member);
		sum += here;
		if (here > most) {
			most = here;
			*ret_by = f->tolls[i].by;
		}
	}
	return sum;
}

/* Where the kernel was not sampled: so many faults, as much as it computes at all. Those of a runtime that collects are
 * its heap's. */
static double
unseen_faults(const struct facts *f)
{
	static const char *const collected[] = { "node", "deno", "bun", "java", "go", NULL };
	double faults = facts_mean(f, "service_minor_faults_per_second") * FAULT_S;
	double system = facts_mean(f, "service_cpu_system_cores");

	if (!f->estimated || !(f->cores_used > 0) || text_in(facts_runtime(f), collected)
	    || !(fmin(faults, system) > 0))
		return 0;
	return f->charged[PART_CPU] * fmin(fmin(faults, system) / f->cores_used, 1);
}

double
facts_faults(const struct facts *f, const char **ret_by)
{
	double seen = sum_tolls(f, offsetof(struct toll, faults), ret_by);

	return seen > 0 ? seen : unseen_faults(f);
}

double
facts_allocator(const struct facts *f, const char **ret_by)
{
	return sum_tolls(f, offsetof(struct toll, allocator), ret_by);
}

double
facts_connecting(const struct facts *f, const char **ret_by)
{
	return sum_tolls(f, offsetof(struct toll, connecting), ret_by);
}

const char *
facts_hot_place(const struct facts *f, const struct hot *h)
{
	return h->library && h->in_library >= IN_LIBRARY * h->own
	    ? run_printf(f->run, "%s (%s in %s)", h->name, h->library, h->of) : h->name;
}

double
facts_hot_share(const struct facts *f, const struct hot *h)
{
	double cpu = f->charged[PART_CPU];
	bool through = h->total >= GENERIC_TOTAL * cpu && h->own < THROUGH_OWN * h->total;
	bool whole = !through && !is_dispatch(h, cpu)
	    && (h->own >= 0.5 * h->total || h->total >= TOTAL_CLEAR * cpu);
	double share = whole ? h->total : h->own;

	return facts_with_runqueue(f, share);
}

static const char *
place(const struct facts *f, const char *name, const char *file, int64_t line)
{
	if (file && line > 0)
		return run_printf(f->run, "%s (%s:%lld)", name, file, (long long)line);
	return file ? run_printf(f->run, "%s (%s)", name, file) : name;
}

const char *
facts_place(const struct facts *f, const struct hot *h)
{
	const struct run_function *fn = h->function;

	return place(f, h->name, fn && fn->file ? fn->file : fn ? fn->module : NULL,
	    fn && fn->file ? fn->line : 0);
}

const char *
facts_inside(const struct hot *h)
{
	for (size_t i = 0; i < COUNT_OF(h->inside); i++)
		if (h->inside[i].name && h->inside[i].share >= 0.5 * h->own)
			return h->inside[i].name;
	return NULL;
}

const struct run_site *
facts_site(const struct facts *f, enum run_part_kind kind)
{
	for (size_t i = 0; i < f->trace->n_sites; i++)
		if (f->trace->sites[i].kind == kind && f->trace->sites[i].function)
			return &f->trace->sites[i];
	return NULL;
}

const char *
facts_site_place(const struct facts *f, enum run_part_kind kind)
{
	const struct run_site *s = facts_site(f, kind);

	return s ? place(f, s->function, s->file, s->line) : NULL;
}
