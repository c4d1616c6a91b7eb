#include "cmd/nodeagent/serverset.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define SCHEME "tcp://"

/* --- addresses --- */

static bool
is_port(const char *text)
{
	char *end;
	unsigned long port;

	if (*text < '0' || *text > '9')
		return false;
	port = strtoul(text, &end, 10);
	return *end == '\0' && end - text <= 5 && port > 0 && port <= 65535;
}

/* What a name or an address is made of; an IPv6 one stands in brackets. */
static bool
is_host(const char *text, size_t n)
{
	bool bracketed = n > 2 && text[0] == '[' && text[n - 1] == ']';
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._";
	size_t from = bracketed ? 1 : 0, to = bracketed ? n - 1 : n;

	for (size_t i = from; i < to; i++)
		if (strchr(plain, text[i]) == NULL &&
		    !(bracketed && (text[i] == ':' || text[i] == '%')))
			return false;
	return n > 0;
}

int
serverset_check(const char *url, struct err *err)
{
	const char *host, *colon;

	if (strlen(url) > SERVERSET_URL_MAX)
		return err_set(err, ERR_BAD,
		    "server address %.40s...: longer than %d bytes", url,
		    SERVERSET_URL_MAX);
	host = url + strlen(SCHEME);
	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0 ||
	    (colon = strrchr(host, ':')) == NULL ||
	    !is_host(host, (size_t)(colon - host)) || !is_port(colon + 1))
		return err_set(err, ERR_BAD,
		    "server address %s: expected tcp://HOST:PORT", url);
	return 0;
}

/* "10.0.0.1" to "tcp://10.0.0.1:4647". */
static char *
url_of(const char *addr)
{
	const char *bracket = strrchr(addr, ']');
	const char *after = bracket != NULL ? bracket : addr;

	if (strstr(addr, "://") != NULL)
		return xstrdup(addr);
	return xasprintf(SCHEME "%s%s", addr,
	    strchr(after, ':') == NULL ? ":" SERVERSET_PORT : "");
}

/* --- lists --- */

static size_t
find(char *const *urls, size_t n, const char *url)
{
	size_t i = 0;

	while (i < n && strcmp(urls[i], url) != 0)
		i++;
	return i;
}

static void
free_urls(char **urls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(urls[i]);
	free(urls);
}

/* Puts it into the ring before place; the current one stays the same. */
static void
insert(struct serverset *s, size_t place, const char *url)
{
	s->urls = xreallocarray(s->urls, s->n + 1, sizeof *s->urls);
	memmove(s->urls + place + 1, s->urls + place,
	    (s->n - place) * sizeof *s->urls);
	s->urls[place] = xstrdup(url);
	if (s->n > 0 && place <= s->at)
		s->at++;
	s->n++;
}

/* The one that follows it becomes the current one, if it was that. */
static void
drop(struct serverset *s, size_t place)
{
	free(s->urls[place]);
	s->n--;
	memmove(s->urls + place, s->urls + place + 1,
	    (s->n - place) * sizeof *s->urls);
	if (place < s->at)
		s->at--;
	if (s->at == s->n)
		s->at = 0;
}

/* Makes it the one behind the current one, unless it is that. url is the
 * caller's own. */
static void
move_behind(struct serverset *s, const char *url)
{
	size_t from = find(s->urls, s->n, url);

	if (from != s->at) {
		drop(s, from);
		insert(s, s->at + 1, url);
	}
}

static void
set_home(struct serverset *s, char *const *urls, size_t n, struct rng *rng)
{
	for (size_t i = 0; i < n && s->nhome < SERVERSET_MAX; i++) {
		if (find(s->home, s->nhome, urls[i]) < s->nhome)
			continue;
		s->home = xreallocarray(s->home, s->nhome + 1, sizeof *s->home);
		s->home[s->nhome++] = xstrdup(urls[i]);
		insert(s, (size_t)rng_below(rng, s->n + 1), urls[i]);
	}
	s->at = (size_t)rng_below(rng, s->n);
	for (size_t i = 0; i < s->n; i++)
		if (strncmp(s->urls[i], "ipc:", 4) == 0)
			s->at = i;
}

void
serverset_init(
    struct serverset *s, char *const *home, size_t n, struct rng *rng)
{
	*s = (struct serverset){ 0 };
	set_home(s, home, n, rng);
}

void
serverset_release(struct serverset *s)
{
	free_urls(s->home, s->nhome);
	free_urls(s->urls, s->n);
	*s = (struct serverset){ 0 };
}

const char *
serverset_current(const struct serverset *s)
{
	return s->urls[s->at];
}

void
serverset_next(struct serverset *s)
{
	s->at = (s->at + 1) % s->n;
}

/* --- what is told --- */

/* What of the list can be used, at most SERVERSET_MAX, each once. Borrowed. */
static size_t
usable(char *const *urls, size_t n, char *out[SERVERSET_MAX])
{
	size_t k = 0;

	for (size_t i = 0; i < n && k < SERVERSET_MAX; i++)
		if (urls[i] != NULL && serverset_check(urls[i], NULL) == 0 &&
		    find(out, k, urls[i]) == k)
			out[k++] = urls[i];
	return k;
}

/* Drops what is neither told nor home; true when the current one went. */
static bool
forget_untold(
    struct serverset *s, char *const *told, size_t ntold, bool *changed)
{
	bool lost = false;

	for (size_t i = s->n; i-- > 0;) {
		if (find(told, ntold, s->urls[i]) < ntold ||
		    find(s->home, s->nhome, s->urls[i]) < s->nhome)
			continue;
		lost |= i == s->at;
		drop(s, i);
		*changed = true;
	}
	return lost;
}

bool
serverset_learn(
    struct serverset *s, char *const *urls, size_t n, struct rng *rng)
{
	char *told[SERVERSET_MAX];
	size_t ntold = usable(urls, n, told);
	bool changed = false, lost;

	if (ntold == 0)
		return false;
	for (size_t i = 0; i < ntold; i++)
		if (find(s->urls, s->n, told[i]) == s->n) {
			insert(s, (size_t)rng_below(rng, s->n + 1), told[i]);
			changed = true;
		}
	lost = forget_untold(s, told, ntold, &changed);
	if (lost)
		s->at = find(s->urls, s->n, told[0]);
	else
		move_behind(s, told[0]);
	return changed;
}

int
serverset_set(struct serverset *s, char *const *addrs, size_t n,
    struct rng *rng, struct err *err)
{
	char *urls[SERVERSET_MAX];
	size_t k;
	int rc = 0;

	if (n == 0 || n > SERVERSET_MAX)
		return err_set(err, ERR_BAD,
		    "expected 1 to %d servers, got %zu", SERVERSET_MAX, n);
	for (k = 0; k < n && rc == 0; k++) {
		urls[k] = url_of(addrs[k]);
		rc = serverset_check(urls[k], err);
	}
	if (rc == 0) {
		serverset_release(s);
		set_home(s, urls, n, rng);
	}
	while (k > 0)
		free(urls[--k]);
	return rc;
}
