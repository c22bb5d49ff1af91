/*
 * Identity classes and derivations: one table each, and the two numbers that can be checked.
 * Invariants: total functions of any bytes; a number is accepted in one normal form only, so that one
 * person is one unit however a clerk wrote it down.
 */
#include "wire/identity.h"

#include "base/time.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- classes ---------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    bool number;  /* stored as a unit or not at all */
    bool refused; /* never granted */
} KLASSES[SY_KLASS_N] = {
    [SY_KLASS_OTHER] = {"", false, false},         [SY_KLASS_IDNO] = {"idno", true, true},
    [SY_KLASS_PHONE] = {"phone", true, true},      [SY_KLASS_NAME] = {"name", false, true},
    [SY_KLASS_ADDRESS] = {"address", false, true}, [SY_KLASS_FREE] = {"free", false, true},
    [SY_KLASS_CODE] = {"code", false, false},
};

enum sy_klass sy_klass_of(struct sy_view word)
{
    for (size_t i = 1; i < COUNT(KLASSES); i++) {
        if (sy_view_is(word, KLASSES[i].word)) {
            return (enum sy_klass)i;
        }
    }
    return SY_KLASS_OTHER;
}

bool sy_klass_is_number(enum sy_klass klass)
{
    return klass < SY_KLASS_N && KLASSES[klass].number;
}

bool sy_klass_refused(const struct sy_field_def *def)
{
    if (sy_view_is(def->type, "unit") || def->derive.n > 0) {
        return false;
    }
    enum sy_klass klass = sy_klass_of(def->klass);
    return KLASSES[klass].refused || (sy_view_is(def->type, "text") && klass != SY_KLASS_CODE);
}

/* --- derivations ------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    enum sy_klass from;
    const char *types[2];
    size_t n_values; /* 0: any number */
} DERIVES[SY_DERIVE_N] = {
    [SY_DERIVE_IDNO_REGION] = {"idno.region", SY_KLASS_IDNO, {"enum", "enum"}, 0},
    [SY_DERIVE_IDNO_BIRTH] = {"idno.birth", SY_KLASS_IDNO, {"date", "date"}, 0},
    [SY_DERIVE_IDNO_SEX] = {"idno.sex", SY_KLASS_IDNO, {"enum", "bool"}, 2},
    [SY_DERIVE_PHONE_REGION] = {"phone.region", SY_KLASS_PHONE, {"enum", "enum"}, 0},
    [SY_DERIVE_ADDRESS_REGION] = {"address.region", SY_KLASS_ADDRESS, {"enum", "enum"}, 0},
};

enum sy_derive sy_derive_of(struct sy_view word)
{
    for (size_t i = SY_DERIVE_NONE + 1; i < COUNT(DERIVES); i++) {
        if (sy_view_is(word, DERIVES[i].word)) {
            return (enum sy_derive)i;
        }
    }
    return word.n == 0 ? SY_DERIVE_NONE : SY_DERIVE_INVALID;
}

enum sy_klass sy_derive_from(enum sy_derive derive)
{
    return derive < SY_DERIVE_N ? DERIVES[derive].from : SY_KLASS_OTHER;
}

static const char *derive_fault(const struct sy_field_def *def, enum sy_derive derive)
{
    if (derive == SY_DERIVE_INVALID) {
        return "no such derivation; write idno.region, idno.birth, idno.sex, phone.region or "
               "address.region";
    }
    if (!sy_view_is(def->type, DERIVES[derive].types[0]) &&
        !sy_view_is(def->type, DERIVES[derive].types[1])) {
        return "the derivation does not give this type";
    }
    size_t n = DERIVES[derive].n_values;
    if (n > 0 && sy_view_is(def->type, "enum") && def->n_values != n) {
        return "two values are declared for a sex: for an even digit, then for an odd one";
    }
    if (!def->nullable) {
        return "a derived field is nullable: what cannot be derived is NULL";
    }
    return def->source.n > 0 ? NULL : "name the column that it is derived of (source)";
}

const char *sy_identity_fault(const struct sy_field_def *def)
{
    enum sy_klass klass = sy_klass_of(def->klass);
    enum sy_derive derive = sy_derive_of(def->derive);
    if (derive != SY_DERIVE_NONE) {
        return derive_fault(def, derive);
    }
    if (!sy_klass_is_number(klass)) {
        return NULL;
    }
    if (!sy_view_is(def->type, "unit")) {
        return "a number that names a person is stored as a unit only; derive fields of its column";
    }
    return def->n_sources == 0 ? NULL : "a number that names a person stands in one column";
}

