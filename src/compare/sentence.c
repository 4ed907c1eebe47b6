/* SPDX-License-Identifier: MIT */
#include "compare/sentence.h"

#include <math.h>

#include "base/buf.h"
#include "stats/equivalence.h"

#define CLAUSES_MAX 3   /* of a kind: more is a list, and the table has it */

/* A share as people say it, without its unit. */
static void
put_share(struct buf *b, double share)
{
	double percent = 100 * share;
	buf_printf(b, fabs(percent) < 9.95 ? "%.1f" : "%.0f", percent);
}

static double
share_of(const struct figure *f, double x)
{
	return f->metric->difference ? x : expm1(x);
}

static const char *
route_of(const struct figure *f)
{
	return f->route ? f->route : "";
}

/* "needs 5.2 % (4.6 to 5.9 %) more CPU a request". */
static void
put_change(struct buf *b, const struct figure *f, bool first)
{
	struct interval i = paired_interval(&f->pairs, 0.95);
	double by = share_of(f, i.value), low = share_of(f, i.low), high = share_of(f, i.high);
	bool more = by > 0;
	const struct metric *m = f->metric;

	if (m->latency)
		buf_printf(b, "%s %s is ", first ? "B's" : "its", m->words);
	else
		buf_printf(b, "%s %s ", first ? "B" : "it", m->verb);
	put_share(b, fabs(by));
	buf_puts(b, " %");
	if (isfinite(i.low) && (low > 0) == (high > 0)) {
		buf_puts(b, " (");
		put_share(b, more ? low : -high);
		buf_puts(b, " to ");
		put_share(b, more ? high : -low);
		buf_puts(b, " %)");
	}
	buf_printf(b, " %s%s%s", more ? m->more : m->less, f->route ? " on " : "", route_of(f));
}

/* All changes of this kind, the first few in words. Returns how many there are. */
static size_t
put_changes(struct buf *b, const struct figure *figures, size_t n, enum outcome outcome,
    const char *opening)
{
	size_t said = 0;

	for (size_t i = 0; i < n; i++) {
		if (figures[i].outcome != outcome || said++ >= CLAUSES_MAX)
			continue;
		buf_puts(b, said > 1 ? ", and " : b->size ? opening : "");
		put_change(b, &figures[i], !b->size);
	}
	if (said > CLAUSES_MAX)
		buf_printf(b, ", and %zu more", said - CLAUSES_MAX);
	return said;
}

static void
put_answers(struct buf *b, const struct run_proof *p)
{
	const struct run_answer *a = &p->answers[0];

	if (!p->n_answers)
		return;
	buf_printf(b, "B gives other answers than A: the %s of %s was %s and is %s",
	    a->differs ? a->differs : "answer", a->route ? a->route : "a request",
	    a->before ? a->before : "another", a->after ? a->after : "different");
	if (p->n_answers > 1)
		buf_printf(b, ", and %zu more", p->n_answers - 1);
}

/* ---- no change ----------------------------------------------------------------------------- */

/* "-0.4 to 0.7 %", or nothing known. Five pairs, which 90 % can be said of, may be "same". */
static void
put_range(struct buf *b, const struct figure *f)
{
	struct interval i = paired_interval(&f->pairs, 0.95);
	bool less_sure = !isfinite(i.low);

	if (less_sure)
		i = paired_interval(&f->pairs, 0.90);
	if (!isfinite(i.low)) {
		buf_printf(b, "anything: %zu pair%s nothing", f->pairs.n, f->pairs.n == 1 ? " tells" : "s tell");
		return;
	}
	put_share(b, share_of(f, i.low));
	buf_puts(b, " to ");
	put_share(b, share_of(f, i.high));
	buf_puts(b, less_sure ? " % (of 90 %)" : " %");
}

static void
put_feigned(struct buf *b, const struct figure *f)
{
	put_change(b, f, true);
	buf_puts(b, f->independent < f->pairs.n ? ", but in so short a time one program can differ from itself by "
	    : ", but two starts of one program on this machine can differ by ");
	put_share(b, share_of(f, f->floor));
	buf_puts(b, " %");
}

