#include "cmd/rove/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/http/addr.h"
#include "common/http/http.h"
#include "common/mem.h"

#define DEFAULT_PORT "4646"
#define BODY_SHOWN   512 /* of an error's text */

void
client_set(char **member, const char *value)
{
	char *copy = value != NULL && *value != '\0' ? xstrdup(value) : NULL;

	free(*member);
	*member = copy;
}

/* What the flag says, else the environment; NULL when neither. */
static void
from_env(char **member, const char *flag, const char *name)
{
	client_set(member, flag != NULL ? flag : getenv(name));
}

/* "http://host:port/" or "https://..." to "host:port". */
static int
parse_address(struct client *c, struct err *err)
{
	const char *s = c->shown;
	size_t n;

	if (strncmp(s, "unix://", 7) == 0) {
		c->addr = xasprintf("unix:%s", s + 7);
		return 0;
	}
	c->is_https = strncmp(s, "https://", 8) == 0;
	if (c->is_https || strncmp(s, "http://", 7) == 0)
		s = strstr(s, "://") + 3;
	else if (strstr(s, "://") != NULL)
		return err_set(err, ERR_BAD,
		    "address %s: expected http://HOST:PORT, https://HOST:PORT "
		    "or unix:///PATH",
		    s);
	n = strcspn(s, "/");
	if (n == 0 || (s[n] == '/' && s[n + 1] != '\0'))
		return err_set(err, ERR_BAD,
		    "address %s: expected http://HOST:PORT", c->shown);
	c->addr = xstrndup(s, n);
	s = strrchr(c->addr, ']') != NULL ? strrchr(c->addr, ']') : c->addr;
	if (strchr(s, ':') == NULL) {
		char *with_port = xasprintf("%s:" DEFAULT_PORT, c->addr);

		free(c->addr);
		c->addr = with_port;
	}
	return 0;
}

int
client_init(struct client *c, const char *address, const char *region,
    const char *namespace, const char *token, struct err *err)
{
	*c = (struct client){ .timeout_ms = CLIENT_TIMEOUT_MS };
	from_env(&c->shown, address, "NOMAD_ADDR");
	if (c->shown == NULL)
		c->shown = xstrdup(CLIENT_DEFAULT_ADDR);
	from_env(&c->region, region, "NOMAD_REGION");
	from_env(&c->namespace, namespace, "NOMAD_NAMESPACE");
	from_env(&c->token, token, "NOMAD_TOKEN");
	if (parse_address(c, err) == -1) {
		client_release(c);
		return -1;
	}
	return 0;
}

void
client_release(struct client *c)
{
	free(c->shown);
	free(c->addr);
	free(c->region);
	free(c->namespace);
	free(c->token);
	tls_keys_free(c->keys);
	*c = (struct client){ 0 };
}

/* --- targets --- */

char *
client_path(const char *before, const char *id, const char *after)
{
	struct buf b = { 0 };

	buf_adds(&b, before);
	http_escape(id, &b);
	buf_adds(&b, after);
	return buf_take(&b);
}

static void
add_param(struct buf *target, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_addc(target, strchr(target->data, '?') == NULL ? '?' : '&');
	buf_addf(target, "%s=", name);
	http_escape(value, target);
}

/* A namespace that params name counts more than the client's own. */
static char *
target_of(const struct client *c, const char *path, const char *params)
{
	struct buf b = { 0 };

	buf_adds(&b, path);
	if (params != NULL && *params != '\0')
		buf_addf(&b, "?%s", params);
	add_param(&b, "region", c->region);
	if (params == NULL || strstr(params, "namespace=") == NULL)
		add_param(&b, "namespace", c->namespace);
	return buf_take(&b);
}

/* --- calls --- */

static void
read_index(struct client *c, const struct buf *fields)
{
	static const char name[] = "X-Nomad-Index:";
	const char *p = buf_str(fields);

	c->index = 0;
	while (p != NULL && *p != '\0') {
		if (strncasecmp(p, name, sizeof name - 1) == 0)
			c->index = strtoull(p + sizeof name - 1, NULL, 10);
		p = strchr(p, '\n');
		if (p != NULL)
			p++;
	}
}

