/* SPDX-License-Identifier: MIT */
#include "trace/hsperf.h"

#include <string.h>

enum { ENTRIES_MAX = 4096, LITTLE_ENDIAN_MARK = 1, VERSION = 2 };

struct head {
	uint8_t magic[4];          /* ca fe c0 c0 */
	uint8_t byte_order, major, minor, accessible;
	int32_t used, overflow;
	int64_t changed;
	int32_t first, n;          /* place of the first entry, how many */
};

struct entry {
	int32_t size;              /* to the next one */
	int32_t name;              /* from here */
	int32_t vector;            /* elements; 0: one number */
	uint8_t type, flags, unit, variability;   /* type 'J': 64-bit number, 'B': bytes */
	int32_t data;              /* from here */
};

static bool
read_head(const uint8_t *bytes, size_t size, struct head *ret)
{
	static const uint8_t magic[4] = { 0xca, 0xfe, 0xc0, 0xc0 };
	if (size < sizeof(*ret))
		return false;
	memcpy(ret, bytes, sizeof(*ret));
	return !memcmp(ret->magic, magic, sizeof(magic)) && ret->byte_order == LITTLE_ENDIAN_MARK &&
	    ret->major == VERSION && ret->first >= (int32_t)sizeof(*ret) && ret->n > 0;
}

/* An entry whose name and data are inside it, and it inside the file. */
static bool
read_entry(const uint8_t *bytes, size_t size, size_t at, struct entry *ret)
{
	if (at > size || size - at < sizeof(*ret))
		return false;
	memcpy(ret, bytes + at, sizeof(*ret));
	if (ret->size < (int32_t)sizeof(*ret) || (size_t)ret->size > size - at || ret->name < 0 ||
	    ret->name >= ret->size || ret->data < 0 || ret->data >= ret->size || ret->vector < 0)
		return false;
	return memchr(bytes + at + ret->name, '\0', (size_t)(ret->size - ret->name)) != NULL;
}

/* Place of the entry of this name; 0 none. */
static size_t
find_entry(const uint8_t *bytes, size_t size, const char *name, struct entry *ret)
{
	struct head head;
	if (!read_head(bytes, size, &head))
		return 0;
	size_t at = (size_t)head.first;
	for (int i = 0; i < head.n && i < ENTRIES_MAX && read_entry(bytes, size, at, ret); i++) {
		if (!strcmp((const char *)bytes + at + ret->name, name))
			return at;
		at += (size_t)ret->size;
	}
	return 0;
}

size_t
hsperf_find(const uint8_t *bytes, size_t size, const char *name)
{
	struct entry e;
	size_t at = find_entry(bytes, size, name, &e);
	bool number = at && e.type == 'J' && e.vector == 0 &&
	    e.size - e.data >= (int32_t)sizeof(int64_t);
	return number ? at + (size_t)e.data : 0;
}

int64_t
hsperf_number(const uint8_t *bytes, size_t size, size_t at)
{
	int64_t value = 0;
	if (at && size >= sizeof(value) && at <= size - sizeof(value))
		memcpy(&value, bytes + at, sizeof(value));
	return value;
}
