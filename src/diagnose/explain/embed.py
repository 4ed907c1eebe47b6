#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the explain pages as a C table: embed.py OUT.c KIND.txt..."""
import os
import sys


def literal(text):
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(f'\t"{line}\\n"' for line in quoted.splitlines())


def main(out, files):
    pages = sorted((os.path.basename(f).removesuffix(".txt"), f) for f in files)
    lines = ['#include "diagnose/pages.h"', f"const size_t page_count = {len(pages)};",
             "const char *const page_kinds[] = {"]
    lines += [f'\t"{kind}",' for kind, _ in pages] + ["\tNULL,", "};",
              "const char *const page_texts[] = {"]
    for _, path in pages:
        with open(path, encoding="utf-8") as f:
            lines.append(literal(f.read()) + ",")
    lines += ["};", ""]
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


main(sys.argv[1], sys.argv[2:])
