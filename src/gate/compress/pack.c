/* SPDX-License-Identifier: MIT */
#include "gate/compress/pack.h"

#include <stdlib.h>

/* ---- the body -------------------------------------------------------------------------------- */

struct pack *
pack_new(struct gate_worker *w, enum coding coding)
{
	struct pack *p = calloc(1, sizeof(*p));
	struct compressor *c = p ? compressor_take(w->shelf, coding, COMPRESS_FLYING) : NULL;

	if (!c) {
		free(p);
		return NULL;
	}
	*p = (struct pack){ .w = w, .coding = coding, .compressor = c };
	return p;
}

void
pack_free(struct pack *p)
{
	if (!p)
		return;
	compressor_give(p->w->shelf, p->compressor);
	buf_done(&p->out);
	free(p);
}

bool
pack_feed(struct pack *p, const void *bytes, size_t size, enum compress_end end)
{
	size_t before = p->out.size;
	bool ok = compressor_feed(p->compressor, bytes, size, end, &p->out) == 0;

	metrics_add(p->w->metrics, METRIC_PLAIN, p->coding, (int64_t)size);
	metrics_add(p->w->metrics, METRIC_COMPRESSED, p->coding, (int64_t)(p->out.size - before));
	return ok;
}

void
pack_sent(struct pack *p)
{
	buf_clear(&p->out);
}

/* ---- the head -------------------------------------------------------------------------------- */

void
pack_put_field(struct buf *b, const struct http_field *f, struct compress_plan *plan)
{
	bool coded = plan->coding != CODING_IDENTITY;

	if (coded && text_is(f->name, "Accept-Ranges"))
		return;
	if (text_is(f->name, "Vary") && text_lists(f->value, "accept-encoding"))
		plan->vary = false;
	buf_append(b, f->name.at, f->name.size);
	buf_append(b, ": ", 2);
	if (plan->weaken_etag && text_is(f->name, "ETag"))
		buf_append(b, "W/", 2);
	buf_append(b, f->value.at, f->value.size);
	buf_append(b, "\r\n", 2);
}

void
pack_put_end(struct buf *b, const struct compress_plan *plan, bool coded)
{
	if (coded)
		buf_printf(b, "Content-Encoding: %s\r\n", coding_name(plan->coding));
	if (plan->vary)
		buf_puts(b, "Vary: Accept-Encoding\r\n");
}
