/* SPDX-License-Identifier: MIT */
/* Hexadecimal digits, whatever the locale. */
#pragma once

/* 0 to 15; -1: it is none. */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
