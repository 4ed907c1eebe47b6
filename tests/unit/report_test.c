/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "report/proof_forms.h"
#include "report/svg.h"
#include "base/utf8.h"
#include "run/run_codec.h"
#include "check.h"
#include "forms.h"
#include "sample_run.h"

/* ---- terminal ------------------------------------------------------------------------------ */

/* Without the colour sequences that the writer itself makes: ESC [ digits and ; m. */
static void
drop_colour(char *s)
{
	char *to = s;
	while (*s) {
		size_t n = s[0] == '\033' && s[1] == '[' ? strspn(s + 2, "0123456789;") : 0;
		if (n && s[2 + n] == 'm')
			s += n + 3;
		else
			*to++ = *s++;
	}
	*to = '\0';
}

static void
check_terminal(const struct sample *s, const struct run *r, struct report_terminal t)
{
	struct buf b = { 0 };
	int lines = 0;

	report_terminal(r, &t, &b);
	char *text = b.data;
	if (t.colour)
		drop_colour(text);
	if (strstr(text, "(null)"))
		fail_msg("%s: something unknown is shown:\n%s", s->name, text);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (utf8_columns(line) >= t.columns)
			fail_msg("%s: a line takes %d of %d columns: %s", s->name,
			    utf8_columns(line), t.columns, line);
		for (const char *c = line; *c; c++)
			if (iscntrl((unsigned char)*c) || (!t.utf8 && (unsigned char)*c >= 0x80))
				fail_msg("%s: byte %02x in: %s", s->name, (unsigned char)*c, line);
	}
	buf_clear(&b);
	report_terminal(r, &t, &b);
	for (const char *c = buf_text(&b); *c; c++)
		lines += *c == '\n';
	if (lines >= 24)
		fail_msg("%s: %d lines at %d columns", s->name, lines, t.columns);
	buf_done(&b);
}

static void
terminal_always_fits(void **state)
{
	static const int columns[] = { 80, 40, 53, 120 };

	for (const struct sample *s = samples; s->name; s++) {
		struct run *r = s->make();
		for (int i = 0; i < 16; i++)
			check_terminal(s, r, (struct report_terminal){ columns[i / 4], i & 1,
			    i & 2 });
		run_free(r);
	}
}

static void
terminal_begins_with_the_verdict(void **state)
{
	static const struct { const char *name, *begins; } rows[] = {
		{ "missed", "  MISSED   p99 1.84 s (1.78\xe2\x80\x93" "1.90 s)   target < 500 ms at 2.60k/s   "
		    "gap 3.7\xc3\x97\n" },
		{ "met", "  MET      p99 38.0 ms " },
		{ "healthy", "  HEALTHY  holds at least 2.60k/s; p99 38.0 ms at 2.00k/s; errors 0.02 %\n" },
		{ "limited", "  LIMITED  holds 2.60k/s; at most 2.79k/s; p99 1.84 s at 2.60k/s; "
		    "errors 0.02 %\n" },
		{ "inconclusive", "  INCONCLUSIVE  The data allow no conclusion" },
		{ "generator-limited", "  GENERATOR-LIMITED  The load generator was the limit" },
		{ "idle", "  IDLE     No request reached" },
		{ "error", "  ERROR    Cannot load http://127.0.0.1:8080/orders: connection refused" },
		{ "empty", "  UNFINISHED  The run was not finished." },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sample *s = samples;
		while (strcmp(s->name, rows[i].name) != 0)
			s++;
		struct run *r = s->make();
		char *text = form_of(r, terminal_80);
		if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) != 0)
			fail_msg("%s begins with:\n%s", s->name, text);
		free(text);
		run_free(r);
	}
}

/* What nothing was seen of is not called ruled out, and its reason stands once. */
static void
not_judged_is_not_ruled_out(void **state)
{
	static const char why[] = "not judged: the load generator was the limit";
	struct run *r = sample_missed();
	for (size_t i = 0; i < r->n_ruled_out; i++)
		r->ruled_out[i].why = why;
	char *report = form_of(r, report_markdown), *first = strstr(report, why + strlen("not judged: "));
	assert_true(first && strstr(report, "What it may still be") && !strstr(report, "What it is not"));
	assert_null(strstr(first + 1, why + strlen("not judged: ")));
	free(report);
	r->n_findings = 0;
	char *terminal = form_of(r, terminal_80);
	assert_non_null(strstr(terminal, "nothing is ruled"));
	free(terminal);
	run_free(r);
}

