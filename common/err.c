#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	size_t n;
	va_list ap;

	if (err == NULL)
		return -1;
	err->code = ERR_SYSTEM;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof err->text - n, ": %s", strerror(saved));
	errno = saved;
	return -1;
}

int
err_add(struct err *err, const char *fmt, ...)
{
	char said[ERR_TEXT_MAX];
	size_t n;
	va_list ap;

	if (err == NULL)
		return -1;
	memcpy(said, err->text, sizeof said);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof err->text - n, ": %s", said);
	return -1;
}

const char *
err_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_BAD] = "bad",
		[ERR_NOT_FOUND] = "not-found",
		[ERR_DENIED] = "denied",
		[ERR_CONFLICT] = "conflict",
		[ERR_BUSY] = "busy",
		[ERR_TIMEOUT] = "timeout",
		[ERR_GONE] = "gone",
		[ERR_SYSTEM] = "system",
		[ERR_CORRUPT] = "corrupt",
		[ERR_INTERNAL] = "internal",
		[ERR_NOT_LEADER] = "not-leader",
	};

	if ((size_t)code >= sizeof names / sizeof names[0])
		return "unknown";
	return names[code];
}
