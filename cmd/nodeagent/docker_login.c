#include "cmd/nodeagent/docker_login.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mem.h"
#include "common/text.h"

extern char **environ;

struct docker_login {
	struct loop *loop;
	const struct docker_image *image;
	docker_on_login *on_login;
	void *ctx;
	struct loop_timer *timer; /* tells, or ends the helper */
	struct docker_auth auth;
	struct err err; /* why it could not be found out */
	char *helper;
	pid_t pid; /* of the helper; 0 when it has ended */
	int out;   /* its answer; -1 */
	struct loop_fd *watch;
	struct buf answer;
};

/* --- the helper --- */

static void
on_reaped(void *arg, pid_t pid, int status)
{
	struct docker_login *g = arg;

	(void)pid;
	g->pid = 0;
	if (g->err.code == ERR_NONE &&
	    (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		err_set(&g->err, ERR_BAD, "docker-credential-%s: %.200s",
		    g->helper, buf_str(&g->answer));
	if (g->watch == NULL)
		loop_timer_set(g->timer, 0);
}

/* All that it says has come. */
static void
close_answer(struct docker_login *g)
{
	loop_fd_free(g->watch);
	g->watch = NULL;
	close(g->out);
	g->out = -1;
	if (g->pid == 0)
		loop_timer_set(g->timer, 0);
}

static void
on_answer(void *arg, bool readable, bool writable)
{
	struct docker_login *g = arg;
	char bytes[4096];
	ssize_t n = read(g->out, bytes, sizeof bytes);

	(void)readable;
	(void)writable;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && g->answer.len + (size_t)n <= DOCKER_MAX_AUTH_ANSWER)
		buf_add(&g->answer, bytes, (size_t)n);
	else
		close_answer(g);
}

static int
spawn(struct docker_login *g, int in, int out)
{
	char *program = xasprintf("docker-credential-%s", g->helper);
	char *argv[] = { program, xstrdup("get"), NULL };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none;
	int rv;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in, 0);
	posix_spawn_file_actions_adddup2(&fa, out, 1);
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	rv = posix_spawnp(&g->pid, program, &fa, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	if (rv != 0) {
		g->pid = 0;
		err_set(&g->err, ERR_SYSTEM, "%s: %s", program, strerror(rv));
	}
	free(argv[1]);
	free(program);
	return rv != 0 ? -1 : 0;
}

/* What it reads is one short line, which a pipe holds. */
static void
ask_helper(struct docker_login *g)
{
	const char *server = docker_auth_server(g->image);
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    write(in[1], server, strlen(server)) == -1) {
		err_sys(&g->err, "docker-credential-%s", g->helper);
	} else if (spawn(g, in[0], out[1]) == 0) {
		g->out = out[0];
		fcntl(g->out, F_SETFL, O_NONBLOCK);
		loop_child_watch(g->loop, g->pid, on_reaped, g);
		g->watch = loop_fd_new(g->loop, g->out, on_answer, g);
		loop_fd_want(g->watch, true, false);
		out[0] = -1;
	}
	for (size_t i = 0; i < 2; i++) {
		if (in[i] != -1)
			close(in[i]);
		if (out[i] != -1)
			close(out[i]);
	}
	loop_timer_set(g->timer, g->watch != NULL ? DOCKER_HELPER_MS : 0);
}

/* --- telling --- */

static void
on_timer(void *arg)
{
	struct docker_login *g = arg;
	docker_on_login *on_login = g->on_login;
	void *ctx = g->ctx;
	struct buf header = { 0 };
	char why[ERR_TEXT_MAX] = "";

	if (g->watch != NULL || g->pid != 0)
		err_set(&g->err, ERR_TIMEOUT,
		    "docker-credential-%s: no answer within %d ms", g->helper,
		    DOCKER_HELPER_MS);
	else if (g->helper != NULL && g->err.code == ERR_NONE)
		docker_auth_from_helper(
		    buf_str(&g->answer), g->answer.len, &g->auth, &g->err);
	if (g->err.code != ERR_NONE)
		snprintf(why, sizeof why, "%s", g->err.text);
	else if (!docker_auth_is_empty(&g->auth))
		docker_auth_header(&g->auth, &header);
	docker_login_free(g);
	on_login(ctx, header.data, *why != '\0' ? why : NULL);
	buf_release(&header);
}

static void
ask_file(struct docker_login *g, const char *path)
{
	struct buf text = { 0 };

	if (file_read(path, DOCKER_MAX_AUTH_FILE, &text, &g->err) == 0)
		docker_auth_from_file(text.data, text.len, g->image, &g->auth,
		    &g->helper, &g->err);
	buf_release(&text);
}

struct docker_login *
docker_login_new(struct loop *l, const struct docker_config *config,
    const struct docker_options *options, const struct docker_image *image,
    docker_on_login *on_login, void *ctx)
{
	struct docker_login *g = xcalloc(1, sizeof *g);

	g->loop = l;
	g->image = image;
	g->on_login = on_login;
	g->ctx = ctx;
	g->out = -1;
	g->timer = loop_timer_new(l, on_timer, g);
	if (config->auth != NULL && !docker_auth_is_empty(config->auth)) {
		rec_copy(&docker_auth_type, &g->auth, config->auth);
	} else {
		if (text_is_set(options->auth.config))
			ask_file(g, options->auth.config);
		if (g->helper == NULL && docker_auth_is_empty(&g->auth) &&
		    g->err.code == ERR_NONE &&
		    text_is_set(options->auth.helper))
			g->helper = xstrdup(options->auth.helper);
	}
	if (g->helper != NULL && g->err.code == ERR_NONE)
		ask_helper(g);
	else
		loop_timer_set(g->timer, 0);
	return g;
}

void
docker_login_free(struct docker_login *g)
{
	if (g == NULL)
		return;
	if (g->pid != 0) {
		loop_child_forget(g->loop, g->pid);
		kill(g->pid, SIGKILL);
		waitpid(g->pid, NULL, 0);
	}
	loop_fd_free(g->watch);
	if (g->out != -1)
		close(g->out);
	loop_timer_free(g->timer);
	rec_clear(&docker_auth_type, &g->auth);
	free(g->helper);
	buf_release(&g->answer);
	free(g);
}