static void
terminal_names_limit_plan_and_next(void **state)
{
	static const char *const wanted[] = {
		"LIMIT    database: missing index, 71 % of slow-request time   confidence 95 %\n",
		"orders(customer_id)", "full scan: 1.20M rows read for 20 returned",
		    "ruled out: cpu.saturated",
		"PLAN ", "p99 after", "index orders(customer_id, created_at)  240 ms (192",
		    "+ cache GET /catalog for 30 s",
		"then: CPU in json_escape (28 %)", "/report.html\n", "0.021 cores and 24.0 MiB",
		"prony explain io.db.missing-index\n",
	};
	struct run *r = sample_missed();
	char *text = form_of(r, terminal_80);

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(text, wanted[i]))
			fail_msg("'%s' is not in:\n%s", wanted[i], text);
	free(text);
	run_free(r);
}

/* ---- Markdown ------------------------------------------------------------------------------ */

/* In each form that people read; and in no other run's. */
static void
a_suite_is_told(void **state)
{
	static const struct {
		void (*form)(const struct run *, struct buf *);
		const char *says[5];
	} rows[] = {
		{ terminal_80, { "SUITE    5 phases", "Breaking point: 2.86k/s: a queue grows (stress-1)",
		    "Beyond it: 3.25k/s: error answers (stress-2)",
		    "Recovery after stress: not within 30.0 s", "NOT whole (status 3): 2 orders are missing" } },
		{ report_markdown, { "### Suite", "- Recovery after spike: 7.00 s",
		    "Drift of p99 in the soak: 50.0 % a minute", "latency grows under a load that stays",
		    "| stress-2 | 3.25k/s | 1.62k/s | 4.00 ms | 1.20 s | 40.0 % | error answers |" } },
		{ report_html, { ">Suite<", "not within 30.0 s", "a queue grows", "error answers",
		    "2 orders are missing" } },
	};
	struct run *r = sample_suite(), *other = sample_met();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = form_of(r, rows[i].form), *without = form_of(other, rows[i].form);
		for (size_t k = 0; k < 5; k++)
			if (!strstr(text, rows[i].says[k]))
				fail_msg("'%s' is not in:\n%s", rows[i].says[k], text);
		assert_null(strstr(without, "Breaking point"));
		free(text);
		free(without);
	}
	run_free(r);
	run_free(other);
}

/* As modelled, with its interval; or why it is not known. */
static void
a_capacity_model_is_told(void **state)
{
	struct run *r = sample_missed(), *other = sample_met();
	other->capacity.usl_why = "too few points";
	char *text = form_of(r, report_html), *without = form_of(other, report_html);

	assert_non_null(strstr(text, "Modelled from 7 points (Universal Scalability Law, R² 0.970"));
	assert_non_null(strstr(text, "(45–54) requests at once, with 2.04k/s (1.99–2.09k/s)"));
	assert_non_null(strstr(text, "contention 2.00 % (1.20 % to 2.80 %)"));
	assert_non_null(strstr(text, "peak (modelled)"));
	assert_null(strstr(without, "Modelled from"));
	assert_non_null(strstr(without, "Capacity model: too few points."));
	free(text);
	free(without);
	run_free(r);
	run_free(other);
}

static void
check_says(const char *text, const char *const *wanted)
{
	for (; *wanted; wanted++)
		if (!strstr(text, *wanted))
			fail_msg("'%s' is not in:\n%s", *wanted, text);
}

