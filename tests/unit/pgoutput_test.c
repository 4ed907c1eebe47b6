/* SPDX-License-Identifier: MIT */
#include "net/pgoutput.h"

#include <errno.h>

#include "base/clock.h"
#include "check.h"

/* Messages as PostgreSQL 15 writes them for CREATE TABLE products (id int PRIMARY KEY, name text). */
#define PRODUCTS "R\0\0\x40\x01" "public\0" "products\0" "d\0\2" "\1" "id\0" "\0\0\0\x17\377\377\377\377" "\0" "name\0" \
	"\0\0\0\x19\377\377\377\377"
#define OID "\0\0\x40\x01"
#define FIVE "t\0\0\0\1" "5"
#define SIX "t\0\0\0\1" "6"
#define TEA "t\0\0\0\3" "tea"

#define M(literal) { literal, sizeof(literal) - 1 }

struct seen {
	char text[512];
	size_t size;
};

static void
note_row(struct seen *s, const struct pgoutput_relation *t, const struct pgoutput_value *v)
{
	for (uint32_t i = 0; v && i < t->n_columns; i++)
		s->size += (size_t)snprintf(s->text + s->size, sizeof(s->text) - s->size, " %s=%c%.*s", t->columns[i],
		    v[i].kind ? v[i].kind : '-', (int)v[i].text.size, v[i].text.at ? v[i].text.at : "");
}

static void
note(void *ctx, const struct pgoutput_event *e)
{
	static const char *const words[] = { "row", "truncated", "commit" };
	struct seen *s = ctx;

	s->size += (size_t)snprintf(s->text + s->size, sizeof(s->text) - s->size, "%s%s", s->size ? "|" : "",
	    words[e->kind]);
	if (e->relation)
		s->size += (size_t)snprintf(s->text + s->size, sizeof(s->text) - s->size, " %s.%s", e->relation->schema,
		    e->relation->name);
	if (e->before)
		s->size += (size_t)snprintf(s->text + s->size, sizeof(s->text) - s->size, " was");
	note_row(s, e->relation, e->before);
	if (e->after)
		s->size += (size_t)snprintf(s->text + s->size, sizeof(s->text) - s->size, " is");
	note_row(s, e->relation, e->after);
	if (e->kind == PGOUTPUT_COMMIT)
		s->size += (size_t)snprintf(s->text + s->size, sizeof(s->text) - s->size, " %llx at %lld",
		    (unsigned long long)e->end_lsn, (long long)(e->wall_ns / NS_PER_S));
}

static void
changes_of_rows_are_read(void **state)
{
	static const struct { const char *label; struct text message; const char *sees; } rows[] = {
		{ "begin", M("B" "\0\0\0\0\0\0\0\1" "\0\0\0\0\0\0\0\0" "\0\0\0\7"), "" },
		{ "insert", M("I" OID "N\0\2" FIVE TEA), "row public.products is id=t5 name=ttea" },
		{ "update", M("U" OID "N\0\2" FIVE "n"), "row public.products is id=t5 name=n" },
		{ "a toasted value that stays", M("U" OID "N\0\2" FIVE "u"), "row public.products is id=t5 name=u" },
		{ "update of the key", M("U" OID "K\0\2" FIVE "n" "N\0\2" SIX TEA),
		  "row public.products was id=t5 name=n is id=t6 name=ttea" },
		{ "replica identity full", M("U" OID "O\0\2" FIVE TEA "N\0\2" FIVE "n"),
		  "row public.products was id=t5 name=ttea is id=t5 name=n" },
		{ "delete", M("D" OID "K\0\2" FIVE "n"), "row public.products was id=t5 name=n" },
		{ "fewer values than columns", M("I" OID "N\0\1" FIVE), "row public.products is id=t5 name=-" },
		{ "truncate", M("T\0\0\0\1\0" OID), "truncated public.products" },
		{ "commit", M("C\0" "\0\0\0\0\0\0\0\1" "\0\0\0\0\0\0\1\x10" "\0\0\0\0\0\x0f\x42\x40"), "commit 110 at 946684801" },
		{ "another program's message", M("M\0"), "" },
	};
	struct pgoutput *p = pgoutput_new();
	struct seen s = { 0 };

	assert_int_equal(pgoutput_take(p, PRODUCTS, sizeof(PRODUCTS) - 1, note, &s), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s = (struct seen){ 0 };
		if (pgoutput_take(p, rows[i].message.at, rows[i].message.size, note, &s) < 0)
			fail_msg("%s: %s", rows[i].label, p->why);
		if (strcmp(s.text, rows[i].sees) != 0)
			fail_msg("%s: %s", rows[i].label, s.text);
		/* every message that is cut is refused, or leaves out nothing that counts */
		for (size_t n = 1; n < rows[i].message.size && strchr("IUDC", rows[i].message.at[0]); n++)
			assert_int_equal(pgoutput_take(p, rows[i].message.at, n, note, &(struct seen){ 0 }), -EPROTO);
	}
	/* a table that is described anew */
	assert_int_equal(pgoutput_take(p, "R" OID "a\0b\0d\0\0", 12, note, &s), 0);
	s = (struct seen){ 0 };
	assert_int_equal(pgoutput_take(p, "I" OID "N\0\0", 8, note, &s), 0);
	assert_string_equal(s.text, "row a.b is");
	pgoutput_free(p);
}

