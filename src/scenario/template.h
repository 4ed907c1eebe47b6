/* SPDX-License-Identifier: MIT */
/* Texts with expressions, compiled once to literal bytes and slots; rendering only copies.
 *
 *   ${name}              a variable             ${users.id}         a column of a feeder
 *   ${random(1, 20)}     a whole number, both ends included
 *   ${choice(a, "b, c")} one of these; quotes, ' or ", around what holds a comma or a bracket
 *   ${uuid()}            a random one (RFC 9562 version 4)
 *   ${sequence()}        the arrival's number from 0
 *   ${time()}            seconds since 1970; also time(ms), time(us), time(ns)
 *   ${env(NAME)}         of prony's environment, read when the text is compiled
 *   $${                  a literal ${
 *
 * What is random is a function of the seed and of the expression's place in the scenario. What is
 * rendered cannot break the request apart: see enum template_use. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "scenario/scope.h"

enum template_use {
	/* Bytes as they are. Whoever writes a body knows its format. */
	TEMPLATE_BODY,
	/* Of a header: control characters (so CR and LF) in a value become blanks (RFC 9110 section
	 * 5.5); in the text itself they are an error. */
	TEMPLATE_HEADER,
	/* A request target, percent-encoded (RFC 3986). In a value everything but letters, digits and
	 * -._~ is, before the first '?' also '/' stays. A value that the text begins with is a URL
	 * itself: there, and in the text, only what no URL can hold is encoded (blanks, controls,
	 * quotes, '#', bytes beyond ASCII). */
	TEMPLATE_URL,
};

struct template_slot;

struct template {
	const struct template_slot *slots; size_t n_slots;
	const char *literal;               /* all literal bytes, terminated */
	size_t literal_size;
};

/* What a request is made from. Borrowed. */
struct template_values {
	const struct view *variables;      /* by index of the scope; size 0: has no value */
	const uint64_t *rows;              /* by feeder: feeder_row of this arrival */
	uint64_t seed;                     /* of this arrival */
	uint64_t sequence;
	int64_t wall_ns;                   /* since 1970 */
};

/* Names are resolved in the scope, which must be filled and hold loaded feeders if the text is to
 * be rendered. All memory belongs to the arena; feeders are borrowed. */
int template_compile(const char *text, enum template_use use, struct scope *scope,
    struct arena *a, struct template *ret, struct err *e);

/* Appends to `out`; allocates nothing but its growth. Any thread. */
void template_render(const struct template *t, const struct template_values *v, struct buf *out);

/* The same bytes whatever the values: `literal`. */
static inline bool
template_is_static(const struct template *t)
{
	return t->n_slots == 0;
}
