/*
 * The HTTP engine beside nginx: both answer the same bytes, a list of three
 * jobs, ours from memory and nginx from an open file, each with one thread;
 * wrk asks both, in rounds that take turns. CPU time a request is told, too,
 * because wrk takes as much of the machine as they do.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/http/http.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/lib/bench.h"

#define NROUNDS 5
#define SECONDS 2
#define NCONNS  64

struct side {
	const char *name;
	pid_t pid;
	char addr[64];
	double rate[NROUNDS], cpu_us[NROUNDS];
};

/* --- what is answered --- */

static struct buf body;

static void
make_body(void)
{
	buf_addc(&body, '[');
	for (int i = 0; i < 3; i++)
		buf_addf(&body,
		    "%s{\"ID\":\"job-%d\",\"ParentID\":\"\",\"Name\":\"job-%"
		    "d\","
		    "\"Namespace\":\"default\",\"Datacenters\":[\"dc1\"],"
		    "\"NodePool\":\"default\",\"Type\":\"service\","
		    "\"Priority\":50,\"Periodic\":false,"
		    "\"ParameterizedJob\":false,\"Stop\":false,"
		    "\"Status\":\"running\",\"StatusDescription\":\"\","
		    "\"JobSummary\":{\"JobID\":\"job-%d\",\"Namespace\":"
		    "\"default\",\"Summary\":{\"web\":{\"Queued\":0,"
		    "\"Complete\":0,\"Failed\":0,\"Running\":3,\"Starting\":0,"
		    "\"Lost\":0,\"Unknown\":0}},\"Children\":{\"Pending\":0,"
		    "\"Running\":0,\"Dead\":0},\"CreateIndex\":10,"
		    "\"ModifyIndex\":%d},\"CreateIndex\":10,"
		    "\"ModifyIndex\":%d,\"JobModifyIndex\":10,"
		    "\"SubmitTime\":1700000000000000000}",
		    i > 0 ? "," : "", i, i, i, 20 + i, 20 + i);
	buf_addc(&body, ']');
}

static void
on_request(void *ctx, struct http_req *r)
{
	(void)ctx;
	http_reply(r, 200, "application/json", body.data, body.len);
}

/* A process of its own, which tells its address through a pipe. */
static void
start_ours(struct side *s)
{
	static const struct http_ops ops = { .on_request = on_request };
	int fds[2];

	if (pipe(fds) == -1)
		abort();
	s->pid = fork();
	if (s->pid == 0) {
		struct loop *l = loop_new();
		struct http_server *server;
		struct err err;
		const char *addr;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		log_set_level(LOG_ERROR);
		server =
		    http_server_new(l, "127.0.0.1:0", NULL, &ops, NULL, &err);
		if (server == NULL)
			_exit(1);
		addr = http_server_addr(server);
		if (write(fds[1], addr, strlen(addr) + 1) == -1)
			_exit(1);
		loop_run(l);
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], s->addr, sizeof s->addr) <= 0)
		abort();
	close(fds[0]);
}

/* --- nginx --- */

static char dir[64];

static void
put_file(const char *name, const char *text, size_t n)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) != 0)
		abort();
	free(path);
}

static void
start_nginx(struct side *s)
{
	int port = 20000 + (int)(getpid() % 20000);
	char *conf = xasprintf("master_process off; daemon off; pid %s/pid;"
			       "error_log %s/err;"
			       "events { worker_connections 4096; }"
			       "http { access_log off; default_type "
			       "application/json; keepalive_requests 100000000;"
			       "open_file_cache max=10; sendfile on;"
			       "client_body_temp_path %s/1; "
			       "proxy_temp_path %s/2; fastcgi_temp_path %s/3;"
			       "uwsgi_temp_path %s/4; scgi_temp_path %s/5;"
			       "server { listen 127.0.0.1:%d; root %s;"
			       "location / { try_files /body =404; } } }",
	    dir, dir, dir, dir, dir, dir, dir, port, dir);
	char *path = xasprintf("%s/nginx.conf", dir);

	put_file("nginx.conf", conf, strlen(conf));
	put_file("body", body.data, body.len);
	snprintf(s->addr, sizeof s->addr, "127.0.0.1:%d", port);
	s->pid = fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("nginx", "nginx", "-p", dir, "-c", path, (char *)NULL);
		_exit(127);
	}
	free(conf);
	free(path);
}

