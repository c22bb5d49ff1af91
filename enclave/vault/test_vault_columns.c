/* Columns: every type there and back, masks, batches that are refused, attempts, markers. */
#include "test_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/time.h"
#include "wire/mask.h"

enum { ROWS = 300007 };

static int64_t load(struct sy_view bytes, uint64_t width, bool is_signed, uint64_t i)
{
    const uint8_t *p = bytes.p + i * width;
    switch (width) {
    case 8:
        return (int64_t)sy_load_le64(p);
    case 4:
        return is_signed ? (int32_t)sy_load_le32(p) : (int64_t)sy_load_le32(p);
    case 2:
        return p[0] | p[1] << 8;
    default:
        return p[0];
    }
}

struct column {
    struct vault_column c;
    struct sy_view bytes;
    bool is_signed;
};

static struct column read_ok(struct fixture *f, const struct sy_dataset_version *version, int field,
                             const char *mask)
{
    struct column out = {.is_signed = field >= F_AGE && field <= F_BORN};
    struct sy_error e = {0};
    int fd = -1;
    sy_status s = fixture_read(f, version, field, mask, &out.c, &fd, &e);
    if (!sy_ok(s)) {
        fail_msg("field %d mask %s: %s: %s", field, mask, e.field, e.reason);
    }
    out.bytes = fixture_bytes(f, fd);
    close(fd);
    return out;
}

static bool is_null(const struct column *c, uint64_t i)
{
    uint64_t at = (c->c.column.width * c->c.column.rows + 63) / 64 * 64;
    return c->c.column.nulls && (c->bytes.p[at + i / 8] >> (i % 8) & 1) != 0;
}

static int64_t value(const struct column *c, uint64_t i)
{
    return load(c->bytes, c->c.column.width, c->is_signed, i);
}

static void check_layout(const struct column *c, bool nulls, const char *type, uint64_t width)
{
    uint64_t values = width * ROWS;
    assert_int_equal(c->c.column.width, width);
    assert_int_equal(c->c.column.rows, ROWS);
    assert_int_equal(c->c.column.nulls, nulls);
    assert_true(sy_view_is(c->c.column.type, type));
    assert_int_equal(c->bytes.n, nulls ? (values + 63) / 64 * 64 + (ROWS + 7) / 8 : values);
}

static void round_trip(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, ROWS, 1);
    assert_int_equal(version.rows, ROWS);
    assert_int_equal(version.n_columns, N_FIELDS);
    for (int field = F_AGE; field < N_FIELDS; field++) {
        struct sy_field_def *def = &f->def.fields[field];
        struct column c = read_ok(f, &version, field, "");
        char type[16];
        sy_view_to_cstr(def->type, type, sizeof(type));
        check_layout(&c, def->nullable, type, sy_field_width(def));
        assert_int_equal(version.columns[field].nulls, 0);
        for (uint64_t i = 0; i < ROWS; i++) {
            bool null = fixture_null(field, i);
            int64_t want = null ? 0 : fixture_value(field, i);
            if (is_null(&c, i) != null || value(&c, i) != want) {
                fail_msg("field %d row %llu", field, (unsigned long long)i);
            }
        }
    }
    assert_true(version.columns[F_COST].chunks >= 4);
    struct column note = read_ok(f, &version, F_NOTE, "");
    assert_int_equal(note.c.column.n_dict, FIXTURE_NOTES);
    for (uint64_t i = 0; i < FIXTURE_NOTES; i++) {
        assert_true(sy_view_is(note.c.column.dict[i], fixture_note(i)));
    }
}

static void ranges(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, ROWS, 1);
    struct column c = read_ok(f, &version, F_COST, "");
    struct column banded = read_ok(f, &version, F_COST, "band:1000");
    assert_int_equal(c.c.n_ranges, (ROWS + SY_MORSEL_ROWS - 1) / SY_MORSEL_ROWS);
    for (size_t m = 0; m < c.c.n_ranges; m++) {
        int64_t lo = INT64_MAX, hi = INT64_MIN;
        for (uint64_t i = m * SY_MORSEL_ROWS; i < ROWS && i < (m + 1) * SY_MORSEL_ROWS; i++) {
            if (!fixture_null(F_COST, i)) {
                lo = sy_min_i64(lo, fixture_value(F_COST, i));
                hi = sy_max_i64(hi, fixture_value(F_COST, i));
            }
        }
        assert_true(c.c.ranges[m].lo == lo && c.c.ranges[m].hi == hi);
        assert_int_equal((banded.c.ranges[m].lo + 1000) % 1000, 0);
        assert_true(banded.c.ranges[m].lo <= lo && banded.c.ranges[m].hi <= hi);
    }
    assert_null(read_ok(f, &version, F_SEX, "").c.ranges);
}

