#include "cmd/rove/flags.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/table.h"

static const struct flag *
find(const struct flags *flags, const char *name, size_t n)
{
	for (; flags != NULL; flags = flags->next)
		for (size_t i = 0; i < flags->n; i++)
			if (strlen(flags->rows[i].name) == n &&
			    memcmp(flags->rows[i].name, name, n) == 0)
				return &flags->rows[i];
	return NULL;
}

/* What Go's strconv.ParseBool takes. */
static int
parse_bool(const char *s, bool *out)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE",
		"True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE",
		"False" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
			*out = strcmp(s, yes[i]) == 0;
			return 0;
		}
	}
	return -1;
}

static int
parse_count(const char *s, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(s, &end, 10);
	return *s == '\0' || *end != '\0' || errno != 0 || *out < 0 ? -1 : 0;
}

static int
set(const struct flag *f, const char *value, struct err *err)
{
	struct flag_texts *texts = f->to;
	bool b = false;
	int64_t n = 0;
	int rc = 0;

	switch (f->kind) {
	case FLAG_BOOL:
		rc = parse_bool(value, &b);
		if (rc == 0 && f->to != NULL)
			*(bool *)f->to = b;
		break;
	case FLAG_COUNT:
		rc = parse_count(value, &n);
		if (rc == 0 && f->to != NULL)
			*(int64_t *)f->to = n;
		break;
	case FLAG_TEXT:
		if (f->to != NULL)
			*(const char **)f->to = value;
		break;
	case FLAG_TEXTS:
		if (texts->n == FLAG_MAX_TEXTS)
			return err_set(err, ERR_BAD,
			    "flag -%s is given more than %d times", f->name,
			    FLAG_MAX_TEXTS);
		texts->items[texts->n++] = value;
		break;
	}
	if (rc == -1)
		return err_set(err, ERR_BAD,
		    "invalid %svalue \"%s\" for flag -%s: parse error",
		    f->kind == FLAG_BOOL ? "boolean " : "", value, f->name);
	return 0;
}

/* One flag at argv[i]; *used counts the words that it took. */
static int
parse_one(const struct flags *flags, char **argv, int left, int *used,
    bool *help, struct err *err)
{
	const char *name = argv[0] + (argv[0][1] == '-' ? 2 : 1);
	const char *eq = strchr(name, '=');
	size_t n = eq != NULL ? (size_t)(eq - name) : strlen(name);
	const struct flag *f = find(flags, name, n);

	*used = 1;
	if (n == 0 || *name == '-')
		return err_set(err, ERR_BAD, "bad flag syntax: %s", argv[0]);
	if (f == NULL &&
	    (strcmp(name, "h") == 0 || strcmp(name, "help") == 0)) {
		*help = true;
		return 0;
	}
	if (f == NULL)
		return err_set(err, ERR_BAD,
		    "flag provided but not defined: -%.*s", (int)n, name);
	if (eq != NULL)
		return set(f, eq + 1, err);
	if (f->kind == FLAG_BOOL)
		return set(f, "true", err);
	if (left < 2)
		return err_set(
		    err, ERR_BAD, "flag needs an argument: -%s", f->name);
	*used = 2;
	return set(f, argv[1], err);
}

int
flags_parse(const struct flags *flags, int *argc, char **argv, bool *help,
    struct err *err)
{
	int kept = 1, used;
	bool open = true; /* flags may still come */

	*help = false;
	for (int i = 1; i < *argc; i += used) {
		used = 1;
		if (open && strcmp(argv[i], "--") == 0) {
			open = false;
		} else if (open && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (parse_one(flags, argv + i, *argc - i, &used, help,
				err) == -1)
				return -1;
		} else {
			argv[kept++] = argv[i];
		}
	}
	*argc = kept;
	return 0;
}

void
flags_usage(const struct flags *flags, struct buf *out)
{
	for (size_t i = 0; i < flags->n; i++) {
		const struct flag *f = &flags->rows[i];

		if (f->says == NULL)
			continue;
		buf_addf(out, "\n  -%s%s%s\n", f->name,
		    f->value != NULL ? "=" : "",
		    f->value != NULL ? f->value : "");
		table_wrap(f->says, 4, out);
		buf_addc(out, '\n');
	}
}
