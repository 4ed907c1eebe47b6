/* SPDX-License-Identifier: MIT */
#include "compare/names.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define DIGITS "0123456789"
#define RUST_HASH "::h"
#define RUST_HASH_SIZE (strlen(RUST_HASH) + 16)

/* Does a clone's suffix begin here? GCC and Clang append ".WORD.NUMBER", maybe several; ".cold" may
 * stand without a number, the others may not: "Order.part" is a method. */
static bool
is_clone(const char *at, const char *end)
{
	static const char *const words[] = { ".isra.", ".constprop.", ".part.", ".cold.", ".lto_priv.",
	    ".llvm." };
	size_t size = (size_t)(end - at);

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t n = strlen(words[i]);
		if (size > n && memcmp(at, words[i], n) == 0 && strchr(DIGITS, at[n]))
			return true;
	}
	return size == strlen(".cold") && memcmp(at, ".cold", size) == 0;
}

static size_t
without_clone(const char *name, size_t size)
{
	for (size_t i = 1; i < size; i++)
		if (name[i] == '.' && is_clone(name + i, name + size))
			return i;
	return size;
}

static size_t
without_rust_hash(const char *name, size_t size)
{
	if (size <= RUST_HASH_SIZE || memcmp(name + size - RUST_HASH_SIZE, RUST_HASH, strlen(RUST_HASH)) != 0)
		return size;
	const char *hash = name + size - 16;
	return strspn(hash, DIGITS "abcdef") >= 16 ? size - RUST_HASH_SIZE : size;
}

/* ":12" or ":12:5" at the end. A name that is nothing else, or "Class::1", stays. */
static size_t
without_line(const char *name, size_t size)
{
	for (int i = 0; i < 2; i++) {
		size_t n = size;
		while (n && strchr(DIGITS, name[n - 1]))
			n--;
		if (n == size || n < 2 || name[n - 1] != ':' || name[n - 2] == ':')
			break;
		size = n - 1;
	}
	return size;
}

static void
put_module(const char *module, size_t size, struct buf *out)
{
	const char *so = memmem(module, size, ".so", 3);

	if (so && (so + 3 == module + size || so[3] == '.'))
		size = (size_t)(so - module);
	size_t n = size;
	while (n && strchr(DIGITS ".-_", module[n - 1]))
		n--;
	/* A name that is a version from end to end says nothing without it. */
	buf_append(out, module, n ? n : size);
}

static void
put_function(const char *name, size_t size, struct buf *out)
{
	if (size > 2 && name[0] == '[' && name[size - 1] == ']') {
		buf_putc(out, '[');
		put_module(name + 1, size - 2, out);
		buf_putc(out, ']');
		return;
	}
	size = without_clone(name, size);
	size = without_rust_hash(name, size);
	buf_append(out, name, without_line(name, size));
}

void
name_function(const char *name, struct buf *out)
{
	put_function(name, strlen(name), out);
}

void
name_frames(const char *frames, struct buf *out)
{
	while (*frames) {
		size_t size = strcspn(frames, ";");
		put_function(frames, size, out);
		frames += size;
		if (*frames)
			buf_putc(out, *frames++);
	}
}

void
name_module(const char *module, struct buf *out)
{
	put_module(module, strlen(module), out);
}
