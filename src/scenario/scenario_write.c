/* SPDX-License-Identifier: MIT */
/* YAML in the shape that people write: block style for what is long, flow style for what is not.
 *
 * Texts that could mean something else go into double quotes with YAML's escapes. What YAML cannot
 * hold (bytes that are not UTF-8) is written as U+FFFD. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "scenario/scenario.h"

/* ---- texts ---- */

/* Bytes of the UTF-8 character at `s`; 0 when it is none. RFC 3629 section 4. */
static size_t
character_size(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 :
	    p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

static uint32_t
character(const char *s, size_t size)
{
	uint32_t c = (unsigned char)*s & (size == 1 ? 0x7f : 0xff >> (size + 1));

	for (size_t i = 1; i < size; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

/* Not printable by YAML 1.1 section 5.1, or a line break beyond ASCII. */
static bool
needs_escape(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	    (c & 0xfffe) == 0xfffe;
}

static void
write_quoted(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (size_t size; *text; text += size) {
		size = character_size(text);
		uint32_t c = size ? character(text, size) : 0xfffd;
		if (!size)
			size = 1;
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (char)c);
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == 0xfffd || needs_escape(c))
			buf_printf(out, c > 0xffff ? "\\U%08X" : "\\u%04X", c);
		else
			buf_append(out, text, size);
	}
	buf_putc(out, '"');
}

/* Can it stand without quotes, in flow style too? */
static bool
is_plain(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_";
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.-+%";

	return *text && strchr(first, *text) && text[strspn(text, safe)] == '\0' && strlen(text) < 200;
}

static void
write_text(struct buf *out, const char *text)
{
	if (is_plain(text))
		buf_puts(out, text);
	else
		write_quoted(out, text);
}

static void
write_member(struct buf *out, const char *indent, const char *key, const char *text)
{
	if (!text)
		return;
	buf_printf(out, "%s%s: ", indent, key);
	write_text(out, text);
	buf_putc(out, '\n');
}

/* ---- figures ---- */

/* The shortest digits that read back as the same number. */
static void
write_number(struct buf *out, double number)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buf_puts(out, text);
}

static void
write_duration(struct buf *out, int64_t ns)
{
	static const struct { int64_t ns; const char *unit; } units[] = {
		{ 3600000000000, "h" }, { 60000000000, "m" }, { 1000000000, "s" }, { 1000000, "ms" },
		{ 1000, "us" }, { 1, "ns" },
	};
	size_t i = 0;

	while (ns % units[i].ns != 0)
		i++;
	if (ns == 0)
		i = 2;
	buf_printf(out, "%lld%s", (long long)(ns / units[i].ns), units[i].unit);
}

static void
write_seconds(struct buf *out, double s)
{
	write_duration(out, llround(s * 1e9));
}

/* ---- pairs ---- */

static bool
has_doubles(const struct scenario_pair *pairs, size_t n)
{
	struct map seen = { 0 };
	bool is_new = true;

	for (size_t i = 0; i < n && is_new; i++)
		map_at(&seen, pairs[i].name, strlen(pairs[i].name), &is_new);
	map_done(&seen);
	return !is_new;
}

/* As keys, or where a name comes twice as a list of such. */
static void
write_pairs(struct buf *out, const char *indent, const char *key, const struct scenario_pair *pairs,
    size_t n)
{
	bool is_list = has_doubles(pairs, n);

	if (n)
		buf_printf(out, "%s%s:\n", indent, key);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s  %s", indent, is_list ? "- " : "");
		write_text(out, pairs[i].name);
		buf_puts(out, ": ");
		write_text(out, pairs[i].value);
		buf_putc(out, '\n');
	}
}

static void
write_list(struct buf *out, const char *indent, const char *key, const char *const *items, size_t n)
{
	buf_printf(out, "%s%s: [", indent, key);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_puts(out, ", ");
		write_text(out, items[i]);
	}
	buf_puts(out, "]\n");
}

/* ---- steps ---- */

