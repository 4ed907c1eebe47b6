/* SPDX-License-Identifier: MIT */
/* A revision of the git repository here, checked out beside it. Control thread. */
#pragma once

#include <stdbool.h>

#include "experiment/printed.h"

struct checkout {
	const char *temporary;   /* folder that is removed with it; NULL: there is none */
	const char *folder;      /* in it, where the user stands in the repository */
};

/* The full name of the commit that the word names, in the arena; -EINVAL when it names none, or
 * there is no repository, or no git: `e` says which. */
int checkout_find(const char *word, struct arena *a, const char **ret, struct err *e);

/* Append what the repository's branches and tags are called, a line each. */
void checkout_names(struct arena *a, struct buf *ret);

/* What git says goes to `to`. On failure nothing is left behind. */
int checkout_open(const char *commit, struct arena *a, struct printed *to, struct checkout *ret,
    struct err *e);
void checkout_close(struct checkout *c);   /* safe on a zeroed one */
