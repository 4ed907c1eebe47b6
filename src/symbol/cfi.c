/* SPDX-License-Identifier: MIT */
#include "symbol/cfi.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

enum { REG_BP = 6, REG_SP = 7, REG_RA = 16, STATES_MAX = 8 };

/* Pointer encodings of .eh_frame (DW_EH_PE_*): format in the low half, base in the high. */
enum { PE_ABSPTR = 0x00, PE_ULEB = 0x01, PE_UDATA2 = 0x02, PE_UDATA4 = 0x03, PE_UDATA8 = 0x04,
	PE_SLEB = 0x09, PE_SDATA2 = 0x0a, PE_SDATA4 = 0x0b, PE_SDATA8 = 0x0c,
	PE_PCREL = 0x10, PE_DATAREL = 0x30, PE_OMIT = 0xff };

struct reader {
	const uint8_t *at, *end;
	bool bad;              /* something was read past the end; all further reads give 0 */
};

static uint64_t
read_fixed(struct reader *r, size_t size)
{
	uint64_t value = 0;
	if (r->bad || (size_t)(r->end - r->at) < size) {
		r->bad = true;
		return 0;
	}
	memcpy(&value, r->at, size);
	r->at += size;
	return value;
}

static uint64_t
read_leb(struct reader *r, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)read_fixed(r, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) && !r->bad);
	if (is_signed && shift < 64 && (byte & 0x40))
		value |= ~UINT64_C(0) << shift;
	return value;
}

static void
skip(struct reader *r, uint64_t size)
{
	if (r->bad || size > (uint64_t)(r->end - r->at))
		r->bad = true;
	else
		r->at += size;
}

static uint64_t
read_format(struct reader *r, uint8_t encoding)
{
	switch (encoding & 0x0f) {
	case PE_ABSPTR: case PE_UDATA8: case PE_SDATA8: return read_fixed(r, 8);
	case PE_ULEB: return read_leb(r, false);
	case PE_SLEB: return read_leb(r, true);
	case PE_UDATA2: return read_fixed(r, 2);
	case PE_SDATA2: return (uint64_t)(int64_t)(int16_t)read_fixed(r, 2);
	case PE_UDATA4: return read_fixed(r, 4);
	case PE_SDATA4: return (uint64_t)(int64_t)(int32_t)read_fixed(r, 4);
	default: r->bad = true; return 0;
	}
}

/* `here`: vaddr of the bytes read. Pointers relative to .text are not used on x86-64. */
static uint64_t
read_pointer(struct reader *r, uint8_t encoding, uint64_t here)
{
	uint64_t value = read_format(r, encoding);
	switch (encoding & 0x70) {
	case 0: return value;
	case PE_PCREL: return here + value;
	default: r->bad = true; return 0;
	}
}

/* What an entry inherits from the CIE that it names. */
struct common {
	uint64_t code_align;
	int64_t data_align;
	uint8_t pointer_encoding;
	bool augmented;        /* entries carry a length of extra data */
	bool signal;
	struct reader program; /* first instructions */
};

/* One length-prefixed record of .eh_frame; `ret` spans what follows the length. */
static bool
record_at(const struct cfi *c, uint64_t offset, struct reader *ret)
{
	if (offset >= c->frames_size)
		return false;
	struct reader r = { c->frames + offset, c->frames + c->frames_size, false };
	uint64_t size = read_fixed(&r, 4);
	if (size == 0xffffffff)
		size = read_fixed(&r, 8);
	if (r.bad || size == 0 || size > (uint64_t)(r.end - r.at))
		return false;
	*ret = (struct reader){ r.at, r.at + size, false };
	return true;
}

static bool
read_augmentation(struct reader *r, const char *text, struct common *ret)
{
	if (text[0] != 'z')
		return text[0] == '\0';
	ret->augmented = true;
	uint64_t size = read_leb(r, false);
	if (r->bad || size > (uint64_t)(r->end - r->at))
		return false;
	struct reader extra = { r->at, r->at + size, false };
	skip(r, size);
	for (const char *letter = text + 1; *letter; letter++) {
		if (*letter == 'R')
			ret->pointer_encoding = (uint8_t)read_fixed(&extra, 1);
		else if (*letter == 'L')
			read_fixed(&extra, 1);
		else if (*letter == 'P')
			read_format(&extra, (uint8_t)read_fixed(&extra, 1));
		else if (*letter == 'S')
			ret->signal = true;
		else
			return false;
	}
	return !extra.bad;
}

