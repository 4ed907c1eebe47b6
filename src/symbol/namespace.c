/* SPDX-License-Identifier: MIT */
#include "symbol/namespace.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int
namespace_inner_id(int id)
{
	char status[4096];
	if (file_peek(status, sizeof(status), "/proc/%d/status", id) <= 0)
		return id;
	const char *line = strstr(status, "\nNSpid:");
	if (!line)
		return id;
	const char *last = strchrnul(line + 1, '\n');
	while (last > line && last[-1] != '\t' && last[-1] != ' ')
		last--;
	int inner = atoi(last);
	return inner > 0 ? inner : id;
}
