/* SPDX-License-Identifier: MIT */
#include "gate/warm/warm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/warm/events.h"
#include "gate/warm/warm_int.h"

#define PAUSE_NS  (100 * NS_PER_MS)   /* after an upstream was found busy */
#define LOOK_NS   (1 * NS_PER_S)      /* sleeps at most so long */
#define SOON_NS   (5 * NS_PER_MS)     /* while all that may be are under way */
#define SAVE_NS   (60 * NS_PER_S)

/* ---- the queue ------------------------------------------------------------------------------- */

/* NULL: out of memory, or the text is too long. */
static struct warm_job *
job_new(enum warm_why why, struct text item)
{
	struct warm_job *job = item.size <= POPULAR_TEXT_MAX ? malloc(sizeof(*job) + item.size) : NULL;

	if (!job)
		return NULL;
	*job = (struct warm_job){ .why = why, .size = (uint16_t)item.size };
	memcpy(job->item, item.at, item.size);
	return job;
}

static void
list_put(struct warm_list *l, struct warm_job *job)
{
	job->next = NULL;
	*l->end = job;
	l->end = &job->next;
	l->n++;
}

static struct warm_job *
list_take(struct warm_list *l)
{
	struct warm_job *job = l->first;

	if (!job)
		return NULL;
	l->first = job->next;
	if (!l->first)
		l->end = &l->first;
	l->n--;
	return job;
}

/* With the lock. */
static void
put_job(struct warm *warm, struct warm_job *job)
{
	list_put(&warm->jobs, job);
	atomic_store(&warm->n_jobs, warm->jobs.n);
}

static bool
add(struct warm *warm, struct warm_list *to, struct warm_job *job)
{
	if (!job)
		return false;
	pthread_mutex_lock(&warm->lock);
	bool room = to->n < WARM_QUEUE_MAX;
	if (room && to == &warm->jobs)
		put_job(warm, job);
	else if (room)
		list_put(to, job);
	pthread_cond_signal(&warm->wake);
	pthread_mutex_unlock(&warm->lock);
	if (!room) {
		free(job);
		atomic_fetch_add(&warm->lost, 1);
	}
	return room;
}

bool
warm_ask(struct warm *warm, enum warm_why why, struct text item)
{
	return add(warm, &warm->jobs, job_new(why, item));
}

void
warm_updated(struct warm *warm, struct text uri, bool stored)
{
	if (warm && (warm->config->cascade || warm->config->warm_related))
		add(warm, &warm->updates, job_new(stored ? WARM_UPDATE : WARM_NOT, uri));
}

void
warm_give_back(struct warm *warm, struct warm_job *job)
{
	pthread_mutex_lock(&warm->lock);
	put_job(warm, job);
	warm->pause_until_ns = now_ns() + PAUSE_NS;
	pthread_mutex_unlock(&warm->lock);
	atomic_fetch_sub(&warm->in_flight, 1);
}

void
warm_ended(struct warm *warm)
{
	atomic_fetch_sub(&warm->in_flight, 1);
	if (atomic_load(&warm->n_jobs))
		pthread_cond_signal(&warm->wake);
}

int64_t
warm_waiting(struct warm *warm)
{
	return atomic_load(&warm->n_jobs);
}

