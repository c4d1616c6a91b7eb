#include "common/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/mem.h"

/*
 * Two hold it: its thread until it has an answer, and the loop until that is
 * told or not wanted any more. The lock is over `loop`, which is NULL then.
 */
struct lookup {
	pthread_mutex_t lock;
	struct loop *loop;
	char *host;
	uint16_t port;
	lookup_fn *fn;
	void *ctx;
	struct sockaddr_storage addrs[LOOKUP_MAX_ADDRS];
	size_t naddrs;
	int rv;
	bool posted;
};

static void
lookup_free(struct lookup *u)
{
	pthread_mutex_destroy(&u->lock);
	free(u->host);
	free(u);
}

/* On the loop. */
static void
tell(void *arg)
{
	struct lookup *u = arg;

	/* The thread may still be on its way out of the lock. */
	pthread_mutex_lock(&u->lock);
	pthread_mutex_unlock(&u->lock);
	u->fn(u->ctx, u->addrs, u->naddrs,
	    u->rv != 0 ? gai_strerror(u->rv) : "no address");
	lookup_free(u);
}

static void
set_port(struct sockaddr_storage *s, uint16_t port)
{
	if (s->ss_family == AF_INET)
		((struct sockaddr_in *)s)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)s)->sin6_port = htons(port);
}

static void
ask(struct lookup *u)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list = NULL;

	u->rv = getaddrinfo(u->host, NULL, &hints, &list);
	if (u->rv != 0)
		return;
	for (const struct addrinfo *i = list;
	     i != NULL && u->naddrs < LOOKUP_MAX_ADDRS; i = i->ai_next) {
		struct sockaddr_storage *s = &u->addrs[u->naddrs];

		if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
			continue;
		memcpy(s, i->ai_addr, i->ai_addrlen);
		set_port(s, u->port);
		u->naddrs++;
	}
	freeaddrinfo(list);
}

static void *
thread(void *arg)
{
	struct lookup *u = arg;
	bool wanted;

	ask(u);
	pthread_mutex_lock(&u->lock);
	wanted = u->loop != NULL;
	if (wanted) {
		u->posted = true;
		loop_post(u->loop, tell, u);
	}
	pthread_mutex_unlock(&u->lock);
	if (!wanted)
		lookup_free(u);
	return NULL;
}

/* Signals are the loop's. */
static int
start(struct lookup *u)
{
	sigset_t all, was;
	pthread_t id;
	int rv;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	rv = pthread_create(&id, NULL, thread, u);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (rv == 0)
		pthread_detach(id);
	return rv;
}

struct lookup *
lookup_new(
    struct loop *l, const char *host, uint16_t port, lookup_fn *fn, void *ctx)
{
	struct lookup *u = xcalloc(1, sizeof *u);

	pthread_mutex_init(&u->lock, NULL);
	u->loop = l;
	u->host = xstrdup(host);
	u->port = port;
	u->fn = fn;
	u->ctx = ctx;
	if (start(u) != 0) {
		u->rv = EAI_AGAIN;
		u->posted = true;
		loop_post(l, tell, u);
	}
	return u;
}

void
lookup_cancel(struct lookup *u)
{
	bool posted;

	if (u == NULL)
		return;
	pthread_mutex_lock(&u->lock);
	posted = u->posted;
	if (posted)
		loop_unpost(u->loop, tell, u);
	u->loop = NULL;
	pthread_mutex_unlock(&u->lock);
	if (posted)
		lookup_free(u);
}
