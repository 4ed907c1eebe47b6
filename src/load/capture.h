/* SPDX-License-Identifier: MIT */
/* The head and body of an answer, kept where the scenario looks at them. */
#pragma once

#include "base/buf.h"

#define CAPTURE_HEAD_MAX ((size_t)64 << 10)
#define CAPTURE_BODY_MAX ((size_t)1 << 20)    /* what comes after is not looked at */

struct capture { struct buf head, body, unpacked; };
