#include "tests/lib/tlsworld.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "common/cert.h"
#include "common/mem.h"

void
tls_world_sign(struct tls_pair *out, const struct tls_pair *ca,
    const char *name, int64_t days)
{
	const char *const names[] = { name, "localhost" };
	const char *const addrs[] = { "127.0.0.1" };
	struct cert_opts o = { .common_name = name, .days = days };
	struct buf cert = { 0 }, key = { 0 };
	struct err err;

	if (ca != NULL) {
		o.ca = ca->cert;
		o.ca_key = ca->key;
		o.dns_names = names;
		o.ndns_names = 2;
		o.addrs = addrs;
		o.naddrs = 1;
	} else {
		o.is_ca = true;
	}
	ck_assert_msg(cert_make(&o, &cert, &key, &err) == 0, "%s", err.text);
	out->cert = xstrdup(buf_str(&cert));
	out->key = xstrdup(buf_str(&key));
	buf_release(&cert);
	buf_release(&key);
}

void
tls_pair_release(struct tls_pair *p)
{
	free(p->cert);
	free(p->key);
	*p = (struct tls_pair){ 0 };
}

struct tls_world *
tls_world_new(void)
{
	struct tls_world *t = xcalloc(1, sizeof *t);

	tls_world_sign(&t->server_ca, NULL, "servers", 10);
	tls_world_sign(&t->cluster_ca, NULL, "cluster", 10);
	tls_world_sign(&t->foreign_ca, NULL, "foreign", 10);
	tls_world_sign(&t->server, &t->server_ca, "server.global.nomad", 10);
	tls_world_sign(&t->node, &t->cluster_ca, "client.global.nomad", 10);
	tls_world_sign(&t->foreign, &t->foreign_ca, "server.global.nomad", 10);
	tls_world_sign(&t->old, &t->server_ca, "server.global.nomad", -1);
	t->both_cas = xasprintf("%s%s", t->server_ca.cert, t->cluster_ca.cert);
	return t;
}

void
tls_world_free(struct tls_world *t)
{
	tls_pair_release(&t->server_ca);
	tls_pair_release(&t->cluster_ca);
	tls_pair_release(&t->foreign_ca);
	tls_pair_release(&t->server);
	tls_pair_release(&t->node);
	tls_pair_release(&t->foreign);
	tls_pair_release(&t->old);
	free(t->both_cas);
	free(t);
}

struct tls_keys *
tls_world_bus(
    bool listens, const struct tls_pair *who, const char *ca, const char *name)
{
	struct tls_keys_opts o = { .listens = listens,
		.ca = ca,
		.cert = who->cert,
		.key = who->key,
		.name = name };
	struct err err;
	struct tls_keys *t = tls_keys_new(&o, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

struct bus_world *
tls_world_serve(struct tls_keys *tls)
{
	struct bus_world *w = bus_world_new(true);
	struct err err;

	bus_server_free(w->server);
	free(w->url);
	w->server = bus_serve_tls(
	    w->loop, "tcp://127.0.0.1:0", tls, bus_world_routes, 3, w, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
	w->url = xasprintf("tcp://127.0.0.1:%d", bus_server_port(w->server));
	return w;
}

int
tls_world_connect(struct bus_world *w)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)bus_server_port(w->server)) };
	struct timeval wait = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
	return fd;
}

static void
show(SSL_CTX *ctx, const struct tls_pair *who)
{
	BIO *cert = BIO_new_mem_buf(who->cert, -1);
	BIO *key = BIO_new_mem_buf(who->key, -1);
	X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

	ck_assert_int_eq(SSL_CTX_use_certificate(ctx, x), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, k), 1);
	X509_free(x);
	EVP_PKEY_free(k);
	BIO_free(cert);
	BIO_free(key);
}

/* One client, on a thread of its own: the loop is the server's. */
struct shake {
	struct bus_world *w;
	const struct tls_pair *who;
	int fd;
	bool ok, done;
};

static void
on_shaken(void *arg)
{
	struct shake *s = arg;

	s->done = true;
}

static void *
shake(void *arg)
{
	struct shake *s = arg;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	char hello[8];

	if (s->who != NULL)
		show(ctx, s->who);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, s->fd);
	s->ok = SSL_connect(ssl) == 1 &&
		SSL_read(ssl, hello, sizeof hello) == sizeof hello;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	loop_post(s->w->loop, on_shaken, s);
	return NULL;
}

bool
tls_world_shakes(struct bus_world *w, const struct tls_pair *who)
{
	struct shake s = { .w = w, .who = who, .fd = tls_world_connect(w) };
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, shake, &s), 0);
	ck_assert(loop_wait(w->loop, &s.done, 10000));
	pthread_join(thread, NULL);
	close(s.fd);
	return s.ok;
}
