/* SPDX-License-Identifier: MIT */
/* Errors as the person will read them: what happened, and what to do next.
 *
 * A function that can fail returns 0 or -errno and fills a `struct err`. The first error made is
 * the cause; each caller may put its own words in front ("cannot load the spec: cannot open
 * 'x': No such file or directory"). Only cli/ prints errors. Any thread, one err each. */
#pragma once

/* Exit statuses: design.md §2, documented in prony(1); other programs rely on them. */
enum status {
	STATUS_OK = 0,            /* target met, nothing worse */
	STATUS_MISSED = 1,        /* target missed, worse */
	STATUS_USAGE = 2,         /* flags, spec or configuration */
	STATUS_INCONCLUSIVE = 3,  /* measured, but the data allow no conclusion */
	STATUS_NOT_MEASURED = 4,  /* unreachable, no permission, target died */
	STATUS_SAFETY_STOP = 5,   /* stopped to protect the target or the host */
	STATUS_TAKEN_BACK = 6,    /* fix not proven, taken back */
	STATUS_BUG = 70,          /* prony itself is wrong */
};

struct err {
	int code;             /* positive errno */
	enum status status;   /* how the process should end; set by err_set to NOT_MEASURED */
	char text[768];       /* one sentence without a full stop: what, where, why */
	char hint[512];       /* what to do next; empty when there is nothing to say */
};

/* Set the cause; returns -code so that `return err_set(...)` works. `code` 0 counts as EINVAL. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, for what the user typed or wrote: ends with STATUS_USAGE. */
int err_usage(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As err_set, for what cannot be unless prony itself is wrong: ends with STATUS_BUG and asks for a
 * report. Returns -ENOTRECOVERABLE. */
int err_bug(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put the caller's words in front; returns `code` unchanged (a negative errno). */
int err_wrap(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Say what to do next. The first hint stays: it is closest to the cause. */
void err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
