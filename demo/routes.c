/* SPDX-License-Identifier: MIT */
/* What the shop answers. */
#include "shop.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* What was sold since the start; the lock guards it. */
static pthread_mutex_t inventory_lock = PTHREAD_MUTEX_INITIALIZER;
static int sold[PRODUCTS];

sqlite3_stmt *
query(struct request *r, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) == SQLITE_OK)
		return s;
	r->status = 500;
	answer_printf(r, "{\"error\":\"%s\"}", sqlite3_errmsg(r->db));
	return NULL;
}

/* PLANT missing-index: with no index on customer_id this reads all orders of all customers. */
static void
orders(struct request *r)
{
	sqlite3_stmt *s = query(r, "SELECT id, created, total_cents, status FROM orders "
	    "WHERE customer_id = ? ORDER BY id DESC LIMIT 50");
	if (!s)
		return;
	sqlite3_bind_int64(s, 1, r->customer);
	answer_printf(r, "{\"orders\":[");
	for (const char *comma = ""; sqlite3_step(s) == SQLITE_ROW; comma = ",")
		answer_printf(r, "%s{\"id\":%d,\"created\":%d,\"total\":%d,\"status\":\"%s\"}", comma,
		    sqlite3_column_int(s, 0), sqlite3_column_int(s, 1), sqlite3_column_int(s, 2),
		    sqlite3_column_text(s, 3));
	answer_printf(r, "]}");
	sqlite3_finalize(s);
}

#define PRODUCT_COLUMNS "p.name, p.price_cents, " \
	"(SELECT avg(stars) FROM reviews v WHERE v.product_id = p.id)"

static void
answer_cart_line(struct request *r, int quantity, sqlite3_stmt *product, int column)
{
	answer_printf(r, "{\"name\":\"%s\",\"quantity\":%d,\"price\":%d,\"stars\":%.1f},",
	    sqlite3_column_text(product, column), quantity, sqlite3_column_int(product, column + 1),
	    sqlite3_column_double(product, column + 2));
}

/* PLANT n-plus-one: reads well, and asks the database once for every line of the cart. */
static void
cart_line(struct request *r, int product_id, int quantity)
{
	sqlite3_stmt *s = query(r, "SELECT " PRODUCT_COLUMNS " FROM products p WHERE p.id = ?");
	if (!s)
		return;
	sqlite3_bind_int(s, 1, product_id);
	if (sqlite3_step(s) == SQLITE_ROW)
		answer_cart_line(r, quantity, s, 0);
	sqlite3_finalize(s);
}

static void
cart_lines_one_by_one(struct request *r, long cart)
{
	sqlite3_stmt *s = query(r, "SELECT product_id, quantity FROM cart_items "
	    "WHERE customer_id = ? ORDER BY position");
	if (!s)
		return;
	sqlite3_bind_int64(s, 1, cart);
	while (sqlite3_step(s) == SQLITE_ROW)
		cart_line(r, sqlite3_column_int(s, 0), sqlite3_column_int(s, 1));
	sqlite3_finalize(s);
}

static void
cart_lines_at_once(struct request *r, long cart)
{
	sqlite3_stmt *s = query(r, "SELECT c.quantity, " PRODUCT_COLUMNS " FROM cart_items c "
	    "JOIN products p ON p.id = c.product_id WHERE c.customer_id = ? ORDER BY c.position");
	if (!s)
		return;
	sqlite3_bind_int64(s, 1, cart);
	while (sqlite3_step(s) == SQLITE_ROW)
		answer_cart_line(r, sqlite3_column_int(s, 0), s, 1);
	sqlite3_finalize(s);
}

static void
cart(struct request *r)
{
	long owner = 1 + r->customer % CARTS;   /* the first customers have one */

	answer_printf(r, "{\"lines\":[");
	if (r->faults->n_plus_one)
		cart_lines_one_by_one(r, owner);
	else
		cart_lines_at_once(r, owner);
	answer_printf(r, "null]}");
}

/* Stands for the card terminal: a call to somebody else that takes 6 ms and no CPU. */
static void
charge_card(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 6000000 }, NULL);
}

static bool
take_from_stock(long product)
{
	if (sold[product] == STOCK)
		return false;
	sold[product]++;
	return true;
}

/* PLANT lock: the stock is reserved and the card charged under one lock, so that buyers queue for
 * the card terminal although it could serve them side by side. */
static bool
buy_under_lock(long product)
{
	pthread_mutex_lock(&inventory_lock);
	bool taken = take_from_stock(product);
	if (taken)
		charge_card();
	pthread_mutex_unlock(&inventory_lock);
	return taken;
}

static bool
buy(long product)
{
	pthread_mutex_lock(&inventory_lock);
	bool taken = take_from_stock(product);
	pthread_mutex_unlock(&inventory_lock);
	if (taken)
		charge_card();
	return taken;
}

static void
checkout(struct request *r)
{
	long product = r->customer % PRODUCTS;
	bool taken = r->faults->lock ? buy_under_lock(product) : buy(product);

	if (!taken)
		r->status = 409;
	answer_printf(r, "{\"bought\":%s}", taken ? "true" : "false");
}

/* PLANT large-answer: 200 articles with all their text, uncompressed, for a page that shows
 * twenty. */
static void
catalog(struct request *r)
{
	sqlite3_stmt *s = query(r, "SELECT id, name, about, price_cents FROM products LIMIT ?");
	if (!s)
		return;
	sqlite3_bind_int(s, 1, r->faults->large_answer ? 200 : 20);
	answer_printf(r, "{\"products\":[");
	for (const char *comma = ""; sqlite3_step(s) == SQLITE_ROW; comma = ",")
		answer_printf(r, "%s{\"id\":%d,\"name\":\"%s\",\"about\":\"%s\",\"price\":%d}", comma,
		    sqlite3_column_int(s, 0), sqlite3_column_text(s, 1), sqlite3_column_text(s, 2),
		    sqlite3_column_int(s, 3));
	answer_printf(r, "]}");
	sqlite3_finalize(s);
}

static void
health(struct request *r)
{
	answer_printf(r, "{\"ok\":true}");
}

void
route(struct request *r)
{
	static const struct { const char *path; void (*answer)(struct request *); } routes[] = {
		{ "/orders", orders }, { "/cart", cart }, { "/recommend", recommend },
		{ "/checkout", checkout }, { "/catalog", catalog }, { "/health", health },
	};
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(r->path, routes[i].path) != 0)
			continue;
		routes[i].answer(r);
		return;
	}
	r->status = 404;
	answer_printf(r, "{\"error\":\"no such page\"}");
}
