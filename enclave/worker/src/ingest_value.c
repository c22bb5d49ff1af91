/*
 * Values: one row of a table for each type. Numbers are read by hand, because this is the inner loop
 * of an ingest, in a process that has no locale, and because libc's readers accept more than the
 * catalogue does (hexadecimal, infinities, exponents).
 * Invariants: a reader sees a trimmed, non-empty cell and reads all of it; what it accepts lies
 * within the field's bounds; whatever fails and is not valid UTF-8 is an encoding fault, whichever
 * type tripped over it first.
 */
#include "ingest_value.h"

#include <strings.h>

#include "base/arith.h"
#include "base/time.h"
#include "ingest_identity.h"
#include "wire/identity.h"
#include "wire/unit_id.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *ingest_rule_name(enum ingest_rule rule)
{
    static const char *const NAMES[INGEST_RULE_N] = {"",
#define INGEST_RULE_NAME(id, name) name,
                                                     INGEST_RULES(INGEST_RULE_NAME)
#undef INGEST_RULE_NAME
    };
    return (unsigned)rule < INGEST_RULE_N ? NAMES[rule] : "";
}

struct sy_view ingest_trim(struct sy_view v)
{
    return sy_unit_id_trim(v);
}

/* --- numbers ----------------------------------------------------------------------------------- */

/* A number as it is being read. What does not fit 64 bits is still a number: out of bounds. */
struct digits {
    uint64_t u;
    bool over;
    bool negative;
    bool any;   /* at least one digit */
    bool lossy; /* a digit other than 0 was dropped */
    const uint8_t *at, *end;
};

static struct digits digits_of(struct sy_view text)
{
    struct digits d = {.at = text.p, .end = text.p + text.n};
    if (d.at < d.end && (*d.at == '-' || *d.at == '+')) {
        d.negative = *d.at == '-';
        d.at++;
    }
    return d;
}

static inline void push_digit(struct digits *d, unsigned digit)
{
    if (__builtin_expect(d->u > (UINT64_MAX - 9) / 10, false)) {
        d->over = true;
        return;
    }
    d->u = d->u * 10 + digit;
}

/* Up to n_max digits. */
static size_t take_digits(struct digits *d, size_t n_max)
{
    size_t n = 0;
    for (; n < n_max && d->at < d->end; n++, d->at++) {
        unsigned digit = (unsigned)*d->at - '0';
        if (digit > 9) {
            break;
        }
        push_digit(d, digit);
    }
    d->any = d->any || n > 0;
    return n;
}

/* The decimals behind the scale: the first one decides, half goes away from zero. */
static void round_off(struct digits *d)
{
    bool up = d->at < d->end && *d->at >= '5' && *d->at <= '9';
    for (; d->at < d->end && *d->at >= '0' && *d->at <= '9'; d->at++) {
        d->lossy = d->lossy || *d->at != '0';
        d->any = true;
    }
    if (up && !d->over) {
        d->u++; /* push_digit leaves room for it */
    }
}

static void take_decimals(struct digits *d, unsigned scale)
{
    size_t n = 0;
    if (d->at < d->end && *d->at == '.') {
        d->at++;
        n = take_digits(d, scale);
        round_off(d);
    }
    for (; n < scale; n++) {
        push_digit(d, 0);
    }
}

static enum ingest_rule finish_number(const struct ingest_spec *spec, const struct digits *d,
                                      struct ingest_value *ret)
{
    if (!d->any || d->at != d->end) {
        return INGEST_TYPE;
    }
    uint64_t most = (uint64_t)INT64_MAX + (d->negative ? 1 : 0);
    if (d->over || d->u > most) {
        return INGEST_BOUNDS;
    }
    int64_t v = (int64_t)(d->negative ? 0 - d->u : d->u);
    ret->n = v;
    ret->how = d->lossy ? INGEST_ROUNDING : INGEST_FINE;
    return v < spec->lo || v > spec->hi ? INGEST_BOUNDS : INGEST_FINE;
}

static enum ingest_rule read_int(const struct ingest_spec *spec, struct sy_view text,
                                 struct ingest_value *ret)
{
    struct digits d = digits_of(text);
    (void)take_digits(&d, SIZE_MAX);
    return finish_number(spec, &d, ret);
}

