/* SPDX-License-Identifier: MIT */
#include "trace/python.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "symbol/maps.h"
#include "symbol/namespace.h"
#include "trace/python_lines.h"

/* Where the fields are, in bytes. Each row was checked against the headers and running processes
 * of that version; others are refused (older ones do not know the kernel's thread ids). */
struct layout {
	unsigned minor;
	uint16_t threads;          /* in PyInterpreterState */
	uint16_t native_tid;       /* in PyThreadState; `next` is at 8 */
	uint16_t cframe;           /* in PyThreadState; 0: frame is there itself */
	uint16_t frame;            /* in _PyCFrame, or in PyThreadState */
	uint16_t code, previous, instruction, owner;   /* in _PyInterpreterFrame */
	uint16_t first_line;       /* in PyCodeObject; names from 112 on are the same */
	uint16_t instructions;
	uint16_t ascii_text, text; /* sizes of the heads of strings */
};

static const struct layout layouts[] = {
	{ 11, 16, 160, 56, 8, 32, 48, 56, 69, 72, 184, 48, 72 },
	{ 12, 72, 144, 56, 0, 0, 8, 56, 70, 68, 192, 40, 56 },
};

enum { RUNTIME_INTERPRETERS = 40, INTERPRETER_NEXT = 0, THREAD_NEXT = 8, OBJECT_TYPE = 8,
	OBJECT_SIZE = 16, BYTES_TEXT = 32, STRING_SIZE = 16, STRING_STATE = 32,
	CODE_FILENAME = 112, CODE_NAME = 120, CODE_QUALNAME = 128, CODE_LINETABLE = 136,
	CODE_BYTES = 144, FRAME_BYTES = 80, FRAME_ON_C_STACK = 3 };
enum { INTERPRETERS_MAX = 16, THREADS_MAX = 4096, TEXT_BYTES_MAX = 1024,
	TABLE_BYTES_MAX = 1 << 18, CODES_MAX = 65536 };

struct code {
	uint8_t head[CODE_BYTES];  /* as it was read; a change means another code came there */
	const char *function, *file;
	int first_line;
	const uint8_t *table; size_t table_size;
	bool application;
};

struct python {
	int pid;
	uint64_t runtime, code_type;   /* addresses of _PyRuntime and PyCode_Type */
	const struct layout *layout;
	char version[16];
	struct arena *arena;
	struct map threads;        /* host's tid -> PyThreadState found last */
	struct map inner_tids;     /* host's tid -> tid inside */
	struct map codes;          /* address -> struct code * */
};

/* ---- reading memory ------------------------------------------------------------------------- */

