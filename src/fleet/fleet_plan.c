/* SPDX-License-Identifier: MIT */
#include "fleet/fleet_plan.h"

#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "scenario/scenario.h"
#include "spec/setting.h"

#define TOOL "prony " PRONY_VERSION

/* Settings of one value that are the same for every worker. */
static const char *const settings[] = {
	"rate", "for", "timeout", "connections", "speed", "seed", "arrivals", "closed", "pace", "http2",
	"streams", "reuse", "tls-resume", "insecure", "workers",
};

static void
json_free_p(json_t **j)
{
	json_decref(*j);
}

void
fleet_plan_done(struct fleet_plan *p)
{
	buf_done(&p->json);
	for (size_t i = 0; i < p->n_files; i++)
		buf_done(&p->files[i]);
	*p = (struct fleet_plan){ 0 };
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *
write_settings(const struct spec *s)
{
	json_t *j = json_object();

	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		const struct spec_given *given = &s->given[setting_find(settings[i]) - spec_settings];
		if (given->origin == ORIGIN_FLAG || given->origin == ORIGIN_FILE)
			json_object_set_new(j, settings[i], json_string(given->text));
	}
	return j;
}

static json_t *
write_texts(const char *const *texts, size_t n)
{
	json_t *j = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(j, json_string(texts[i]));
	return j;
}

/* With all digits: every worker must compute the same schedule. */
static json_t *
write_stages(const struct spec *s)
{
	const struct scenario *from = s->rate > 0 || s->n_stages || s->closed || s->replay ? NULL : s->scenario;
	struct arena *a = s->arena;
	json_t *j = json_array();

	for (size_t i = 0; i < s->n_stages; i++)
		json_array_append_new(j, json_string(arena_printf(a, "%.17g/s..%.17g/s for %lldns",
		    s->stages[i].from, s->stages[i].to, (long long)s->stages[i].for_ns)));
	for (size_t i = 0; from && !from->replay && i < from->n_stages; i++)
		json_array_append_new(j, json_string(arena_printf(a, "%.17g/s..%.17g/s for %lldns",
		    from->stages[i].from, from->stages[i].to, (long long)from->stages[i].for_ns)));
	return j;
}

static int
add_file(struct fleet_plan *p, const char *path, struct err *e)
{
	size_t used = 0;

	for (size_t i = 0; i < p->n_files; i++)
		used += p->files[i].size;
	if (p->n_files == PLAN_FILES_MAX)
		return err_usage(e, "more than %d files do not go into the plan of a fleet", PLAN_FILES_MAX);
	int code = file_read(path, PLAN_BYTES_MAX - used, &p->files[p->n_files++], e);
	if (code != -EFBIG)
		return code;
	*e = (struct err){ 0 };
	err_usage(e, "%s does not go into the plan of a fleet: its files may have 16 MiB together", path);
	err_hint(e, "make it smaller: fewer rows of a feeder, a shorter recording");
	return -EFBIG;
}

/* Its feeders become files of the plan; what the settings say already is left out. */
static int
write_scenario(const struct spec *s, struct fleet_plan *p, json_t *into, struct err *e)
{
	struct arena *a = s->arena;
	CLEANUP(buf_done) struct buf yaml = { 0 };
	struct scenario copy = *s->scenario;
	const char *folder = copy.file ? dirname(arena_strdup(a, copy.file)) : ".";

	copy.n_stages = copy.n_thresholds = 0;
	copy.replay = NULL;
	copy.feeders = arena_alloc(a, (copy.n_feeders + 1) * sizeof(*copy.feeders));
	for (size_t i = 0; i < copy.n_feeders; i++) {
		const char *file = s->scenario->feeders[i].file;
		int code = add_file(p, file[0] == '/' ? file : arena_printf(a, "%s/%s", folder, file), e);
		if (code < 0)
			return code;
		copy.feeders[i] = s->scenario->feeders[i];
		copy.feeders[i].file = arena_printf(a, "file-%zu", i);
	}
	scenario_write(&copy, &yaml);
	json_object_set_new(into, "scenario", json_string(buf_text(&yaml)));
	return 0;
}

static int
write_replay(const struct spec *s, struct fleet_plan *p, json_t *into, struct err *e)
{
	const char *replay = s->replay;

	if (!replay && s->scenario && !(s->rate > 0) && !s->n_stages && !s->closed)
		replay = s->scenario->replay;
	json_object_set_new(into, "replays", json_boolean(replay != NULL));
	return replay ? add_file(p, replay, e) : 0;
}

