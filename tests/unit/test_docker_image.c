#include "cmd/nodeagent/docker_image.h"

#include <string.h>

#include "cmd/nodeagent/docker_auth.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(names_are_read_as_docker_reads_them)
{
	static const struct {
		const char *text, *ref, *registry, *path, *target;
	} cases[] = {
		{ "fabiolb/fabio", "fabiolb/fabio:latest", "docker.io",
		    "fabiolb/fabio",
		    "/images/create?fromImage=fabiolb%2Ffabio&tag=latest" },
		{ "https://redis:7", "redis:7", "docker.io", "library/redis",
		    "/images/create?fromImage=redis&tag=7" },
		{ "host:5000/a/b:1.0", "host:5000/a/b:1.0", "host:5000", "a/b",
		    "/images/create?fromImage=host%3A5000%2Fa%2Fb&tag=1.0" },
		{ "localhost/a", "localhost/a:latest", "localhost", "a",
		    "/images/create?fromImage=localhost%2Fa&tag=latest" },
		{ "index.docker.io/redis", "index.docker.io/redis:latest",
		    "docker.io", "library/redis",
		    "/images/create?fromImage=index.docker.io%2Fredis"
		    "&tag=latest" },
		{ "a/b:x@sha256:" HEX64, "a/b@sha256:" HEX64, "docker.io",
		    "a/b",
		    "/images/create?fromImage=a%2Fb&tag=sha256%3A" HEX64 },
		{ "sha256:" HEX64, "sha256:" HEX64, "docker.io",
		    "library/sha256",
		    "/images/create?fromImage=sha256&tag=" HEX64 },
		{ "[::1]:5000/a__b/c-d.e", "[::1]:5000/a__b/c-d.e:latest",
		    "[::1]:5000", "a__b/c-d.e",
		    "/images/create?fromImage=%5B%3A%3A1%5D%3A5000%2Fa__b%2F"
		    "c-d.e&tag=latest" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct docker_image image;
		struct buf b = { 0 };
		struct err err;

		ck_assert_msg(
		    docker_image_parse(&image, cases[i].text, &err) == 0, "%s",
		    err.text);
		docker_image_pull_target(&image, &b);
		ck_assert_str_eq(image.ref, cases[i].ref);
		ck_assert_str_eq(image.registry, cases[i].registry);
		ck_assert_str_eq(image.path, cases[i].path);
		ck_assert_str_eq(b.data, cases[i].target);
		buf_release(&b);
		docker_image_release(&image);
	}
}
END_TEST

START_TEST(what_is_no_name_is_refused)
{
	static const char *const cases[] = { "", ":", "a:", "/a", "a/", "a//b",
		"a b", "a:b c", "-a", "a@", "a@sha256:12", "a@b@sha256:" HEX64,
		"a:x:y", "a..b", "host:/a", "a.b:99x/c", "a:.x", "a\xff" };
	struct docker_image image;
	struct err err;
	char *longer = xcalloc(1, DOCKER_MAX_IMAGE + 2);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(docker_image_parse(&image, cases[i], &err) == -1,
		    "\"%s\"", cases[i]);
	ck_assert_int_eq(docker_image_parse(&image, "Fabio", &err), -1);
	ck_assert_str_eq(err.text, "image \"Fabio\": invalid reference format: "
				   "repository name must be lowercase");
	memset(longer, 'a', DOCKER_MAX_REPO + 1);
	ck_assert_int_eq(docker_image_parse(&image, longer, &err), -1);
	memset(longer, 'a', DOCKER_MAX_IMAGE + 1);
	ck_assert_int_eq(docker_image_parse(&image, longer, &err), -1);
	free(longer);
}
END_TEST

START_TEST(latest_is_always_pulled_and_others_when_missing)
{
	static const struct {
		const char *text;
		bool force, always;
	} cases[] = { { "a", false, true }, { "a:latest", false, true },
		{ "a:1", false, false }, { "a:1", true, true },
		{ "a@sha256:" HEX64, false, false } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct docker_image image;

		ck_assert_int_eq(
		    docker_image_parse(&image, cases[i].text, NULL), 0);
		ck_assert_int_eq(
		    docker_image_always_pulled(&image, cases[i].force),
		    cases[i].always);
		docker_image_release(&image);
	}
}
END_TEST

/* What a config.json says of an image: "user:password", "helper NAME", "" or
 * "refused". */
static void
expect_auth(const char *file, const char *name, const char *want)
{
	struct docker_image image;
	struct docker_auth auth;
	struct buf got = { 0 };
	char *helper = NULL;

	ck_assert_int_eq(docker_image_parse(&image, name, NULL), 0);
	if (docker_auth_from_file(
		file, strlen(file), &image, &auth, &helper, NULL) == -1)
		buf_adds(&got, "refused");
	else if (helper != NULL)
		buf_addf(&got, "helper %s", helper);
	else if (!docker_auth_is_empty(&auth))
		buf_addf(&got, "%s:%s", auth.username, auth.password);
	ck_assert_msg(strcmp(buf_str(&got), want) == 0, "%s: %s, not %s", name,
	    buf_str(&got), want);
	rec_clear(&docker_auth_type, &auth);
	docker_image_release(&image);
	buf_release(&got);
	free(helper);
}

START_TEST(a_config_file_knows_registries_by_several_names)
{
	static const char file[] =
	    "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":"
	    "\"dXNlcjpwOnc=\"},\"host:5000\":{\"username\":\"u\","
	    "\"password\":\"p\"},\"https://reg.io/v2/\":{\"auth\":\"YTpi\"},"
	    "\"bad.io\":{\"auth\":\"YWI=\"},\"empty.io\":{}},"
	    "\"credHelpers\":{\"h.io\":\"ecr\"},\"credsStore\":\"pass\"}";

	expect_auth(file, "redis", "user:p:w");
	expect_auth(file, "docker.io/a/b", "user:p:w");
	expect_auth(file, "host:5000/a", "u:p");
	expect_auth(file, "reg.io/a", "a:b");
	expect_auth(file, "bad.io/a", "refused");
	expect_auth(file, "h.io/a", "helper ecr");
	expect_auth(file, "empty.io/a", "helper pass");
	expect_auth(file, "other.io/a", "helper pass");
	expect_auth("{}", "redis", "");
	expect_auth("{\"auths\":[1]}", "redis", "");
	expect_auth("{", "redis", "refused");
}
END_TEST

START_TEST(a_helper_answers_with_a_password_or_a_token)
{
	static const char plain[] = "{\"Username\":\"u\",\"Secret\":\"s\"}",
			  token[] =
			      "{\"Username\":\"<token>\",\"Secret\":\"t\"}";
	struct docker_auth auth;
	struct err err;

	ck_assert_int_eq(
	    docker_auth_from_helper(plain, strlen(plain), &auth, &err), 0);
	ck_assert_str_eq(auth.username, "u");
	ck_assert_str_eq(auth.password, "s");
	rec_clear(&docker_auth_type, &auth);
	ck_assert_int_eq(
	    docker_auth_from_helper(token, strlen(token), &auth, &err), 0);
	ck_assert_ptr_null(auth.username);
	ck_assert_str_eq(auth.identity_token, "t");
	rec_clear(&docker_auth_type, &auth);
	ck_assert_int_eq(docker_auth_from_helper("no", 2, &auth, &err), -1);
}
END_TEST

START_TEST(the_header_is_json_in_the_alphabet_of_urls)
{
	struct docker_auth auth = { .username = xstrdup("u"),
		.password = xstrdup("\xc3\xbe\xc3\xbf?>") };
	struct buf b = { 0 };

	docker_auth_header(&auth, &b);
	ck_assert_str_eq(
	    b.data, "eyJwYXNzd29yZCI6IsO-w78_PiIsInVzZXJuYW1lIjoidSJ9");
	buf_release(&b);
	rec_clear(&docker_auth_type, &auth);
}
END_TEST

UNIT_MAIN("docker_image", names_are_read_as_docker_reads_them,
    what_is_no_name_is_refused, latest_is_always_pulled_and_others_when_missing,
    a_config_file_knows_registries_by_several_names,
    a_helper_answers_with_a_password_or_a_token,
    the_header_is_json_in_the_alphabet_of_urls)
