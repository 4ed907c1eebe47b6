/* SPDX-License-Identifier: MIT */
#include "trace/tls_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbol/symbol.h"
#include "trace/sqlite_probe.h"

#define CODE_BYTES 64
#define CALL_BYTES 5

bool
tls_next_call(const uint8_t *code, size_t size, size_t *at, int64_t *ret_target)
{
	int32_t distance;
	for (size_t i = *at; i + CALL_BYTES <= size; i++) {
		if (code[i] != 0xe8)
			continue;
		memcpy(&distance, code + i + 1, sizeof(distance));
		*at = i + CALL_BYTES;
		*ret_target = (int64_t)(i + CALL_BYTES) + distance;
		return true;
	}
	return false;
}

static bool
code_at(int fd, uint64_t offset, uint8_t code[CODE_BYTES])
{
	return offset && pread(fd, code, CODE_BYTES, (off_t)offset) == CODE_BYTES;
}

/* What the function at this place calls for its work: the first function that begins with a push.
 * The stubs through which other libraries are called do not. 0: none. */
static uint64_t
worker_of(int fd, uint64_t offset, const uint8_t code[CODE_BYTES])
{
	uint8_t begin[CODE_BYTES];
	size_t at = 0, skip;
	int64_t target;
	while (tls_next_call(code, CODE_BYTES, &at, &target)) {
		uint64_t place = offset + (uint64_t)target;
		if (code_at(fd, place, begin) && !sqlite_probe_point(begin, sizeof(begin), &skip))
			return place + skip;
	}
	return 0;
}

static const struct name { const char *text; bool writes, counted; } names[TLS_SITES] = {
	{ "SSL_read", false, false }, { "SSL_read_ex", false, true },
	{ "SSL_write", true, false }, { "SSL_write_ex", true, true },
};

/* Both functions of a direction do their work in one: it is added once, and where they seem to have
 * two, neither is what was looked for. */
static bool
add_worker(struct tls_sites *s, uint64_t offset, bool writes)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->sites[i].writes == writes && s->sites[i].counted)
			return s->sites[i].offset == offset;
	s->sites[s->n++] = (struct tls_site){ offset, writes, true };
	return true;
}

static bool
add_site(struct tls_sites *s, int fd, const char *path, const struct name *name)
{
	uint8_t code[CODE_BYTES];
	size_t skip;
	uint64_t offset = symbols_function_offset(path, name->text);
	if (!code_at(fd, offset, code))
		return !offset && name->counted;       /* older ones and relatives have no _ex */
	if (!sqlite_probe_point(code, sizeof(code), &skip)) {
		s->sites[s->n++] = (struct tls_site){ offset + skip, name->writes, name->counted };
		return true;
	}
	uint64_t worker = worker_of(fd, offset, code);
	return worker && add_worker(s, worker, name->writes);
}

int
tls_sites_find(const char *path, struct tls_sites *ret, struct err *e)
{
	struct tls_sites s = { 0 };
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !symbols_function_offset(path, "SSL_read"))
		return err_set(e, ENOENT, "no OpenSSL in '%s'", path);
	for (size_t i = 0; i < TLS_SITES; i++)
		if (!add_site(&s, fd, path, &names[i]))
			return err_set(e, ENOTSUP, "%s in '%s' begins with instructions whose probe would be "
			    "wrong, or cost 15 us a call", names[i].text, path);
	*ret = s;
	return 0;
}
