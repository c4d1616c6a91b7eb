#include "cmd/lbd/forward.h"

#include <string.h>
#include <strings.h>

#include "cmd/lbd/match.h"
#include "common/http/hop.h"

/* The fields that this module knows. */
enum known {
	PLAIN, /* none of them: goes through unless it is for one hop */
	HOST,
	FORWARDED,
	REAL_IP,
	XF_FOR,
	XF_PROTO,
	XF_PORT,
	XF_HOST,
	XF_PREFIX,
};

static const struct {
	const char *name;
	size_t len;
	enum known known;
} names[] = {
	{ "host", 4, HOST },
	{ "forwarded", 9, FORWARDED },
	{ "x-real-ip", 9, REAL_IP },
	{ "x-forwarded-for", 15, XF_FOR },
	{ "x-forwarded-port", 16, XF_PORT },
	{ "x-forwarded-host", 16, XF_HOST },
	{ "x-forwarded-proto", 17, XF_PROTO },
	{ "x-forwarded-prefix", 18, XF_PREFIX },
};

static enum known
known_of(const char *name, size_t n)
{
	static const char starts[] = "hHfFxX";

	if (n == 0 || n > 18 ||
	    memchr(starts, *name, sizeof starts - 1) == NULL)
		return PLAIN;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].len == n &&
		    strncasecmp(names[i].name, name, n) == 0)
			return names[i].known;
	return PLAIN;
}

static bool
is_name(const char *name, const char *p, size_t n)
{
	return strlen(name) == n && strncasecmp(name, p, n) == 0;
}

int
forward_peer_ip(const char *peer, const char **ip, size_t *n, struct err *err)
{
	const char *colon = strrchr(peer, ':');

	if (colon == NULL || colon == peer)
		return err_set(err, ERR_BAD, "cannot parse %s", peer);
	*ip = peer;
	*n = (size_t)(colon - peer);
	if (*peer == '[' && colon[-1] == ']') {
		*ip = peer + 1;
		*n -= 2;
	}
	return 0;
}

/* --- the fields --- */

/* What the client already said about where it comes from. */
struct said {
	const struct http_field *forwarded, *real_ip, *proto, *port, *host;
};

static void
add_line(struct buf *out, const char *name, const char *value, size_t n)
{
	buf_adds(out, name);
	buf_add(out, ": ", 2);
	buf_add(out, value, n);
	buf_add(out, "\r\n", 2);
}

static void
add_text(struct buf *out, const char *name, const char *value)
{
	add_line(out, name, value, strlen(value));
}

/* Fields whose value is decided here, whatever the client sent. */
static bool
is_overridden(const struct forward_options *o, const char *name, size_t n)
{
	return (o->tls[0] != '\0' && is_name(o->tls, name, n)) ||
	       (o->client_ip[0] != '\0' && is_name(o->client_ip, name, n)) ||
	       (o->request_id[0] != '\0' && is_name(o->request_id, name, n));
}

static void
pass_plain(const struct forward_options *o, const struct http_field *f,
    struct buf *out)
{
	if (is_overridden(o, f->name, f->name_len))
		return;
	buf_add(out, f->name, f->name_len);
	buf_add(out, ": ", 2);
	buf_add(out, f->value, f->value_len);
	buf_add(out, "\r\n", 2);
}

/* Copies what goes through and notes the rest. xff collects the elements of
 * all X-Forwarded-For fields. */
static void
pass_fields(const struct forward_options *o, const struct forward_request *r,
    struct said *said, struct buf *out)
{
	struct http_hops hops = http_hops_of(r->fields, r->nfields);