static void
write_think(struct buf *out, const struct scenario_step *s)
{
	static const char *const names[] = {
		[THINK_EXPONENTIAL] = "exponential", [THINK_LOGNORMAL] = "lognormal",
	};

	if (s->think == THINK_CONSTANT) {
		write_seconds(out, s->think_s);
	} else {
		buf_printf(out, "{ %s: ", names[s->think]);
		write_seconds(out, s->think_s);
		if (s->think == THINK_LOGNORMAL) {
			buf_puts(out, ", sigma: ");
			write_number(out, s->think_sigma);
		}
		buf_puts(out, " }");
	}
	buf_putc(out, '\n');
}

static bool
has_own_key(const char *method)
{
	static const char known[] = " GET POST PUT PATCH DELETE HEAD OPTIONS ";
	const char *at = strstr(known, method);
	size_t n = strlen(method);

	return n && at && at > known && at[-1] == ' ' && at[n] == ' ';
}

static void
write_http(struct buf *out, const char *indent, const struct scenario_step *s)
{
	if (has_own_key(s->method)) {
		for (const char *c = s->method; *c; c++)
			buf_putc(out, (char)(*c | 0x20));
		write_member(out, "", "", s->url);
	} else {
		write_member(out, "", "method", s->method);
		write_member(out, indent, "url", s->url);
	}
	write_pairs(out, indent, "headers", s->headers, s->n_headers);
	write_member(out, indent, "body", s->body);
	write_member(out, indent, "stream", s->stream == STREAM_SSE ? "sse" :
	    s->stream == STREAM_OPENAI ? "openai" : NULL);
}

/* The key that says what the step does, behind what has been written of its line. */
static void
write_kind(struct buf *out, const char *indent, const struct scenario_step *s)
{
	switch (s->kind) {
	case STEP_HTTP:
		write_http(out, indent, s);
		return;
	case STEP_MESSAGE:
		write_member(out, "", "message", s->body);
		return;
	case STEP_QUERY:
		write_member(out, "", "query", s->body);
		if (s->n_arguments)
			write_list(out, indent, "parameters", s->arguments, s->n_arguments);
		return;
	case STEP_COMMAND:
		write_list(out, "", "command", s->arguments, s->n_arguments);
		return;
	case STEP_THINK:
		buf_puts(out, "think: ");
		write_think(out, s);
		return;
	}
}

/* In a list, so that the order stays and a kind may come twice. */
static void
write_expects(struct buf *out, const char *indent, const struct scenario_step *s)
{
	static const char *const names[] = {
		[EXPECT_STATUS] = "status", [EXPECT_CONTAINS] = "contains", [EXPECT_LACKS] = "lacks",
		[EXPECT_HEADER] = "header", [EXPECT_JSON] = "json", [EXPECT_BODY_BYTES] = "bytes",
	};

	if (s->n_expects)
		buf_printf(out, "%sexpect:\n", indent);
	for (size_t i = 0; i < s->n_expects; i++) {
		const struct scenario_expect *x = &s->expects[i];
		bool has_name = x->kind == EXPECT_HEADER || x->kind == EXPECT_JSON;
		buf_printf(out, "%s  - %s: ", indent, names[x->kind]);
		if (has_name) {
			buf_puts(out, "{ ");
			write_text(out, x->name);
			buf_puts(out, ": ");
		}
		write_text(out, x->value);
		buf_puts(out, has_name ? " }\n" : "\n");
	}
}

static void
write_extracts(struct buf *out, const char *indent, const struct scenario_step *s)
{
	static const char *const names[] = {
		[EXTRACT_JSON] = "json", [EXTRACT_HEADER] = "header", [EXTRACT_REGEX] = "regex",
	};

	if (s->n_extracts)
		buf_printf(out, "%sextract:\n", indent);
	for (size_t i = 0; i < s->n_extracts; i++) {
		const struct scenario_extract *x = &s->extracts[i];
		buf_printf(out, "%s  ", indent);
		write_text(out, x->variable);
		buf_printf(out, ": { %s: ", names[x->from]);
		write_text(out, x->what);
		buf_puts(out, " }\n");
	}
}

