#include "proto/variable.h"

#include <string.h>

#include "common/text.h"

static const struct rec_field variable_fields[] = {
	REC_STR(struct variable, 1, ns, "Namespace", .hcl = "namespace"),
	REC_STR(struct variable, 2, path, "Path"),
	REC_U64(struct variable, 3, create_index, "CreateIndex"),
	REC_U64(struct variable, 4, modify_index, "ModifyIndex"),
	REC_I64(struct variable, 5, create_time, "CreateTime"),
	REC_I64(struct variable, 6, modify_time, "ModifyTime"),
	REC_STRMAP(struct variable, 7, items, "Items",
	    .flags = REC_BLOCK | REC_EITHER),
};
const struct rec_type variable_type = REC_TYPE(variable, variable_fields);

static const struct rec_field variable_metadata_fields[] = {
	REC_STR(struct variable_metadata, 1, ns, "Namespace"),
	REC_STR(struct variable_metadata, 2, path, "Path"),
	REC_U64(struct variable_metadata, 3, create_index, "CreateIndex"),
	REC_U64(struct variable_metadata, 4, modify_index, "ModifyIndex"),
	REC_I64(struct variable_metadata, 5, create_time, "CreateTime"),
	REC_I64(struct variable_metadata, 6, modify_time, "ModifyTime"),
};
const struct rec_type variable_metadata_type =
    REC_TYPE(variable_metadata, variable_metadata_fields);

static bool
is_path(const char *path)
{
	size_t n = strlen(path);

	return n <= VARIABLE_PATH_MAX &&
	       strspn(path,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789-_~/") == n;
}

/* "nomad", or "nomad/" and something: under is what follows the slash. */
static int
check_reserved(const char *under, struct err *err)
{
	const char *templates = "job-templates";
	size_t n = strcspn(under, "/");

	if (n == strlen("jobs") && strncmp(under, "jobs", n) == 0)
		return 0;
	if (n != strlen(templates) || strncmp(under, templates, n) != 0)
		return err_set(err, ERR_BAD,
		    "only paths at \"nomad/jobs\" or \"nomad/job-templates\" "
		    "and below are valid paths under the top-level \"nomad\" "
		    "directory");
	if (under[n] == '/' && strchr(under + n + 1, '/') == NULL)
		return 0;
	return err_set(err, ERR_BAD,
	    "\"nomad/job-templates\" is a reserved directory path, but you "
	    "may write variables at the level below it, for example, "
	    "\"nomad/job-templates/template-name\"");
}

int
variable_check_path(const char *path, struct err *err)
{
	if (!text_is_set(path))
		return err_set(err, ERR_BAD, "variable requires path");
	if (!is_path(path))
		return err_set(err, ERR_BAD, "invalid path \"%s\"", path);
	if (strcmp(path, "nomad") == 0)
		return err_set(err, ERR_BAD,
		    "\"nomad\" is a reserved top-level directory path, but "
		    "you may write variables to \"nomad/jobs\", "
		    "\"nomad/job-templates\", or below");
	if (strncmp(path, "nomad/", 6) == 0)
		return check_reserved(path + 6, err);
	return 0;
}

int
variable_check(const struct variable *v, struct err *err)
{
	size_t bytes = 0;

	if (v->nitems == 0)
		return err_set(err, ERR_BAD, "empty variables are invalid");
	for (size_t i = 0; i < v->nitems; i++)
		bytes += strlen(text_or(v->items[i].key, "")) +
			 strlen(text_or(v->items[i].value, ""));
	if (bytes > VARIABLE_MAX_BYTES)
		return err_set(err, ERR_BAD,
		    "variables are limited to 64KiB in total size");
	return variable_check_path(v->path, err);
}