/* Units: one code a person, dense, equal in another version, NULL where missing. */
static void unit_codes(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version one = fixture_version(f, 30000, 1);
    struct sy_dataset_version two = fixture_version(f, 60000, 2);
    uint64_t units = 0;
    check_ok(vault_units(f->v, sy_view_str("person"), &units, NULL));
    struct column a = read_ok(f, &one, F_UNIT, ""), b = read_ok(f, &two, F_UNIT, "pseudonym");
    int64_t top = 0;
    for (uint64_t i = 0; i < 60000; i++) {
        assert_int_equal(is_null(&b, i), i % 97 == 0);
        assert_true(i >= 30000 || value(&a, i) == value(&b, i));
        assert_true(i % 3 == 0 || (i % 97) < 2 || value(&b, i) == value(&b, i - 1));
        top = sy_max_i64(top, value(&b, i));
    }
    assert_int_equal((uint64_t)top + 1, units);
    assert_true(units > 19900 && units <= 20000);
}

static void number_masks(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, ROWS, 1);
    static const struct {
        int field;
        const char *mask;
    } CASES[] = {{F_AGE, "band:10"},
                 {F_COST, "band:777"},
                 {F_PAID, "band:100"},
                 {F_BORN, "date:month"},
                 {F_BORN, "date:year"}};
    for (size_t k = 0; k < sizeof(CASES) / sizeof(CASES[0]); k++) {
        struct sy_field_def *def = &f->def.fields[CASES[k].field], masked;
        struct sy_mask mask;
        check_ok(sy_mask_parse(sy_view_str(CASES[k].mask), &mask, NULL));
        check_ok(sy_mask_def(def, &mask, &f->arena, &masked, NULL));
        struct column c = read_ok(f, &version, CASES[k].field, CASES[k].mask);
        for (uint64_t i = 0; i < ROWS; i++) {
            bool null = fixture_null(CASES[k].field, i);
            int64_t want = null ? 0 : sy_mask_i64(def, &mask, fixture_value(CASES[k].field, i));
            if (value(&c, i) != want || is_null(&c, i) != null ||
                (!null && (want < masked.lo || want > masked.hi))) {
                fail_msg("%s row %llu", CASES[k].mask, (unsigned long long)i);
            }
        }
    }
}

/* The ward's 300 values have three digits; two characters of them ("W0", "W1", "W2") are three. */
static void prefix_masks(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, ROWS, 1);
    struct column ward = read_ok(f, &version, F_WARD, "prefix:2");
    check_layout(&ward, false, "enum", 1);
    struct column note = read_ok(f, &version, F_NOTE, "prefix:1");
    assert_int_equal(note.c.column.n_dict, 4);
    assert_true(sy_view_is(note.c.column.dict[0], "咳"));
    static const int64_t NOTE_CODES[FIXTURE_NOTES] = {0, 1, 0, 2, 3};
    for (uint64_t i = 0; i < ROWS; i++) {
        assert_int_equal(value(&ward, i), fixture_value(F_WARD, i) / 100);
        bool null = fixture_null(F_NOTE, i);
        assert_int_equal(value(&note, i), null ? 0 : NOTE_CODES[fixture_value(F_NOTE, i)]);
    }
}

static struct sy_view label(const struct column *c, uint64_t row)
{
    return c->c.column.dict[value(c, row)];
}

static void pseudonym_masks(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, 5000, 1);
    struct column note = read_ok(f, &version, F_NOTE, "pseudonym");
    struct column sex = read_ok(f, &version, F_SEX, "pseudonym");
    assert_true(sy_view_is(sex.c.column.type, "text"));
    assert_int_equal(sex.c.column.width, 4);
    assert_int_equal(sex.c.column.n_dict, 3);
    struct sy_view seen[FIXTURE_NOTES] = {0};
    for (uint64_t i = 0; i < 5000; i++) {
        if (fixture_null(F_NOTE, i)) {
            assert_true(is_null(&note, i) && value(&note, i) == 0);
            continue;
        }
        int64_t code = fixture_value(F_NOTE, i);
        struct sy_view p = label(&note, i);
        assert_true(p.n == 17 && p.p[0] == 'P');
        assert_true(seen[code].p == NULL || sy_view_eq(seen[code], p));
        seen[code] = p;
    }
    for (size_t i = 1; i < FIXTURE_NOTES; i++) { /* sorted, so also all different */
        assert_true(sy_view_cmp(note.c.column.dict[i - 1], note.c.column.dict[i]) < 0);
    }
    struct sy_view before = seen[0];
    check_ok(vault_scene_forget(f->v, sy_view_str("burden")));
    struct column again = read_ok(f, &version, F_NOTE, "pseudonym"); /* a new key was made */
    for (size_t i = 0; i < FIXTURE_NOTES; i++) {
        assert_false(sy_view_eq(before, again.c.column.dict[i]));
    }
}

