#include "cmd/nodeagent/docker_auth.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/tree.h"

/* What config.json calls docker.io, for historical reasons. */
#define DOCKER_HUB "https://index.docker.io/v1/"

/* Names are those of a task's auth block. */
static const struct rec_field docker_auth_fields[] = {
	REC_STR(struct docker_auth, 1, username, "username"),
	REC_STR(struct docker_auth, 2, password, "password"),
	REC_STR(struct docker_auth, 3, email, "email"),
	REC_STR(struct docker_auth, 4, server_address, "server_address"),
	REC_STR(struct docker_auth, 5, identity_token, "identity_token"),
};
const struct rec_type docker_auth_type =
    REC_TYPE(docker_auth, docker_auth_fields);

bool
docker_auth_is_empty(const struct docker_auth *auth)
{
	return !text_is_set(auth->username) && !text_is_set(auth->password) &&
	       !text_is_set(auth->email) &&
	       !text_is_set(auth->server_address) &&
	       !text_is_set(auth->identity_token);
}

const char *
docker_auth_server(const struct docker_image *image)
{
	return strcmp(image->registry, "docker.io") == 0 ? DOCKER_HUB
							 : image->registry;
}

/* The host of a registry's name: without scheme and path. */
static bool
is_host(const char *key, const char *host)
{
	size_t n = strlen(host);

	if (strncmp(key, "https://", strlen("https://")) == 0)
		key += strlen("https://");
	else if (strncmp(key, "http://", strlen("http://")) == 0)
		key += strlen("http://");
	return strncmp(key, host, n) == 0 && (key[n] == '\0' || key[n] == '/');
}

/* The registry's member: of its full name, else of any name of its host. */
static const struct tree *
find_entry(const struct tree *entries, const struct docker_image *image)
{
	const char *server = docker_auth_server(image);
	const char *host =
	    server == image->registry ? server : "index.docker.io";
	const struct tree *exact = tree_get(entries, server);

	if (exact != NULL || entries == NULL || entries->kind != TREE_MAP)
		return exact;
	for (size_t i = 0; i < entries->nmembers; i++)
		if (is_host(entries->members[i].key, host))
			return entries->members[i].value;
	return NULL;
}

static char *
copy_member(const struct tree *t, const char *name)
{
	const char *text = tree_get_str(t, name);

	return text != NULL ? xstrdup(text) : NULL;
}

/* base64 of "user:password". */
static int
take_pair(struct docker_auth *auth, const char *text, struct err *err)
{
	size_t n = strlen(text);
	uint8_t *bytes = xmalloc(n + 1);
	long len = json_parse_base64(text, n, bytes);
	char *colon;

	if (len >= 0)
		bytes[len] = '\0';
	colon = len >= 0 ? strchr((char *)bytes, ':') : NULL;
	if (colon == NULL) {
		free(bytes);
		return err_set(err, ERR_BAD, "auth is no user and password");
	}
	free(auth->username);
	free(auth->password);
	auth->username =
	    xstrndup((char *)bytes, (size_t)(colon - (char *)bytes));
	auth->password = xstrdup(colon + 1);
	free(bytes);
	return 0;
}

static int
take_entry(struct docker_auth *auth, const struct tree *entry, struct err *err)
{
	const char *pair = tree_get_str(entry, "auth");

	auth->username = copy_member(entry, "username");
	auth->password = copy_member(entry, "password");
	auth->email = copy_member(entry, "email");
	auth->identity_token = copy_member(entry, "identitytoken");
	if (text_is_set(pair) && take_pair(auth, pair, err) == -1) {
		rec_clear(&docker_auth_type, auth);
		return -1;
	}
	return 0;
}

int
docker_auth_from_file(const char *text, size_t n,
    const struct docker_image *image, struct docker_auth *auth, char **helper,
    struct err *err)
{
	struct tree *file = tree_from_json(text, n, err);
	const struct tree *entry, *own;
	int rv = 0;

	*auth = (struct docker_auth){ 0 };
	*helper = NULL;
	if (file == NULL)
		return -1;
	entry = find_entry(tree_get(file, "auths"), image);
	if (entry != NULL)
		rv = take_entry(auth, entry, err);
	if (rv == 0 && docker_auth_is_empty(auth)) {
		own = find_entry(tree_get(file, "credHelpers"), image);
		if (own != NULL && own->kind == TREE_STR)
			*helper = xstrdup(own->str);
		else
			*helper = copy_member(file, "credsStore");
	} else if (rv == 0) {
		auth->server_address = xstrdup(docker_auth_server(image));
	}
	tree_free(file);
	return rv;
}

int
docker_auth_from_helper(
    const char *text, size_t n, struct docker_auth *auth, struct err *err)
{
	struct tree *answer = tree_from_json(text, n, err);

	*auth = (struct docker_auth){ 0 };
	if (answer == NULL)
		return -1;
	auth->username = copy_member(answer, "Username");
	auth->password = copy_member(answer, "Secret");
	/* So helpers tell that the secret is a token. */
	if (text_is_set(auth->username) &&
	    strcmp(auth->username, "<token>") == 0) {
		free(auth->username);
		auth->username = NULL;
		auth->identity_token = auth->password;
		auth->password = NULL;
	}
	tree_free(answer);
	return 0;
}

void
docker_auth_header(const struct docker_auth *auth, struct buf *b)
{
	const struct {
		const char *name, *value;
	} members[] = {
		{ "username", auth->username },
		{ "password", auth->password },
		{ "email", auth->email },
		{ "serveraddress", auth->server_address },
		{ "identitytoken", auth->identity_token },
	};
	struct tree *t = tree_map();
	struct buf json = { 0 }, text = { 0 };

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (text_is_set(members[i].value))
			tree_set(
			    t, members[i].name, tree_str(members[i].value));
	tree_to_json(t, &json, 0);
	json_put_bytes(&text, (const uint8_t *)json.data, json.len);
	/* The alphabet for URLs, without the quotes. */
	for (size_t i = 1; i + 1 < text.len; i++)
		buf_addc(b, text.data[i] == '+'   ? '-'
			    : text.data[i] == '/' ? '_'
						  : text.data[i]);
	buf_release(&text);
	buf_release(&json);
	tree_free(t);
}
