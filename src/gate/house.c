/* SPDX-License-Identifier: MIT */
#include "gate/house.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/same.h"
#include "base/stop.h"
#include "cache/terms.h"
#include "gate/admin/access_log.h"
#include "gate/admin/admin.h"
#include "gate/admin/metrics_server.h"
#include "gate/admin/systemd.h"
#include "gate/front/certificates.h"
#include "gate/purge/cdn.h"
#include "gate/warm/events.h"
#include "gate/warm/warm.h"

#define DRAIN_NS     (10 * NS_PER_S)       /* for requests that are under way at the end */
#define LOOK_NS      (50 * NS_PER_MS)      /* how often signals and orders are looked for */
#define TELL_NS      (5 * NS_PER_S)        /* at the end, for a successor to take what it is told */
#define STORE_SEATS  32                    /* of threads that are no workers */

/* ---- signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t reopen_asked, reload_asked, upgrade_asked;

static void
on_signal(int signal)
{
	if (signal == SIGUSR1)
		reopen_asked = 1;
	else if (signal == SIGUSR2)
		upgrade_asked = 1;
	else
		reload_asked = 1;
}

/* SIGUSR1 also where there is no log: who rotates the logs of a machine is not to end the gate. */
static void
install_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGUSR2, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	signal(SIGXFSZ, SIG_IGN);   /* a log that may not grow is one that cannot be written */
}

