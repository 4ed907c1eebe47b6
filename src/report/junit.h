/* SPDX-License-Identifier: MIT */
/* JUnit XML, as CI servers read it (the schema of the Jenkins xUnit plugin). Text of strangers
 * cannot leave its attribute. */
#pragma once

#include <stddef.h>

#include "base/buf.h"

enum junit_result { JUNIT_PASSED, JUNIT_FAILED, JUNIT_BROKEN, JUNIT_SKIPPED };

struct junit_test {
	const char *name;
	enum junit_result result;
	const char *type;          /* of a failure or an error: one word */
	double seconds;            /* that it took */
	char why[512];             /* unless it passed */
};

struct junit_suite {
	const char *program;       /* "prony load" */
	const char *class;         /* of its tests: "prony.load" */
	const char *name;          /* NULL: the program's */
	const char *timestamp;     /* NULL: not known */
	const char *said;          /* its conclusion; NULL none */
	double seconds;
	const struct junit_test *tests; size_t n_tests;
};

void junit_write(const struct junit_suite *s, struct buf *out);
