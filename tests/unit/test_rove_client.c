/*
 * The command's client against a small server, which a child process is.
 */
#include "cmd/rove/client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/http/http.h"
#include "proto/api.h"
#include "tests/lib/unit.h"

static pid_t server_pid;
static char address[64];

static void
on_request(void *ctx, struct http_req *r)
{
	const char *path = http_path(r);
	const char *token = http_field(r, "X-Nomad-Token");
	char text[256];
	size_t n;
	const char *body = http_body(r, &n);

	(void)ctx;
	http_add(r, "X-Nomad-Index", "42");
	if (strcmp(path, "/v1/jobs") == 0)
		snprintf(text, sizeof text,
		    "[{\"ID\":\"a\"},{\"ID\":\"%s\"},{\"ID\":\"%s\"}]",
		    http_query(r), token != NULL ? token : "");
	else if (strcmp(path, "/v1/echo") == 0)
		snprintf(text, sizeof text, "%.*s", (int)n, body);
	else if (strcmp(path, "/v1/null") == 0)
		snprintf(text, sizeof text, "null");
	else if (strcmp(path, "/v1/bad") == 0)
		snprintf(text, sizeof text, "{\"ID\":7}");
	else if (strcmp(path, "/v1/denied") == 0) {
		http_fail(r, 403, "Permission denied");
		return;
	} else {
		http_fail(r, 404, "job not found");
		return;
	}
	http_reply(r, 200, "application/json", text, strlen(text));
}

static void
serve(int to_parent)
{
	static const struct http_ops ops = { .on_request = on_request };
	struct loop *l = loop_new();
	struct http_server *s =
	    http_server_new(l, "127.0.0.1:0", NULL, &ops, NULL, NULL);
	const char *addr = http_server_addr(s);

	alarm(UNIT_TIMEOUT_S);
	if (write(to_parent, addr, strlen(addr)) == -1)
		_exit(1);
	close(to_parent);
	loop_run(l);
	_exit(0);
}

static void
start_server(void)
{
	int fds[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fds), 0);
	server_pid = fork();
	if (server_pid == 0)
		serve(fds[1]);
	close(fds[1]);
	n = read(fds[0], address, sizeof address - 1);
	ck_assert_int_gt(n, 0);
	address[n] = '\0';
	close(fds[0]);
}

static void
stop_server(void)
{
	kill(server_pid, SIGKILL);
	waitpid(server_pid, NULL, 0);
}

START_TEST(client_reads_addresses_as_people_write_them)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} cases[] = {
		{ "http://127.0.0.1:4646", "127.0.0.1:4646" },
		{ "http://127.0.0.1:4646/", "127.0.0.1:4646" },
		{ "127.0.0.1:1", "127.0.0.1:1" },
		{ "http://server", "server:4646" },
		{ "http://[::1]", "[::1]:4646" },
		{ "http://[::1]:80", "[::1]:80" },
		{ "unix:///run/x.sock", "unix:/run/x.sock" },
		{ "https://127.0.0.1:4646", "127.0.0.1:4646" },
		{ "https://server/", "server:4646" },
		{ "ftp://127.0.0.1", NULL },
		{ "http://", NULL },
		{ "http://host/path", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct client c;
		struct err err;
		int rc = client_init(&c, cases[i].in, NULL, NULL, NULL, &err);

		ck_assert_int_eq(rc, cases[i].out != NULL ? 0 : -1);
		if (rc == -1)
			continue;
		ck_assert_str_eq(c.addr, cases[i].out);
		client_release(&c);
	}
}
END_TEST

START_TEST(client_asks_in_the_namespace_and_with_the_token)
{
	struct client c;
	struct err err;
	struct job_stub *jobs;
	size_t n;

	start_server();
	ck_assert_int_eq(
	    client_init(&c, address, "eu", "a/b", "secret", &err), 0);
	ck_assert_int_eq(client_list(&c, "/v1/jobs", "prefix=w", &job_stub_type,
			     &jobs, &n, &err),
	    0);
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(jobs[0].id, "a");
	ck_assert_str_eq(jobs[1].id, "prefix=w&region=eu&namespace=a%2Fb");
	ck_assert_str_eq(jobs[2].id, "secret");
	ck_assert_uint_eq(c.index, 42);
	client_free_list(&job_stub_type, jobs, n);
	client_release(&c);
	stop_server();
}
END_TEST

START_TEST(client_sends_and_reads_records)
{
	struct client c;
	struct err err;
	struct drain_spec in = { .deadline = 5, .ignore_system_jobs = true },
			  out;

	start_server();
	ck_assert_int_eq(client_init(&c, address, NULL, NULL, NULL, &err), 0);
	ck_assert_int_eq(client_put(&c, "/v1/echo", NULL, &drain_spec_type, &in,
			     &drain_spec_type, &out, &err),
	    0);
	ck_assert(rec_equal(&drain_spec_type, &in, &out));
	ck_assert_int_eq(
	    client_get(&c, "/v1/null", NULL, &drain_spec_type, &out, &err), 0);
	ck_assert_int_eq(out.deadline, 0);
	client_release(&c);
	stop_server();
}
END_TEST

START_TEST(client_says_what_the_server_said)
{
	struct client c;
	struct err err;
	struct job_stub job;

	start_server();
	ck_assert_int_eq(client_init(&c, address, NULL, NULL, NULL, &err), 0);
	ck_assert_int_eq(
	    client_get(&c, "/v1/job/x", NULL, &job_stub_type, &job, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_str_eq(
	    err.text, "Unexpected response code: 404 (job not found)");
	ck_assert_int_eq(
	    client_get(&c, "/v1/denied", NULL, &job_stub_type, &job, &err), -1);
	ck_assert_int_eq(err.code, ERR_DENIED);
	ck_assert_int_eq(
	    client_get(&c, "/v1/bad", NULL, &job_stub_type, &job, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "answer to /v1/bad"));
	job.priority = 5;
	ck_assert_int_eq(
	    client_try(&c, "/v1/bad", NULL, &job_stub_type, &job), -1);
	ck_assert_int_eq(job.priority, 0);
	stop_server();
	ck_assert_int_eq(
	    client_get(&c, "/v1/null", NULL, &job_stub_type, &job, &err), -1);
	ck_assert_int_eq(err.code, ERR_GONE);
	ck_assert_ptr_nonnull(strstr(err.text, "no answer from the agent at"));
	ck_assert_ptr_nonnull(strstr(err.text, address));
	client_release(&c);
}
END_TEST

START_TEST(client_escapes_what_stands_in_a_path)
{
	char *path = client_path("/v1/job/", "a/b c?%", "/plan");

	ck_assert_str_eq(path, "/v1/job/a%2Fb%20c%3F%25/plan");
	free(path);
}
END_TEST

UNIT_MAIN("rove_client", client_reads_addresses_as_people_write_them,
    client_asks_in_the_namespace_and_with_the_token,
    client_sends_and_reads_records, client_says_what_the_server_said,
    client_escapes_what_stands_in_a_path)
