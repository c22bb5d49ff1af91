/*
 * Dummy data. One table row per type: how a value is drawn. Draws are integers only, from a small
 * generator seeded by the user's seed and the dataset's id, so that files are the same everywhere;
 * nothing secret hangs on it.
 * Invariants: every cell satisfies the ingest checks of the entry it was made from (no row of a
 * dummy file is ever rejected, unless two fields share a column); a unit is only ever one of its namespace's pool.
 */
#include "dummy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "base/time.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    NULL_PERCENT = 5,
    POOL_WITHOUT_REGISTRY = 1000, /* units of a namespace that no dataset of the list lives in */
    NUMBER_HI = 9999,             /* where no bounds are declared */
    DATE_LO = 10957,              /* 2000-01-01 */
    DATE_HI = 20088,              /* 2024-12-31 */
    FLUSH_BYTES = 1 << 16,
    BUFFER_BYTES = 64 << 20,
};

struct dummy {
    const struct sy_dataset_def *const *defs;
    size_t n_defs;
    const struct sy_dataset_def *def; /* the one being written */
    uint64_t random;
    uint64_t row;
    struct sy_buf out;
};

/* --- drawing ----------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct dummy *d)
{
    uint64_t z = d->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0 .. n - 1, n > 0; evenly but for a bias of n / 2^64. */
static uint64_t below(struct dummy *d, uint64_t n)
{
    return (uint64_t)(((sy_u128)draw(d) * n) >> 64);
}

/* 0 .. n - 1, small ones more often: a uniform draw squared. */
static uint64_t skewed(struct dummy *d, uint64_t n)
{
    uint64_t u = draw(d);
    uint64_t square = (uint64_t)(((sy_u128)u * u) >> 64);
    return (uint64_t)(((sy_u128)square * n) >> 64);
}

/* FNV-1a: only to give each dataset a sequence of its own. */
static uint64_t seed_of(uint64_t seed, struct sy_view id)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325) ^ seed;
    for (size_t i = 0; i < id.n; i++) {
        h = (h ^ id.p[i]) * UINT64_C(0x100000001B3);
    }
    return h;
}

struct range {
    int64_t lo, hi;
};

static struct range range_of(const struct sy_field_def *f, int64_t lo, int64_t hi)
{
    bool declared = f->lo != 0 || f->hi != 0;
    return declared ? (struct range){f->lo, f->hi} : (struct range){lo, hi};
}

/* Within the range, both ends included. */
static int64_t within(struct dummy *d, struct range r)
{
    uint64_t span = (uint64_t)r.hi - (uint64_t)r.lo;
    uint64_t offset = span == UINT64_MAX ? draw(d) : below(d, span + 1);
    return (int64_t)((uint64_t)r.lo + offset);
}

/* --- units ------------------------------------------------------------------------------------- */

static const struct sy_dataset_def *registry_of(const struct dummy *d, struct sy_view ns)
{
    for (size_t i = 0; i < d->n_defs; i++) {
        if (d->defs[i]->ns.n > 0 && sy_view_eq(d->defs[i]->ns, ns)) {
            return d->defs[i];
        }
    }
    return NULL;
}

static uint64_t pool_of(const struct dummy *d, struct sy_view ns)
{
    const struct sy_dataset_def *registry = registry_of(d, ns);
    if (registry == NULL || registry->dummy_rows == 0) {
        return POOL_WITHOUT_REGISTRY;
    }
    bool capped = registry->units > 0 && registry->units < registry->dummy_rows;
    return capped ? registry->units : registry->dummy_rows;
}

static sy_status put_unit(struct dummy *d, const struct sy_field_def *f)
{
    uint64_t pool = pool_of(d, f->ref);
    bool names_row = registry_of(d, f->ref) == d->def && sy_view_eq(f->name, d->def->unit);
    uint64_t unit = names_row ? d->row % pool : skewed(d, pool);
    return sy_buf_printf(&d->out, "DUMMY%08" PRIu64, unit + 1);
}

/* --- values ------------------------------------------------------------------------------------ */