static void
the_path_is_told_with_the_answer_that_was_taken(void **state)
{
	static const char *const terminal[] = {
		"path: latency p99 1.84 s \xe2\x80\xba database 71 %; ruled out: ", NULL };
	static const char *const markdown[] = {
		"- Do the data allow a conclusion? **yes** (77.9k requests answered), no\n",
		"    - Where does the time of the slow requests go? network (1.0 %), **database** (71 %)",
		"        - What is the defect? **io.db.missing-index** (", NULL };
	static const char *const html[] = {
		"<li class=\"took\"><b>database</b><i> (taken)</i> <small>71 %</small></li>",
		"<li><span>compute</span> <small>16 %</small></li>", NULL };
	struct run *r = sample_missed();
	char *forms[] = { form_of(r, terminal_80), form_of(r, report_markdown), form_of(r, report_html) };

	check_says(forms[0], terminal);
	check_says(forms[1], markdown);
	check_says(forms[2], html);
	for (size_t i = 0; i < 3; i++)
		free(forms[i]);
	struct run_fork *limit = &r->forks[r->n_forks - 2];
	limit->branches[0].answer = "no";
	char *text = form_of(r, terminal_80);
	assert_non_null(strstr(text, "database 71 %, which is not"));
	free(text);
	run_free(r);
}

/* Each for the eye, and in words for who has none on it. */
static void
requests_and_peers_are_drawn_and_described(void **state)
{
	static const char *const html[] = {
		"<h3>Single requests of /orders</h3>", "<b>the slowest</b> <span>1.91 s</span>",
		"<b>a typical request</b> <span>79.1 ms, drawn 24\xc3\x97 larger</span>",
		"<b>a typical request</b> <span>10.4 ms</span>",
		"the slowest, 1.91 s: database 1.45 s, waiting for a lock 172 ms, computing 167 ms",
		"<rect class=\"p-lock\" x=\"6.00%\" width=\"9.00%\" height=\"28\"><title>waiting for a lock: "
		"cache mutex, 172 ms</title></rect>",
		"shop-api: 29 % itself; SQLite /srv/shop/shop.db: 56 %, 1.4 calls; HTTP 10.0.3.17:9000: 11 %",
		"<figure class=\"flames\" id=\"slow\" data-kinds=\"1\" data-shares=\"1\">",
		" of the slow requests' time, ",
		"Memory grows; at this pace it reaches its memory limit in 24.5 min (20.3\xe2\x80\x93" "30.9 "
		"min).",
		"<dt>Growth</dt><dd>234 KiB/s (186 KiB/s to 283 KiB/s)</dd>",
		"<dt>In swap</dt><dd>nothing</dd>", NULL };
	struct run *r = sample_missed(), *without = sample_inconclusive();
	char *text = form_of(r, report_html), *other = form_of(without, report_html);

	check_says(text, html);
	assert_null(strstr(other, "Single requests"));
	assert_null(strstr(other, "What a request asks"));
	assert_null(strstr(other, ">Memory<"));
	free(text);
	free(other);
	run_free(r);
	run_free(without);
}

static void
little_confidence_is_called_a_hypothesis(void **state)
{
	void (*const forms[])(const struct run *, struct buf *) = { terminal_80, report_markdown,
		report_html };
	static const char *const sure[] = { "confidence 95 %", "high (95 %)", "high (95 %)" };
	struct run *r = sample_missed();

	for (size_t i = 0; i < 3; i++) {
		r->findings[0].confidence = 0.95;
		r->findings[0].basis = "causal";
		char *text = form_of(r, forms[i]);
		assert_non_null(strstr(text, sure[i]));
		assert_non_null(strstr(text, i ? "causal: an experiment confirmed it" : "causal, confidence"));
		free(text);
		r->findings[0].confidence = 0.45;
		text = form_of(r, forms[i]);
		assert_non_null(strstr(text, i ? "Hypothesis: 71 % of the slow" : "hypothesis, 45 %"));
		assert_true((i == 2) == (strstr(text, "<small>a hypothesis</small>") != NULL));
		assert_null(strstr(text, sure[i]));
		free(text);
	}
	run_free(r);
}

