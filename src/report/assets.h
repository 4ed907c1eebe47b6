/* SPDX-License-Identifier: MIT */
/* What the browser sees: the files of web/, inside the program. Not NUL-terminated. */
#pragma once

extern const char asset_css[], asset_css_end[], asset_js[], asset_js_end[];
