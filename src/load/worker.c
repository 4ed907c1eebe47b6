/* SPDX-License-Identifier: MIT */
/* The thread of a worker: sends what is due, sleeps until the next thing is, keeps the books. */
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "load/exchange.h"
#include "load/program.h"
#include "load/prompt.h"
#include "load/wire.h"

#define NAP_NS           (10 * NS_PER_US)   /* too short to sleep */
#define OVERSLEEP_MAX_NS (60 * NS_PER_US)   /* more is a busy host, where rising early is no cure */
#define HEARTBEAT_NS  (50 * NS_PER_MS)    /* looks at the flags at least so often */

/* A closed loop may gather answers so long. */
#define CLOSED_BATCH       24
#define CLOSED_PATIENCE_NS (50 * NS_PER_US)

/* Where it will sleep most of the time the worker runs promptly. It never spins, and it would use the same
 * CPU time in any case. A closed loop has no times to keep, and costs less when answers gather while it waits
 * its turn. */
#define PROMPT_RATE   50e3

/* Time this thread was ready and had no CPU, since it began; 0 where the kernel does not tell. */
static int64_t
thread_waited_ns(void)
{
	char text[96];
	long long ran, waited;

	if (file_peek(text, sizeof(text), "/proc/thread-self/schedstat") <= 0 ||
	    sscanf(text, "%lld %lld", &ran, &waited) != 2)
		return 0;
	return waited;
}

/* When the next request is due: at its time, or at the tick after it. */
static int64_t
due_ns(const struct worker *w)
{
	int64_t tick = w->task->tick_ns, at = w->next.at_ns;

	if (tick)
		at = (at + tick - 1) / tick * tick;
	return w->task->start_ns + at;
}

/* How patiently to wait. Answers carry the kernel's stamp, so that seeing them late costs no
 * truth; but a request that waits for a slot, or a closed loop, is held up by it. */
static struct engine_wait
patience(const struct worker *w, int64_t until_ns)
{
	struct engine_wait how = { .until_ns = until_ns, .batch = 1 };

	if (w->task->closed) {
		how.batch = w->n_busy / 2 < CLOSED_BATCH ? w->n_busy / 2 : CLOSED_BATCH;
		how.patience_ns = CLOSED_PATIENCE_NS;
	} else if (w->task->tick_ns && !w->exhausted) {
		how.batch = UINT32_MAX;
		how.patience_ns = w->task->tick_ns;
	}
	how.batch += !how.batch;
	return how;
}

/* Exact pace: wake up as early as waking is late, and pass the rest awake. */
static bool
is_exact(const struct worker *w)
{
	return !w->task->closed && !w->task->tick_ns && !w->task->spin && w->have_next && !w->exhausted;
}

/* About the lateness that nine of ten stay below: up fast, down slowly. */
static void
learn_oversleep(struct worker *w, int64_t aim_ns)
{
	int64_t more = now_ns() - aim_ns - w->oversleep_ns;

	if (now_ns() < aim_ns)     /* something came before */
		return;
	w->oversleep_ns += more > 0 ? more / 4 : more / 32;
	if (w->oversleep_ns > OVERSLEEP_MAX_NS)
		w->oversleep_ns = OVERSLEEP_MAX_NS;
}

static void
wait_until(struct worker *w, int64_t until_ns)
{
	bool exact = is_exact(w);
	int64_t aim = exact ? until_ns - w->oversleep_ns : until_ns;

	wire_flush(w);
	if (w->task->spin || (exact && aim < now_ns() + NAP_NS))
		aim = 0;
	struct engine_wait how = patience(w, aim);
	w->ops->wait(w->engine, &how);
	if (exact && aim)
		learn_oversleep(w, aim);
}

/* Make `next` the arrival after the one that has been sent. */
static void
advance(struct worker *w)
{
	if (!w->task->closed) {
		w->have_next = schedule_next(&w->reader, &w->next);
		return;
	}
	w->next.index++;
	w->next.route = schedule_route(w->task->schedule, w->next.index);
	w->next.seed = random_at(~w->program->seed, (uint64_t)w->next.index);
	w->left -= w->left > 0;
	w->have_next = w->left != 0;
}

/* The next request of a user in the middle of a flow. */
static bool
send_follower(struct worker *w, uint32_t session, int64_t due, int64_t now)
{
	struct session *s = &w->sessions.all[session];
	const struct demand d = {
		.route = w->program->flows[s->flow].steps[s->step].route, .session = session,
		.index = s->index, .seed = s->seed, .due_ns = due,
	};
	session_take(w);
	if (!exchange_begin(w, &d, now)) {
		session_wait(w, session);
		return false;
	}
	w->followers += s->asked++ > 0;
	return true;
}

/* Users in a closed loop are as many as its connections: those who pause count. */
static bool
may_arrive(const struct worker *w)
{
	return !w->task->closed || w->sessions.active < w->limit;
}

