/* SPDX-License-Identifier: MIT */
#include "symbol/java_name.h"

#include <string.h>

#include "base/cleanup.h"

/* Beginnings of class names. Classes that the machine makes for lambdas ("Cart$$Lambda") only pass
 * the call on to a method of the class itself. */
static const char *const libraries[] = {
	"java.", "javax.", "jdk.", "sun.", "com.sun.", "jakarta.", "org.springframework.", "org.apache.",
	"org.eclipse.", "io.netty.", "io.undertow.", "io.vertx.", "io.micronaut.", "io.quarkus.",
	"org.jboss.", "org.hibernate.", "org.postgresql.", "org.mariadb.", "com.mysql.", "org.h2.",
	"org.sqlite.", "oracle.", "com.zaxxer.hikari.", "com.fasterxml.", "com.google.", "org.slf4j.",
	"ch.qos.logback.", "reactor.", "kotlin.", "kotlinx.", "scala.", "groovy.", "akka.", "io.grpc.",
	"redis.clients.", "io.lettuce.", "okhttp3.", "okio.", "org.glassfish.", "org.mongodb.",
	"com.mongodb.", "org.jetbrains.", "com.github.benmanes.caffeine.", "one.profiler.",
};

bool
java_is_application(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(libraries); i++)
		if (strncmp(name, libraries[i], strlen(libraries[i])) == 0)
			return false;
	return !strstr(name, "$$");
}