static enum ingest_rule read_decimal(const struct ingest_spec *spec, struct sy_view text,
                                     struct ingest_value *ret)
{
    struct digits d = digits_of(text);
    (void)take_digits(&d, SIZE_MAX);
    take_decimals(&d, spec->scale);
    return finish_number(spec, &d, ret);
}

/* --- dates ------------------------------------------------------------------------------------- */

/* n digits and nothing else, n small. */
static bool fixed_digits(const uint8_t *p, size_t n, int *ret)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
        v = v * 10 + (p[i] - '0');
    }
    *ret = v;
    return true;
}

static enum ingest_rule read_date(const struct ingest_spec *spec, struct sy_view text,
                                  struct ingest_value *ret)
{
    bool dashed = text.n == 10 && text.p[4] == '-' && text.p[7] == '-';
    if (!dashed && text.n != 8) {
        return INGEST_TYPE;
    }
    size_t gap = dashed ? 1 : 0;
    int y = 0, m = 0, d = 0;
    int32_t days = 0;
    if (!fixed_digits(text.p, 4, &y) || !fixed_digits(text.p + 4 + gap, 2, &m) ||
        !fixed_digits(text.p + 6 + 2 * gap, 2, &d) || !sy_days_of_date(y, m, d, &days)) {
        return INGEST_TYPE;
    }
    ret->n = days;
    return days < spec->lo || days > spec->hi ? INGEST_BOUNDS : INGEST_FINE;
}

/* --- words ------------------------------------------------------------------------------------- */

static enum ingest_rule read_bool(const struct ingest_spec *spec, struct sy_view text,
                                  struct ingest_value *ret)
{
    static const struct {
        const char *word;
        size_t n;
        int64_t value;
    } WORDS[] = {{"0", 1, 0},     {"1", 1, 1},  {"true", 4, 1},
                 {"false", 5, 0}, {"是", 3, 1}, {"否", 3, 0}};
    (void)spec;
    for (size_t i = 0; i < COUNT(WORDS); i++) {
        if (text.n == WORDS[i].n && strncasecmp((const char *)text.p, WORDS[i].word, text.n) == 0) {
            ret->n = WORDS[i].value;
            return INGEST_FINE;
        }
    }
    return INGEST_TYPE;
}

static enum ingest_rule read_enum(const struct ingest_spec *spec, struct sy_view text,
                                  struct ingest_value *ret)
{
    uint32_t position = 0;
    if (!ingest_dict_find(&spec->values, text, &position)) {
        return INGEST_VALUE_SET;
    }
    ret->n = position;
    return INGEST_FINE;
}

/* Texts become labels of keys, which are plain text. */
static struct sy_view blank_controls(struct sy_view text, uint8_t *out)
{
    for (size_t i = 0; i < text.n; i++) {
        out[i] = text.p[i] < ' ' || text.p[i] == 0x7F ? ' ' : text.p[i];
    }
    return sy_view(out, text.n);
}

static enum ingest_rule read_text(const struct ingest_spec *spec, struct sy_view text,
                                  struct ingest_value *ret)
{
    (void)spec;
    if (text.n > INGEST_TEXT_BYTES) {
        return INGEST_BOUNDS;
    }
    ret->text = text;
    if (sy_view_is_text(text, INGEST_TEXT_BYTES)) {
        return INGEST_FINE;
    }
    if (!sy_view_is_utf8(text)) {
        return INGEST_ENCODING;
    }
    ret->text = blank_controls(text, ret->scratch);
    ret->how = INGEST_NORMALISED;
    return INGEST_FINE;
}

/* --- identifiers ------------------------------------------------------------------------------- */

/* The normal form is wire/unit_id.h's, which whoever asks about one person uses too. */
enum ingest_rule ingest_id_read(const struct ingest_spec *spec, struct sy_view text,
                                struct ingest_value *ret)
{
    static const struct {
        int32_t code;
        enum ingest_rule rule;
    } rules[] = {{SY_E_LIMIT, INGEST_BOUNDS}, {SY_E_FIELD, INGEST_ENCODING}};
    (void)spec;
    int32_t code = sy_unit_id_normalise(text, ret->scratch, &ret->text).code;
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (code == rules[i].code) {
            return rules[i].rule;
        }
    }
    ret->how = sy_view_eq(ret->text, text) ? ret->how : INGEST_NORMALISED;
    return INGEST_FINE;
}