static void
a_finding_has_both_sides_and_its_source(void **state)
{
	static const char *const markdown[] = { "**Evidence**\n\n- full scan",
		"**Evidence against it**\n\n- 3 % of", "CPU is not full",
		"| hypothesis, 45 % | `json_escape (src/json.c:88)` | 12 % of the time in it", NULL };
	struct run *r = sample_missed();
	char *text = form_of(r, report_markdown);

	check_says(text, markdown);
	free(text);
	r->findings[0].n_against = 0;
	text = form_of(r, report_markdown);
	assert_non_null(strstr(text, "Nothing was seen that speaks against it."));
	free(text);
	run_free(r);
}

static void
markdown_has_exactly_six_headings(void **state)
{
	static const char *const titles[] = {
		"## Performance Analysis", "### Current State", "### Bottleneck Identified",
		    "### Root Cause",
		"### Recommended Fix", "### Implementation", "### Verification Plan",
	};
	for (const struct sample *s = samples; s->name; s++) {
		struct run *r = s->make();
		char *text = form_of(r, report_markdown);
		size_t n = report_is_proof(r) ? 7 : 0;   /* those have others: report_proof_test.c */
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			if (*line != '#' || report_is_proof(r) || (r->suite.n_phases && !strcmp(line, "### Suite")))
				continue;
			if (n == 7)
				fail_msg("%s: one heading more: %s", s->name, line);
			assert_string_equal(line, titles[n++]);
		}
		assert_int_equal(n, 7);
		free(text);
		run_free(r);
	}
}

static void
markdown_states_metric_target_gap(void **state)
{
	struct run *r = sample_missed();
	char *text = form_of(r, report_markdown);

	assert_non_null(strstr(text, "- Metric: p99 latency 1.84 s (95 % interval "));
	assert_non_null(strstr(text, "- Target: p99 latency < 500 ms at 2.60k/s\n"));
	assert_non_null(strstr(text, "- Gap: 3.7\xc3\x97 the limit: missed\n"));
	assert_non_null(strstr(text, "    CREATE INDEX orders_customer_id_created_at ON orders"));
	assert_non_null(strstr(text, "    DROP INDEX orders_customer_id_created_at;"));
	free(text);
	run_free(r);
}

static void
a_missing_profile_is_the_first_action(void **state)
{
	struct run *r = sample_inconclusive();
	char *text = form_of(r, report_markdown);
	const char *fix = strstr(text, "### Recommended Fix");

	assert_non_null(fix);
	assert_memory_equal(fix, "### Recommended Fix\n\nFirst action: gather a profile.", 49);
	free(text);
	run_free(r);
}

/* ---- HTML ---------------------------------------------------------------------------------- */

