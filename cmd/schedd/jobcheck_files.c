/*
 * What a task brings along: templates and artifacts.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define MAX_PERMS 07777

static void
check_change(const struct template *m, struct problems *p)
{
	static const char *const modes[] = { "noop", "restart", "signal",
		"script", NULL };

	if (!check_among(m->change_mode, modes))
		problem(p, "Invalid change mode. Must be one of the following: "
			   "noop, signal, script, restart");
	if (check_is(m->change_mode, "signal")) {
		if (check_is(m->change_signal, ""))
			problem(p, "Must specify signal value when change mode "
				   "is signal");
		if (m->envvars)
			problem(p, "cannot use signals with env var templates");
	}
	if (check_is(m->change_mode, "script") &&
	    (m->change_script == NULL ||
		check_is(m->change_script->command, "")))
		problem(p, m->change_script == NULL
			       ? "must specify change script configuration "
				 "value when change mode is script"
			       : "must specify script path value when change "
				 "mode is script");
}

static void
check_perms(const char *perms, struct problems *p)
{
	const char *s = check_str(perms);
	uint64_t v = 0;
	bool fits = true, octal = true;

	for (; *s != '\0'; s++) {
		octal = octal && *s >= '0' && *s <= '7';
		v = v * 8 + (uint64_t)(*s - '0');
		fits = fits && v <= MAX_PERMS;
	}
	if (!octal || !fits)
		problem(p,
		    "Failed to parse \"%s\" as octal: strconv.ParseUint: "
		    "parsing \"%s\": %s",
		    perms, perms,
		    octal ? "value out of range" : "invalid syntax");
}

void
check_template(const struct template *m, struct problems *p)
{
	char a[CHECK_DUR_MAX], b[CHECK_DUR_MAX];

	if (check_is(m->source_path, "") && check_is(m->embedded_tmpl, ""))
		problem(p, "Must specify a source path or have an embedded "
			   "template");
	if (check_is(m->dest_path, ""))
		problem(p, "Must specify a destination for the template");
	if (check_escapes("task", m->dest_path))
		problem(p, "destination escapes allocation directory");
	check_change(m, p);
	if (m->splay < 0)
		problem(p, "Must specify positive splay value");
	check_perms(m->perms, p);
	if (m->wait != NULL && m->wait->has_min && m->wait->has_max &&
	    m->wait->min > m->wait->max)
		problem(p, "wait min %s is greater than max %s",
		    check_dur(m->wait->min, a), check_dur(m->wait->max, b));
}

static const struct {
	const char *name;
	size_t nbytes;
} sums[] = { { "md5", 16 }, { "sha1", 20 }, { "sha256", 32 },
	{ "sha512", 64 } };

static void
check_sum(const char *type, size_t ntype, const char *value, struct problems *p)
{
	size_t n = strlen(value), i;

	for (i = 0; i < n; i++)
		if (!isxdigit((unsigned char)value[i])) {
			problem(p,
			    "invalid checksum: encoding/hex: invalid byte: "
			    "U+%04X '%c'",
			    (unsigned char)value[i], value[i]);
			return;
		}
	if (n % 2 != 0) {
		problem(p, "invalid checksum: encoding/hex: odd length hex "
			   "string");
		return;
	}
	for (i = 0; i < sizeof sums / sizeof sums[0]; i++)
		if (strlen(sums[i].name) == ntype &&
		    memcmp(sums[i].name, type, ntype) == 0)
			break;
	if (i == sizeof sums / sizeof sums[0])
		problem(p, "unsupported checksum type: %.*s", (int)ntype, type);
	else if (n / 2 != sums[i].nbytes)
		problem(p, "invalid %s checksum: %s", sums[i].name, value);
}

/* Checksums with variables are known on the node alone. */
static void
check_checksum(const struct task_artifact *a, struct problems *p)
{
	const char *sum =
	    rec_kv_get(a->getter_options, a->ngetter_options, "checksum");
	size_t n;

	if (sum == NULL || strstr(sum, "${") != NULL)
		return;
	while (isspace((unsigned char)*sum))
		sum++;
	n = strcspn(sum, ":");
	if (*sum == '\0')
		problem(p, "checksum value cannot be empty");
	else if (sum[n] == '\0' || strchr(sum + n + 1, ':') != NULL)
		problem(p,
		    "checksum must be given as \"type:value\"; got \"%s\"",
		    sum);
	else
		check_sum(sum, n, sum + n + 1, p);
}

void
check_artifact(const struct task_artifact *a, struct problems *p)
{
	static const char *const modes[] = { "", "any", "file", "dir", NULL };

	if (check_is(a->getter_source, ""))
		problem(p, "source must be specified");
	if (!check_among(a->getter_mode, modes))
		problem(p,
		    "invalid artifact mode \"%s\"; must be one of: any, file, "
		    "dir",
		    a->getter_mode);
	if (check_escapes("task", a->relative_dest))
		problem(p, "destination escapes allocation directory");
	check_checksum(a, p);
}
