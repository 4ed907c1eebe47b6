/* SPDX-License-Identifier: MIT */
/* What the admin socket tells, as JSON texts. With the house's lock, but for the purges. */
#pragma once

#include "base/buf.h"
#include "gate/house.h"

void admin_write_status(struct house *h, struct buf *out);
void admin_write_config(struct house *h, struct buf *out);
void admin_write_purges(struct purge_log *log, uint64_t after, struct buf *out);