/* --- the table --------------------------------------------------------------------------------- */

static const struct type {
    const char *name;
    ingest_read_fn *read;
    enum ingest_store store;
    int64_t lo, hi; /* the type's own range */
} TYPES[] = {
    {"int32", read_int, INGEST_STORE_NUMBER, INT32_MIN, INT32_MAX},
    {"int64", read_int, INGEST_STORE_NUMBER, INT64_MIN, INT64_MAX},
    {"decimal", read_decimal, INGEST_STORE_NUMBER, INT64_MIN, INT64_MAX},
    {"date", read_date, INGEST_STORE_NUMBER, INT32_MIN, INT32_MAX},
    {"bool", read_bool, INGEST_STORE_NUMBER, 0, 1},
    {"enum", read_enum, INGEST_STORE_NUMBER, 0, UINT32_MAX},
    {"text", read_text, INGEST_STORE_TEXT, 0, 0},
    {"unit", ingest_id_read, INGEST_STORE_ID, 0, 0},
};

static const struct type *type_of(const struct sy_field_def *def)
{
    for (size_t i = 0; i < COUNT(TYPES); i++) {
        if (sy_view_is(def->type, TYPES[i].name)) {
            return &TYPES[i];
        }
    }
    return NULL;
}

/* A declared value's code must be its position in the list. */
static sy_status declare(struct ingest_dict *values, const struct sy_field_def *def)
{
    for (size_t i = 0; i < def->n_values; i++) {
        uint32_t code = 0;
        SY_TRY(ingest_dict_code(values, def->values[i], &code));
        if (code != i) {
            return sy_status_of(SY_E_FIELD);
        }
    }
    return def->n_values > 0 ? SY_OK : sy_status_of(SY_E_FIELD);
}

/* Bounds count for numbers and dates; both zero = not declared. */
static bool set_bounds(struct ingest_spec *spec, const struct type *type,
                       const struct sy_field_def *def)
{
    bool bounded =
        (type->read == read_int || type->read == read_decimal || type->read == read_date) &&
        (def->lo != 0 || def->hi != 0);
    spec->lo = bounded ? def->lo : type->lo;
    spec->hi = bounded ? def->hi : type->hi;
    return spec->lo <= spec->hi && spec->lo >= type->lo && spec->hi <= type->hi;
}

/* Caps and composite keys are for units. */
static bool units_fit(const struct type *type, const struct sy_field_def *def)
{
    if (type->store != INGEST_STORE_ID) {
        return def->rows <= 1 && def->n_sources == 0;
    }
    return def->n_sources == 0 ||
           (def->n_sources >= 2 && def->n_sources <= INGEST_PARTS_MAX && def->source.n == 0);
}

sy_status ingest_spec_init(const struct sy_field_def *def, struct ingest_spec *ret)
{
    const struct type *type = type_of(def);
    *ret = (struct ingest_spec){.values = ingest_dict()};
    if (type == NULL || def->scale > INGEST_SCALE_MAX || !set_bounds(ret, type, def) ||
        !units_fit(type, def) || sy_identity_fault(def) != NULL) {
        return sy_status_of(SY_E_FIELD);
    }
    ingest_read_fn *identity = ingest_identity_reader(def);
    ret->read = identity != NULL ? identity : type->read;
    ret->store = type->store;
    ret->scale = (unsigned)def->scale;
    sy_status s = type->read == read_enum ? declare(&ret->values, def) : SY_OK;
    if (!sy_ok(s)) {
        ingest_spec_deinit(ret);
    }
    return s;
}

void ingest_spec_deinit(struct ingest_spec *spec)
{
    ingest_dict_deinit(&spec->values);
}

enum ingest_rule ingest_value_read(const struct ingest_spec *spec, struct sy_view cell,
                                   struct ingest_value *ret)
{
    struct sy_view text = ingest_trim(cell);
    if (text.n == 0) {
        return INGEST_MISSING;
    }
    bool trimmed = text.n != cell.n && spec->store == INGEST_STORE_ID;
    ret->how = trimmed ? INGEST_NORMALISED : INGEST_FINE;
    enum ingest_rule rule = spec->read(spec, text, ret);
    if (rule != INGEST_FINE && !sy_view_is_utf8(text)) {
        return INGEST_ENCODING;
    }
    return rule;
}
