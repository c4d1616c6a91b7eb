#include "cmd/nodeagent/docker_image.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/http.h"
#include "common/mem.h"

#define MAX_TAG        128
#define MIN_DIGEST_HEX 32
#define DEFAULT_HOST   "docker.io"

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool
is_tag(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > MAX_TAG || !is_word(*s))
		return false;
	while (is_word(*s) || *s == '.' || *s == '-')
		s++;
	return *s == '\0';
}

/* "sha256:" and hexadecimal digits; the algorithm may have parts. */
static bool
is_digest(const char *s)
{
	const char *hex = strchr(s, ':');
	size_t n;

	if (hex == NULL || !isalpha((unsigned char)*s))
		return false;
	for (; s < hex; s++)
		if (!isalnum((unsigned char)*s) &&
		    (strchr("+._-", *s) == NULL ||
			!isalnum((unsigned char)s[1])))
			return false;
	n = strspn(++hex, "0123456789abcdefABCDEF");
	return n >= MIN_DIGEST_HEX && hex[n] == '\0';
}

/* Lower-case letters and digits in runs, with ".", "_", "__" or any number of
 * "-" between two of them. Parts are divided by "/". */
static bool
is_path(const char *s)
{
	for (;;) {
		size_t run = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789");

		if (run == 0)
			return false;
		s += run;
		if (*s == '\0')
			return true;
		if (*s == '-')
			s += strspn(s, "-");
		else if (s[0] == '_' && s[1] == '_')
			s += 2;
		else if (strchr("/._", *s) != NULL)
			s++;
		else
			return false;
	}
}

/* A host's name or address, perhaps with a port. */
static bool
is_registry(const char *s)
{
	const char *port;

	if (*s == '[') {
		s++;
		s += strspn(s, "0123456789abcdefABCDEF:");
		if (*s++ != ']')
			return false;
	} else {
		size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

		if (n == 0 || strchr(".-", s[0]) != NULL ||
		    strchr(".-", s[n - 1]) != NULL)
			return false;
		s += n;
	}
	if (*s == '\0')
		return true;
	port = s + 1;
	return *s == ':' && isdigit((unsigned char)*port) &&
	       port[strspn(port, "0123456789")] == '\0';
}

/* The first part names a registry when it looks like a host. */
static bool
names_registry(const char *repo, size_t n)
{
	if (n == strlen("localhost") && strncmp(repo, "localhost", n) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (strchr(".:", repo[i]) != NULL ||
		    isupper((unsigned char)repo[i]))
			return true;
	return false;
}

/* Fills registry and path from repo. */
static void
split_repo(struct docker_image *image)
{
	const char *slash = strchr(image->repo, '/');
	const char *path = image->repo;

	if (slash != NULL &&
	    names_registry(image->repo, (size_t)(slash - image->repo))) {
		image->registry =
		    xstrndup(image->repo, (size_t)(slash - image->repo));
		path = slash + 1;
		if (strcmp(image->registry, "index.docker.io") == 0) {
			free(image->registry);
			image->registry = xstrdup(DEFAULT_HOST);
		}
	} else {
		image->registry = xstrdup(DEFAULT_HOST);
	}
	image->path = strcmp(image->registry, DEFAULT_HOST) == 0 &&
			      strchr(path, '/') == NULL
			  ? xasprintf("library/%s", path)
			  : xstrdup(path);
}

/* Fills repo, tag and digest. */
static void
split_ref(struct docker_image *image, const char *text)
{
	const char *at = strchr(text, '@');
	char *name =
	    at != NULL ? xstrndup(text, (size_t)(at - text)) : xstrdup(text);
	char *slash = strrchr(name, '/');
	char *colon = strchr(slash != NULL ? slash : name, ':');

	image->digest = xstrdup(at != NULL ? at + 1 : "");
	if (colon != NULL)
		*colon = '\0';
	/* With a digest the tag says nothing. */
	image->tag = xstrdup(at != NULL      ? ""
			     : colon != NULL ? colon + 1
					     : "latest");
	image->repo = name;
	image->ref = at != NULL ? xasprintf("%s@%s", name, image->digest)
				: xasprintf("%s:%s", name, image->tag);
}

static int
check_image(const struct docker_image *image, struct err *err)
{
	const char *path = image->path;

	if (*image->digest != '\0' ? !is_digest(image->digest)
				   : !is_tag(image->tag))
		return err_set(err, ERR_BAD, "invalid reference format");
	if (strlen(image->repo) > DOCKER_MAX_REPO)
		return err_set(err, ERR_BAD,
		    "repository name must not be more than %d characters",
		    DOCKER_MAX_REPO);
	if (is_registry(image->registry) && is_path(path))
		return 0;
	for (; *path != '\0'; path++)
		if (isupper((unsigned char)*path))
			return err_set(err, ERR_BAD,
			    "invalid reference format: repository name must "
			    "be lowercase");
	return err_set(err, ERR_BAD, "invalid reference format");
}

int
docker_image_parse(
    struct docker_image *image, const char *text, struct err *err)
{
	*image = (struct docker_image){ 0 };
	if (strncmp(text, "https://", strlen("https://")) == 0)
		text += strlen("https://");
	if (strlen(text) > DOCKER_MAX_IMAGE)
		return err_set(err, ERR_BAD,
		    "image name is longer than %d bytes", DOCKER_MAX_IMAGE);
	split_ref(image, text);
	split_repo(image);
	if (strchr(text, '@') != NULL && *image->digest == '\0')
		err_set(err, ERR_BAD, "invalid reference format");
	else if (check_image(image, err) == 0)
		return 0;
	docker_image_release(image);
	return err_add(err, "image \"%s\"", text);
}

void
docker_image_release(struct docker_image *image)
{
	free(image->ref);
	free(image->repo);
	free(image->tag);
	free(image->digest);
	free(image->registry);
	free(image->path);
	*image = (struct docker_image){ 0 };
}

bool
docker_image_always_pulled(const struct docker_image *image, bool force_pull)
{
	return force_pull || strcmp(image->tag, "latest") == 0;
}

void
docker_image_pull_target(const struct docker_image *image, struct buf *b)
{
	buf_adds(b, "/images/create?fromImage=");
	http_escape(image->repo, b);
	buf_adds(b, "&tag=");
	http_escape(*image->digest != '\0' ? image->digest : image->tag, b);
}
