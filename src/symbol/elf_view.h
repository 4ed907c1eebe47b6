/* SPDX-License-Identifier: MIT */
/* elf_view: the few things prony reads of a 64-bit ELF file, out of its bytes.
 *
 * Sans-I/O: the image is somebody's memory map and may hold anything; every offset is checked
 * against its size. Views borrow the image. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_segment {
	uint64_t offset, vaddr, file_size, mem_size;
};

struct elf_section {
	const uint8_t *data;   /* NULL: not in the file (.bss) */
	size_t size;
	uint64_t vaddr;
	uint32_t link;         /* of a symbol table: number of its string section */
};

#define ELF_VIEW_SEGMENTS_MAX 16

struct elf_view {
	const uint8_t *image;
	size_t size;
	struct elf_segment segments[ELF_VIEW_SEGMENTS_MAX];   /* PT_LOAD, in order of vaddr */
	size_t n_segments;
	const uint8_t *build_id;
	size_t build_id_size;
	uint64_t first_vaddr, end_vaddr;   /* of all segments */
};

/* 0, or -ENOEXEC for what is no 64-bit little-endian ELF file. */
int elf_view_init(struct elf_view *v, const void *image, size_t size);

bool elf_view_section(const struct elf_view *v, const char *name, struct elf_section *ret);
bool elf_view_section_at(const struct elf_view *v, uint32_t index, struct elf_section *ret);

/* Address in the object's own terms of the page of the file that a mapping begins with. A page may hold the
 * end of a segment and the beginning of the next (lld lays them out so): it is mapped for each, and a mapping
 * that begins with it is the latter's. False outside segments. */
bool elf_view_vaddr(const struct elf_view *v, uint64_t offset, uint64_t *ret_vaddr);
/* Byte of the file of an address. False outside segments. */
bool elf_view_offset(const struct elf_view *v, uint64_t vaddr, uint64_t *ret_offset);

/* The terminated text at a byte of the image; NULL when it is not terminated inside. */
const char *elf_view_text(const struct elf_view *v, uint64_t offset);

/* File name and checksum of .gnu_debuglink; NULL when there is none. */
const char *elf_view_debuglink(const struct elf_view *v, uint32_t *ret_crc);
