/*
 * The operational log: a line is built in a fixed buffer and written with one system call, so that
 * lines of several processes on one terminal or journal do not mix.
 * Invariants: a line never grows past its buffer and always ends in exactly one newline; an
 * identifier can neither forge a field nor a line nor move a terminal's cursor, because everything
 * that separates or controls is escaped. A failed write is dropped: the log must not stop work.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"

enum { LINE_BYTES = 2048, ID_BYTES = 96 };

static const char *process_name = "shuyu";
static enum sy_log_level most_verbose = SY_LOG_INFO;

static const char *const LEVEL_NAMES[] = {[SY_LOG_ERROR] = "error",
                                          [SY_LOG_WARN] = "warn",
                                          [SY_LOG_INFO] = "info",
                                          [SY_LOG_DEBUG] = "debug"};

struct line {
    char p[LINE_BYTES];
    size_t n; /* < LINE_BYTES - 1: one byte stays free for the newline */
};

static void add(struct line *l, const char *fmt, ...) SY_PRINTF(2, 3);

static void add(struct line *l, const char *fmt, ...)
{
    size_t room = sizeof(l->p) - 1 - l->n;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(l->p + l->n, room, fmt, args);
    va_end(args);
    if (n > 0) {
        l->n += (size_t)n < room ? (size_t)n : room - 1;
    }
}

/* At most ID_BYTES, not cutting a character in two. */
static struct sy_view shorten(struct sy_view id)
{
    if (id.n <= ID_BYTES) {
        return id;
    }
    size_t n = ID_BYTES;
    while (n > 0 && (id.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return sy_view(id.p, n);
}

static bool is_plain(uint8_t c)
{
    return c > 0x20 && c < 0x7F && c != '\\' && c != '=' && c != '"';
}

/* Is a two-byte C1 control (U+0080 to U+009F) at i? Terminals obey some of them. */
static bool is_c1(struct sy_view v, size_t i)
{
    return v.p[i] == 0xC2 && i + 1 < v.n && v.p[i + 1] < 0xA0;
}

static void add_id(struct line *l, struct sy_view id)
{
    struct sy_view v = shorten(id);
    bool text = sy_view_is_utf8(v);
    for (size_t i = 0; i < v.n; i++) {
        if (text && is_c1(v, i)) {
            add(l, "\\x%02x\\x%02x", (unsigned)v.p[i], (unsigned)v.p[i + 1]);
            i++;
        } else if (is_plain(v.p[i]) || (text && v.p[i] >= 0x80)) {
            add(l, "%c", v.p[i]);
        } else {
            add(l, "\\x%02x", (unsigned)v.p[i]);
        }
    }
}

static void add_field(struct line *l, const struct sy_log_field *f)
{
    switch (f->kind) {
    case SY_LOG_KIND_ID:
        add(l, " %s=", f->name);
        add_id(l, f->id);
        break;
    case SY_LOG_KIND_CODE:
        add(l, " %s=%s", f->name, sy_code_name((int32_t)f->n));
        break;
    case SY_LOG_KIND_N:
        add(l, " %s=%lld", f->name, (long long)f->n);
        break;
    case SY_LOG_KIND_MS:
        add(l, " %s=%lldms", f->name, (long long)f->n);
        break;
    case SY_LOG_END:
        break;
    }
}

void sy_log_setup(const char *process, enum sy_log_level level)
{
    process_name = process;
    most_verbose = level;
}

void sy_log_write(enum sy_log_level level, const char *text, const struct sy_log_field *fields,
                  size_t n_fields)
{
    if (level < SY_LOG_ERROR || level > SY_LOG_DEBUG || level > most_verbose) {
        return;
    }
    struct line l;
    l.n = 0;
    char now[21];
    sy_time_format(sy_now_s(), now);
    add(&l, "%s %s %s: %s", now, process_name, LEVEL_NAMES[level], text);
    for (size_t i = 0; i < n_fields; i++) {
        add_field(&l, &fields[i]);
    }
    l.p[l.n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, l.p, l.n);
    (void)ignored;
}
