/* SPDX-License-Identifier: MIT */
#include "trace/encryption.h"

#include <errno.h>
#include <string.h>

#include "trace/eyes.h"

#define CURE_LIBRARY "let prony check a plain http:// port of the service; or run it with OpenSSL " \
	"as a library, or with its symbols"

#define CURE_PROBES "sudo prony check ..."

struct found { bool probed; const char *why; };

static bool
is_loaded_over_tls(const struct run *r)
{
	for (size_t i = 0; i < r->system.n_targets; i++)
		if (!strncmp(r->system.targets[i], "https://", strlen("https://")))
			return true;
	return false;
}

/* Programs that have it inside, and its library. */
static bool
may_hold_openssl(const char *path, const char *exe)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	return !strncmp(base, "libssl", strlen("libssl")) ||
	    !strncmp(base, "libnode", strlen("libnode")) || (exe && !strcmp(path, exe));
}

static void
probe_process(struct collect *c, struct symbols *symbols, struct run *r,
    const struct run_process *p, struct found *f)
{
	const char *path;
	for (size_t i = 0; (path = symbols_object(symbols, (int)p->pid, i)); i++) {
		struct err e = { 0 };
		if (!may_hold_openssl(path, p->exe))
			continue;
		int code = collect_add_tls(c, (int)p->pid, path, &e);
		f->probed |= !code;
		if (code && code != -ENOENT)
			f->why = run_str(r, e.text);
	}
}

void
encryption_end(struct collect *c, struct run *r)
{
	int code = collect_dear_error(c, COLLECT_TLS);
	if (code)
		run_eye(r, "TLS", false, run_printf(r, "what it encrypts is not seen: OpenSSL's functions cannot "
		    "be probed: %s", strerror(-code)), CURE_PROBES);
}

bool
encryption_open(struct collect *c, struct symbols *symbols, struct run *r, const char **ret_why)
{
	struct found f = { 0 };
	bool wanted = is_loaded_over_tls(r);
	for (size_t i = 0; i < r->system.n_processes; i++)
		probe_process(c, symbols, r, &r->system.processes[i], &f);
	if (wanted && !f.probed && !f.why)
		f.why = "the service's TLS is not OpenSSL's, or has no symbols";
	if (f.probed || f.why)
		run_eye(r, "TLS", !f.why, !f.why ? "clear text of OpenSSL's connections, by probes on its functions" :
		    run_printf(r, "what it encrypts is not seen: %s", f.why), CURE_LIBRARY);
	*ret_why = f.why;
	return f.probed || !wanted;
}