static int
unreached(const struct client *c, struct err *err)
{
	if (err != NULL) {
		struct err was = *err;
		const char *why = was.text;
		size_t n = strlen(c->addr);

		if (strncmp(why, c->addr, n) == 0 && why[n] == ':')
			why += n + 2;
		err_set(err, was.code, "no answer from the agent at %s: %s",
		    c->shown, why);
		client_tls_explain(&c->tls, err);
	}
	return -1;
}

static int
check_status(int status, const struct buf *body, struct err *err)
{
	enum err_code code = ERR_INTERNAL;
	size_t n = body->len < BODY_SHOWN ? body->len : BODY_SHOWN;

	if (status >= 200 && status < 300)
		return 0;
	while (n > 0 && (body->data[n - 1] == '\n' || body->data[n - 1] == ' '))
		n--;
	if (status == 404)
		code = ERR_NOT_FOUND;
	else if (status == 403)
		code = ERR_DENIED;
	else if (status >= 400 && status < 500)
		code = ERR_BAD;
	return err_set(err, code, "Unexpected response code: %d (%.*s)", status,
	    (int)n, buf_str(body));
}

static size_t
fill_headers(
    const struct client *c, bool has_body, const char **h, char **token)
{
	size_t n = 0;

	if (has_body)
		h[n++] = "Content-Type: application/json";
	if (c->token != NULL) {
		*token = xasprintf("X-Nomad-Token: %s", c->token);
		h[n++] = *token;
	}
	return n;
}

/* How the next call is to be made. */
static int
use_tls(struct client *c, struct err *err)
{
	struct http_addr to;

	if (c->is_https && c->keys == NULL) {
		client_tls_from_env(&c->tls);
		if (http_addr_parse(&to, c->addr, err) == -1)
			return -1;
		c->keys = client_tls_keys(&c->tls, to.host, err);
		if (c->keys == NULL)
			return -1;
	}
	http_ask_use_tls(c->keys);
	return 0;
}

int
client_call(struct client *c, const char *method, const char *path,
    const char *params, const struct buf *body, struct buf *out,
    struct err *err)
{
	char *target, *token = NULL;
	const char *headers[2];
	size_t nheaders;
	struct buf fields = { 0 };
	int status = 0, rc;

	if (use_tls(c, err) == -1)
		return -1;
	target = target_of(c, path, params);
	nheaders = fill_headers(c, body != NULL, headers, &token);
	rc = http_ask(c->addr, method, target, headers, nheaders,
	    body != NULL ? body->data : NULL, body != NULL ? body->len : 0,
	    c->timeout_ms, &status, &fields, out, err);
	if (rc == -1)
		unreached(c, err);
	else
		rc = check_status(status, out, err);
	read_index(c, &fields);
	buf_release(&fields);
	free(target);
	free(token);
	return rc;
}

/* Decodes an answer; null and nothing at all leave the record zeroed. */
static int
decode(const char *path, const struct rec_type *type, void *rec,
    const struct buf *body, struct err *err)
{
	if (body->len == 0 || strncmp(body->data, "null", 4) == 0)
		return 0;
	if (rec_from_json(type, rec, body->data, body->len, err) == -1)
		return err_add(err, "answer to %s", path);
	return 0;
}

int
client_get(struct client *c, const char *path, const char *params,
    const struct rec_type *type, void *rec, struct err *err)
{
	struct buf body = { 0 };
	int rc;

	memset(rec, 0, type->size);
	rc = client_call(c, "GET", path, params, NULL, &body, err);
	if (rc == 0)
		rc = decode(path, type, rec, &body, err);
	buf_release(&body);
	return rc;
}

int
client_try(struct client *c, const char *path, const char *params,
    const struct rec_type *type, void *rec)
{
	uint64_t usual_ms = c->timeout_ms;
	int rc;

	c->timeout_ms = CLIENT_TRY_MS;
	rc = client_get(c, path, params, type, rec, NULL);
	c->timeout_ms = usual_ms;
	return rc;
}

