/* SPDX-License-Identifier: MIT */
#include "gate/origin/balance.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/random.h"

#define MEMORY_NS      (10 * NS_PER_S)   /* after that an observation counts 1/e */
#define LOAD_BOUND     1.25              /* of the mean, for hash */
#define KNOWN_SHARE    0.1               /* of an observation that is left: less is no knowledge */
#define OUTCOME_SHARE  0.1               /* of one outcome in the share of bad ones */
#define BAD_LATENCY_NS ((double)NS_PER_S)   /* what a server is thought to take that has only failed */
#define GOOD_SHARE_MIN 0.1               /* below that failing does not cost more */
#define EJECTIONS_MAX  10                /* times the ejection time at most */
#define UNKNOWN_COST   1e18              /* more than any known one: 30 years of latency */

struct server {
	double weight;
	uint64_t id;                 /* of its address: the same in every worker and order */
	uint32_t in_flight;
	double latency_ns;           /* 0: not known */
	double bad_share;            /* of the recent outcomes */
	int64_t seen_ns;             /* when latency_ns and bad_share were true */
	double turn;                 /* of round-robin */
	bool unhealthy;
	int64_t errors;              /* in a row */
	int64_t out_until_ns;        /* ejected until then */
	int64_t ejections;           /* lately */
	uint64_t all_ejections;
	bool on_probation;           /* was ejected, and has not answered well since */
};

struct balance {
	const struct gate_upstream *u;
	struct server *servers;
	size_t n;
	uint64_t seed, draws;
	uint64_t in_flight;
	double weights;              /* of all servers */
	bool weighted;               /* weights differ */
};

struct balance *
balance_new(const struct gate_upstream *u, uint64_t seed)
{
	struct balance *b = calloc(1, sizeof(*b));
	struct server *servers = calloc(u->n_servers, sizeof(*servers));

	assert(u->n_servers > 0 && u->n_servers <= GATE_SERVERS_MAX);
	if (!b || !servers)
		abort();
	*b = (struct balance){ .u = u, .servers = servers, .n = u->n_servers, .seed = seed };
	for (size_t i = 0; i < b->n; i++) {
		const char *address = u->servers[i].address.text;
		servers[i].weight = u->servers[i].weight;
		servers[i].id = XXH3_64bits(address, strlen(address));
		b->weights += servers[i].weight;
		b->weighted |= servers[i].weight != servers[0].weight;
	}
	return b;
}

void
balance_free(struct balance *b)
{
	if (b)
		free(b->servers);
	free(b);
}

/* ---- who may be asked ---- */

static bool
is_usable(const struct server *s, int64_t now_ns)
{
	return !s->unhealthy && s->out_until_ns <= now_ns;
}

static size_t
count_usable(const struct balance *b, int64_t now_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += is_usable(&b->servers[i], now_ns);
	return n;
}

/* Too few are left for it to be wise to leave out the others. */
static bool
is_panic(const struct balance *b, int64_t now_ns)
{
	return b->u->health.path && (double)count_usable(b, now_ns) < b->u->health.panic * (double)b->n;
}

/* First choice: usable and not tried; second: healthy and not tried; then not tried; then all. */
static struct server_set
candidates(const struct balance *b, const struct server_set *tried, int64_t now_ns, size_t *ret_n)
{
	for (int demand = is_panic(b, now_ns) ? 1 : 3; ; demand--) {
		struct server_set set = { { 0 } };
		size_t n = 0;
		for (size_t i = 0; i < b->n; i++) {
			const struct server *s = &b->servers[i];
			if ((demand >= 3 && !is_usable(s, now_ns)) || (demand >= 2 && s->unhealthy) ||
			    (demand >= 1 && tried && server_set_has(tried, i)))
				continue;
			server_set_add(&set, i);
			n++;
		}
		*ret_n = n;
		if (n)
			return set;
	}
}

/* The `k`th of a set. */
static size_t
member(const struct server_set *set, size_t k)
{
	size_t i = 0;

	while (!server_set_has(set, i) || k--)
		i++;
	return i;
}

