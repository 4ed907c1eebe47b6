/* SPDX-License-Identifier: MIT */
#include "spec/spec_schema.h"

#include <stdio.h>
#include <string.h>

#include "spec/setting.h"

static json_t *
text_array(const char *const *texts)
{
	json_t *list = json_array();
	for (; *texts; texts++)
		json_array_append_new(list, json_string(*texts));
	return list;
}

/* YAML numbers are welcome where a bare number is a good value. */
static json_t *
value_schema(const struct setting *row)
{
	switch (row->kind) {
	case SETTING_FLAG:
		return json_pack("{s:s}", "type", "boolean");
	case SETTING_COUNT:
		return row->max > 0
		    ? json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)row->min,
		          "maximum", (json_int_t)row->max)
		    : json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
	case SETTING_RATE:
		return json_pack("{s:[s, s]}", "type", "string", "number");
	default:
		break;
	}
	json_t *value = json_pack("{s:s}", "type", strcmp(row->name, "pid") == 0 ? "integer" : "string");
	if (row->choices)
		json_object_set_new(value, "enum", text_array(row->choices));
	return value;
}

static json_t *
row_schema(const struct setting *row)
{
	json_t *value = value_schema(row);

	if (row->repeats) {
		json_t *one = value;
		value = json_pack("{s:[o, {s:s, s:O}]}", "anyOf", one, "type", "array", "items", one);
	}
	json_object_set_new(value, "description", json_string(row->about));
	if (row->preset)
		json_object_set_new(value, "default", json_string(row->preset));
	return value;
}

static json_t *
object_schema(void)
{
	return json_pack("{s:s, s:{}, s:b}", "type", "object", "properties", "additionalProperties", 0);
}

json_t *
spec_schema(void)
{
	json_t *schema = object_schema();

	json_object_set_new(schema, "$schema",
	    json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(schema, "title", json_string("prony.yaml"));
	for (const struct setting *row = spec_settings; row->name; row++) {
		json_t *at = schema;
		const char *key = row->key, *dot;
		char section[64];

		if (!key)
			continue;
		for (; (dot = strchr(key, '.')); key = dot + 1) {
			snprintf(section, sizeof(section), "%.*s", (int)(dot - key), key);
			json_t *properties = json_object_get(at, "properties");
			if (!json_object_get(properties, section))
				json_object_set_new(properties, section, object_schema());
			at = json_object_get(properties, section);
		}
		json_object_set_new(json_object_get(at, "properties"), key, row_schema(row));
	}
	return schema;
}
