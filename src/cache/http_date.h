/* SPDX-License-Identifier: MIT */
/* Dates of HTTP (RFC 9110, section 5.6.7): three forms are read, one is written. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/field.h"

#define HTTP_DATE_SIZE 29   /* "Sun, 06 Nov 1994 08:49:37 GMT", without an end mark */

/* Seconds since the epoch. Letters in either case are taken, but no zone other than GMT (RFC 9111,
 * section 4.2), a wrong day of the week too; anything else than the three forms is no date.
 * `now_s` decides the century of a year of two digits: never more than 50 years ahead. */
bool http_date_read(struct text t, int64_t now_s, int64_t *ret_s);

/* Years 0 to 9999; what lies outside is written as the nearest one inside. */
void http_date_write(int64_t s, char out[HTTP_DATE_SIZE]);