static bool
has_terminal(void)
{
	CLEANUP(fd_close_p) int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return fd >= 0;
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Of the terms beside each object (fill.c): what a successor must read alike. */
static uint64_t
terms_layout(void)
{
	const uint64_t sizes[] = { sizeof(struct cache_terms), offsetof(struct cache_terms, flags) };
	return XXH3_64bits(sizes, sizeof(sizes));
}

/* That of the gate before, if it fits; else an empty one. */
static int
open_store(struct house *h, const struct gate_config *c, const struct upgrade_gift *gift, struct err *e)
{
	struct store_settings settings = {
		.limit_bytes = (size_t)c->cache.memory_bytes,
		.max_workers = gate_count_workers(c) * (HOUSE_LEAVING_MAX + 1) + STORE_SEATS,
		.max_body_bytes = (uint64_t)c->cache.object_bytes,
		.memory = &h->memory, .terms_layout = terms_layout(),
	};
	struct err other = { 0 };
	char text[sizeof(other.text) + 64];

	h->memory = gift->store;
	h->heard = (struct gate_heard){ gift->heard_seen, gift->heard_since_ns };
	h->shares_store = h->memory >= 0 && store_attach(&settings, &h->store, &other) == 0;
	if (h->shares_store)
		return 0;
	h->heard = (struct gate_heard){ .since_ns = wall_ns() };
	if (h->memory >= 0) {
		snprintf(text, sizeof(text), "the cache begins empty, that of the gate before is of no use: %s",
		    other.text);
		h->talk->say(h->talk->ctx, text);
		close(h->memory);
	}
	h->memory = memfd_create("prony store", MFD_CLOEXEC);
	return store_new(&settings, &h->store, e);
}

/* The text of the file in force. With the lock, once others look. */
static void
note_config(struct house *h, struct buf *text)
{
	buf_done(&h->config_text);
	h->config_text = *text;
	*text = (struct buf){ 0 };
	snprintf(h->config_hash, sizeof(h->config_hash), "%016" PRIx64,
	    XXH3_64bits(buf_text(&h->config_text), h->config_text.size));
	h->loaded_wall_ns = wall_ns();
}

void
house_write_metrics(struct house *h, struct buf *out)
{
	struct metrics *more = metrics_new(h->gate->config);

	if (h->gone)
		metrics_carry(&h->gone, 1, more, false);
	for (size_t i = 0; i < h->n_leaving; i++)
		metrics_carry(h->leaving[i]->all_metrics, h->leaving[i]->n_metrics, more, true);
	gate_metrics_write(h->gate, more, out);
	metrics_free(more);
}

static void
write_metrics(void *ctx, struct buf *out)
{
	struct house *h = ctx;

	pthread_mutex_lock(&h->lock);
	house_write_metrics(h, out);
	pthread_mutex_unlock(&h->lock);
}

/* Where the configuration in force wants them. */
static int
open_metrics(struct house *h, struct err *e)
{
	const struct gate_address *at = &h->gate->config->metrics;
	int fd = -1, code = at->host ? listen_take(&h->sockets, at, LISTEN_METRICS, &fd, e) : 0;

	if (code < 0 || fd == h->metrics_fd)
		return code;
	metrics_server_close(h->metrics);
	h->metrics = NULL;
	h->metrics_fd = fd;
	return fd < 0 ? 0 : metrics_server_open(fd, write_metrics, h, &h->metrics, e);
}

static int
open_gate(struct house *h, const struct gate_config *c, struct arena *own, const struct buf *learned,
    struct gate **ret, struct err *e)
{
	struct gate_lasting lasting = h->lasting;

	lasting.learned = (struct text){ learned->data, learned->size };
	listen_want_none(&h->sockets);
	return gate_open(c, own, &lasting, ++h->generation, ret, e);
}

/* To who started it: the gate before, or systemd, for which the process is another one from now on. */
static void
say_ready(struct house *h)
{
	char text[64];

	snprintf(text, sizeof(text), "READY=1\nMAINPID=%d", (int)getpid());
	systemd_tell(text);
	upgrade_say_ready(&h->link);
	listen_close_unwanted(&h->sockets);
}

static int
begin(struct house *h, const struct gate_config *c, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct err unread = { 0 };
	CLEANUP(upgrade_gift_done) struct upgrade_gift gift = { 0 };
	int code = upgrade_receive(&h->sockets, &gift, &h->link, e);

	h->generation = gift.generation;
	h->first_generation = gift.generation + 1;
	if (gift.tells_of_events)
		event_places_take(&h->places, &gift.events);
	if (code == 0)
		code = open_store(h, c, &gift, e);
	if (code == 0)
		code = purge_desk_open(h->store, c->purge_log, &h->purges, e);
	h->lasting = (struct gate_lasting){ h->store, h->purges, &h->sockets, &h->notices, &h->heard,
		&h->places };
	file_read(c->file, NODE_FILE_MAX, &text, &unread);
	note_config(h, &text);
	if (code == 0)
		code = open_gate(h, c, NULL, &gift.learned, &h->gate, e);
	if (code == 0)
		code = open_metrics(h, e);
	if (code == 0)
		code = cdns_open(c, purge_desk_log(h->purges), NULL, &h->cdns, e);
	if (code == 0 && c->admin)
		code = admin_open(h, c->admin, gift.admin, &h->admin, e);
	if (code == 0 && h->link.fd >= 0)
		events_await(h->gate->events);   /* the process before stops listening */
	if (code == 0)
		say_ready(h);
	return code;
}

static void
tell(const struct house *h)
{
	const struct gate *g = h->gate;
	CLEANUP(buf_done) struct buf b = { 0 };
	struct addr a;
	char text[ADDR_TEXT_MAX];

	buf_puts(&b, "listens on ");
	for (size_t i = 0; i < g->config->n_listens; i++)
		if (addr_of_socket(g->workers[0].listeners[i], &a) == 0)
			buf_printf(&b, "%s%s%s", i ? ", " : "", addr_format(&a, text),
			    g->config->listens[i].n_certificates ? " (TLS)" : "");
	buf_printf(&b, " with %u worker%s on %s", g->n_workers, g->n_workers == 1 ? "" : "s",
	    g->workers[0].w.ops->name);
	h->talk->say(h->talk->ctx, buf_text(&b));
}

/* ---- a new configuration --------------------------------------------------------------------- */

/* What only a start can change. */
static void
note_lasting(const struct gate_config *first, const struct gate_config *c, struct buf *notes)
{
	const struct { const char *key; bool same; } keys[] = {
		{ "cache: memory", first->cache.memory_bytes == c->cache.memory_bytes },
		{ "cache: max_object", first->cache.object_bytes == c->cache.object_bytes },
		{ "admin", text_same(first->admin, c->admin) },
		{ "purge_log", text_same(first->purge_log, c->purge_log) },
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!keys[i].same)
			buf_printf(notes, "%s stays as it was until the gate is restarted\n", keys[i].key);
}

/* Counters go on over a new configuration. */
static void
keep_counts(struct house *h, const struct gate_config *c)
{
	struct metrics *gone = metrics_new(c);

	if (h->gone)
		metrics_carry(&h->gone, 1, gone, false);
	metrics_free(h->gone);
	h->gone = gone;
}

/* `next` serves from now on. */
static void
replace(struct house *h, struct gate *next, struct buf *text)
{
	pthread_mutex_lock(&h->lock);
	h->leaving[h->n_leaving++] = h->gate;
	gate_drain(h->gate, GATE_LEAVES, now_ns() + HOUSE_LEAVE_NS);
	h->gate = next;
	keep_counts(h, next->config);
	note_config(h, text);
	h->n_reloads++;
	pthread_mutex_unlock(&h->lock);
}

/* What was wanted before is wanted again. */
static void
take_sockets_back(struct house *h)
{
	struct err e = { 0 };
	const struct gate *g = h->gate;
	int fd;

	listen_want_none(&h->sockets);
	for (size_t i = 0; i < g->config->n_listens; i++)
		for (uint32_t k = 0; k < g->n_workers; k++)
			listen_take(&h->sockets, &g->config->listens[i].address, k, &fd, &e);
	if (g->config->metrics.host)
		listen_take(&h->sockets, &g->config->metrics, LISTEN_METRICS, &fd, &e);
}

/* As the configuration in force wants them. What they have not carried on stays in the log meanwhile. */
static int
renew_cdns(struct house *h, struct err *e)
{
	pthread_mutex_lock(&h->lock);
	int code = cdns_open(h->gate->config, purge_desk_log(h->purges), h->cdns, &h->cdns, e);
	pthread_mutex_unlock(&h->lock);
	return code;
}

static int
reload(struct house *h, struct buf *notes, struct err *e)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	CLEANUP(buf_done) struct buf text = { 0 };
	CLEANUP(buf_done) struct buf learned = { 0 };
	const char *file = h->first->file;
	struct gate_config *c;
	struct gate *next;

	int code = file_read(file, NODE_FILE_MAX, &text, e);
	if (code == 0)
		code = gate_config_parse(buf_text(&text), text.size, file, a, &c, e);
	warm_learned(h->gate->warm, &learned);
	if (code == 0)
		code = open_gate(h, c, a, &learned, &next, e);
	if (code < 0) {
		take_sockets_back(h);
		return err_wrap(e, code, "nothing was changed");
	}
	(void)TAKE(a);
	events_await(next->events);   /* the gate in force stops listening */
	note_lasting(h->first, c, notes);
	replace(h, next, &text);
	struct err metrics = { 0 }, cdns = { 0 };
	if (open_metrics(h, &metrics) < 0)
		buf_printf(notes, "metrics: %s\n", metrics.text);
	if (renew_cdns(h, &cdns) < 0)
		buf_printf(notes, "cdn: %s\n", cdns.text);
	return 0;
}

