/* SPDX-License-Identifier: MIT */
#include "base/file_map.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAPS_MAX 1024    /* those beyond are maps all the same, but are not mended */

static struct range { _Atomic uintptr_t begin, end; } ranges[MAPS_MAX];

/* begin 1: taken, but not a range yet. */
static void
remember(uintptr_t begin, size_t size)
{
	for (size_t i = 0; i < MAPS_MAX; i++) {
		uintptr_t none = 0;
		if (!atomic_compare_exchange_strong(&ranges[i].begin, &none, 1))
			continue;
		atomic_store(&ranges[i].begin, begin);
		atomic_store(&ranges[i].end, begin + size);
		return;
	}
}

static void
forget(uintptr_t begin)
{
	for (size_t i = 0; i < MAPS_MAX; i++)
		if (atomic_load(&ranges[i].begin) == begin) {
			atomic_store(&ranges[i].end, 0);
			atomic_store(&ranges[i].begin, 0);
			return;
		}
}

void *
file_map(int fd, size_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return NULL;
	/* Writable, for libelf unpacks compressed sections in its own image; never the file. */
	void *map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	remember((uintptr_t)map, (size_t)st.st_size);
	*ret_size = (size_t)st.st_size;
	return map;
}

void
file_unmap(void *map, size_t size)
{
	if (!map)
		return;
	forget((uintptr_t)map);
	munmap(map, size);
}

bool
file_map_mend(void *address)
{
	uintptr_t at = (uintptr_t)address, page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < MAPS_MAX; i++)
		if (at >= atomic_load(&ranges[i].begin) && at < atomic_load(&ranges[i].end))
			return mmap((void *)(at - at % page), page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
	return false;
}
