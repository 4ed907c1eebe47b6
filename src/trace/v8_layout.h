/* SPDX-License-Identifier: MIT */
/* v8_layout: where V8 keeps the fields that lead from a stack frame to a function's name and line.
 *
 * V8 exports its layout for debuggers as int constants named v8dbg_* (its sources:
 * tools/gen-postmortem-metadata.py); Node keeps them in every build, Debian's stripped one too. Names
 * of fields end with their C++ type, which changes from version to version: they are found by what
 * stands before it. What is not exported stands at a fixed distance from what is, in the versions that
 * were verified: Node 18, 20, 22, 24 and 26. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define V8_CONSTANTS_PREFIX "v8dbg_"

struct v8_layout {
	int context_slot, function_slot, bytecode_slot;   /* from the frame pointer, bytes */
	int map_type;                                     /* in Map: instance type, 16 bits */
	int function_shared, function_code;               /* in JSFunction; code 0: elsewhere */
	int shared_name, shared_script;                   /* in SharedFunctionInfo */
	int script_name, script_source;
	int string_length, string_chars, external_resource;
	int cons_first, cons_second, sliced_parent, sliced_offset, thin_actual;
	int array_length, array_data;                     /* of FixedArray and ByteArray */
	int code_positions, code_deopt, code_start, code_size, code_flags;   /* in Code; 0 unknown */
	int code_wrapper;       /* stands behind the positions where there is one */
	bool code_inside;       /* instructions begin at code_start; else a pointer to them stands there */
	int kind_mask, kind_shift, kind_baseline;         /* of code_flags */
	int deopt_literals, deopt_inlined, deopt_positions;   /* numbers in the deoptimisation data */
	int scope_locals, scope_first;                    /* numbers of words behind the map */
	int frame_regexp;       /* kind of a regular expression's frame; 0 unknown */
	int type_shared, type_scope, type_script, first_nonstring;
	int string_shape_mask, string_one_byte;
	int cons_tag, external_tag, sliced_tag, thin_tag;
	uint64_t seen;          /* rows that were found: internal */
};

/* A constant, its name without the prefix; others are ignored. */
void v8_layout_set(struct v8_layout *l, const char *name, int value);

/* After all were set: false when what names need is missing or is of another kind of build (with
 * compressed pointers, as browsers have). */
bool v8_layout_finish(struct v8_layout *l);
