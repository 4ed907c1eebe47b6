/* SPDX-License-Identifier: MIT */
/* A setting is one row of a table; everything that knows settings reads the rows: flags,
 * prony.yaml, --help, man pages, completions, the JSON schema of prony.yaml. Adding one is adding
 * a row.
 *
 * Values are text until a row types them, so "no" is never false and "1:30" never ninety. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum setting_kind {
	SETTING_FLAG,       /* bool */
	SETTING_TEXT,       /* const char * */
	SETTING_TEXTS,      /* const char ** and its count */
	SETTING_DURATION,   /* int64_t ns */
	SETTING_RATE,       /* double per second */
	SETTING_COUNT,      /* int64_t */
	SETTING_CHOICE,     /* int: index into choices */
	SETTING_CUSTOM,     /* what row->set makes of it */
};

/* Commands take whole groups. */
enum setting_group {
	SETTINGS_GLOBAL  = 1 << 0,   /* every command */
	SETTINGS_SERVICE = 1 << 1,   /* what is measured, and what is promised of it */
	SETTINGS_LOAD    = 1 << 2,   /* how requests are made */
	SETTINGS_CLOSED  = 1 << 3,   /* closed loop */
	SETTINGS_WATCH   = 1 << 4,   /* how the service is looked at */
	SETTINGS_RUN     = 1 << 5,   /* where the run goes */
	SETTINGS_RENDER  = 1 << 6,   /* how a run is drawn */
	SETTINGS_HELP    = 1 << 7,
	SETTINGS_DEMO    = 1 << 8,
	SETTINGS_SHAPE   = 1 << 9,   /* how the load changes, and when each request is due */
	SETTINGS_OUTPUT  = 1 << 10,  /* forms that the figures of a load are written in */
	SETTINGS_IMPORT  = 1 << 11,  /* what becomes of foreign files */
	SETTINGS_FIND    = 1 << 12,  /* the search for the highest rate */
	SETTINGS_SUITE   = 1 << 13,  /* the suite of load tests */
	SETTINGS_FLEET   = 1 << 14,  /* many workers offer one load */
	SETTINGS_PROVE   = 1 << 15,  /* how two services are compared */
	SETTINGS_FIX     = 1 << 16,  /* how a change of one is tried */
	SETTINGS_GATE    = 1 << 17,  /* the accelerator */
	SETTINGS_PRESS   = 1 << 18,  /* whether components are slowed for a moment */
};

struct setting {
	const char *name;            /* the flag without "--" */
	char letter;                 /* short flag; 0 none */
	const char *key;             /* path in prony.yaml, "load.rate"; NULL: a flag only */
	enum setting_kind kind;
	bool repeats;                /* may be given several times; a list in prony.yaml */
	bool secret;                 /* may hold a password: never shown */
	unsigned groups;
	const char *argument;        /* RATE; NULL for flags */
	const char *preset;          /* as a person would write it; NULL none */
	double min, max;             /* of durations (s), rates and counts; max 0: no limits */
	const char *const *choices;  /* NULL-terminated */
	size_t offset, count_offset; /* in the struct that the table fills */
	int (*set)(void *object, const char *text, struct err *e);
	const char *example;         /* of a good value; NULL: the preset is one */
	const char *about;           /* one sentence, lower case, no full stop */
};

/* Type `text` and store it in `object`, copying into `a`. On failure nothing is stored and the
 * error says what a good value looks like, not where the bad one stood: the caller knows that. */
int setting_store(const struct setting *row, struct arena *a, void *object, const char *text,
    struct err *e);

/* The type, for people and for the schema: "duration", "rate", ... */
const char *setting_kind_name(enum setting_kind k);

/* The rows of struct spec; a row without name ends them. */
extern const struct setting spec_settings[];

/* The row of that name in spec_settings; it must exist. */
const struct setting *setting_find(const char *name);
