/* What the config, its files and a catalog's keys say. */
#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/lbd.h"
#include "cmd/lbd/worker.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"

static uint64_t
to_ms(int64_t ns)
{
	return (uint64_t)(ns / CLOCK_NS_PER_MS);
}

struct options *
lbd_options_new(
    const struct lbd_config *c, const struct buf *more, struct err *err)
{
	struct options *o = xcalloc(1, sizeof *o);
	struct buf page = { 0 };

	atomic_init(&o->refs, 1);
	o->strategy =
	    strcmp(c->strategy, "rr") == 0 ? RTABLE_ROUND_ROBIN : RTABLE_RANDOM;
	o->no_route_status = (int)c->no_route_status;
	o->dial_ms = to_ms(c->dial_timeout);
	o->header_ms = to_ms(c->response_header_timeout);
	o->idle_ms = to_ms(c->idle_conn_timeout);
	o->keepalive_ms = to_ms(c->keepalive_timeout);
	o->shutdown_ms = to_ms(c->shutdown_wait);
	o->max_conns = c->max_conns;
	o->max_upstream_conns = c->max_upstream_conns;
	o->forward.local_ip = xstrdup(c->local_ip);
	o->forward.client_ip = xstrdup(c->header_client_ip);
	o->forward.request_id = xstrdup(c->header_request_id);
	o->forward.tls = xstrdup("");
	o->forward.tls_value = xstrdup("");
	if (c->no_route_file[0] != '\0' &&
	    file_read(c->no_route_file, LBD_MAX_NOROUTE, &page, err) == -1) {
		buf_release(&page);
		options_unref(o);
		return NULL;
	}
	if (page.len == 0)
		buf_add(&page, buf_str(more), more->len);
	o->no_route_len = page.len;
	o->no_route_page = buf_take(&page);
	return o;
}

int
lbd_load_routes(struct sources *s, const struct lbd_config *c, const char *more,
    struct err *err)
{
	struct buf text = { 0 }, file = { 0 };
	int rc = 0;

	if (c->routes_file[0] != '\0')
		rc = file_read(c->routes_file, LBD_MAX_ROUTES, &file, err);
	/* By itself first, so that a complaint's line number is its own. */
	if (rc == 0 && sources_set_file(s, buf_str(&file), file.len, err) == -1)
		rc = err_add(err, "%s", c->routes_file);
	if (rc == 0 && (c->routes[0] != '\0' || more[0] != '\0')) {
		buf_addf(&text, "%s\n%s\n%s", c->routes, buf_str(&file), more);
		rc = sources_set_file(s, buf_str(&text), text.len, err);
	}
	buf_release(&text);
	buf_release(&file);
	return rc;
}

int
lbd_set_more_routes(struct lbd *l, const char *text, struct err *err)
{
	if (strcmp(buf_str(&l->more_routes), text) == 0)
		return 0;
	if (lbd_load_routes(&l->sources, l->config, text, err) == -1)
		return -1;
	buf_reset(&l->more_routes);
	buf_adds(&l->more_routes, text);
	lbd_changed(l);
	return 0;
}

void
lbd_set_page(struct lbd *l, const struct buf *page)
{
	struct options *o;
	struct err err;

	if (page->len == l->page.len &&
	    memcmp(buf_str(page), buf_str(&l->page), page->len) == 0)
		return;
	buf_reset(&l->page);
	buf_add(&l->page, buf_str(page), page->len);
	o = lbd_options_new(l->config, &l->page, &err);
	if (o == NULL) {
		log_warn("the page for no route stays as it is error=\"%s\"",
		    err.text);
		return;
	}
	options_unref(l->options);
	l->options = o;
	lbd_changed(l);
}
