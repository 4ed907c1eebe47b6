/* SPDX-License-Identifier: MIT */
/* A scenario in the making, with the rules that all importers share: what is a secret, which
 * headers belong to the connection, what is below the base URL, and the list of what was left out.
 *
 * Texts given here are in the language of scenarios, where ${ begins an expression: foreign text
 * goes through draft_literal first. Flow and step pointers die with the next flow or step. */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "import/import.h"

struct draft {
	struct arena *arena;
	const struct import_options *options;
	struct scenario *s;
	const char *origin;            /* of the first request, "https://shop.test"; NULL none yet */
	struct import_note *notes; size_t n_notes;
	struct map note_places;        /* text: index in notes */
};

/* An empty scenario in the arena; `o` is borrowed until the end. */
void draft_start(struct draft *d, struct arena *a, const struct import_options *o);
/* Moves headers that all requests share to the scenario, and releases what is not in the arena. */
void draft_end(struct draft *d);

/* Say what was left out or changed; the same words are said once, with a count. */
void draft_note(struct draft *d, uint64_t n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Foreign text as a scenario's literal: no expression begins in it. */
const char *draft_literal(struct draft *d, const char *text, size_t size);
/* The same appended, also a byte at a time; and an expression, "uuid()", which a '$' before it must not escape. */
void draft_put_bytes(struct buf *out, const char *text, size_t size);
void draft_put_byte(struct buf *out, char c);
void draft_put_expression(struct buf *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* And text that is in the language of scenarios already. */
void draft_put_text(struct buf *out, const char *text);
/* One of the values, which are plain bytes and get encoded where they are used. Values that no
 * expression can hold are left out; nothing is appended when none is left. */
void draft_put_choice(struct buf *out, const char *const *values, size_t n);

/* "https://user:pass@shop.test:8443/x?y" has the origin "https://shop.test:8443"; NULL: a path. */
const char *draft_origin(struct draft *d, const char *url);

/* The next flow; requests that follow are its own. */
struct scenario_flow *draft_flow(struct draft *d, const char *name);
/* "shop" of "dir/shop.har.gz": a name for what came from a file. */
const char *draft_file_title(struct draft *d, const char *path);

/* A request of the newest flow. The first origin becomes the base (unless the user named one), and
 * URLs at it paths below. Credentials and secrets in the URL are taken out. NULL, and said: the
 * method is none, or the URL neither a path nor http. Flows without a request vanish at the end. */
struct scenario_step *draft_request(struct draft *d, const char *method, const char *url);
/* A pause after the newest request. */
void draft_think(struct draft *d, double seconds);

/* Adds the header unless it belongs to the connection, holds cookies or asks for a change only. */
void draft_header(struct draft *d, struct scenario_step *step, const char *name, const char *value);
/* Sets the body; secrets in JSON and in forms are taken out. false (and said): bytes that no
 * scenario can hold. */
bool draft_body(struct draft *d, struct scenario_step *step, const char *text, size_t size);
/* The answer has to have this status, as scenarios say it: "200", "2xx". The text is borrowed. */
void draft_expect_status(struct draft *d, struct scenario_step *step, const char *value);

/* By its own headers; upper and lower case are the same. */
bool draft_has_header(const struct scenario_step *step, const char *name);
