/* SPDX-License-Identifier: MIT */
/* A format is one file, import_NAME.c, that defines `const struct import_format import_NAME`, and
 * one line in formats.def. */
#pragma once

#include "import/scenario_draft.h"
#include "import/source.h"

struct import_format {
	const char *name, *about;
	const char *const *suffixes;    /* of file names; NULL-terminated */
	/* Is this the beginning (at most SOURCE_HEAD_BYTES) of such a file? */
	bool (*matches)(const char *head, size_t size);
	/* One of the two. The text is terminated; all texts of a call land in one draft. */
	size_t max_bytes;
	int (*read)(struct draft *d, const char *name, const char *text, size_t size, struct err *e);
	int (*stream)(struct draft *d, struct source **sources, size_t n, struct err *e);
};
