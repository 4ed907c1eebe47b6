/* SPDX-License-Identifier: MIT */
#include "gate/purge/sign.h"

#include "base/clock.h"
#include "check.h"

#define TEXT(s) { s, sizeof(s) - 1 }

#define SESSION \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwth" \
	"Ax7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAki" \
	"Y9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static void
is_signed_with_aws4(void **state)
{
	/* AWS's published test suite aws-sig-v4-test-suite: get-vanilla, get-unreserved, post-vanilla,
	 * post-sts-header-before and post-x-www-form-urlencoded. */
	static const struct {
		const char *method, *path, *type;
		struct text body, session;
		const char *fields, *signature;
	} rows[] = {
		{ "GET", "/", NULL, { NULL, 0 }, { NULL, 0 }, "host;x-amz-date",
		  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
		{ "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", NULL, { NULL, 0 }, { NULL, 0 },
		  "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
		{ "POST", "/", NULL, { NULL, 0 }, { NULL, 0 }, "host;x-amz-date",
		  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
		{ "POST", "/", NULL, { NULL, 0 }, TEXT(SESSION), "host;x-amz-date;x-amz-security-token",
		  "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
		{ "POST", "/", "application/x-www-form-urlencoded", TEXT("Param1=value1"), { NULL, 0 },
		  "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sign_aws4 by = { TEXT("AKIDEXAMPLE"), TEXT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
			rows[i].session, "us-east-1", "service" };
		struct buf text = { 0 }, got = { 0 }, wanted = { 0 };
		struct err e = { 0 };
		struct url to;
		buf_printf(&text, "https://example.amazonaws.com%s", rows[i].path);
		assert_int_equal(url_parse(buf_text(&text), &to, &e), 0);
		struct sign_request r = { rows[i].method, &to, rows[i].type, rows[i].body, 1440938160 * NS_PER_S };
		assert_int_equal(sign_aws4(&r, &by, &got), 0);
		buf_puts(&wanted, "X-Amz-Date: 20150830T123600Z\r\n");
		if (rows[i].session.size)
			buf_puts(&wanted, "X-Amz-Security-Token: " SESSION "\r\n");
		buf_printf(&wanted, "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
		    "aws4_request, SignedHeaders=%s, Signature=%s\r\n", rows[i].fields, rows[i].signature);
		assert_string_equal(buf_text(&got), buf_text(&wanted));
		buf_done(&text);
		buf_done(&got);
		buf_done(&wanted);
	}
}

static void
is_signed_with_edgegrid(void **state)
{
	/* The test data that Akamai publishes with its libraries (testdata.json of AkamaiOPEN-edgegrid-python). */
	static const struct { const char *method, *path; size_t n; char letters[5]; const char *signature; } rows[] = {
		{ "GET", "/", 0, "", "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU=" },
		{ "GET", "/testapi/v1/t1?p1=1&p2=2", 0, "", "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA=" },
		{ "POST", "/testapi/v1/t3", 8, "data", "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4=" },
		{ "POST", "/testapi/v1/t3", 2048, "d", "6Q6PiTipLae6n4GsSIDTCJ54bEbHUBp+4MUXrbQCBoY=" },
		{ "POST", "/testapi/v1/t6", 0, "", "1gEDxeQGD5GovIkJJGcBaKnZ+VaPtrc4qBUHixjsPCQ=" },
		{ "PUT", "/testapi/v1/t6", 31, "P", "GNBWEYSEWOLtu+7dD52da2C39aX/Jchpon3K/AmBqBU=" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sign_edgegrid by = { TEXT("akab-client-token-xxx-xxxxxxxxxxxxxxxx"),
			TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx="), TEXT("akab-access-token-xxx-xxxxxxxxxxxxxxxx"),
			"nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" };
		struct buf text = { 0 }, body = { 0 }, got = { 0 }, wanted = { 0 };
		struct err e = { 0 };
		struct url to;
		buf_printf(&text, "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net%s", rows[i].path);
		assert_int_equal(url_parse(buf_text(&text), &to, &e), 0);
		for (size_t n = 0; n < rows[i].n; n++)
			buf_puts(&body, rows[i].letters);
		struct sign_request r = { rows[i].method, &to, NULL, { body.data, body.size }, 1395430461 * NS_PER_S };
		assert_int_equal(sign_edgegrid(&r, &by, &got), 0);
		buf_printf(&wanted, "Authorization: EG1-HMAC-SHA256 client_token=akab-client-token-xxx-xxxxxxxxxxxxxxxx;"
		    "access_token=akab-access-token-xxx-xxxxxxxxxxxxxxxx;timestamp=20140321T19:34:21+0000;"
		    "nonce=nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx;signature=%s\r\n", rows[i].signature);
		assert_string_equal(buf_text(&got), buf_text(&wanted));
		buf_done(&text);
		buf_done(&body);
		buf_done(&got);
		buf_done(&wanted);
	}
}

RUN_TESTS(cmocka_unit_test(is_signed_with_aws4), cmocka_unit_test(is_signed_with_edgegrid))
