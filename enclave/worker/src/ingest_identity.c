/*
 * Identifiers. Invariant: what a reader leaves in *ret of a derived field is a number (a code, a day),
 * so that not one byte of the identifier is stored.
 */
#include "ingest_identity.h"

#include "wire/identity.h"

/* Written in full width or small letters: the same identifier. */
static enum ingest_rule parse_idno(const struct ingest_spec *spec, struct sy_view text,
                                   struct ingest_value *ret, struct sy_idno *id)
{
    static const enum ingest_rule RULES[] = {[SY_IDNO_FINE] = INGEST_FINE,
                                             [SY_IDNO_FORM] = INGEST_IDENTITY_FORM,
                                             [SY_IDNO_CHECKSUM] = INGEST_IDENTITY_CHECKSUM};
    enum ingest_rule rule = ingest_id_read(spec, text, ret);
    return rule != INGEST_FINE ? rule : RULES[sy_idno_parse(ret->text, id)];
}

/* The form that is stored: into scratch, coerced when it was written otherwise. */
static void store_form(struct sy_view given, const char *p, size_t n, struct ingest_value *ret)
{
    bool same = sy_view_eq(given, sy_view((const uint8_t *)p, n));
    memcpy(ret->scratch, p, n);
    ret->text = sy_view(ret->scratch, n);
    ret->how = same ? ret->how : INGEST_NORMALISED;
}

static enum ingest_rule read_idno(const struct ingest_spec *spec, struct sy_view text,
                                  struct ingest_value *ret)
{
    struct sy_idno id;
    enum ingest_rule rule = parse_idno(spec, text, ret, &id);
    if (rule == INGEST_FINE) {
        store_form(text, id.text, sizeof(id.text), ret);
    }
    return rule;
}

static enum ingest_rule read_phone(const struct ingest_spec *spec, struct sy_view text,
                                   struct ingest_value *ret)
{
    char digits[SY_PHONE_CHARS];
    enum ingest_rule rule = ingest_id_read(spec, text, ret);
    size_t n = rule == INGEST_FINE ? sy_phone_digits(ret->text, digits) : 0;
    if (n > 0) {
        store_form(text, digits, n, ret);
    }
    return rule != INGEST_FINE ? rule : n > 0 ? INGEST_FINE : INGEST_IDENTITY_FORM;
}

/* The longest declared value that the text begins with. Values end between characters, so they are
 * found whole or not at all. */
static enum ingest_rule longest_prefix(const struct ingest_spec *spec, struct sy_view text,
                                       struct ingest_value *ret)
{
    uint32_t position = 0;
    ret->how = INGEST_FINE;
    for (size_t n = text.n < SY_LABEL_BYTES_MAX ? text.n : SY_LABEL_BYTES_MAX; n > 0; n--) {
        if (ingest_dict_find(&spec->values, sy_view(text.p, n), &position)) {
            ret->n = position;
            return INGEST_FINE;
        }
    }
    return INGEST_VALUE_SET;
}

static enum ingest_rule derive_region(const struct ingest_spec *spec, struct sy_view text,
                                      struct ingest_value *ret)
{
    struct sy_idno id;
    enum ingest_rule rule = parse_idno(spec, text, ret, &id);
    return rule != INGEST_FINE
               ? rule
               : longest_prefix(spec, sy_view((const uint8_t *)id.text, sizeof(id.text)), ret);
}

static enum ingest_rule derive_birth(const struct ingest_spec *spec, struct sy_view text,
                                     struct ingest_value *ret)
{
    struct sy_idno id;
    enum ingest_rule rule = parse_idno(spec, text, ret, &id);
    if (rule != INGEST_FINE) {
        return rule;
    }
    ret->n = id.birth;
    ret->how = INGEST_FINE;
    return id.birth < spec->lo || id.birth > spec->hi ? INGEST_BOUNDS : INGEST_FINE;
}

static enum ingest_rule derive_sex(const struct ingest_spec *spec, struct sy_view text,
                                   struct ingest_value *ret)
{
    struct sy_idno id;
    enum ingest_rule rule = parse_idno(spec, text, ret, &id);
    if (rule == INGEST_FINE) {
        ret->n = id.odd ? 1 : 0;
        ret->how = INGEST_FINE;
    }
    return rule;
}

static enum ingest_rule derive_phone(const struct ingest_spec *spec, struct sy_view text,
                                     struct ingest_value *ret)
{
    enum ingest_rule rule = read_phone(spec, text, ret);
    return rule != INGEST_FINE ? rule : longest_prefix(spec, ret->text, ret);
}

/* Addresses are not identifiers: they are longer, and their letters mean what they say. */
static enum ingest_rule derive_address(const struct ingest_spec *spec, struct sy_view text,
                                       struct ingest_value *ret)
{
    return longest_prefix(spec, text, ret);
}

ingest_read_fn *ingest_identity_reader(const struct sy_field_def *def)
{
    static ingest_read_fn *const DERIVED[SY_DERIVE_N] = {
        [SY_DERIVE_IDNO_REGION] = derive_region,     [SY_DERIVE_IDNO_BIRTH] = derive_birth,
        [SY_DERIVE_IDNO_SEX] = derive_sex,           [SY_DERIVE_PHONE_REGION] = derive_phone,
        [SY_DERIVE_ADDRESS_REGION] = derive_address,
    };
    static ingest_read_fn *const STORED[SY_KLASS_N] = {
        [SY_KLASS_IDNO] = read_idno,
        [SY_KLASS_PHONE] = read_phone,
    };
    enum sy_derive derive = sy_derive_of(def->derive);
    return derive == SY_DERIVE_NONE ? STORED[sy_klass_of(def->klass)] : DERIVED[derive];
}
