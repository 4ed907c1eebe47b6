/* SPDX-License-Identifier: MIT */
/* An entry of the stream of purges (l2_stream.h), as XRANGE shows it: [id, [name, value, ...]]. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/resp_walk.h"

#define L2_ENTRY_ID_MAX 44           /* of two numbers with a '-' between, and a '\0' */

/* Views of the reply; empty where the entry says nothing of it. */
struct l2_entry {
	uint64_t ms, number;         /* its id: the server's wall clock, and a count within it */
	struct text id;              /* shorter than L2_ENTRY_ID_MAX */
	struct text what, how, text, from, after;
};

/* "1526919030474-55". False: it is none. */
bool l2_entry_read_id(struct text id, uint64_t *ret_ms, uint64_t *ret_number);

/* The next value of the reply. False: it is no entry. Fields of other names are passed over. */
bool l2_entry_read(struct resp_walk *w, struct l2_entry *ret);
