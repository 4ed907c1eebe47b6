/* SPDX-License-Identifier: MIT */
#include "gate/compress/squeeze.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/compress/compressor.h"
#include "gate/compress/making.h"
#include "gate/gate_int.h"

#define QUEUE_MAX  32
#define HITS_LEAST 3                 /* of the object and of its form: as many as the store counts */
#define FRESH_S    60                /* what is of use for less is not worth the trouble */
#define RESTS      9                 /* for each second of work: a tenth of a processor */
#define PIECE      ((uint64_t)64 << 10)
#define NICE_MOST  19

struct squeeze_job {
	struct squeeze_job *next;
	struct gate_worker *w;               /* who asked */
	const struct store_object *object;   /* held */
	enum coding coding;
	struct buf out;                      /* empty: it failed */
};

struct squeeze {
	struct gate *gate;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;            /* of the queue; workers only try it */
	struct squeeze_job *first, **end;
	uint32_t n;
	const struct store_object *busy; /* with this one; NULL: none. Not to be looked into */
	sem_t work, ending;
	atomic_bool ends;
};

/* ---- jobs ------------------------------------------------------------------------------------ */

static void
job_free(struct squeeze_job *job)
{
	store_release(job->w->store, job->object);
	buf_done(&job->out);
	free(job);
}

/* With the lock. */
static bool
is_queued(const struct squeeze *s, const struct store_object *o, enum coding coding)
{
	if (s->busy == o)
		return true;
	for (const struct squeeze_job *job = s->first; job; job = job->next)
		if (job->object == o && job->coding == coding)
			return true;
	return false;
}

/* With the lock. */
static bool
enqueue(struct squeeze *s, struct gate_worker *w, const struct store_object *o, enum coding coding)
{
	if (s->n == QUEUE_MAX || is_queued(s, o, coding))
		return false;
	struct squeeze_job *job = calloc(1, sizeof(*job));
	if (!job)
		return false;
	*job = (struct squeeze_job){ .w = w, .object = o, .coding = coding };
	store_hold(o);
	*s->end = job;
	s->end = &job->next;
	s->n++;
	return true;
}

static struct squeeze_job *
dequeue(struct squeeze *s)
{
	pthread_mutex_lock(&s->lock);
	struct squeeze_job *job = s->first;
	if (job) {
		s->first = job->next;
		s->n--;
		if (!s->first)
			s->end = &s->first;
	}
	s->busy = job ? job->object : NULL;
	pthread_mutex_unlock(&s->lock);
	return job;
}

/* What was made is in the store by now. */
static void
not_busy(struct squeeze *s)
{
	pthread_mutex_lock(&s->lock);
	s->busy = NULL;
	pthread_mutex_unlock(&s->lock);
}

static bool
is_hot(const struct store_object *o, const struct store_object *form)
{
	return store_form_note(form) >= HITS_LEAST && store_hits(o) >= HITS_LEAST;
}

static bool
is_fit(const struct gate_worker *w, const struct store_object *o, const struct cache_terms *t)
{
	uint64_t bytes;

	return cache_ttl_s(t, gate_wall_ns(w)) >= FRESH_S &&
	    store_body(w->store, o, &bytes) == STORE_WHOLE && bytes <= SQUEEZE_BODY_MAX;
}

void
squeeze_note(const struct inquiry *q, const struct store_object *o, const struct store_object *form,
    enum coding best, const struct cache_terms *t)
{
	struct gate_worker *w = q->w;
	struct squeeze *s = w->gate->squeeze;

