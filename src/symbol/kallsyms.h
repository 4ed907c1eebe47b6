/* SPDX-License-Identifier: MIT */
/* kallsyms: names of kernel functions. Text symbols only, sorted. Where the host hides kernel
 * addresses (all zeros) the table stays empty. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct kallsyms_entry { uint64_t start; uint32_t name; };   /* name: byte of `names` */

struct kallsyms {
	struct kallsyms_entry *items; size_t n, allocated;
	char *names; size_t names_size, names_allocated;
};

/* One line "ffffffff81000000 T _stext" or "... t foo\t[module]"; others are ignored. */
void kallsyms_add_line(struct kallsyms *k, const char *line);
void kallsyms_sort(struct kallsyms *k);         /* after the last line */
int kallsyms_read(struct kallsyms *k, const char *path);   /* both; -errno */
const char *kallsyms_find(const struct kallsyms *k, uint64_t address);   /* NULL unknown */
void kallsyms_done(struct kallsyms *k);
