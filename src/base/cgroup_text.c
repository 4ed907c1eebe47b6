/* SPDX-License-Identifier: MIT */
/* The texts that tell about cgroups: /proc/PID/cgroup, mountinfo and the limit files. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc_text.h"

bool
list_has(const char *list, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

bool
cgroup_parse_path(const char *text, const char *controller, char *out, size_t size)
{
	char line[1024];

	while (text_line(&text, line, sizeof(line))) {
		char *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;
		if (!path || path[1] != '/')
			continue;
		*path++ = '\0';
		list++;
		if (*controller ? !list_has(list, controller) : *list || strcmp(line, "0:") != 0)
			continue;
		if (strlen(path) >= size)
			return false;
		memcpy(out, path, strlen(path) + 1);
		return true;
	}
	return false;
}

/* Octal escapes of mountinfo (blank is \040) back to bytes, in place. */
static void
unescape(char *s)
{
	char *to = s;
	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && isdigit((unsigned char)s[2]) &&
		    isdigit((unsigned char)s[3])) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

bool
cgroup_parse_mount(const char *line, struct cgroup_mount *ret)
{
	struct cgroup_mount m = { 0 };
	char type[32];
	int end = 0;

	if (sscanf(line, "%*d %*d %*s %255s %255s%n", m.root, m.point, &end) < 2)
		return false;
	const char *dash = strstr(line + end, " - ");
	if (!dash || sscanf(dash, " - %31s %*s %255s", type, m.options) < 2)
		return false;
	if (strcmp(type, "cgroup") != 0 && strcmp(type, "cgroup2") != 0)
		return false;
	m.v2 = type[6] == '2';
	unescape(m.root);
	unescape(m.point);
	*ret = m;
	return true;
}

static bool
lxc_name(const char *text, char out[65])
{
	static const char *const marks[] = { "/lxc/", "/lxc.payload.", "/lxc.payload/" };
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = strstr(text, marks[i]);
		size_t length = at ? strcspn(at + strlen(marks[i]), "/\n") : 0;
		if (!length || length > 64)
			continue;
		memcpy(out, at + strlen(marks[i]), length);
		out[length] = '\0';
		return true;
	}
	return false;
}

bool
cgroup_parse_container(const char *text, char out[65])
{
	/* docker, containerd, CRI-O and podman name the cgroup by 64 digits, some with a prefix
	 * ("docker-", "cri-containerd-", "libpod-") and ".scope" behind. */
	for (const char *at = text; *at;) {
		size_t digits = strspn(at, "0123456789abcdef");
		bool starts = at > text && strchr("/-:", at[-1]);
		if (digits == 64 && starts && strchr("./\n", at[64])) {
			memcpy(out, at, 64);
			out[64] = '\0';
			return true;
		}
		at += digits ? digits : 1;
	}
	return lxc_name(text, out);
}

bool
cgroup_parse_cpu_max(const char *text, double *ret_cores)
{
	unsigned long long quota, period;

	if (sscanf(text, "%llu %llu", &quota, &period) != 2 || !period)
		return false;
	*ret_cores = (double)quota / (double)period;
	return true;
}

static void
take_smaller(double *limit, const char *figure)
{
	char *end;
	double value = strtod(figure, &end);
	if (end != figure && value > 0 && (*limit == 0 || value < *limit))
		*limit = value;
}

void
io_limits_add(const char *text, bool operations, struct io_limits *limits)
{
	char line[256], word[64];

	while (text_line(&text, line, sizeof(line))) {
		int at = 0, used;
		if (sscanf(line, "%*u:%*u%n", &at) < 0 || !at)
			continue;
		while (sscanf(line + at, " %63s%n", word, &used) == 1) {
			at += used;
			const char *equals = strchr(word, '=');
			if (equals && !isdigit((unsigned char)equals[1]))
				continue;
			bool iops = equals ? strncmp(word + 1, "iops=", 5) == 0 : operations;
			take_smaller(iops ? &limits->operations_per_s : &limits->bytes_per_s,
			    equals ? equals + 1 : word);
		}
	}
}
