/* SPDX-License-Identifier: MIT */
/* hotspot_layout: where the fields of a Java machine's structures are.
 *
 * HotSpot carries a description of itself for debuggers: gHotSpotVMStructs and gHotSpotVMTypes,
 * arrays that libjvm.so exports (hotspot/share/runtime/vmStructs.hpp). So nothing here is tied to
 * a build; a version that dropped or renamed what is needed is refused by the name of the field. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the memory of the process is read: all `size` bytes, or false. */
struct hotspot_memory {
	bool (*read)(void *ctx, uint64_t address, void *out, size_t size);
	void *ctx;
};

enum hotspot_field {
#define FIELD(name, type, field, needed) HS_##name,
#include "symbol/hotspot_fields.def"
#undef FIELD
	HS_FIELDS
};

enum hotspot_size { HS_SIZE_CONST_METHOD, HS_SIZE_CONSTANT_POOL, HS_SIZE_HEAP_BLOCK,
	HS_SIZE_BLOB, HS_SIZES };

struct hotspot_layout {
	int64_t at[HS_FIELDS];       /* offset in its type, or the address of a static; -1 absent */
	uint8_t width[HS_FIELDS];    /* bytes of integers that differ by version: 2 or 4 */
	uint32_t size[HS_SIZES];
	int version;                 /* 17 */
};

/* `structs` and `types`: addresses of the two exported variables. 0; -ENOTSUP with *ret_missing
 * set to what it does not say; -EIO when it could not be read. */
int hotspot_layout_read(struct hotspot_layout *l, const struct hotspot_memory *m, uint64_t structs,
    uint64_t types, const char **ret_missing);
