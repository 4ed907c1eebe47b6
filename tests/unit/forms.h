/* SPDX-License-Identifier: MIT */
/* A run's forms as text, for the tests of the faces. */
#pragma once

#include <stdlib.h>

#include "report/report.h"

/* For the caller to free; never NULL. */
static inline char *
form_of(const struct run *r, void (*form)(const struct run *, struct buf *))
{
	struct buf b = { 0 };

	form(r, &b);
	return b.data ? b.data : strdup("");
}

static inline void
terminal_80(const struct run *r, struct buf *out)
{
	report_terminal(r, &(struct report_terminal){ 80, false, true }, out);
}
