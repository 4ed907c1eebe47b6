/* SPDX-License-Identifier: MIT */
/* demangle: linkers' names as people write them. */
#pragma once

#include "base/arena.h"

/* C++ and Rust names without parameters, a symbol version or a compiler's clone suffix:
 * "_ZN4Cart5scoreEi.constprop.0" is "Cart::score". Never NULL. */
const char *demangle(struct arena *a, const char *name);
