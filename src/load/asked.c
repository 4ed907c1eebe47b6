/* SPDX-License-Identifier: MIT */
#include "load/asked.h"

#include "load/shape.h"

static void
add_parts(const struct spec *spec, struct asked *a)
{
	struct shape shape = { .arena = a->arena };

	for (size_t i = 0; i < spec->n_stages; i++)
		shape_ramp(&shape, spec->stages[i].from, spec->stages[i].to, spec->stages[i].for_ns);
	if (!spec->n_stages)
		shape_constant(&shape, spec->rate, spec->for_ns);
	a->schedule.parts = shape.parts;
	a->schedule.n_parts = shape.n_parts;
}

int
asked_make(const struct spec *spec, const struct asked_routes *routes, struct asked *ret,
    struct err *e)
{
	int code = 0;

	*ret = (struct asked){
		.schedule = { .poisson = spec->poisson, .seed = spec->seed, .routes = routes->n },
		.arena = arena_new(),
	};
	if (routes->weights)
		ret->schedule.mix = mix_make(ret->arena, routes->weights, routes->n);
	if (spec->replay) {
		code = arrivals_open(spec->replay, routes->names, routes->n, spec->replay_speed,
		    &ret->recorded, e);
		ret->schedule.recorded = ret->recorded;
	} else {
		add_parts(spec, ret);
	}
	if (code == 0 && spec->save_schedule)
		code = schedule_save(&ret->schedule, routes->names, spec->save_schedule, e);
	return code;
}

void
asked_done(struct asked *a)
{
	arrivals_close(a->recorded);
	arena_free(a->arena);
	*a = (struct asked){ 0 };
}
