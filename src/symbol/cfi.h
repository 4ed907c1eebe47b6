/* SPDX-License-Identifier: MIT */
/* cfi: how to get from a frame to its caller, out of .eh_frame.
 *
 * No table is built when an object is loaded: .eh_frame_hdr already is one, sorted by address. A
 * lookup finds the function's entry there and interprets its few instructions up to the address
 * (some 100 ns; unwind.c remembers the rows of hot addresses). Only what x86-64 frames need is
 * kept: the frame's address (CFA), where rbp was saved, and that the return address is below the
 * CFA. Sans-I/O: the bytes are borrowed and may be anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cfi_cfa {
	CFI_UNKNOWN,    /* described, but in a way that prony does not follow */
	CFI_SP,         /* rsp + cfa_offset */
	CFI_BP,         /* rbp + cfa_offset */
	CFI_BP_DEREF,   /* *(rbp + cfa_offset): realigned stacks */
	CFI_PLT,        /* rsp + 8, and 8 more from byte cfa_offset of the 16-byte stub on */
	CFI_SIGNAL,     /* a signal frame: registers are in the ucontext at rsp */
	CFI_OUTERMOST,  /* no caller */
};

enum cfi_bp {
	CFI_BP_KEPT,    /* still the caller's */
	CFI_BP_AT_CFA,  /* saved at CFA + bp_offset */
	CFI_BP_AT_BP,   /* saved at rbp + bp_offset */
};

struct cfi_row {
	int32_t cfa_offset, bp_offset;
	uint8_t cfa, bp;
};

struct cfi_entry { uint64_t start, fde; };   /* vaddr, offset in .eh_frame */

struct cfi {
	const uint8_t *frames; size_t frames_size; uint64_t frames_vaddr;  /* .eh_frame */
	const uint8_t *header; size_t header_size; uint64_t header_vaddr;  /* .eh_frame_hdr */
	size_t n_header;           /* entries of its table; 0: absent or of an unusual kind */
	struct cfi_entry *scanned; size_t n_scanned;   /* then made by reading all of .eh_frame */
	bool scan_done;
};

/* `frames` and `header` may be NULL. */
void cfi_init(struct cfi *c, const uint8_t *frames, size_t frames_size, uint64_t frames_vaddr,
    const uint8_t *header, size_t header_size, uint64_t header_vaddr);
void cfi_done(struct cfi *c);

/* The row for an address in the object's terms; false when nothing covers it. *ret_start: the
 * first address of the function described, which names functions of stripped objects. */
bool cfi_find(struct cfi *c, uint64_t vaddr, struct cfi_row *ret, uint64_t *ret_start);