/* From those whose last client is gone; and from sockets that nobody wants, when nobody takes connections from
 * them any more. */
static void
part(struct house *h)
{
	bool deaf = !h->left || atomic_load(&h->gate->n_listening) == 0;

	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_leaving; i++)
		deaf &= atomic_load(&h->leaving[i]->n_listening) == 0;
	for (size_t i = h->n_leaving; i > 0; i--)
		if (gate_has_ended(h->leaving[i - 1])) {
			metrics_carry(h->leaving[i - 1]->all_metrics, h->leaving[i - 1]->n_metrics, h->gone, false);
			gate_close(h->leaving[i - 1]);
			h->leaving[i - 1] = h->leaving[--h->n_leaving];
		}
	pthread_mutex_unlock(&h->lock);
	if (deaf)
		listen_close_unwanted(&h->sockets);
}

/* Is there room for one more that leaves? If not, the eldest is hurried. */
static bool
has_room(struct house *h)
{
	if (h->n_leaving < HOUSE_LEAVING_MAX)
		return true;
	struct gate *eldest = h->leaving[0];
	for (size_t i = 1; i < h->n_leaving; i++)
		if (h->leaving[i]->generation < eldest->generation)
			eldest = h->leaving[i];
	if (!atomic_load(&eldest->ending))
		gate_drain(eldest, GATE_ENDS, now_ns() + DRAIN_NS);
	return false;
}

static void
say_lines(const struct house *h, const struct buf *notes)
{
	CLEANUP(free_p) char *copy = strdup(buf_text(notes));
	char *rest = copy;

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (*line)
			h->talk->say(h->talk->ctx, line);
}