struct metrics *
warm_metrics(struct warm *warm)
{
	return warm->metrics;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* With the lock. When the next job may be handed out; INT64_MAX: there is none. */
static int64_t
next_job_ns(const struct warm *warm, int64_t now)
{
	if (!warm->jobs.n)
		return INT64_MAX;
	if (atomic_load(&warm->in_flight) >= warm->config->concurrency)
		return now + SOON_NS;
	return warm->next_ns > warm->pause_until_ns ? warm->next_ns : warm->pause_until_ns;
}

static void
hand_out(struct warm *warm, struct warm_job *job, int64_t now)
{
	int64_t interval_ns = (int64_t)(1e9 / warm->config->rate_per_s);

	warm->next_ns = (warm->next_ns > now ? warm->next_ns : now) + interval_ns;
	atomic_fetch_add(&warm->in_flight, 1);
	warm->worker = (warm->worker + 1) % warm->gate->n_workers;
	warm_side_give(&warm->gate->workers[warm->worker].w, job);
}

static void
drop_full(struct warm *warm, struct warm_job *job)
{
	atomic_fetch_add(&warm->lost, 1);
	free(job);
}

static void
by_the_clock(struct warm *warm, int64_t now)
{
	int64_t wall_s = wall_ns() / NS_PER_S;

	if (warm->preload_s && wall_s >= warm->preload_s) {
		warm->preload_s = cron_next(&warm->cron, wall_s, warm->config->utc);
		warm_preload(warm);
	}
	if (warm->save_ns && now >= warm->save_ns) {
		warm->save_ns = now + SAVE_NS;
		warm_popular_save(warm);
	}
	int64_t lost = atomic_exchange(&warm->lost, 0);
	metrics_add(warm->metrics, METRIC_WARM_SKIPPED, WARM_SKIP_QUEUE - 1, lost);
}

static void
sleep_until(struct warm *warm, int64_t until_ns)
{
	struct timespec at = { until_ns / NS_PER_S, until_ns % NS_PER_S };
	pthread_cond_timedwait(&warm->wake, &warm->lock, &at);
}

/* With the lock, which it gives up while it does something. */
static void
step(struct warm *warm)
{
	int64_t now = now_ns(), due = next_job_ns(warm, now);
	struct warm_job *update = list_take(&warm->updates);
	struct warm_job *job = !update && due <= now ? list_take(&warm->jobs) : NULL;

	atomic_store(&warm->n_jobs, warm->jobs.n);
	if (!update && !job)
		sleep_until(warm, due < now + LOOK_NS ? due : now + LOOK_NS);
	pthread_mutex_unlock(&warm->lock);
	if (update)
		events_updated(warm->gate, (struct text){ update->item, update->size }, update->why == WARM_UPDATE);
	free(update);
	if (job && warm_has_room(warm, job))
		hand_out(warm, job, now);
	else if (job)
		drop_full(warm, job);
	by_the_clock(warm, now);
	pthread_mutex_lock(&warm->lock);
}

static void *
run(void *ctx)
{
	struct warm *warm = ctx;

	if (warm->config->preload_popular)
		warm_preload(warm);
	pthread_mutex_lock(&warm->lock);
	while (!warm->ending)
		step(warm);
	pthread_mutex_unlock(&warm->lock);
	if (warm->config->state)
		warm_popular_save(warm);
	return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool
is_wanted(const struct gate_warming *c)
{
	return c->learn_popular || c->preload_popular || c->warm_related || c->cascade || c->ttl_refresh ||
	    c->redis.url || c->postgres.url;
}

static struct warm *
make(struct gate *gate)
{
	struct warm *warm = calloc(1, sizeof(*warm));
	pthread_condattr_t monotonic;

	if (!warm)
		abort();
	*warm = (struct warm){ .gate = gate, .config = &gate->config->warming,
		.metrics = metrics_new(gate->config), .jobs.end = &warm->jobs.first,
		.updates.end = &warm->updates.first };
	pthread_mutex_init(&warm->lock, NULL);
	pthread_mutex_init(&warm->popular_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&warm->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return warm;
}

int
warm_open(struct gate *gate, struct text learned, struct err *e)
{
	if (!is_wanted(&gate->config->warming))
		return 0;
	struct warm *warm = gate->warm = make(gate);
	int code = warm_popular_open(warm, learned, e);
	if (code == 0 && warm->config->schedule) {
		code = cron_parse(warm->config->schedule, &warm->cron, e);
		warm->preload_s = cron_next(&warm->cron, wall_ns() / NS_PER_S, warm->config->utc);
	}
	if (warm->config->state)
		warm->save_ns = now_ns() + SAVE_NS;
	if (code == 0) {
		int failed = pthread_create(&warm->thread, NULL, run, warm);
		warm->started = !failed;
		if (failed)
			code = err_set(e, failed, "cannot start the thread that warms: %s", strerror(failed));
	}
	return code;
}

void
warm_leave(struct warm *warm)
{
	if (!warm)
		return;
	pthread_mutex_lock(&warm->lock);
	warm->ending = true;
	pthread_cond_signal(&warm->wake);
	pthread_mutex_unlock(&warm->lock);
}

void
warm_stop(struct warm *warm)
{
	warm_leave(warm);
	if (!warm || !warm->started)
		return;
	pthread_join(warm->thread, NULL);
	warm->started = false;
}

static void
drop_list(struct warm_list *l)
{
	for (struct warm_job *job; (job = list_take(l));)
		free(job);
}

void
warm_close(struct warm *warm)
{
	if (!warm)
		return;
	warm_stop(warm);
	drop_list(&warm->jobs);
	drop_list(&warm->updates);
	popular_free(warm->popular);
	metrics_free(warm->metrics);
	pthread_mutex_destroy(&warm->lock);
	pthread_mutex_destroy(&warm->popular_lock);
	pthread_cond_destroy(&warm->wake);
	free(warm);
}