static bool
is_void(const char *name)
{
	static const char *const names[] = { "meta", "link", "br", "hr", "input", "img" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Every element is closed in its order; every '<' begins a tag and every attribute is quoted. */
static void
check_well_formed(const char *sample, const char *s)
{
	char open[64][24];
	int depth = 0;

	for (s = strchr(s + 1, '<'); s; s = strchr(s, '<')) {
		char name[24];
		bool closing = *++s == '/';
		size_t n = 0;
		for (s += closing; isalnum((unsigned char)*s) && n < 23; s++)
			name[n++] = *s;
		name[n] = '\0';
		if (!n)
			fail_msg("%s: a bare '<' before: %.60s", sample, s);
		bool quoted = false;
		const char *last = s;
		for (; *s && (quoted || *s != '>'); last = s++) {
			quoted ^= *s == '"';
			if (!quoted && *s == '<')
				fail_msg("%s: '<' inside <%s>: %.60s", sample, name, s);
		}
		if (closing) {
			if (!depth || strcmp(open[depth - 1], name) != 0)
				fail_msg("%s: </%s> closes <%s>", sample, name, depth
				    ? open[depth - 1] : "nothing");
			depth--;
		} else if (*last != '/' && !is_void(name)) {
			assert_true(depth < 64);
			memcpy(open[depth++], name, sizeof(name));
		}
		if (!closing && (strcmp(name, "script") == 0 || strcmp(name, "style") == 0))
			s = strstr(s, strcmp(name, "script") == 0 ? "</script>" : "</style>");
	}
	assert_int_equal(depth, 0);
}

static size_t
occurrences(const char *text, const char *what)
{
	size_t n = 0;
	while ((text = strstr(text, what))) {
		n++;
		text += strlen(what);
	}
	return n;
}

static void
html_is_whole_and_small(void **state)
{
	for (const struct sample *s = samples; s->name; s++) {
		struct run *r = s->make();
		char *text = form_of(r, report_html);
		check_well_formed(s->name, text);
		if (strstr(text, "(null)") || strstr(text, "nan%") || strstr(text, "\"nan"))
			fail_msg("%s: something unknown is shown", s->name);
		assert_int_equal(occurrences(text, "<h1>"), 1);
		assert_int_equal(occurrences(text, "<html lang=\"en\">"), 1);
		if (report_is_proof(r))
			assert_int_equal(occurrences(text, "<section "), 6 + (r->proofs[0].n_blocks > 0));
		else
			assert_int_equal(occurrences(text, "<section "), 11 + (r->memory.rss_bytes > 0)
			    + (r->suite.n_phases > 0));
		if (strlen(text) > (strcmp(s->name, "huge") == 0 ? 1u << 20 : 250u << 10))
			fail_msg("%s: %zu bytes", s->name, strlen(text));
		free(text);
		run_free(r);
	}
}

static void
who_asks_a_process_is_told(void **state)
{
	struct run *r = run_new();
	static const char *const names[] = { "nginx", "gunicorn" };
	for (int i = 0; i < 2; i++) {
		struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
		p->pid = 70 + i;
		p->name = names[i];
		p->behind = i ? 70 : 0;
	}
	char *html = form_of(r, report_html);
	assert_non_null(strstr(html, ">behind</th>"));
	assert_non_null(strstr(html, "<td>nginx 70</td>"));
	free(html);
	r->system.processes[1].behind = 0;
	html = form_of(r, report_html);
	assert_null(strstr(html, "behind</th>"));
	free(html);
	run_free(r);
}

static void
hostile_text_stays_text(void **state)
{
	static const char *const forbidden[] = { "<script>alert", "<img", "onerror=alert(2)>\"",
	    "\033", "\007",
	                                         "\xe2\x80\xae" };
	struct run *r = sample_hostile();
	char *html = form_of(r, report_html), *md = form_of(r, report_markdown);

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (strstr(html, forbidden[i]))
			fail_msg("html has '%s'", forbidden[i]);
	assert_int_equal(occurrences(html, "<script>"), 1);
	assert_int_equal(occurrences(html, "<script type=\"application/json\">"), 3);
	assert_int_equal(occurrences(html, "</script"), 4);
	assert_non_null(strstr(html, "&lt;/script&gt;&lt;script&gt;alert(1)"));
	assert_null(strstr(md, "\n```"));
	assert_null(strstr(md, "\033"));
	/* In running text a tag is escaped; in code spans and blocks it is literal. */
	assert_non_null(strstr(md, "\\</script>\\<script>alert(1)"));
	free(html);
	free(md);
	run_free(r);
}

/* The policy's hash of what stands between `open` and `close`. */
static void
check_hash(const char *html, const char *open, const char *close)
{
	const char *from = strstr(html, open) + strlen(open), *to = strstr(from, close);
	unsigned char digest[EVP_MAX_MD_SIZE];
	char base64[128], want[160];
	unsigned size;

	assert_true(EVP_Digest(from, (size_t)(to - from), digest, &size, EVP_sha256(), NULL));
	EVP_EncodeBlock((unsigned char *)base64, digest, (int)size);
	snprintf(want, sizeof(want), "-src 'sha256-%s'", base64);
	const char *policy = strstr(html, "Content-Security-Policy");
	if (!policy || !strstr(policy, want))
		fail_msg("the policy lacks %s", want);
}

static void
policy_names_style_and_script(void **state)
{
	struct run *r = sample_error();
	char *html = form_of(r, report_html);

	check_hash(html, "<style>", "</style>");
	check_hash(html, "<script>", "</script>");
	free(html);
	run_free(r);
}

/* ---- all forms ----------------------------------------------------------------------------- */

static void
forms_agree(void **state)
{
	static const char *const figures[] = { "1.84 s", "2.60k/s", "500 ms", "71 %", "0.02 %",
	    "240 ms (192\xe2\x80\x93" "324 ms)", "165 ms (132\xe2\x80\x93" "223 ms)",
	    "io.db.missing-index", "1.20M rows" };
	struct run *r = sample_missed();
	char *forms[] = { form_of(r, terminal_80), form_of(r, report_markdown), form_of(r,
	    report_html) };

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		for (size_t k = 0; k < 3; k++)
			if (!strstr(forms[k], figures[i]))
				fail_msg("form %zu lacks '%s'", k, figures[i]);
	for (size_t k = 0; k < 3; k++)
		free(forms[k]);
	run_free(r);
}

static void
json_is_the_run(void **state)
{
	struct run *r = sample_missed();
	char *text = form_of(r, report_json);
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *want = run_to_json(r);

	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "headline")),
	    json_string_value(json_object_get(want, "headline")));
	assert_int_equal(json_object_size(j), json_object_size(want));
	json_decref(j);
	json_decref(want);
	free(text);
	run_free(r);
}

