/* SPDX-License-Identifier: MIT */
#include "report/say.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/units.h"

#define DASH " \xe2\x80\x93 "   /* en dash */

bool
say_known(double v)
{
	return isfinite(v);
}

/* "190 – 320 ms": the unit is said once when both ends share it. */
static const char *
say_range(struct doc *d, const char *low, const char *high)
{
	size_t at = strspn(low, "0123456789.");
	const char *unit = high + strspn(high, "0123456789.");

	if (strcmp(low + at, unit) != 0)
		return doc_printf(d, "%s" DASH "%s", low, high);
	return doc_printf(d, "%.*s\xe2\x80\x93%s", (int)at, low, high);
}

static const char *
say_formatted(struct doc *d, char *(*format)(char out[24], double value), double value)
{
	char text[24];
	return doc_printf(d, "%s", format(text, value));
}

const char *
say_duration(struct doc *d, double seconds)
{
	return say_formatted(d, format_duration, seconds);
}

const char *
say_rate(struct doc *d, double per_s)
{
	return say_formatted(d, format_rate, per_s);
}

const char *
say_size(struct doc *d, double bytes)
{
	return say_formatted(d, format_size, bytes);
}

const char *
say_percent(struct doc *d, double ratio)
{
	return say_formatted(d, format_percent, ratio);
}

const char *
say_share(struct doc *d, double share)
{
	if (!isfinite(share) || share < 0.0995)
		return say_percent(d, share);
	return doc_printf(d, "%.0f %%", share * 100);
}

const char *
say_count(struct doc *d, double n)
{
	char text[24];

	if (!isfinite(n))
		return "-";
	if (fabs(n) < 100 && n != floor(n))
		return doc_printf(d, "%.3g", n);
	if (fabs(n) < 10e3)
		return doc_printf(d, "%.0f", n);
	format_rate(text, n);
	text[strcspn(text, "/")] = '\0';
	return doc_printf(d, "%s", text);
}

const char *
say_cores(struct doc *d, double cores)
{
	if (!isfinite(cores))
		return "-";
	if (cores == 0)
		return "0 cores";
	return doc_printf(d, cores < 0.0995 ? "%.3f cores" : "%.2f cores", cores);
}

const char *
say_times(struct doc *d, double ratio)
{
	if (!isfinite(ratio))
		return "-";
	return doc_printf(d, ratio < 9.95 ? "%.2g\xc3\x97" : "%.0f\xc3\x97", ratio);
}

const char *
say_unit(struct doc *d, double value, enum doc_unit unit)
{
	switch (unit) {
	case UNIT_SECONDS: return say_duration(d, value);
	case UNIT_RATE:    return say_rate(d, value);
	case UNIT_BYTES:   return say_size(d, value);
	case UNIT_RATIO:   return say_percent(d, value);
	case UNIT_CORES:   return say_cores(d, value);
	default:           return say_count(d, value);
	}
}

/* ---- metrics ------------------------------------------------------------------------------- */

static const struct metric {
	const char *name, *words, *brief;
	enum doc_unit unit;
} metrics[] = {
	{ "latency_p50",  "p50 latency", "p50", UNIT_SECONDS },
	{ "latency_p95",  "p95 latency", "p95", UNIT_SECONDS },
	{ "latency_p99",  "p99 latency", "p99", UNIT_SECONDS },
	{ "latency_p999", "p99.9 latency", "p99.9", UNIT_SECONDS },
	{ "latency_mean", "mean latency", "mean", UNIT_SECONDS },
	{ "errors",       "errors", "errors", UNIT_RATIO },
	{ "availability", "availability", "availability", UNIT_RATIO },
	{ "rate",         "rate held", "rate", UNIT_RATE },
	{ "cost",         "cost a month", "cost", UNIT_NONE },
	{ "throughput",   "throughput at saturation", "throughput", UNIT_RATE },
	{ "cpu_per_request", "CPU per request", "CPU/request", UNIT_SECONDS },
	{ "rss_bytes",    "memory", "memory", UNIT_BYTES },
	{ "error_rate",   "errors", "errors", UNIT_RATIO },
};