static void refused_reads(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, 100, 1);
    static const struct {
        int field;
        const char *mask;
        int32_t code;
    } CASES[] = {
        {F_AGE, "blur", SY_E_FIELD},        {F_AGE, "pseudonym", SY_E_FIELD},
        {F_AGE, "drop", SY_E_FIELD_DENIED}, {F_SEX, "band:2", SY_E_FIELD},
        {F_UNIT, "prefix:2", SY_E_FIELD},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct vault_column c;
        int fd = -1;
        check_code(fixture_read(f, &version, CASES[i].field, CASES[i].mask, &c, &fd, NULL),
                   CASES[i].code);
    }
    struct sy_field_def real = f->def.fields[F_AGE];
    struct vault_column c;
    int fd = -1;
    f->def.fields[F_AGE].type = sy_view_str("int64");
    check_code(fixture_read(f, &version, F_AGE, "", &c, &fd, NULL), SY_E_FIELD);
    f->def.fields[F_AGE] = real;
    f->def.fields[F_AGE].name = sy_view_str("weight");
    check_code(fixture_read(f, &version, F_AGE, "", &c, &fd, NULL), SY_E_FIELD);
    f->def.fields[F_AGE] = real;
    version.suite = 2;
    check_code(fixture_read(f, &version, F_AGE, "", &c, &fd, NULL), SY_E_SUITE);
}

static void empty_version(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, 0, 1);
    for (int field = 0; field < N_FIELDS; field++) {
        struct column c = read_ok(f, &version, field, "");
        assert_int_equal(c.bytes.n, 0);
        assert_int_equal(c.c.column.rows, 0);
        assert_false(c.c.column.nulls);
    }
}

/* --- batches that do not fit ------------------------------------------------------------------ */

static void put(struct sy_ingest_column *c, size_t i, int64_t v)
{
    uint8_t *p = (uint8_t *)(uintptr_t)c->data.p;
    for (uint64_t b = 0; b < c->width; b++) {
        p[i * c->width + b] = (uint8_t)((uint64_t)v >> (8 * b));
    }
}

enum { BAD_VALUES = 8, BAD_SHAPES = 9, BAD_LABELS = 7 };

static void spoil(struct sy_ingest_batch *batch, int how, int *ret_field)
{
    static const struct {
        int field;
        int64_t value;
    } VALUES[BAD_VALUES] = {{F_AGE, 121}, {F_AGE, -1}, {F_COST, -1001},         {F_BORN, 20001},
                            {F_ALIVE, 2}, {F_SEX, 3},  {F_NOTE, FIXTURE_NOTES}, {F_WARD, 300}};
    static const int SHAPES[BAD_SHAPES] = {F_AGE,  F_AGE,  F_COST, F_UNIT, F_UNIT,
                                           F_PAID, F_NOTE, F_SEX,  F_UNIT};
    struct sy_ingest_column *c = batch->columns;
    static struct sy_view bad_label;
    static const uint8_t all_null[13] = {255};
    bad_label = sy_view("\xff", 1);
    if (how < BAD_VALUES) {
        *ret_field = VALUES[how].field;
        uint8_t *nulls = (uint8_t *)(uintptr_t)c[*ret_field].nulls.p;
        if (c[*ret_field].nulls.n > 0) {
            nulls[0] &= (uint8_t)~1U;
        }
        put(&c[*ret_field], 0, VALUES[how].value);
        return;
    }
    *ret_field = SHAPES[how - BAD_VALUES];
    switch (how - BAD_VALUES) {
    case 0:
        c[F_AGE].data.n -= 1;
        break;
    case 1:
        c[F_AGE].width = 8;
        break;
    case 2:
        c[F_COST].nulls.n -= 1;
        break;
    case 3:
        c[F_UNIT].ids.n -= 1;
        break;
    case 4:
        ((uint8_t *)(uintptr_t)c[F_UNIT].ids.p)[0] = 65;
        break;
    case 5:
        c[F_PAID].nulls = sy_view(all_null, 13);
        break; /* not nullable */
    case 6:
        c[F_NOTE].dict = &bad_label;
        c[F_NOTE].n_dict = 1;
        break;
    case 7:
        c[F_SEX].dict = c[F_NOTE].dict;
        c[F_SEX].n_dict = 1;
        break;
    default:
        c[F_UNIT].data = sy_view("xxxx", 4);
        break;
    }
}

