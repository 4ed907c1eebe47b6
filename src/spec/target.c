/* SPDX-License-Identifier: MIT */
/* Targets as people write them.
 *
 *   targets = target { "," target }
 *   target  = metric ("<" | "<=" | ">" | ">=") value [ "@" rate ]
 *
 * The metric decides what the value is and which way it is good. Errors count characters from 1,
 * so that "at 5" can be found in the text. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "spec/money.h"
#include "spec/spec.h"

#define TARGET_TEXT_MAX 512
#define TARGETS_MAX     64

enum value_kind { VALUE_DURATION, VALUE_RATIO, VALUE_RATE, VALUE_MONEY };

static const struct metric {
	const char *word;
	enum target_metric metric;
	enum value_kind kind;
	bool at_least;
	const char *example;
} metrics[] = {
	{ "p50", TARGET_LATENCY_P50, VALUE_DURATION, false, "p50<50ms" },
	{ "p95", TARGET_LATENCY_P95, VALUE_DURATION, false, "p95<200ms" },
	{ "p99", TARGET_LATENCY_P99, VALUE_DURATION, false, "p99<500ms" },
	{ "p999", TARGET_LATENCY_P999, VALUE_DURATION, false, "p999<2s" },
	{ "p99.9", TARGET_LATENCY_P999, VALUE_DURATION, false, "p99.9<2s" },
	{ "mean", TARGET_LATENCY_MEAN, VALUE_DURATION, false, "mean<100ms" },
	{ "errors", TARGET_ERRORS, VALUE_RATIO, false, "errors<0.1%" },
	{ "availability", TARGET_AVAILABILITY, VALUE_RATIO, true, "availability>99.9%" },
	{ "rate", TARGET_RATE, VALUE_RATE, true, "rate>=20k/s" },
	{ "cost", TARGET_COST, VALUE_MONEY, false, "cost<400 USD/month" },
};

bool
target_is_latency(enum target_metric m)
{
	return m <= TARGET_LATENCY_MEAN;
}

const char *
target_metric_name(enum target_metric m)
{
	static const char *const names[TARGET_METRICS] = {
		"latency_p50", "latency_p95", "latency_p99", "latency_p999", "latency_mean", "errors",
		"availability", "rate", "cost",
	};
	return names[m];
}

/* One target on its way through the text. */
struct scan {
	const char *text;   /* everything that was given */
	const char *at;
	struct err *e;
};

static void
skip_blanks(struct scan *s)
{
	while (isspace((unsigned char)*s->at))
		s->at++;
}



static int __attribute__((format(printf, 3, 4)))
refuse(struct scan *s, const char *where, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_usage(s->e, "target '%s': at %td: %s", s->text, where - s->text + 1, why);
}

/* Copy the text up to one of `ends`, without blanks at its end. */
static void
take_until(struct scan *s, const char *ends, char *out, size_t size)
{
	size_t n = strcspn(s->at, ends), used = n < size - 1 ? n : size - 1;

	memcpy(out, s->at, used);
	while (used && isspace((unsigned char)out[used - 1]))
		used--;
	out[used] = '\0';
	s->at += n;
}

static int
scan_metric(struct scan *s, const struct metric **ret)
{
	char word[64];
	const char *where = s->at;
	struct nearest near = { .word = word };

	take_until(s, "<>=@,", word, sizeof(word));
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		if (strcmp(metrics[i].word, word) == 0) {
			*ret = &metrics[i];
			return 0;
		}
		nearest_try(&near, metrics[i].word);
	}
	int code = *word ? refuse(s, where, "'%s' is not something that a target can promise", word)
	                 : refuse(s, where, "a name such as p99 is missing");
	if (near.best)
		err_hint(s->e, "did you mean '%s'?", near.best);
	err_hint(s->e, "a target begins with p50, p95, p99, p999, mean, errors, availability, rate or "
	               "cost, as in 'p99<500ms'");
	return code;
}