void
house_say_error(const struct house *h, const struct err *e)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	buf_printf(&b, "%s%s%s", e->text, e->hint[0] ? "; " : "", e->hint);
	h->talk->say(h->talk->ctx, buf_text(&b));
}

static void
look_after_reload(struct house *h)
{
	CLEANUP(buf_done) struct buf notes = { 0 };
	struct err e = { 0 };

	bool ordered = house_take_orders(h, HOUSE_RELOAD);
	if (h->left || (!reload_asked && !ordered))
		return;
	if (!has_room(h))
		return;
	reload_asked = 0;
	int code = reload(h, &notes, &e);
	if (code < 0) {
		house_say_error(h, &e);
	} else {
		h->talk->say(h->talk->ctx, "the configuration was read anew and is in force");
		say_lines(h, &notes);
	}
	house_finish_orders(h, HOUSE_RELOAD, code, &e, &notes);
}

static void
look_after(struct house *h, bool had_terminal)
{
	struct buf none = { 0 };
	struct err e = { 0 };

	if (reopen_asked && h->gate->access_log)
		access_log_reopen(h->gate->access_log);
	reopen_asked = 0;
	certificates_look(h->gate->certificates, now_ns(), h->talk);
	notices_say(&h->notices, h->talk);
	house_look_after_logs(h);
	if (reload_asked && had_terminal && !has_terminal())   /* it was closed */
		stop_request();
	else
		look_after_reload(h);
	bool upgrade = upgrade_asked;
	upgrade_asked = 0;
	house_look_after_upgrade(h, upgrade);
	house_look_after_link(h);
	if (h->left)
		house_tell_next(h);
	if (house_take_orders(h, HOUSE_DRAIN)) {
		house_finish_orders(h, HOUSE_DRAIN, 0, &e, &none);
		stop_request();
	}
	part(h);
	sleep_until_ns(now_ns() + LOOK_NS);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
end_gates(struct house *h)
{
	int64_t until_ns = now_ns() + DRAIN_NS;

	for (size_t i = 0; i < h->n_leaving; i++)
		gate_drain(h->leaving[i], GATE_ENDS, until_ns);
	if (h->gate)
		gate_drain(h->gate, GATE_ENDS, until_ns);
	for (size_t i = 0; i < h->n_leaving; i++)
		gate_close(h->leaving[i]);
	if (h->gate)
		gate_close(h->gate);
}

static bool
has_ended(const struct house *h)
{
	return !h->n_leaving && gate_has_ended(h->gate);
}

static void
house_done(struct house *h)
{
	house_refuse_orders(h);
	admin_close(h->admin);
	metrics_server_close(h->metrics);
	cdns_close(h->cdns);
	end_gates(h);
	for (int64_t until_ns = now_ns() + TELL_NS; h->left && house_tell_next(h) == -EAGAIN && now_ns() < until_ns;)
		sleep_until_ns(now_ns() + LOOK_NS);
	metrics_free(h->gone);
	listen_done(&h->sockets);
	purge_desk_close(h->purges);
	store_free(h->store);
	if (h->memory >= 0)
		close(h->memory);
	if (h->link.fd >= 0)
		close(h->link.fd);
	if (h->after.fd >= 0)   /* that closes: this process is gone */
		close(h->after.fd);
	buf_done(&h->config_text);
	notices_done(&h->notices);
	pthread_cond_destroy(&h->done);
	event_places_done(&h->places);
	pthread_mutex_destroy(&h->lock);
}

int
gate_run(const struct gate_config *config, const struct gate_talk *talk, struct err *e)
{
	CLEANUP(house_done) struct house h = {
		.talk = talk, .first = config, .metrics_fd = -1, .memory = -1, .link = { .fd = -1 },
		.after = { .fd = -1 }, .begun_ns = now_ns(), .begun_wall_ns = wall_ns(),
	};
	bool had_terminal = has_terminal();

	pthread_mutex_init(&h.lock, NULL);
	event_places_init(&h.places);
	pthread_cond_init(&h.done, NULL);
	notices_init(&h.notices);
	raise_file_limit();
	install_signals();
	int code = begin(&h, config, e);
	if (code == 0)
		tell(&h);
	while (code == 0 && !stop_requested() && !(h.left && has_ended(&h)))
		look_after(&h, had_terminal);
	return code;
}
