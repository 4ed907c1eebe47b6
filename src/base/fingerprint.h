/* SPDX-License-Identifier: MIT */
/* SQL text to its fingerprint: literals become ?, lists of them one ?, white space one space,
 * comments go. Statements that differ in values only share it, and no value is kept. Pure. */
#pragma once

#include <stddef.h>

/* Writes at most size - 1 bytes and terminates. A text that was cut off is taken as far as it
 * goes. */
void fingerprint_sql(const char *sql, char *out, size_t size);

/* A command of Redis, its first words, to its name and the pattern of its key ("HGET user:? name"):
 * of values nothing is kept, of keys the parts that are words. */
#define FINGERPRINT_COMMAND_MAX 160
struct fingerprint_word { const char *text; size_t size; };
void fingerprint_command(const struct fingerprint_word *words, size_t n,
    char out[FINGERPRINT_COMMAND_MAX]);
