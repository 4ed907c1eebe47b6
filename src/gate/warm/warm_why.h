/* SPDX-License-Identifier: MIT */
/* For what something is fetched without a client, and why it is not; the words are those of the metrics. */
#pragma once

enum warm_why { WARM_NOT, WARM_REFRESH, WARM_EARLY, WARM_POPULAR, WARM_UPDATE, WARM_WHYS };

enum warm_skip {
	WARM_GO,             /* it is fetched */
	WARM_SKIP_FRESH,     /* it is there */
	WARM_SKIP_UNDER_WAY, /* somebody fetches it already */
	WARM_SKIP_BUSY,      /* clients wait for that upstream */
	WARM_SKIP_BREAKER,   /* its breaker is open */
	WARM_SKIP_UNCACHED,  /* no cached route, or known not to be stored */
	WARM_SKIP_QUEUE,     /* too many wait already, or the cache is full */
	WARM_SKIP_FAILED,    /* the server failed */
	WARM_SKIPS
};
