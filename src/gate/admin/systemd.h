/* SPDX-License-Identifier: MIT */
/* What systemd is told of a service with Type=notify: sd_notify(3), without its library. */
#pragma once

/* "READY=1"; nothing where nobody wants to know. */
void systemd_tell(const char *state);
