/* SPDX-License-Identifier: MIT */
/* Recommends what similar customers bought: similarity is the share of articles that two
 * customers have in common. What everybody bought is read once, at the start. */
#include "shop.h"

enum { BASKET = 16, SHELF = 1024 };

struct basket {                /* the last articles of one customer */
	int articles[BASKET];
	int size;
};

struct shelf {                 /* who bought one article */
	int buyers[SHELF];
	int size;
};

static struct basket baskets[CUSTOMERS + 1];
static struct shelf shelves[PRODUCTS + 1];

int
recommend_load(sqlite3 *db)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, "SELECT customer_id, product_id FROM orders", -1, &s, NULL) !=
	    SQLITE_OK)
		return -1;
	while (sqlite3_step(s) == SQLITE_ROW) {
		int customer = sqlite3_column_int(s, 0), article = sqlite3_column_int(s, 1);
		struct basket *b = &baskets[customer];
		struct shelf *f = &shelves[article];
		if (b->size == BASKET || f->size == SHELF)
			continue;
		b->articles[b->size++] = article;
		f->buyers[f->size++] = customer;
	}
	return sqlite3_finalize(s) == SQLITE_OK ? 0 : -1;
}

struct best { int customer; double score; };

static double
similarity(const struct basket *a, const struct basket *b, int common)
{
	return common ? (double)common / (a->size + b->size - common) : 0;
}

/* PLANT hot-function: every pair of articles is compared, and that for every customer of the shop.
 * Not inlined, as it would be were it in a library, so that a profile has a name to show. */
static __attribute__((noinline)) double
score_similarity(const struct basket *a, const struct basket *b)
{
	int common = 0;

	for (int i = 0; i < a->size; i++)
		for (int k = 0; k < b->size; k++)
			common += a->articles[i] == b->articles[k];
	return similarity(a, b, common);
}

static struct best
nearest_of_all(int me)
{
	struct best best = { 0 };

	for (int other = 1; other <= CUSTOMERS; other++) {
		double score = other == me ? 0 : score_similarity(&baskets[me], &baskets[other]);
		if (score > best.score)
			best = (struct best){ other, score };
	}
	return best;
}

/* Walks along who bought the same articles, and counts how often each of them turns up. */
static struct best
nearest_of_buyers(int me)
{
	static _Thread_local int common[CUSTOMERS + 1];
	const struct basket *mine = &baskets[me];
	struct best best = { 0 };

	for (int i = 0; i < mine->size; i++)
		for (int k = 0; k < shelves[mine->articles[i]].size; k++)
			common[shelves[mine->articles[i]].buyers[k]]++;
	common[me] = 0;
	for (int other = 1; other <= CUSTOMERS; other++) {
		double score = common[other] ? similarity(mine, &baskets[other], common[other]) : 0;
		if (score > best.score)
			best = (struct best){ other, score };
		common[other] = 0;
	}
	return best;
}

void
recommend(struct request *r)
{
	int me = 1 + (int)(r->customer % CUSTOMERS);
	struct best best = r->faults->hot_function ? nearest_of_all(me) : nearest_of_buyers(me);

	answer_printf(r, "{\"like\":%d,\"score\":%.3f,\"articles\":[", best.customer, best.score);
	for (int i = 0; i < baskets[best.customer].size; i++)
		answer_printf(r, "%s%d", i ? "," : "", baskets[best.customer].articles[i]);
	answer_printf(r, "]}");
}
