/* SPDX-License-Identifier: MIT */
#include "report/section.h"

const struct section sections[] = {
#define SECTION(name, title, forms) { #name, title, forms, section_##name },
#include "report/sections.def"
#undef SECTION
	{ NULL, NULL, 0, NULL },
};
