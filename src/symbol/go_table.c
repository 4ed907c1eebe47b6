/* SPDX-License-Identifier: MIT */
#include "symbol/go_table.h"

#include <string.h>

#include "base/cleanup.h"

#define MAGIC_1_18 0xfffffff0u
#define MAGIC_1_20 0xfffffff1u

enum { FUNCTIONS_MAX = 1 << 22, HEADER_WORDS = 8 };

/* Places of the fields of runtime._func, all of 32 bits. */
enum { FUNC_NAME = 4, FUNC_FILE = 20, FUNC_LINE = 24, FUNC_UNIT = 32 };

static bool
read_u32(const struct go_table *t, uint64_t at, uint32_t *ret)
{
	if (at > t->size || t->size - at < sizeof(*ret))
		return false;
	memcpy(ret, t->bytes + at, sizeof(*ret));
	return true;
}

static const char *
text_at(const struct go_table *t, uint64_t at)
{
	if (at >= t->size || !memchr(t->bytes + at, '\0', t->size - at))
		return NULL;
	return (const char *)t->bytes + at;
}

bool
go_table_init(struct go_table *t, const struct elf_view *v)
{
	struct elf_section table, code;
	uint64_t word[HEADER_WORDS];
	uint32_t magic;

	*t = (struct go_table){ 0 };
	if ((!elf_view_section(v, ".gopclntab", &table) &&
	        !elf_view_section(v, ".data.rel.ro.gopclntab", &table)) ||
	    !table.data || table.size < 8 + sizeof(word))
		return false;
	memcpy(&magic, table.data, sizeof(magic));
	memcpy(word, table.data + 8, sizeof(word));
	if ((magic != MAGIC_1_18 && magic != MAGIC_1_20) || table.data[7] != 8 ||
	    word[0] > FUNCTIONS_MAX || !elf_view_section(v, ".text", &code))
		return false;
	for (size_t i = 3; i < HEADER_WORDS; i++)
		if (word[i] > table.size)
			return false;
	/* The start of the text is 0 where a linker would have to relocate it. */
	*t = (struct go_table){ .bytes = table.data, .size = table.size, .n = word[0],
		.text = word[2] ? word[2] : code.vaddr, .names = word[3], .units = word[4],
		.files = word[5], .pcs = word[6], .functions = word[7], .quantum = table.data[6] };
	return true;
}

bool
go_table_function(const struct go_table *t, uint64_t i, struct go_function *ret)
{
	uint32_t start, place, end, name;
	uint64_t row = t->functions + i * 8;
	if (i >= t->n || !read_u32(t, row, &start) || !read_u32(t, row + 4, &place) ||
	    !read_u32(t, row + 8, &end) || !read_u32(t, t->functions + place + FUNC_NAME, &name))
		return false;
	*ret = (struct go_function){ .start = t->text + start, .end = t->text + end,
		.place = t->functions + place, .name = text_at(t, t->names + name) };
	return ret->name && end > start;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static uint32_t
read_varint(const struct go_table *t, uint64_t *at)
{
	uint32_t value = 0;
	for (unsigned shift = 0; shift < 32 && *at < t->size; shift += 7) {
		uint8_t byte = t->bytes[(*at)++];
		value |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

/* A table of values by address is pairs of differences: of the value with its sign in the lowest bit,
 * of the address; a difference of 0 that is not the first ends it. -1 unknown. */
static int32_t
value_at(const struct go_table *t, uint32_t table, uint64_t start, uint64_t vaddr)
{
	uint64_t at = t->pcs + table, pc = start;
	uint32_t value = UINT32_MAX;   /* -1; differences wrap */
	if (!table)
		return -1;
	for (bool first = true; at < t->size; first = false) {
		uint32_t step = read_varint(t, &at);
		if (!step && !first)
			break;
		value += step & 1 ? ~(step >> 1) : step >> 1;
		pc += (uint64_t)read_varint(t, &at) * t->quantum;
		if (vaddr < pc)
			return (int32_t)value;
	}
	return -1;
}

static bool
find_function(const struct go_table *t, uint64_t vaddr, struct go_function *ret)
{
	uint64_t low = 0, high = t->n;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		uint32_t start;
		if (!read_u32(t, t->functions + middle * 8, &start))
			return false;
		if (t->text + start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low && go_table_function(t, low - 1, ret) && vaddr < ret->end;
}

bool
go_table_line(const struct go_table *t, uint64_t vaddr, const char **ret_file, int *ret_line)
{
	struct go_function f;
	uint32_t files, lines, unit, place;

	if (!t->bytes || !find_function(t, vaddr, &f) || !read_u32(t, f.place + FUNC_FILE, &files) ||
	    !read_u32(t, f.place + FUNC_LINE, &lines) || !read_u32(t, f.place + FUNC_UNIT, &unit))
		return false;
	int32_t file = value_at(t, files, f.start, vaddr), line = value_at(t, lines, f.start, vaddr);
	if (file < 0 || line <= 0 ||
	    !read_u32(t, t->units + ((uint64_t)unit + (uint32_t)file) * 4, &place))
		return false;
	const char *text = text_at(t, t->files + place);
	if (!text || !*text)
		return false;
	*ret_file = text;
	*ret_line = line;
	return true;
}

/* ---- whose function ------------------------------------------------------------------------- */

/* First parts of the paths of the standard library's packages. */
static const char *const standard[] = {
	"archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database",
	"debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image",
	"index", "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin",
	"reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "sync", "syscall",
	"testing", "text", "time", "type", "unicode", "unique", "unsafe", "vendor", "weak", "_rt0_amd64",
	"gosave_systemstack_switch", "gogo", "aeshashbody", "cmpbody", "memeqbody", "indexbytebody",
};

static bool
is_standard(const char *function)
{
	size_t size = strcspn(function, "/.:");
	for (size_t i = 0; i < COUNT_OF(standard); i++)
		if (strlen(standard[i]) == size && memcmp(standard[i], function, size) == 0)
			return true;
	return false;
}

/* The path of the module that the program is of: a line "mod\tPATH\t..." among what `go version -m`
 * prints. */
static bool
main_module(const struct elf_view *v, const char **ret, size_t *ret_size)
{
	struct elf_section s;
	if (!elf_view_section(v, ".go.buildinfo", &s) || !s.data)
		return false;
	const char *line = memmem(s.data, s.size, "\nmod\t", 5), *end = (const char *)s.data + s.size;
	const char *tab = line ? memchr(line + 5, '\t', (size_t)(end - line - 5)) : NULL;
	if (!tab)
		return false;
	*ret = line + 5;
	*ret_size = (size_t)(tab - *ret);
	return true;
}

bool
go_is_application(const struct elf_view *v, const char *function)
{
	const char *module;
	size_t size;
	if (strncmp(function, "main.", 5) == 0)
		return true;
	if (main_module(v, &module, &size))
		return strncmp(function, module, size) == 0 &&
		    (function[size] == '/' || function[size] == '.');
	/* Of what was built without a module, packages fetched from elsewhere have a host's name. */
	size_t first = strcspn(function, "/"), dot = strcspn(function, ".");
	return !is_standard(function) && (function[first] == '\0' || dot > first);
}
