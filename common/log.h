/*
 * Events, one line each, on stderr:
 *
 *	2026-01-02T03:04:05.678Z [WARN]  schedd: node lost node=7b96701e
 *silent_ms=5000
 *
 * Error: a person should look. Warn: we coped. Info: state changed. Debug:
 * the conversation. Trace: its bytes. An event is logged once, where the
 * decision is made. Line breaks and control bytes in a message are replaced,
 * so a peer cannot forge a line. Safe to call from any thread.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

#define LOG_LINE_MAX 2048 /* a longer event is cut */

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/*
 * Names the program in every later line; name is borrowed for ever. The
 * level starts at LOG_INFO.
 */
void log_init(const char *name, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "warn" and "WARN" alike; "err" and "error" too. -1 when unknown. */
int log_level_parse(const char *text, enum log_level *level);
const char *log_level_name(enum log_level level); /* "WARN" */

/*
 * A second reader of every line, such as ctl's monitor: called with the
 * finished line without its newline, under the log's lock, so it must not
 * log. NULL takes it back.
 */
typedef void log_sink(void *ctx, enum log_level level, const char *line);
void log_set_sink(log_sink *sink, void *ctx);

void log_event(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_trace(...) log_event(LOG_TRACE, __VA_ARGS__)
#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_event(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_event(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)

/* Logs an error and exits with status 1. */
void log_fatal(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

#endif
