/* SPDX-License-Identifier: MIT */
/* The slow shop: a small web shop over SQLite with faults that people really make.
 *
 * server.c speaks HTTP and owns the workers, store.c makes the database, routes.c and recommend.c
 * answer. Every fault is a switch; the code of both sides stands next to each other and says
 * PLANT. demo/README.md has the order in which they limit the shop. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum shop_size {
	CUSTOMERS = 30000, ORDERS = 600000, PRODUCTS = 1000, REVIEWS = 20000,
	CARTS = 2000, CART_ITEMS = 40, STOCK = 100000000
};

struct faults {
	bool missing_index;    /* orders(customer_id) has no index */
	bool lock;             /* inventory_lock is held while the card terminal is asked */
	bool hot_function;     /* score_similarity compares with every customer, item by item */
	bool n_plus_one;       /* a cart loads its products one statement each */
	bool large_answer;     /* the catalogue is answered whole */
};

/* What a worker needs to answer one request. */
struct request {
	sqlite3 *db;                   /* the worker's own connection */
	const struct faults *faults;
	const char *path;
	long customer;                 /* ?customer=N, 1 when absent */
	int status;                    /* of the answer; 200 unless set */
	char *body;                    /* the answer grows here */
	size_t body_size, body_max;
};

void answer_printf(struct request *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prepare, or say 500 and return NULL. The caller finalizes. */
sqlite3_stmt *query(struct request *r, const char *sql);

/* store.c */
int store_create(const char *path, const struct faults *faults);
sqlite3 *store_open(const char *path);

/* routes.c: fills r->body and r->status. */
void route(struct request *r);

/* recommend.c */
int recommend_load(sqlite3 *db);
void recommend(struct request *r);

/* server.c: serves until SIGTERM or SIGINT. Says where it listens on stdout. */
int server_run(const char *database, int port, int workers, const struct faults *faults);