/* ---- ways to choose ---- */

/* How much of what was seen is still true. */
static double
faded(const struct server *s, int64_t now_ns)
{
	int64_t age = now_ns - s->seen_ns;
	return age > 0 ? exp(-(double)age / (double)MEMORY_NS) : 1;
}

static bool
is_known(const struct server *s, int64_t now_ns)
{
	return s->latency_ns > 0 && faded(s, now_ns) >= KNOWN_SHARE;
}

/* A server of which nothing is known gets one request at a time until something is. */
static double
cost(const struct server *s, int64_t now_ns)
{
	if (!is_known(s, now_ns))
		return s->in_flight ? UNKNOWN_COST * s->in_flight : 0;
	double good = 1 - s->bad_share * faded(s, now_ns);
	good = good > GOOD_SHARE_MIN ? good : GOOD_SHARE_MIN;
	return s->latency_ns * faded(s, now_ns) * (s->in_flight + 1) / (s->weight * good * good);
}

static size_t
pick_p2c(struct balance *b, const struct server_set *set, size_t n, int64_t now_ns)
{
	uint64_t bits = random_at(b->seed, b->draws++);
	size_t first = random_below(bits, n);

	if (n == 1)
		return member(set, 0);
	size_t second = random_below(random_at(bits, 0), n - 1);
	second += second >= first;
	size_t one = member(set, first), other = member(set, second);
	return cost(&b->servers[one], now_ns) <= cost(&b->servers[other], now_ns) ? one : other;
}

/* Ties go to each in turn: the search begins elsewhere each time. */
static size_t
pick_least(struct balance *b, const struct server_set *set)
{
	size_t best = b->n, begin = b->draws++ % b->n;
	double least = INFINITY;

	for (size_t k = 0; k < b->n; k++) {
		size_t i = (begin + k) % b->n;
		double load = (b->servers[i].in_flight + 1) / b->servers[i].weight;
		if (server_set_has(set, i) && load < least) {
			least = load;
			best = i;
		}
	}
	return best;
}

static size_t
pick_round(struct balance *b, const struct server_set *set)
{
	size_t best = b->n;
	double total = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct server *s = &b->servers[i];
		if (!server_set_has(set, i))
			continue;
		s->turn += s->weight;
		total += s->weight;
		if (best == b->n || s->turn > b->servers[best].turn)
			best = i;
	}
	b->servers[best].turn -= total;
	return best;
}

/* Rank of a server for a key: uniform to the power of 1/weight, as its logarithm. */
static double
rank(const struct balance *b, const struct server *s, uint64_t key)
{
	double unit = random_unit(random_at(key, s->id));
	return b->weighted ? log(unit > 0 ? unit : 0x1p-54) / s->weight : unit;
}

static bool
has_room(const struct balance *b, const struct server *s)
{
	double bound = LOAD_BOUND * (double)(b->in_flight + 1) * s->weight / b->weights;
	return s->in_flight + 1 <= ceil(bound);
}

/* When nobody of the set has room, because others are left out, the bound does not count. */
static size_t
pick_hash(struct balance *b, const struct server_set *set, uint64_t key)
{
	size_t best = b->n, roomy = b->n;
	double highest = -INFINITY, highest_roomy = -INFINITY;

	for (size_t i = 0; i < b->n; i++) {
		if (!server_set_has(set, i))
			continue;
		double r = rank(b, &b->servers[i], key);
		if (r > highest) {
			highest = r;
			best = i;
		}
		if (r > highest_roomy && has_room(b, &b->servers[i])) {
			highest_roomy = r;
			roomy = i;
		}
	}
	return roomy < b->n ? roomy : best;
}

