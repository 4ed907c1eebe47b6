/* SPDX-License-Identifier: MIT */
/* Who works through what its children bring it: a training or a batch job with processes that load its
 * data. It serves no requests, so its steps stand in for them.
 *
 * That it is one is told by who wakes whom, whatever they talk through: a thread waits, and a process
 * below its own ends the wait; or such a process waits, for an order or for room, and is woken from
 * above. A thread that another one of its process feeds so waits for the same. A step is a stretch of
 * work between two waits; those that together hardly count are where one item came in pieces. */
#include "trace/summary.h"

#include <sys/syscall.h>

#include "base/clock.h"

#define HANDOVERS_MIN 20       /* fewer: they talk, but not for work */
#define WORKED_MIN    0.005    /* of the time on CPU: less is who only looks after its children */
#define WORK_IN_STEPS 0.95     /* so much of the work is done in the longest stretches */
#define WAITED_MIN    0.05     /* of the time: less says nothing of steps */
#define LOADERS_MAX   8
#define PAINTED_MAX   20000    /* waits during which the workers are looked at, evenly chosen */
#define ORDER         "waiting for an order, or for room"

struct interval { int64_t from, to; };
struct intervals { struct interval *items; size_t n; };

struct loader {
	int pid;
	int64_t handovers, orders;
	uint32_t *workers;         size_t n_workers;   /* of each process below: its busiest thread */
	uint32_t consumer;         /* thread */
	struct intervals waits;    /* of it */
	int64_t waited;
	size_t steps;
};

struct loaders {
	struct summary *s;
	struct loader *items;      size_t n;
	struct intervals *fed;     /* by thread: its waits for processes below */
};

/* ---- who wakes whom ------------------------------------------------------------------------- */

static int
pid_of(const struct loaders *l, uint32_t thread)
{
	return l->s->a->tape->threads[thread].pid;
}

/* The thread that ended the wait; NOBODY: none, or not known. */
static uint32_t
woken_by(const struct loaders *l, const struct rec *off)
{
	bool waited = off->at > off->from && !(off->flags & OFF_PREEMPTED);
	return waited ? tape_thread_by_tid(l->s->a->tape, off->value) : NOBODY;
}

static bool
waits_for_end(const struct rec *off)
{
	return off->nr == SYS_wait4 || off->nr == SYS_waitid;
}

static struct loader *
loader_of(struct loaders *l, int pid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].pid == pid)
			return &l->items[i];
	struct loader *new = ARENA_PUSH(l->s->arena, l->items, l->n);
	*new = (struct loader){ .pid = pid, .consumer = NOBODY };
	return new;
}

static void
meet(struct loaders *l, uint32_t thread, const struct rec *off)
{
	const struct tape *t = l->s->a->tape;
	uint32_t by = woken_by(l, off);
	if (by == NOBODY || waits_for_end(off) || pid_of(l, by) == pid_of(l, thread))
		return;
	if (tape_is_below(t, pid_of(l, by), pid_of(l, thread))) {
		loader_of(l, pid_of(l, thread))->handovers++;
		*ARENA_PUSH(l->s->arena, l->fed[thread].items, l->fed[thread].n) =
		    (struct interval){ off->from, off->at };
	} else if (tape_is_below(t, pid_of(l, thread), pid_of(l, by))) {
		struct loader *to = loader_of(l, pid_of(l, by));
		to->handovers++;
		to->orders++;
	}
}

static void
visit_waits(struct loaders *l, void (*visit)(struct loaders *l, uint32_t thread, const struct rec *off))
{
	for (uint32_t i = 0; i < l->s->a->tape->n_threads; i++) {
		const struct thread_log *log = &l->s->a->threads[i];
		for (size_t k = 0; k < log->n_off; k++)
			visit(l, i, tape_at(l->s->a->tape, log->off[k]));
	}
}

/* ---- who works ------------------------------------------------------------------------------ */

