/* SPDX-License-Identifier: MIT */
/* The neutral document: what a report says, before anybody decides how it looks.
 *
 * Sections (section_*.c, listed in sections.def) write blocks; writers (write_*.c) read them. A
 * section knows nothing of HTML, a writer knows nothing of runs. Texts are plain: writers escape
 * for their own context. All memory, also of texts given to doc_*(), lives in doc->arena or in
 * the run the document was built from, which must outlive it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "run/run.h"

/* Which of its forms a section appears in. */
enum doc_form { FORM_TERMINAL = 1, FORM_MARKDOWN = 2, FORM_HTML = 4 };

/* How a thing is to be felt; never told by colour alone. */
enum doc_tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_QUIET };

enum doc_kind {
	DOC_TEXT,          /* a paragraph */
	DOC_NOTE,          /* an aside: method, caveat, why something is empty */
	DOC_HEADING,       /* inside a section */
	DOC_LIST,
	DOC_STEPS,         /* a numbered list */
	DOC_TREE,          /* a list where each item stands one level below the one before */
	DOC_PAIRS,         /* name: value */
	DOC_TABLE,
	DOC_CODE,          /* to be copied as it is */
	DOC_LINES,         /* chart: y over x */
	DOC_STACK,         /* chart: rows of shares that sum to 1 */
	DOC_BARS,          /* chart: a value a row, with its interval */
	DOC_SPARKS,        /* chart: many small series */
	DOC_FLAME,         /* flame graph */
	DOC_EFFECTS,       /* chart: ratios with their intervals around 1 */
	DOC_TIMELINES,     /* chart: single requests, what they did when */
	DOC_MAP,           /* chart: the service and what it asks */
	DOC_PATH           /* questions, their answers, and which was taken */
};

struct doc_pair {
	const char *name, *value;
	enum doc_tone tone;
	const char *detail;        /* a few small words beside the value; NULL none */
};

struct doc_cell {
	const char *text;
	enum doc_tone tone;
	bool code;                 /* a name from outside: function, statement, path */
};

struct doc_column {
	const char *title;
	bool right;                /* numbers */
	int width;                 /* terminal: columns it takes; 0: what is left */
};

struct doc_table {
	const char *caption;
	struct doc_column *columns; size_t n_columns;
	struct doc_cell *cells;     size_t n_cells;    /* row by row */
	size_t left_out;           /* rows that are only in run.json */
};

enum doc_unit { UNIT_NONE, UNIT_SECONDS, UNIT_RATE, UNIT_BYTES, UNIT_RATIO, UNIT_CORES };

struct doc_series {
	const char *name;
	const double *x;           /* NULL: 0, 1, 2 ... */
	const double *y;
	size_t n;
	bool dashed;
	bool points;               /* no line: each value by itself */
};
struct doc_mark {              /* a line across the chart */
	const char *label;
	double at;
	bool vertical;
};
struct doc_lines {
	const char *title, *about; /* about: the conclusion in words, for who cannot see it */
	const char *x_label;
	enum doc_unit x_unit, y_unit;
	bool log_y;
	bool tight_y;              /* need not begin at 0 */
	struct doc_series *series; size_t n_series;
	struct doc_mark *marks;    size_t n_marks;
};

struct doc_share {
	const char *label, *text;  /* text: the share in words */
	enum run_part_kind kind;
	double share;
};
struct doc_stack_row {
	const char *label, *value;
	struct doc_share *shares;  size_t n_shares;
};
struct doc_stack {
	const char *title, *about;
	struct doc_stack_row *rows; size_t n_rows;
};

struct doc_bar {
	const char *label, *text;
	double value, low, high;   /* low, high NAN: no interval */
	enum doc_tone tone;
};
struct doc_bars {
	const char *title, *about;
	struct doc_bar *bars;      size_t n_bars;
	double limit;              /* a line across; NAN none */
	const char *limit_label;
};

struct doc_spark {
	const char *name, *value, *range;
	const double *points;      size_t n_points;
};
struct doc_sparks {
	const char *title;
	struct doc_spark *sparks;  size_t n_sparks;
};

struct doc_flame {
	const char *id, *title, *about;
	const struct run_stack **stacks; size_t n_stacks;
	bool by_kind;              /* colour by what was waited for */
	const double *before;      /* seconds of each stack in another profile: colour by the change */
	bool shares;               /* of 1 instead of seconds */
};

