/* SPDX-License-Identifier: MIT */
#include "net/scram.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "net/field.h"

void
scram_first(struct scram *s, const char *user, const char *nonce, struct buf *out)
{
	buf_clear(&s->messages);
	s->nonce_size = strlen(nonce);
	buf_printf(&s->messages, "n=%s,r=%s", user, nonce);
	buf_puts(out, "n,,");
	buf_append(out, s->messages.data, s->messages.size);
}

void
scram_done(struct scram *s)
{
	buf_done(&s->messages);
	*s = (struct scram){ 0 };
}

/* The next attribute of a message, which must have this name. */
static bool
take_attribute(struct text *message, char name, struct text *ret)
{
	if (message->size < 2 || message->at[0] != name || message->at[1] != '=')
		return false;
	const char *comma = memchr(message->at, ',', message->size);
	size_t n = comma ? (size_t)(comma - message->at) : message->size;
	*ret = (struct text){ message->at + 2, n - 2 };
	message->at += n + (comma != NULL);
	message->size -= n + (comma != NULL);
	return true;
}

/* At most `most` bytes; -1 when malformed or longer. */
static int
from_base64(struct text t, uint8_t *out, size_t most)
{
	uint8_t whole[96];

	if (!t.size || t.size % 4 || t.size > sizeof(whole) / 3 * 4)
		return -1;
	int n = EVP_DecodeBlock(whole, (const unsigned char *)t.at, (int)t.size);
	if (n < 0)
		return -1;
	n -= (t.at[t.size - 1] == '=') + (t.at[t.size - 2] == '=');
	if ((size_t)n > most)
		return -1;
	memcpy(out, whole, (size_t)n);
	return n;
}

static int
iterations_of(struct text t)
{
	int n = 0;

	for (size_t i = 0; i < t.size; i++) {
		if (t.at[i] < '0' || t.at[i] > '9' || n > SCRAM_ITERATIONS_MAX)
			return -1;
		n = n * 10 + (t.at[i] - '0');
	}
	return n > 0 && n <= SCRAM_ITERATIONS_MAX ? n : -1;
}

static bool
hmac(const uint8_t key[SCRAM_KEY_BYTES], const void *bytes, size_t size,
    uint8_t out[SCRAM_KEY_BYTES])
{
	unsigned int n = SCRAM_KEY_BYTES;

	return HMAC(EVP_sha256(), key, SCRAM_KEY_BYTES, bytes, size, out, &n) != NULL;
}

static bool
derive(const char *password, const struct scram_cache *from, struct scram_cache *cache)
{
	if (from->iterations == cache->iterations && from->salt_size == cache->salt_size &&
	    memcmp(from->salt, cache->salt, (size_t)from->salt_size) == 0)
		return true;
	*cache = *from;
	if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password), cache->salt, cache->salt_size,
	    cache->iterations, EVP_sha256(), SCRAM_KEY_BYTES, cache->key) == 1)
		return true;
	*cache = (struct scram_cache){ 0 };
	return false;
}

/* The proof that we know the password, and the signature that the server owes us. */
static bool
sign(struct scram *s, const uint8_t key[SCRAM_KEY_BYTES], uint8_t proof[SCRAM_KEY_BYTES])
{
	uint8_t client[SCRAM_KEY_BYTES], stored[SCRAM_KEY_BYTES], server[SCRAM_KEY_BYTES];
	const struct buf *m = &s->messages;

	if (!hmac(key, "Client Key", 10, client) ||
	    EVP_Digest(client, sizeof(client), stored, NULL, EVP_sha256(), NULL) != 1 ||
	    !hmac(stored, m->data, m->size, proof) || !hmac(key, "Server Key", 10, server) ||
	    !hmac(server, m->data, m->size, s->server_signature))
		return false;
	for (size_t i = 0; i < SCRAM_KEY_BYTES; i++)
		proof[i] ^= client[i];
	return true;
}

const char *
scram_final(struct scram *s, const char *password, struct scram_cache *cache,
    const void *server_first, size_t size, struct buf *out)
{
	struct text left = { server_first, size }, nonce, salt, count;
	struct scram_cache from = { 0 };
	uint8_t proof[SCRAM_KEY_BYTES], base64[SCRAM_KEY_BYTES * 2];

	if (!take_attribute(&left, 'r', &nonce) || !take_attribute(&left, 's', &salt) ||
	    !take_attribute(&left, 'i', &count))
		return "malformed SCRAM challenge";
	if (nonce.size <= s->nonce_size || memcmp(nonce.at,
	    s->messages.data + s->messages.size - s->nonce_size, s->nonce_size) != 0)
		return "the SCRAM challenge is not for our nonce";
	from.salt_size = from_base64(salt, from.salt, sizeof(from.salt));
	from.iterations = iterations_of(count);
	if (from.salt_size <= 0 || from.iterations < 0)
		return "SCRAM salt or iteration count out of range";

	size_t first = s->messages.size + 1;
	buf_putc(&s->messages, ',');
	buf_append(&s->messages, server_first, size);
	buf_puts(&s->messages, ",c=biws,r=");
	buf_append(&s->messages, nonce.at, nonce.size);
	if (!derive(password, &from, cache) || !sign(s, cache->key, proof))
		return "the cryptographic library lacks SHA-256";
	first += size + 1;
	buf_append(out, s->messages.data + first, s->messages.size - first);
	buf_puts(out, ",p=");
	int n = EVP_EncodeBlock(base64, proof, sizeof(proof));
	buf_append(out, base64, (size_t)n);
	return NULL;
}

const char *
scram_verify(const struct scram *s, const void *server_final, size_t size)
{
	struct text left = { server_final, size }, signature;
	uint8_t bytes[SCRAM_KEY_BYTES];

	if (!take_attribute(&left, 'v', &signature))
		return "it ends the SCRAM exchange with an error";
	if (from_base64(signature, bytes, sizeof(bytes)) != SCRAM_KEY_BYTES ||
	    CRYPTO_memcmp(bytes, s->server_signature, sizeof(bytes)) != 0)
		return "it does not know the password itself: its SCRAM signature is wrong";
	return NULL;
}
