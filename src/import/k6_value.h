/* SPDX-License-Identifier: MIT */
/* Values in a k6 script that do not depend on its run: literals, constants, and the few calls that
 * have a counterpart among a scenario's expressions. */
#pragma once

#include "base/map.h"
#include "import/scenario_draft.h"
#include "import/script_lex.h"

struct k6 {
	struct draft *d;
	struct script script;
	struct map constants;      /* name: place of the first token of its value */
	struct k6 *outer;          /* what stands in a template: the script around it */
	int depth;                 /* of constants that are being looked up */
	int steps;                 /* terms read so far: constants may multiply */
};

void k6_find_constants(struct k6 *k);

/* The text of the value at `i`, appended in the language of scenarios; *ret_end is behind it.
 * false: it depends on the run. Objects and lists become JSON. */
bool k6_text(struct k6 *k, size_t i, struct buf *out, size_t *ret_end);
bool k6_number(struct k6 *k, size_t i, double *ret);
/* "1m30s", or milliseconds; in seconds. */
bool k6_duration(struct k6 *k, size_t i, double *ret_s);

/* The place where the object at `i` (or that a constant there names) begins; 0: it is none. */
size_t k6_object(const struct k6 *k, size_t i);
/* The next member of an object: `at` begins as k6_object's and moves on; false at the end. */
struct k6_member { const char *name; size_t value; int line; };
bool k6_next_member(const struct k6 *k, size_t *at, struct k6_member *ret);
/* The place of a member's value; 0: there is none. */
size_t k6_member(const struct k6 *k, size_t object, const char *name);
/* The next value of the list or of the arguments that `at` is in (at its bracket at first). */
bool k6_next_item(const struct k6 *k, size_t *at, size_t *ret_value);
