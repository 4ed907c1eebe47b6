/* SPDX-License-Identifier: MIT */
/* k6 scripts, as far as they do not compute: requests, pauses and checks in the order in which they
 * are written, each function a flow. What depends on the run is left out, named with its line. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "import/format.h"
#include "import/k6_options.h"
#include "import/plain_text.h"

#define THINK_MAX_S 86400

struct walk {
	struct k6 *k;
	int depth;               /* of brackets around the place */
	bool skipped;            /* in a function whose requests are not load */
	bool has_step;           /* the newest flow has a request that checks may be about */
};

static void __attribute__((format(printf, 3, 4)))
leave_out(struct walk *w, size_t i, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	draft_note(w->k->d, 1, "%s:%d: %s", w->k->script.name, script_at(&w->k->script, i)->line, what);
}

static const char *
text_at(struct walk *w, size_t i)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	size_t end;

	return i && k6_text(w->k, i, &text, &end) ? arena_strdup(w->k->d->arena, buf_text(&text)) : NULL;
}

/* ---- requests ---- */

static void
take_headers(struct walk *w, struct scenario_step *step, size_t object)
{
	struct k6_member m;

	for (size_t place = object; object && k6_next_member(w->k, &place, &m);) {
		const char *value = text_at(w, m.value);
		if (value)
			draft_header(w->k->d, step, m.name, value);
		else
			leave_out(w, m.value, "header %s depends on the run", m.name);
	}
}

static void
take_params(struct walk *w, struct scenario_step *step, size_t at)
{
	size_t object = k6_object(w->k, at);
	struct k6_member m;

	if (!object)
		leave_out(w, at, "parameters of a request that depend on the run");
	for (size_t place = object; object && k6_next_member(w->k, &place, &m);) {
		const char *name = strcmp(m.name, "tags") == 0 ?
		    text_at(w, k6_member(w->k, k6_object(w->k, m.value), "name")) : NULL;
		if (strcmp(m.name, "headers") == 0)
			take_headers(w, step, k6_object(w->k, m.value));
		else if (name)
			step->name = name;
		else
			leave_out(w, m.value, "parameter %s of a request", m.name);
	}
}

/* An object as a body is a form. */
static bool
put_form(struct walk *w, size_t object, struct buf *out)
{
	struct k6_member m;

	for (size_t place = object; k6_next_member(w->k, &place, &m);) {
		const char *value = text_at(w, m.value);
		if (!value)
			return false;
		buf_puts(out, out->size ? "&" : "");
		plain_percent(out, m.name);
		buf_putc(out, '=');
		if (strstr(value, "${"))
			buf_puts(out, value);
		else
			plain_percent(out, value);
	}
	return true;
}

static void
take_body(struct walk *w, struct scenario_step *step, size_t at)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	size_t object = k6_object(w->k, at), end;

	if (script_is(&w->k->script, at, "null") || script_is(&w->k->script, at, "undefined"))
		return;
	if (object ? !put_form(w, object, &text) : !k6_text(w->k, at, &text, &end)) {
		leave_out(w, at, "a body that depends on the run");
		return;
	}
	if (object && !draft_has_header(step, "Content-Type"))
		draft_header(w->k->d, step, "Content-Type", "application/x-www-form-urlencoded");
	draft_body(w->k->d, step, buf_text(&text), text.size);
}

/* http.VERB( and where its arguments are: k6 gives get, head and request an order of their own. */
static const struct verb {
	const char *name, *method;
	bool body;
} verbs[] = {
	{ "get", "GET", false }, { "head", "HEAD", false }, { "post", "POST", true },
	{ "put", "PUT", true }, { "patch", "PATCH", true }, { "del", "DELETE", true },
	{ "options", "OPTIONS", true }, { "request", NULL, true }, { "asyncRequest", NULL, true },
};

static void
take_request(struct walk *w, const struct verb *verb, size_t bracket)
{
	size_t args[4] = { 0 }, n = 0, place = bracket;
	const char *method = verb->method;
	bool more = true;

	while (n < COUNT_OF(args) && (more = k6_next_item(w->k, &place, &args[n])))
		n++;
	size_t first = method ? 0 : 1;
	if (!method && n)
		method = text_at(w, args[0]);
	const char *url = n > first ? text_at(w, args[first]) : NULL;
	if (!url || !method) {
		leave_out(w, bracket, "a request whose URL or method depends on the run");
		w->has_step = false;
		return;
	}
	struct scenario_step *step = draft_request(w->k->d, method, url);
	w->has_step = step != NULL;
	if (!step)
		return;
	size_t body = verb->body && n > first + 1 ? args[first + 1] : 0;
	size_t params = n > first + 1 + verb->body ? args[first + 1 + verb->body] : 0;
	if (params)
		take_params(w, step, params);
	if (body)
		take_body(w, step, body);
}