static void
put_same(struct buf *b, const struct figure *f)
{
	struct interval i = paired_interval(&f->pairs, 0.95);

	if (f->outcome == OUTCOME_SAME && (i.low > 0 || i.high < 0)) {
		put_change(b, f, true);
		buf_puts(b, ": real, but less than the ");
		put_share(b, f->metric->margin);
		buf_puts(b, " % that matters");
		return;
	}
	if (f->outcome != OUTCOME_SAME && f->different) {
		put_feigned(b, f);
		return;
	}
	buf_printf(b, "no difference %s: %s changed by ",
	    f->outcome == OUTCOME_SAME ? "that matters" : "was found", f->metric->words);
	put_range(b, f);
}

/* What nobody could have seen here. */
static void
put_unseen(struct buf *b, const struct figure *figures, size_t n)
{
	size_t said = 0;

	for (size_t i = 0; i < n; i++) {
		const struct figure *f = &figures[i];
		if (f->route || !f->pairs.n || f->outcome != OUTCOME_INCONCLUSIVE || !judge_blind(f))
			continue;
		double least = share_of(f, fmax(f->detectable_most, f->floor));
		buf_printf(b, "%s%s ", said++ ? ", of " : "; here differences of ", f->metric->words);
		if (!isfinite(least)) {
			buf_puts(b, "of any size");
			continue;
		}
		buf_puts(b, "below ");
		put_share(b, least);
		buf_puts(b, " %");
	}
	if (said)
		buf_puts(b, " could not have been seen");
}

/* ---- open ---------------------------------------------------------------------------------- */

static void
put_open(struct buf *b, const struct figure *f)
{
	int64_t needed = equivalence_pairs(f->sd, f->margin, f->level_last, POWER);

	buf_puts(b, "cannot say: ");
	if (f->different && f->floor > f->margin) {
		put_feigned(b, f);
		return;
	}
	buf_printf(b, "%s changed by ", f->metric->words);
	put_range(b, f);
	if (needed > (int64_t)f->pairs.n) {
		buf_printf(b, "; %zu pairs were taken, and to tell ", f->pairs.n);
		put_share(b, f->metric->margin);
		buf_printf(b, " %% takes about %lld", (long long)needed);
	}
}

static void
put_nothing(struct buf *b, const struct run_proof *p)
{
	const char *why = NULL;

	for (size_t i = 0; i < p->n_blocks && !why; i++)
		why = p->blocks[i].void_why;
	buf_puts(b, "cannot say: no pair of blocks tells CPU time or latency of both");
	if (why)
		buf_printf(b, ": %s", why);
}

static void
put_still(struct buf *b, const struct figure *figures, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (figures[i].primary)
			put_same(b, &figures[i]);
	put_unseen(b, figures, n);
}

/* Whatever else is said. False: they were not. */
static bool
put_late(struct buf *b, const struct run_proof *p)
{
	struct lateness l = lateness_of(p);

	if (l.most)
		buf_printf(b, "%slatencies are not known: the generator sent late in %zu of %zu blocks",
		    b->size ? "; " : "", l.late, l.blocks);
	return l.most;
}

static void
put_inconclusive(struct buf *b, const struct run_proof *p, const struct figure *figures, size_t n,
    const struct looks *looks)
{
	for (size_t i = 0; i < n; i++)
		if (judge_open(&figures[i], looks)) {
			put_open(b, &figures[i]);
			return;
		}
	if (put_late(b, p)) {
		buf_puts(b, "; ");
		put_still(b, figures, n);
	} else {
		put_nothing(b, p);
	}
}

const char *
sentence_why(struct run *r, const struct run_proof *p, const struct figure *figures, size_t n,
    enum outcome overall, const struct looks *looks)
{
	struct buf b = { .cap_bytes = 4096 };

	put_answers(&b, p);
	if (overall == OUTCOME_INCONCLUSIVE)
		put_inconclusive(&b, p, figures, n, looks);
	else if (overall == OUTCOME_SAME)
		put_still(&b, figures, n);
	size_t worse = put_changes(&b, figures, n, OUTCOME_WORSE, "; ");
	if (put_changes(&b, figures, n, OUTCOME_BETTER, worse ? ", but " : "; ") && worse)
		buf_puts(&b, ": what is worse decides");
	if (overall != OUTCOME_INCONCLUSIVE)
		put_late(&b, p);
	const char *why = run_str(r, buf_text(&b));
	buf_done(&b);
	return why;
}