	for (size_t i = 0; i < r->nfields; i++) {
		const struct http_field *f = &r->fields[i];
		const struct http_field **to = NULL;

		switch (known_of(f->name, f->name_len)) {
		case PLAIN:
			if (!http_hops_has(&hops, f))
				pass_plain(o, f, out);
			break;
		case FORWARDED:
			to = &said->forwarded;
			break;
		case REAL_IP:
			to = &said->real_ip;
			break;
		case XF_PROTO:
			to = &said->proto;
			break;
		case XF_PORT:
			to = &said->port;
			break;
		case XF_HOST:
			to = &said->host;
			break;
		case XF_PREFIX:
			if (r->strip[0] == '\0')
				pass_plain(o, f, out);
			break;
		case HOST:
		case XF_FOR:
			break;
		}
		if (to != NULL && *to == NULL && f->value_len > 0)
			*to = f;
	}
}

static void
add_said(struct buf *out, const char *name, const struct http_field *said,
    const char *value, size_t n)
{
	if (said != NULL)
		add_line(out, name, said->value, said->value_len);
	else
		add_line(out, name, value, n);
}

static void
add_for(struct buf *out, const struct forward_request *r, const char *ip,
    size_t nip)
{
	buf_adds(out, "X-Forwarded-For: ");
	for (size_t i = 0; i < r->nfields; i++) {
		const struct http_field *f = &r->fields[i];

		if (f->name_len == 15 && f->value_len > 0 &&
		    known_of(f->name, f->name_len) == XF_FOR) {
			buf_add(out, f->value, f->value_len);
			buf_add(out, ", ", 2);
		}
	}
	buf_add(out, ip, nip);
	buf_add(out, "\r\n", 2);
}

/* The scheme by which the client came: what it says itself, if it does so
 * in one place, else what the connection is. */
static void
scheme_of(const struct forward_request *r, const struct said *said,
    const char **scheme, size_t *n)
{
	const struct http_field *fwd = said->forwarded;

	*scheme = r->websocket ? r->tls ? "wss" : "ws"
		  : r->tls     ? "https"
			       : "http";
	*n = strlen(*scheme);
	if (said->proto != NULL && fwd == NULL) {
		*scheme = said->proto->value;
		*n = said->proto->value_len;
	} else if (said->proto == NULL && fwd != NULL) {
		const char *at =
		    memmem(fwd->value, fwd->value_len, "proto=", 6);
		const char *end = fwd->value + fwd->value_len, *stop;

		if (at == NULL)
			return;
		at += 6;
		stop = memchr(at, ';', (size_t)(end - at));
		*scheme = at;
		*n = (size_t)((stop == NULL ? end : stop) - at);
	}
}

static void
add_proto(
    struct buf *out, const struct said *said, const char *scheme, size_t n)
{
	/* Some clients build URLs of it, and know no ws: there. */
	if (n == 2 && memcmp(scheme, "ws", 2) == 0)
		add_said(out, "X-Forwarded-Proto", said->proto, "http", 4);
	else if (n == 3 && memcmp(scheme, "wss", 3) == 0)
		add_said(out, "X-Forwarded-Proto", said->proto, "https", 5);
	else
		add_said(out, "X-Forwarded-Proto", said->proto, scheme, n);
}

static const char *
own_port(const struct forward_request *r)
{
	const char *host = strrchr(r->host, ']');
	const char *colon = strrchr(host == NULL ? r->host : host, ':');

	if (colon != NULL && colon[1] != '\0')
		return colon + 1;
	return r->tls ? "443" : "80";
}

