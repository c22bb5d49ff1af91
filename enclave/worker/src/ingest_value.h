/*
 * One value of the raw file: text -> typed value by the catalogue entry, or the rule it broke.
 *
 *   int32 int64   [+-]digits, within [lo, hi]
 *   decimal       [+-]digits[.digits], as value x 10^scale within [lo, hi]; more decimals than scale
 *                 are rounded half away from zero (coerced, "rounding", when that changed the value)
 *   date          YYYY-MM-DD or YYYYMMDD, within [lo, hi]
 *   bool          0 1 true false 是 否 (ASCII case does not matter)
 *   enum          exactly one of the declared values
 *   text          UTF-8, at most INGEST_TEXT_BYTES; a control character (a line end, say) becomes a
 *                 blank (coerced, "normalised")
 *   unit          an identifier, normalised: full-width forms (U+FF01..U+FF5E, U+3000) to ASCII,
 *                 ASCII letters to capitals; 1..INGEST_ID_BYTES bytes then (coerced, "normalised",
 *                 when that changed it)
 *                 of class idno or phone, and derived fields: ingest_identity.h
 *
 * All are trimmed first: ASCII white space and U+3000. Bounds that are both zero are not declared:
 * the type's own range holds then. Nothing here keeps or reports a value.
 * Threads: pure, but for the scratch bytes of the caller's struct ingest_value. Allocates: only
 * ingest_spec_init.
 */
#ifndef WORKER_INGEST_VALUE_H
#define WORKER_INGEST_VALUE_H

#include "ingest_dict.h"
#include "wire/catalog.h"

enum {
    INGEST_TEXT_BYTES = SY_LABEL_BYTES_MAX,
    INGEST_ID_BYTES = 64,
    INGEST_PARTS_MAX = INGEST_ID_BYTES / 2, /* of an identifier: with their breaks they fill it */
    INGEST_SCALE_MAX = 18
};

/* What a value can run into. The names go into the quality report. */
#define INGEST_RULES(X)                                                                            \
    X(MISSING, "missing")                     /* empty, and the field is not nullable */           \
    X(TYPE, "type")                           /* cannot be read as the field's type */             \
    X(BOUNDS, "bounds")                       /* outside [lo, hi], or too long */                  \
    X(VALUE_SET, "value_set")                 /* not one of the declared values */                 \
    X(ENCODING, "encoding")                   /* not valid text in the file's encoding */          \
    X(ROUNDING, "rounding")                   /* coerced: had more decimals */                     \
    X(NORMALISED, "normalised")               /* coerced: was written another way */               \
    X(IDENTITY_FORM, "identity-form")         /* no such identity or telephone number */           \
    X(IDENTITY_CHECKSUM, "identity-checksum") /* its check character does not fit */               \
    X(UNIT_ROWS, "unit-rows")                 /* the unit has its `rows` already */                \
    X(COLUMNS, "columns")                     /* the row has not as many cells as the header */

enum ingest_rule {
    INGEST_FINE = 0,
#define INGEST_RULE_ENUM(id, name) INGEST_##id,
    INGEST_RULES(INGEST_RULE_ENUM)
#undef INGEST_RULE_ENUM
        INGEST_RULE_N
};

/* The report's name of a rule; "" for INGEST_FINE. */
const char *ingest_rule_name(enum ingest_rule rule);

struct ingest_value {
    int64_t n;                          /* numbers, dates, bools; enum: position of the label */
    struct sy_view text;                /* text, unit: into the input or into `scratch` */
    enum ingest_rule how;               /* ROUNDING, NORMALISED or FINE */
    uint8_t scratch[INGEST_TEXT_BYTES]; /* at least 3 x INGEST_ID_BYTES */
};

struct ingest_spec;
typedef enum ingest_rule ingest_read_fn(const struct ingest_spec *spec, struct sy_view text,
                                        struct ingest_value *ret);

/* Where a type's values are stored in a batch. */
enum ingest_store { INGEST_STORE_NUMBER = 1, INGEST_STORE_TEXT, INGEST_STORE_ID };

/* How to read one field. */
struct ingest_spec {
    ingest_read_fn *read;
    enum ingest_store store;
    int64_t lo, hi;
    unsigned scale;
    struct ingest_dict values; /* enum */
};

/* From the catalogue entry. SY_E_FIELD: unknown type, lo > hi, bounds outside the type, a scale
 * above INGEST_SCALE_MAX, an enum without values or with a value twice, `rows` or `sources` of anything
 * but a unit, one source, more than INGEST_PARTS_MAX or beside a `source`, a `klass` or
 * `derive` that cannot be (sy_identity_fault). SY_E_LIMIT, SY_E_NO_MEMORY.
 * On error nothing is owned. */
SY_MUST sy_status ingest_spec_init(const struct sy_field_def *def, struct ingest_spec *ret);
void ingest_spec_deinit(struct ingest_spec *spec);

/* Read one cell. INGEST_FINE and *ret; INGEST_MISSING for an empty one; or the rule it broke (*ret
 * is undefined then). Text that is not valid UTF-8 or holds a NUL is always INGEST_ENCODING. */
enum ingest_rule ingest_value_read(const struct ingest_spec *spec, struct sy_view cell,
                                   struct ingest_value *ret);

/* The reader of identifiers; ret->text is the normalised one, in the input or in ret->scratch. */
enum ingest_rule ingest_id_read(const struct ingest_spec *spec, struct sy_view text,
                                struct ingest_value *ret);

/* Without ASCII white space and U+3000 at both ends. */
struct sy_view ingest_trim(struct sy_view v);

#endif
