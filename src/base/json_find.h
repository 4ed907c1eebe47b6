/* SPDX-License-Identifier: MIT */
/* One value of a JSON text (RFC 8259) by its JSON pointer (RFC 6901), or all of a list or an object, without building
 * a tree.
 *
 * The scanner is strict about what it passes and looks no further than the value's end. Of a name
 * that comes twice in an object the first counts. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"

#define JSON_DEPTH_MAX   128    /* nested lists and objects */
#define JSON_POINTER_MAX 64     /* parts of a pointer */

struct json_pointer {
	const struct view *parts;   /* ~0 and ~1 undone */
	size_t n_parts;             /* 0: the whole text */
};

enum json_verdict { JSON_FOUND, JSON_ABSENT, JSON_BAD };   /* BAD: not JSON, or nested too deep */

int json_pointer_compile(const char *text, struct arena *a, struct json_pointer *ret,
    struct err *e);

/* *ret_raw: the value as it stands there, quotes and all. */
enum json_verdict json_find(const struct json_pointer *p, const char *text, size_t size,
    struct view *ret_raw);

/* The values of a list, or of an object, one after the other. */
struct json_items {
	const char *at, *end;
	bool is_list;
	bool begun;
};

/* `raw`: as json_find gave it, so that nothing in it can be wrong. False: neither list nor object. */
bool json_items_begin(struct json_items *i, struct view raw);
/* The next one as it stands, and its name, with its quotes, in an object. False: there is none. */
bool json_items_next(struct json_items *i, struct view *ret_name, struct view *ret_raw);

/* Append what a raw value says: a string without quotes and escapes (half a surrogate pair becomes
 * U+FFFD), anything else as it stands. */
void json_find_text(struct view raw, struct buf *out);