/* The first batch's label `code` is something else. */
static void spoil_label(struct sy_ingest_batch *batch, int how)
{
    static char text[257 + 1];
    memset(text, 'x', 257);
    const struct {
        struct sy_view text;
        int code;
    } LABELS[BAD_LABELS] = {
        {{NULL, 0}, 2},
        {sy_view_str(text), 1},
        {sy_view("a\tb", 3), 0},
        {sy_view("a\x7f", 2), 4},
        {sy_view("a\0b", 3), 4},
        {sy_view("\xed\xa0\x80", 3), 3},   /* a surrogate */
        {sy_view_str(fixture_note(0)), 4}, /* twice */
    };
    batch->columns[F_NOTE].dict[LABELS[how].code] = LABELS[how].text;
}

/* Labels of one column: unique over all batches, and the refused ones are not remembered. */
static void refused_labels(void **state)
{
    struct fixture *f = *state;
    struct vault_writer *w = fixture_begin(f, 1);
    struct sy_error e = {0};
    for (int how = 0; how < BAD_LABELS; how++) {
        struct sy_ingest_batch batch = fixture_batch(f, 0, 100);
        spoil_label(&batch, how);
        sy_status s = vault_writer_add(w, &batch, &e);
        if (s.code != SY_E_DATA || strcmp(e.field, "note") != 0) {
            fail_msg("label %d: %s", how, sy_code_name(s.code));
        }
    }
    struct sy_ingest_batch first = fixture_batch(f, 0, 100);
    struct sy_ingest_batch second = fixture_batch(f, 100, 100);
    check_ok(vault_writer_add(w, &first, NULL));
    struct sy_view labels[2] = {sy_view_str("new"), sy_view_str(fixture_note(3))};
    second.columns[F_NOTE].dict = labels;
    second.columns[F_NOTE].n_dict = 2;
    check_code(vault_writer_add(w, &second, &e), SY_E_DATA); /* told in the first batch */
    second.columns[F_NOTE].n_dict = 1;
    check_ok(vault_writer_add(w, &second, NULL)); /* "new" was not taken then */
    struct sy_ingest_batch third = fixture_batch(f, 200, 100);
    third.columns[F_NOTE].dict = labels;
    third.columns[F_NOTE].n_dict = 1;
    check_code(vault_writer_add(w, &third, &e), SY_E_DATA); /* but now */
    vault_writer_abort(w);
}

/* Many labels in many batches, and the widest that is allowed. */
static void many_labels(void **state)
{
    enum { BATCHES = 4, EACH = 20000 };
    struct fixture *f = *state;
    struct vault_writer *w = fixture_begin(f, 1);
    struct sy_view *labels = sy_arena_alloc(&f->arena, EACH, sizeof(*labels));
    for (uint64_t b = 0; b < BATCHES; b++) {
        struct sy_ingest_batch batch = fixture_batch(f, b * 10, 10);
        for (size_t i = 0; i < EACH; i++) {
            int width = i == 0 ? 256 : 1;
            char *text = sy_arena_printf(&f->arena, "%0*zu", width, b * EACH + i);
            labels[i] = sy_view_str(text);
        }
        batch.columns[F_NOTE].dict = labels;
        batch.columns[F_NOTE].n_dict = EACH;
        check_ok(vault_writer_add(w, &batch, NULL));
    }
    struct sy_ingest_batch batch = fixture_batch(f, 50, 10);
    batch.columns[F_NOTE].dict = labels + EACH - 1;
    batch.columns[F_NOTE].n_dict = 1;
    check_code(vault_writer_add(w, &batch, NULL), SY_E_DATA);
    vault_writer_abort(w);
}