static void
files_are_written(void **state)
{
	char folder[] = "/tmp/prony-report-XXXXXX", path[64];
	struct run *r = sample_met();
	struct err e = { 0 };
	struct stat st;

	assert_non_null(mkdtemp(folder));
	r->folder = folder;
	assert_int_equal(report_write(r, &e), 0);
	static const char *const names[] = { "report.html", "report.md" };
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_true(st.st_size > 1000);
		unlink(path);
	}
	rmdir(folder);
	assert_true(report_write(r, &e) < 0);
	assert_non_null(strstr(e.text, "report.html"));
	run_free(r);
}

static void
ticks_are_round(void **state)
{
	static const struct { struct svg_scale s; size_t most, n; double first, last; } rows[] = {
		{ { .min = 0, .max = 3200 }, 6, 4, 0, 3000 },
		{ { .min = 0, .max = 0.93 }, 6, 5, 0, 0.8 },
		{ { .min = 0.003, .max = 2.3, .log = true }, 6, 3, 0.01, 1 },
		{ { .min = 5, .max = 5 }, 6, 1, 5, 5 },
		{ { .min = 0, .max = 1e308, .log = false }, 6, 6, 0, 1e308 },
		{ { .min = 0, .max = 0, .log = true }, 6, 1, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double ticks[SVG_MOST_TICKS];
		size_t n = svg_ticks(&rows[i].s, rows[i].most, ticks);
		assert_int_equal(n, rows[i].n);
		CHECK_NEAR(ticks[0], rows[i].first, 1e-9);
		CHECK_NEAR(ticks[n - 1], rows[i].last, 1e-9 * fabs(rows[i].last));
	}
}

RUN_TESTS(cmocka_unit_test(terminal_always_fits),
    cmocka_unit_test(terminal_begins_with_the_verdict),
    cmocka_unit_test(not_judged_is_not_ruled_out),
    cmocka_unit_test(terminal_names_limit_plan_and_next),
    cmocka_unit_test(a_suite_is_told), cmocka_unit_test(a_capacity_model_is_told),
    cmocka_unit_test(the_path_is_told_with_the_answer_that_was_taken),
    cmocka_unit_test(requests_and_peers_are_drawn_and_described),
    cmocka_unit_test(little_confidence_is_called_a_hypothesis),
    cmocka_unit_test(a_finding_has_both_sides_and_its_source),
    cmocka_unit_test(markdown_has_exactly_six_headings),
    cmocka_unit_test(markdown_states_metric_target_gap),
    cmocka_unit_test(a_missing_profile_is_the_first_action),
    cmocka_unit_test(html_is_whole_and_small), cmocka_unit_test(hostile_text_stays_text),
    cmocka_unit_test(who_asks_a_process_is_told),
    cmocka_unit_test(policy_names_style_and_script), cmocka_unit_test(forms_agree),
    cmocka_unit_test(json_is_the_run), cmocka_unit_test(files_are_written),
    cmocka_unit_test(ticks_are_round))
