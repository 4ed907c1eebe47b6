/* SPDX-License-Identifier: MIT */
/* CSV, NDJSON, Prometheus text and JUnit of every kind of run, each against its grammar. */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/map.h"
#include "report/load_forms.h"
#include "base/utf8.h"
#include "check.h"
#include "sample_run.h"

static char *
form_of(const struct run *r, void (*form)(const struct run *, struct buf *))
{
	struct buf b = { 0 };
	form(r, &b);
	assert_non_null(b.data);
	assert_int_equal(b.data[b.size - 1], '\n');
	assert_int_equal(strlen(b.data), b.size);
	return b.data;
}

/* One phase of three seconds with two routes and two targets, as 'prony load' makes it. */
static struct run *
small_run(void)
{
	struct run *r = run_new();
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	struct run_target *t;

	r->id = "r1";
	r->tool = "prony 1";
	r->created = "2026-11-21T03:12:00Z";
	r->system.name = "shop";
	r->verdict = VERDICT_MISSED;
	p->name = "baseline";
	p->started = 0.25;
	p->seconds = 2.5;
	p->rate = 100;
	p->throughput = 98;
	p->scheduled = 250;
	p->sent = 249;
	p->unsent = 1;
	p->answered = 240;
	p->errors = p->error_status = 6;
	p->timeouts = 2;
	p->in_flight = 1;
	p->latency = (struct run_latency){ 0.002, 0.001, 0.003, 0.004, 0.005, 0.5, NAN, NAN, true };
	p->lag_p99 = 0.0001;
	p->generator_cpu = 0.125;
	for (int i = 0; i < 3; i++) {
		*ARENA_PUSH(r->arena, p->rate_by_second, p->n_rate_by_second) = 97 + i;
		*ARENA_PUSH(r->arena, p->latency_by_second, p->n_latency_by_second) = i ? 0.004 : NAN;
		*ARENA_PUSH(r->arena, p->offered_by_second, p->n_offered_by_second) = 100;
		*ARENA_PUSH(r->arena, p->errors_by_second, p->n_errors_by_second) = 2 * i;
	}
	for (int i = 0; i < 2; i++) {
		struct run_route *o = RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
		o->route = "/a?id=*";
		o->rate = 50;
		o->requests = i ? 124 : 125;
		o->answered = 120;
		o->errors = 3;
		o->timeouts = 1;
		o->in_flight = i ? 0 : 1;
		o->latency = p->latency;
	}
	t = RUN_ADD(r, target, r->targets, r->n_targets);
	*t = (struct run_target){ "latency_p99", "<", NULL, 0.003, NAN, 0.004, NAN, NAN, 1.33, false };
	RUN_ADD_STR(r, r->spec.targets, r->spec.n_targets, "p99 < 3ms");
	t = RUN_ADD(r, target, r->targets, r->n_targets);
	*t = (struct run_target){ "errors", "<", NULL, 0.1, NAN, 0.03, NAN, NAN, 0.3, true };
	RUN_ADD_STR(r, r->spec.targets, r->spec.n_targets, "errors < 10%");
	return r;
}

/* ---- CSV ----------------------------------------------------------------------------------- */

/* One cell; moves behind it. Quotes stand only around a whole cell and double inside. */
static const char *
csv_cell(const char *at)
{
	if (*at != '"') {
		at += strcspn(at, ",\"\n");
		assert_int_not_equal(*at, '"');
		return at;
	}
	for (at++; *at != '"' || at[1] == '"'; at++) {
		assert_int_not_equal(*at, '\0');
		at += *at == '"';
	}
	return at + 1;
}

static int
csv_cells(const char **at)
{
	for (int n = 1;; n++) {
		*at = csv_cell(*at);
		if (*(*at)++ == '\n')
			return n;
		assert_int_equal((*at)[-1], ',');
	}
}

static void
csv_has_as_many_cells_in_each_row(void **state)
{
	for (const struct sample *s = samples; s->name; s++) {
		struct run *r = s->make();
		char *text = form_of(r, report_load_csv);
		const char *at = text;
		int head = csv_cells(&at);
		while (*at)
			assert_int_equal(csv_cells(&at), head);
		free(text);
		run_free(r);
	}
}