/* http.batch([...]): its requests one behind the other. */
static void
take_batch(struct walk *w, size_t list)
{
	static const struct verb any = { "request", NULL, true };
	size_t item;

	leave_out(w, list, "that a batch is sent at once: one request follows the other");
	while (k6_next_item(w->k, &list, &item)) {
		const char *url = text_at(w, item);
		if (script_is(&w->k->script, item, "["))
			take_request(w, &any, item);
		else if (url && script_at(&w->k->script, item)->kind != TOKEN_SIGN)
			draft_request(w->k->d, "GET", url);
		else
			leave_out(w, item, "a request of a batch");
	}
	w->has_step = false;
}

/* ---- pauses and checks ---- */

/* sleep(1), sleep(randomIntBetween(1, 5)), sleep(Math.random() * 3 + 1): a constant or the mean. */
static bool
pause_length(struct walk *w, size_t i, double *ret_s)
{
	const struct script *s = &w->k->script;
	double low = 0, high;
	size_t place = i + 1, first, second;

	if (k6_number(w->k, i, ret_s))
		return true;
	if (script_reads(s, i, "randomIntBetween (") && k6_next_item(w->k, &place, &first) &&
	    k6_next_item(w->k, &place, &second) && k6_number(w->k, first, &low) &&
	    k6_number(w->k, second, &high)) {
		*ret_s = (low + high) / 2;
	} else if (script_reads(s, i, "Math . random ( ) *") &&
	    script_at(s, i + 6)->kind == TOKEN_NUMBER) {
		if (script_is(s, i + 7, "+") && script_at(s, i + 8)->kind == TOKEN_NUMBER)
			low = strtod(script_at(s, i + 8)->text, NULL);
		*ret_s = low + strtod(script_at(s, i + 6)->text, NULL) / 2;
	} else {
		return false;
	}
	leave_out(w, i, "how a pause varies: its mean is taken");
	return true;
}

static void
take_sleep(struct walk *w, size_t value)
{
	double seconds;

	if (!pause_length(w, value, &seconds) || seconds < 0)
		leave_out(w, value, "a pause that depends on the run");
	else if (seconds > 0)
		draft_think(w->k->d, fmin(seconds, THINK_MAX_S));
}

static struct scenario_step *
last_request(struct walk *w)
{
	struct scenario *s = w->k->d->s;
	struct scenario_flow *flow = s->n_flows ? &s->flows[s->n_flows - 1] : NULL;

	for (size_t i = flow ? flow->n_steps : 0; i; i--)
		if (flow->steps[i - 1].kind == STEP_HTTP)
			return &flow->steps[i - 1];
	return NULL;
}

static bool
is_status(const struct script_token *t)
{
	return t->kind == TOKEN_NUMBER && strlen(t->text) == 3 && t->text[0] >= '1' &&
	    t->text[0] <= '5' && !t->text[strspn(t->text, "0123456789")];
}

/* One function of a check: "(r) => r.status === 200", "(r) => r.body.includes('x')". */
static bool
take_condition(struct walk *w, struct scenario_step *step, size_t from, size_t to)
{
	const struct script *s = &w->k->script;
	bool taken = false;

	for (size_t i = from; i < to; i++) {
		if (script_is(s, i, "|") || script_is(s, i, "!"))
			return false;
		size_t value = script_reads(s, i, ". status = = =") ? i + 5 : script_reads(s, i, ". status = =") ?
		    i + 4 : 0;
		const struct script_token *t = script_at(s, value);
		if (value && is_status(t)) {
			draft_expect_status(w->k->d, step, t->text);
			taken = true;
		}
		t = script_at(s, i + 4);
		if (script_reads(s, i, "body . includes (") && t->kind == TOKEN_STRING && t->text[0]) {
			struct scenario_expect *expect = ARENA_PUSH(w->k->d->arena, step->expects, step->n_expects);
			*expect = (struct scenario_expect){ .kind = EXPECT_CONTAINS,
				.value = draft_literal(w->k->d, t->text, strlen(t->text)) };
			taken = true;
		}
	}
	return taken;
}

static void
take_check(struct walk *w, size_t bracket)
{
	size_t place = bracket, subject, conditions;
	struct k6_member m;

	if (!k6_next_item(w->k, &place, &subject) || !k6_next_item(w->k, &place, &conditions))
		return;
	struct scenario_step *step = w->has_step ? last_request(w) : NULL;
	size_t object = k6_object(w->k, conditions), at = object;
	if (!object || !step) {
		leave_out(w, bracket, "a check that depends on the run");
		return;
	}
	while (k6_next_member(w->k, &at, &m))
		if (!take_condition(w, step, m.value, at + 1))
			leave_out(w, m.value, "check '%.80s'", m.name);
}

