#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/lbd/consul.h"
#include "cmd/lbd/lbd.h"
#include "cmd/lbd/worker.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

/* --- tables --- */

static void
log_notes(const struct rtable *t)
{
	const char *p = buf_str(&t->notes);

	for (size_t n; *p != '\0'; p += n) {
		n = strcspn(p, "\n") + 1;
		log_warn("%.*s", (int)(n - 1), p);
	}
}

void
lbd_rebuild(struct lbd *l)
{
	struct buf text = { 0 };
	struct rtable *t;
	struct err err;

	loop_timer_cancel(l->settle);
	sources_text(&l->sources, &text);
	t = rtable_new(buf_str(&text), text.len, &l->sources.options, &err);
	buf_release(&text);
	if (t == NULL) {
		log_error("the new table is refused, the old one stays "
			  "error=\"%s\"",
		    err.text);
		return;
	}
	rtable_unref(l->table);
	l->table = t;
	l->version++;
	log_notes(t);
	log_info("table version=%" PRIu64 " routes=%zu targets=%zu", l->version,
	    t->nroutes, t->ntargets);
	for (size_t i = 0; i < l->nworkers; i++)
		worker_set_table(&l->workers[i], t, l->options);
}

static void
on_settled(void *arg)
{
	lbd_rebuild(arg);
	lbd_open(arg);
}

void
lbd_changed(struct lbd *l)
{
	/* From the first change: steady ones must not put the table off. */
	if (!loop_timer_is_set(l->settle))
		loop_timer_set(l->settle, LBD_SETTLE_MS);
}

void
lbd_open(struct lbd *l)
{
	if (l->open)
		return;
	l->open = true;
	loop_timer_cancel(l->first);
	for (size_t i = 0; i < l->nworkers; i++)
		worker_open(&l->workers[i]);
	log_info("proxy listens addr=%s workers=%zu", l->config->proxy_addr,
	    l->nworkers);
}

static void
on_first_late(void *arg)
{
	log_warn("no services known yet: starting without");
	lbd_open(arg);
}

/* --- workers --- */

static void
on_worker_gone(void *arg)
{
	struct lbd *l = arg;

	if (--l->nrunning == 0 && l->daemon->stopping)
		daemon_exit(l->daemon, 0);
}

/* On the worker's thread. */
static void
on_worker_end(void *ctx, struct worker *w)
{
	struct lbd *l = ctx;

	(void)w;
	loop_post(l->daemon->loop, on_worker_gone, l);
}

