/* SPDX-License-Identifier: MIT */
/* What goes to the second level: responses that the first has stored, behind, and what is deleted there. */
#pragma once

#include "gate/desk/inquiry.h"


/* To be noted before the origin is asked: a purge that comes later counts against what it brings. */
uint64_t l2_known(const struct gate_worker *w);
/* A whole object of the store, a view or held. It is copied; dropped when too much waits. */
void l2_keep(struct gate_worker *w, const struct inquiry *q, const struct store_object *o, uint64_t known);
/* Nothing of this key counts any more, here and for the other gates. */
void l2_forget(struct gate_worker *w, struct text uri);
