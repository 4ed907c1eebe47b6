/* SPDX-License-Identifier: MIT */
/* java_name: whose code a Java class is. */
#pragma once

#include <stdbool.h>

/* Of "com.shop.Cart.score" or its class alone: written for this service, as far as the name tells;
 * not the class library, nor a framework, driver or pool that services are made with. */
bool java_is_application(const char *name);
