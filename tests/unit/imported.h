/* SPDX-License-Identifier: MIT */
/* What an import makes of a text, looked into. The caller frees imported.a. */
#pragma once

#include <strings.h>

#include "base/buf.h"
#include "check.h"
#include "import/import.h"

struct imported {
	struct arena *a;
	struct import_result r;
	struct err e;
	int code;
};

static inline struct imported
import_with(const char *name, const char *text, size_t size, struct import_options o)
{
	struct imported im = { .a = arena_new() };

	im.code = import_text(name, text, size, &o, im.a, &im.r, &im.e);
	return im;
}

/* What was made is a scenario to who reads scenarios, and the same one. */
static inline void
assert_survives(const struct imported *im)
{
	struct buf first = { 0 }, second = { 0 };
	struct scenario *again;
	struct err e = { 0 };

	scenario_write(im->r.scenario, &first);
	if (scenario_parse(buf_text(&first), first.size, "again.yaml", im->a, &again, &e) < 0)
		fail_msg("%s\n%s", e.text, buf_text(&first));
	scenario_write(again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	buf_done(&first);
	buf_done(&second);
}

static inline struct imported
import(const char *name, const char *text)
{
	struct imported im = import_with(name, text, strlen(text), (struct import_options){ 0 });

	if (im.code < 0)
		fail_msg("%s: %s", name, im.e.text);
	assert_survives(&im);
	return im;
}

static inline const struct scenario_step *
step_of(const struct imported *im, size_t flow, size_t step)
{
	assert_true(flow < im->r.scenario->n_flows);
	assert_true(step < im->r.scenario->flows[flow].n_steps);
	return &im->r.scenario->flows[flow].steps[step];
}

/* The count of the first note that has these words; 0: none. */
static inline uint64_t
noted(const struct imported *im, const char *words)
{
	for (size_t i = 0; i < im->r.n_notes; i++)
		if (strstr(im->r.notes[i].text, words))
			return im->r.notes[i].count;
	return 0;
}

static inline const char *
header_of(const struct imported *im, const struct scenario_step *step, const char *name)
{
	for (size_t i = 0; i < step->n_headers; i++)
		if (strcasecmp(step->headers[i].name, name) == 0)
			return step->headers[i].value;
	for (size_t i = 0; i < im->r.scenario->n_headers; i++)
		if (strcasecmp(im->r.scenario->headers[i].name, name) == 0)
			return im->r.scenario->headers[i].value;
	return "(none)";
}

/* No text of the scenario or of the notes holds it. */
static inline void
assert_nowhere(const struct imported *im, const char *secret)
{
	const struct scenario *s = im->r.scenario;

	for (size_t f = 0; f < s->n_flows; f++)
		for (size_t i = 0; i < s->flows[f].n_steps; i++) {
			const struct scenario_step *step = &s->flows[f].steps[i];
			assert_null(step->url ? strstr(step->url, secret) : NULL);
			assert_null(step->body ? strstr(step->body, secret) : NULL);
			for (size_t h = 0; h < step->n_headers; h++)
				assert_null(strstr(step->headers[h].value, secret));
		}
	for (size_t i = 0; i < im->r.n_notes; i++)
		assert_null(strstr(im->r.notes[i].text, secret));
	assert_null(s->base ? strstr(s->base, secret) : NULL);
}
