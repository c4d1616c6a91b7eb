#include "cmd/schedd/peersfile.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "cmd/schedd/schedd.h"
#include "common/file.h"
#include "common/http/addr.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/recover.h"

enum member { NO_MEMBER, ID, ADDRESS, NON_VOTER };

struct reader {
	const char *text;
	yajl_handle yajl;
	const struct peersfile_self *self;
	struct raft_config *out;
	struct err *err;
	size_t at_end; /* all of so many bytes was read; 0: not yet */
	size_t line;   /* of the mistake */

	bool in_list, in_server, has_list;
	enum member member;
	struct raft_server server; /* being read */
	bool has[NON_VOTER + 1];   /* of its members */
	bool is_self, has_self;
};

/* The line up to which the text has been read. */
static size_t
line_of(const struct reader *r)
{
	size_t n = r->at_end > 0 ? r->at_end : yajl_get_bytes_consumed(r->yajl);
	size_t line = 1;

	for (size_t i = 0; i < n; i++)
		line += r->text[i] == '\n';
	return line;
}

static int __attribute__((format(printf, 2, 3)))
refuse(struct reader *r, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->line = line_of(r);
	err_set(r->err, ERR_BAD, "%s", text);
	return 0;
}

/* --- values --- */

/* 8-4-4-4-12, as ids of servers are. */
static bool
is_id(const char *s, size_t n)
{
	if (n != 36)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return true;
}

static int
take_id(struct reader *r, const char *id, size_t n)
{
	uint64_t number = 0;
	char *text;

	if (!is_id(id, n))
		return refuse(r, "\"%.*s\" is no id of a server", (int)n, id);
	text = xstrndup(id, n);
	number = schedd_raft_id(text);
	r->is_self = strcmp(text, r->self->id) == 0;
	free(text);
	for (size_t i = 0; i < r->out->n; i++)
		if (r->out->servers[i].id == number)
			return refuse(
			    r, "the id %.*s is there twice", (int)n, id);
	r->server.id = number;
	return 1;
}

static int
take_address(struct reader *r, const char *addr, size_t n)
{
	static const char scheme[] = "tcp://";
	struct http_addr a;
	struct err why;
	char *text = xstrndup(addr, n);
	bool is_good = strlen(text) == n &&
		       http_addr_parse(&a, text, &why) == 0 &&
		       a.host[0] != '\0' && atoi(a.port) > 0;

	free(text);
	if (!is_good || n + sizeof scheme > RAFT_ADDR_MAX)
		return refuse(r, "\"%.*s\" is no address like 10.0.0.1:4645",
		    (int)(n < 200 ? n : 200), addr);
	snprintf(r->server.addr, sizeof r->server.addr, "%s%.*s", scheme,
	    (int)n, addr);
	return 1;
}

static int
on_text(void *ctx, const unsigned char *s, size_t n)
{
	struct reader *r = ctx;

	if (r->member == ID)
		return take_id(r, (const char *)s, n);
	if (r->member == ADDRESS)
		return take_address(r, (const char *)s, n);
	if (r->in_list && !r->in_server)
		return refuse(r,
		    "a server is { \"id\": .., \"address\": .. } and no text");
	return refuse(r, "text where none is expected");
}

static int
on_bool(void *ctx, int v)
{
	struct reader *r = ctx;

	if (r->member != NON_VOTER)
		return refuse(r, "true or false where none is expected");
	r->server.voice = v ? RAFT_LEARNER : RAFT_VOTER;
	return 1;
}

static int
on_number(void *ctx, const char *s, size_t n)
{
	return refuse(ctx, "the number %.*s where none is expected",
	    (int)(n < 40 ? n : 40), s);
}

static int
on_null(void *ctx)
{
	return refuse(ctx, "null where none is expected");
}

/* --- structure --- */

static int
on_list(void *ctx)
{
	struct reader *r = ctx;

	if (r->has_list)
		return refuse(r, "a list where none is expected");
	r->in_list = r->has_list = true;
	return 1;
}

static int
on_list_end(void *ctx)
{
	struct reader *r = ctx;

	r->in_list = false;
	return 1;
}

static int
on_server(void *ctx)
{
	struct reader *r = ctx;

	if (!r->in_list || r->in_server)
		return refuse(r, "a group where none is expected: the file is "
				 "a list of servers");
	if (r->out->n == RAFT_SERVERS_MAX)
		return refuse(r, "more than %d servers", RAFT_SERVERS_MAX);
	r->in_server = true;
	r->is_self = false;
	memset(r->has, 0, sizeof r->has);
	r->server = (struct raft_server){ .voice = RAFT_VOTER };
	return 1;
}