int
client_await(struct client *c, const char *path, uint64_t index,
    uint64_t wait_ms, const struct rec_type *type, void *rec, struct err *err)
{
	uint64_t usual_ms = c->timeout_ms;
	char params[64];
	int rc;

	snprintf(params, sizeof params, "index=%" PRIu64 "&wait=%" PRIu64 "ms",
	    index, wait_ms);
	c->timeout_ms = usual_ms + 2 * wait_ms;
	rc = client_get(c, path, index == 0 ? NULL : params, type, rec, err);
	c->timeout_ms = usual_ms;
	return rc;
}

int
client_put(struct client *c, const char *path, const char *params,
    const struct rec_type *body_type, const void *body,
    const struct rec_type *type, void *rec, struct err *err)
{
	struct buf text = { 0 }, answer = { 0 };
	int rc;

	if (rec != NULL)
		memset(rec, 0, type->size);
	if (body_type != NULL)
		rec_to_json(body_type, body, &text, 0);
	else
		buf_adds(&text, "{}");
	rc = client_call(c, "PUT", path, params, &text, &answer, err);
	if (rc == 0 && rec != NULL)
		rc = decode(path, type, rec, &answer, err);
	buf_release(&text);
	buf_release(&answer);
	return rc;
}

/* --- lists --- */

struct list {
	void *items;
	size_t nitems;
};

/* Types of such lists, made when they are first asked for and kept: records
 * are known by the address of their type. */
static struct {
	const struct rec_type *item;
	struct rec_field field;
	struct rec_type list;
} list_types[CLIENT_MAX_LISTS];

static const struct rec_type *
list_type(const struct rec_type *item)
{
	size_t i = 0;

	while (list_types[i].item != NULL && list_types[i].item != item)
		if (++i == CLIENT_MAX_LISTS)
			abort();
	list_types[i].item = item;
	list_types[i].field = (struct rec_field){ .name = "items",
		.json = "Items",
		.tag = 1,
		.kind = REC_K_REC,
		.shape = REC_LIST_OF,
		.offset = offsetof(struct list, items),
		.extra = offsetof(struct list, nitems),
		.align = _Alignof(void *),
		.type = item };
	list_types[i].list = (struct rec_type){ .name = "list",
		.size = sizeof(struct list),
		.fields = &list_types[i].field,
		.nfields = 1 };
	return &list_types[i].list;
}

int
client_list(struct client *c, const char *path, const char *params,
    const struct rec_type *type, void *items, size_t *n, struct err *err)
{
	struct buf body = { 0 }, text = { 0 };
	struct list list = { 0 };
	int rc = client_call(c, "GET", path, params, NULL, &body, err);

	if (rc == 0) {
		buf_addf(&text, "{\"Items\":");
		buf_add(&text, body.len > 0 ? body.data : "null",
		    body.len > 0 ? body.len : 4);
		buf_addc(&text, '}');
		rc = decode(path, list_type(type), &list, &text, err);
	}
	memcpy(items, &list.items, sizeof list.items);
	*n = list.nitems;
	buf_release(&body);
	buf_release(&text);
	return rc;
}

void
client_free_list(const struct rec_type *type, void *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rec_clear(type, (char *)items + i * type->size);
	free(items);
}

int
client_stream(struct client *c, const char *path, const char *params,
    bool (*on_piece)(void *ctx, const char *p, size_t n), void *ctx,
    struct err *err)
{
	char *target, *token = NULL;
	const char *headers[2];
	size_t nheaders;
	struct buf out = { 0 };
	int status = 0, rc;

	if (use_tls(c, err) == -1)
		return -1;
	target = target_of(c, path, params);
	nheaders = fill_headers(c, false, headers, &token);
	rc = http_ask_stream(c->addr, "GET", target, headers, nheaders,
	    c->timeout_ms, on_piece, ctx, &status, &out, err);
	if (rc == -1)
		unreached(c, err);
	else
		rc = check_status(status, &out, err);
	buf_release(&out);
	free(target);
	free(token);
	return rc;
}
