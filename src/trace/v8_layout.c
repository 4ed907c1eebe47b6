/* SPDX-License-Identifier: MIT */
#include "trace/v8_layout.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

#define AT(member) offsetof(struct v8_layout, member)

/* Names that end with "__" are followed by a type. */
static const struct row { const char *name; size_t at; bool needed; } rows[] = {
	{ "off_fp_context_or_frame_type", AT(context_slot), true },
	{ "off_fp_function", AT(function_slot), true },
	{ "off_fp_bytecode_offset", AT(bytecode_slot), false },
	{ "class_Map__instance_type__", AT(map_type), true },
	{ "class_JSFunction__shared__", AT(function_shared), true },
	{ "class_JSFunction__code__", AT(function_code), false },
	{ "class_SharedFunctionInfo__name_or_scope_info__", AT(shared_name), true },
	{ "class_SharedFunctionInfo__script_or_debug_info__", AT(shared_script), false },
	{ "class_SharedFunctionInfo__script__", AT(shared_script), false },
	{ "class_Script__name__", AT(script_name), true },
	{ "class_Script__source__", AT(script_source), false },
	{ "class_String__length__", AT(string_length), true },
	{ "class_SeqOneByteString__chars__", AT(string_chars), true },
	{ "class_ExternalString__resource__", AT(external_resource), false },
	{ "class_ConsString__first__", AT(cons_first), true },
	{ "class_ConsString__second__", AT(cons_second), true },
	{ "class_SlicedString__parent__", AT(sliced_parent), false },
	{ "class_SlicedString__offset__", AT(sliced_offset), false },
	{ "class_ThinString__actual__", AT(thin_actual), true },
	{ "class_FixedArrayBase__length__", AT(array_length), false },
	{ "class_FixedArray__data__", AT(array_data), false },
	{ "class_Code__source_position_table__", AT(code_positions), false },
	{ "class_Code__deoptimization_data__", AT(code_deopt), false },
	{ "class_Code__instruction_start__", AT(code_start), false },
	{ "class_Code__instruction_size__", AT(code_size), false },
	{ "class_Code__flags__", AT(code_flags), false },
	{ "class_Code__wrapper__", AT(code_wrapper), false },
	{ "CodeKindFieldMask", AT(kind_mask), false },
	{ "CodeKindFieldShift", AT(kind_shift), false },
	{ "CodeKindBaseline", AT(kind_baseline), false },
	{ "DeoptimizationDataLiteralArrayIndex", AT(deopt_literals), false },
	{ "DeoptimizationDataInlinedFunctionCountIndex", AT(deopt_inlined), false },
	{ "DeoptimizationDataInliningPositionsIndex", AT(deopt_positions), false },
	{ "scopeinfo_idx_ncontextlocals", AT(scope_locals), true },
	{ "scopeinfo_idx_first_vars", AT(scope_first), true },
	{ "frametype_IrregexpFrame", AT(frame_regexp), false },
	{ "type_SharedFunctionInfo__", AT(type_shared), true },
	{ "type_ScopeInfo__", AT(type_scope), true },
	{ "type_Script__", AT(type_script), true },
	{ "FirstNonstringType", AT(first_nonstring), true },
	{ "StringRepresentationMask", AT(string_shape_mask), true },
	{ "OneByteStringTag", AT(string_one_byte), true },
	{ "ConsStringTag", AT(cons_tag), true },
	{ "ExternalStringTag", AT(external_tag), true },
	{ "SlicedStringTag", AT(sliced_tag), true },
	{ "ThinStringTag", AT(thin_tag), true },
};

_Static_assert(COUNT_OF(rows) <= 64, "one bit a row in `seen`");

static bool
is_row(const char *row, const char *name)
{
	size_t length = strlen(row);
	bool open_end = length > 2 && row[length - 1] == '_' && row[length - 2] == '_';
	return open_end ? strncmp(row, name, length) == 0 : strcmp(row, name) == 0;
}

void
v8_layout_set(struct v8_layout *l, const char *name, int value)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!is_row(rows[i].name, name))
			continue;
		memcpy((char *)l + rows[i].at, &value, sizeof(value));
		l->seen |= UINT64_C(1) << i;
	}
}

static void
fill(int *field, int value)
{
	if (*field == 0)
		*field = value;
}

/* Until V8 10 instructions stand behind the Code object's head, later the object points to them.
 * Node 20 (V8 11.3) exports neither place, its positions tell; Node 22 (12.4) the places, not the
 * positions. Node 24 (13.6) keeps the code of a function in a table elsewhere
 * (v8_code_dispatched). */
static void
fill_code(struct v8_layout *l)
{
	enum { WORD = 8, FUNCTION_SHARED_11 = 24 };
	l->code_inside = l->code_size > 0 && l->code_start > l->code_size;
	if (l->code_wrapper)
		fill(&l->code_positions, l->code_wrapper - WORD);
	if (l->code_inside) {
		fill(&l->code_positions, l->code_size - 2 * WORD);
	} else if (l->code_positions) {
		fill(&l->code_start, l->code_positions + 2 * WORD);
		fill(&l->code_flags, l->code_start + WORD);
		fill(&l->code_size, l->code_flags + WORD);
	}
	if (l->code_positions)
		fill(&l->code_deopt, l->code_positions - WORD);
	if (l->code_inside)
		fill(&l->code_flags, l->code_size + WORD);
	if (l->function_shared == FUNCTION_SHARED_11)
		fill(&l->function_code, l->function_shared + 3 * WORD);
	fill(&l->kind_mask, 15);
	fill(&l->kind_baseline, 11);
	fill(&l->deopt_inlined, 1);
	fill(&l->deopt_literals, 2);
	fill(&l->deopt_positions, 7);
}

bool
v8_layout_finish(struct v8_layout *l)
{
	enum { SCRIPT_NAME = 16 };   /* map, source, name: words of 8 bytes */
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].needed && !(l->seen & UINT64_C(1) << i))
			return false;
	if (!l->shared_script || l->script_name != SCRIPT_NAME)
		return false;
	fill(&l->script_source, l->script_name - 8);
	fill(&l->external_resource, l->string_chars);
	fill(&l->array_length, 8);
	fill(&l->array_data, 16);
	fill_code(l);
	return true;
}
