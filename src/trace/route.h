/* SPDX-License-Identifier: MIT */
/* Request targets to routes: without the query, ids folded, so that requests for the same thing
 * share a name and nothing personal is kept. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ROUTE_MAX 96
#define ROUTE_UNKNOWN "(route not known)"

/* From the beginning of an HTTP/1 request head to its route ("/orders/:id"). `literal` paths
 * (n of them; NULL is none) are kept as they are. False when it is no request line. */
bool route_of_head(const char *head, size_t size, const char *const *literal, size_t n_literal,
    char out[ROUTE_MAX]);

/* Path of a URL, without query: "/orders" of "http://h:80/orders?x". */
void route_of_url(const char *url, char out[ROUTE_MAX]);
