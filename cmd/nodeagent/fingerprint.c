#include "cmd/nodeagent/fingerprint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/mem.h"
#include "proto/version.h"

#define LINE_MAX_BYTES 1024
#define MB             (1 << 20)

static void
attr(struct node *node, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		rec_kv_set(&node->attributes, &node->nattributes, name, value);
}

static void __attribute__((format(printf, 3, 4)))
attrf(struct node *node, const char *name, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	attr(node, name, text);
}

/* The rest of the first line that begins with the key, past ':' or '=',
 * blanks and quotes; "" when there is none. */
static void
find_line(const char *path, const char *key, char out[LINE_MAX_BYTES])
{
	char line[LINE_MAX_BYTES];
	FILE *f = fopen(path, "re");

	out[0] = '\0';
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		char *p = line + strlen(key);

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		p += strspn(p, " \t:=\"");
		p[strcspn(p, "\n\"")] = '\0';
		memmove(out, p, strlen(p) + 1);
		break;
	}
	if (f != NULL)
		fclose(f);
}

static int64_t
read_number(const char *path)
{
	long long n = 0;
	FILE *f = fopen(path, "re");

	if (f != NULL && fscanf(f, "%lld", &n) != 1)
		n = 0;
	if (f != NULL)
		fclose(f);
	return n;
}

/* --- parts --- */

static const char *
go_arch(const char *machine)
{
	if (strcmp(machine, "x86_64") == 0)
		return "amd64";
	if (strcmp(machine, "aarch64") == 0)
		return "arm64";
	return machine;
}

static void
fingerprint_os(struct node *node)
{
	struct utsname u;
	char text[LINE_MAX_BYTES];

	if (uname(&u) == 0) {
		attr(node, "kernel.name", "linux");
		attr(node, "kernel.version", u.release);
		attr(node, "kernel.arch", u.machine);
		attr(node, "cpu.arch", go_arch(u.machine));
		attr(node, "unique.hostname", u.nodename);
		attr(node, "arch", go_arch(u.machine));
	}
	find_line("/etc/os-release", "ID=", text);
	attr(node, "os.name", text);
	find_line("/etc/os-release", "VERSION_ID=", text);
	attr(node, "os.version", text);
	attr(node, "os.signals",
	    "SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,"
	    "SIGINT,SIGIO,SIGIOT,SIGKILL,SIGNULL,SIGPIPE,SIGPROF,SIGQUIT,"
	    "SIGSEGV,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,"
	    "SIGURG,SIGUSR1,SIGUSR2,SIGWINCH,SIGXCPU,SIGXFSZ");
	attr(node, "os.cgroups.version",
	    access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "2" : "1");
	attr(node, "nomad.version", ROVE_NOMAD_VERSION);
	attr(node, "rove.version", ROVE_VERSION);
	attr(node, "nomad.service_discovery", "true");
}

static int64_t
cpu_mhz_of_core(void)
{
	char text[LINE_MAX_BYTES];
	int64_t khz =
	    read_number("/sys/devices/system/cpu/cpu0/cpufreq/base_frequency");

	if (khz == 0)
		khz = read_number(
		    "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
	if (khz > 0)
		return khz / 1000;
	find_line("/proc/cpuinfo", "cpu MHz", text);
	return *text != '\0' ? (int64_t)strtod(text, NULL) : 1000;
}

static void
fingerprint_cpu(struct node *node, const struct fingerprint_wish *wish)
{
	struct node_cpu_resources *cpu = &node->node_resources->cpu;
	int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t mhz = cpu_mhz_of_core();
	char text[LINE_MAX_BYTES];

	if (cores < 1)
		cores = 1;
	find_line("/proc/cpuinfo", "model name", text);
	attr(node, "cpu.modelname", text);
	attrf(node, "cpu.numcores", "%" PRId64, cores);
	attrf(node, "cpu.reservablecores", "%" PRId64, cores);
	attrf(node, "cpu.frequency", "%" PRId64, mhz);
	cpu->total_cpu_cores = (uint64_t)cores;
	cpu->cpu_shares = wish->cpu_mhz > 0 ? wish->cpu_mhz : cores * mhz;
	cpu->nreservable_cpu_cores = (size_t)cores;
	cpu->reservable_cpu_cores =
	    xcalloc((size_t)cores, sizeof *cpu->reservable_cpu_cores);
	for (int64_t i = 0; i < cores; i++)
		cpu->reservable_cpu_cores[i] = i;
	attrf(node, "cpu.totalcompute", "%" PRId64, cpu->cpu_shares);
	attrf(node, "cpu.usablecompute", "%" PRId64,
	    cpu->cpu_shares - wish->reserved_cpu_mhz);
}

static void
fingerprint_memory(struct node *node, const struct fingerprint_wish *wish)
{
	char text[LINE_MAX_BYTES];
	int64_t bytes;

	find_line("/proc/meminfo", "MemTotal", text);
	bytes = strtoll(text, NULL, 10) * 1024;
	attrf(node, "memory.totalbytes", "%" PRId64, bytes);
	node->node_resources->memory.memory_mb =
	    wish->memory_mb > 0 ? wish->memory_mb : bytes / MB;
}

static void
fingerprint_disk(struct node *node, const struct fingerprint_wish *wish)
{
	struct statvfs vfs;
	uint64_t total, avail;

	if (statvfs(wish->data_dir, &vfs) == -1)
		return;
	total = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	avail = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	attr(node, "unique.storage.volume", wish->data_dir);
	attrf(node, "unique.storage.bytestotal", "%" PRIu64, total);
	attrf(node, "unique.storage.bytesfree", "%" PRIu64, avail);
	node->node_resources->disk.disk_mb =
	    wish->disk_mb > 0 ? wish->disk_mb : (int64_t)(avail / MB);
}

/* --- network --- */

/* The interface of the default route, or "lo" when there is none. */
static void
default_interface(char out[IF_NAMESIZE])
{
	char line[LINE_MAX_BYTES], name[IF_NAMESIZE];
	unsigned long dest;
	FILE *f = fopen("/proc/net/route", "re");

	snprintf(out, IF_NAMESIZE, "lo");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "%15s %lx", name, &dest) == 2 && dest == 0 &&
		    strcmp(name, "Iface") != 0) {
			snprintf(out, IF_NAMESIZE, "%s", name);
			break;
		}
	if (f != NULL)
		fclose(f);
}

