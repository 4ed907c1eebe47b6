/* SPDX-License-Identifier: MIT */
/* Every sampled quantity as a small chart. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"

#define MOST_SPARKS 60

static enum doc_unit
unit_of(const struct run_series *s)
{
	static const struct {
		const char *name;
		enum doc_unit unit;
	} rows[] = {
		{ "seconds", UNIT_SECONDS }, { "bytes", UNIT_BYTES }, { "ratio", UNIT_RATIO },
		{ "per_second", UNIT_RATE }, { "cores", UNIT_CORES }, { NULL, UNIT_NONE },
	};
	size_t i = 0;
	while (rows[i].name && !(s->unit && strcmp(rows[i].name, s->unit) == 0))
		i++;
	return rows[i].unit;
}

static bool
drop_ending(char *name, const char *ending)
{
	size_t n = strlen(name), e = strlen(ending);

	if (!e || n <= e + 1 || name[n - e - 1] != '_' || strcmp(name + n - e, ending) != 0)
		return false;
	name[n - e - 1] = '\0';
	return true;
}

/* "service_read_bytes_per_second" is for machines; people read "service read". */
static const char *
readable(struct doc *d, const struct run_series *s, bool *ret_per_second)
{
	char *name = arena_strdup(d->arena, say_clip(d, s->name ? s->name : "unnamed", 60));

	*ret_per_second = drop_ending(name, "per_second");
	drop_ending(name, s->unit ? s->unit : "");
	for (char *c = name; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	return name;
}

static const char *
figure(struct doc *d, double value, enum doc_unit unit, bool per_second)
{
	const char *text = say_unit(d, value, unit);
	return per_second && unit == UNIT_BYTES ? doc_printf(d, "%s/s", text) : text;
}

static void
add(struct doc *d, struct doc_sparks *sparks, const struct run_series *s)
{
	struct doc_spark *k = ARENA_PUSH(d->arena, sparks->sparks, sparks->n_sparks);
	enum doc_unit unit = unit_of(s);
	bool per_second;

	k->name = readable(d, s, &per_second);
	k->value = figure(d, s->mean, unit, per_second);
	k->range = doc_printf(d, "%s to %s", figure(d, s->min, unit, per_second),
	    figure(d, s->max, unit, per_second));
	k->points = s->points;
	k->n_points = s->n_points;
}

static bool
is_silent(const struct run_series *s)
{
	bool silent = s->mean == 0 && s->min == 0 && s->max == 0;
	for (size_t i = 0; i < s->n_points && silent; i++)
		silent = !(s->points[i] > 0 || s->points[i] < 0);
	return silent;
}

void
section_resources(struct doc *d, const struct run *r)
{
	if (!r->evidence.n_series) {
		doc_note(d, "No resources were sampled: the service's processes were not found.");
		return;
	}
	struct doc_sparks *sparks = arena_alloc(d->arena, sizeof(*sparks));
	const char **silent = NULL;
	size_t n_silent = 0, n = r->evidence.n_series;
	bool per_second;

	sparks->title = "Over the whole run; figures are of the traced measurement";
	for (size_t i = 0; i < n && i < MOST_SPARKS; i++) {
		const struct run_series *s = &r->evidence.series[i];
		if (is_silent(s))
			*ARENA_PUSH(d->arena, silent, n_silent) = readable(d, s, &per_second);
		else
			add(d, sparks, s);
	}
	if (sparks->n_sparks)
		doc_block(d, DOC_SPARKS)->sparks = sparks;
	if (n_silent)
		doc_note(d, doc_printf(d, "Zero throughout: %s.", say_join(d, silent, n_silent, 60,
		    ", ")));
	if (n > MOST_SPARKS)
		doc_note(d, doc_printf(d, "%zu more series are in run.json.", n - MOST_SPARKS));
}
