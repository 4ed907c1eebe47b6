/* SPDX-License-Identifier: MIT */
#include "gate/purge/purge_log.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cache/key.h"

const char *
purge_what_name(enum purge_what what)
{
	static const char *const names[] = { "url", "tag", "all" };
	return names[what];
}

bool
purge_is_good(const struct purge *p)
{
	size_t max = p->what == PURGE_URL ? CACHE_KEY_MAX : p->what == PURGE_TAG ? PURGE_TAG_MAX : 0;

	if (p->text.size > max || (max && !p->text.size))
		return false;
	for (size_t i = 0; i < p->text.size; i++)
		if ((unsigned char)p->text.at[i] <= 0x20 || p->text.at[i] == 0x7f)
			return false;
	return true;
}

/* ---- lines ---------------------------------------------------------------------------------- */

void
purge_line_write(const struct purge_entry *entry, struct buf *out)
{
	const struct purge *p = &entry->purge;
	char when[21];

	wall_format(entry->wall_ns, when);
	buf_printf(out, "%" PRIu64 " %s %s %s", entry->number, when, purge_what_name(p->what),
	    p->soft ? "soft" : "hard");
	if (p->text.size) {
		buf_putc(out, ' ');
		buf_append(out, p->text.at, p->text.size);
	}
	buf_putc(out, '\n');
}

static struct text
next_word(struct text *rest)
{
	const char *blank = rest->size ? memchr(rest->at, ' ', rest->size) : NULL;
	struct text word = { rest->at, blank ? (size_t)(blank - rest->at) : rest->size };
	size_t n = word.size + (blank != NULL);

	*rest = (struct text){ rest->at + n, rest->size - n };
	return word;
}

static bool
read_number(struct text word, uint64_t *ret)
{
	uint64_t n = 0;

	if (!word.size || word.size > 18)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(word.at[i] - '0');
	}
	*ret = n;
	return true;
}

static bool
read_time(struct text word, int64_t *ret_ns)
{
	char copy[21];
	struct tm tm = { 0 };

	if (word.size != 20 || memchr(word.at, '\0', word.size))
		return false;
	memcpy(copy, word.at, 20);
	copy[20] = '\0';
	const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%SZ", &tm);
	int64_t s = timegm(&tm);
	if (end != copy + 20 || s < 0 || s > INT64_MAX / NS_PER_S)
		return false;
	*ret_ns = s * NS_PER_S;
	return true;
}

static bool
is_reader_name(struct text t)
{
	for (size_t i = 0; i < t.size; i++)
		if (t.at[i] <= 0x20 || t.at[i] >= 0x7f)
			return false;
	return t.size > 0 && t.size <= PURGE_NAME_MAX;
}

static bool
read_purge(struct text rest, struct purge *ret)
{
	struct text what = next_word(&rest), how = next_word(&rest);

	*ret = (struct purge){ .soft = text_is_exactly(how, "soft"), .text = rest };
	if (!ret->soft && !text_is_exactly(how, "hard"))
		return false;
	for (int i = PURGE_URL; i <= PURGE_ALL; i++)
		if (text_is_exactly(what, purge_what_name((enum purge_what)i))) {
			ret->what = (enum purge_what)i;
			return purge_is_good(ret);
		}
	return false;
}

enum purge_line
purge_line_read(struct text line, struct purge_entry *ret, struct text *ret_reader)
{
	struct text rest = line, first = next_word(&rest);
	struct purge_entry entry = { 0 };

	if (text_is_exactly(first, "done")) {
		*ret_reader = next_word(&rest);
		if (!is_reader_name(*ret_reader) || !read_number(rest, &entry.number))
			return PURGE_LINE_BAD;
		*ret = entry;
		return PURGE_LINE_DONE;
	}
	if (!read_number(first, &entry.number) || !entry.number || !read_time(next_word(&rest), &entry.wall_ns) ||
	    !read_purge(rest, &entry.purge))
		return PURGE_LINE_BAD;
	*ret = entry;
	return PURGE_LINE_ENTRY;
}