static void
add_forwarded(const struct forward_options *o, const struct forward_request *r,
    const struct said *said, const char *ip, size_t nip, const char *scheme,
    size_t nscheme, struct buf *out)
{
	buf_adds(out, "Forwarded: ");
	if (said->forwarded != NULL) {
		buf_add(
		    out, said->forwarded->value, said->forwarded->value_len);
	} else {
		buf_add(out, "for=", 4);
		buf_add(out, ip, nip);
		buf_add(out, "; proto=", 8);
		buf_add(out, scheme, nscheme);
	}
	if (o->local_ip[0] != '\0') {
		buf_add(out, "; by=", 5);
		buf_adds(out, o->local_ip);
	}
	if (r->proto[0] != '\0') {
		buf_add(out, "; httpproto=http/", 17);
		buf_adds(out, r->proto + strlen("HTTP/"));
	}
	if (r->tls && r->tls_version[0] != '\0') {
		buf_adds(out, "; tlsver=");
		buf_adds(out, r->tls_version);
	}
	if (r->tls && r->tls_cipher[0] != '\0') {
		buf_adds(out, "; tlscipher=");
		buf_adds(out, r->tls_cipher);
	}
	buf_add(out, "\r\n", 2);
}

static void
add_configured(const struct forward_options *o, const struct forward_request *r,
    const char *ip, size_t nip, struct buf *out)
{
	if (o->client_ip[0] != '\0' &&
	    known_of(o->client_ip, strlen(o->client_ip)) == PLAIN &&
	    !http_is_hop(o->client_ip, strlen(o->client_ip)))
		add_line(out, o->client_ip, ip, nip);
	if (o->request_id[0] != '\0')
		add_text(out, o->request_id, r->new_id);
	if (o->tls[0] != '\0' && r->tls)
		add_text(out, o->tls, o->tls_value);
}

int
forward_fields(const struct forward_options *options,
    const struct forward_request *r, struct buf *out, struct err *err)
{
	struct said said = { 0 };
	const char *ip, *scheme;
	size_t nip, nscheme;

	if (forward_peer_ip(r->peer, &ip, &nip, err) == -1)
		return -1;
	buf_reserve(out, 1024);
	add_text(out, "Host", r->host);
	pass_fields(options, r, &said, out);
	scheme_of(r, &said, &scheme, &nscheme);
	if (r->websocket)
		buf_adds(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	add_for(out, r, ip, nip);
	add_said(out, "X-Real-Ip", said.real_ip, ip, nip);
	add_proto(out, &said, scheme, nscheme);
	add_said(out, "X-Forwarded-Port", said.port, own_port(r),
	    strlen(own_port(r)));
	if (r->host[0] != '\0' || said.host != NULL)
		add_said(out, "X-Forwarded-Host", said.host, r->host,
		    strlen(r->host));
	if (r->strip[0] != '\0')
		add_text(out, "X-Forwarded-Prefix", r->strip);
	add_forwarded(options, r, &said, ip, nip, scheme, nscheme, out);
	add_configured(options, r, ip, nip, out);
	return 0;
}

/* --- the path --- */

void
forward_target(const struct target *t, const char *sent, size_t nsent,
    const char *clean, size_t nclean, const char *query, struct buf *out)
{
	size_t nstrip = strlen(t->strip);
	bool strip = nstrip > 0 && nclean >= nstrip &&
		     memcmp(clean, t->strip, nstrip) == 0;
	const char *sep = "?";

	if (t->prepend[0] != '\0') {
		if (t->prepend[0] != '/')
			buf_addc(out, '/');
		buf_adds(out, t->prepend);
	}
	/* The sender's spelling stays unless what is cut off is not in it. */
	if (strip && sent != NULL &&
	    (nsent < nstrip || memcmp(sent, t->strip, nstrip) != 0))
		sent = NULL;
	if (strip) {
		clean += nstrip;
		nclean -= nstrip;
		if (sent != NULL) {
			sent += nstrip;
			nsent -= nstrip;
		}
		if (nclean == 0 || *clean != '/')
			buf_addc(out, '/');
	}
	if (sent != NULL)
		buf_add(out, sent, nsent);
	else
		match_escape_path(out, clean, nclean);
	if (t->url.query != NULL && t->url.query[0] != '\0') {
		buf_addf(out, "?%s", t->url.query);
		sep = "&";
	}
	if (query != NULL && query[0] != '\0') {
		buf_adds(out, sep);
		buf_adds(out, query);
	}
}
