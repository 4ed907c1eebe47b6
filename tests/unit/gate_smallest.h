/* SPDX-License-Identifier: MIT */
/* A gate.yaml with nothing but what must be there; tests add lines to it. */
#pragma once

#define SMALLEST \
	"listen: 127.0.0.1:8081\n" \
	"upstreams:\n" \
	"  origin: { servers: [\"127.0.0.1:8080\"] }\n" \
	"routes:\n" \
	"  - match: /\n" \
	"    upstream: origin\n" \
	"    cache: { enabled: true }\n"
