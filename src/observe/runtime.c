/* SPDX-License-Identifier: MIT */
#include "observe/runtime.h"

#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#define MAPS_MAX_BYTES ((size_t)8 << 20)

struct runtime_row { const char *name, *program, *library; };
#define RUNTIME(...) { __VA_ARGS__ },
#define FRAMEWORK(...)
static const struct runtime_row runtimes[] = {
#include "observe/runtimes.def"
};
#undef RUNTIME
#undef FRAMEWORK

enum how { WORD, TEXT, BELOW, MAPPED };
struct framework_row { const char *runtime, *name; enum how how; const char *mark; };
#define RUNTIME(...)
#define FRAMEWORK(...) { __VA_ARGS__ },
static const struct framework_row frameworks[] = {
#include "observe/runtimes.def"
};
#undef RUNTIME
#undef FRAMEWORK

static const char *
last_component(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The program's name, then nothing but a version: python3.11, php-fpm8.2. */
bool
program_is(const char *base, const char *program)
{
	size_t length = strlen(program);
	if (strncmp(base, program, length) != 0)
		return false;
	base += length;
	return base[strspn(base, "-.0123456789")] == '\0' || strcmp(base, " (deleted)") == 0;
}

const char *
runtime_name(const char *exe, const char *maps)
{
	const char *base = last_component(exe);
	for (size_t i = 0; i < COUNT_OF(runtimes); i++)
		if (program_is(base, runtimes[i].program))
			return runtimes[i].name;
	for (size_t i = 0; maps && i < COUNT_OF(runtimes); i++)
		if (runtimes[i].library && strstr(maps, runtimes[i].library))
			return runtimes[i].name;
	return NULL;
}

/* Is the last path component of some word of the command line the mark? A process that sets its
 * own title ("gunicorn: worker") has blanks between words and a colon behind its name. */
static bool
has_word(const char *command, size_t size, const char *mark)
{
	size_t length = strlen(mark);
	for (size_t at = 0; at < size;) {
		size_t end = at, base = at;
		for (; end < size && command[end] && command[end] != ' '; end++)
			if (command[end] == '/')
				base = end + 1;
		size_t used = end - base;
		used -= used && command[end - 1] == ':';
		if (used == length && memcmp(command + base, mark, length) == 0)
			return true;
		at = end + 1;
	}
	return false;
}

static bool
file_below(const char *folder, const char *name)
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

const char *
framework_name(const char *runtime, const char *command, size_t size, const char *folder, const char *maps)
{
	for (size_t i = 0; i < COUNT_OF(frameworks); i++) {
		const struct framework_row *row = &frameworks[i];
		if (strcmp(row->runtime, runtime) != 0)
			continue;
		bool fits = row->how == WORD ? has_word(command, size, row->mark) :
		    row->how == TEXT ? memmem(command, size, row->mark, strlen(row->mark)) != NULL :
		    row->how == BELOW ? file_below(folder, row->mark) :
		    maps && strstr(maps, row->mark) != NULL;
		if (fits)
			return row->name;
	}
	return NULL;
}

static bool
has_section(Elf *elf, const char *name)
{
	size_t names;
	if (elf_getshdrstrndx(elf, &names) < 0)
		return false;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		const Elf64_Shdr *header = elf64_getshdr(section);
		const char *text = header ? elf_strptr(elf, names, header->sh_name) : NULL;
		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* Is the ELF file made by the Go tool chain? */
static bool
elf_is_go(const char *path)
{
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || elf_version(EV_CURRENT) == EV_NONE)
		return false;
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return false;
	bool go = elf_kind(elf) == ELF_K_ELF &&
	    (has_section(elf, ".go.buildinfo") || has_section(elf, ".note.go.buildid"));
	elf_end(elf);
	return go;
}

void
runtime_of(int pid, const char *exe, const char **ret_runtime, const char **ret_framework)
{
	CLEANUP(buf_done) struct buf maps = { 0 };
	char path[64], command[4096], folder[64];
	struct err ignored;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file_read(path, MAPS_MAX_BYTES, &maps, &ignored);
	long size = file_peek(command, sizeof(command), "/proc/%d/cmdline", pid);
	/* The command line is open to all, the program's path is not. */
	const char *name = runtime_name(exe[0] ? exe : command, buf_text(&maps));
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (!name && exe[0])
		name = elf_is_go(path) ? "go" : "native";
	*ret_runtime = name;

	snprintf(folder, sizeof(folder), "/proc/%d/cwd", pid);
	*ret_framework = !name || size <= 0 ? NULL :
	    framework_name(name, command, (size_t)size, folder, buf_text(&maps));
}
