/*
 * Dummy data. One table row per type: how a value is drawn. Draws are integers only, from a small
 * generator seeded by the user's seed and the dataset's id, so that files are the same everywhere;
 * nothing secret hangs on it.
 * Invariants: every cell satisfies the ingest checks of the entry it was made from (no row of a
 * dummy file is ever rejected, unless two fields share a column).
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
#include "dummy_identity.h"

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

/* Within the range, both ends included. */
static int64_t within(struct dummy *d, struct range r)
{
    uint64_t span = (uint64_t)r.hi - (uint64_t)r.lo;
    uint64_t offset = span == UINT64_MAX ? draw(d) : below(d, span + 1);
    return (int64_t)((uint64_t)r.lo + offset);
}

/* --- units ------------------------------------------------------------------------------------- */

/* Is x more likely than y the table that lists a namespace's units, one a row? A table that could not hold
 * them all is not; of the others, the one with the least rows for each unit. Decided by what the entries
 * declare, so that the order of files does not matter. */
static bool is_rather_registry(const struct sy_dataset_def *x, const struct sy_dataset_def *y)
{
    bool all_x = x->max_rows >= x->units, all_y = y->max_rows >= y->units;
    if (all_x != all_y) {
        return all_x;
    }
    if (x->max_rows != y->max_rows) {
        return all_x == (x->max_rows < y->max_rows);
    }
    return x->dummy_rows > y->dummy_rows;
}

