/* SPDX-License-Identifier: MIT */
#include "report/assets.h"

#define EMBED(name, file) \
	__asm__(".pushsection .rodata\n" \
	        ".global " #name "\n" #name ":\n" \
	        ".incbin \"" PRONY_WEB_DIR "/" file "\"\n" \
	        ".global " #name "_end\n" #name "_end:\n" \
	        ".byte 0\n" \
	        ".popsection\n")

EMBED(asset_css, "report.css");
EMBED(asset_js, "report.js");