static void refused_batches(void **state)
{
    struct fixture *f = *state;
    struct vault_writer *w = fixture_begin(f, 1);
    for (int how = 0; how < BAD_VALUES + BAD_SHAPES; how++) {
        struct sy_ingest_batch batch = fixture_batch(f, 0, 100);
        struct sy_error e = {0};
        int field = -1;
        char name[16];
        spoil(&batch, how, &field);
        check_code(vault_writer_add(w, &batch, &e), SY_E_DATA);
        sy_view_to_cstr(f->def.fields[field].name, name, sizeof(name));
        if (strcmp(e.field, name) != 0) {
            fail_msg("case %d: %s: %s", how, e.field, e.reason);
        }
    }
    struct sy_ingest_batch batch = fixture_batch(f, 0, 100);
    batch.n_columns--;
    check_code(vault_writer_add(w, &batch, NULL), SY_E_DATA);
    batch = fixture_batch(f, 0, 100);
    f->def.max_rows = 99;
    check_code(vault_writer_add(w, &batch, NULL), SY_E_DATA);
    f->def.max_rows = 100;
    check_ok(vault_writer_add(w, &batch, NULL)); /* the refused ones left no trace */
    struct sy_dataset_version version;
    check_ok(vault_writer_finish(w, &f->arena, &version, NULL));
    assert_int_equal(version.rows, 100);
    struct column age = read_ok(f, &version, F_AGE, "");
    assert_int_equal(value(&age, 1), fixture_null(F_AGE, 1) ? 0 : fixture_value(F_AGE, 1));
}

static void refused_defs(void **state)
{
    struct fixture *f = *state;
    struct vault_attempt attempt = {.def = &f->def, .keys = &f->keys, .version = 1};
    struct sy_field_def real = f->def.fields[F_AGE];
    struct vault_writer *w = NULL;
    f->def.fields[F_AGE].type = sy_view_str("float");
    check_code(vault_writer_begin(f->v, &attempt, &w, NULL), SY_E_FIELD);
    f->def.fields[F_AGE] = real;
    f->def.fields[F_AGE].name = sy_view_str("sex");
    check_code(vault_writer_begin(f->v, &attempt, &w, NULL), SY_E_FIELD);
    f->def.fields[F_AGE] = real;
    f->def.fields[F_UNIT].ref = sy_view_str("../keys");
    check_code(vault_writer_begin(f->v, &attempt, &w, NULL), SY_E_FIELD);
    f->def.fields[F_UNIT].ref = sy_view_str("person");
    f->def.id = sy_view_str("..");
    check_code(vault_writer_begin(f->v, &attempt, &w, NULL), SY_E_FIELD);
    f->def.id = sy_view_str("visits");
    assert_null(w);
}

/* --- attempts --------------------------------------------------------------------------------- */

static void abort_and_sweep(void **state)
{
    struct fixture *f = *state;
    char folder[512], path[512];
    snprintf(folder, sizeof(folder), "%s/data/visits", f->path);
    struct sy_dataset_version one = fixture_version(f, 1000, 1);
    struct vault_writer *w = fixture_begin(f, 2);
    struct sy_ingest_batch batch = fixture_batch(f, 0, 5000);
    check_ok(vault_writer_add(w, &batch, NULL));
    vault_writer_abort(w);
    fixture_reopen(f);
    struct sy_dataset_version two = fixture_version(f, 2000, 2);
    struct sy_dataset_version three = fixture_version(f, 10, 3);
    uint64_t removed = 99;
    struct sy_dataset_version keep[] = {one, two};
    check_ok(vault_sweep(f->v, keep, 2, &removed, NULL));
    assert_int_equal(removed, 1); /* three: the aborted attempt was gone already */
    read_ok(f, &one, F_AGE, "");
    read_ok(f, &two, F_UNIT, "");
    struct vault_column c;
    struct sy_error e = {0};
    int fd = -1;
    check_code(fixture_read(f, &three, F_AGE, "", &c, &fd, &e), SY_E_TAMPERED);
    assert_string_equal(e.field, "visits/3/header");
    snprintf(path, sizeof(path), "%s/data/units/person", f->path);
    assert_int_equal(access(path, F_OK), 0); /* not an attempt */
}

/* --- two threads ------------------------------------------------------------------------------ */

struct reader {
    const struct vault_version *ver;
    struct fixture *f;
    int field;
    bool ok;
};

static void *read_many(void *arg)
{
    struct reader *r = arg;
    struct vault_ask ask = {&r->f->def.fields[r->field], {0}, NULL};
    r->ok = true;
    for (int i = 0; i < 10; i++) {
        struct sy_arena arena = {0};
        struct vault_column c;
        int fd = memfd_create("t", MFD_CLOEXEC);
        r->ok = r->ok && sy_ok(vault_column_read(r->ver, &ask, fd, &arena, &c, NULL)) &&
                c.column.rows == ROWS;
        close(fd);
        sy_arena_deinit(&arena);
    }
    return NULL;
}