	if (!s || !q->route->compress.recompress || w->draining || !is_hot(o, form) || !is_fit(w, o, t) ||
	    pthread_mutex_trylock(&s->lock))
		return;
	bool queued = enqueue(s, w, o, best);
	pthread_mutex_unlock(&s->lock);
	if (queued)
		sem_post(&s->work);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static int64_t
own_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* A compressor of its own each time: those of the highest levels are not small. */
static bool
compress(struct squeeze *s, struct squeeze_job *job, struct compressor *c)
{
	struct store_cursor cursor = { 0 };
	struct iovec v;

	while (store_read(job->w->store, job->object, &cursor, &v, 1, PIECE))
		if (atomic_load(&s->ends) || compressor_feed(c, v.iov_base, v.iov_len, COMPRESS_MORE, &job->out) < 0)
			return false;
	return compressor_feed(c, "", 0, COMPRESS_FINISH, &job->out) == 0;
}

static void
work(struct squeeze *s, struct squeeze_job *job)
{
	struct shelf *shelf = shelf_new();
	struct compressor *c = compressor_take(shelf, job->coding, COMPRESS_LASTING);

	if (!c || !compress(s, job, c))
		buf_clear(&job->out);
	compressor_give(shelf, c);
	shelf_free(shelf);
}

/* To the worker that asked. */
static void
hand_over(struct squeeze_job *job)
{
	struct gate_worker *w = job->w;
	struct squeeze_job *first = atomic_load(&w->squeezed);

	do
		job->next = first;
	while (!atomic_compare_exchange_weak(&w->squeezed, &first, job));
	w->ops->wake(w->engine);
}

static void
rest(struct squeeze *s, int64_t ns)
{
	int64_t until = now_ns() + ns;
	struct timespec at = { until / NS_PER_S, until % NS_PER_S };

	while (!atomic_load(&s->ends) && now_ns() < until)
		sem_clockwait(&s->ending, CLOCK_MONOTONIC, &at);
}

static void *
run(void *arg)
{
	struct squeeze *s = arg;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_MOST);
	while (!atomic_load(&s->ends)) {
		struct squeeze_job *job;
		if (sem_wait(&s->work) || !(job = dequeue(s)))
			continue;
		int64_t before = own_cpu_ns();
		work(s, job);
		hand_over(job);
		rest(s, RESTS * (own_cpu_ns() - before));
		not_busy(s);
	}
	return NULL;
}

/* ---- what was made --------------------------------------------------------------------------- */

static void
put(struct gate_worker *w, const struct squeeze_job *job)
{
	struct store_object *form = job->out.size ? store_form_begin(w->store, (int64_t)job->out.size) : NULL;

	if (!form)
		return;
	if (store_form_append(w->store, form, job->out.data, job->out.size) < 0) {
		store_form_drop(w->store, form);
		return;
	}
	if (form_put(w, job->object, job->coding, form, true))
		metrics_add(w->metrics, METRIC_RECOMPRESSED, job->coding, 1);
	store_release(w->store, form);
}

void
squeeze_turn(struct gate_worker *w)
{
	if (!atomic_load_explicit(&w->squeezed, memory_order_relaxed))
		return;
	struct squeeze_job *job = atomic_exchange(&w->squeezed, NULL);
	for (struct squeeze_job *next; job; job = next) {
		next = job->next;
		put(w, job);
		job_free(job);
	}
}

/* ---- its life -------------------------------------------------------------------------------- */

static bool
is_wanted(const struct gate_config *c)
{
	for (size_t i = 0; i < c->n_routes; i++)
		if (c->routes[i].cache.enabled && c->routes[i].compress.enabled && c->routes[i].compress.recompress)
			return true;
	return false;
}

int
squeeze_open(struct gate *g, struct err *e)
{
	if (!is_wanted(g->config))
		return 0;
	struct squeeze *s = g->squeeze = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	s->gate = g;
	s->end = &s->first;
	pthread_mutex_init(&s->lock, NULL);
	sem_init(&s->work, 0, 0);
	sem_init(&s->ending, 0, 0);
	int code = pthread_create(&s->thread, NULL, run, s);
	s->started = !code;
	return code ? err_set(e, code, "cannot start the thread that compresses: %s", strerror(code)) : 0;
}

void
squeeze_stop(struct squeeze *s)
{
	if (!s || !s->started)
		return;
	atomic_store(&s->ends, true);
	sem_post(&s->work);
	sem_post(&s->ending);
	pthread_join(s->thread, NULL);
	s->started = false;
}

void
squeeze_close(struct squeeze *s)
{
	if (!s)
		return;
	for (struct squeeze_job *job; (job = dequeue(s)); )
		job_free(job);
	for (uint32_t i = 0; s->gate->workers && i < s->gate->n_workers; i++)
		squeeze_turn(&s->gate->workers[i].w);
	sem_destroy(&s->work);
	sem_destroy(&s->ending);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
