/* SPDX-License-Identifier: MIT */
#include "load/asked.h"

#include <libgen.h>

#include "load/load_int.h"
#include "load/shape.h"

/* Flags and prony.yaml say more of this run than the scenario, which may serve many. Files that a
 * scenario names lie beside it. */
static const char *
replay_file(const struct spec *spec, struct arena *a)
{
	const struct scenario *from = spec->scenario;

	if (spec->replay || spec->rate > 0 || spec->n_stages || !from || !from->replay)
		return spec->replay;
	if (from->replay[0] == '/' || !from->file)
		return from->replay;
	return arena_printf(a, "%s/%s", dirname(arena_strdup(a, from->file)), from->replay);
}

static void
add_parts(const struct spec *spec, struct asked *a)
{
	struct shape shape = { .arena = a->arena };
	const struct scenario *from = spec->scenario;
	bool said = spec->n_stages || spec->rate > 0;

	for (size_t i = 0; i < spec->n_stages; i++)
		shape_ramp(&shape, spec->stages[i].from, spec->stages[i].to, spec->stages[i].for_ns);
	for (size_t i = 0; !said && from && i < from->n_stages; i++)
		shape_ramp(&shape, from->stages[i].from, from->stages[i].to, from->stages[i].for_ns);
	if (!shape.n_parts)
		shape_constant(&shape, spec->rate, spec->for_ns);
	a->schedule.parts = shape.parts;
	a->schedule.n_parts = shape.n_parts;
}

int
asked_make(const struct load *l, struct asked *ret, struct err *e)
{
	const struct program *p = &l->program;
	struct arena *a = arena_new();
	const char **names = arena_alloc(a, p->n_flows * sizeof(*names));
	const char *replay = replay_file(l->spec, a);
	uint32_t n = (uint32_t)p->n_flows;
	int code = 0;

	for (uint32_t i = 0; i < n; i++)
		names[i] = p->flows[i].name;
	*ret = (struct asked){
		.schedule = {
			.poisson = l->spec->poisson, .seed = l->spec->seed, .routes = n,
			.mix = p->mix,
		},
		.arena = a,
	};
	if (replay)
		code = arrivals_open(replay, names, n, l->spec->replay_speed, &ret->recorded, e);
	else
		add_parts(l->spec, ret);
	ret->schedule.recorded = ret->recorded;
	if (code == 0 && l->spec->save_schedule)
		code = schedule_save(&ret->schedule, names, l->spec->save_schedule, e);
	return code;
}

void
asked_done(struct asked *a)
{
	arrivals_close(a->recorded);
	arena_free(a->arena);
	*a = (struct asked){ 0 };
}
