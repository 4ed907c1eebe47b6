/* SPDX-License-Identifier: MIT */
/* Who answers behind a reverse proxy: the processes of this host where its connections lead while it is asked. */
#pragma once

#include <stdbool.h>

/* Pure. Does a program of this name pass requests on to others? A version may follow the name. */
bool behind_is_front(const char *program);
