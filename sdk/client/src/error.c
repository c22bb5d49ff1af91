/*
 * What: the public face of base/status.h. The two tables of codes are compared here at compile
 * time: every public number is the inner one of the same name, and none is missing.
 */
#include "client/error.h"

#include <string.h>

#define SAME(name, number) _Static_assert((int)SHUYU_E_##name == (int)SY_E_##name, #name);
SHUYU_CODES(SAME)
#undef SAME

#define COUNT_PUBLIC(name, number)            +1
#define COUNT_INNER(code, cat, n, name, text) +1
enum { N_PUBLIC = 0 SHUYU_CODES(COUNT_PUBLIC), N_INNER = 0 SY_ERRORS(COUNT_INNER) };
_Static_assert((int)N_PUBLIC == (int)N_INNER, "a code is missing");
_Static_assert((int)SHUYU_CAT_INTERNAL + 1 == (int)SY_CAT_N, "a category is missing");

const char *shuyu_error_name(int code)
{
    return sy_code_name(code);
}

const char *shuyu_error_text(int code)
{
    return sy_code_text(code);
}

const char *shuyu_category_name(int category)
{
    return sy_category_name((enum sy_category)category);
}

bool shuyu_error_retryable(int code)
{
    enum sy_category cat = sy_category_of(code);
    return cat == SY_CAT_IO || cat == SY_CAT_BUSY || code == SY_E_RATE;
}

const char *shuyu_version(void)
{
    return SHUYU_VERSION;
}

static void copy_text(char *to, size_t cap, const char *from)
{
    sy_view_to_cstr(sy_view_str(from), to, cap);
}

shuyu_status client_misuse(shuyu_error *reterr, int32_t code, const char *field, const char *reason)
{
    if (reterr != NULL) {
        *reterr = (shuyu_error){.code = code, .category = (int)sy_category_of(code)};
        copy_text(reterr->field, sizeof(reterr->field), field == NULL ? "" : field);
        copy_text(reterr->reason, sizeof(reterr->reason),
                  reason == NULL ? sy_code_text(code) : reason);
    }
    return code;
}

shuyu_status client_give(sy_status s, const struct sy_error *e, shuyu_error *reterr)
{
    if (sy_ok(s)) {
        return SHUYU_OK;
    }
    bool told = e->code == s.code && e->reason[0] != '\0';
    return client_misuse(reterr, s.code, told ? e->field : NULL, told ? e->reason : NULL);
}