static void
add_overlaps(struct loaders *l, struct intervals *to, const struct intervals *with, const struct rec *off)
{
	for (size_t i = 0; i < with->n && with->items[i].from < off->at; i++) {
		const struct interval *w = &with->items[i];
		int64_t from = w->from > off->from ? w->from : off->from, end = w->to < off->at ? w->to : off->at;
		if (end > from)
			*ARENA_PUSH(l->s->arena, to->items, to->n) = (struct interval){ from, end };
	}
}

/* The waits of a thread that others of its process feed. */
static struct intervals
waits_behind(struct loaders *l, uint32_t thread)
{
	const struct thread_log *log = &l->s->a->threads[thread];
	struct intervals waits = { 0 };
	for (size_t i = 0; i < log->n_off; i++) {
		const struct rec *off = tape_at(l->s->a->tape, log->off[i]);
		uint32_t by = woken_by(l, off);
		if (by != NOBODY && by != thread && pid_of(l, by) == pid_of(l, thread))
			add_overlaps(l, &waits, &l->fed[by], off);
	}
	return waits;
}

/* Of its threads the one that computes most; who is fed goes before who is not. */
static void
find_consumer(struct loaders *l, struct loader *of)
{
	int64_t most = -1;
	for (uint32_t i = 0; i < l->s->a->tape->n_threads; i++) {
		if (pid_of(l, i) != of->pid)
			continue;
		struct intervals waits = l->fed[i].n ? l->fed[i] : waits_behind(l, i);
		int64_t on = summary_on_cpu(l->s, i);
		if ((!waits.n && of->waits.n) || (!waits.n == !of->waits.n && on <= most))
			continue;
		most = on;
		of->consumer = i;
		of->waits = waits;
	}
	for (size_t i = 0; i < of->waits.n; i++)
		of->waited += of->waits.items[i].to - of->waits.items[i].from;
}

/* A worker that its family wakes had nothing to do, or no room for what it had done. */
static void
mark_orders(struct loaders *l, const struct loader *of)
{
	struct tape *t = l->s->a->tape;
	for (uint32_t i = 0; i < t->n_threads; i++) {
		const struct thread_log *log = &l->s->a->threads[i];
		for (size_t k = 0; tape_is_below(t, pid_of(l, i), of->pid) && k < log->n_off; k++) {
			struct rec *off = tape_at(t, log->off[k]);
			uint32_t by = woken_by(l, off);
			if (by == NOBODY || pid_of(l, by) == pid_of(l, i) ||
			    (pid_of(l, by) != of->pid && !tape_is_below(t, pid_of(l, by), of->pid)))
				continue;
			off->bytes = PART_NONE;
			off->name = tape_name(t, ORDER);
		}
	}
}

static int64_t
at_work(const struct loaders *l, uint32_t thread)
{
	const struct tape *t = l->s->a->tape;
	int64_t busy = 0;
	for (size_t i = 0; i < t->n_windows; i++)
		busy += paint_busy(l->s->a, thread, t->windows[i].from, t->windows[i].to);
	return busy;
}