static int
scan_operator(struct scan *s, const struct metric *m)
{
	if (*s->at != '<' && *s->at != '>') {
		int code = refuse(s, s->at, "'%c' is expected after '%s'", m->at_least ? '>' : '<', m->word);
		err_hint(s->e, "write it as in '%s'", m->example);
		return code;
	}
	if ((*s->at == '>') != m->at_least) {
		int code = refuse(s, s->at, "%s is promised to stay %s something", m->word,
		    m->at_least ? "above" : "below");
		err_hint(s->e, "write it as in '%s'", m->example);
		return code;
	}
	s->at += s->at[1] == '=' ? 2 : 1;
	skip_blanks(s);
	return 0;
}

/* The value in the metric's unit. False: it is no such value. */
static bool
parse_value(const char *text, const struct metric *m, double *ret)
{
	int64_t ns;
	char currency[8];

	switch (m->kind) {
	case VALUE_DURATION:
		if (parse_duration(text, &ns) < 0 || ns <= 0)
			return false;
		*ret = (double)ns / 1e9;
		return true;
	case VALUE_RATIO:
		return parse_ratio(text, ret) == 0 && *ret >= 0 && *ret <= 1;
	case VALUE_RATE:
		return parse_rate(text, ret) == 0 && *ret > 0;
	case VALUE_MONEY:
		break;
	}
	return parse_money_per_month(text, ret, currency) == 0;
}

static int
scan_value(struct scan *s, const struct metric *m, double *ret)
{
	static const char *const kinds[] = {
		"a duration with its unit", "a share between 0 and 100 %", "a rate", "money per month",
	};
	char word[64];
	const char *where = s->at;

	take_until(s, "@,", word, sizeof(word));
	if (parse_value(word, m, ret))
		return 0;
	int code = refuse(s, where, "'%s' is not %s", word, kinds[m->kind]);
	err_hint(s->e, "write it as in '%s'", m->example);
	return code;
}

static int
scan_load(struct scan *s, double *ret)
{
	char word[64];

	*ret = 0;
	if (*s->at != '@')
		return 0;
	s->at++;
	skip_blanks(s);
	const char *where = s->at;
	take_until(s, ",", word, sizeof(word));
	if (parse_rate(word, ret) == 0 && *ret > 0)
		return 0;
	int code = refuse(s, where, "'%s' is not a rate", word);
	err_hint(s->e, "after @ stands the load that it is promised at, as in 'p99<500ms@20k/s'");
	return code;
}

/* "catalog: p95 < 200ms": a promise of one route. */
static const char *
scan_route(struct scan *s, struct arena *a)
{
	size_t n = strcspn(s->at, ":<>=@,");
	const char *begin = s->at;

	if (s->at[n] != ':' || !n)
		return NULL;
	s->at += n + 1;
	skip_blanks(s);
	while (n && isspace((unsigned char)begin[n - 1]))
		n--;
	return arena_strndup(a, begin, n);
}

static int
scan_target(struct scan *s, struct target *t, struct arena *a)
{
	const struct metric *m = NULL;
	const char *begin = s->at;

	t->route = scan_route(s, a);
	int code = scan_metric(s, &m);
	if (code == 0)
		code = scan_operator(s, m);
	if (code == 0)
		code = scan_value(s, m, &t->limit);
	if (code == 0)
		code = scan_load(s, &t->at_rate);
	if (code < 0)
		return code;
	t->metric = m->metric;
	t->at_least = m->at_least;
	size_t size = (size_t)(s->at - begin);
	while (size && isspace((unsigned char)begin[size - 1]))
		size--;
	t->text = arena_strndup(a, begin, size);
	return 0;
}

int
spec_target(struct spec *spec, const char *text, struct err *e)
{
	struct scan s = { text, text, e };
	size_t n_before = spec->n_targets;

	if (strlen(text) > TARGET_TEXT_MAX)
		return err_usage(e, "a target longer than %d characters", TARGET_TEXT_MAX);
	for (;;) {
		struct target t = { 0 };
		skip_blanks(&s);
		int code = spec->n_targets < TARGETS_MAX ? scan_target(&s, &t, spec->arena)
		                                         : err_usage(e, "more than %d targets", TARGETS_MAX);
		if (code < 0) {
			spec->n_targets = n_before;
			return code;
		}
		*ARENA_PUSH(spec->arena, spec->targets, spec->n_targets) = t;
		if (!*s.at)
			return 0;
		s.at++;
	}
}
