/* SPDX-License-Identifier: MIT */
/* The service map: what share of the requests' time goes to each peer and to the disks, and how
 * often a request asks. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

void links_make(const struct facts *f);   /* r->links: of all requests, over all routes */
