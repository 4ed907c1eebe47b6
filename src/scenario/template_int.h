/* SPDX-License-Identifier: MIT */
/* What the compiler of templates leaves for the renderer. */
#pragma once

#include "scenario/template.h"

enum slot_kind {
	SLOT_VARIABLE, SLOT_COLUMN, SLOT_RANDOM, SLOT_CHOICE, SLOT_UUID, SLOT_SEQUENCE, SLOT_TIME,
};

/* Which bytes of a value pass; the classes of enum template_use, the URL's split by place. */
enum slot_pass { PASS_ALL, PASS_HEADER, PASS_URL, PASS_PATH, PASS_QUERY };

struct template_slot {
	enum slot_kind kind;
	enum slot_pass pass;
	size_t literal_size;           /* bytes of the literal that come before */
	uint32_t index, column;        /* variable or feeder; its column */
	uint32_t draw;                 /* random stream: this one and the next are the slot's own */
	const struct feeder *feeder;   /* NULL: scope held none, nothing is rendered */
	int64_t low;                   /* random */
	uint64_t count;                /* random, choice: of how many; 0: 2^64 */
	const struct view *choices;
	int64_t unit_ns;               /* time */
};

/* Appends `bytes` as `pass` lets them through. */
void slot_append(struct buf *out, enum slot_pass pass, const char *bytes, size_t size);
