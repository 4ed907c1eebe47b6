/* SPDX-License-Identifier: MIT */
/* A journal of changes, any bytes: what is read can be written, and reads as the same again. */
#include "experiment/journal_text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_same(const char *a, const char *b)
{
	if (!a != !b || (a && strcmp(a, b) != 0))
		abort();
}

static void
read_again(const struct journal_entries *all, struct arena *a)
{
	struct journal_entries again;
	struct buf text = { 0 };
	struct err e = { 0 };
	size_t whole;

	for (size_t i = 0; i < all->n; i++) {
		struct journal_entry entry = *all->items[i];
		const char *at = entry.at;
		entry.at = NULL;
		if (journal_text_write(&entry, JOURNAL_APPLY, at, &text, &e) < 0)
			abort();
	}
	if (journal_text_read(buf_text(&text), text.size, a, &again, &whole, &e) < 0 || whole != text.size ||
	    again.n != all->n)
		abort();
	for (size_t i = 0; i < all->n; i++) {
		check_same(all->items[i]->id, again.items[i]->id);
		check_same(all->items[i]->text.undo, again.items[i]->text.undo);
		check_same(all->items[i]->text.on, again.items[i]->text.on);
	}
	buf_done(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct journal_entries all = { 0 };
	struct err e = { 0 };
	size_t whole = 0;

	if (journal_text_read((const char *)data, size, a, &all, &whole, &e) == 0) {
		if (whole > size || (whole && data[whole - 1] != '\n'))
			abort();
		read_again(&all, a);
	} else if (!e.text[0]) {
		abort();
	}
	arena_free(a);
	return 0;
}
