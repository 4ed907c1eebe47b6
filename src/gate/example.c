/* SPDX-License-Identifier: MIT */
#include "gate/example.h"

__asm__(".pushsection .rodata\n"
        ".global gate_example\ngate_example:\n"
        ".incbin \"" PRONY_GATE_DIR "/example.yaml\"\n"
        ".byte 0\n"
        ".popsection\n");
