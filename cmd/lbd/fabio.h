/*
 * lbd in Fabio's place: started under the name "fabio" it takes Fabio's
 * command line, environment and properties file.
 *
 * Here they are only translated, into members of lbd's own config as -o sets
 * them; what they mean there is lbd.conf(5)'s. A property comes from the
 * command line, else the environment (FABIO_proxy_addr or proxy_addr,
 * whatever the case), else the file, else it has Fabio's default.
 */
#ifndef LBD_FABIO_H
#define LBD_FABIO_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/daemon.h"
#include "common/err.h"

#define FABIO_NAME     "fabio"
#define FABIO_MAX_FILE (1u << 20)
#define FABIO_MAX_SETS 64
#define FABIO_FETCH_MS 10000 /* of a file at a URL */

/* What a command line comes to. */
struct fabio {
	bool version;               /* only the version is asked for */
	bool help;                  /* only the properties are */
	char *sets[FABIO_MAX_SETS]; /* "member=value" */
	size_t nsets;
	const char *cert_sources; /* proxy.cs, while it is parsed */
	struct buf notes; /* a line for each property that does nothing */
};

bool fabio_is_meant(const char *argv0);

/* Fills a zeroed one. environ is the process's. -1: Fabio's sentence. */
int fabio_parse(struct fabio *f, int argc, char *const *argv,
    char *const *environment, struct err *err);
void fabio_release(struct fabio *f);

/* The program's main() under that name; see daemon_main(). */
int fabio_main(int argc, char **argv, const struct daemon_def *def);

#endif
