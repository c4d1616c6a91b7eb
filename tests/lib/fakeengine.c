#include "tests/lib/fakeengine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static void
hold(struct fake_engine *f, struct http_req *r)
{
	ck_assert_uint_lt(f->nheld, FAKE_MAX_HELD);
	f->held[f->nheld++] = r;
}

static void
follow(struct fake_engine *f, struct http_req *r, const struct fake_rule *rule)
{
	size_t n = strlen(rule->body);

	switch (rule->way) {
	case FAKE_ANSWER:
		http_reply(r, rule->status, "application/json", rule->body, n);
		break;
	case FAKE_HANG:
		hold(f, r);
		break;
	case FAKE_CUT:
		http_begin(r, 200, (int64_t)n + 100);
		http_write(r, rule->body, n);
		http_abort(r);
		break;
	case FAKE_STREAM:
		http_begin(r, 200, -1);
		http_write(r, rule->body, n);
		hold(f, r);
		break;
	}
}

static void
on_request(void *ctx, struct http_req *r)
{
	struct fake_engine *f = ctx;
	size_t n;
	const char *body = http_body(r, &n);

	buf_addf(&f->asked, "%s %s\n", http_method(r), http_target(r));
	buf_add(&f->bodies, body, n);
	buf_addc(&f->bodies, '\n');
	for (size_t i = f->nrules; i-- > 0;) {
		struct fake_rule *rule = &f->rules[i];

		if (rule->used || strcmp(rule->method, http_method(r)) != 0 ||
		    strstr(http_target(r), rule->path) == NULL)
			continue;
		rule->used = rule->once;
		follow(f, r, rule);
		return;
	}
	http_reply(
	    r, 404, "application/json", "{\"message\":\"page not found\"}", 28);
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct fake_engine *f = ctx;

	for (size_t i = 0; i < f->nheld; i++)
		if (f->held[i] == r)
			f->held[i] = f->held[--f->nheld];
}

void
fake_engine_go_on(struct fake_engine *f)
{
	static const struct http_ops ops = { .on_request = on_request,
		.on_gone = on_gone };
	struct err err;

	f->server = http_server_new(f->loop, f->addr, NULL, &ops, f, &err);
	ck_assert_msg(f->server != NULL, "%s", err.text);
}

void
fake_engine_init(struct fake_engine *f, struct loop *l)
{
	memset(f, 0, sizeof *f);
	f->loop = l;
	snprintf(f->dir, sizeof f->dir, "%s/rove-test.XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	snprintf(f->addr, sizeof f->addr, "unix:%s/s", f->dir);
	snprintf(f->endpoint, sizeof f->endpoint, "unix://%s/s", f->dir);
	fake_engine_on(f, "GET", "/version", 200,
	    "{\"Version\":\"99.1\",\"ApiVersion\":\"1.41\","
	    "\"MinAPIVersion\":\"1.12\"}");
	fake_engine_on(f, "GET", "/info", 200,
	    "{\"OSType\":\"linux\",\"Runtimes\":{\"runc\":{},\"crun\":{}}}");
	fake_engine_on(f, "GET", "/networks/bridge", 200,
	    "{\"IPAM\":{\"Config\":[{\"Gateway\":\"172.17.0.1\"}]}}");
	fake_engine_go_on(f);
}

void
fake_engine_stop(struct fake_engine *f)
{
	char path[96];

	f->nheld = 0;
	http_server_free(f->server);
	f->server = NULL;
	snprintf(path, sizeof path, "%s/s", f->dir);
	unlink(path);
}

void
fake_engine_release(struct fake_engine *f)
{
	fake_engine_stop(f);
	rmdir(f->dir);
	buf_release(&f->asked);
	buf_release(&f->bodies);
}

static void
add_rule(struct fake_engine *f, struct fake_rule rule)
{
	ck_assert_uint_lt(f->nrules, FAKE_MAX_RULES);
	f->rules[f->nrules++] = rule;
}

void
fake_engine_on(struct fake_engine *f, const char *method, const char *path,
    int status, const char *body)
{
	add_rule(f, (struct fake_rule){ .method = method,
			.path = path,
			.status = status,
			.body = body });
}

void
fake_engine_once(struct fake_engine *f, const char *method, const char *path,
    int status, const char *body)
{
	fake_engine_on(f, method, path, status, body);
	f->rules[f->nrules - 1].once = true;
}

void
fake_engine_way(struct fake_engine *f, const char *method, const char *path,
    enum fake_way way, const char *body)
{
	add_rule(f, (struct fake_rule){ .method = method,
			.path = path,
			.status = 200,
			.body = body,
			.way = way });
}

int
fake_engine_asked(const struct fake_engine *f, const char *text)
{
	const char *p = buf_str(&f->asked);
	int n = 0;

	while ((p = strstr(p, text)) != NULL) {
		n++;
		p += strcspn(p, "\n");
	}
	return n;
}

void
fake_engine_end(struct fake_engine *f, const char *path, const char *more)
{
	for (size_t i = f->nheld; i-- > 0;) {
		struct http_req *r = f->held[i];

		if (strstr(http_target(r), path) == NULL)
			continue;
		f->held[i] = f->held[--f->nheld];
		if (!http_has_begun(r)) {
			http_reply(r, 200, NULL, more, strlen(more));
			continue;
		}
		http_write(r, more, strlen(more));
		http_end(r);
	}
}
