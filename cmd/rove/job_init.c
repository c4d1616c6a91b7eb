/*
 * A job file to begin with.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/commands.h"

#define DEFAULT_NAME "example.nomad.hcl"

/*
 * A web server in a few lines of Perl, which is on every Debian, so the job
 * runs on a machine with nothing else.
 */
#define SERVER                                                               \
	"          $SIG{CHLD} = 'IGNORE';\n"                                 \
	"          $| = 1;\n"                                                \
	"          my $addr = \"$ENV{NOMAD_IP_http}:$ENV{NOMAD_PORT_http}\"" \
	";\n"                                                                \
	"          my $server = IO::Socket::INET->new(LocalAddr => $addr,\n" \
	"            Listen => 64, ReuseAddr => 1) or die \"$addr: $@\";\n"  \
	"          print \"serving at $addr\\n\";\n"                         \
	"          while (my $client = $server->accept) {\n"                 \
	"            next if fork;\n"                                        \
	"            my $request = <$client> // exit;\n"                     \
	"            while (<$client>) { last if /^\\r?$/ }\n"               \
	"            my $page = \"Hello from $ENV{NOMAD_ALLOC_ID}\\n\";\n"   \
	"            print $client \"HTTP/1.1 200 OK\\r\\n\",\n"             \
	"              \"Content-Type: text/plain\\r\\n\",\n"                \
	"              \"Content-Length: \", length $page, \"\\r\\n\",\n"    \
	"              \"Connection: close\\r\\n\\r\\n\", $page;\n"          \
	"            print $request;\n"                                      \
	"            exit;\n"                                                \
	"          }\n"

static const char sample_short[] = "job \"web\" {\n"
				   "  group \"web\" {\n"
				   "    shutdown_delay = \"1s\"\n"
				   "\n"
				   "    network {\n"
				   "      port \"http\" {}\n"
				   "    }\n"
				   "\n"
				   "    service {\n"
				   "      name = \"web\"\n"
				   "      port = \"http\"\n"
				   "      tags = [\"urlprefix-/web\"]\n"
				   "    }\n"
				   "\n"
				   "    task \"server\" {\n"
				   "      driver = \"raw_exec\"\n"
				   "\n"
				   "      config {\n"
				   "        command = \"/usr/bin/perl\"\n"
				   "        args = [\"-MIO::Socket::INET\", "
				   "\"-e\", <<-EOT\n" SERVER "        EOT\n"
				   "        ]\n"
				   "      }\n"
				   "\n"
				   "      resources {\n"
				   "        cpu    = 100\n"
				   "        memory = 64\n"
				   "      }\n"
				   "    }\n"
				   "  }\n"
				   "}\n";

static const char sample_long[] =
    "# A web job: a small server behind the load balancer.\n"
    "#\n"
    "#   rove job run example.nomad.hcl\n"
    "#   rove job status web\n"
    "#   curl http://127.0.0.1:9999/web\n"
    "\n"
    "job \"web\" {\n"
    "  # Where it may run.\n"
    "  datacenters = [\"dc1\"]\n"
    "\n"
    "  # A service runs until it is stopped; others are batch, which ends by\n"
    "  # itself, and system, which runs on every node.\n"
    "  type = \"service\"\n"
    "\n"
    "  # Tasks of a group run together on one node.\n"
    "  group \"web\" {\n"
    "    # How many of them. Change it and run the file again.\n"
    "    count = 1\n"
    "\n"
    "    # A port that the node chooses: NOMAD_PORT_http in the task's\n"
    "    # environment.\n"
    "    network {\n"
    "      port \"http\" {}\n"
    "    }\n"
    "\n"
    "    # How others find it. The tag asks the load balancer for a route.\n"
    "    service {\n"
    "      name = \"web\"\n"
    "      port = \"http\"\n"
    "      tags = [\"urlprefix-/web\"]\n"
    "    }\n"
    "\n"
    "    # When it is to stop it leaves the load balancer's table first.\n"
    "    shutdown_delay = \"1s\"\n"
    "\n"
    "    # A task that ends is started again, but not for ever.\n"
    "    restart {\n"
    "      attempts = 2\n"
    "      interval = \"30m\"\n"
    "      delay    = \"15s\"\n"
    "      mode     = \"fail\"\n"
    "    }\n"
    "\n"
    "    task \"server\" {\n"
    "      # A command without isolation.\n"
    "      driver = \"raw_exec\"\n"
    "\n"
    "      config {\n"
    "        command = \"/usr/bin/perl\"\n"
    "        args = [\"-MIO::Socket::INET\", \"-e\", <<-EOT\n" SERVER
    "        EOT\n"
    "        ]\n"
    "      }\n"
    "\n"
    "      # MHz and MB.\n"
    "      resources {\n"
    "        cpu    = 100\n"
    "        memory = 64\n"
    "      }\n"
    "    }\n"
    "  }\n"
    "}\n";

static int
write_sample(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	size_t n = strlen(text);

	if (fd == -1 && errno == EEXIST)
		return cli_fail(NULL, "Job file '%s' already exists", path);
	if (fd == -1 || write(fd, text, n) != (ssize_t)n || close(fd) == -1)
		return cli_fail(
		    NULL, "Failed to write '%s': %s", path, strerror(errno));
	printf("Example job file written to %s\n", path);
	return 0;
}

int
job_init(const struct command *cmd, int argc, char **argv)
{
	bool is_short = false, to_stdout = false;
	const struct flag rows[] = {
		{ "short", FLAG_BOOL, &is_short, NULL,
		    "Without comments and what is the default." },
		{ "stdout", FLAG_BOOL, &to_stdout, NULL,
		    "Print it instead of writing a file." },
	};
	struct cli c;
	const char *text;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	text = is_short ? sample_short : sample_long;
	if (to_stdout)
		status = fputs(text, stdout) == EOF;
	else
		status =
		    write_sample(c.argc > 0 ? c.argv[0] : DEFAULT_NAME, text);
	return cli_end(&c, status);
}
