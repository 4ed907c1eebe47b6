/* SPDX-License-Identifier: MIT */
/* Values taken from an answer, for later steps of a flow.
 *
 * Compiled once; what is looked at is bounded whatever the service sends. A compiled regex may be
 * used by one thread at a time (glibc would make others wait): one set a worker. */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json_find.h"
#include "scenario/scenario.h"

#define EXTRACT_VALUE_MAX ((size_t)64 << 10)
#define EXTRACT_REGEX_MAX ((size_t)1 << 20)   /* of the body, that a regex looks at */

/* What came back. Borrowed. */
struct answer {
	int status;
	struct view head;       /* status line and header lines as received */
	struct view body;       /* what was kept of it, decoded; a zero byte behind it, as in a buf */
	int64_t body_bytes;     /* all of it */
};

struct extract {
	enum scenario_extract_from from;
	uint32_t variable;      /* index for the value, of the scope; set by whoever compiles */
	struct json_pointer pointer;
	const char *header;
	regex_t regex;
	bool has_regex;
};

enum extract_verdict {
	EXTRACT_FOUND,
	EXTRACT_ABSENT,         /* no such value, header or match */
	EXTRACT_BAD,            /* the body is not JSON */
	EXTRACT_TOO_LONG,       /* more than EXTRACT_VALUE_MAX */
};

/* `from` must outlive the result. Release with extract_done, also after a failure. */
int extract_compile(const struct scenario_extract *from, struct arena *a, struct extract *ret,
    struct err *e);
void extract_done(struct extract *x);

/* JSON: the value's text (json_find_text). Header: the first of that name. Regex: the first group if
 * there is one, else the match. Appends only what was found. */
enum extract_verdict extract_value(const struct extract *x, const struct answer *answer,
    struct buf *out);

/* The first header of that name (in any case) in a raw head; false when there is none. */
bool answer_header(const struct answer *answer, const char *name, struct view *ret);
