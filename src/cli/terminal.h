/* SPDX-License-Identifier: MIT */
/* What a stream can show: colour, UTF-8, how wide. */
#pragma once

#include <stdbool.h>

#include "report/report.h"

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* Of stdout. */
void terminal_look(struct report_terminal *t, enum colour_when when);

/* Can a line on this stream be drawn over? */
bool terminal_redraws(int fd);

/* Columns and rows of the stream's terminal; 80 and 24 when it has none. */
int terminal_columns(int fd);
int terminal_rows(int fd);

/* May a text on this stream have colours? */
bool terminal_colour(int fd, enum colour_when when);
bool terminal_utf8(void);