/* The busiest thread of each process below. */
static void
find_workers(struct loaders *l, struct loader *of)
{
	const struct tape *t = l->s->a->tape;
	for (uint32_t i = 0; i < t->n_threads; i++) {
		size_t k = 0;
		if (!tape_is_below(t, pid_of(l, i), of->pid) || (!l->s->a->threads[i].n_off && !l->s->n_samples[i]))
			continue;
		while (k < of->n_workers && pid_of(l, of->workers[k]) != pid_of(l, i))
			k++;
		if (k == of->n_workers)
			*ARENA_PUSH(l->s->arena, of->workers, of->n_workers) = i;
		else if (at_work(l, i) > at_work(l, of->workers[k]))
			of->workers[k] = i;
	}
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int
longest_first(const void *left, const void *right)
{
	int64_t l = *(const int64_t *)left, r = *(const int64_t *)right;
	return l > r ? -1 : l < r;
}

/* What the consumer does outside of its waits. */
typedef void (*stretch_fn)(void *ctx, int64_t from, int64_t to);

static void
each_stretch(const struct loaders *l, const struct loader *of, stretch_fn visit, void *ctx)
{
	const struct tape *t = l->s->a->tape;
	size_t at = 0;
	for (size_t i = 0; i < t->n_windows; i++) {
		int64_t from = t->windows[i].from, to = t->windows[i].to;
		for (; at < of->waits.n && of->waits.items[at].from < to; at++) {
			if (of->waits.items[at].from > from)
				visit(ctx, from, of->waits.items[at].from);
			from = of->waits.items[at].to > from ? of->waits.items[at].to : from;
		}
		if (to > from)
			visit(ctx, from, to);
	}
}

struct lengths { struct arena *arena; int64_t *items; size_t n; int64_t sum; };

static void
note_length(void *ctx, int64_t from, int64_t to)
{
	struct lengths *w = ctx;
	*ARENA_PUSH(w->arena, w->items, w->n) = to - from;
	w->sum += to - from;
}

/* A process that is never late does not wait: then what it orders tells. */
static void
count_steps(struct loaders *l, struct loader *of)
{
	struct lengths w = { .arena = l->s->arena };
	int64_t sum = 0;
	each_stretch(l, of, note_length, &w);
	sort_list(w.items, w.n, sizeof(*w.items), longest_first);
	while (of->steps < w.n && (double)sum < WORK_IN_STEPS * (double)w.sum)
		sum += w.items[of->steps++];
	bool late = (double)of->waited > WAITED_MIN * tape_seconds(l->s->a->tape) * 1e9;
	if (!late && (size_t)of->orders > of->steps)
		of->steps = (size_t)of->orders;
}

/* ---- the record ----------------------------------------------------------------------------- */

static bool
is_one(const struct loaders *l, const struct loader *of)
{
	double worked = of->consumer == NOBODY ? 0 : (double)summary_on_cpu(l->s, of->consumer);
	return of->handovers >= HANDOVERS_MIN && of->n_workers && of->steps &&
	    worked >= WORKED_MIN * tape_seconds(l->s->a->tape) * 1e9;
}

/* Without what waits for orders, as long as anyone works. */
static struct ledger
only_work(struct loaders *l, const struct ledger *all)
{
	struct ledger work = { 0 };
	struct ledger_row *rows;
	uint32_t order = tape_name(l->s->a->tape, ORDER);
	size_t n = ledger_rows(all, l->s->arena, &rows);
	for (size_t i = 0; i < n; i++)
		if (rows[i].kind != PART_OTHER || rows[i].where != order)
			ledger_add(&work, rows[i].kind, rows[i].where, rows[i].ns);
	if (!work.rows.count)
		ledger_add_all(&work, all);
	return work;
}

/* What the workers did while they were waited for. */
static void
add_wait(struct loaders *l, const struct loader *of, const char *queue)
{
	struct summary *s = l->s;
	struct tally tally = { 0 };
	struct tally_ctx ctx = { s, &tally };
	struct canvas canvas = { .visit = tally_visit, .ctx = &ctx };
	size_t step = of->waits.n / PAINTED_MAX + 1;
	for (size_t i = 0; i < of->waits.n; i += step)
		for (size_t k = 0; k < of->n_workers; k++)
			paint_thread(s->a, of->workers[k], of->waits.items[i].from, of->waits.items[i].to, 0, &canvas);
	struct ledger work = only_work(l, &canvas.ledger);
	struct run_wait *out = RUN_ADD(s->r, wait, s->r->evidence.trace.waits, s->r->evidence.trace.n_waits);
	out->kind = PART_QUEUE;
	out->where = queue;
	out->waits = (int64_t)of->waits.n;
	out->seconds = ns_to_s(of->waited);
	out->mean_waiters = 1;
	summary_parts(s, &work, &tally, 0, &out->holder, &out->n_holder);
	ledger_done(&work);
	ledger_done(&canvas.ledger);
	map_done(&tally.functions);
}

struct painter { struct loaders *l; const struct loader *of; struct canvas canvas; };

static void
paint_work(void *ctx, int64_t from, int64_t to)
{
	struct painter *p = ctx;
	paint_thread(p->l->s->a, p->of->consumer, from, to, 0, &p->canvas);
}

/* Its steps as requests. */
static void
add_steps(struct loaders *l, const struct loader *of, const char *name, const char *queue)
{
	struct summary *s = l->s;
	struct run_trace *t = &s->r->evidence.trace;
	struct tally tally = { 0 };
	struct tally_ctx ctx = { s, &tally };
	struct painter p = { l, of, { .visit = tally_visit, .ctx = &ctx } };
	each_stretch(l, of, paint_work, &p);
	ledger_add(&p.canvas.ledger, PART_QUEUE, tape_name(s->a->tape, queue), of->waited);
	struct run_time *out = RUN_ADD(s->r, time, t->routes, t->n_routes);
	out->route = run_printf(s->r, "steps of %s (%d)", name, of->pid);
	out->scope = "all";
	out->requests = (int64_t)of->steps;
	out->seconds = tape_seconds(s->a->tape) / (double)of->steps;
	summary_parts(s, &p.canvas.ledger, &tally, (double)of->steps, &out->parts, &out->n_parts);
	t->requests += (int64_t)of->steps;
	ledger_done(&p.canvas.ledger);
	map_done(&tally.functions);
}

static void
add_loader(struct loaders *l, const struct loader *of)
{
	struct summary *s = l->s;
	struct run_trace *t = &s->r->evidence.trace;
	double whole = tape_seconds(s->a->tape) * 1e9, busy = 0;
	const char *name = s->a->tape->threads[of->consumer].name;
	for (size_t i = 0; i < s->r->system.n_processes; i++)
		if (s->r->system.processes[i].pid == of->pid && s->r->system.processes[i].name)
			name = s->r->system.processes[i].name;
	const char *queue = run_printf(s->r, "data loader of %s (%d)", name, of->pid);
	for (size_t i = 0; i < of->n_workers; i++)
		busy += (double)at_work(l, of->workers[i]) / whole;
	struct run_loader *out = RUN_ADD(s->r, loader, t->loaders, t->n_loaders);
	out->pid = of->pid;
	out->name = run_str(s->r, name);
	out->queue = queue;
	out->workers = (int64_t)of->n_workers;
	out->steps = (int64_t)of->steps;
	out->seconds = tape_seconds(s->a->tape) / (double)of->steps;
	out->waited = (double)of->waited / whole;
	out->busy = busy;
	out->orders = 1 - busy / (double)of->n_workers;
	add_steps(l, of, name, queue);
	if (of->waited)
		add_wait(l, of, queue);
}

static int
most_waited_first(const void *left, const void *right)
{
	const struct loader *l = left, *r = right;
	return l->waited > r->waited ? -1 : l->waited < r->waited;
}

void
summary_loaders(struct summary *s)
{
	struct loaders l = { .s = s };
	size_t added = 0;
	for (size_t i = 0; i < s->a->n_spans; i++)
		if (s->a->spans[i].complete)
			return;
	if (tape_seconds(s->a->tape) <= 0)
		return;
	l.fed = arena_alloc(s->arena, (s->a->tape->n_threads + 1) * sizeof(*l.fed));
	visit_waits(&l, meet);
	for (size_t i = 0; i < l.n; i++) {
		mark_orders(&l, &l.items[i]);
		find_consumer(&l, &l.items[i]);
		find_workers(&l, &l.items[i]);
		if (l.items[i].consumer != NOBODY)
			count_steps(&l, &l.items[i]);
	}
	sort_list(l.items, l.n, sizeof(*l.items), most_waited_first);
	for (size_t i = 0; i < l.n && added < LOADERS_MAX; i++)
		if (is_one(&l, &l.items[i])) {
			add_loader(&l, &l.items[i]);
			added++;
		}
}
