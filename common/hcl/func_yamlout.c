/* yamlencode(): values to YAML. */
#include <string.h>
#include <yaml.h>

#include "common/hcl/func.h"

typedef const struct hcl_value *value;

static int
write_more(void *ctx, unsigned char *data, size_t n)
{
	struct buf *out = ctx;

	if (n > HCL_MAX_TEXT - out->len)
		return 0;
	buf_add(out, data, n);
	return 1;
}

/* Text is quoted, or stands as it is when it has lines. */
static bool
put_scalar(yaml_emitter_t *y, const char *s, size_t n, bool text)
{
	yaml_event_t e;
	yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;

	if (text)
		style = memchr(s, '\n', n) != NULL
			    ? YAML_LITERAL_SCALAR_STYLE
			    : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return yaml_scalar_event_initialize(&e, NULL, NULL,
		   (const yaml_char_t *)s, (int)n, 1, 1, style) == 1 &&
	       yaml_emitter_emit(y, &e) == 1;
}

static bool
put_number(yaml_emitter_t *y, hcl_number num)
{
	struct buf text = { 0 };
	bool good;

	hcl_number_format(num, &text);
	good = put_scalar(y, buf_str(&text), text.len, false);
	buf_release(&text);
	return good;
}

static bool put_value(yaml_emitter_t *y, value v, size_t depth);

static bool
put_list(yaml_emitter_t *y, value v, size_t depth)
{
	yaml_event_t e;

	if (yaml_sequence_start_event_initialize(&e, NULL, NULL, 1,
		v->n > 0 ? YAML_BLOCK_SEQUENCE_STYLE
			 : YAML_FLOW_SEQUENCE_STYLE) != 1 ||
	    yaml_emitter_emit(y, &e) != 1)
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (!put_value(y, v->items[i], depth + 1))
			return false;
	return yaml_sequence_end_event_initialize(&e) == 1 &&
	       yaml_emitter_emit(y, &e) == 1;
}

static bool
put_mapping(yaml_emitter_t *y, value v, size_t depth)
{
	yaml_event_t e;

	if (yaml_mapping_start_event_initialize(&e, NULL, NULL, 1,
		v->n > 0 ? YAML_BLOCK_MAPPING_STYLE
			 : YAML_FLOW_MAPPING_STYLE) != 1 ||
	    yaml_emitter_emit(y, &e) != 1)
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (!put_scalar(y, v->keys[i], strlen(v->keys[i]), true) ||
		    !put_value(y, v->items[i], depth + 1))
			return false;
	return yaml_mapping_end_event_initialize(&e) == 1 &&
	       yaml_emitter_emit(y, &e) == 1;
}

static bool
put_value(yaml_emitter_t *y, value v, size_t depth)
{
	if (depth > TREE_MAX_DEPTH)
		return false;
	switch (v->kind) {
	case HCL_V_BOOL:
		return put_scalar(
		    y, v->b ? "true" : "false", v->b ? 4 : 5, false);
	case HCL_V_NUMBER:
		return put_number(y, v->num);
	case HCL_V_STRING:
		return put_scalar(y, v->str, v->len, true);
	case HCL_V_TUPLE:
	case HCL_V_LIST:
	case HCL_V_SET:
		return put_list(y, v, depth);
	case HCL_V_OBJECT:
	case HCL_V_MAP:
		return put_mapping(y, v, depth);
	case HCL_V_UNKNOWN:
	case HCL_V_NULL:
		break;
	}
	return put_scalar(y, "null", 4, false);
}

static bool
put_document(yaml_emitter_t *y, value v)
{
	yaml_event_t e;

	return yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING) ==
		   1 &&
	       yaml_emitter_emit(y, &e) == 1 &&
	       yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1) ==
		   1 &&
	       yaml_emitter_emit(y, &e) == 1 && put_value(y, v, 0) &&
	       yaml_document_end_event_initialize(&e, 1) == 1 &&
	       yaml_emitter_emit(y, &e) == 1 &&
	       yaml_stream_end_event_initialize(&e) == 1 &&
	       yaml_emitter_emit(y, &e) == 1;
}

const struct hcl_value *
hcl_yamlencode(struct hcl_call *c)
{
	struct buf out = { 0 };
	yaml_emitter_t y;
	bool good;

	if (yaml_emitter_initialize(&y) == 0)
		return hcl_func_fail(c, "there is no memory for it");
	yaml_emitter_set_unicode(&y, 1);
	yaml_emitter_set_output(&y, write_more, &out);
	good = put_document(&y, c->args[0]);
	yaml_emitter_delete(&y);
	if (good)
		return hcl_func_text(c, &out);
	buf_release(&out);
	return hcl_func_fail(
	    c, "the value is too large, or not all of it is text");
}
