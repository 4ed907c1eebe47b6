/* SPDX-License-Identifier: MIT */
#include "spec/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/url.h"
#include "spec/setting.h"

#define URLS_MAX 1000

static size_t
count_settings(void)
{
	size_t n = 0;
	while (spec_settings[n].name)
		n++;
	return n;
}

const struct setting *
setting_find(const char *name)
{
	const struct setting *row = spec_settings;
	while (strcmp(row->name, name) != 0)
		row++;
	return row;
}

struct spec *
spec_new(void)
{
	struct arena *a = arena_new();
	struct spec *s = arena_alloc(a, sizeof(*s));

	s->arena = a;
	s->given = arena_alloc(a, count_settings() * sizeof(*s->given));
	return s;
}

void
spec_free(struct spec *s)
{
	if (s)
		arena_free(s->arena);
}

int
spec_flag(struct spec *s, const struct setting *row, const char *text, struct err *e)
{
	struct spec_given *given = &s->given[row - spec_settings];

	if (given->origin == ORIGIN_FLAG && !row->repeats) {
		int code = row->secret ? err_usage(e, "given twice")
		    : err_usage(e, "given twice, '%s' and '%s'", given->text, text);
		err_hint(e, "leave one of them out");
		return code;
	}
	int code = setting_store(row, s->arena, s, text, e);
	if (code < 0)
		return code;
	*given = (struct spec_given){ ORIGIN_FLAG, arena_strdup(s->arena, text) };
	return 0;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n > m && strcmp(text + n - m, end) == 0;
}

int
spec_word(struct spec *s, const char *text, struct err *e)
{
	if (strncmp(text, "pid:", 4) == 0)
		return spec_flag(s, setting_find("pid"), text + 4, e);
	if (strncmp(text, "unit:", 5) == 0)
		return spec_flag(s, setting_find("unit"), text + 5, e);
	if (!strstr(text, "://") && (ends_with(text, ".yaml") || ends_with(text, ".yml")))
		return spec_load(s, text, e);
	return spec_flag(s, setting_find("url"), text, e);
}

enum spec_origin
spec_origin(const struct spec *s, const char *setting)
{
	return s->given[setting_find(setting) - spec_settings].origin;
}

int
spec_preset(struct spec *s, struct err *e)
{
	for (const struct setting *row = spec_settings; row->name; row++) {
		struct spec_given *given = &s->given[row - spec_settings];
		if (given->origin != ORIGIN_NONE || !row->preset)
			continue;
		int code = setting_store(row, s->arena, s, row->preset, e);
		if (code < 0)
			return code;
		*given = (struct spec_given){ ORIGIN_PRESET, row->preset };
	}
	return 0;
}

/* Every URL with every route. */
static int
join_routes(struct spec *s, struct err *e)
{
	const char **joined = NULL;
	size_t n = 0;
	struct url u;

	if (!s->n_routes || !s->n_urls)
		return 0;
	for (size_t i = 0; i < s->n_urls; i++)
		for (size_t j = 0; j < s->n_routes; j++) {
			int code = url_parse(s->urls[i], &u, e);
			if (code < 0)
				return code;
			size_t base = strlen(u.path);
			while (base && u.path[base - 1] == '/')
				base--;
			*ARENA_PUSH(s->arena, joined, n) = url_join(s->arena, &u,
			    arena_printf(s->arena, "%.*s%s", (int)base, u.path, s->routes[j]));
		}
	s->urls = joined;
	s->n_urls = n;
	s->n_routes = 0;
	return 0;
}

static int
check_named(const struct spec *s, struct err *e)
{
	int code = 0;

	if (!s->n_urls && !s->pid && !s->unit && !s->join) {
		code = err_usage(e, "which service? No URL, pid:N, unit:NAME or spec file was given");
		err_hint(e, "name its URL, as in: prony check http://127.0.0.1:8080/");
	} else if (s->pid && s->unit) {
		code = err_usage(e, "pid:%d and unit:%s are two targets", s->pid, s->unit);
		err_hint(e, "leave one of them out");
	} else if (s->n_urls > URLS_MAX) {
		code = err_usage(e, "%zu URLs are more than %d", s->n_urls, URLS_MAX);
		err_hint(e, "choose the routes that matter");
	}
	return code;
}

