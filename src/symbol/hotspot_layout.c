/* SPDX-License-Identifier: MIT */
#include "symbol/hotspot_layout.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* struct VMStructEntry: type name, field name, type of the field, is static, offset, address.
 * struct VMTypeEntry: type name, superclass, three ints, size. */
struct struct_entry {
	uint64_t type, field, of;
	int32_t is_static, pad;
	uint64_t offset, address;
};
struct type_entry {
	uint64_t type, superclass;
	int32_t flags[4];
	uint64_t size;
};

enum { ENTRIES_MAX = 20000, TEXT_MAX = 48 };

static const struct { const char *type, *field; bool needed; } fields[HS_FIELDS] = {
#define FIELD(name, type, field, needed) { type, field, needed },
#include "symbol/hotspot_fields.def"
#undef FIELD
};

static const char *const sized_types[HS_SIZES] = {
	[HS_SIZE_CONST_METHOD] = "ConstMethod", [HS_SIZE_CONSTANT_POOL] = "ConstantPool",
	[HS_SIZE_HEAP_BLOCK] = "HeapBlock", [HS_SIZE_BLOB] = "CodeBlob",
};

/* Longer texts are none that is looked for. */
static bool
read_text(const struct hotspot_memory *m, uint64_t address, char text[TEXT_MAX])
{
	text[0] = '\0';
	if (!address || !m->read(m->ctx, address, text, TEXT_MAX))
		return false;
	text[TEXT_MAX - 1] = '\0';
	return true;
}

static void
take_struct(struct hotspot_layout *l, const struct hotspot_memory *m,
    const struct struct_entry *entry, const char *type)
{
	char field[TEXT_MAX] = "", of[TEXT_MAX] = "";
	for (size_t i = 0; i < HS_FIELDS; i++) {
		if (strcmp(fields[i].type, type) != 0)
			continue;
		if (!field[0] && !read_text(m, entry->field, field))
			return;
		if (strcmp(fields[i].field, field) != 0)
			continue;
		read_text(m, entry->of, of);
		l->at[i] = (int64_t)(entry->is_static ? entry->address : entry->offset);
		l->width[i] = !strcmp(of, "u2") || !strcmp(of, "int16_t") ? 2 : 4;
	}
}

static int
read_structs(struct hotspot_layout *l, const struct hotspot_memory *m, uint64_t array)
{
	char type[TEXT_MAX];
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct struct_entry entry;
		if (!m->read(m->ctx, array + i * sizeof(entry), &entry, sizeof(entry)))
			return -EIO;
		if (!entry.type)
			return 0;
		if (read_text(m, entry.type, type))
			take_struct(l, m, &entry, type);
	}
	return -EIO;
}

static int
read_types(struct hotspot_layout *l, const struct hotspot_memory *m, uint64_t array)
{
	char type[TEXT_MAX];
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct type_entry entry;
		if (!m->read(m->ctx, array + i * sizeof(entry), &entry, sizeof(entry)))
			return -EIO;
		if (!entry.type)
			return 0;
		for (size_t k = 0; read_text(m, entry.type, type) && k < HS_SIZES; k++)
			if (!strcmp(type, sized_types[k]) && entry.size < 4096)
				l->size[k] = (uint32_t)entry.size;
	}
	return -EIO;
}

/* NULL: all is there. */
static const char *
missing(const struct hotspot_layout *l)
{
	for (size_t i = 0; i < HS_FIELDS; i++)
		if (fields[i].needed && l->at[i] < 0)
			return fields[i].field;
	for (size_t i = 0; i < HS_SIZES; i++)
		if (!l->size[i])
			return sized_types[i];
	if (l->at[HS_BLOB_CODE_BEGIN] < 0 && l->at[HS_BLOB_CODE_OFFSET] < 0)
		return "CodeBlob::_code_begin";
	if (l->at[HS_COMPILED_METHOD] < 0 && l->at[HS_NMETHOD_METHOD] < 0)
		return "nmethod::_method";
	return NULL;
}

int
hotspot_layout_read(struct hotspot_layout *l, const struct hotspot_memory *m, uint64_t structs,
    uint64_t types, const char **ret_missing)
{
	uint64_t array;
	int32_t version;

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < HS_FIELDS; i++)
		l->at[i] = -1;
	if (!m->read(m->ctx, structs, &array, sizeof(array)) || read_structs(l, m, array) < 0 ||
	    !m->read(m->ctx, types, &array, sizeof(array)) || read_types(l, m, array) < 0)
		return -EIO;
	*ret_missing = missing(l);
	if (*ret_missing)
		return -ENOTSUP;
	if (!m->read(m->ctx, (uint64_t)l->at[HS_VERSION], &version, sizeof(version)))
		return -EIO;
	l->version = version;
	return 0;
}