/* The first request of an arrival. A flow of several begins a session, which then waits to send. */
static bool
send_arrival(struct worker *w, int64_t now)
{
	const struct flow *f = &w->program->flows[w->next.route];
	const struct demand d = {
		.route = f->steps[0].route, .session = NO_SESSION, .index = w->next.index,
		.seed = w->next.seed, .due_ns = due_ns(w),
	};
	if (f->is_single)
		return exchange_begin(w, &d, now);
	if (!may_arrive(w) || !session_begin(w, &w->next, d.due_ns))
		return false;
	return true;
}

/* One request that is due, the earliest; false: there is none, or no slot for it. */
static bool
send_one(struct worker *w, int64_t now, int64_t before_ns)
{
	int64_t due;
	uint32_t session = session_earliest(w, &due);
	bool arrives = w->have_next && due_ns(w) <= now && w->next.at_ns < before_ns;

	if (session != NO_SESSION && due <= now && due - w->task->start_ns < before_ns &&
	    (!arrives || due <= due_ns(w)))
		return send_follower(w, session, due, now);
	if (!arrives || !send_arrival(w, now))
		return false;
	advance(w);
	return true;
}

static void
send_due(struct worker *w, int64_t now, int64_t before_ns)
{
	for (uint32_t n = 0; n <= w->limit; n++) {
		if (w->task->closed)
			w->next.at_ns = now - w->task->start_ns;
		if (!send_one(w, now, before_ns))
			return;
		now = now_ns();
	}
}

static void
hand_over(struct worker *w, int64_t slice)
{
	pthread_mutex_lock(&w->lock);
	w->tally->next = w->handed;
	w->handed = w->tally;
	pthread_mutex_unlock(&w->lock);
	w->tally = tally_new(w->program->n_routes);
	w->tally->slice = slice;
}

struct tally *
worker_take(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	struct tally *t = w->handed;
	w->handed = NULL;
	pthread_mutex_unlock(&w->lock);
	return t;
}

static bool
is_over(struct worker *w, int64_t now)
{
	const struct worker_task *k = w->task;
	bool bounded = k->closed ? k->at_most > 0 : k->schedule->at_most > 0;

	if (now >= k->start_ns + k->for_ns || atomic_load(&w->stop) || atomic_load(&w->gone))
		return true;
	if (bounded && !w->have_next && !w->n_busy && !w->sessions.n_heap)
		return true;
	w->gave_up = k->behind_ns && !k->closed && w->have_next && now - due_ns(w) > k->behind_ns;
	return w->gave_up;
}

static int64_t
next_wake(const struct worker *w, int64_t now, int64_t end)
{
	int64_t wake = now + HEARTBEAT_NS, deadline = exchange_deadline(w), follower;

	session_earliest(w, &follower);
	if (end < wake)
		wake = end;
	if (deadline < wake)
		wake = deadline;
	if (follower < wake && !w->exhausted)
		wake = follower;
	if (!w->have_next || w->exhausted || w->task->closed)
		return wake;
	return due_ns(w) < wake ? due_ns(w) : wake;
}

/* The window: requests are offered. */
static void
offer(struct worker *w)
{
	int64_t start = w->task->start_ns, end = start + w->task->for_ns;
	int64_t now = now_ns();

	while (!is_over(w, now)) {
		int64_t slice = (now - start) / TALLY_SLICE_NS;
		if (slice > w->tally->slice)
			hand_over(w, slice);
		exchange_expire(w, now);
		send_due(w, now, INT64_MAX);
		wait_until(w, next_wake(w, now_ns(), end));
		now = now_ns();
	}
	w->window_ns = now < end ? now - start : w->task->for_ns;
}

static bool
is_due_in_window(const struct worker *w)
{
	int64_t follower;

	session_earliest(w, &follower);
	return (w->have_next && w->next.at_ns < w->window_ns) ||
	    follower < w->task->start_ns + w->window_ns;
}

/* After the window: what was due in it is still sent, and the last answers are waited for. */
static void
drain(struct worker *w)
{
	int64_t now = now_ns(), end = now + w->task->drain_ns;
	bool send = !w->task->closed && !w->gave_up && !atomic_load(&w->stop) && !atomic_load(&w->gone);

	hand_over(w, TALLY_DRAIN);
	if (w->task->closed)
		w->have_next = false;
	while (now < end && (w->n_busy || (send && is_due_in_window(w)))) {
		exchange_expire(w, now);
		if (send)
			send_due(w, now, w->window_ns);
		wait_until(w, next_wake(w, now_ns(), end));
		now = now_ns();
		send = send && !atomic_load(&w->stop);
	}
}

/* How many arrivals of this worker were due in the window: asked of the schedule once more, so that
 * the identity scheduled = sent + unsent is a check and not a definition. */
static int64_t
count_scheduled(const struct worker *w)
{
	return schedule_share(schedule_count(w->task->schedule, w->window_ns), w->number,
	    w->task->workers);
}