/* Behind "- ". */
static void
write_step(struct buf *out, const char *indent, const struct scenario_step *s)
{
	write_kind(out, indent, s);
	if (s->kind == STEP_THINK)
		return;
	write_member(out, indent, "name", s->name);
	write_expects(out, indent, s);
	write_extracts(out, indent, s);
}

static void
write_weight(struct buf *out, const struct scenario_flow *f)
{
	if (f->weight == 1)
		return;
	buf_puts(out, "    weight: ");
	write_number(out, f->weight);
	buf_putc(out, '\n');
}

static void
write_flow(struct buf *out, const struct scenario_flow *f)
{
	buf_puts(out, "  - ");
	if (f->n_steps == 1 && !f->name) {
		write_step(out, "    ", &f->steps[0]);
		write_weight(out, f);
		return;
	}
	write_member(out, "", "name", f->name ? f->name : "flow");
	write_weight(out, f);
	buf_puts(out, "    steps:\n");
	for (size_t i = 0; i < f->n_steps; i++) {
		buf_puts(out, "      - ");
		write_step(out, "        ", &f->steps[i]);
	}
}

/* ---- the scenario ---- */

static void
write_feeders(struct buf *out, const struct scenario *s)
{
	static const char *const orders[] = {
		[ORDER_SEQUENTIAL] = "sequential", [ORDER_RANDOM] = "random", [ORDER_ZIPF] = "zipf",
	};

	if (s->n_feeders)
		buf_puts(out, "feeders:\n");
	for (size_t i = 0; i < s->n_feeders; i++) {
		const struct scenario_feeder *f = &s->feeders[i];
		buf_puts(out, "  ");
		write_text(out, f->name);
		buf_puts(out, ": { file: ");
		write_text(out, f->file);
		buf_printf(out, ", order: %s", orders[f->order]);
		if (f->exponent != 1) {
			buf_puts(out, ", exponent: ");
			write_number(out, f->exponent);
		}
		buf_puts(out, " }\n");
	}
}

static void
write_stages(struct buf *out, const struct scenario *s)
{
	if (s->n_stages)
		buf_puts(out, "stages:\n");
	for (size_t i = 0; i < s->n_stages; i++) {
		const struct scenario_stage *stage = &s->stages[i];
		buf_puts(out, stage->from == stage->to ? "  - { rate: " : "  - { from: ");
		write_number(out, stage->from);
		if (stage->from != stage->to) {
			buf_puts(out, "/s, to: ");
			write_number(out, stage->to);
		}
		buf_puts(out, "/s, for: ");
		write_duration(out, stage->for_ns);
		buf_puts(out, " }\n");
	}
}

static void
write_figures(struct buf *out, const struct scenario *s)
{
	write_member(out, "", "arrivals", s->arrivals);
	if (s->connections)
		buf_printf(out, "connections: %lld\n", (long long)s->connections);
	if (!isnan(s->reuse)) {
		buf_puts(out, "reuse: ");
		write_number(out, s->reuse);
		buf_putc(out, '\n');
	}
	if (s->timeout_ns) {
		buf_puts(out, "timeout: ");
		write_duration(out, s->timeout_ns);
		buf_putc(out, '\n');
	}
	if (s->has_seed)
		buf_printf(out, "seed: %llu\n", (unsigned long long)s->seed);
}

void
scenario_write(const struct scenario *s, struct buf *out)
{
	write_member(out, "", "name", s->name);
	write_member(out, "", "base", s->base);
	write_pairs(out, "", "headers", s->headers, s->n_headers);
	write_pairs(out, "", "variables", s->variables, s->n_variables);
	write_feeders(out, s);
	write_stages(out, s);
	write_figures(out, s);
	buf_puts(out, "flows:\n");
	for (size_t i = 0; i < s->n_flows; i++)
		write_flow(out, &s->flows[i]);
	if (s->n_thresholds)
		write_list(out, "", "thresholds", s->thresholds, s->n_thresholds);
	write_member(out, "", "replay", s->replay);
}
