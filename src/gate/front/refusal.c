/* SPDX-License-Identifier: MIT */
#include "gate/front/refusal.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

static const struct { int status; const char *reason; } reasons[] = {
	{ 100, "Continue" }, { 101, "Switching Protocols" }, { 103, "Early Hints" },
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 203, "Non-Authoritative Information" },
	{ 204, "No Content" }, { 205, "Reset Content" }, { 206, "Partial Content" },
	{ 300, "Multiple Choices" }, { 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" },
	{ 304, "Not Modified" }, { 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 408, "Request Timeout" }, { 410, "Gone" },
	{ 412, "Precondition Failed" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
	{ 416, "Range Not Satisfiable" }, { 417, "Expectation Failed" }, { 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" },
	{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
};

const char *
refusal_reason(int status)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void
refusal_write(struct buf *b, int status, const char *why, int64_t retry_ns, bool close)
{
	const char *reason = refusal_reason(status);
	size_t size = 3 + 1 + strlen(reason) + 2 + strlen(why) + 1;

	buf_clear(b);
	buf_printf(b, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n%s", status, reason, size, close ? "Connection: close\r\n" : "");
	if (retry_ns)
		buf_printf(b, "Retry-After: %lld\r\n", (long long)((retry_ns + NS_PER_S - 1) / NS_PER_S));
	buf_printf(b, "\r\n%d %s: %s\n", status, reason, why);
}

size_t
refusal_head_size(const struct buf *b)
{
	const char *end = strstr(buf_text(b), "\r\n\r\n");
	return end ? (size_t)(end - b->data) + 4 : b->size;
}