static const struct metric *
metric_find(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(metrics); i++)
		if (strcmp(metrics[i].name, name) == 0)
			return &metrics[i];
	return NULL;
}

const char *
say_metric(const char *name)
{
	const struct metric *m = metric_find(name);
	return m ? m->words : name ? name : "-";
}

const char *
say_metric_short(const char *name)
{
	const struct metric *m = metric_find(name);
	return m ? m->brief : name ? name : "-";
}

enum doc_unit
say_metric_unit(const char *name)
{
	const struct metric *m = metric_find(name);
	return m ? m->unit : UNIT_NONE;
}

const char *
say_value(struct doc *d, const struct run *r, const char *name, double value)
{
	if (name && strcmp(name, "availability") == 0 && isfinite(value))
		return doc_printf(d, "%.5g %%", value * 100);   /* three digits hide four nines */
	if (name && strcmp(name, "cost") == 0 && isfinite(value))
		return doc_printf(d, "%.0f %s", value, r->spec.currency ? r->spec.currency : "");
	return say_unit(d, value, say_metric_unit(name));
}

const char *
say_limit(struct doc *d, const struct run *r, const struct run_target *t)
{
	const char *limit = say_value(d, r, t->metric, t->limit);
	if (!(t->at_rate > 0))
		return doc_printf(d, "%s %s", t->op ? t->op : "<", limit);
	return doc_printf(d, "%s %s at %s", t->op ? t->op : "<", limit, say_rate(d, t->at_rate));
}

const char *
say_interval(struct doc *d, const struct run *r, const struct run_target *t)
{
	if (!isfinite(t->low) || !isfinite(t->high))
		return NULL;
	const char *low = say_value(d, r, t->metric, t->low);
	const char *high = say_value(d, r, t->metric, t->high);
	return strcmp(low, high) == 0 ? NULL : say_range(d, low, high);
}

const char *
say_met(const struct run_target *t)
{
	return !isfinite(t->value) ? "not known" : t->met ? "met" : "missed";
}

enum doc_tone
say_met_tone(const struct run_target *t)
{
	return !isfinite(t->value) ? TONE_WARN : t->met ? TONE_GOOD : TONE_BAD;
}

const char *
say_predicted(struct doc *d, const struct run_num *n, enum doc_unit unit)
{
	if (!isfinite(n->value))
		return NULL;
	if (!isfinite(n->low) || !isfinite(n->high))
		return doc_printf(d, "%s (estimate)", say_unit(d, n->value, unit));
	return doc_printf(d, "%s (%s)", say_unit(d, n->value, unit),
	    say_range(d, say_unit(d, n->low, unit), say_unit(d, n->high, unit)));
}

/* ---- names --------------------------------------------------------------------------------- */

const char *
say_class(enum run_class c)
{
	static const char *const words[] = { "unknown", "CPU", "I/O", "memory", "contention" };
	return words[c];
}

const char *
say_source(enum run_source s)
{
	static const char *const words[] = { "not stated", "measured", "estimated", "modelled" };
	return words[s];
}

const char *
say_level(enum run_level l)
{
	static const char *const words[] = { "-", "low", "medium", "high" };
	return words[l];
}

/* Kinds are stable ids, "class.subject.what-it-is" or "class.what-it-is". */
const char *
say_finding(struct doc *d, const char *kind)
{
	static const char *const subjects[][2] = {
		{ "cpu", "CPU" }, { "io", "I/O" }, { "db", "database" }, { "net", "network" },
	};
	const char *last = kind ? strrchr(kind, '.') : NULL;
	if (!last)
		return kind ? kind : "unknown";
	char *subject = arena_strndup(d->arena, kind, (size_t)(last - kind));
	char *dot = strchr(subject, '.');
	const char *words = dot ? dot + 1 : subject;
	for (size_t i = 0; i < COUNT_OF(subjects); i++)
		if (strcmp(words, subjects[i][0]) == 0)
			words = subjects[i][1];
	char *what = arena_strdup(d->arena, last + 1);
	for (char *c = what; *c; c++)
		*c = *c == '-' ? ' ' : *c;
	return doc_printf(d, "%s: %s", words, what);
}