static void
csv_is_this(void **state)
{
	struct run *r = small_run();
	char *text = form_of(r, report_load_csv);

	assert_string_equal(text,
	    "row,phase,route,start_s,length_s,offered_per_s,answered_per_s,requests,answered,failed,"
	    "errors,timeouts,in_flight,unsent,mean_s,p50_s,p95_s,p99_s,p999_s,max_s,censored\n"
	    "phase,baseline,,0.25,2.5,100,98,250,240,8,6,2,1,1,0.002,0.001,0.003,0.004,0.005,0.5,true\n"
	    "second,baseline,,0.25,1,100,97,,,0,,,,,,,,,,,\n"
	    "second,baseline,,1.25,1,100,98,,,2,,,,,,,,0.004,,,\n"
	    "second,baseline,,2.25,0.5,100,99,,,4,,,,,,,,0.004,,,\n"
	    "route,baseline,/a?id=*,,,50,,125,120,4,3,1,1,,0.002,0.001,0.003,0.004,0.005,0.5,true\n"
	    "route,baseline,/a?id=*,,,50,,124,120,4,3,1,0,,0.002,0.001,0.003,0.004,0.005,0.5,true\n");
	free(text);
	r->baseline.routes[0].route = "=1+\"a\",\nb\x01";
	text = form_of(r, report_load_csv);
	assert_non_null(strstr(text, "baseline,\"'=1+\"\"a\"\",\xef\xbf\xbd" "b\xef\xbf\xbd\",,,50"));
	free(text);
	run_free(r);
}

/* ---- NDJSON -------------------------------------------------------------------------------- */

static int
count_rows(char *text, const char *row)
{
	int n = 0;

	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_error_t why;
		json_t *j = json_loads(line, JSON_REJECT_DUPLICATES, &why);
		if (!j)
			fail_msg("%s: %s", why.text, line);
		const char *kind = json_string_value(json_object_get(j, "row"));
		assert_non_null(kind);
		n += strcmp(kind, row) == 0;
		json_decref(j);
	}
	return n;
}

static void
ndjson_is_an_object_a_line(void **state)
{
	for (const struct sample *s = samples; s->name; s++) {
		struct run *r = s->make();
		char *text = form_of(r, report_load_ndjson);
		assert_int_equal(count_rows(text, "run"), 1);
		free(text);
		run_free(r);
	}
	static const struct { const char *row; int n; } rows[] = {
		{ "run", 1 }, { "phase", 1 }, { "second", 3 }, { "route", 2 }, { "target", 2 },
	};
	struct run *r = small_run();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = form_of(r, report_load_ndjson);
		assert_int_equal(count_rows(text, rows[i].row), rows[i].n);
		free(text);
	}
	char *text = form_of(r, report_load_ndjson);
	assert_non_null(strstr(text, "{\"row\":\"second\",\"phase\":\"baseline\",\"start_s\":1.25,"
	                             "\"length_s\":1,\"offered_per_s\":100,\"answered_per_s\":98,"
	                             "\"failed\":2,\"p99_s\":0.004}\n"));
	assert_non_null(strstr(text, "\"metric\":\"latency_p99\",\"op\":\"\\u003c\",\"limit\":0.003,"
	                             "\"value\":0.004,\"met\":false}\n"));
	free(text);
	run_free(r);
}

/* ---- Prometheus ---------------------------------------------------------------------------- */

#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define NAME_REST  NAME_FIRST "0123456789"

/* What the exposition format allows, read strictly: each family has HELP, TYPE and its samples in
 * one piece, and no two samples have the same name and labels. */
struct prometheus {
	const char *line;
	char family[128], type[16];
	bool helped;
	struct map families, samples;
};

