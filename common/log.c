#include "common/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *log_name = "rove";
static enum log_level log_level = LOG_INFO;
static log_sink *log_extra;
static void *log_extra_ctx;

static const char *const level_names[] = {
	[LOG_TRACE] = "TRACE",
	[LOG_DEBUG] = "DEBUG",
	[LOG_INFO] = "INFO",
	[LOG_WARN] = "WARN",
	[LOG_ERROR] = "ERROR",
};

void
log_init(const char *name, enum log_level level)
{
	pthread_mutex_lock(&lock);
	log_name = name;
	pthread_mutex_unlock(&lock);
	log_set_level(level);
}

void
log_set_level(enum log_level level)
{
	__atomic_store_n(&log_level, level, __ATOMIC_RELAXED);
}

enum log_level
log_get_level(void)
{
	return __atomic_load_n(&log_level, __ATOMIC_RELAXED);
}

int
log_level_parse(const char *text, enum log_level *level)
{
	for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
		if (strcasecmp(text, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	if (strcasecmp(text, "err") == 0) {
		*level = LOG_ERROR;
		return 0;
	}
	return -1;
}

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

void
log_set_sink(log_sink *sink, void *ctx)
{
	pthread_mutex_lock(&lock);
	log_extra = sink;
	log_extra_ctx = ctx;
	pthread_mutex_unlock(&lock);
}

/* Peers put words into messages: they must not be able to end a line. */
static void
replace_controls(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static size_t
format_head(char *line, size_t size, enum log_level level)
{
	struct timespec ts;
	struct tm tm;
	char when[32];
	int n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(line, size, "%s.%03ldZ [%s] %s: ", when,
	    ts.tv_nsec / 1000000, level_names[level], log_name);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static void log_line(enum log_level level, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	size_t n;

	pthread_mutex_lock(&lock);
	n = format_head(line, sizeof line - 1, level);
	vsnprintf(line + n, sizeof line - 1 - n, fmt, ap);
	replace_controls(line);
	if (log_extra != NULL)
		log_extra(log_extra_ctx, level, line);
	n = strlen(line);
	line[n++] = '\n';
	/* Nobody is left to hear that stderr is gone. */
	if (write(STDERR_FILENO, line, n) == -1)
		(void)0;
	pthread_mutex_unlock(&lock);
}

void
log_event(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level < log_get_level())
		return;
	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
}

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_ERROR, fmt, ap);
	va_end(ap);
	exit(1);
}