static uint32_t
first_route(const struct worker *w, uint32_t flow)
{
	const struct flow *f = &w->program->flows[flow];
	size_t i = 0;

	while (f->steps[i].is_pause)
		i++;
	return f->steps[i].route;
}

/* Users in the middle of their flows go home. A request that was due is unsent; a first one that
 * was not due yet belongs to an arrival that has been counted. Returns how many of these. */
static int64_t
dismiss_users(struct worker *w, int64_t now)
{
	int64_t end = w->task->start_ns + w->window_ns, postponed = 0, due;

	for (uint32_t i; (i = session_earliest(w, &due)) != NO_SESSION;) {
		const struct session *s = &w->sessions.all[i];
		session_take(w);
		if (due < end) {
			tally_open_end(w->tally, w->program->flows[s->flow].steps[s->step].route, OUTCOMES,
			    now - due);
			w->unsent++;
			w->followers += s->asked > 0;
		} else {
			postponed += s->asked == 0;
		}
		session_end(w, i);
	}
	return postponed;
}

static void
close_books(struct worker *w)
{
	int64_t now = now_ns();

	exchange_abandon(w, now);
	int64_t postponed = dismiss_users(w, now);
	for (; w->have_next && w->next.at_ns < w->window_ns; advance(w)) {
		tally_open_end(w->tally, first_route(w, w->next.route), OUTCOMES, now - due_ns(w));
		w->unsent++;
	}
	if (!w->task->closed)
		w->tally->scheduled = count_scheduled(w) + w->followers - postponed;
	hand_over(w, TALLY_DRAIN);
}

static uint32_t
count_conns(const struct worker *w, bool ready)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->max_conns; i++)
		n += ready ? w->conns[i].state == CONN_READY : w->conns[i].state != CONN_CLOSED;
	return n;
}

/* Make connections and ask nothing. One that fails is not tried again. */
static void
connect_all(struct worker *w)
{
	uint32_t want = w->limit / w->depth, open = count_conns(w, false);
	int64_t end = w->task->start_ns + w->task->for_ns, now;

	for (uint32_t i = 0; i < w->max_conns && open < want; i++)
		if (w->conns[i].state == CONN_CLOSED) {
			wire_connect(w, i, now_ns());
			open++;
		}
	while ((now = now_ns()) < end && !atomic_load(&w->stop) &&
	    count_conns(w, true) < count_conns(w, false))
		wait_until(w, now + HEARTBEAT_NS < end ? now + HEARTBEAT_NS : end);
}

/* Offer what is due, and end with closed books. */
static void
measure(struct worker *w)
{
	int64_t cpu = thread_cpu_ns(), waited = thread_waited_ns();

	offer(w);
	w->cpu_ns = thread_cpu_ns() - cpu;
	w->waited_ns = thread_waited_ns() - waited;
	drain(w);
	close_books(w);
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	prctl(PR_SET_TIMERSLACK, 1);
	if (!w->task->closed && w->task->rate < PROMPT_RATE)
		prompt_thread();
	wait_until(w, 0);               /* hear which idle connections were closed meanwhile */
	int64_t now;
	while ((now = now_ns()) < w->task->start_ns && !atomic_load(&w->stop))
		wait_until(w, w->task->start_ns);
	if (w->task->connect)
		connect_all(w);
	else
		measure(w);
	tally_free(w->tally);
	w->tally = NULL;
	w->total_cpu_ns = thread_cpu_ns();
	atomic_store(&w->running, false);
	return NULL;
}

int
worker_start(struct worker *w, const struct worker_task *task, int64_t number, uint32_t conns)
{
	w->task = task;
	w->number = number;
	w->limit = (conns < w->max_conns ? conns : w->max_conns) * w->depth;
	w->left = task->at_most ? task->at_most / task->workers + (number < task->at_most % task->workers)
	    : -1;
	w->next = (struct arrival){ .index = -1 };
	w->freed_ns = w->window_ns = w->cpu_ns = w->total_cpu_ns = w->unsent = w->refusals = 0;
	w->followers = 0;
	w->exhausted = w->gave_up = false;
	w->rotate = task->rotate;
	w->out_of = 0;
	w->first_error[0] = '\0';
	w->tally = tally_new(w->program->n_routes);
	atomic_store(&w->stop, false);
	atomic_store(&w->gone, false);
	atomic_store(&w->done, 0);
	atomic_store(&w->errors, 0);
	if (!task->closed)
		w->reader = schedule_read(task->schedule, number, task->workers);
	else
		w->left += w->left > 0;           /* the first advance sends nothing */
	if (!task->connect)
		advance(w);
	atomic_store(&w->running, true);
	int code = pthread_create(&w->thread, NULL, worker_main, w);
	if (code) {
		tally_free(w->tally);
		atomic_store(&w->running, false);
	}
	return -code;
}

void
worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
}
