/*
 * The error vocabulary's tables and the filling of details. The table is generated from the same
 * list as the enum, so a code without a name cannot exist. Invariant: strings in a detail are
 * terminated and, when their arguments were UTF-8, still are after truncation.
 */
#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/view.h"

static const struct entry {
    int32_t code;
    const char *name;
    const char *text;
} ENTRIES[] = {
#define ENTRY(code, cat, n, name, text) {code, name, text},
    SY_ERRORS(ENTRY)
#undef ENTRY
};
enum { N_ENTRIES = sizeof(ENTRIES) / sizeof(ENTRIES[0]) };

static const char *const CATEGORY_NAMES[SY_CAT_N] = {
    [SY_CAT_OK] = "ok",       [SY_CAT_USAGE] = "usage",       [SY_CAT_DENIED] = "denied",
    [SY_CAT_QUOTA] = "quota", [SY_CAT_CRYPTO] = "crypto",     [SY_CAT_IO] = "io",
    [SY_CAT_BUSY] = "busy",   [SY_CAT_INTERNAL] = "internal",
};

static const struct entry *find(int32_t code)
{
    for (size_t i = 0; i < N_ENTRIES; i++) {
        if (ENTRIES[i].code == code) {
            return &ENTRIES[i];
        }
    }
    return NULL;
}

const char *sy_code_name(int32_t code)
{
    const struct entry *e = find(code);
    return code == 0 ? "ok" : e == NULL ? "unknown" : e->name;
}

const char *sy_code_text(int32_t code)
{
    const struct entry *e = find(code);
    return code == 0 ? "no error" : e == NULL ? "unknown error" : e->text;
}

const char *sy_category_name(enum sy_category category)
{
    return (unsigned)category < SY_CAT_N ? CATEGORY_NAMES[category] : "unknown";
}

int32_t sy_code_of_name(const char *name)
{
    for (size_t i = 0; i < N_ENTRIES; i++) {
        if (strcmp(ENTRIES[i].name, name) == 0) {
            return ENTRIES[i].code;
        }
    }
    return 0;
}

sy_status sy_fail(struct sy_error *reterr, int32_t code, const char *field, const char *fmt, ...)
{
    if (reterr == NULL) {
        return sy_status_of(code);
    }
    char reason[4 * sizeof(reterr->reason)];
    int n = -1;
    if (fmt != NULL) {
        va_list args;
        va_start(args, fmt);
        n = vsnprintf(reason, sizeof(reason), fmt, args);
        va_end(args);
    }
    struct sy_error e = {.code = code};
    sy_view_to_cstr(sy_view_str(field), e.field, sizeof(e.field));
    sy_view_to_cstr(sy_view_str(n < 0 ? sy_code_text(code) : reason), e.reason, sizeof(e.reason));
    *reterr = e; /* at the end: the arguments may be the old detail's own strings */
    return sy_status_of(code);
}

static int32_t code_of_errno(int err)
{
    switch (err) {
    case ENOSPC:
    case EDQUOT:
        return SY_E_NO_SPACE;
    case ENOMEM:
        return SY_E_NO_MEMORY;
    default:
        return SY_E_IO;
    }
}

sy_status sy_fail_errno(struct sy_error *reterr, int saved_errno, const char *what)
{
    const char *text = strerrordesc_np(saved_errno);
    return sy_fail(reterr, code_of_errno(saved_errno), NULL, "%s: %s", what,
                   text == NULL ? "unknown error" : text);
}
