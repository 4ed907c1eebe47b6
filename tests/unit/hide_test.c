/* SPDX-License-Identifier: MIT */
#include "experiment/hide.h"

#include "check.h"

static void
becomes(const char *command, const char *wanted)
{
	struct arena *a = arena_new();

	assert_string_equal(hide_in_command(a, command), wanted);
	arena_free(a);
}

static void
plain_commands_stay(void **state)
{
	becomes("", "");
	becomes("./server --port {port}", "./server --port {port}");
	becomes("uvicorn app:main --port={port}", "uvicorn app:main --port={port}");
	becomes("PORT={port} node 'a b.js' \"$HOME\"", "PORT={port} node 'a b.js' \"$HOME\"");
	becomes("serve --db postgres://db/shop {port}", "serve --db postgres://db/shop {port}");
	becomes("serve '", "serve '");
	becomes("://", "://");
	becomes("--token", "--token");
	becomes("--token  ", "--token  ");
	becomes("serve --token --port {port}", "serve --token --port {port}");
}

static void
values_of_secrets_are_left_out(void **state)
{
	becomes("API_KEY=x node s.js {port}", "API_KEY=*** node s.js {port}");
	becomes("PASSWORD= serve {port}", "PASSWORD=*** serve {port}");
	becomes("PASSWORD=\"a b\"c serve {port}", "PASSWORD=*** serve {port}");
	becomes("serve --password=a;ls", "serve --password=***;ls");
	becomes("serve --token a {port}", "serve --token *** {port}");
	becomes("serve --token 'a b' {port}", "serve --token *** {port}");
	becomes("env 'API_KEY=a b' serve {port}", "env 'API_KEY=***' serve {port}");
	becomes("proxy -H 'Authorization: Bearer x' {port}", "proxy -H 'Authorization:***' {port}");
	becomes("serve http://h/?token=x {port}", "serve http://h/?token=*** {port}");
}

static void
urls_lose_user_and_password(void **state)
{
	becomes("serve --db postgres://me:pw@db/shop {port}", "serve --db postgres://***@db/shop {port}");
	becomes("serve --db postgres://me:p/w@x@db/shop", "serve --db postgres://***@db/shop");
	becomes("serve 'redis://:pw@db' a@b", "serve 'redis://***@db' a@b");
}

RUN_TESTS(cmocka_unit_test(plain_commands_stay), cmocka_unit_test(values_of_secrets_are_left_out),
    cmocka_unit_test(urls_lose_user_and_password))
