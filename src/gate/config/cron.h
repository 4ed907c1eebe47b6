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

/* The first whole minute after that instant (seconds since the epoch) at which it is time, by the clock of this place
 * (TZ) or UTC; 0: never. A time that the clock leaves out when it is put forward comes at the first minute after that,
 * one that it shows twice counts once, unless it is for each hour. cron_next.c */
int64_t cron_next(const struct cron *c, int64_t after_s, bool utc);
