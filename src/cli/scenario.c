/* SPDX-License-Identifier: MIT */
/* What a scenario says beside its flows, where the command line says nothing. */
#include <errno.h>
#include <inttypes.h>

#include "cli/options.h"
#include "import/import.h"
#include "scenario/scenario.h"
#include "spec/setting.h"
#include "spec/spec.h"

static int
take(struct spec *s, const char *setting, const char *text, struct err *e)
{
	if (!text || spec_origin(s, setting) != ORIGIN_NONE)
		return 0;
	return spec_flag(s, setting_find(setting), text, e);
}

static int
take_settings(struct spec *s, const struct scenario *from, struct err *e)
{
	struct arena *a = s->arena;
	const struct { const char *setting, *text; } rows[] = {
		{ "system", from->name },
		{ "connections", from->connections ? arena_printf(a, "%lld", (long long)from->connections)
		                                   : NULL },
		{ "timeout", from->timeout_ns ? arena_printf(a, "%lldns", (long long)from->timeout_ns) : NULL },
		{ "seed", from->has_seed ? arena_printf(a, "%llu", (unsigned long long)from->seed) : NULL },
		{ "arrivals", from->arrivals },
		{ "reuse", from->reuse >= 0 ? arena_printf(a, "%.9g", from->reuse) : NULL },
	};
	int code = 0;

	for (size_t i = 0; code == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		code = take(s, rows[i].setting, rows[i].text, e);
	return code;
}

/* Where it goes: the scenario's base, unless the command line names a URL. Arms are places enough. */
static int
take_base(const struct invocation *in, const struct scenario *from, struct err *e)
{
	struct spec *s = in->spec;

	if (s->n_urls || (in->command->words == WORDS_ARMS && !from->base))
		return 0;
	if (from->base)
		return spec_flag(s, setting_find("url"), from->base, e);
	err_usage(e, "%s does not say where the service is", s->from ? s->from : s->scenario_file);
	err_hint(e, "name its URL beside it, as in: prony load http://127.0.0.1:8080/ ...");
	return -EINVAL;
}

/* What was left out is said where people look, and not in the figures. */
static int
import_scenario(struct invocation *in, struct scenario **ret, struct err *e)
{
	struct spec *s = in->spec;
	const struct import_options options = { .base = s->n_urls ? s->urls[0] : NULL };
	struct import_result result;
	int code = import_files(&s->from, 1, &options, s->arena, &result, e);

	if (code < 0)
		return code;
	for (size_t i = 0; i < result.n_notes; i++)
		cli_note(in, "left out or changed: %" PRIu64 " x %s", result.notes[i].count,
		    result.notes[i].text);
	*ret = result.scenario;
	return 0;
}

/* A scenario may name the file to replay. */
static int
check_speed(const struct spec *s, const struct scenario *from, struct err *e)
{
	if (s->replay || from->replay || spec_origin(s, "speed") == ORIGIN_NONE)
		return 0;
	err_usage(e, "--speed without --replay, and the scenario replays nothing");
	err_hint(e, "name the file to replay: --replay FILE");
	return -EINVAL;
}

int
cli_take_scenario(struct invocation *in, struct err *e)
{
	struct spec *s = in->spec;
	struct scenario *from;
	int code = 0;

	if (!s->scenario_file && !s->from)
		return 0;
	if (s->scenario_file && s->from)
		return err_usage(e, "--scenario and --from are two scenarios");
	code = s->from ? import_scenario(in, &from, e)
	               : scenario_read(s->scenario_file, s->arena, &from, e);
	if (code == 0)
		code = take_base(in, from, e);
	if (code == 0)
		code = take_settings(s, from, e);
	if (code == 0)
		code = check_speed(s, from, e);
	for (size_t i = 0; code == 0 && i < from->n_thresholds; i++)
		code = spec_target(s, from->thresholds[i], e);
	s->scenario = from;
	return code;
}
