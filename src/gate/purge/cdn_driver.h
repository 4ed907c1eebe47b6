/* SPDX-License-Identifier: MIT */
/* How a CDN is asked for purges. A driver is a file and a row in the table of cdn_driver.c: it writes what of a purge
 * is in the question, and the question about a batch of them. Order, waits and what was not answered for are cdn.c's.
 * Pure, but for the environment and random numbers; any thread. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "gate/config/config.h"
#include "gate/purge/purge_log.h"

/* Purges of one kind, in the order of the log, that are asked for at once. */
struct cdn_batch {
	enum purge_what what;    /* as it is asked for: where a tag is not to be had, everything */
	bool soft;
	size_t n, n_items;       /* purges; what of them is told, each once */
	struct buf items;
	uint64_t first;          /* the number of the first */
	int64_t wall_ns;         /* of the first, as the file of the log has it */
};

struct cdn_ask {
	const struct gate_cdn *c;
	const struct cdn_batch *batch;
	struct text secret;      /* what its file or variable holds; at NULL: there is neither */
	int64_t wall_ns;         /* now */
};

struct cdn_request {
	const char *method;
	struct buf to, rest;     /* the URL; fields, an empty line and the body */
};

struct cdn_driver {
	const char *preset;      /* NULL: the templates of gate.yaml */
	size_t items_max, bytes_max;      /* of a batch */
	bool missing_is_done;    /* 404: what is not there need not be purged; else it is the CDN that is not there */
	const char *const *for_now;       /* words of answers that refuse it as 4xx but will not later; NULL: none */

	/* NULL: as it is. */
	enum purge_what (*as)(const struct gate_cdn *c, const struct purge *p);
	/* What can be told from other items wherever they stand. */
	void (*put)(enum purge_what what, struct text text, struct buf *items);
	/* -ENOTSUP: it cannot be asked for this, ever. */
	int (*write)(const struct cdn_ask *ask, struct cdn_request *ret, struct err *e);
};

extern const struct cdn_driver cdn_template, cdn_cloudfront, cdn_akamai;

const struct cdn_driver *cdn_driver_of(const struct gate_cdn *c);

/* False: it is for the next batch. `most`: purges of this one. */
bool cdn_batch_add(struct cdn_batch *b, const struct cdn_driver *d, const struct gate_cdn *c,
    const struct purge_entry *entry, size_t most);
void cdn_batch_clear(struct cdn_batch *b);
void cdn_request_done(struct cdn_request *r);

/* The value of a line `name = value` under [profile] in the file of secrets (or above all sections, for "default");
 * with no file, of the environment's variable. Empty: there is none, or it cannot be in a field. A view. */
struct text cdn_secret(const struct cdn_ask *ask, const char *name, const char *variable);

/* The rest of a request: `fields` with their line ends, and the body. */
void cdn_request_end(struct cdn_request *r, const char *type, const struct buf *fields, const struct buf *body);