size_t
balance_begin(struct balance *b, uint64_t key, const struct server_set *tried, int64_t now_ns)
{
	size_t n, server;
	struct server_set set = candidates(b, tried, now_ns, &n);

	switch (b->u->balance) {
	case GATE_BALANCE_P2C:
		server = pick_p2c(b, &set, n, now_ns);
		break;
	case GATE_BALANCE_LEAST:
		server = pick_least(b, &set);
		break;
	case GATE_BALANCE_HASH:
		server = pick_hash(b, &set, key);
		break;
	default:
		server = pick_round(b, &set);
	}
	b->servers[server].in_flight++;
	b->in_flight++;
	return server;
}

/* ---- what is learned ---- */

/* Up at once, down slowly, so that a server that has become slow is noticed by its first late answer. Failing
 * is quick, so a failure never makes a server look faster than it was thought to be. */
static void
learn(struct server *s, enum outcome outcome, int64_t latency_ns, int64_t now_ns)
{
	bool known = is_known(s, now_ns);
	double old = faded(s, now_ns), seen = latency_ns > 0 ? (double)latency_ns : 1;

	s->bad_share *= old;
	s->bad_share += ((outcome == OUTCOME_BAD) - s->bad_share) * OUTCOME_SHARE;
	if (outcome == OUTCOME_BAD && !known && seen < BAD_LATENCY_NS)
		seen = BAD_LATENCY_NS;
	if (latency_ns >= 0 && (seen > s->latency_ns || !known))
		s->latency_ns = seen;
	else if (latency_ns >= 0 && outcome == OUTCOME_GOOD)
		s->latency_ns = s->latency_ns * old + seen * (1 - old);
	s->seen_ns = now_ns;
}

static void
learn_least(struct server *s, int64_t latency_ns, int64_t now_ns)
{
	double old = faded(s, now_ns);

	if ((double)latency_ns <= s->latency_ns * old)
		return;
	s->latency_ns = (double)latency_ns;
	s->bad_share *= old;
	s->seen_ns = now_ns;
}

static size_t
count_ejected(const struct balance *b, int64_t now_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->servers[i].out_until_ns > now_ns;
	return n;
}

/* Each time out is longer than the one before, unless the server did well for as long in between. */
static void
eject(struct balance *b, struct server *s, int64_t now_ns)
{
	const struct gate_ejection *e = &b->u->ejection;
	size_t allowed = (size_t)(e->share * (double)b->n);

	if (!allowed && e->share > 0)
		allowed = 1;
	if (count_usable(b, now_ns) < 2 || count_ejected(b, now_ns) >= allowed)
		return;
	int64_t spared = s->out_until_ns ? (now_ns - s->out_until_ns) / e->time_ns : 0;
	s->ejections = s->ejections > spared ? s->ejections - spared : 0;
	if (s->ejections < EJECTIONS_MAX)
		s->ejections++;
	s->out_until_ns = now_ns + s->ejections * e->time_ns;
	s->errors = 0;
	s->on_probation = true;
	s->all_ejections++;
}

void
balance_end(struct balance *b, size_t server, enum outcome outcome, int64_t latency_ns, int64_t now_ns)
{
	struct server *s = &b->servers[server];

	assert(s->in_flight > 0);
	s->in_flight--;
	b->in_flight--;
	if (outcome == OUTCOME_UNKNOWN) {
		learn_least(s, latency_ns, now_ns);
		return;
	}
	learn(s, outcome, latency_ns, now_ns);
	if (outcome == OUTCOME_GOOD) {
		s->errors = 0;
		s->on_probation = false;
		return;
	}
	s->errors++;
	if (b->u->ejection.errors && s->out_until_ns <= now_ns &&
	    s->errors >= (s->on_probation ? 1 : b->u->ejection.errors))
		eject(b, s, now_ns);
}

void
balance_health(struct balance *b, size_t server, bool good)
{
	b->servers[server].unhealthy = !good;
}

struct balance_view
balance_look(const struct balance *b, size_t server, int64_t now_ns)
{
	const struct server *s = &b->servers[server];

	return (struct balance_view){ s->in_flight, s->latency_ns, !s->unhealthy,
		s->out_until_ns > now_ns, s->all_ejections };
}