static sy_status put_quoted(struct dummy *d, struct sy_view text)
{
    SY_TRY(sy_buf_add_str(&d->out, "\""));
    for (size_t i = 0; i < text.n; i++) {
        SY_TRY(sy_buf_add(&d->out, &text.p[i], 1));
        SY_TRY(text.p[i] == '"' ? sy_buf_add_str(&d->out, "\"") : SY_OK);
    }
    return sy_buf_add_str(&d->out, "\"");
}

static sy_status put_int(struct dummy *d, const struct sy_field_def *f)
{
    return sy_buf_printf(&d->out, "%" PRId64, within(d, range_of(f, 0, NUMBER_HI)));
}

/* The mean of two draws, so that the middle is more frequent than the ends. */
static sy_status put_decimal(struct dummy *d, const struct sy_field_def *f)
{
    struct range r = range_of(f, 0, NUMBER_HI);
    int64_t a = within(d, r);
    int64_t b = within(d, r);
    int64_t v = a < b ? a + (int64_t)(((uint64_t)b - (uint64_t)a) / 2)
                      : b + (int64_t)(((uint64_t)a - (uint64_t)b) / 2);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t unit = 1;
    for (uint64_t i = 0; i < f->scale; i++) {
        unit *= 10;
    }
    SY_TRY(sy_buf_printf(&d->out, "%s%" PRIu64, v < 0 ? "-" : "", u / unit));
    return f->scale == 0 ? SY_OK : sy_buf_printf(&d->out, ".%0*" PRIu64, (int)f->scale, u % unit);
}

static sy_status put_date(struct dummy *d, const struct sy_field_def *f)
{
    int y = 0, m = 0, day = 0;
    sy_date_of_days((int32_t)within(d, range_of(f, DATE_LO, DATE_HI)), &y, &m, &day);
    return sy_buf_printf(&d->out, "%04d-%02d-%02d", y, m, day);
}

static sy_status put_bool(struct dummy *d, const struct sy_field_def *f)
{
    (void)f;
    return sy_buf_add_str(&d->out, below(d, 2) == 0 ? "0" : "1");
}

static sy_status put_enum(struct dummy *d, const struct sy_field_def *f)
{
    return put_quoted(d, f->values[skewed(d, f->n_values)]);
}

static sy_status put_text(struct dummy *d, const struct sy_field_def *f)
{
    static const char *const LABELS[] = {
        "示例甲", "示例乙", "示例丙", "示例丁", "示例戊",   "示例己",
        "示例庚", "示例辛", "示例壬", "示例癸", "Dummy, A", "Dummy \"B\"",
    };
    (void)f;
    return put_quoted(d, sy_view_str(LABELS[skewed(d, COUNT(LABELS))]));
}

static const struct type {
    const char *name;
    sy_status (*put)(struct dummy *d, const struct sy_field_def *f);
    bool bounded;
    int64_t lo, hi; /* what bounds may be */
} TYPES[] = {
    {"int32", put_int, true, INT32_MIN, INT32_MAX},
    {"int64", put_int, true, INT64_MIN, INT64_MAX},
    {"decimal", put_decimal, true, INT64_MIN, INT64_MAX},
    {"date", put_date, true, -719162, 2932896}, /* years 1 to 9999 */
    {"bool", put_bool, false, 0, 0},
    {"enum", put_enum, false, 0, 0},
    {"text", put_text, false, 0, 0},
    {"unit", put_unit, false, 0, 0},
};

static const struct type *type_of(const struct sy_field_def *f)
{
    for (size_t i = 0; i < COUNT(TYPES); i++) {
        if (sy_view_is(f->type, TYPES[i].name)) {
            return &TYPES[i];
        }
    }
    return NULL;
}

/* --- tables ------------------------------------------------------------------------------------ */

static sy_status put_cell(struct dummy *d, const struct sy_field_def *f)
{
    const struct type *type = type_of(f);
    bool may_be_null = f->nullable && type->put != put_unit;
    if (may_be_null && below(d, 100) < NULL_PERCENT) {
        return sy_buf_add_str(&d->out, "\"\""); /* quoted: a row of one NULL is no empty line */
    }
    return type->put(d, f);
}

