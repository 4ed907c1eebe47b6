/* SPDX-License-Identifier: MIT */
#include "symbol/elf_view.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define PAGE_BYTES 4096

static bool
inside(const struct elf_view *v, uint64_t offset, uint64_t size)
{
	return offset <= v->size && size <= v->size - offset;
}

static bool
copy_out(const struct elf_view *v, uint64_t offset, void *out, size_t size)
{
	if (!inside(v, offset, size))
		return false;
	memcpy(out, v->image + offset, size);
	return true;
}

static void
find_build_id(struct elf_view *v, uint64_t offset, uint64_t size)
{
	if (!inside(v, offset, size))
		return;
	uint64_t at = offset, end = offset + size;
	while (end - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		memcpy(&note, v->image + at, sizeof(note));
		at += sizeof(note);
		uint64_t name = ((uint64_t)note.n_namesz + 3) & ~UINT64_C(3);
		uint64_t desc = ((uint64_t)note.n_descsz + 3) & ~UINT64_C(3);
		if (name > end - at || desc > end - at - name)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz >= 2 &&
		    memcmp(v->image + at, "GNU", 4) == 0) {
			v->build_id = v->image + at + name;
			v->build_id_size = note.n_descsz;
			return;
		}
		at += name + desc;
	}
}

static void
add_segment(struct elf_view *v, const Elf64_Phdr *p)
{
	if (v->n_segments == ELF_VIEW_SEGMENTS_MAX || p->p_memsz == 0 ||
	    p->p_vaddr + p->p_memsz < p->p_vaddr || p->p_offset + p->p_filesz < p->p_offset)
		return;
	v->segments[v->n_segments++] = (struct elf_segment){ .offset = p->p_offset,
		.vaddr = p->p_vaddr, .file_size = p->p_filesz, .mem_size = p->p_memsz };
	if (v->n_segments == 1 || p->p_vaddr < v->first_vaddr)
		v->first_vaddr = p->p_vaddr;
	if (p->p_vaddr + p->p_memsz > v->end_vaddr)
		v->end_vaddr = p->p_vaddr + p->p_memsz;
}

int
elf_view_init(struct elf_view *v, const void *image, size_t size)
{
	Elf64_Ehdr header;

	*v = (struct elf_view){ .image = image, .size = size };
	if (!copy_out(v, 0, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr p;
		if (!copy_out(v, header.e_phoff + i * sizeof(p), &p, sizeof(p)))
			break;
		if (p.p_type == PT_LOAD)
			add_segment(v, &p);
		else if (p.p_type == PT_NOTE && !v->build_id)
			find_build_id(v, p.p_offset, p.p_filesz);
	}
	return 0;
}

static bool
section_header(const struct elf_view *v, uint32_t index, Elf64_Shdr *ret)
{
	Elf64_Ehdr header;
	return copy_out(v, 0, &header, sizeof(header)) && index < header.e_shnum &&
	    copy_out(v, header.e_shoff + (uint64_t)index * sizeof(*ret), ret, sizeof(*ret));
}

static bool
as_section(const struct elf_view *v, const Elf64_Shdr *s, struct elf_section *ret)
{
	bool in_file = s->sh_type != SHT_NOBITS && s->sh_type != SHT_NULL;
	if (in_file && !inside(v, s->sh_offset, s->sh_size))
		return false;
	*ret = (struct elf_section){ .data = in_file ? v->image + s->sh_offset : NULL,
		.size = s->sh_size, .vaddr = s->sh_addr, .link = s->sh_link };
	return true;
}

bool
elf_view_section_at(const struct elf_view *v, uint32_t index, struct elf_section *ret)
{
	Elf64_Shdr s;
	return section_header(v, index, &s) && as_section(v, &s, ret);
}

bool
elf_view_section(const struct elf_view *v, const char *name, struct elf_section *ret)
{
	Elf64_Ehdr header;
	Elf64_Shdr names, s;

	if (!copy_out(v, 0, &header, sizeof(header)) ||
	    !section_header(v, header.e_shstrndx, &names))
		return false;
	for (uint32_t i = 1; section_header(v, i, &s); i++) {
		const char *text = elf_view_text(v, names.sh_offset + s.sh_name);
		if (text && strcmp(text, name) == 0)
			return as_section(v, &s, ret);
	}
	return false;
}

/* A segment is mapped in whole pages, so the pages around its bytes belong to it as well. */
bool
elf_view_vaddr(const struct elf_view *v, uint64_t offset, uint64_t *ret_vaddr)
{
	for (size_t i = v->n_segments; i-- > 0; ) {
		const struct elf_segment *s = &v->segments[i];
		uint64_t slack = s->offset % PAGE_BYTES;
		uint64_t from = s->offset - slack;
		if (offset >= from && offset - from < s->file_size + slack) {
			*ret_vaddr = s->vaddr - slack + (offset - from);
			return true;
		}
	}
	return false;
}

bool
elf_view_offset(const struct elf_view *v, uint64_t vaddr, uint64_t *ret_offset)
{
	for (size_t i = 0; i < v->n_segments; i++) {
		const struct elf_segment *s = &v->segments[i];
		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->file_size) {
			*ret_offset = s->offset + (vaddr - s->vaddr);
			return true;
		}
	}
	return false;
}

const char *
elf_view_text(const struct elf_view *v, uint64_t offset)
{
	if (offset >= v->size || !memchr(v->image + offset, '\0', v->size - offset))
		return NULL;
	return (const char *)v->image + offset;
}

const char *
elf_view_debuglink(const struct elf_view *v, uint32_t *ret_crc)
{
	struct elf_section s;
	if (!elf_view_section(v, ".gnu_debuglink", &s) || !s.data || s.size < 8)
		return NULL;
	const uint8_t *end = memchr(s.data, '\0', s.size - 4);
	if (!end)
		return NULL;
	memcpy(ret_crc, s.data + s.size - 4, sizeof(*ret_crc));
	return (const char *)s.data;
}
