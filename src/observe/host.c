/* SPDX-License-Identifier: MIT */
#include "observe/host.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc_text.h"

/* What follows "key : " on its line in /proc/cpuinfo; NULL when there is no such line. */
static const char *
cpuinfo_value(struct run *r, const char *text, const char *key)
{
	char line[2048];
	while (text_line(&text, line, sizeof(line))) {
		char *colon = strchr(line, ':');
		if (colon && strncmp(line, key, strlen(key)) == 0)
			return run_str(r, colon + 1 + strspn(colon + 1, " \t"));
	}
	return NULL;
}

static const char *
first_line(struct run *r, const char *path)
{
	char text[256];
	if (file_peek(text, sizeof(text), "%s", path) <= 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text[0] ? run_str(r, text) : NULL;
}

static const char *
virtualisation(struct run *r, const char *cpuinfo)
{
	const char *flags = cpuinfo_value(r, cpuinfo, "flags");
	const char *product = first_line(r, "/sys/class/dmi/id/product_name");
	const char *xen = first_line(r, "/sys/hypervisor/type");
	if (xen)
		return xen;
	if (!flags || !strstr(flags, " hypervisor"))
		return "none";
	return product ? product : "virtual machine";
}

void
host_describe(struct run *r)
{
	struct run_host *h = &r->host;
	struct utsname name;
	char cpuinfo[8192];

	if (file_peek(cpuinfo, sizeof(cpuinfo), "/proc/cpuinfo") < 0)
		cpuinfo[0] = '\0';
	uname(&name);
	h->kernel = run_str(r, name.release);
	h->cpu_model = cpuinfo_value(r, cpuinfo, "model name");
	if (!h->cpu_model)
		h->cpu_model = run_str(r, name.machine);
	h->clocksource = first_line(r,
	    "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	h->virtualisation = virtualisation(r, cpuinfo);
	h->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	h->memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}
