/* SPDX-License-Identifier: MIT */
/* A compressed form of what is stored, while it is made: once, for all clients of a worker that take it. They
 * read it as it grows, and whoever of them is ready for more makes more of it; so nobody waits for who is slow.
 * When it is whole, it is kept beside the object, and served from there. */
#pragma once

#include "gate/compress/compress.h"
#include "gate/compress/compressor.h"
#include "gate/gate_worker.h"

#define MAKING_SLOTS 64

enum making_state {
	MAKING_GOES_ON,
	MAKING_WAITS,      /* for more of the object, which is arriving */
	MAKING_IS_WHOLE,   /* and kept, or another one is */
	MAKING_FAILED,     /* no more comes */
};

struct making {
	struct making *next, **link;    /* of the worker's; link NULL: nobody can join any more */
	struct gate_worker *w;
	const struct store_object *object;   /* held */
	struct store_object *form;           /* held */
	struct store_cursor cursor;     /* in the object's body, */
	uint64_t end;                   /* of which that is the length */
	enum coding coding;
	enum making_state state;
	struct compressor *compressor;
	uint32_t readers;
};

/* The form that is there; NULL: none. A view. */
const struct store_object *form_find(const struct gate_worker *w, const struct store_object *o,
    enum coding coding);
/* As store_form_put. */
bool form_put(struct gate_worker *w, const struct store_object *o, enum coding coding,
    struct store_object *form, bool final);

/* The one that is under way, or a new one; NULL when memory does not reach. */
struct making *making_join(struct gate_worker *w, const struct store_object *o, uint64_t end, enum coding coding);
void making_leave(struct making *m);   /* gone with its last reader; accepts NULL */
/* More of it, as far as that is possible now. */
enum making_state making_step(struct making *m);