static void two_threads(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, ROWS, 1);
    struct vault_version *ver = NULL;
    check_ok(vault_version_open(f->v, &f->keys, &f->shares, &version, &ver, NULL));
    struct reader readers[2] = {{ver, f, F_COST, false}, {ver, f, F_NOTE, false}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &readers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_true(readers[i].ok);
    }
    vault_version_close(ver);
}

/* --- markers ---------------------------------------------------------------------------------- */

static const char MARK_TEXT[] = "MARK-4f1d-ERASMUS";
#define MARK_NUMBER INT64_C(0x0000025A4C4F5647)

static struct {
    uint64_t text, number, files;
} found;

static uint64_t count_in(struct sy_view hay, const void *needle, size_t n)
{
    uint64_t hits = 0;
    for (const uint8_t *p = hay.p; (p = memmem(p, hay.n - (size_t)(p - hay.p), needle, n)) != NULL;
         p++) {
        hits++;
    }
    return hits;
}

static int search_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    if (type != FTW_F) {
        return 0;
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)64 << 20);
    check_ok(sy_read_file_at(AT_FDCWD, path, &b));
    uint8_t number[8];
    sy_store_le64(number, (uint64_t)MARK_NUMBER);
    found.text += count_in(sy_buf_view(&b), MARK_TEXT, strlen(MARK_TEXT));
    found.number += count_in(sy_buf_view(&b), number, sizeof(number));
    found.files++;
    return 0;
}

static void no_marker_on_disk(void **state)
{
    struct fixture *f = *state;
    struct vault_writer *w = fixture_begin(f, 1);
    struct sy_ingest_batch batch = fixture_batch(f, 0, 50000);
    for (size_t i = 0; i < 50000; i += 1000) {
        put(&batch.columns[F_COST], i, MARK_NUMBER);
    }
    uint8_t id[1 + sizeof(MARK_TEXT)] = {sizeof(MARK_TEXT) - 1};
    memcpy(id + 1, MARK_TEXT, sizeof(MARK_TEXT) - 1);
    struct sy_view ids = batch.columns[F_UNIT].ids; /* its first one is empty: one byte */
    uint8_t *marked = sy_arena_alloc(&f->arena, ids.n + sizeof(id), 1);
    memcpy(marked, id, sizeof(MARK_TEXT));
    memcpy(marked + sizeof(MARK_TEXT), ids.p + 1, ids.n - 1);
    batch.columns[F_UNIT].ids = sy_view(marked, ids.n - 1 + sizeof(MARK_TEXT));
    batch.columns[F_NOTE].dict[1] = sy_view_str(MARK_TEXT);
    check_ok(vault_writer_add(w, &batch, NULL));
    struct sy_dataset_version version;
    check_ok(vault_writer_finish(w, &f->arena, &version, NULL));
    check_ok(vault_blob_put(f->v, sy_view_str("answer"), sy_view_str(MARK_TEXT)));

    memset(&found, 0, sizeof(found));
    nftw(f->path, search_file, 16, FTW_PHYS);
    assert_true(found.files > 20);
    assert_int_equal(found.text + found.number, 0);

    /* Negative control: the same search finds both in a plain file, and the data does hold them. */
    uint8_t plain[64] = "xx";
    memcpy(plain + 3, MARK_TEXT, strlen(MARK_TEXT));
    sy_store_le64(plain + 41, (uint64_t)MARK_NUMBER);
    check_ok(sy_replace_file_at(f->dirfd, "plain", sy_view(plain, sizeof(plain)), 0600));
    nftw(f->path, search_file, 16, FTW_PHYS);
    assert_int_equal(found.text, 1);
    assert_int_equal(found.number, 1);
    struct column cost = read_ok(f, &version, F_COST, "");
    uint8_t number[8];
    sy_store_le64(number, (uint64_t)MARK_NUMBER);
    assert_true(count_in(cost.bytes, number, 8) >= 40);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(round_trip),        T(ranges),          T(unit_codes),      T(number_masks),
        T(prefix_masks),      T(pseudonym_masks), T(refused_reads),   T(empty_version),
        T(refused_batches),   T(refused_defs),    T(abort_and_sweep), T(two_threads),
        T(no_marker_on_disk), T(refused_labels),  T(many_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