/* Until it answers what it should. */
static void
wait_for(const struct side *s)
{
	for (int i = 0; i < 100; i++) {
		struct buf got = { 0 };
		struct err err;
		int status = 0;

		if (http_ask(s->addr, "GET", "/v1/jobs", NULL, 0, NULL, 0, 1000,
			&status, NULL, &got, &err) == 0) {
			if (status != 200 || got.len != body.len ||
			    memcmp(got.data, body.data, got.len) != 0) {
				fprintf(stderr, "bench_http: %s: %d, %zu B\n",
				    s->name, status, got.len);
				exit(1);
			}
			buf_release(&got);
			return;
		}
		buf_release(&got);
		usleep(50000);
	}
	fprintf(stderr, "bench_http: %s does not answer\n", s->name);
	exit(1);
}

/* --- measuring --- */

/* CPU time of all threads of a process. */
static double
cpu_ns(pid_t pid)
{
	char *path = xasprintf("/proc/%d/task", pid);
	DIR *d = opendir(path);
	struct dirent *e;
	double sum = 0, ns;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char *name = xasprintf("%s/%s/schedstat", path, e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(name, "r");

		if (f != NULL && fscanf(f, "%lf", &ns) == 1)
			sum += ns;
		if (f != NULL)
			fclose(f);
		free(name);
	}
	if (d != NULL)
		closedir(d);
	free(path);
	return sum;
}

static void
measure(struct side *s, int i)
{
	char *command = xasprintf("wrk -t1 -c%d -d%ds http://%s/v1/jobs 2>&1",
	    NCONNS, SECONDS, s->addr);
	double before = cpu_ns(s->pid), n = 0, used;
	char line[256];
	FILE *f = popen(command, "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		sscanf(line, " %lf requests in", &n);
		if (strstr(line, "Non-2xx") || strstr(line, "Socket errors"))
			fprintf(stderr, "bench_http: %s: %s", s->name, line);
	}
	if (f == NULL || pclose(f) != 0 || n <= 0) {
		fprintf(stderr, "bench_http: wrk failed\n");
		exit(1);
	}
	used = cpu_ns(s->pid) - before;
	s->rate[i] = n / SECONDS;
	s->cpu_us[i] = used / n / 1000;
	free(command);
}

static void
end(struct side *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

static void
compare(struct side *ours, struct side *peer)
{
	double rate, peer_rate, us, peer_us;

	measure(ours, 0);
	measure(peer, 0);
	for (int i = 0; i < NROUNDS; i++) {
		measure(ours, i);
		measure(peer, i);
	}
	rate = bench_median(ours->rate, NROUNDS);
	peer_rate = bench_median(peer->rate, NROUNDS);
	us = bench_median(ours->cpu_us, NROUNDS);
	peer_us = bench_median(peer->cpu_us, NROUNDS);
	printf("http: %zu B from memory: %.0f requests/s, %.2f us of CPU each; "
	       "nginx, a file: %.0f requests/s, %.2f us\n",
	    body.len, rate, us, peer_rate, peer_us);
	bench_row(
	    "http: CPU of a request", us, "us", "nginx", peer_us, peer_us / us);
	bench_row("http: requests, one thread", rate, "/s", "nginx", peer_rate,
	    rate / peer_rate);
}

int
main(void)
{
	struct side ours = { .name = "rove" }, nginx = { .name = "nginx" };
	char *command;

	if (system(
		"command -v wrk >/dev/null && command -v nginx >/dev/null") !=
	    0) {
		printf("http: skipped: wrk or nginx is not installed\n");
		return 0;
	}
	snprintf(dir, sizeof dir, "/tmp/rove-bench-http-XXXXXX");
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) == -1)
		abort();
	make_body();
	start_ours(&ours);
	start_nginx(&nginx);
	wait_for(&ours);
	wait_for(&nginx);
	compare(&ours, &nginx);
	end(&ours);
	end(&nginx);
	command = xasprintf("rm -rf '%s'", dir);
	if (system(command) != 0)
		perror(command);
	free(command);
	buf_release(&body);
	return 0;
}
