/* SPDX-License-Identifier: MIT */
#include "symbol/demangle.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A function that was cloned or split by the compiler still is that function to its author. */
static size_t
size_without_suffix(const char *name)
{
	static const char *const suffixes[] = { ".isra.", ".constprop.", ".part.", ".cold",
		".lto_priv.", ".llvm.", "@" };
	size_t size = strlen(name);
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		const char *at = strstr(name, suffixes[i]);
		if (at && at > name && (size_t)(at - name) < size)
			size = (size_t)(at - name);
	}
	return size;
}

const char *
demangle(struct arena *a, const char *name)
{
	char *plain = arena_strndup(a, name, size_without_suffix(name));
	if (plain[0] != '_' || (plain[1] != 'Z' && plain[1] != 'R'))
		return plain;
	/* Older Rust names look like C++ but for a hash at the end, so Rust is asked first. */
	CLEANUP(free_p) char *rust = rust_demangle(plain, DMGL_NO_OPTS);
	CLEANUP(free_p) char *cplus = rust ? NULL : cplus_demangle_v3(plain, DMGL_ANSI);
	const char *text = rust ? rust : cplus;
	return text ? arena_strdup(a, text) : plain;
}