#define REQUIRE(p, holds) \
	do { \
		if (!(holds)) \
			fail_msg("%s: in: %.*s", #holds, (int)strcspn((p)->line, "\n"), (p)->line); \
	} while (0)

static size_t
name_size(const char *at)
{
	return *at && strchr(NAME_FIRST, *at) ? strspn(at, NAME_REST) : 0;
}

static const char *
check_labels(struct prometheus *p, const char *at, bool *ret_quantile)
{
	while (*at != '}') {
		size_t n = name_size(at);
		REQUIRE(p, n > 0 && at[n] == '=' && at[n + 1] == '"');
		*ret_quantile = *ret_quantile || strncmp(at, "quantile=", 9) == 0;
		const char *value = at + n + 2;
		for (; *value != '"'; value++) {
			REQUIRE(p, *value != '\n' && !iscntrl((unsigned char)*value));
			if (*value == '\\')
				REQUIRE(p, *++value == '\\' || *value == '"' || *value == 'n');
		}
		at = value + 1;
		REQUIRE(p, *at == ',' || *at == '}');
		at += *at == ',';
	}
	return at + 1;
}

static const char *
check_value(struct prometheus *p, const char *at)
{
	static const char *const special[] = { "NaN\n", "+Inf\n", "-Inf\n" };
	char *end;

	for (size_t i = 0; i < 3; i++)
		if (strncmp(at, special[i], strlen(special[i])) == 0)
			return at + strlen(special[i]);
	REQUIRE(p, isdigit((unsigned char)at[0]) || at[0] == '-');
	strtod(at, &end);
	REQUIRE(p, end > at && *end == '\n');
	return end + 1;
}

static bool
is_of_family(const struct prometheus *p, const char *name, size_t n)
{
	size_t m = strlen(p->family);

	if (n < m || strncmp(name, p->family, m) != 0)
		return false;
	return n == m || (strcmp(p->type, "summary") == 0 &&
	    ((n == m + 4 && strncmp(name + m, "_sum", 4) == 0) ||
	     (n == m + 6 && strncmp(name + m, "_count", 6) == 0)));
}

static const char *
check_sample(struct prometheus *p, const char *at)
{
	size_t n = name_size(at);
	bool quantile = false, is_new;

	REQUIRE(p, n > 0 && p->type[0] && is_of_family(p, at, n));
	const char *rest = at + n;
	if (*rest == '{')
		rest = check_labels(p, rest + 1, &quantile);
	REQUIRE(p, *rest == ' ');
	REQUIRE(p, quantile == (strcmp(p->type, "summary") == 0 && n == strlen(p->family)));
	map_at(&p->samples, at, (size_t)(rest - at), &is_new);
	REQUIRE(p, is_new);
	return check_value(p, rest + 1);
}

static const char *
check_comment(struct prometheus *p, const char *at)
{
	bool help = strncmp(at, "# HELP ", 7) == 0, is_new;
	const char *name = at + 7, *end = strchr(at, '\n');

	REQUIRE(p, help || strncmp(at, "# TYPE ", 7) == 0);
	size_t n = name_size(name);
	REQUIRE(p, n > 0 && n < sizeof(p->family) && name[n] == ' ');
	if (help) {
		map_at(&p->families, name, n, &is_new);
		REQUIRE(p, is_new);
		snprintf(p->family, sizeof(p->family), "%.*s", (int)n, name);
		p->type[0] = '\0';
		REQUIRE(p, end > name + n + 1);
		return end + 1;
	}
	REQUIRE(p, strlen(p->family) == n && strncmp(p->family, name, n) == 0 && !p->type[0]);
	snprintf(p->type, sizeof(p->type), "%.*s", (int)(end - name - n - 1), name + n + 1);
	REQUIRE(p, strcmp(p->type, "counter") == 0 || strcmp(p->type, "gauge") == 0 ||
	    strcmp(p->type, "summary") == 0);
	bool total = n > 6 && strncmp(name + n - 6, "_total", 6) == 0;
	REQUIRE(p, (strcmp(p->type, "counter") == 0) == total);
	return end + 1;
}

static void
check_prometheus(const char *text)
{
	struct prometheus p = { .line = text };

	for (const char *s = text; *s;)
		assert_true(utf8_next(&s) != 0);
	while (*p.line)
		p.line = *p.line == '#' ? check_comment(&p, p.line) : check_sample(&p, p.line);
	map_done(&p.families);
	map_done(&p.samples);
}

static void
prometheus_keeps_its_grammar(void **state)
{
	for (const struct sample *s = samples; s->name; s++) {
		struct run *r = s->make();
		char *text = form_of(r, report_load_prometheus);
		check_prometheus(text);
		free(text);
		run_free(r);
	}
}

static void
prometheus_tells_the_figures(void **state)
{
	static const char *const wanted[] = {
		"# TYPE prony_load_requests_total counter\n",
		"\nprony_load_requests_total{route=\"/a?id=*\",outcome=\"answered\"} 120\n",
		"\nprony_load_requests_total{route=\"/a?id=* #2\",outcome=\"in_flight\"} 0\n",
		"\nprony_load_errors_total{class=\"status\"} 6\n",
		"\nprony_load_latency_seconds{route=\"/a?id=*\",quantile=\"0.99\"} 0.004\n",
		"\nprony_load_latency_seconds_sum{route=\"/a?id=*\"} 0.25\n",
		"\nprony_load_latency_seconds_count{route=\"/a?id=*\"} 125\n",
		"\nprony_load_offered_rate 100\n", "\nprony_load_answered_rate 98\n",
		"\nprony_load_generator_limited 0\n",
		"\nprony_load_target_met{number=\"1\",target=\"p99 < 3ms\"} 0\n",
		"\nprony_load_target_met{number=\"2\",target=\"errors < 10%\"} 1\n",
	};
	struct run *r = small_run();
	char *text = form_of(r, report_load_prometheus);

	check_prometheus(text);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(text, wanted[i]))
			fail_msg("no %s in:\n%s", wanted[i], text);
	free(text);
	r->baseline.routes[0].route = "a\\b\"c\nd";
	text = form_of(r, report_load_prometheus);
	check_prometheus(text);
	assert_non_null(strstr(text, "{route=\"a\\\\b\\\"c\\nd\",outcome=\"error\"} 3\n"));
	free(text);
	run_free(r);
}