/* --- identity numbers ------------------------------------------------------------------------- */

enum { IDNO_DIGITS = 17, IDNO_1989 = 15, IDNO_REGION = 6, IDNO_BIRTH = 8 };

/* ISO 7064 MOD 11-2: weights are the powers of 2 modulo 11, from the right. */
char sy_idno_check(const char *digits17)
{
    unsigned p = 0;
    for (size_t i = 0; i < IDNO_DIGITS; i++) {
        p = (p + (unsigned)(digits17[i] - '0')) * 2 % 11;
    }
    return "0123456789X"[(12 - p) % 11];
}

static bool all_digits(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
    }
    return true;
}

static int number_of(const char *p, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* The 17 digits of either form. */
static bool spread(struct sy_view text, char out[IDNO_DIGITS])
{
    bool old = text.n == IDNO_1989;
    if ((!old && text.n != SY_IDNO_CHARS) || !all_digits(text.p, old ? IDNO_1989 : IDNO_DIGITS)) {
        return false;
    }
    if (!old) {
        memcpy(out, text.p, IDNO_DIGITS);
        return true;
    }
    memcpy(out, text.p, IDNO_REGION);
    memcpy(out + IDNO_REGION, "19", 2);
    memcpy(out + IDNO_REGION + 2, text.p + IDNO_REGION, IDNO_1989 - IDNO_REGION);
    return true;
}

enum sy_idno_fault sy_idno_parse(struct sy_view text, struct sy_idno *ret)
{
    struct sy_idno id = {0};
    if (!spread(text, id.text)) {
        return SY_IDNO_FORM;
    }
    const char *day = id.text + IDNO_REGION;
    if (!sy_days_of_date(number_of(day, 4), number_of(day + 4, 2), number_of(day + 6, 2),
                         &id.birth)) {
        return SY_IDNO_FORM;
    }
    id.text[IDNO_DIGITS] = sy_idno_check(id.text);
    if (text.n == SY_IDNO_CHARS) {
        char last = (char)text.p[IDNO_DIGITS];
        char given = last == 'x' ? 'X' : last;
        if (given != 'X' && (given < '0' || given > '9')) {
            return SY_IDNO_FORM;
        }
        if (given != id.text[IDNO_DIGITS]) {
            return SY_IDNO_CHECKSUM;
        }
    }
    id.odd = (id.text[IDNO_DIGITS - 1] - '0') % 2 == 1;
    *ret = id;
    return SY_IDNO_FINE;
}

/* --- telephone numbers ------------------------------------------------------------------------ */

enum { PHONE_RAW = 16, MOBILE = 11, LANDLINE_MIN = 10 };

/* Digits without the signs that people put between them; 0 when there is anything else. */
static size_t bare_digits(struct sy_view text, char out[PHONE_RAW])
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == ' ' || c == '-' || c == '(' || c == ')' || (c == '+' && i == 0)) {
            continue;
        }
        if (c < '0' || c > '9' || n == PHONE_RAW) {
            return 0;
        }
        out[n++] = (char)c;
    }
    return n;
}

static bool is_mobile(const char *p, size_t n)
{
    return n == MOBILE && p[0] == '1' && p[1] >= '3';
}

/* Digits of the country's code in front; *ret false: of another country's. */
static size_t country_code(struct sy_view text, const char *p, size_t n, bool *ret)
{
    bool plus = text.n > 0 && text.p[0] == '+';
    if (!plus && n > 4 && memcmp(p, "0086", 4) == 0) {
        *ret = true;
        return 4;
    }
    bool ours = n > 2 && memcmp(p, "86", 2) == 0 && (plus || is_mobile(p + 2, n - 2));
    *ret = ours || !plus;
    return ours ? 2 : 0;
}

size_t sy_phone_digits(struct sy_view text, char ret[SY_PHONE_CHARS])
{
    char raw[PHONE_RAW];
    bool ours = false;
    size_t n = bare_digits(text, raw);
    size_t skip = country_code(text, raw, n, &ours);
    const char *p = raw + skip;
    n -= skip;
    if (n == MOBILE + 1 && p[0] == '0' && is_mobile(p + 1, MOBILE)) {
        p++; /* the trunk prefix; no area code begins with 01 and a mobile's third digit */
        n--;
    }
    bool landline = n >= LANDLINE_MIN && n <= SY_PHONE_CHARS && p[0] == '0' && p[1] != '0';
    if (!ours || (!is_mobile(p, n) && !landline)) {
        return 0;
    }
    memcpy(ret, p, n);
    return n;
}
