/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
l2_entry_read_id(struct text id, uint64_t *ret_ms, uint64_t *ret_number)
{
	char copy[L2_ENTRY_ID_MAX];
	int end = 0;

	if (!id.size || id.size >= sizeof(copy))
		return false;
	memcpy(copy, id.at, id.size);
	copy[id.size] = '\0';
	return sscanf(copy, "%" SCNu64 "-%" SCNu64 "%n", ret_ms, ret_number, &end) == 2 && !copy[end];
}

bool
l2_entry_read(struct resp_walk *w, struct l2_entry *ret)
{
	struct resp_value list, id, fields, name, value;

	*ret = (struct l2_entry){ 0 };
	if (!resp_walk_next(w, &list) || !resp_is_list(&list) || list.number != 2 || !resp_walk_next(w, &id) ||
	    !l2_entry_read_id(id.text, &ret->ms, &ret->number) || !resp_walk_next(w, &fields) || !resp_is_list(&fields))
		return false;
	ret->id = id.text;
	for (int64_t i = 0; i + 1 < fields.number; i += 2) {
		if (!resp_walk_next(w, &name) || !resp_walk_next(w, &value) || !resp_is_string(&name) ||
		    !resp_is_string(&value))
			return false;
		struct text *to = text_is(name.text, "what") ? &ret->what : text_is(name.text, "how") ? &ret->how :
		    text_is(name.text, "text") ? &ret->text : text_is(name.text, "from") ? &ret->from :
		    text_is(name.text, "after") ? &ret->after : NULL;
		if (to)
			*to = value.text;
	}
	return true;
}