static bool
find_address(const char *name, char ip[INET_ADDRSTRLEN])
{
	struct ifaddrs *all, *a;
	bool found = false;

	if (getifaddrs(&all) == -1)
		return false;
	for (a = all; a != NULL && !found; a = a->ifa_next) {
		const struct sockaddr_in *sin;

		if (a->ifa_addr == NULL || a->ifa_addr->sa_family != AF_INET ||
		    strcmp(a->ifa_name, name) != 0)
			continue;
		sin = (const struct sockaddr_in *)(const void *)a->ifa_addr;
		found = inet_ntop(AF_INET, &sin->sin_addr, ip,
			    INET_ADDRSTRLEN) != NULL;
	}
	freeifaddrs(all);
	return found;
}

static void
fingerprint_network(struct node *node, const struct fingerprint_wish *wish)
{
	struct node_resources *res = node->node_resources;
	char name[IF_NAMESIZE], ip[INET_ADDRSTRLEN];
	struct network_resource *net;
	struct node_network_resource *nn;

	if (wish->network_interface != NULL && *wish->network_interface != '\0')
		snprintf(name, sizeof name, "%s", wish->network_interface);
	else
		default_interface(name);
	if (!find_address(name, ip)) {
		snprintf(name, sizeof name, "lo");
		snprintf(ip, sizeof ip, "127.0.0.1");
	}
	attr(node, "unique.network.ip-address", ip);
	res->networks = net = xcalloc(1, sizeof *net);
	res->nnetworks = 1;
	net->mode = xstrdup("host");
	net->device = xstrdup(name);
	net->ip = xstrdup(ip);
	net->cidr = xasprintf("%s/32", ip);
	net->mbits = 1000;
	net->has_mbits = true;
	res->node_networks = nn = xcalloc(1, sizeof *nn);
	res->nnode_networks = 1;
	nn->mode = xstrdup("host");
	nn->device = xstrdup(name);
	nn->speed = 1000;
	nn->addresses = xcalloc(1, sizeof *nn->addresses);
	nn->naddresses = 1;
	nn->addresses[0].family = xstrdup("ipv4");
	nn->addresses[0].alias = xstrdup("default");
	nn->addresses[0].address = xstrdup(ip);
}

static void
fill_reserved(struct node *node, const struct fingerprint_wish *wish)
{
	struct node_reserved_resources *r = xcalloc(1, sizeof *r);

	node->reserved_resources = r;
	r->cpu.cpu_shares = (uint64_t)wish->reserved_cpu_mhz;
	r->memory.memory_mb = (uint64_t)wish->reserved_memory_mb;
	r->disk.disk_mb = (uint64_t)wish->reserved_disk_mb;
	if (wish->reserved_ports != NULL)
		r->networks.reserved_host_ports = xstrdup(wish->reserved_ports);
}

void
fingerprint_node(struct node *node, const struct fingerprint_wish *wish)
{
	node->node_resources = xcalloc(1, sizeof *node->node_resources);
	node->node_resources->min_dynamic_port = wish->min_dynamic_port;
	node->node_resources->max_dynamic_port = wish->max_dynamic_port;
	fingerprint_os(node);
	fingerprint_cpu(node, wish);
	fingerprint_memory(node, wish);
	fingerprint_disk(node, wish);
	fingerprint_network(node, wish);
	fill_reserved(node, wish);
	rec_sort_maps(&node_type, node);
}