/* All URLs belong to one service: the same host and port. */
static int
check_one_service(const struct spec *s, struct url *ret_first, struct err *e)
{
	struct url u;

	for (size_t i = 0; i < s->n_urls; i++) {
		int code = url_parse(s->urls[i], i ? &u : ret_first, e);
		if (code < 0)
			return code;
		if (i && (u.port != ret_first->port || u.scheme != ret_first->scheme ||
		    strcmp(u.host, ret_first->host) != 0)) {
			code = err_usage(e, "%s and %s are two services", s->urls[0], s->urls[i]);
			err_hint(e, "measure one at a time; several URLs are routes of one scheme, "
			            "host and port");
			return code;
		}
	}
	return 0;
}

/* Load aimed at somebody else's host is an attack: that it is wanted must be said. */
static int
check_allowed(const struct spec *s, const struct url *u, struct err *e)
{
	bool loopback;

	if (s->observe || (s->allow_load && strcmp(s->allow_load, u->host) == 0))
		return 0;
	int code = url_is_loopback(u, &loopback, e);
	if (code < 0 || loopback)
		return code;
	code = err_usage(e, "'%s' is not this machine's loopback, and load can hurt it", u->host);
	err_hint(e, "if you may load it, say so: --allow-load %s", u->host);
	return code;
}

static bool
is_asked(const struct spec *s, const char *name)
{
	enum spec_origin origin = s->given[setting_find(name) - spec_settings].origin;
	return origin == ORIGIN_FLAG || origin == ORIGIN_FILE;
}

/* What says how much load there is; at most one of them may. */
static int
check_load(const struct spec *s, struct err *e)
{
	const struct { bool asked; const char *flag; } ways[] = {
		{ s->observe, "--observe" }, { s->rate > 0, "--rate" }, { s->closed, "--closed" },
		{ s->n_stages > 0, "--stage" }, { s->replay, "--replay" },
	};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i].asked && first) {
			int code = s->observe
			    ? err_usage(e, "--observe makes no load, %s asks for some", ways[i].flag)
			    : err_usage(e, "%s and %s contradict each other", first, ways[i].flag);
			err_hint(e, "each of them says how much load there is: leave out one of them");
			return code;
		}
		first = ways[i].asked ? ways[i].flag : first;
	}
	if (!s->press || !s->observe)
		return 0;
	int code = err_usage(e, "--press is for load that prony makes, and --observe makes none");
	err_hint(e, "leave out one of them");
	return code;
}

static int
check_stages(const struct spec *s, struct err *e)
{
	double peak = 0;

	for (size_t i = 0; i < s->n_stages; i++)
		peak = s->stages[i].from + s->stages[i].to > peak ? s->stages[i].from + s->stages[i].to : peak;
	if (s->n_stages && peak == 0) {
		int code = err_usage(e, "all stages are pauses");
		err_hint(e, "add one with a rate, as in --stage '1k/s for 10s'");
		return code;
	}
	if ((s->n_stages || s->replay) && is_asked(s, "for")) {
		const char *flag = s->n_stages ? "--stage" : "--replay";
		int code = err_usage(e, "--for and %s contradict each other", flag);
		err_hint(e, "%s says how long it lasts already: leave out --for", flag);
		return code;
	}
	return 0;
}

static int
check_contradictions(const struct spec *s, struct err *e)
{
	int code = check_load(s, e);

	if (code == 0)
		code = check_stages(s, e);
	if (code == 0 && is_asked(s, "speed") && !s->replay && !s->scenario) {
		code = err_usage(e, "--speed without --replay");
		err_hint(e, "name the file to replay: --replay FILE");
	}
	if (code == 0 && s->save_schedule && s->closed) {
		code = err_usage(e, "--save-schedule and --closed contradict each other");
		err_hint(e, "a closed loop has no schedule: leave out one of them");
	}
	return code;
}

int
spec_check(struct spec *s, struct err *e)
{
	struct url first;

	int code = spec_preset(s, e);
	if (code == 0)
		code = check_named(s, e);
	if (code == 0)
		code = check_contradictions(s, e);
	if (code == 0)
		code = check_one_service(s, &first, e);
	if (code == 0 && s->n_urls)
		code = check_allowed(s, &first, e);
	if (code == 0)
		code = join_routes(s, e);
	return code;
}
