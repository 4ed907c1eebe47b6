/* SPDX-License-Identifier: MIT */
/* Memory: how much, whether it grows and until when that goes well, and what it costs requests. */
#include "report/section.h"

#include "report/say.h"

static const char *
rate_of(struct doc *d, const struct run_num *n)
{
	if (!say_known(n->value))
		return NULL;
	if (!(n->low > 0))
		return doc_printf(d, "none that is certain (%s/s)", say_size(d, n->value));
	return doc_printf(d, "%s/s (%s/s to %s/s)", say_size(d, n->value), say_size(d, n->low),
	    say_size(d, n->high));
}

static const char *
faults(struct doc *d, const struct run_memory *m)
{
	if (!say_known(m->minor_faults) && !say_known(m->major_faults))
		return NULL;
	return doc_printf(d, "%s a second, %s of them from disk%s%s", say_count(d, m->minor_faults),
	    say_count(d, m->major_faults), say_known(m->fault_share) ? "; of the requests' time " : "",
	    say_known(m->fault_share) ? say_share(d, m->fault_share) : "");
}

static void
lead(struct doc *d, const struct run_memory *m)
{
	const char *limit = m->limit_own ? "its memory limit" : "the host's memory";

	if (say_known(m->full_in.value))
		doc_lead(d, TONE_WARN, doc_printf(d, "Memory grows; at this pace it reaches %s in %s.",
		    limit, say_predicted(d, &m->full_in, UNIT_SECONDS)));
}

void
section_memory(struct doc *d, const struct run *r)
{
	const struct run_memory *m = &r->memory;

	if (!say_known(m->rss_bytes))
		return;
	lead(d, m);
	struct doc_block *b = doc_block(d, DOC_PAIRS);
	doc_pair(d, b, "Resident", say_known(m->limit_bytes) ? doc_printf(d, "%s of %s, %s",
	    say_size(d, m->rss_bytes), say_size(d, m->limit_bytes), m->limit_own ? "its limit"
	    : "the host's") : say_size(d, m->rss_bytes));
	doc_pair(d, b, "Growth", rate_of(d, &m->growth));
	if (say_known(m->gc_share))
		doc_pair(d, b, "Garbage collection", doc_printf(d, "%s of the requests' time",
		    say_share(d, m->gc_share)));
	doc_pair(d, b, "Page faults", faults(d, m));
	if (say_known(m->swap_bytes))
		doc_pair(d, b, "In swap", m->swap_bytes > 0 ? say_size(d, m->swap_bytes) : "nothing");
}
