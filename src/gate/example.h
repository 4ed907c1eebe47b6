/* SPDX-License-Identifier: MIT */
/* gate.yaml with every key, its preset and what it is for: example.yaml, embedded as it is. */
#pragma once

extern const char gate_example[];
