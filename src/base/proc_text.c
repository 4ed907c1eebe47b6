/* SPDX-License-Identifier: MIT */
#include "base/proc_text.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Unsigned number after blanks; moves the cursor behind it. */
static bool
take_number(const char **p, uint64_t *ret)
{
	const char *at = *p;
	while (*at == ' ' || *at == '\t')
		at++;
	if (!isdigit((unsigned char)*at))
		return false;
	char *end;
	*ret = strtoull(at, &end, 10);
	*p = end;
	return true;
}

static bool
take_numbers(const char **p, uint64_t *ret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!take_number(p, &ret[i]))
			return false;
	return true;
}

/* Word after blanks, cut at size - 1; moves the cursor behind all of it. */
static bool
take_word(const char **p, char *out, size_t size)
{
	const char *at = *p;
	while (*at == ' ' || *at == '\t')
		at++;
	size_t length = strcspn(at, " \t\n");
	if (!length)
		return false;
	size_t kept = length < size ? length : size - 1;
	memcpy(out, at, kept);
	out[kept] = '\0';
	*p = at + length;
	return true;
}

bool
text_line(const char **cursor, char *out, size_t size)
{
	if (!**cursor)
		return false;
	size_t length = strcspn(*cursor, "\n");
	size_t kept = length < size ? length : size - 1;
	memcpy(out, *cursor, kept);
	out[kept] = '\0';
	*cursor += length + ((*cursor)[length] == '\n');
	return true;
}