static bool
read_common(const struct cfi *c, uint64_t offset, struct common *ret)
{
	struct reader r;
	*ret = (struct common){ .pointer_encoding = PE_ABSPTR };
	if (!record_at(c, offset, &r) || read_fixed(&r, 4) != 0)
		return false;
	uint64_t version = read_fixed(&r, 1);
	const char *text = (const char *)r.at;
	const uint8_t *text_end = r.bad ? NULL : memchr(r.at, '\0', (size_t)(r.end - r.at));
	if (!text_end || (version != 1 && version != 3))
		return false;
	r.at = text_end + 1;
	ret->code_align = read_leb(&r, false);
	ret->data_align = (int64_t)read_leb(&r, true);
	uint64_t ra = version == 1 ? read_fixed(&r, 1) : read_leb(&r, false);
	if (ra != REG_RA || !read_augmentation(&r, text, ret))
		return false;
	ret->program = r;
	return !r.bad;
}

struct entry {
	struct common common;
	uint64_t start, size;
	struct reader program;
};

static bool
read_entry(const struct cfi *c, uint64_t offset, struct entry *ret)
{
	struct reader r;
	if (!record_at(c, offset, &r))
		return false;
	uint64_t field = (uint64_t)(r.at - c->frames);
	uint64_t back = read_fixed(&r, 4);
	if (r.bad || back == 0 || back > field || !read_common(c, field - back, &ret->common))
		return false;
	uint8_t encoding = ret->common.pointer_encoding;
	ret->start = read_pointer(&r, encoding, c->frames_vaddr + (uint64_t)(r.at - c->frames));
	ret->size = read_format(&r, encoding & 0x0f);
	if (ret->common.augmented)
		skip(&r, read_leb(&r, false));
	ret->program = r;
	return !r.bad;
}

/* ---- the interpreter ------------------------------------------------------------------------ */

enum rule_kind { RULE_SAME, RULE_OFFSET, RULE_UNDEFINED, RULE_EXPRESSION, RULE_OTHER };

struct rule {
	enum rule_kind kind;
	int64_t offset;                   /* from the CFA */
	const uint8_t *bytes; size_t size;  /* expression that gives the address of the saved value */
};

struct state {
	uint64_t cfa_reg;
	int64_t cfa_offset;
	const uint8_t *cfa_bytes;         /* an expression instead, when not NULL */
	size_t cfa_size;
	struct rule bp, ra;
};

struct machine {
	const struct common *common;
	struct state now, initial, saved[STATES_MAX];
	size_t n_saved;
	uint64_t at, want;                /* row at `at` is wanted for address `want` */
	uint64_t frames_vaddr;
	const uint8_t *frames;
};

static void
set_rule(struct machine *m, uint64_t reg, struct rule rule)
{
	if (reg == REG_BP)
		m->now.bp = rule;
	else if (reg == REG_RA)
		m->now.ra = rule;
}

static void
restore_rule(struct machine *m, uint64_t reg)
{
	set_rule(m, reg, reg == REG_BP ? m->initial.bp : m->initial.ra);
}

static void
set_offset(struct machine *m, uint64_t reg, int64_t factored)
{
	int64_t offset;
	if (__builtin_mul_overflow(factored, m->common->data_align, &offset))
		set_rule(m, reg, (struct rule){ .kind = RULE_OTHER });
	else
		set_rule(m, reg, (struct rule){ .kind = RULE_OFFSET, .offset = offset });
}

static void
set_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->now.cfa_reg = reg;
	m->now.cfa_offset = offset;
	m->now.cfa_bytes = NULL;
}

