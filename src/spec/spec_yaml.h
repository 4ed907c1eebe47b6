/* SPDX-License-Identifier: MIT */
/* The spec file without the file: for tests and fuzzing. `name` stands in errors; `text` is
 * terminated at `size`. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "spec/spec.h"

int spec_read_yaml(struct spec *s, const char *name, const char *text, size_t size,
    struct err *e);
