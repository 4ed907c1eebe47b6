/* SPDX-License-Identifier: MIT */
#include "net/scram.h"
#include "check.h"

#define NONCE  "rOprNGfwEbeRWgbNEkqO"
#define SERVER NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SALT   "W22ZaJ0SNY7soEsUEjb6gQ=="

static const char *
final(struct scram *s, struct scram_cache *cache, const char *challenge, struct buf *out)
{
	struct buf first = { 0 };

	scram_first(s, "user", NONCE, &first);
	assert_string_equal(first.data, "n,,n=user,r=" NONCE);
	buf_done(&first);
	buf_clear(out);
	return scram_final(s, "pencil", cache, challenge, strlen(challenge), out);
}

/* The exchange of RFC 7677, section 3; twice, the second time with the key from the cache. */
static void
the_exchange_of_the_rfc(void **state)
{
	static const char signature[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
	struct scram_cache cache = { 0 };
	struct scram s = { 0 };
	struct buf out = { 0 };

	for (int i = 0; i < 2; i++) {
		assert_null(final(&s, &cache, "r=" SERVER ",s=" SALT ",i=4096", &out));
		assert_string_equal(out.data,
		    "c=biws,r=" SERVER ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
		assert_null(scram_verify(&s, signature, strlen(signature)));
		assert_int_equal(cache.iterations, 4096);
	}
	/* The cache's key is for its salt alone. */
	assert_null(final(&s, &cache, "r=" SERVER ",s=W22ZaJ0SNY7soEsUEjb6gA==,i=4096", &out));
	assert_non_null(scram_verify(&s, signature, strlen(signature)));
	buf_done(&out);
	scram_done(&s);
}

static void
what_the_server_may_not_say(void **state)
{
	static const char *const challenges[] = {
		"", "r=" SERVER, "r=" SERVER ",s=" SALT, "m=x,r=" SERVER ",s=" SALT ",i=4096",
		"r=" NONCE ",s=" SALT ",i=4096",             /* nothing of the server's own */
		"r=x" SERVER ",s=" SALT ",i=4096",
		"r=" SERVER ",s=,i=4096", "r=" SERVER ",s=abc,i=4096", "r=" SERVER ",s=ab!?,i=4096",
		"r=" SERVER ",s=" SALT ",i=", "r=" SERVER ",s=" SALT ",i=0",
		"r=" SERVER ",s=" SALT ",i=-4096", "r=" SERVER ",s=" SALT ",i=1000001",
		"r=" SERVER ",s=" SALT ",i=99999999999999999999",
		"r=" SERVER ",s=QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
		"QUFBQUFBQUFBQUE=,i=4096",
	};
	static const char *const signatures[] = {
		"", "v=", "e=invalid-proof", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
		"v=6rriTRBi23WpRR/wtup+", "x",
	};
	struct scram_cache cache = { 0 };
	struct scram s = { 0 };
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(challenges) / sizeof(challenges[0]); i++) {
		if (!final(&s, &cache, challenges[i], &out))
			fail_msg("challenge %zu is taken", i);
		assert_int_equal(out.size, 0);
	}
	assert_null(final(&s, &cache, "r=" SERVER ",s=" SALT ",i=4096,x=more", &out));
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (!scram_verify(&s, signatures[i], strlen(signatures[i])))
			fail_msg("signature %zu is taken", i);
	buf_done(&out);
	scram_done(&s);
}

RUN_TESTS(cmocka_unit_test(the_exchange_of_the_rfc), cmocka_unit_test(what_the_server_may_not_say))
