/* SPDX-License-Identifier: MIT */
/* Links through a pool that is played here: a loop, clients that ask again when they have their
 * answer, connections that serve who waits in order. What the tape cannot say is known to the
 * player. */
#include "base/cleanup.h"

#include "tape_by_hand.h"
#include "check.h"

enum { LOOP = 100, CLIENT = 1, PEER = 1000, CLIENTS_MAX = 64, PEERS_MAX = 64, ASKED_MAX = 20000 };
#define JOB CLIENTS_MAX        /* who asks without a request */

/* `turns`: every so many are served out of turn; 1: never in order. */
struct play {
	const char *name;
	int peers, clients;
	bool one, two, together;   /* requests with one question, with two, with three at once */
	int64_t seen_from, until;
	int turns;
	int less;                  /* per cent of the second questions that are left out */
	bool job;
};

struct client { int64_t due, read; int kind, asked, answered; };   /* kind: questions */
struct connection { int64_t due; int client; bool open, logged_in; };

static const struct play *play;
static struct client clients[JOB + 1];
static struct connection peers[PEERS_MAX];
static int waiting[3 * CLIENTS_MAX], n_waiting, n_served, n_requests;
static int64_t now;
static uint64_t noise;
static struct { int64_t at, read; } asked[ASKED_MAX];
static int n_asked;

static int
random_below(int n)
{
	noise = noise * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (int)((noise >> 33) % (uint64_t)n);
}

/* The tape begins when the player says so; each connection is met first. */
static bool
is_seen(void)
{
	if (now < play->seen_from)
		return false;
	if (tape.n_windows)
		return true;
	tape_window_begin(&tape, play->seen_from * US);
	for (int i = 0; i < PEERS_MAX; i++)
		if (peers[i].open)
			peer(LOOP, (uint64_t)(PEER + i), now, 5432);
	return true;
}

static void
ask_on(int p, int c)
{
	static const char *const texts[] = { "job", "one", "first", "second", "a", "b", "c" };
	struct client *who = &clients[c];
	now += 5;
	if (is_seen()) {
		ask(LOOP, (uint64_t)(PEER + p), now, texts[who->kind * (who->kind - 1) / 2 +
		    who->asked + (c != JOB)]);
		asked[n_asked].at = now * US;
		asked[n_asked++].read = who->read * US;   /* 0: a job's */
	}
	who->asked++;
	peers[p].client = c;
	peers[p].due = now + 200 + random_below(2000);
}

static void
open_for(int p, int c)
{
	peers[p] = (struct connection){ .open = true, .client = c,
		.due = now + 1000 + random_below(3000) };
	now += 5;
	if (is_seen()) {
		peer(LOOP, (uint64_t)(PEER + p), now, 5432);
		tape_at(&tape, tape.n - 1)->flags = CONN_OPENED;
		ask(LOOP, (uint64_t)(PEER + p), now + 1, NULL);
	}
	now++;
}

static void
wants(int c)
{
	for (int p = 0; p < play->peers; p++)
		if (peers[p].open && peers[p].client < 0) {
			ask_on(p, c);
			return;
		}
	for (int p = 0; p < play->peers; p++)
		if (!peers[p].open) {
			open_for(p, c);
			return;
		}
	waiting[n_waiting++] = c;
}

static int
next_waiting(void)
{
	int at = play->turns && ++n_served % play->turns == 0 ? n_waiting - 1 : 0, c = waiting[at];
	for (n_waiting--; at < n_waiting; at++)
		waiting[at] = waiting[at + 1];
	return c;
}

/* Kinds take turns. */
static int
next_kind(void)
{
	bool has[] = { false, play->one, play->two, play->together };
	do
		n_requests++;
	while (!has[1 + n_requests % 3]);
	return 1 + n_requests % 3;
}

static void
client_reads(int c)
{
	static const char *const routes[] = { "", "/one", "/two", "/together" };
	struct client *who = &clients[c];
	*who = (struct client){ .due = INT64_MAX, .read = now, .kind = next_kind() };
	if (is_seen())
		request(LOOP, (uint64_t)(CLIENT + c), now - 2, now)->name =
		    tape_name(&tape, routes[who->kind]);
	for (int i = 0; i < (who->kind == 3 ? 3 : 1); i++)
		wants(c);
}

static void
job_begins(void)
{
	clients[JOB] = (struct client){ .due = INT64_MAX, .kind = 1 };
	wants(JOB);
}

/* It has had an answer: is there more that it asks, or waits for? */
static bool
goes_on(int c)
{
	struct client *who = &clients[c];
	who->answered++;
	if (who->kind == 2 && who->answered == 1) {
		if (random_below(100) < play->less)
			return false;
		wants(c);
	}
	return who->answered < who->kind;
}

static void
peer_answers(int p)
{
	int c = peers[p].client;
	bool opened = !peers[p].logged_in;
	peers[p].logged_in = true;
	if (is_seen())
		reply(LOOP, (uint64_t)(PEER + p), now, peers[p].due, opened ? 0 : 1);
	if (opened) {
		ask_on(p, c);
		return;
	}
	peers[p].client = -1;
	if (n_waiting)
		ask_on(p, next_waiting());
	if (goes_on(c))
		return;
	now += 5;
	if (is_seen() && c != JOB)
		response(LOOP, (uint64_t)(CLIENT + c), now);
	clients[c].due = now + (c == JOB ? 3000 : 20) + random_below(100);
}