static int64_t
factored_sf(struct machine *m, struct reader *r)
{
	int64_t offset;
	if (__builtin_mul_overflow((int64_t)read_leb(r, true), m->common->data_align, &offset))
		r->bad = true;
	return r->bad ? 0 : offset;
}

/* A length and that many bytes; returns their place. */
static const uint8_t *
read_block(struct reader *r, size_t *ret_size)
{
	uint64_t size = read_leb(r, false);
	const uint8_t *bytes = r->at;
	skip(r, size);
	*ret_size = r->bad ? 0 : (size_t)size;
	return bytes;
}

static void
remember_state(struct machine *m, struct reader *r)
{
	if (m->n_saved == STATES_MAX)
		r->bad = true;
	else
		m->saved[m->n_saved++] = m->now;
}

static void
recall_state(struct machine *m, struct reader *r)
{
	if (m->n_saved == 0)
		r->bad = true;
	else
		m->now = m->saved[--m->n_saved];
}

static void
step_register(struct machine *m, struct reader *r, uint8_t op)
{
	uint64_t reg = read_leb(r, false);
	struct rule rule = { .kind = RULE_OTHER };

	switch (op) {
	case DW_CFA_offset_extended: set_offset(m, reg, (int64_t)read_leb(r, false)); return;
	case DW_CFA_offset_extended_sf: set_offset(m, reg, (int64_t)read_leb(r, true)); return;
	case DW_CFA_restore_extended: restore_rule(m, reg); return;
	case DW_CFA_undefined: rule.kind = RULE_UNDEFINED; break;
	case DW_CFA_same_value: rule.kind = RULE_SAME; break;
	case DW_CFA_expression:
		rule.kind = RULE_EXPRESSION;
		rule.bytes = read_block(r, &rule.size);
		break;
	case DW_CFA_val_expression: read_block(r, &rule.size); break;
	default: read_leb(r, false); break;   /* register, val_offset: a second number */
	}
	set_rule(m, reg, rule);
}

/* Executes one instruction. Flat on purpose: one case an opcode. */
static void
step(struct machine *m, struct reader *r)
{
	uint8_t op = (uint8_t)read_fixed(r, 1), low = op & 0x3f;
	uint64_t align = m->common->code_align;

	switch (op & 0xc0) {
	case DW_CFA_advance_loc: m->at += low * align; return;
	case DW_CFA_offset: set_offset(m, low, (int64_t)read_leb(r, false)); return;
	case DW_CFA_restore: restore_rule(m, low); return;
	}
	switch (op) {
	case DW_CFA_nop: break;
	case DW_CFA_set_loc:
		m->at = read_pointer(r, m->common->pointer_encoding,
		    m->frames_vaddr + (uint64_t)(r->at - m->frames));
		break;
	case DW_CFA_advance_loc1: m->at += read_fixed(r, 1) * align; break;
	case DW_CFA_advance_loc2: m->at += read_fixed(r, 2) * align; break;
	case DW_CFA_advance_loc4: m->at += read_fixed(r, 4) * align; break;
	case DW_CFA_remember_state: remember_state(m, r); break;
	case DW_CFA_restore_state: recall_state(m, r); break;
	case DW_CFA_def_cfa: {
		uint64_t reg = read_leb(r, false);
		set_cfa(m, reg, (int64_t)read_leb(r, false));
		break;
	}
	case DW_CFA_def_cfa_sf: {
		uint64_t reg = read_leb(r, false);
		set_cfa(m, reg, factored_sf(m, r));
		break;
	}
	case DW_CFA_def_cfa_register: set_cfa(m, read_leb(r, false), m->now.cfa_offset); break;
	case DW_CFA_def_cfa_offset: set_cfa(m, m->now.cfa_reg, (int64_t)read_leb(r, false)); break;
	case DW_CFA_def_cfa_offset_sf: set_cfa(m, m->now.cfa_reg, factored_sf(m, r)); break;
	case DW_CFA_def_cfa_expression: m->now.cfa_bytes = read_block(r, &m->now.cfa_size); break;
	case DW_CFA_GNU_args_size: read_leb(r, false); break;
	case DW_CFA_offset_extended: case DW_CFA_offset_extended_sf: case DW_CFA_restore_extended:
	case DW_CFA_undefined: case DW_CFA_same_value: case DW_CFA_register:
	case DW_CFA_expression: case DW_CFA_val_expression: case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
		step_register(m, r, op);
		break;
	default: r->bad = true;
	}
}