static bool
read_memory(const struct python *p, uint64_t address, void *out, size_t size)
{
	struct iovec local = { out, size }, remote = { (void *)(uintptr_t)address, size };
	return process_vm_readv(p->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool
read_pointer(const struct python *p, uint64_t address, uint64_t *ret)
{
	return read_memory(p, address, ret, sizeof(*ret));
}

static uint64_t
word_at(const uint8_t *bytes, size_t offset)
{
	uint64_t value;
	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

/* A str as UTF-8; NULL when it is none. Only compact strings of one byte a character that are
 * ASCII, and Latin-1 with its upper half replaced: names of functions and files are no more. */
static const char *
read_string(struct python *p, uint64_t address)
{
	uint8_t head[STRING_STATE + 8];
	char text[TEXT_BYTES_MAX];
	if (!read_memory(p, address, head, sizeof(head)))
		return NULL;
	uint64_t size = word_at(head, STRING_SIZE);
	unsigned state = head[STRING_STATE];
	unsigned kind = (state >> 2) & 7;
	bool compact = state & 32, ascii = state & 64;
	if (kind != 1 || !compact || size >= sizeof(text))
		return NULL;
	uint64_t from = address + (ascii ? p->layout->ascii_text : p->layout->text);
	if (!read_memory(p, from, text, size))
		return NULL;
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] >= 0x80 || (unsigned char)text[i] < 0x20)
			text[i] = '?';
	return arena_strndup(p->arena, text, size);
}

static bool
read_table(struct python *p, uint64_t address, const uint8_t **ret, size_t *ret_size)
{
	uint64_t size;
	if (!read_memory(p, address + OBJECT_SIZE, &size, sizeof(size)) || size > TABLE_BYTES_MAX)
		return false;
	uint8_t *table = arena_alloc(p->arena, size + 1);
	*ret = table;
	*ret_size = size;
	return read_memory(p, address + BYTES_TEXT, table, size);
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool
find_symbol(const struct maps *m, const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < m->n_modules; i++) {
		const struct object *o = m->modules[i].object;
		uint64_t vaddr;
		if (strstr(o->name, "python") && object_by_name(o, OBJECT_DATA, name, &vaddr)) {
			*ret = vaddr + m->modules[i].bias;
			return true;
		}
	}
	return false;
}

static bool
find_symbols(int pid, uint64_t *ret_runtime, uint64_t *ret_code_type, uint64_t *ret_version)
{
	struct arena *arena = arena_new();
	struct objects objects;
	struct maps maps = { 0 };
	objects_init(&objects, arena);
	bool found = maps_read(&maps, &objects, pid) == 0 &&
	    find_symbol(&maps, "_PyRuntime", ret_runtime) &&
	    find_symbol(&maps, "PyCode_Type", ret_code_type) &&
	    find_symbol(&maps, "Py_Version", ret_version);
	maps_done(&maps);
	objects_done(&objects);
	arena_free(arena);
	return found;
}

static int
open_version(struct python *p, uint64_t address, struct err *e)
{
	uint64_t hex;
	if (!read_pointer(p, address, &hex))
		return err_set(e, errno ? errno : EIO, "cannot read the memory of process %d: %s",
		    p->pid, strerror(errno));
	unsigned major = (unsigned)(hex >> 24) & 255, minor = (unsigned)(hex >> 16) & 255;
	snprintf(p->version, sizeof(p->version), "%u.%u", major, minor);
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		if (major == 3 && layouts[i].minor == minor)
			p->layout = &layouts[i];
	return p->layout ? 0 : err_set(e, ENOTSUP, "the frames of Python %s are not known",
	    p->version);
}

int
python_open(int pid, struct python **ret, struct err *e)
{
	uint64_t runtime, code_type, version;
	if (!find_symbols(pid, &runtime, &code_type, &version))
		return err_set(e, ENOENT, "process %d runs no Python 3.11 or later", pid);
	struct python *p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->pid = pid;
	p->runtime = runtime;
	p->code_type = code_type;
	p->arena = arena_new();
	int result = open_version(p, version, e);
	if (result < 0) {
		python_close(p);
		return result;
	}
	*ret = p;
	return 0;
}

void
python_close(struct python *p)
{
	if (!p)
		return;
	map_done(&p->threads);
	map_done(&p->inner_tids);
	map_done(&p->codes);
	arena_free(p->arena);
	free(p);
}

/* ---- threads -------------------------------------------------------------------------------- */

/* Asked of the kernel once a thread. */
static uint64_t
inner_tid(struct python *p, int tid)
{
	bool new;
	uint64_t *at = map_at(&p->inner_tids, &tid, sizeof(tid), &new);
	if (new)
		*at = (uint64_t)namespace_inner_id(tid);
	return *at;
}

static bool
is_thread(const struct python *p, uint64_t thread, uint64_t tid)
{
	uint64_t native;
	return thread && read_pointer(p, thread + p->layout->native_tid, &native) && native == tid;
}

static uint64_t
search_thread(const struct python *p, uint64_t tid)
{
	uint64_t interpreter = 0, thread;
	read_pointer(p, p->runtime + RUNTIME_INTERPRETERS, &interpreter);
	for (int i = 0; interpreter && i < INTERPRETERS_MAX; i++) {
		if (!read_pointer(p, interpreter + p->layout->threads, &thread))
			return 0;
		for (int k = 0; thread && k < THREADS_MAX; k++) {
			if (is_thread(p, thread, tid))
				return thread;
			if (!read_pointer(p, thread + THREAD_NEXT, &thread))
				return 0;
		}
		if (!read_pointer(p, interpreter + INTERPRETER_NEXT, &interpreter))
			return 0;
	}
	return 0;
}

static uint64_t
find_thread(struct python *p, int tid)
{
	uint64_t inner = inner_tid(p, tid);
	uint64_t *at = map_at(&p->threads, &tid, sizeof(tid), NULL);
	if (!is_thread(p, *at, inner))
		*at = search_thread(p, inner);
	return *at;
}

bool
python_place(struct python *p, int tid, struct python_place *ret)
{
	const struct layout *l = p->layout;
	uint64_t thread = find_thread(p, tid);
	*ret = (struct python_place){ .thread = thread, .tid = inner_tid(p, tid),
		.native_tid = l->native_tid, .cframe = l->cframe, .frame = l->frame,
		.previous = l->previous, .owner = l->owner, .code = l->code, .instruction = l->instruction };
	return thread != 0;
}

/* ---- frames --------------------------------------------------------------------------------- */

static uint64_t
first_frame(const struct python *p, uint64_t thread)
{
	uint64_t at = thread;
	if (p->layout->cframe && !read_pointer(p, thread + p->layout->cframe, &at))
		return 0;
	return at && read_pointer(p, at + p->layout->frame, &at) ? at : 0;
}

/* Callers' frames lie just below in the same block of memory, so one read brings many: fewer
 * calls, and less that can move between them. */
struct window {
	uint64_t start, end;
	uint8_t bytes[4096];
};

static const uint8_t *
frame_bytes(const struct python *p, struct window *w, uint64_t frame)
{
	if (frame < w->start || frame + FRAME_BYTES > w->end || frame + FRAME_BYTES < frame) {
		w->end = frame + FRAME_BYTES;
		w->start = w->end - sizeof(w->bytes);
		if (frame < sizeof(w->bytes) || !read_memory(p, w->start, w->bytes, sizeof(w->bytes))) {
			w->start = frame;   /* the block begins here */
			if (!read_memory(p, frame, w->bytes, FRAME_BYTES))
				return NULL;
		}
	}
	return w->bytes + (frame - w->start);
}

static size_t
read_frames(const struct python *p, uint64_t frame, struct python_raw *frames, size_t max)
{
	const struct layout *l = p->layout;
	struct window w = { 0 };
	size_t n = 0;
	while (frame && n < max) {
		const uint8_t *bytes = frame_bytes(p, &w, frame);
		if (!bytes)
			return 0;
		frames[n++] = (struct python_raw){ word_at(bytes, l->code), word_at(bytes, l->instruction),
			bytes[l->owner] };
		frame = word_at(bytes, l->previous);
	}
	return n;
}

/* All code objects of a stack by one call. */
static bool
read_heads(const struct python *p, const struct python_raw *frames, size_t n,
    uint8_t heads[][CODE_BYTES])
{
	struct iovec local[PYTHON_FRAMES_MAX], remote[PYTHON_FRAMES_MAX];
	for (size_t i = 0; i < n; i++) {
		local[i] = (struct iovec){ heads[i], CODE_BYTES };
		remote[i] = (struct iovec){ (void *)(uintptr_t)frames[i].code, CODE_BYTES };
	}
	return n && process_vm_readv(p->pid, local, n, remote, n, 0) == (ssize_t)(n * CODE_BYTES);
}

static bool
is_application(const char *file)
{
	return file[0] != '<' && !strstr(file, "/lib/python") && !strstr(file, "-packages/") && !strstr(file, "/bin/");
}

static bool
load_code(struct python *p, struct code *c, const uint8_t *head)
{
	const char *function = read_string(p, word_at(head, CODE_QUALNAME));
	const char *file = read_string(p, word_at(head, CODE_FILENAME));
	if (!function)
		function = read_string(p, word_at(head, CODE_NAME));
	if (!function || !file ||
	    !read_table(p, word_at(head, CODE_LINETABLE), &c->table, &c->table_size))
		return false;
	int32_t first_line;
	memcpy(&first_line, head + p->layout->first_line, sizeof(first_line));
	memcpy(c->head, head, CODE_BYTES);
	c->function = function;
	c->file = file;
	c->first_line = first_line;
	c->application = is_application(file);
	return true;
}

/* The reference count, the first word, changes all the time; the names do not. */
static bool
is_same_code(const struct code *c, const uint8_t *head)
{
	return c->function && memcmp(c->head + CODE_FILENAME, head + CODE_FILENAME,
	    CODE_BYTES - CODE_FILENAME) == 0;
}

static const struct code *
code_of(struct python *p, uint64_t address, const uint8_t *head)
{
	bool new;
	if (word_at(head, OBJECT_TYPE) != p->code_type || p->codes.count >= CODES_MAX)
		return NULL;
	uint64_t *at = map_at(&p->codes, &address, sizeof(address), &new);
	if (new)
		*at = (uint64_t)(uintptr_t)arena_alloc(p->arena, sizeof(struct code));
	struct code *c = (struct code *)(uintptr_t)*at;
	return is_same_code(c, head) || load_code(p, c, head) ? c : NULL;
}

/* Frames made by C code to enter the interpreter are no functions. */
static size_t
only_functions(const struct python_raw *from, size_t n, struct python_raw *to)
{
	size_t kept = 0;
	for (size_t i = 0; i < n && kept < PYTHON_FRAMES_MAX; i++)
		if (from[i].owner != FRAME_ON_C_STACK)
			to[kept++] = from[i];
	return kept;
}

size_t
python_name(struct python *p, const struct python_raw *frames_read, size_t n_read, struct python_frame *frames)
{
	struct python_raw raw[PYTHON_FRAMES_MAX];
	uint8_t heads[PYTHON_FRAMES_MAX][CODE_BYTES];
	size_t n = only_functions(frames_read, n_read, raw);

	if (!read_heads(p, raw, n, heads))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const struct code *c = code_of(p, raw[i].code, heads[i]);
		if (!c)
			return 0;
		frames[i] = (struct python_frame){ .function = c->function, .file = c->file,
			.application = c->application,
			.line = python_line(c->table, c->table_size, c->first_line,
			    raw[i].instruction - raw[i].code - p->layout->instructions) };
	}
	return n;
}

static size_t
read_stack(struct python *p, uint64_t thread, struct python_frame *frames, size_t max)
{
	struct python_raw raw[PYTHON_FRAMES_MAX];
	size_t n = read_frames(p, first_frame(p, thread), raw,
	    max < PYTHON_FRAMES_MAX ? max : PYTHON_FRAMES_MAX);

	return python_name(p, raw, n, frames);
}

/* Some 3 of 100 readings meet a frame that just changes; hardly any do so twice. */
size_t
python_stack(struct python *p, int tid, struct python_frame *frames, size_t max)
{
	enum { ATTEMPTS = 4 };
	uint64_t thread = find_thread(p, tid);
	size_t n = 0;
	for (int i = 0; thread && n == 0 && i < ATTEMPTS; i++)
		n = read_stack(p, thread, frames, max);
	return n;
}
