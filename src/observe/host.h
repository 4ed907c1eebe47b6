/* SPDX-License-Identifier: MIT */
/* The machine: kernel, processor, memory, clock source, virtualisation into r->host. */
#pragma once

#include "run/run.h"

void host_describe(struct run *r);