static bool
execute(struct machine *m, struct reader program)
{
	while (program.at < program.end && !program.bad) {
		struct state before = m->now;
		step(m, &program);
		if (m->at > m->want) {
			m->now = before;
			return true;
		}
	}
	return !program.bad;
}

/* ---- from the state to a row ---------------------------------------------------------------- */

/* `breg6 N` or, with deref, `breg6 N; deref`. */
static bool
is_bp_offset(const uint8_t *bytes, size_t size, bool deref, int32_t *ret_offset)
{
	struct reader r = { bytes, bytes + size, false };
	if (read_fixed(&r, 1) != DW_OP_breg6)
		return false;
	int64_t offset = (int64_t)read_leb(&r, true);
	if (deref && read_fixed(&r, 1) != DW_OP_deref)
		return false;
	*ret_offset = (int32_t)offset;
	return !r.bad && r.at == r.end && offset == *ret_offset;
}

/* The linker's expression for .plt: rsp + 8 + ((rip & 15) >= N) * 8. */
static bool
is_plt(const uint8_t *bytes, size_t size, int32_t *ret_from)
{
	static const uint8_t before[] = { DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and };
	static const uint8_t after[] = { DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };
	if (size != sizeof(before) + 1 + sizeof(after) ||
	    memcmp(bytes, before, sizeof(before)) != 0 ||
	    memcmp(bytes + sizeof(before) + 1, after, sizeof(after)) != 0)
		return false;
	*ret_from = bytes[sizeof(before)] - DW_OP_lit0;
	return true;
}

static enum cfi_cfa
cfa_of(const struct state *s, int32_t *ret_offset)
{
	if (s->cfa_bytes) {
		if (is_plt(s->cfa_bytes, s->cfa_size, ret_offset))
			return CFI_PLT;
		return is_bp_offset(s->cfa_bytes, s->cfa_size, true, ret_offset) ? CFI_BP_DEREF
		    : CFI_UNKNOWN;
	}
	*ret_offset = (int32_t)s->cfa_offset;
	if (s->cfa_offset != *ret_offset)
		return CFI_UNKNOWN;
	return s->cfa_reg == REG_SP ? CFI_SP : s->cfa_reg == REG_BP ? CFI_BP : CFI_UNKNOWN;
}

static void
set_bp(const struct rule *rule, struct cfi_row *ret)
{
	ret->bp = CFI_BP_KEPT;
	if (rule->kind == RULE_OFFSET && rule->offset == (int32_t)rule->offset) {
		ret->bp = CFI_BP_AT_CFA;
		ret->bp_offset = (int32_t)rule->offset;
	} else if (rule->kind == RULE_EXPRESSION &&
	    is_bp_offset(rule->bytes, rule->size, false, &ret->bp_offset)) {
		ret->bp = CFI_BP_AT_BP;
	}
}

static void
row_of(const struct state *s, bool signal, struct cfi_row *ret)
{
	*ret = (struct cfi_row){ .cfa = CFI_UNKNOWN };
	if (signal) {
		ret->cfa = CFI_SIGNAL;
	} else if (s->ra.kind == RULE_UNDEFINED) {
		ret->cfa = CFI_OUTERMOST;
	} else if (s->ra.kind == RULE_OFFSET && s->ra.offset == -8) {
		ret->cfa = (uint8_t)cfa_of(s, &ret->cfa_offset);
		set_bp(&s->bp, ret);
	}
}

/* ---- finding the entry ---------------------------------------------------------------------- */

static void
header_entry(const struct cfi *c, size_t i, uint64_t *ret_start, uint64_t *ret_fde)
{
	int32_t pair[2];
	memcpy(pair, c->header + 12 + i * sizeof(pair), sizeof(pair));
	*ret_start = c->header_vaddr + (uint64_t)(int64_t)pair[0];
	*ret_fde = c->header_vaddr + (uint64_t)(int64_t)pair[1] - c->frames_vaddr;
}

