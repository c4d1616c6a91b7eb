/*
 * The `tls` group of a config file: its record, and the files that it names,
 * read and checked with OpenSSL.
 *
 * There are two CAs, which may be one. The server CA (server_ca_file) signs
 * the certificates of servers, the cluster CA (ca_file) those of nodes and of
 * whoever else may call. A server's Raft port lets in whom the server CA has
 * signed, its RPC port whom either has; who dials a server trusts the server
 * CA alone. Without server_ca_file the cluster CA is both; then it is only
 * verify_server_hostname that keeps others from passing for a server.
 */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/rec.h"
#include "common/tls_keys.h"

#define TLS_FILE_MAX (1u << 20)   /* bytes of a file of certificates */
#define TLS_WARN_S   (30 * 86400) /* an end that is nearer is told */

struct tls_config {
	bool rpc;             /* between machines: RPC and Raft */
	bool http;            /* the API */
	char *ca_file;        /* the cluster CA */
	char *server_ca_file; /* "": ca_file */
	char *cert_file;      /* this machine's, with what leads to its CA */
	char *key_file;
	bool verify_server_hostname; /* a server is named server.REGION.nomad */
	bool verify_https_client;    /* who calls the API shows one, too */
};
extern const struct rec_type tls_config_type;

void tls_config_init(struct tls_config *c);
/* Gives c the files of another one. */
void tls_config_take_files(struct tls_config *c, const struct tls_config *from);
bool tls_is_on(const struct tls_config *c);

enum tls_role { TLS_SERVER, TLS_NODE };

/* What the files say, as PEM. All is NULL where TLS is off. */
struct tls_files {
	char *ca, *server_ca, *cert, *key;
	int64_t until_s; /* when the certificate ends, since 1970 */
};

/*
 * Reads the files and checks all of it: that they can be read, are PEM, have
 * not expired, that the key fits the certificate, that the CA of the role has
 * signed it, and that a server which asks for names has its own. -1: the
 * sentence names the file. region is this machine's.
 */
int tls_load(const struct tls_config *c, enum tls_role role, const char *region,
    struct tls_files *out, struct err *err);
void tls_files_release(struct tls_files *f);
/* tls_load(), for the sake of what it says. */
int tls_config_check(const struct tls_config *c, enum tls_role role,
    const char *region, struct err *err);

/* How a daemon trusts; see above. TLS_DIAL_ALL is for nodes, of any name;
 * TLS_SERVE_API asks for certificates with verify_https_client only. */
enum tls_trust {
	TLS_DIAL_SERVERS,
	TLS_DIAL_ALL,
	TLS_LET_IN_SERVERS,
	TLS_LET_IN_ALL,
	TLS_SERVE_API,
};

/* Makes *t what the files say, or renews it when there is one already. */
int tls_make_keys(struct tls_keys **t, const struct tls_config *c,
    const struct tls_files *f, enum tls_trust trust, const char *region,
    struct err *err);

/* Says what a person should know: an end that is near, one CA for all. */
void tls_warn(const struct tls_config *c, enum tls_role role,
    const struct tls_files *f, int64_t now_s);

#endif
