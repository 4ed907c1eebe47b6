/* SPDX-License-Identifier: MIT */
/* Every sampled quantity as a small chart. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"

#define MOST_SPARKS 36

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

/* "service_cpu_cores" is for machines; people read "service cpu". */
static const char *
readable(struct doc *d, const struct run_series *s)
{
	char *name = arena_strdup(d->arena, say_clip(d, s->name ? s->name : "unnamed", 60));
	char *unit = s->unit && *s->unit ? strstr(name, s->unit) : NULL;

	if (unit && unit > name && unit[-1] == '_' && !unit[strlen(s->unit)])
		unit[-1] = '\0';
	for (char *c = name; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	return name;
}

void
section_resources(struct doc *d, const struct run *r)
{
	if (!r->evidence.n_series) {
		doc_note(d, "No resources were sampled: the processes of the service were not found.");
		return;
	}
	struct doc_sparks *sparks = arena_alloc(d->arena, sizeof(*sparks));
	sparks->title = "Over the whole run; figures are of the traced measurement";
	for (size_t i = 0; i < r->evidence.n_series && i < MOST_SPARKS; i++) {
		const struct run_series *s = &r->evidence.series[i];
		struct doc_spark *k = ARENA_PUSH(d->arena, sparks->sparks, sparks->n_sparks);
		enum doc_unit unit = unit_of(s);
		k->name = readable(d, s);
		k->value = say_unit(d, s->mean, unit);
		k->range = doc_printf(d, "%s to %s", say_unit(d, s->min, unit), say_unit(d, s->max, unit));
		k->points = s->points;
		k->n_points = s->n_points;
	}
	doc_block(d, DOC_SPARKS)->sparks = sparks;
	if (r->evidence.n_series > MOST_SPARKS)
		doc_note(d, doc_printf(d, "%zu more series are in run.json.", r->evidence.n_series - MOST_SPARKS));
}
