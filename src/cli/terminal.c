/* SPDX-License-Identifier: MIT */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *
variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static bool
is_dumb(void)
{
	const char *term = variable("TERM");
	return !term || strcmp(term, "dumb") == 0;
}

bool
terminal_redraws(int fd)
{
	return isatty(fd) && !is_dumb();
}

int
terminal_columns(int fd)
{
	struct winsize size;
	const char *columns = variable("COLUMNS");

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	int n = columns ? atoi(columns) : 0;
	return n >= 20 && n <= 1000 ? n : 80;
}

int
terminal_rows(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

bool
terminal_colour(int fd, enum colour_when when)
{
	const char *force = variable("CLICOLOR_FORCE");

	if (when != COLOUR_AUTO)
		return when == COLOUR_ALWAYS;
	if (variable("NO_COLOR"))
		return false;
	if (force && strcmp(force, "0") != 0)
		return true;
	return terminal_redraws(fd);
}

/* The first of the three that is set decides, as in the C library. */
bool
terminal_utf8(void)
{
	const char *locale = variable("LC_ALL");
	if (!locale)
		locale = variable("LC_CTYPE");
	if (!locale)
		locale = variable("LANG");
	return locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}

void
terminal_look(struct report_terminal *t, enum colour_when when)
{
	t->columns = terminal_columns(STDOUT_FILENO);
	t->colour = terminal_colour(STDOUT_FILENO, when);
	t->utf8 = terminal_utf8();
}
