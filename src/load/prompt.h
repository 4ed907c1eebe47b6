/* SPDX-License-Identifier: MIT */
/* prompt: a thread that has times to keep gets a CPU soon after it wakes, as far as the kernel lets it. */
#pragma once

/* The calling thread, to its end; what it starts is not included. Where nothing may be had everything stays as it
 * is: whoever keeps times measures how late it is in any case. */
void prompt_thread(void);
