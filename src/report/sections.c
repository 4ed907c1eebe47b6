/* SPDX-License-Identifier: MIT */
#include "report/section.h"

const struct section sections[] = {
#define SECTION(name, title, forms, runs) { #name, title, forms, runs, section_##name },
#include "report/sections.def"
#undef SECTION
	{ NULL, NULL, 0, 0, NULL },
};
