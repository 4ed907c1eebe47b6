/* SPDX-License-Identifier: MIT */
/* The few members of a JSON log line that say what was asked, found in one pass without a tree:
 * names that servers and frameworks use, at the top or in an object or two below it. */
#pragma once

#include "import/log_line.h"

/* Fills what it finds. *ret_whole: a member "request" that is a whole request line. false: the
 * line is no JSON object. */
bool log_json_read(const char *line, size_t size, struct log_entry *ret, struct slice *ret_whole);