static void
what_is_no_change_is_refused(void **state)
{
	static const struct { struct text message; const char *why; } rows[] = {
		{ M(""), "unknown type" }, { M("X"), "unknown type" },
		{ M("I\0\0\0\1N\0\0"), "not described" },
		{ M("I" OID "N\0\3nnn"), "not whole" },
		{ M("I" OID "N\0\1x"), "not whole" },
		{ M("I" OID "N\0\1t\377\377\377\377"), "not whole" },
		{ M("I" OID "K\0\1n"), "without a row" },
		{ M("D" OID "N\0\1n"), "without a row" },
		{ M("T\377\377\377\377\0" OID), "not whole" },
		{ M("R\0\0\0\2a\0b\0d\377\377"), "not described whole" },
	};
	struct pgoutput *p = pgoutput_new();
	struct seen s = { 0 };

	assert_int_equal(pgoutput_take(p, PRODUCTS, sizeof(PRODUCTS) - 1, note, &s), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s = (struct seen){ 0 };
		assert_int_equal(pgoutput_take(p, rows[i].message.at, rows[i].message.size, note, &s), -EPROTO);
		if (!strstr(p->why, rows[i].why))
			fail_msg("row %zu: %s", i, p->why);
	}
	pgoutput_free(p);
}

static void
frames_are_read_and_answered(void **state)
{
	static const char data[] = "w" "\0\0\0\0\0\0\0\1" "\0\0\0\0\0\0\0\2" "\0\0\0\0\0\0\0\3" "xyz";
	static const char alive[] = "k" "\0\0\0\0\0\0\1\2" "\0\0\0\0\0\0\0\3" "\1";
	struct pgoutput_frame_head f;
	struct buf b = { 0 };

	pgoutput_frame_read(data, sizeof(data) - 1, &f);
	assert_int_equal(f.kind, PGOUTPUT_DATA);
	assert_int_equal(f.message.size, 3);
	pgoutput_frame_read(alive, sizeof(alive) - 1, &f);
	assert_int_equal(f.kind, PGOUTPUT_KEEPALIVE);
	assert_int_equal(f.end_lsn, 0x102);
	assert_true(f.reply_asked);
	pgoutput_frame_read(alive, sizeof(alive) - 2, &f);
	assert_int_equal(f.kind, PGOUTPUT_UNKNOWN);
	pgoutput_status_write(0x102, 946684801 * NS_PER_S, &b);
	assert_int_equal(b.size, 34);
	assert_memory_equal(b.data, "r" "\0\0\0\0\0\0\1\2" "\0\0\0\0\0\0\1\2" "\0\0\0\0\0\0\1\2" "\0\0\0\0\0\x0f\x42\x40" "\0", 34);
	buf_done(&b);
}

RUN_TESTS(cmocka_unit_test(changes_of_rows_are_read), cmocka_unit_test(what_is_no_change_is_refused),
    cmocka_unit_test(frames_are_read_and_answered))
