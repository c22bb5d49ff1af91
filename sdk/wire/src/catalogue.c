/* Unified social credit codes, and when data are stale. */
#include "wire/catalogue.h"

enum { BODY_CHARS = 17, AREA_AT = 2, AREA_END = 8, ORG_MODULUS = 31, WEIGHT_BASE = 3 };

/* The characters by their values: digits, and letters without I O S V Z. */
static const char ORG_SET[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

static int org_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(ORG_SET, c);
    return at == NULL ? -1 : (int)(at - ORG_SET);
}

/* GB 32100: the weights are the powers of 3 modulo 31. */
char sy_org_code_check(const char *chars17)
{
    int sum = 0;
    int weight = 1;
    for (size_t i = 0; i < BODY_CHARS; i++) {
        int v = org_value(chars17[i]);
        if (v < 0) {
            return '\0';
        }
        sum += v * weight;
        weight = weight * WEIGHT_BASE % ORG_MODULUS;
    }
    return ORG_SET[(ORG_MODULUS - sum % ORG_MODULUS) % ORG_MODULUS];
}

bool sy_org_code_ok(struct sy_view text)
{
    if (text.n != SY_ORG_CODE_CHARS) {
        return false;
    }
    const char *chars = (const char *)text.p;
    for (size_t i = AREA_AT; i < AREA_END; i++) {
        if (chars[i] < '0' || chars[i] > '9') {
            return false;
        }
    }
    char check = sy_org_code_check(chars);
    return check != '\0' && check == chars[BODY_CHARS];
}

bool sy_entry_stale(uint64_t days, int64_t updated, int64_t day)
{
    if (days == 0) {
        return false;
    }
    return updated < 0 || (day > updated && (uint64_t)(day - updated) > days);
}
