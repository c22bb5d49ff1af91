/*
 * Operational log of a process: one line to stderr, RFC 3339 time, process, level, fixed text and
 * typed fields. There is no way to log free bytes: a field is a code, a number, an identifier of
 * the catalogue or ledger, or a duration (DESIGN rule: never log a raw value). Control characters
 * in identifiers are escaped. Audit records are something else: see enclave/ledger.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/status.h"
#include "base/view.h"

enum sy_log_level { SY_LOG_ERROR = 1, SY_LOG_WARN, SY_LOG_INFO, SY_LOG_DEBUG };

enum sy_log_kind {
    SY_LOG_END = 0,
    SY_LOG_KIND_ID,
    SY_LOG_KIND_CODE,
    SY_LOG_KIND_N,
    SY_LOG_KIND_MS
};

struct sy_log_field {
    enum sy_log_kind kind;
    const char *name;  /* a literal */
    struct sy_view id; /* for ID: at most 96 bytes are printed */
    int64_t n;         /* for CODE, N, MS */
};

#define SY_LOGF_ID(name, view)                                                                     \
    {                                                                                              \
        SY_LOG_KIND_ID, (name), (view), 0                                                          \
    }
#define SY_LOGF_CODE(code)                                                                         \
    {                                                                                              \
        SY_LOG_KIND_CODE, "code", {0}, (code)                                                      \
    }
#define SY_LOGF_N(name, value)                                                                     \
    {                                                                                              \
        SY_LOG_KIND_N, (name), {0}, (int64_t)(value)                                               \
    }
#define SY_LOGF_MS(name, value)                                                                    \
    {                                                                                              \
        SY_LOG_KIND_MS, (name), {0}, (int64_t)(value)                                              \
    }

/* Name shown on every line and the most verbose level printed (default "shuyu", INFO). `process`
 * must be a literal. */
void sy_log_setup(const char *process, enum sy_log_level level);

/* fields: n_fields entries. Use the macro: sy_log(SY_LOG_INFO, "worker killed", SY_LOGF_N(...)). */
void sy_log_write(enum sy_log_level level, const char *text, const struct sy_log_field *fields,
                  size_t n_fields);

/* The end mark is added here, so that a call without fields is standard C too. */
#define sy_log(level, ...) SY_LOG_FIELDS(level, __VA_ARGS__, {SY_LOG_END, "", {0}, 0})
#define SY_LOG_FIELDS(level, text, ...)                                                            \
    sy_log_write(                                                                                  \
        (level), (text), (const struct sy_log_field[]){__VA_ARGS__},                               \
        sizeof((const struct sy_log_field[]){__VA_ARGS__}) / sizeof(struct sy_log_field) - 1)

#endif