int
fleet_plan_write(const struct spec *s, bool many, struct fleet_plan *ret, struct err *e)
{
	CLEANUP(json_free_p) json_t *j = json_object();
	int code = 0;

	json_object_set_new(j, "tool", json_string(TOOL));
	json_object_set_new(j, "many", json_boolean(many));
	json_object_set_new(j, "settings", write_settings(s));
	json_object_set_new(j, "urls", write_texts(s->urls, s->n_urls));
	json_object_set_new(j, "headers", write_texts(s->headers, s->n_headers));
	json_object_set_new(j, "stages", write_stages(s));
	if (s->scenario)
		code = write_scenario(s, ret, j, e);
	if (code == 0)
		code = write_replay(s, ret, j, e);
	if (code < 0)
		return code;
	char *text = json_dumps(j, JSON_COMPACT);
	if (!text || json_array_size(json_object_get(j, "headers")) != s->n_headers)
		code = err_usage(e, "a header or another text of the load is not UTF-8: it does not go into "
		                    "the plan of a fleet");
	else
		buf_puts(&ret->json, text);
	free(text);
	return code;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int
broken(struct err *e, const char *why)
{
	err_set(e, EBADMSG, "the plan of the leader is broken: %s", why);
	err_hint(e, "does the same version of prony lead, and does nobody else write to these keys?");
	return -EBADMSG;
}

static int
give(struct spec *s, const char *setting, const char *text, struct err *e)
{
	int code = text ? spec_flag(s, setting_find(setting), text, e) : broken(e, "a text is missing");
	return code < 0 ? err_wrap(e, code, "the leader's --%s", setting) : 0;
}

static int
read_settings(const json_t *j, struct spec *s, struct err *e)
{
	const json_t *given = json_object_get(j, "settings");
	int code = 0;

	for (size_t i = 0; i < COUNT_OF(settings) && code == 0; i++) {
		const json_t *one = json_object_get(given, settings[i]);
		if (one)
			code = give(s, settings[i], json_string_value(one), e);
	}
	return code;
}

static int
read_texts(const json_t *j, const char *key, const char *setting, struct spec *s, struct err *e)
{
	const json_t *list = json_object_get(j, key);
	int code = 0;

	for (size_t i = 0; i < json_array_size(list) && code == 0; i++)
		code = give(s, setting, json_string_value(json_array_get(list, i)), e);
	return code;
}

static int
write_files(const struct fleet_plan *p, const char *folder, struct arena *a, struct err *e)
{
	int code = 0;

	for (size_t i = 0; i < p->n_files && code == 0; i++)
		code = file_write(arena_printf(a, "%s/file-%zu", folder, i), p->files[i].data,
		    p->files[i].size, e);
	return code;
}

/* Its feeders are files of the plan and nothing else: a plan cannot make a worker read and send a
 * file of its own. */
static int
read_scenario(const json_t *j, const struct fleet_plan *p, const char *folder, struct spec *s,
    struct err *e)
{
	const char *text = json_string_value(j);
	struct scenario *made;

	if (!text)
		return broken(e, "its scenario is no text");
	const char *name = arena_printf(s->arena, "%s/plan", folder);
	int code = scenario_parse(text, strlen(text), name, s->arena, &made, e);
	if (code < 0)
		return code;
	if (made->n_feeders > p->n_files)
		return broken(e, "a file of its scenario is missing");
	for (size_t i = 0; i < made->n_feeders; i++)
		made->feeders[i].file = arena_printf(s->arena, "file-%zu", i);
	made->file = name;
	made->n_stages = made->n_thresholds = 0;
	made->replay = NULL;
	s->scenario = made;
	return 0;
}

/* One worker's part of the connections; what does not divide is left out. */
static void
share_connections(struct spec *s)
{
	int64_t whole = s->connections > 0 ? s->connections : 256;

	s->connections = s->workers > 0 ? whole / s->workers : whole;
	s->connections += !s->connections;
}

int
fleet_plan_read(struct fleet_plan *p, const char *folder, struct spec *s, struct err *e)
{
	CLEANUP(json_free_p) json_t *j = json_loadb(buf_text(&p->json), p->json.size, 0, NULL);
	const char *tool = json_string_value(json_object_get(j, "tool"));

	if (!tool)
		return broken(e, "it is not JSON");
	if (strcmp(tool, TOOL) != 0) {
		err_set(e, EPROTO, "the leader is %.40s, this is " TOOL, tool);
		err_hint(e, "use the same version on all hosts");
		return -EPROTO;
	}
	const json_t *scenario = json_object_get(j, "scenario");
	p->many = json_is_true(json_object_get(j, "many"));
	int code = write_files(p, folder, s->arena, e);
	if (code == 0)
		code = read_settings(j, s, e);
	if (code == 0)
		code = read_texts(j, "urls", "url", s, e);
	if (code == 0)
		code = read_texts(j, "headers", "header", s, e);
	if (code == 0)
		code = read_texts(j, "stages", "stage", s, e);
	if (code == 0 && scenario)
		code = read_scenario(scenario, p, folder, s, e);
	if (code == 0 && json_is_true(json_object_get(j, "replays"))) {
		if (!p->n_files)
			return broken(e, "its recorded arrivals are missing");
		s->replay = arena_printf(s->arena, "%s/file-%zu", folder, p->n_files - 1);
	}
	if (code == 0 && (s->workers < 1 || !s->n_urls))
		code = broken(e, "it names no workers or no service");
	if (code == 0)
		code = spec_preset(s, e);
	if (code == 0)
		share_connections(s);
	return code;
}