/* With port 0 the system chooses: the other workers need what it chose. */
static char *
bound_addr(int fd, const char *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	size_t n = strlen(addr);
	in_port_t port = 0;

	if (n < 2 || strcmp(addr + n - 2, ":0") != 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return xstrdup(addr);
	if (ss.ss_family == AF_INET)
		port = ((struct sockaddr_in *)&ss)->sin_port;
	else if (ss.ss_family == AF_INET6)
		port = ((struct sockaddr_in6 *)&ss)->sin6_port;
	return xasprintf("%.*s:%u", (int)(n - 2), addr, (unsigned)ntohs(port));
}

/* Sharing a port would also share it with a stranger of the same user, so it
 * is first asked for alone. */
static int
check_port_free(const char *addr, struct err *err)
{
	int fd = http_listen(addr, false, err);

	if (fd == -1)
		return -1;
	close(fd);
	return 0;
}

static size_t
count_workers(const struct lbd_config *c)
{
	long ncores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = c->workers > 0 ? c->workers
		   : ncores > 0   ? (size_t)ncores
				  : 1;

	if (strncmp(c->proxy_addr, "unix:", 5) == 0)
		return 1;
	return n > LBD_MAX_WORKERS ? LBD_MAX_WORKERS : n;
}

/* One descriptor for each worker; what was opened before a failure is closed
 * again. */
static int
bind_proxy(const struct lbd_config *c, int *fds, size_t n, struct err *err)
{
	char *addr = xstrdup(c->proxy_addr);
	int rc = check_port_free(addr, err);
	size_t i;

	for (i = 0; i < n && rc == 0; i++) {
		char *bound;

		fds[i] = http_listen(addr, n > 1, err);
		if (fds[i] == -1) {
			rc = -1;
			break;
		}
		bound = bound_addr(fds[i], addr);
		free(addr);
		addr = bound;
	}
	while (rc == -1 && i > 0)
		close(fds[--i]);
	free(addr);
	return rc == -1 ? err_add(err, "proxy") : 0;
}

/* The descriptors are theirs from now on, even after a failure. */
static int
start_workers(struct lbd *l, const int *fds, size_t n, struct err *err)
{
	l->workers = xcalloc(n, sizeof *l->workers);
	for (size_t i = 0; i < n; i++) {
		if (worker_start(&l->workers[i], i, fds[i], on_worker_end, l,
			err) == -1) {
			for (; i < n; i++)
				close(fds[i]);
			return err_add(err, "proxy");
		}
		l->nrunning = ++l->nworkers;
	}
	return 0;
}

/* All ports are bound before the first worker is a thread of its own. */
static int
open_doors(struct lbd *l, struct err *err)
{
	const struct lbd_config *c = l->config;
	int fds[LBD_MAX_WORKERS];
	size_t n = count_workers(c);

	if (bind_proxy(c, fds, n, err) == -1)
		return -1;
	l->ui = ui_new(l, c->ui_addr, err);
	if (l->ui == NULL || daemon_ports_bound(l->daemon, err) == -1) {
		for (size_t i = 0; i < n; i++)
			close(fds[i]);
		return err_add(err, "ui");
	}
	return start_workers(l, fds, n, err);
}

/* --- the life --- */

static int
start_parts(struct lbd *l, struct err *err)
{
	const struct lbd_config *c = l->config;

	l->options = lbd_options_new(c, &l->page, err);
	if (l->options == NULL ||
	    lbd_load_routes(&l->sources, c, "", err) == -1 ||
	    open_doors(l, err) == -1)
		return -1;
	/* The proxy's is meant to be open. */
	if (c->ui_addr[0] != '\0')
		daemon_warn_if_shown("ui", c->ui_addr);
	if (strcmp(c->registry, "agent") == 0) {
		l->follow = follow_new(l, c->common.run_dir, err);
		if (l->follow == NULL)
			return err_add(err, "nodeagent");
	}
	if (strcmp(c->registry, "consul") == 0)
		l->consul = consul_new(l);
	return 0;
}

static void
on_grace_over(void *arg)
{
	struct lbd *l = arg;

	for (size_t i = 0; i < l->nworkers; i++)
		worker_stop(&l->workers[i]);
	if (l->nrunning == 0)
		daemon_exit(l->daemon, 0);
}

int
lbd_start(struct daemon *d, struct err *err)
{
	struct lbd *l = xcalloc(1, sizeof *l);
	const struct lbd_config *c = d->config;
	struct rtable_options o = { .no_globs = c->no_globs };

	match_kind_parse(c->matcher, &o.matcher);
	d->state = l;
	l->daemon = d;
	l->meter.source = d->def->name;
	l->config = c;
	l->settle = loop_timer_new(d->loop, on_settled, l);
	l->first = loop_timer_new(d->loop, on_first_late, l);
	l->grace = loop_timer_new(d->loop, on_grace_over, l);
	sources_init(&l->sources, &o, c->tag_prefix, c->datacenter);
	if (start_parts(l, err) == -1)
		return -1;
	lbd_rebuild(l);
	if (l->follow == NULL && l->consul == NULL)
		lbd_open(l);
	else
		loop_timer_set(l->first, LBD_FIRST_MS);
	return 0;
}

/* What only a new start can change. */
static int
check_reload(
    const struct lbd_config *a, const struct lbd_config *b, struct err *err)
{
	const struct {
		const char *name, *from, *to;
	} texts[] = {
		{ "proxy_addr", a->proxy_addr, b->proxy_addr },
		{ "ui_addr", a->ui_addr, b->ui_addr },
		{ "matcher", a->matcher, b->matcher },
		{ "tag_prefix", a->tag_prefix, b->tag_prefix },
		{ "registry", a->registry, b->registry },
		{ "datacenter", a->datacenter, b->datacenter },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(texts[i].from, texts[i].to) != 0)
			return err_set(err, ERR_BAD,
			    "%s cannot change without a restart",
			    texts[i].name);
	if (a->workers != b->workers || a->no_globs != b->no_globs ||
	    !rec_equal(&lbd_consul_type, &a->consul, &b->consul))
		return err_set(err, ERR_BAD,
		    "workers, no_globs and consul cannot change without a "
		    "restart");
	return 0;
}

int
lbd_reload(struct daemon *d, const void *config, struct err *err)
{
	struct lbd *l = d->state;
	struct options *o;

	if (check_reload(l->config, config, err) == -1)
		return -1;
	o = lbd_options_new(config, &l->page, err);
	if (o == NULL)
		return -1;
	if (lbd_load_routes(
		&l->sources, config, buf_str(&l->more_routes), err) == -1) {
		options_unref(o);
		return -1;
	}
	options_unref(l->options);
	l->options = o;
	lbd_rebuild(l);
	return 0;
}

static void
on_left(void *arg)
{
	struct lbd *l = arg;

	loop_timer_set(l->grace,
	    (uint64_t)(l->config->deregister_grace / CLOCK_NS_PER_MS));
}

/* Whoever sends traffic here by a catalog is told first. */
void
lbd_stop(struct daemon *d)
{
	struct lbd *l = d->state;

	if (l->consul != NULL)
		consul_leave(l->consul, on_left, l);
	else
		on_grace_over(l);
}

void
lbd_release(struct daemon *d)
{
	struct lbd *l = d->state;

	if (l == NULL)
		return;
	for (size_t i = 0; i < l->nworkers; i++) {
		worker_stop(&l->workers[i]);
		worker_join(&l->workers[i]);
	}
	free(l->workers);
	follow_free(l->follow);
	consul_free(l->consul);
	ui_free(l->ui);
	loop_timer_free(l->settle);
	loop_timer_free(l->first);
	loop_timer_free(l->grace);
	buf_release(&l->more_routes);
	buf_release(&l->page);
	rtable_unref(l->table);
	options_unref(l->options);
	sources_release(&l->sources);
	meter_release(&l->meter);
	free(l);
	d->state = NULL;
}
