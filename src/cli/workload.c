/* SPDX-License-Identifier: MIT */
#include "cli/workload.h"

#include <libgen.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "import/secret.h"
#include "scenario/scenario.h"

#define DIGITS_SHOWN 16
#define PIECE_BYTES ((size_t)64 << 10)

/* Every piece with its length in front, so that no two lists of pieces read the same. */
static void
add(EVP_MD_CTX *hash, const void *bytes, size_t size)
{
	char length[32];
	int n = snprintf(length, sizeof(length), "%zu:", size);

	if (!EVP_DigestUpdate(hash, length, (size_t)n) || !EVP_DigestUpdate(hash, bytes, size))
		abort();
}

static void
add_text(EVP_MD_CTX *hash, const char *text)
{
	add(hash, text ? text : "", text ? strlen(text) : 0);
}

static void
add_number(EVP_MD_CTX *hash, double number)
{
	char text[32];
	add(hash, text, (size_t)snprintf(text, sizeof(text), "%.9g", number));
}

static void
add_file(EVP_MD_CTX *hash, const char *path)
{
	CLEANUP(file_close_p) FILE *f = fopen(path, "re");
	char piece[PIECE_BYTES];
	size_t n;

	while (f && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		add(hash, piece, n);
}

/* A file that a scenario names stands beside the scenario. */
static void
add_beside(EVP_MD_CTX *hash, const struct scenario *s, const char *file, struct arena *a)
{
	if (file[0] != '/' && s->file)
		file = arena_printf(a, "%s/%s", dirname(arena_strdup(a, s->file)), file);
	add_file(hash, file);
}

/* "Name: value"; a secret's value is left out. */
static void
add_header(EVP_MD_CTX *hash, const char *header)
{
	size_t name = strcspn(header, ":");
	add(hash, header, secret_name(header, name) ? name : strlen(header));
}

/* Without what the run tells by itself, and without where it is. */
static void
add_scenario(EVP_MD_CTX *hash, const struct scenario *s, struct arena *a)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct scenario asked = *s;

	asked.file = asked.name = asked.base = asked.arrivals = NULL;
	asked.connections = asked.timeout_ns = 0;
	asked.has_seed = false;
	asked.n_thresholds = 0;
	asked.headers = arena_alloc(a, (s->n_headers + 1) * sizeof(*s->headers));
	for (size_t i = 0; i < s->n_headers; i++) {
		asked.headers[i] = s->headers[i];
		if (secret_name(s->headers[i].name, strlen(s->headers[i].name)))
			asked.headers[i].value = "";
	}
	scenario_write(&asked, &text);
	add(hash, buf_text(&text), text.size);
	for (size_t i = 0; i < s->n_feeders; i++)
		add_beside(hash, s, s->feeders[i].file, a);
	if (s->replay)
		add_beside(hash, s, s->replay, a);
}

static void
add_all(EVP_MD_CTX *hash, const struct spec *s, struct arena *a)
{
	for (size_t i = 0; i < s->n_urls && !s->scenario; i++) {
		const char *at = strstr(s->urls[i], "://");
		add_text(hash, at ? at + 3 + strcspn(at + 3, "/?") : s->urls[i]);
	}
	for (size_t i = 0; i < s->n_headers; i++)
		add_header(hash, s->headers[i]);
	for (size_t i = 0; i < s->n_stages; i++)
		add_text(hash, s->stages[i].text);
	if (s->replay)
		add_file(hash, s->replay);
	add_number(hash, s->replay ? s->replay_speed : 1);
	add_number(hash, s->reuse);
	add_number(hash, s->tls_resume);
	add_number(hash, s->http2);
	add_number(hash, (double)s->streams);
	if (s->scenario)
		add_scenario(hash, s->scenario, a);
}

const char *
workload_hash(const struct spec *s, struct arena *a)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	char *text = arena_alloc(a, DIGITS_SHOWN + 1);

	if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
		abort();
	add_all(hash, s, a);
	if (!EVP_DigestFinal_ex(hash, digest, NULL))
		abort();
	EVP_MD_CTX_free(hash);
	for (int i = 0; i < DIGITS_SHOWN / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}