/* ---- the walk ---- */

/* Functions at the top are flows; those that k6 runs once around the load are not. */
static bool
take_function(struct walk *w, size_t i)
{
	static const char *const around[] = { "setup", "teardown", "handleSummary" };
	const struct script *s = &w->k->script;
	const char *name = NULL;

	if (script_reads(s, i, "export default"))
		name = "default";
	else if (script_is(s, i, "function") && !(i && script_is(s, i - 1, "default")))
		name = script_at(s, i + 1)->text;
	else if (script_is(s, i, "const") && script_is(s, i + 2, "=") && (script_is(s, i + 3, "(") ||
	    script_is(s, i + 3, "function") || script_is(s, i + 4, "=>")))
		name = script_at(s, i + 1)->text;
	if (!name)
		return false;
	draft_flow(w->k->d, arena_strdup(w->k->d->arena, plain_is_token(name) ? name : "default"));
	w->skipped = w->has_step = false;
	for (size_t n = 0; n < COUNT_OF(around); n++)
		w->skipped = w->skipped || strcmp(around[n], name) == 0;
	return true;
}

static void
note_control(struct walk *w, size_t i)
{
	static const char *const words[] = { "if", "for", "while", "switch", "do" };

	for (size_t n = 0; n < COUNT_OF(words); n++)
		if (script_is(&w->k->script, i, words[n]) && !(i && script_is(&w->k->script, i - 1, ".")))
			leave_out(w, i, "'%s': what it holds is taken once, in its place", words[n]);
}

static void
take_call(struct walk *w, size_t i)
{
	const struct script *s = &w->k->script;
	bool member = i && script_is(s, i - 1, ".");

	if (script_reads(s, i, "http .") && script_is(s, i + 3, "(")) {
		for (size_t v = 0; v < COUNT_OF(verbs); v++)
			if (script_is(s, i + 2, verbs[v].name)) {
				take_request(w, &verbs[v], i + 3);
				return;
			}
		if (script_reads(s, i + 2, "batch ( ["))
			take_batch(w, i + 4);
		else
			leave_out(w, i, "http.%.40s", script_at(s, i + 2)->text);
	} else if (!member && script_reads(s, i, "sleep (")) {
		take_sleep(w, i + 2);
	} else if (!member && script_reads(s, i, "check (")) {
		take_check(w, i + 1);
	} else if (script_reads(s, i, "ws . connect (") || script_reads(s, i, "new WebSocket (")) {
		leave_out(w, i, "a WebSocket");
	} else {
		note_control(w, i);
	}
}

static void
walk(struct walk *w)
{
	const struct script *s = &w->k->script;

	for (size_t i = 0; script_at(s, i)->kind != TOKEN_END; i++) {
		const struct script_token *t = script_at(s, i);
		if (t->kind == TOKEN_SIGN && !t->text[1]) {
			w->depth += strchr("([{", t->text[0]) != NULL;
			w->depth -= strchr(")]}", t->text[0]) != NULL;
		}
		if (t->kind != TOKEN_NAME || (w->depth <= 0 && take_function(w, i)) || w->depth <= 0)
			continue;
		if (!w->skipped)
			take_call(w, i);
		else if (script_reads(s, i, "http ."))
			leave_out(w, i, "a request outside of the load (setup, teardown)");
	}
}

static double
pause_of(const struct scenario_flow *flow)
{
	double seconds = 0;

	for (size_t i = 0; i < flow->n_steps; i++)
		if (flow->steps[i].kind == STEP_THINK)
			seconds += flow->steps[i].think_s;
	return seconds;
}

static int
read_k6(struct draft *d, const char *name, const char *text, size_t size, struct err *e)
{
	struct k6 k = { .d = d };
	struct walk w = { .k = &k };
	size_t from = d->s->n_flows;

	int code = script_read(SCRIPT_JAVASCRIPT, name, text, size, d->arena, &k.script, e);
	if (code < 0)
		return code;
	k6_find_constants(&k);
	walk(&w);
	if (d->s->n_flows > from)
		k6_options(&k, pause_of(&d->s->flows[from]));
	map_done(&k.constants);
	return 0;
}

static bool
matches(const char *head, size_t size)
{
	static const char *const marks[] = { "'k6/http'", "\"k6/http\"", "from 'k6'", "from \"k6\"" };

	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (memmem(head, size, marks[i], strlen(marks[i])))
			return true;
	return false;
}

static const char *const suffixes[] = { ".js", ".ts", ".mjs", NULL };

const struct import_format import_k6 = {
	.name = "k6",
	.about = "k6 scripts, the part that does not compute",
	.suffixes = suffixes,
	.matches = matches,
	.max_bytes = (size_t)4 << 20,
	.read = read_k6,
};