const char *
say_confidence(struct doc *d, double confidence)
{
	if (!isfinite(confidence))
		return "not known";
	return doc_printf(d, "%s (%s)", confidence >= 0.85 ? "high" : confidence >= HYPOTHESIS
	    ? "fair" : "low, a hypothesis", say_share(d, confidence));
}

const char *
say_certainty(struct doc *d, double confidence)
{
	if (!isfinite(confidence) || confidence >= HYPOTHESIS)
		return say_share(d, confidence);
	return doc_printf(d, "hypothesis, %s", say_share(d, confidence));
}

const char *
say_basis(const struct run_finding *f)
{
	if (!f->basis)
		return NULL;
	return strcmp(f->basis, "causal") == 0 ? "causal: an experiment confirmed it"
	    : "attributed: from what was seen, not from an experiment";
}

const char *
say_place(struct doc *d, const struct run_finding *f, size_t most_bytes)
{
	const char *where = say_clip(d, f->where, most_bytes);

	if (!where || !f->file || strstr(where, f->file))
		return where;
	return f->line > 0 ? doc_printf(d, "%s (%s:%lld)", where, say_clip(d, f->file, 120),
	    (long long)f->line) : doc_printf(d, "%s (%s)", where, say_clip(d, f->file, 120));
}

const char *
say_peer(const char *kind)
{
	static const char *const words[][2] = {
		{ "postgresql", "PostgreSQL" }, { "redis", "Redis" }, { "sqlite", "SQLite" },
		{ "mysql", "MySQL" }, { "mongodb", "MongoDB" }, { "http", "HTTP" }, { "tcp", "TCP" },
		{ "dns", "DNS" }, { "disk", "Disk" },
	};

	for (size_t i = 0; kind && i < COUNT_OF(words); i++)
		if (strcmp(words[i][0], kind) == 0)
			return words[i][1];
	return kind ? kind : "-";
}

const char *
say_step_id(struct doc *d, const struct run_step *s)
{
	return s->id ? say_clip(d, s->id, 20) : "step";
}

const char *
say_step_what(struct doc *d, const struct run_step *s)
{
	const char *what = s->what ? s->what : s->action;
	return what ? say_clip(d, what, 300) : "not named";
}

const char *
say_expected(struct doc *d, const struct run_step *s, const char **ret_name)
{
	const struct run_predicted *p = &s->predicted;
	const struct {
		const char *name;
		const struct run_num *n;
		enum doc_unit unit;
	} rows[] = {
		{ "p99", &p->latency_p99, UNIT_SECONDS }, { "p50", &p->latency_p50, UNIT_SECONDS },
		{ "rate", &p->throughput, UNIT_RATE },
		{ "CPU/request", &p->cpu_per_request, UNIT_SECONDS },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (isfinite(rows[i].n->value)) {
			*ret_name = rows[i].name;
			return say_predicted(d, rows[i].n, rows[i].unit);
		}
	*ret_name = NULL;
	return NULL;
}

const char *
say_step(struct doc *d, const struct run_step *s)
{
	const char *name, *value = say_expected(d, s, &name);
	return value ? doc_printf(d, "%s %s", name, value) : NULL;
}

const char *
say_join(struct doc *d, const char **items, size_t n, size_t most, const char *between)
{
	struct buf b = { .cap_bytes = 8192 };

	for (size_t i = 0; i < n && i < most; i++) {
		buf_puts(&b, i ? between : "");
		buf_puts(&b, items[i] ? items[i] : "");
	}
	if (n > most)
		buf_printf(&b, "%s%zu more", between, n - most);
	const char *s = arena_strdup(d->arena, buf_text(&b));
	buf_done(&b);
	return s;
}

const char *
say_clip(struct doc *d, const char *s, size_t most_bytes)
{
	if (!s || strlen(s) <= most_bytes)
		return s;
	size_t n = most_bytes;
	while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return doc_printf(d, "%.*s\xe2\x80\xa6", (int)n, s);
}
