/* SPDX-License-Identifier: MIT */
/* Targets as people write them, and conditions to stop, which say the opposite.
 *
 *   targets = target { "," target }
 *   target  = [ route ":" ] metric ("<" | "<=" | ">" | ">=") value [ "@" rate ]
 *
 * The metric decides what the value is and which way it is good. A condition is bad, and holds at
 * any rate. Errors count characters from 1, so that "at 5" can be found in the text. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "spec/money.h"
#include "spec/spec.h"

#define TARGET_TEXT_MAX 512

enum value_kind { VALUE_DURATION, VALUE_RATIO, VALUE_RATE, VALUE_MONEY };

static const struct metric {
	const char *word;
	enum target_metric metric;
	enum value_kind kind;
	bool at_least;
	const char *example, *bad;   /* of a target, of a condition to stop */
} metrics[] = {
	{ "p50", TARGET_LATENCY_P50, VALUE_DURATION, false, "p50<50ms", "p50>1s" },
	{ "p95", TARGET_LATENCY_P95, VALUE_DURATION, false, "p95<200ms", "p95>2s" },
	{ "p99", TARGET_LATENCY_P99, VALUE_DURATION, false, "p99<500ms", "p99>5s" },
	{ "p999", TARGET_LATENCY_P999, VALUE_DURATION, false, "p999<2s", "p999>9s" },
	{ "p99.9", TARGET_LATENCY_P999, VALUE_DURATION, false, "p99.9<2s", "p99.9>9s" },
	{ "mean", TARGET_LATENCY_MEAN, VALUE_DURATION, false, "mean<100ms", "mean>1s" },
	{ "errors", TARGET_ERRORS, VALUE_RATIO, false, "errors<0.1%", "errors>20%" },
	{ "availability", TARGET_AVAILABILITY, VALUE_RATIO, true, "availability>99.9%", "availability<80%" },
	{ "rate", TARGET_RATE, VALUE_RATE, true, "rate>=20k/s", "rate<10/s" },
	{ "cost", TARGET_COST, VALUE_MONEY, false, "cost<400 USD/month", NULL },
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
	bool stop;          /* it is a condition to stop */
};

static void
skip_blanks(struct scan *s)
{
	while (isspace((unsigned char)*s->at))
		s->at++;
}

static const char *
example(const struct scan *s, const struct metric *m)
{
	return s->stop ? m->bad : m->example;
}

static int __attribute__((format(printf, 3, 4)))
refuse(struct scan *s, const char *where, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_usage(s->e, "%s '%s': at %td: %s", s->stop ? "condition" : "target", s->text,
	    where - s->text + 1, why);
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
		if (!example(s, &metrics[i]))
			continue;
		if (strcmp(metrics[i].word, word) == 0) {
			*ret = &metrics[i];
			return 0;
		}
		nearest_try(&near, metrics[i].word);
	}
	int code = *word ? refuse(s, where, s->stop ? "'%s' is not something that is measured"
	                     : "'%s' is not something that a target can promise", word)
	                 : refuse(s, where, "a name such as p99 is missing");
	if (near.best)
		err_hint(s->e, "did you mean '%s'?", near.best);
	err_hint(s->e, s->stop ? "a condition begins with p50, p95, p99, p999, mean, errors, availability "
	    "or rate, as in 'errors>20%%'" : "a target begins with p50, p95, p99, p999, mean, errors, "
	    "availability, rate or cost, as in 'p99<500ms'");
	return code;
}

static int
scan_operator(struct scan *s, const struct metric *m)
{
	bool above = m->at_least != s->stop;

	if (*s->at != '<' && *s->at != '>') {
		int code = refuse(s, s->at, "'%c' is expected after '%s'", above ? '>' : '<', m->word);
		err_hint(s->e, "write it as in '%s'", example(s, m));
		return code;
	}
	if ((*s->at == '>') != above) {
		int code = s->stop ? refuse(s, s->at, "%s does harm %s something", m->word,
		        above ? "above" : "below")
		    : refuse(s, s->at, "%s is promised to stay %s something", m->word,
		        above ? "above" : "below");
		err_hint(s->e, "write it as in '%s'", example(s, m));
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
	err_hint(s->e, "write it as in '%s'", example(s, m));
	return code;
}

static int
scan_load(struct scan *s, double *ret)
{
	char word[64];

	*ret = 0;
	if (*s->at != '@')
		return 0;
	if (s->stop) {
		int code = refuse(s, s->at, "what does harm does so at any rate");
		err_hint(s->e, "leave out '@' and what follows");
		return code;
	}
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
	t->at_least = m->at_least != s->stop;
	size_t size = (size_t)(s->at - begin);
	while (size && isspace((unsigned char)begin[size - 1]))
		size--;
	t->text = arena_strndup(a, begin, size);
	return 0;
}

/* All of them or none: *ret_n targets at *ret. */
static int
scan_list(struct scan *s, struct arena *a, struct target **ret, size_t *ret_n)
{
	struct target *list = *ret;
	size_t n = *ret_n;

	if (strlen(s->text) > TARGET_TEXT_MAX)
		return err_usage(s->e, "longer than %d characters", TARGET_TEXT_MAX);
	for (;; s->at++) {
		struct target t = { 0 };
		skip_blanks(s);
		int code = n < TARGETS_MAX ? scan_target(s, &t, a)
		    : err_usage(s->e, "more than %d of them", TARGETS_MAX);
		if (code < 0)
			return code;
		*ARENA_PUSH(a, list, n) = t;
		if (!*s->at)
			break;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int
spec_target(struct spec *spec, const char *text, struct err *e)
{
	struct scan s = { .text = text, .at = text, .e = e };
	return scan_list(&s, spec->arena, &spec->targets, &spec->n_targets);
}

int
spec_stop_if(struct spec *spec, const char *text, struct err *e)
{
	struct scan s = { .text = text, .at = text, .e = e, .stop = true };
	return scan_list(&s, spec->arena, &spec->stop_if, &spec->n_stop_if);
}
