/*
 * Dummy identifiers. Invariant: a number is a function of the person and of the first field of the
 * catalogue that derives from its class, not of the table, so that tables join.
 */
#include "dummy_identity.h"

#include <inttypes.h>

#include "base/time.h"

enum {
    BIRTH_LO = -7305, /* 1950-01-01 */
    BIRTH_HI = 18262, /* 2020-01-01 */
    SCATTER = 7919,   /* a prime: neighbours get birthdays far apart */
    SEQUENCES = 1000
};

static struct sy_view raw_column(const struct sy_field_def *f)
{
    return f->source.n > 0 ? f->source : f->name;
}

static enum sy_klass made_of(const struct sy_field_def *f)
{
    enum sy_klass klass = sy_klass_of(f->klass);
    enum sy_derive derive = sy_derive_of(f->derive);
    bool number = sy_klass_is_number(klass) && sy_view_is(f->type, "unit");
    return derive != SY_DERIVE_NONE ? sy_derive_from(derive) : number ? klass : SY_KLASS_OTHER;
}

enum sy_klass dummy_identity_klass(const struct sy_dataset_def *def, struct sy_view column)
{
    for (size_t i = 0; i < def->n_fields; i++) {
        enum sy_klass klass = made_of(&def->fields[i]);
        if (klass != SY_KLASS_OTHER && sy_view_eq(raw_column(&def->fields[i]), column)) {
            return klass;
        }
    }
    return SY_KLASS_OTHER;
}

static const struct sy_field_def *first_of(const struct dummy_catalogue *c, enum sy_derive derive)
{
    for (size_t i = 0; i < c->n_defs; i++) {
        for (size_t k = 0; k < c->defs[i]->n_fields; k++) {
            if (sy_derive_of(c->defs[i]->fields[k].derive) == derive) {
                return &c->defs[i]->fields[k];
            }
        }
    }
    return NULL;
}

/* A declared value by number; `otherwise` where none is declared. */
static struct sy_view value_of(const struct sy_field_def *f, uint64_t *who, const char *otherwise)
{
    if (f == NULL || f->n_values == 0) {
        return sy_view_str(otherwise);
    }
    uint64_t at = *who % f->n_values;
    *who /= f->n_values;
    return f->values[at];
}

static sy_status put_idno(const struct dummy_catalogue *c, uint64_t who, struct sy_buf *out)
{
    const struct sy_field_def *birth = first_of(c, SY_DERIVE_IDNO_BIRTH);
    uint64_t left = who;
    struct sy_view region = value_of(first_of(c, SY_DERIVE_IDNO_REGION), &left, "990000");
    int64_t lo = birth != NULL ? birth->lo : BIRTH_LO;
    uint64_t span = (uint64_t)((birth != NULL ? birth->hi : BIRTH_HI) - lo) + 1;
    uint64_t day = left % span;
    day = span % SCATTER != 0 ? day * SCATTER % span : day;
    int y = 0, m = 0, d = 0;
    sy_date_of_days((int32_t)(lo + (int64_t)day), &y, &m, &d);
    char digits[SY_IDNO_CHARS + 1] = "00000000000000000";
    memcpy(digits, region.p, region.n < 6 ? region.n : 6);
    uint64_t sequence = (left / span * 2 + (who * SCATTER >> 4) % 2) % SEQUENCES;
    (void)snprintf(digits + 6, sizeof(digits) - 6, "%04u%02u%02u%03u", (unsigned)y % 10000,
                   (unsigned)m % 100, (unsigned)d % 100, (unsigned)sequence);
    return sy_buf_printf(out, "\"%.17s%c\"", digits, sy_idno_check(digits));
}

static sy_status put_phone(const struct dummy_catalogue *c, uint64_t who, struct sy_buf *out)
{
    uint64_t left = who;
    struct sy_view region = value_of(first_of(c, SY_DERIVE_PHONE_REGION), &left, "199");
    char digits[SY_PHONE_CHARS] = "00000000000";
    size_t n = region.n < 10 ? region.n : 10;
    memcpy(digits, region.p, n);
    for (size_t i = 11; i > n; i--, left /= 10) {
        digits[i - 1] = (char)('0' + left % 10);
    }
    return sy_buf_printf(out, "\"%.11s\"", digits);
}

static sy_status put_address(const struct dummy_catalogue *c, uint64_t who, struct sy_buf *out)
{
    uint64_t left = who;
    struct sy_view region = value_of(first_of(c, SY_DERIVE_ADDRESS_REGION), &left, "示例");
    return sy_buf_printf(out, "\"%.*s示例路 %" PRIu64 " 号\"", SY_PV(region), left + 1);
}

sy_status dummy_identity_put(const struct dummy_catalogue *catalogue, enum sy_klass klass,
                             uint64_t who, struct sy_buf *out)
{
    switch (klass) {
    case SY_KLASS_IDNO:
        return put_idno(catalogue, who, out);
    case SY_KLASS_PHONE:
        return put_phone(catalogue, who, out);
    default:
        return put_address(catalogue, who, out);
    }
}