static int
by_start(const void *a, const void *b)
{
	const struct cfi_entry *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

static void
scan_all(struct cfi *c)
{
	uint64_t at = 0;
	struct reader r;
	struct entry entry;
	size_t allocated = 0;

	c->scan_done = true;
	for (; record_at(c, at, &r); at = (uint64_t)(r.end - c->frames)) {
		if (!read_entry(c, at, &entry))
			continue;
		if (c->n_scanned == allocated) {
			allocated = allocated ? allocated * 2 : 256;
			c->scanned = realloc(c->scanned, allocated * sizeof(*c->scanned));
			if (!c->scanned)
				abort();
		}
		c->scanned[c->n_scanned++] = (struct cfi_entry){ entry.start, at };
	}
	if (c->n_scanned)
		qsort(c->scanned, c->n_scanned, sizeof(*c->scanned), by_start);
}

static void
table_entry(const struct cfi *c, size_t i, uint64_t *ret_start, uint64_t *ret_fde)
{
	if (c->n_header) {
		header_entry(c, i, ret_start, ret_fde);
		return;
	}
	*ret_start = c->scanned[i].start;
	*ret_fde = c->scanned[i].fde;
}

/* Offset in .eh_frame of the last entry that starts at or before `vaddr`. */
static bool
find_entry(struct cfi *c, uint64_t vaddr, uint64_t *ret_fde)
{
	if (!c->n_header && !c->scan_done)
		scan_all(c);
	size_t low = 0, high = c->n_header ? c->n_header : c->n_scanned;
	uint64_t start, fde;
	bool found = false;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		table_entry(c, middle, &start, &fde);
		if (start <= vaddr) {
			low = middle + 1;
			*ret_fde = fde;
			found = true;
		} else {
			high = middle;
		}
	}
	return found;
}

bool
cfi_find(struct cfi *c, uint64_t vaddr, struct cfi_row *ret, uint64_t *ret_start)
{
	uint64_t offset = 0;
	struct entry entry;

	if (!find_entry(c, vaddr, &offset) || !read_entry(c, offset, &entry) ||
	    vaddr < entry.start || vaddr - entry.start >= entry.size)
		return false;
	struct machine m = { .common = &entry.common, .at = entry.start, .want = vaddr,
		.frames = c->frames, .frames_vaddr = c->frames_vaddr };
	*ret_start = entry.start;
	*ret = (struct cfi_row){ .cfa = CFI_UNKNOWN };
	if (!execute(&m, entry.common.program))
		return true;
	m.initial = m.now;
	m.at = entry.start;
	if (execute(&m, entry.program))
		row_of(&m.now, entry.common.signal, ret);
	return true;
}

/* Only the kind of table that linkers write: count and table as 4-byte numbers, relative to the
 * header. Anything else is served by the scan. */
static size_t
header_count(const uint8_t *header, size_t size)
{
	uint32_t count;
	if (!header || size < 12 || header[0] != 1 || header[1] != (PE_PCREL | PE_SDATA4) ||
	    header[2] != PE_UDATA4 || header[3] != (PE_DATAREL | PE_SDATA4))
		return 0;
	memcpy(&count, header + 8, sizeof(count));
	return count <= (size - 12) / 8 ? count : 0;
}

void
cfi_init(struct cfi *c, const uint8_t *frames, size_t frames_size, uint64_t frames_vaddr,
    const uint8_t *header, size_t header_size, uint64_t header_vaddr)
{
	*c = (struct cfi){ .frames = frames, .frames_size = frames ? frames_size : 0,
		.frames_vaddr = frames_vaddr, .header = header, .header_size = header_size,
		.header_vaddr = header_vaddr };
	if (frames)
		c->n_header = header_count(header, header_size);
}

void
cfi_done(struct cfi *c)
{
	free(c->scanned);
	*c = (struct cfi){ 0 };
}
