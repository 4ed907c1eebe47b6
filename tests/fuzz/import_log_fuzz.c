/* SPDX-License-Identifier: MIT */
/* Lines of access logs: each kind's parser on the bytes as one line, then all as a log. */
#include "import_fuzz.h"

#include "import/log_line.h"

/* What was found lies in the line or in the entry's own memory. */
static void
check_slice(struct slice s, const char *line, size_t size, const struct log_entry *entry)
{
	bool in_line = s.at >= line && s.at + s.size <= line + size;
	bool in_scratch = s.at >= entry->scratch && s.at + s.size <= entry->scratch + LOG_TARGET_MAX;

	if (s.size && !in_line && !in_scratch && s.size != 3)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;

	for (size_t i = 0; log_kinds[i]; i++) {
		struct log_entry entry = { .time_ns = -1 };
		if (log_kinds[i]->parse(line, size, &entry) != LOG_REQUEST)
			continue;
		check_slice(entry.method, line, size, &entry);
		check_slice(entry.target, line, size, &entry);
		check_slice(entry.host, line, size, &entry);
	}
	import_bytes("log", data, size);
	return 0;
}
