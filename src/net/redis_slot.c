/* SPDX-License-Identifier: MIT */
#include "net/redis_slot.h"

#include <string.h>

#define POLYNOMIAL 0x1021

static uint16_t
crc16(const unsigned char *at, size_t size)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint16_t)(at[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ POLYNOMIAL : crc << 1);
	}
	return crc;
}

uint16_t
redis_slot(struct text key)
{
	const char *open = key.size ? memchr(key.at, '{', key.size) : NULL;
	const char *end = key.at + key.size;
	const char *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;

	if (close && close > open + 1)
		key = (struct text){ open + 1, (size_t)(close - open) - 1 };
	return crc16((const unsigned char *)key.at, key.size) % REDIS_SLOTS;
}

/* Digits at the beginning of `*at`, up to `max`; false: there are none, or it is more. */
static bool
take_number(const char **at, uint32_t max, uint32_t *ret)
{
	uint32_t n = 0;
	const char *s = *at;

	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint32_t)(*s - '0');
		if (n > max)
			return false;
	}
	if (s == *at)
		return false;
	*at = s;
	*ret = n;
	return true;
}

bool
redis_redirect(const char *error, struct redis_redirect *ret)
{
	bool ask = strncmp(error, "ASK ", 4) == 0;
	const char *at = error + (ask ? 4 : 6);
	uint32_t slot, port;

	if (!ask && strncmp(error, "MOVED ", 6) != 0)
		return false;
	if (!take_number(&at, REDIS_SLOTS - 1, &slot) || *at++ != ' ')
		return false;
	const char *colon = strrchr(at, ':'), *digits = colon ? colon + 1 : "";
	if (!take_number(&digits, UINT16_MAX, &port) || *digits || !port)
		return false;
	*ret = (struct redis_redirect){ ask, (uint16_t)slot, (uint16_t)port,
		{ at, (size_t)(colon - at) } };
	return true;
}
