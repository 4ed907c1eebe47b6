/* SPDX-License-Identifier: MIT */
/* The database: made new at each start, the same rows each time. */
#include "shop.h"

#include <stdint.h>
#include <stdio.h>

static const char schema[] =
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);"
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, about TEXT NOT NULL,"
    "  price_cents INTEGER NOT NULL);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, "
    "  customer_id INTEGER NOT NULL REFERENCES customers,"
    "  product_id INTEGER NOT NULL REFERENCES products,"
    "  created INTEGER NOT NULL, total_cents INTEGER NOT NULL, status TEXT NOT NULL);"
    "CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products,"
    "  stars INTEGER NOT NULL);"
    "CREATE TABLE cart_items (customer_id INTEGER NOT NULL, position INTEGER NOT NULL,"
    "  product_id INTEGER NOT NULL, quantity INTEGER NOT NULL,"
    "  PRIMARY KEY (customer_id, position)) WITHOUT ROWID;"
    "CREATE INDEX reviews_product ON reviews(product_id);";

/* splitmix64: the same rows on every machine. */
static uint32_t
below(uint64_t *seed, uint32_t limit)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)(((z ^ (z >> 31)) >> 32) % limit);
}

static void
bind_customer(sqlite3_stmt *s, int id, uint64_t *seed)
{
	static const char *const cities[] = { "Lyon", "Porto", "Turku", "Gdansk", "Graz" };
	char name[32];

	snprintf(name, sizeof(name), "Customer %d", id);
	sqlite3_bind_int(s, 1, id);
	sqlite3_bind_text(s, 2, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 3, cities[below(seed, 5)], -1, SQLITE_STATIC);
}

#define ABOUT "A thing that people buy: made to last, easy to clean, in five colours, sent " \
	"within two days. Thirty days to change your mind. "

static void
bind_product(sqlite3_stmt *s, int id, uint64_t *seed)
{
	char name[32];

	snprintf(name, sizeof(name), "Article %d", id);
	sqlite3_bind_int(s, 1, id);
	sqlite3_bind_text(s, 2, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 3, ABOUT ABOUT ABOUT ABOUT ABOUT ABOUT, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 4, 100 + (int)below(seed, 20000));
}

static void
bind_order(sqlite3_stmt *s, int id, uint64_t *seed)
{
	static const char *const states[] = { "sent", "paid", "returned" };

	sqlite3_bind_int(s, 1, id);
	sqlite3_bind_int(s, 2, 1 + (int)below(seed, CUSTOMERS));
	sqlite3_bind_int(s, 3, 1 + (int)below(seed, PRODUCTS));
	sqlite3_bind_int(s, 4, 1700000000 + id * 60);
	sqlite3_bind_int(s, 5, 100 + (int)below(seed, 50000));
	sqlite3_bind_text(s, 6, states[below(seed, 3)], -1, SQLITE_STATIC);
}

static void
bind_review(sqlite3_stmt *s, int id, uint64_t *seed)
{
	sqlite3_bind_int(s, 1, id);
	sqlite3_bind_int(s, 2, 1 + (int)below(seed, PRODUCTS));
	sqlite3_bind_int(s, 3, 1 + (int)below(seed, 5));
}

static void
bind_cart_item(sqlite3_stmt *s, int id, uint64_t *seed)
{
	sqlite3_bind_int(s, 1, 1 + (id - 1) / CART_ITEMS);
	sqlite3_bind_int(s, 2, 1 + (id - 1) % CART_ITEMS);
	sqlite3_bind_int(s, 3, 1 + (int)below(seed, PRODUCTS));
	sqlite3_bind_int(s, 4, 1 + (int)below(seed, 3));
}

static int
seed_table(sqlite3 *db, const char *sql, int rows, void (*bind)(sqlite3_stmt *, int, uint64_t *))
{
	uint64_t seed = 1821;
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		return -1;
	for (int id = 1; id <= rows; id++) {
		bind(s, id, &seed);
		if (sqlite3_step(s) != SQLITE_DONE)
			break;
		sqlite3_reset(s);
	}
	return sqlite3_finalize(s) == SQLITE_OK ? 0 : -1;
}

static int
seed_all(sqlite3 *db)
{
	return seed_table(db, "INSERT INTO customers VALUES (?,?,?)", CUSTOMERS, bind_customer) ||
	    seed_table(db, "INSERT INTO products VALUES (?,?,?,?)", PRODUCTS, bind_product) ||
	    seed_table(db, "INSERT INTO orders VALUES (?,?,?,?,?,?)", ORDERS, bind_order) ||
	    seed_table(db, "INSERT INTO reviews VALUES (?,?,?)", REVIEWS, bind_review) ||
	    seed_table(db, "INSERT INTO cart_items VALUES (?,?,?,?)", CARTS * CART_ITEMS, bind_cart_item);
}

static int
run_sql(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static sqlite3 *
open_with(const char *path, const char *settings)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK || run_sql(db, settings) != 0) {
		fprintf(stderr, "prony-shop: cannot open '%s': %s\n", path, sqlite3_errmsg(db));
		sqlite3_close(db);
		return NULL;
	}
	sqlite3_busy_timeout(db, 1000);
	return db;
}

/* A shop that may lose its database in a power cut needs no fsync: it is made anew anyway. */
sqlite3 *
store_open(const char *path)
{
	return open_with(path, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
	    "PRAGMA mmap_size=268435456; PRAGMA cache_size=-256;");
}

int
store_create(const char *path, const struct faults *faults)
{
	/* Without this every allocation of every worker meets at one lock in SQLite. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3 *db = open_with(path, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;");

	if (!db)
		return -1;
	int r = run_sql(db, schema) || run_sql(db, "BEGIN") || seed_all(db) || run_sql(db, "COMMIT");
	/* PLANT missing-index: someone forgot this line. */
	if (r == 0 && !faults->missing_index)
		r = run_sql(db, "CREATE INDEX orders_customer ON orders(customer_id)");
	if (r == 0)
		r = recommend_load(db);
	if (r != 0)
		fprintf(stderr, "prony-shop: cannot fill '%s': %s\n", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return r == 0 ? 0 : -1;
}