bool
text_number(const char *text, const char *key, uint64_t *ret)
{
	size_t length = strlen(key);
	for (const char *line = text; line && *line;) {
		const char *at = line + length;
		if (strncmp(line, key, length) == 0 && strchr(": \t", *at) && *at) {
			at += *at == ':';
			return take_number(&at, ret);
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return false;
}

bool
proc_parse_stat(const char *text, struct proc_stat *ret)
{
	struct proc_stat s = { 0 };
	const char *at = text;
	uint64_t pid;

	/* The name is between the first '(' and the last ')': it may hold both, and blanks. */
	const char *close = strrchr(text, ')');
	if (!take_number(&at, &pid) || strncmp(at, " (", 2) != 0 || !close || close < at + 2)
		return false;
	size_t length = (size_t)(close - (at + 2));
	memcpy(s.name, at + 2, length < sizeof(s.name) ? length : sizeof(s.name) - 1);
	if (close[1] != ' ' || !close[2] || close[3] != ' ')
		return false;
	s.state = close[2];

	/* Fields 4 (parent) to 24 (rss); some in between are negative. */
	int64_t field[25] = { 0 };
	at = close + 3;
	for (int i = 4; i <= 24; i++) {
		char *end;
		field[i] = i == 22 ? (int64_t)strtoull(at, &end, 10) : strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	s.pid = (int)pid;
	s.parent = (int)field[4];
	s.minor_faults = (uint64_t)field[10];
	s.child_minor_faults = (uint64_t)field[11];
	s.major_faults = (uint64_t)field[12];
	s.child_major_faults = (uint64_t)field[13];
	s.user_ticks = (uint64_t)field[14];
	s.system_ticks = (uint64_t)field[15];
	s.child_user_ticks = (uint64_t)field[16];
	s.child_system_ticks = (uint64_t)field[17];
	s.threads = field[20];
	s.start_ticks = (uint64_t)field[22];
	s.rss_pages = field[24];
	*ret = s;
	return true;
}

bool
proc_parse_cpu(const char *line, struct proc_cpu *ret)
{
	uint64_t cpu = 0, t[8];

	if (strncmp(line, "cpu", 3) != 0)
		return false;
	const char *at = line + 3;
	bool all = *at == ' ';
	if ((!all && !take_number(&at, &cpu)) || !take_numbers(&at, t, 8))
		return false;
	/* user nice system idle iowait irq softirq steal; guest time is within user. */
	*ret = (struct proc_cpu){
		.cpu = all ? -1 : (int)cpu, .user = t[0] + t[1], .system = t[2] + t[5] + t[6],
		.idle = t[3], .iowait = t[4], .steal = t[7],
	};
	return true;
}

bool
proc_parse_schedstat(const char *text, uint64_t *ret_ran_ns, uint64_t *ret_waited_ns)
{
	uint64_t t[2];
	if (!take_numbers(&text, t, 2))
		return false;
	*ret_ran_ns = t[0];
	*ret_waited_ns = t[1];
	return true;
}

/* "0100007F:1F90", or four such words before the colon: each is a word in the host's order. */
static bool
take_address(const char **p, struct net_address *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *at = *p;
	while (*at == ' ')
		at++;
	size_t digits = strspn(at, "0123456789ABCDEFabcdef");
	if ((digits != 8 && digits != 32) || at[digits] != ':')
		return false;
	size_t base = digits == 8 ? 12 : 0;
	if (base)
		memcpy(ret->ip, mapped, sizeof(mapped));
	for (size_t i = 0; i < digits / 8; i++) {
		char word[9] = { 0 };
		memcpy(word, at + 8 * i, 8);
		uint32_t value = (uint32_t)strtoul(word, NULL, 16);
		memcpy(ret->ip + base + 4 * i, &value, 4);
	}
	char *end;
	const char *port = at + digits + 1;
	ret->port = (uint16_t)strtoul(port, &end, 16);
	*p = end;
	return end == port + 4;
}

bool
proc_parse_tcp(const char *line, struct proc_tcp *ret)
{
	struct proc_tcp t = { 0 };
	char word[32];
	uint64_t slot, inode;

	if (!take_number(&line, &slot) || *line++ != ':')
		return false;
	if (!take_address(&line, &t.local) || !take_address(&line, &t.remote))
		return false;
	if (!take_word(&line, word, sizeof(word)) || strspn(word, "0123456789ABCDEF") != 2 ||
	    word[2])
		return false;
	t.state = (int)strtol(word, NULL, 16);
	for (int i = 0; i < 5; i++)     /* queues, timer, retransmits, uid, timeout */
		if (!take_word(&line, word, sizeof(word)))
			return false;
	if (!take_number(&line, &inode))
		return false;
	t.inode = inode;
	*ret = t;
	return true;
}

bool
proc_parse_call(const char *text, struct proc_call *ret)
{
	struct proc_call c = { 0 };
	uint64_t words[8];
	size_t n = 0;
	char *end;

	long nr = strtol(text, &end, 10);
	if (end == text || nr < -1 || nr > INT_MAX)
		return false;
	for (const char *at = end; n < COUNT_OF(words) && *at == ' '; at = end) {
		words[n] = strtoull(at, &end, 16);
		if (end == at)
			return false;
		n++;
	}
	if (n != (nr < 0 ? 2 : COUNT_OF(words)))
		return false;
	c.nr = (int)nr;
	memcpy(c.arg, words, nr < 0 ? 0 : sizeof(c.arg));
	c.sp = words[n - 2];
	c.pc = words[n - 1];
	*ret = c;
	return true;
}

bool
proc_parse_disk(const char *line, struct proc_disk *ret)
{
	struct proc_disk d = { 0 };
	uint64_t number[2], t[10];

	if (!take_numbers(&line, number, 2) || !take_word(&line, d.name, sizeof(d.name)) ||
	    !take_numbers(&line, t, 10))
		return false;
	d.operations = t[0] + t[4];
	d.waited_ms = t[3] + t[7];
	d.busy_ms = t[9];
	*ret = d;
	return true;
}

bool
proc_parse_interface(const char *line, struct proc_interface *ret)
{
	struct proc_interface i = { 0 };
	uint64_t t[9];

	const char *colon = strrchr(line, ':');
	line += strspn(line, " ");
	if (!colon || colon <= line || (size_t)(colon - line) >= sizeof(i.name))
		return false;
	memcpy(i.name, line, (size_t)(colon - line));
	const char *at = colon + 1;
	if (!take_numbers(&at, t, 9))
		return false;
	i.received_bytes = t[0];
	i.sent_bytes = t[8];
	*ret = i;
	return true;
}

/* The line "GROUP: ...", from behind the colon; NULL when there is none. */
static const char *
group_line(const char *text, const char *group)
{
	size_t length = strlen(group);
	while (text && *text) {
		if (strncmp(text, group, length) == 0 && text[length] == ':')
			return text + length + 1;
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return NULL;
}

bool
proc_counter(const char *text, const char *group, const char *name, uint64_t *ret)
{
	char word[64], figure[32];

	const char *names = group_line(text, group);
	const char *end = names ? strchr(names, '\n') : NULL;
	const char *figures = end ? group_line(end + 1, group) : NULL;
	if (!figures)
		return false;
	while (take_word(&names, word, sizeof(word)) &&
	    take_word(&figures, figure, sizeof(figure))) {
		const char *at = figure;
		if (strcmp(word, name) == 0)
			return take_number(&at, ret);
	}
	return false;
}

bool
proc_parse_pressure(const char *text, uint64_t *ret_total_us)
{
	if (strncmp(text, "some ", 5) != 0)
		return false;
	const char *total = strstr(text, "total=");
	const char *end = strchr(text, '\n');
	if (!total || (end && total > end))
		return false;
	total += strlen("total=");
	return take_number(&total, ret_total_us);
}

bool
proc_parse_fd_limit(const char *text, int64_t *ret)
{
	static const char key[] = "Max open files";
	const char *at = strstr(text, key);
	uint64_t limit;

	if (!at)
		return false;
	at += sizeof(key) - 1;
	at += strspn(at, " ");
	if (strncmp(at, "unlimited", 9) == 0) {
		*ret = INT64_MAX;
		return true;
	}
	if (!take_number(&at, &limit))
		return false;
	*ret = limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
	return true;
}
