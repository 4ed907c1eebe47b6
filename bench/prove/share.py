# SPDX-License-Identifier: MIT
"""Shares of so many trials, with what so few trials leave open."""
import math

Z95 = 1.959964


def share(hits, of):
    """{'hits', 'of', 'share', 'low', 'high'}: Wilson's 95 % interval (1927), which is sound near 0 and 1."""
    if not of:
        return {'hits': 0, 'of': 0, 'share': math.nan, 'low': math.nan, 'high': math.nan}
    p, z2 = hits / of, Z95 * Z95
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return {'hits': hits, 'of': of, 'share': p, 'low': max(0.0, middle - half), 'high': min(1.0, middle + half)}
