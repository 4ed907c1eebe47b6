/* SPDX-License-Identifier: MIT */
#include "trace/gc_probe.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file_map.h"
#include "symbol/symbol.h"
#include "trace/sqlite_probe.h"

#define CODE_BYTES 64
#define V8_COLLECT "_ZN2v88internal4Heap24PerformGarbageCollectionE"
#define V8_KEPT "_ZN2v88internal16MemoryControllerINS0_11V8HeapTraitEE"   /* V8 10 to 12, by the older name first */
#define STAPSDT_TYPE 3

/* ---- marks ---------------------------------------------------------------------------------- */

struct mark { uint64_t location, base, gate; };

/* A note: three addresses, then provider, name and arguments as texts. */
static bool
is_mark(const uint8_t *text, size_t size, const char *name)
{
	static const char provider[] = "python";
	size_t length = strlen(name) + 1;
	return size >= sizeof(provider) + length && memcmp(text, provider, sizeof(provider)) == 0 &&
	    memcmp(text + sizeof(provider), name, length) == 0;
}

static bool
find_mark(const struct elf_section *notes, const char *name, struct mark *ret)
{
	size_t at = 0;
	while (notes->size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		memcpy(&note, notes->data + at, sizeof(note));
		at += sizeof(note);
		size_t owner = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		size_t size = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (owner > notes->size - at || size > notes->size - at - owner)
			return false;
		const uint8_t *body = notes->data + at + owner;
		if (note.n_type == STAPSDT_TYPE && size > sizeof(*ret) &&
		    is_mark(body + sizeof(*ret), size - sizeof(*ret), name)) {
			memcpy(ret, body, sizeof(*ret));
			return true;
		}
		at += owner + size;
	}
	return false;
}

/* Addresses are as at link time; .stapsdt.base tells how far they were moved since. The gates lie
 * in data, whose address and place in the file differ. */
static bool
place_mark(const struct elf_view *v, struct mark m, uint64_t *ret_site, uint64_t *ret_gate)
{
	struct elf_section base;
	uint64_t moved = elf_view_section(v, ".stapsdt.base", &base) ? base.vaddr - m.base : 0;
	*ret_gate = 0;
	return elf_view_offset(v, m.location + moved, ret_site) &&
	    (!m.gate || elf_view_offset(v, m.gate + moved, ret_gate));
}

bool
gc_marks_find(const struct elf_view *v, struct gc_sites *ret)
{
	struct elf_section notes;
	struct mark start, done;
	struct gc_sites s = { 0 };
	if (!elf_view_section(v, ".note.stapsdt", &notes) || !notes.data ||
	    !find_mark(&notes, "gc__start", &start) || !find_mark(&notes, "gc__done", &done) ||
	    !place_mark(v, start, &s.start, &s.start_gate) ||
	    !place_mark(v, done, &s.done, &s.done_gate))
		return false;
	*ret = s;
	return true;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int
find_function(int fd, const char *path, struct gc_sites *ret)
{
	uint8_t code[CODE_BYTES];
	size_t skip;
	uint64_t offset = symbols_method_offset(path, V8_COLLECT);
	if (!offset)
		return -ENOENT;
	if (pread(fd, code, sizeof(code), (off_t)offset) != sizeof(code) ||
	    sqlite_probe_point(code, sizeof(code), &skip))
		return -ENOTSUP;
	*ret = (struct gc_sites){ .function = offset + skip };
	ret->kept = symbols_method_offset(path, V8_KEPT "24CalculateAllocationLimitE");
	ret->kept = ret->kept ? ret->kept : symbols_method_offset(path, V8_KEPT "20BoundAllocationLimitE");
	return 0;
}

static bool
marks_of_file(int fd, struct gc_sites *ret)
{
	struct elf_view view;
	size_t size;
	void *image = file_map(fd, &size);
	bool found = image && elf_view_init(&view, image, size) == 0 && gc_marks_find(&view, ret);
	if (image)
		file_unmap(image, size);
	return found;
}

int
gc_sites_find(const char *path, struct gc_sites *ret, struct err *e)
{
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int code = fd < 0 ? -ENOENT : find_function(fd, path, ret);
	if (code == -ENOENT && fd >= 0 && marks_of_file(fd, ret))
		return 0;
	if (code == -ENOENT)
		return err_set(e, ENOENT, "no garbage collector that is known in '%s'", path);
	if (code)
		return err_set(e, ENOTSUP, "the garbage collector in '%s' begins with an instruction whose "
		    "probe would cost 15 us a call", path);
	return 0;
}