struct doc_stretch {
	const char *text;
	enum run_part_kind kind;
	double from, width;        /* shares of the row's width */
	const char *length;        /* in words */
};
struct doc_timeline {
	const char *label, *value, *about;    /* about: the row in words, for who cannot see it */
	struct doc_stretch *stretches; size_t n_stretches;
};
struct doc_timelines {
	const char *title, *about;            /* about NULL: said before */
	struct doc_timeline *rows; size_t n_rows;
	double seconds;            /* the width of a row, for the axis */
};

struct doc_peer {
	const char *name, *address, *text;    /* text: share and calls in words; address NULL none */
	enum run_part_kind kind;   /* its colour */
	double share;
};
struct doc_map {
	const char *title, *about;
	const char *service, *own;
	struct doc_peer *peers;    size_t n_peers;
};

struct doc_effect {
	const char *label, *text;
	double ratio, low, high;   /* low, high NAN: no interval */
	double margin;             /* share */
	enum doc_tone tone;
};
struct doc_effects {
	const char *title, *about;
	struct doc_effect *effects; size_t n_effects;
};

struct doc_block {
	enum doc_kind kind;
	enum doc_tone tone;
	const char *text;
	const char **items;        size_t n_items;
	struct doc_pair *pairs;    size_t n_pairs;
	bool compact;              /* pairs: many short ones, side by side where there is room */
	struct doc_table *table;
	struct doc_lines *lines;
	struct doc_stack *stack;
	struct doc_bars *bars;
	struct doc_sparks *sparks;
	struct doc_flame *flame;
	struct doc_effects *effects;
	struct doc_timelines *timelines;
	struct doc_map *map;
	const struct run_fork *forks; size_t n_forks;
};

struct doc_section {
	const char *id, *title;
	const char *lead;          /* its conclusion, one sentence; NULL none */
	const char *aside;         /* a few words beside the title; NULL none */
	enum doc_tone tone;        /* of title and lead */
	struct doc_block *blocks;  size_t n_blocks;
};

struct doc {
	struct arena *arena;
	enum doc_form form;
	const char *title;         /* of the page */
	const char *verdict;       /* one word, upper case */
	enum doc_tone tone;
	const char *headline;
	const char *meta;          /* service, time, tool: one quiet line */
	struct doc_pair *chips;    size_t n_chips;     /* targets */
	struct doc_pair *figures;  size_t n_figures;   /* the four or five numbers that matter */
	struct doc_section *sections; size_t n_sections;
};

/* Everything of `r` that `form` shows. `d` is zeroed by the caller and released with doc_done. */
void doc_build(struct doc *d, const struct run *r, enum doc_form form);
void doc_done(struct doc *d);

/* ---- for sections: they add to the section that is being written (the last one) ------------- */

/* A text in the document's arena. */
const char *doc_printf(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The one that is being written; valid until the next section begins. */
struct doc_section *doc_section(struct doc *d);
/* Its conclusion, and how that is to be felt. */
void doc_lead(struct doc *d, enum doc_tone tone, const char *lead);
/* A block each. NULL text: nothing is added. */
void doc_text(struct doc *d, const char *text);
void doc_note(struct doc *d, const char *text);
void doc_heading(struct doc *d, const char *text);
void doc_code(struct doc *d, const char *text);
void doc_list(struct doc *d, enum doc_kind kind, const char **items, size_t n);
struct doc_block *doc_block(struct doc *d, enum doc_kind kind);   /* valid until the next block */
/* Into a block of DOC_PAIRS, or of DOC_LIST, DOC_STEPS and DOC_TREE. */
void doc_pair(struct doc *d, struct doc_block *b, const char *name, const char *value);
void doc_item(struct doc *d, struct doc_block *b, const char *item);

/* A table whose columns are given by a NULL-ended list of titles; a title that begins with '>'
 * holds numbers. */
struct doc_table *doc_table(struct doc *d, const char *caption, const char *const *titles);
/* The next cell, row by row; code: a name from outside. */
void doc_cell(struct doc *d, struct doc_table *t, const char *text);
void doc_cell_code(struct doc *d, struct doc_table *t, const char *text);
void doc_cell_tone(struct doc *d, struct doc_table *t, const char *text, enum doc_tone tone);

/* A chart: lines over a common x, which is copied neither here nor by writers, and marks across it. */
struct doc_lines *doc_lines(struct doc *d, const char *title);
void doc_series(struct doc *d, struct doc_lines *l, struct doc_series series);
void doc_mark(struct doc *d, struct doc_lines *l, const char *label, double at, bool vertical);