static struct sy_view column_of(const struct sy_field_def *f)
{
    return f->source.n > 0 ? f->source : f->name;
}

/* Two fields may share a column of the raw file: it is written once, for the first of them. */
static bool writes_column(const struct sy_dataset_def *def, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (sy_view_eq(column_of(&def->fields[j]), column_of(&def->fields[i]))) {
            return false;
        }
    }
    return true;
}

static sy_status put_row(struct dummy *d, bool header)
{
    for (size_t i = 0; i < d->def->n_fields; i++) {
        const struct sy_field_def *f = &d->def->fields[i];
        if (!writes_column(d->def, i)) {
            continue;
        }
        SY_TRY(i == 0 ? SY_OK : sy_buf_add_str(&d->out, ","));
        SY_TRY(header ? put_quoted(d, column_of(f)) : put_cell(d, f));
    }
    return sy_buf_add_str(&d->out, "\n");
}

static sy_status flush(struct dummy *d, int fd, size_t above)
{
    if (d->out.n > above) {
        SY_TRY(sy_write_all(fd, d->out.p, d->out.n));
        sy_buf_clear(&d->out);
    }
    return SY_OK;
}

static sy_status put_table(struct dummy *d, int fd)
{
    SY_TRY(put_row(d, true));
    for (d->row = 0; d->row < d->def->dummy_rows; d->row++) {
        SY_TRY(put_row(d, false));
        SY_TRY(flush(d, fd, FLUSH_BYTES));
    }
    return flush(d, fd, 0);
}

/* --- checks ------------------------------------------------------------------------------------ */

static bool can_be_filled(const struct sy_field_def *f)
{
    const struct type *type = type_of(f);
    if (type == NULL || f->scale > 18 || (type->put == put_enum && f->n_values == 0)) {
        return false;
    }
    return !type->bounded || (f->lo <= f->hi && f->lo >= type->lo && f->hi <= type->hi);
}

static sy_status check(const struct sy_dataset_def *def, struct sy_error *reterr)
{
    char name[64];
    sy_view_to_cstr(def->id, name, sizeof(name));
    if (def->id.n == 0 || def->id.n > 128 || def->id.p[0] == '.' ||
        memchr(def->id.p, '/', def->id.n) != NULL || !sy_view_is_utf8(def->id)) {
        return sy_fail(reterr, SY_E_FIELD, name, "this dataset id cannot be a file name");
    }
    for (size_t i = 0; i < def->n_fields; i++) {
        if (!can_be_filled(&def->fields[i])) {
            sy_view_to_cstr(def->fields[i].name, name, sizeof(name));
            return sy_fail(reterr, SY_E_FIELD, name, "no value fits this field's catalogue entry");
        }
    }
    return SY_OK;
}

static sy_status write_table(struct dummy *d, int folder, struct sy_error *reterr)
{
    char name[160];
    (void)snprintf(name, sizeof(name), "%.*s.dummy.csv", SY_PV(d->def->id));
    SY_FD_CLEANUP int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return sy_fail_errno(reterr, errno, "make dummy file");
    }
    sy_status s = put_table(d, fd);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, NULL, NULL);
}

sy_status cli_dummy_write(const struct sy_dataset_def *const *defs, size_t n_defs, uint64_t seed,
                          const char *out_dir, struct sy_error *reterr)
{
    struct dummy d = {.defs = defs, .n_defs = n_defs, .out = sy_buf(BUFFER_BYTES)};
    for (size_t i = 0; i < n_defs; i++) {
        SY_TRY(check(defs[i], reterr));
    }
    SY_FD_CLEANUP int folder = open(out_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "out_dir", "there is no such folder");
    }
    sy_status s = SY_OK;
    for (size_t i = 0; i < n_defs && sy_ok(s); i++) {
        d.def = defs[i];
        d.random = seed_of(seed, defs[i]->id);
        s = write_table(&d, folder, reterr);
    }
    sy_buf_deinit(&d.out);
    return s;
}
