/* SPDX-License-Identifier: MIT */
/* How the record's structs are described, for the codec. Private to src/run. */
#pragma once

#include <stddef.h>

enum run_field_kind {
	FIELD_STR, FIELD_NUM, FIELD_INT, FIELD_BOOL, FIELD_ENUM,
	FIELD_SUB,                          /* a struct inside */
	FIELD_LIST,                         /* pointer and count of structs */
	FIELD_STRS, FIELD_NUMS, FIELD_INTS, /* pointer and count of scalars */
};

struct run_field {
	const char *name;
	enum run_field_kind kind;
	size_t offset, count_offset;
	const struct run_type *type;     /* SUB, LIST */
	const char *const *names;        /* ENUM: NULL-terminated; "" is left out */
	const char *about;
};

struct run_type {
	const char *name, *about;
	size_t size;
	const struct run_field *fields;
	size_t n_fields;
};

extern const struct run_type run_spec_type, run_host_type, run_system_type, run_num_type,
    run_latency_type, run_baseline_type, run_usl_type, run_capacity_type, run_trace_type,
    run_evidence_type, run_predicted_type, run_effect_type, run_effects_type, run_self_type,
    run_suite_type, run_noise_type, run_stop_type, run_memory_type;

extern const char *const run_source_names[];

/* ---- rows of a table of fields, between #define S struct run_X and TYPE(X, ...) ------------- */

#define AT(f) .offset = offsetof(S, f)
#define COUNTED(f) AT(f), .count_offset = offsetof(S, n_##f)
#define STR(f, text)  { #f, FIELD_STR, AT(f), .about = text }
#define NUM(f, text)  { #f, FIELD_NUM, AT(f), .about = text }
#define INT(f, text)  { #f, FIELD_INT, AT(f), .about = text }
#define BOOL(f, text) { #f, FIELD_BOOL, AT(f), .about = text }
#define ENUM(f, table, text) { #f, FIELD_ENUM, AT(f), .names = run_##table##_names, .about = text }
#define SUB(f, t, text)  { #f, FIELD_SUB, AT(f), .type = &run_##t##_type, .about = text }
#define LIST(f, t, text) { #f, FIELD_LIST, COUNTED(f), .type = &run_##t##_type, .about = text }
#define STRS(f, text) { #f, FIELD_STRS, COUNTED(f), .about = text }
#define NUMS(f, text) { #f, FIELD_NUMS, COUNTED(f), .about = text }
#define INTS(f, text) { #f, FIELD_INTS, COUNTED(f), .about = text }

#define TYPE(t, text) \
	const struct run_type run_##t##_type = { \
		#t, text, sizeof(struct run_##t), t##_fields, sizeof(t##_fields) / sizeof(t##_fields[0]) \
	}