static const struct sy_dataset_def *registry_of(const struct dummy *d, struct sy_view ns)
{
    const struct sy_dataset_def *best = NULL;
    for (size_t i = 0; i < d->n_defs; i++) {
        bool lives = d->defs[i]->ns.n > 0 && sy_view_eq(d->defs[i]->ns, ns);
        if (lives && (best == NULL || is_rather_registry(d->defs[i], best))) {
            best = d->defs[i];
        }
    }
    return best;
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

/* The row's unit, from 0. Where its cap leaves none of the pool for this row, one that the registry does not
 * list. */
static uint64_t unit_of_row(struct dummy *d, const struct sy_field_def *f)
{
    uint64_t pool = pool_of(d, f->ref);
    bool names_row = registry_of(d, f->ref) == d->def && sy_view_eq(f->name, d->def->unit);
    if (f->rows == 0) {
        return names_row ? d->row % pool : skewed(d, pool);
    }
    uint64_t turn = d->row / f->rows; /* `rows` rows in a row for each unit */
    uint64_t first = names_row ? 0 : seed_of(0, f->name) % pool;
    return turn < pool ? (first + turn) % pool : turn;
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

static sy_status put_int(struct dummy *d, const struct sy_field_def *f, int64_t v)
{
    (void)f;
    return sy_buf_printf(&d->out, "%" PRId64, v);
}

static sy_status put_decimal(struct dummy *d, const struct sy_field_def *f, int64_t v)
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t unit = 1;
    for (uint64_t i = 0; i < f->scale; i++) {
        unit *= 10;
    }
    SY_TRY(sy_buf_printf(&d->out, "%s%" PRIu64, v < 0 ? "-" : "", u / unit));
    return f->scale == 0 ? SY_OK : sy_buf_printf(&d->out, ".%0*" PRIu64, (int)f->scale, u % unit);
}

static sy_status put_date(struct dummy *d, const struct sy_field_def *f, int64_t v)
{
    int y = 0, m = 0, day = 0;
    (void)f;
    sy_date_of_days((int32_t)v, &y, &m, &day);
    return sy_buf_printf(&d->out, "%04d-%02d-%02d", y, m, day);
}

static sy_status put_enum(struct dummy *d, const struct sy_field_def *f, int64_t v)
{
    return put_quoted(d, f->values[v]);
}

static const char *const LABELS[] = {
    "示例甲", "示例乙", "示例丙", "示例丁", "示例戊",   "示例己",
    "示例庚", "示例辛", "示例壬", "示例癸", "Dummy, A", "Dummy \"B\"",
};

static sy_status put_text(struct dummy *d, const struct sy_field_def *f, int64_t v)
{
    (void)f;
    return v < (int64_t)COUNT(LABELS) ? put_quoted(d, sy_view_str(LABELS[v]))
                                      : sy_buf_printf(&d->out, "\"示例 %" PRId64 "\"", v);
}

static sy_status put_unit(struct dummy *d, const struct sy_field_def *f, int64_t v)
{
    (void)f;
    return sy_buf_printf(&d->out, "DUMMY%08" PRId64, v + 1);
}

/* The mean of two draws, so that the middle is more frequent than the ends. */
static int64_t around_the_middle(struct dummy *d, struct range r)
{
    int64_t a = within(d, r);
    int64_t b = within(d, r);
    return a < b ? a + (int64_t)(((uint64_t)b - (uint64_t)a) / 2)
                 : b + (int64_t)(((uint64_t)a - (uint64_t)b) / 2);
}

static int64_t first_ones(struct dummy *d, struct range r)
{
    return r.lo + (int64_t)skewed(d, (uint64_t)(r.hi - r.lo) + 1);
}

/* How a value is drawn from a range of integers, and written. */
static const struct type {
    const char *name;
    int64_t (*draw)(struct dummy *d, struct range r);
    sy_status (*put)(struct dummy *d, const struct sy_field_def *f, int64_t v);
    bool bounded;
    struct range may;   /* what bounds may be */
    struct range else_; /* where none are declared */
} TYPES[] = {
    {"int32", within, put_int, true, {INT32_MIN, INT32_MAX}, {0, NUMBER_HI}},
    {"int64", within, put_int, true, {INT64_MIN, INT64_MAX}, {0, NUMBER_HI}},
    {"decimal", around_the_middle, put_decimal, true, {INT64_MIN, INT64_MAX}, {0, NUMBER_HI}},
    {"date", within, put_date, true, {-719162, 2932896}, {DATE_LO, DATE_HI}}, /* years 1 to 9999 */
    {"bool", within, put_int, false, {0, 0}, {0, 1}},
    {"enum", first_ones, put_enum, false, {0, 0}, {0, 0}},
    {"text", first_ones, put_text, false, {0, 0}, {0, COUNT(LABELS) - 1}},
    {"unit", NULL, put_unit, false, {0, 0}, {0, 0}}, /* unit_of_row draws it */
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

static struct range range_of(const struct sy_field_def *f)
{
    const struct type *type = type_of(f);
    if (type->put == put_enum) {
        return (struct range){0, (int64_t)f->n_values - 1};
    }
    bool declared = type->bounded && (f->lo != 0 || f->hi != 0);
    return declared ? (struct range){f->lo, f->hi} : type->else_;
}

/* --- keys -------------------------------------------------------------------------------------- */

/* A field no value of which occurs twice, of a code table, say. */
static bool is_key(const struct sy_field_def *f)
{
    return f->rows == 1 && type_of(f)->draw != NULL;
}

/* How many values a key has to give, less one; texts are made up as needed. */
static uint64_t last_value(const struct sy_field_def *f)
{
    struct range r = range_of(f);
    return type_of(f)->put == put_text ? INT32_MAX : (uint64_t)r.hi - (uint64_t)r.lo;
}

/* A key with fewer values than dummy_rows ends the table early. */
static uint64_t rows_of(const struct sy_dataset_def *def)
{
    uint64_t rows = def->dummy_rows;
    for (size_t i = 0; i < def->n_fields; i++) {
        const struct sy_field_def *f = &def->fields[i];
        rows = is_key(f) && rows > 0 && rows - 1 > last_value(f) ? last_value(f) + 1 : rows;
    }
    return rows;
}

/* In ascending order, evenly over the range. */
static int64_t key_of_row(const struct dummy *d, const struct sy_field_def *f)
{
    uint64_t step = type_of(f)->put == put_text ? 1 : last_value(f) / rows_of(d->def);
    return (int64_t)((uint64_t)range_of(f).lo + d->row * (step > 0 ? step : 1));
}

/* --- tables ------------------------------------------------------------------------------------ */

static sy_status put_value(struct dummy *d, const struct sy_field_def *f)
{
    const struct type *type = type_of(f);
    if (is_key(f)) {
        return type->put(d, f, key_of_row(d, f));
    }
    if (f->nullable && below(d, 100) < NULL_PERCENT) {
        return sy_buf_add_str(&d->out, "\"\""); /* quoted: a row of one NULL is no empty line */
    }
    return type->put(d, f, type->draw(d, range_of(f)));
}

static size_t columns_of(const struct sy_field_def *f)
{
    return f->n_sources > 0 ? f->n_sources : 1;
}

static struct sy_view column_of(const struct sy_field_def *f, size_t i)
{
    return f->n_sources > 0 ? f->sources[i] : f->source.n > 0 ? f->source : f->name;
}

/* Two fields may share a column of the raw file: it is written once, for the first of them. */
static bool is_written(const struct sy_dataset_def *def, size_t n_before, struct sy_view column)
{
    for (size_t i = 0; i < n_before; i++) {
        for (size_t k = 0; k < columns_of(&def->fields[i]); k++) {
            if (sy_view_eq(column_of(&def->fields[i], k), column)) {
                return true;
            }
        }
    }
    return false;
}

/* A column that names people: of the row's unit, or of anybody. */
static sy_status put_identity(struct dummy *d, enum sy_klass klass, bool is_unit, uint64_t unit)
{
    const struct dummy_catalogue all = {.defs = d->defs, .n_defs = d->n_defs};
    return dummy_identity_put(&all, klass, is_unit ? unit : below(d, UINT32_MAX), &d->out);
}

/* A composite unit has its identifier in every one of its columns. */
static sy_status put_field(struct dummy *d, size_t at, bool header)
{
    const struct sy_field_def *f = &d->def->fields[at];
    bool is_unit = type_of(f)->put == put_unit;
    uint64_t unit = is_unit && !header ? unit_of_row(d, f) : 0;
    for (size_t i = 0; i < columns_of(f); i++) {
        if (is_written(d->def, at, column_of(f, i))) {
            continue;
        }
        SY_TRY(at == 0 && i == 0 ? SY_OK : sy_buf_add_str(&d->out, ","));
        enum sy_klass klass = dummy_identity_klass(d->def, column_of(f, i));
        SY_TRY(header                    ? put_quoted(d, column_of(f, i))
               : klass != SY_KLASS_OTHER ? put_identity(d, klass, is_unit, unit)
               : is_unit                 ? put_unit(d, f, (int64_t)unit)
                                         : put_value(d, f));
    }
    return SY_OK;
}

static sy_status put_row(struct dummy *d, bool header)
{
    for (size_t i = 0; i < d->def->n_fields; i++) {
        SY_TRY(put_field(d, i, header));
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
    uint64_t rows = rows_of(d->def);
    for (d->row = 0; d->row < rows; d->row++) {
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
    return !type->bounded || (f->lo <= f->hi && f->lo >= type->may.lo && f->hi <= type->may.hi);
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
