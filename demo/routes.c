/* SPDX-License-Identifier: MIT */
/* What the shop answers. */
#include "shop.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* Guards the stock: one buyer at a time. */
static pthread_mutex_t inventory_lock = PTHREAD_MUTEX_INITIALIZER;

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

/* Stands for the card terminal: a call to somebody else that takes 3 ms and no CPU. */
static void
charge_card(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
}

static int
take_from_stock(struct request *r, long product)
{
	sqlite3_stmt *s = query(r, "UPDATE products SET stock = stock - 1 WHERE id = ? AND stock > 0");
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, product);
	int result = sqlite3_step(s);
	sqlite3_finalize(s);
	return result == SQLITE_DONE && sqlite3_changes(r->db) == 1 ? 0 : -1;
}

/* PLANT lock: the stock is reserved and the card charged under one lock, so that buyers queue for
 * the card terminal although it could serve them side by side. */
static int
buy_under_lock(struct request *r, long product)
{
	pthread_mutex_lock(&inventory_lock);
	int taken = take_from_stock(r, product);
	if (taken == 0)
		charge_card();
	pthread_mutex_unlock(&inventory_lock);
	return taken;
}

static int
buy(struct request *r, long product)
{
	pthread_mutex_lock(&inventory_lock);
	int taken = take_from_stock(r, product);
	pthread_mutex_unlock(&inventory_lock);
	if (taken == 0)
		charge_card();
	return taken;
}

static void
checkout(struct request *r)
{
	long product = 1 + r->customer % PRODUCTS;
	int taken = r->faults->lock ? buy_under_lock(r, product) : buy(r, product);

	if (taken != 0)
		r->status = 409;
	answer_printf(r, "{\"bought\":%s}", taken == 0 ? "true" : "false");
}

/* PLANT large-answer: the whole catalogue, with long texts, uncompressed, for a page that shows
 * twenty articles. */
static void
catalog(struct request *r)
{
	sqlite3_stmt *s = query(r, "SELECT id, name, about, price_cents FROM products LIMIT ?");
	if (!s)
		return;
	sqlite3_bind_int(s, 1, r->faults->large_answer ? PRODUCTS : 20);
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