static int
on_key(void *ctx, const unsigned char *s, size_t n)
{
	static const char *const names[] = { "", "id", "address", "non_voter" };
	struct reader *r = ctx;

	for (size_t i = ID; i <= NON_VOTER; i++)
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0) {
			if (r->has[i])
				return refuse(
				    r, "\"%s\" is there twice", names[i]);
			r->has[i] = true;
			r->member = (enum member)i;
			return 1;
		}
	return refuse(r, "\"%.*s\" is none of id, address and non_voter",
	    (int)(n < 40 ? n : 40), s);
}

static int
on_server_end(void *ctx)
{
	struct reader *r = ctx;
	const char *addr = r->server.addr, *own = r->self->addr;

	r->in_server = false;
	r->member = NO_MEMBER;
	if (r->server.id == 0)
		return refuse(r, "a server without an id");
	if (*addr == '\0')
		return refuse(r, "a server without an address");
	if (r->is_self && *own != '\0' &&
	    strcmp(strstr(addr, "://") + 3, own) != 0)
		return refuse(r,
		    "this server is reached at %s, by its Raft address, and "
		    "not at %s",
		    own, strstr(addr, "://") + 3);
	r->has_self |= r->is_self;
	r->out->servers[r->out->n++] = r->server;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_text,
	.yajl_start_map = on_server,
	.yajl_map_key = on_key,
	.yajl_end_map = on_server_end,
	.yajl_start_array = on_list,
	.yajl_end_array = on_list_end,
};

/* --- all of it --- */

static int
read_all(struct reader *r, size_t n)
{
	const unsigned char *text = (const unsigned char *)r->text;
	yajl_status rc = yajl_parse(r->yajl, text, n);

	if (rc == yajl_status_ok) {
		r->at_end = n;
		rc = yajl_complete_parse(r->yajl);
	}
	if (rc == yajl_status_ok)
		return 0;
	if (rc == yajl_status_error) {
		unsigned char *why = yajl_get_error(r->yajl, 0, text, n);

		((char *)why)[strcspn((char *)why, "\n")] = '\0';
		refuse(r, "%s", (char *)why);
		yajl_free_error(r->yajl, why);
	}
	return -1;
}

static int
check(const struct reader *r, const char *name, struct err *err)
{
	size_t nvoters = 0;

	for (size_t i = 0; i < r->out->n; i++)
		nvoters += r->out->servers[i].voice == RAFT_VOTER;
	if (!r->has_self)
		return err_set(err, ERR_BAD,
		    "%s: this server is not in it: its id is %s", name,
		    r->self->id);
	if (nvoters == 0)
		return err_set(
		    err, ERR_BAD, "%s: none of the servers votes", name);
	return 0;
}

int
peersfile_parse(struct raft_config *out, const char *name, const char *text,
    size_t n, const struct peersfile_self *self, struct err *err)
{
	struct reader r = {
		.text = text, .self = self, .out = out, .err = err
	};
	int rc;

	*out = (struct raft_config){ 0 };
	r.yajl = yajl_alloc(&callbacks, NULL, &r);
	rc = read_all(&r, n);
	yajl_free(r.yajl);
	if (rc == -1)
		return err_add(err, "%s:%zu", name, r.line);
	return check(&r, name, err);
}

static int
recover(const char *dir, const char *path, const struct buf *text,
    const struct peersfile_self *self, struct err *err)
{
	struct raft_config config;
	struct raft_recover_opts o = { .dir = dir,
		.server_id = schedd_raft_id(self->id),
		.config = &config };
	struct raft_recovery done;

	if (peersfile_parse(&config, path, text->data != NULL ? text->data : "",
		text->len, self, err) == -1)
		return -1;
	if (raft_recover(&o, &done, err) == -1)
		return err_add(err, "%s", path);
	log_warn("cluster recovered file=%s servers=%zu index=%" PRIu64
		 " term=%" PRIu64 " cluster=%016" PRIx64 " before=%016" PRIx64
		 " old_log=%s",
	    path, config.n, done.last, done.last_term, done.cluster,
	    done.cluster_before, done.aside);
	return 1;
}

int
peersfile_recover(
    const char *dir, const struct peersfile_self *self, struct err *err)
{
	char *path = xasprintf("%s/" PEERSFILE_NAME, dir);
	struct buf text = { 0 };
	int rc = raft_recover_settle(dir, NULL, err);

	if (rc == 0 && file_read(path, PEERSFILE_MAX_BYTES, &text, err) == 0)
		rc = recover(dir, path, &text, self, err);
	else if (rc == 0 && errno != ENOENT)
		rc = -1;
	buf_release(&text);
	free(path);
	return rc;
}