/* ---- JUnit --------------------------------------------------------------------------------- */

static int
count(const char *text, const char *what)
{
	int n = 0;
	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void
junit_counts_what_it_tells(void **state)
{
	for (const struct sample *s = samples; s->name; s++) {
		struct run *r = s->make();
		char *text = form_of(r, report_load_junit), head[160];
		snprintf(head, sizeof(head), " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" ",
		    count(text, "<testcase "), count(text, "<failure "), count(text, "<error "),
		    count(text, "<skipped "));
		assert_int_equal(count(text, "<testcase "), r->n_targets + 1);
		if (count(text, head) != 2)
			fail_msg("%s: no%s in:\n%s", s->name, head, text);
		free(text);
		run_free(r);
	}
}

static void
junit_has_a_case_for_each_target(void **state)
{
	struct run *r = small_run();
	char *text = form_of(r, report_load_junit);

	assert_non_null(strstr(text, "name=\"the generator kept up\" time=\"2.500\"/>"));
	assert_non_null(strstr(text, "name=\"p99 &lt; 3ms\" time=\"0.000\">\n      <failure "
	                             "message=\"4.00 ms, wanted &lt; 3.00 ms\" type=\"missed\"/>"));
	assert_non_null(strstr(text, "name=\"errors &lt; 10%\" time=\"0.000\"/>"));
	free(text);
	r->evidence.phases[0].generator_limited = true;
	r->evidence.phases[0].generator_why = "it <slept>";
	text = form_of(r, report_load_junit);
	assert_non_null(strstr(text, "<error message=\"it &lt;slept&gt;; these figures"));
	assert_int_equal(count(text, "<skipped "), 2);
	assert_int_equal(count(text, "<failure "), 0);
	free(text);
	run_free(r);
}

RUN_TESTS(cmocka_unit_test(csv_has_as_many_cells_in_each_row), cmocka_unit_test(csv_is_this),
    cmocka_unit_test(ndjson_is_an_object_a_line), cmocka_unit_test(prometheus_keeps_its_grammar),
    cmocka_unit_test(prometheus_tells_the_figures), cmocka_unit_test(junit_counts_what_it_tells),
    cmocka_unit_test(junit_has_a_case_for_each_target))
