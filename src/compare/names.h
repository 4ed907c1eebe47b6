/* SPDX-License-Identifier: MIT */
/* The same thing in two builds: names without what changes from one build to the next. Private to
 * compare/. */
#pragma once

#include "base/buf.h"

/* A function's name without the suffixes of a compiler's clones (".isra.0", ".part.3", ".cold",
 * ".lto_priv.1", ".llvm.123"), without Rust's hash ("::h0123456789abcdef"), and without the line
 * and column that some interpreters append ("score /app/shop.js:12:5"). Code without a name is called
 * after its object: "[libpq.so.5.15]" is "[libpq]". */
void name_function(const char *name, struct buf *out);

/* An object's file name without its version: "libcrypto.so.3", "libc-2.36.so" and "python3.11" are
 * "libcrypto", "libc" and "python". */
void name_module(const char *module, struct buf *out);

/* A stack "root;caller;leaf", each frame as by name_function. */
void name_frames(const char *frames, struct buf *out);
