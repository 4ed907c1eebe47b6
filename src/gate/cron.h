/* SPDX-License-Identifier: MIT */
/* When something is to be done, as cron has it (POSIX crontab: five fields). Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Sets of numbers: bit n is n. */
struct cron {
	uint64_t minutes, hours, days, months, weekdays;   /* weekday 0 is Sunday */
	bool any_day, any_weekday;   /* written as '*': when neither is, one of the two is enough */
};

/* Numbers, ranges, lists, steps and names (jan, mon): "0 5 * * *", "0,30 8-18/2 * * mon-fri". */
int cron_parse(const char *text, struct cron *ret, struct err *e);