/* Whatever comes first; the loop is busy until `now`. */
static void
turn(void)
{
	int64_t due = INT64_MAX;
	int first = -1;
	for (int c = 0; c <= JOB; c++)
		if (clients[c].due < due) {
			due = clients[c].due;
			first = c;
		}
	for (int p = 0; p < play->peers; p++)
		if (peers[p].open && peers[p].client >= 0 && peers[p].due < due) {
			due = peers[p].due;
			first = JOB + 1 + p;
		}
	if (due > now && is_seen())
		poll(LOOP, now + 1, due + 5, 1);
	now = (due > now ? due + 5 : now) + 5;
	if (first > JOB)
		peer_answers(first - JOB - 1);
	else if (first == JOB)
		job_begins();
	else
		client_reads(first);
}

static void
run_play(const struct play *p)
{
	play = p;
	n_waiting = n_served = n_requests = n_asked = 0;
	noise = 4711;
	now = 10;
	tape_init(&tape, 90000);
	for (int i = 0; i < PEERS_MAX; i++)
		peers[i] = (struct connection){ .client = -1 };
	for (int c = 0; c <= JOB; c++)
		clients[c] = (struct client){
			.due = c < p->clients || (c == JOB && p->job) ? 20 + c : INT64_MAX };
	while (now < p->until && n_asked < ASKED_MAX)
		turn();
	tape_window_end(&tape, now * US);
	assembly = assemble(&tape);
}

/* Of the questions of complete requests. */
static void
count_links(int *right, int *wrong, int *sure_and_wrong)
{
	*right = *wrong = *sure_and_wrong = 0;
	for (size_t i = 0, k = 0; i < assembly->n_calls; i++) {
		const struct call *c = &assembly->calls[i];
		while (k < (size_t)n_asked && asked[k].at < c->start)
			k++;
		if (k == (size_t)n_asked || asked[k].at != c->start || c->span == NOBODY ||
		    !assembly->spans[c->span].complete)
			continue;
		bool is_right = assembly->spans[c->span].read == asked[k].read;
		*right += is_right;
		*wrong += !is_right;
		*sure_and_wrong += !is_right && c->sure >= CALL_SURE;
	}
}

static void
questions_through_a_pool_find_their_requests(void **state)
{
	static const struct play plays[] = {
		{ "from the start", 4, 32, true, true, false, 0, 600000, 0, 0, false },
		{ "one route", 4, 32, false, true, false, 0, 600000, 0, 0, false },
		{ "under way", 4, 32, true, true, false, 50000, 600000, 0, 0, false },
		{ "under way, one route", 4, 32, false, true, false, 50000, 600000, 0, 0, false },
		{ "under way, one question", 4, 32, true, false, false, 50000, 600000, 0, 0, false },
		{ "one connection", 1, 8, true, true, false, 0, 600000, 0, 0, false },
		{ "one connection, under way", 1, 8, false, true, false, 50000, 600000, 0, 0, false },
		{ "not quite full", 10, 12, true, true, false, 0, 300000, 0, 0, false },
		{ "never full", 40, 16, true, true, false, 20000, 300000, 0, 0, false },
		{ "three at once", 4, 8, false, false, true, 0, 600000, 0, 0, false },
		{ "three at once, under way", 4, 8, false, false, true, 50000, 600000, 0, 0, false },
		{ "all kinds, under way", 4, 32, true, true, true, 50000, 600000, 0, 0, false },
		{ "out of turn now and then", 4, 32, true, true, false, 0, 600000, 40, 0, false },
	};
	for (size_t i = 0; i < COUNT_OF(plays); i++) {
		int right, wrong, sure_and_wrong;
		run_play(&plays[i]);
		count_links(&right, &wrong, &sure_and_wrong);
		if (right < 200 || wrong > right / (plays[i].turns ? 100 : 200) || sure_and_wrong)
			fail_msg("%s: %d right, %d wrong, of them %d sure", plays[i].name, right, wrong,
			    sure_and_wrong);
		end(state);
	}
}

static void
what_cannot_be_known_is_not_sure(void **state)
{
	static const struct play plays[] = {
		{ "last comes first", 4, 32, true, true, false, 0, 600000, 1, 0, false },
		{ "now and then a question less", 4, 32, false, true, false, 50000, 600000, 0, 30, false },
		{ "a job of its own", 4, 32, true, true, false, 0, 600000, 0, 0, true },
		{ "a job of its own, one route", 4, 32, false, true, false, 50000, 600000, 0, 0, true },
	};
	for (size_t i = 0; i < COUNT_OF(plays); i++) {
		int right, wrong, sure_and_wrong;
		run_play(&plays[i]);
		count_links(&right, &wrong, &sure_and_wrong);
		if (right < 200 || !wrong || sure_and_wrong * 500 > right)
			fail_msg("%s: %d right, %d wrong, of them %d sure", plays[i].name, right, wrong,
			    sure_and_wrong);
		end(state);
	}
}

RUN_TESTS(cmocka_unit_test(questions_through_a_pool_find_their_requests),
    cmocka_unit_test(what_cannot_be_known_is_not_sure))
