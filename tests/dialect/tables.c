#include "tables.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "check.h"
#include "cli/compile.h"

/* --- dictionaries -------------------------------------------------------------------------------- */

static uint64_t hash_text(struct sy_view v)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < v.n; i++) {
        h = (h ^ v.p[i]) * UINT64_C(0x100000001B3);
    }
    return h ^ h >> 29;
}

static size_t slot_of(const struct dict *d, struct sy_view text)
{
    size_t i = (size_t)hash_text(text) & (d->n_slots - 1);
    while (d->slots[i] != 0 && !sy_view_eq(d->texts[d->slots[i] - 1], text)) {
        i = (i + 1) & (d->n_slots - 1);
    }
    return i;
}

uint32_t dict_find(const struct dict *d, struct sy_view text)
{
    return d->n_slots == 0 ? UINT32_MAX : d->slots[slot_of(d, text)] - 1;
}

static void dict_grow(struct dict *d, struct sy_arena *arena)
{
    size_t cap = d->cap == 0 ? 64 : 2 * d->cap;
    struct sy_view *texts = sy_arena_alloc(arena, cap, sizeof *texts);
    d->slots = sy_arena_alloc(arena, 4 * cap, sizeof *d->slots);
    assert_true(texts != NULL && d->slots != NULL);
    if (d->n > 0) {
        memcpy(texts, d->texts, d->n * sizeof *texts);
    }
    d->texts = texts;
    d->cap = cap;
    d->n_slots = 4 * cap;
    for (size_t i = 0; i < d->n; i++) {
        d->slots[slot_of(d, d->texts[i])] = (uint32_t)i + 1;
    }
}

uint32_t dict_code(struct dict *d, struct sy_view text, struct sy_arena *arena)
{
    if (d->n == d->cap) {
        dict_grow(d, arena);
    }
    size_t at = slot_of(d, text);
    if (d->slots[at] == 0) {
        d->texts[d->n] = sy_arena_copy(arena, text);
        d->slots[at] = (uint32_t)++d->n;
    }
    return d->slots[at] - 1;
}

/* --- catalogue ----------------------------------------------------------------------------------- */

static int is_yaml(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 5 && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

void tables_catalogue(struct tables *ts, const char *folder)
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, is_yaml, alphasort);
    assert_true(n > 0);
    ts->arena.ceiling = (size_t)8 << 30;
    ts->defs = sy_arena_alloc(&ts->arena, (size_t)n, sizeof *ts->defs);
    ts->t = sy_arena_alloc(&ts->arena, (size_t)n, sizeof *ts->t);
    for (int i = 0; i < n; i++) {
        struct sy_error e = {0};
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        if (!sy_ok(cli_compile_dataset(path, &ts->arena, &ts->defs[ts->n_defs], &e))) {
            fail_msg("%s", e.reason);
        }
        ts->t[ts->n_defs].def = &ts->defs[ts->n_defs];
        ts->n_defs++;
        free(list[i]);
    }
    free(list);
}

const struct table *tables_find(const struct tables *ts, struct sy_view dataset)
{
    for (size_t i = 0; i < ts->n_defs; i++) {
        if (sy_view_eq(ts->defs[i].id, dataset)) {
            return &ts->t[i];
        }
    }
    fail_msg("no dataset %.*s", SY_PV(dataset));
    return NULL;
}

const struct sy_field_def *tables_field(const struct sy_dataset_def *def, struct sy_view name)
{
    for (size_t i = 0; i < def->n_fields; i++) {
        if (sy_view_eq(def->fields[i].name, name)) {
            return &def->fields[i];
        }
    }
    fail_msg("no field %.*s", SY_PV(name));
    return NULL;
}

struct space *tables_space(struct tables *ts, struct sy_view ns)
{
    for (size_t i = 0; i < ts->n_spaces; i++) {
        if (sy_view_eq(ts->spaces[i].ns, ns)) {
            return &ts->spaces[i];
        }
    }
    assert_true(ts->n_spaces < SPACES_MAX);
    ts->spaces[ts->n_spaces].ns = ns;
    return &ts->spaces[ts->n_spaces++];
}

struct sy_view tables_plain_name(struct sy_view dataset)
{
    const uint8_t *dot = memrchr(dataset.p, '.', dataset.n);
    size_t at = dot == NULL ? 0 : (size_t)(dot - dataset.p) + 1;
    return sy_view(dataset.p + at, dataset.n - at);
}

/* --- loading ------------------------------------------------------------------------------------- */

/* A field of the raw file (all texts) as its natural type. */
static const char *plain_column(const struct sy_field_def *f, struct sy_arena *a)
{
    char source[512] = "";
    snprintf(source, sizeof source, "NULLIF(\"%.*s\",'')",
             SY_PV(f->source.n > 0 ? f->source : f->name));
    for (size_t i = 0; i < f->n_sources; i++) {
        size_t n = strlen(source);
        snprintf(i == 0 ? source : source + n, sizeof source - n, "%sNULLIF(\"%.*s\",'')",
                 i == 0 ? "" : "||chr(31)||", SY_PV(f->sources[i]));
    }
    if (sy_view_is(f->type, "decimal")) {
        return sy_arena_printf(a, "CAST(%s AS DECIMAL(18,%d))", source, (int)f->scale);
    }
    if (sy_view_is(f->type, "bool")) {
        return sy_arena_printf(a, "lower(%s) IN ('1','true','t','yes','y')", source);
    }
    const char *type = sy_view_is(f->type, "date")                                    ? "DATE"
                       : sy_view_is(f->type, "int32") || sy_view_is(f->type, "int64") ? "BIGINT"
                                                                                      : "VARCHAR";
    return sy_arena_printf(a, "CAST(%s AS %s)", source, type);
}

static const char *find_csv(const struct table *t, const char *folder, struct sy_arena *a)
{
    const char *path = sy_arena_printf(a, "%s/%.*s.dummy.csv", folder, SY_PV(t->def->id));
    if (access(path, R_OK) != 0) {
        path = sy_arena_printf(a, "%s/%.*s.csv", folder, SY_PV(t->def->id));
    }
    if (access(path, R_OK) != 0) {
        fail_msg("%s is missing", path);
    }
    return path;
}

static void load_plain(const struct table *t, struct plain *p, const char *path)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_view name = tables_plain_name(t->def->id);
    check_ok(sy_buf_printf(&b, "CREATE TABLE \"%.*s\" AS SELECT ", SY_PV(name)));
    for (size_t i = 0; i < t->def->n_fields; i++) {
        check_ok(sy_buf_printf(&b, "%s%s AS \"%.*s\"", i == 0 ? "" : ",",
                               plain_column(&t->def->fields[i], &a),
                               SY_PV(t->def->fields[i].name)));
    }
    check_ok(sy_buf_printf(
        &b, " FROM read_csv('%s',header=true,all_varchar=true,delim=',',quote='\"')", path));
    check_ok(sy_buf_add(&b, "", 1));
    plain_exec(p, "%s", (const char *)b.p);
}

static int64_t code_text(struct tables *ts, struct table *t, size_t field, struct sy_view text)
{
    const struct sy_field_def *f = &t->def->fields[field];
    if (sy_view_is(f->type, "unit")) {
        return dict_code(&tables_space(ts, f->ref)->ids, text, &ts->arena);
    }
    if (sy_view_is(f->type, "text")) {
        return dict_code(&t->texts[field], text, &ts->arena);
    }
    if (sy_view_is(f->type, "enum")) {
        uint32_t code = dict_find(&t->texts[field], text);
        return code < f->n_values ? (int64_t)code : CELL_NULL; /* outside the value set */
    }
    return CELL_NULL;
}

static int64_t code_cell(struct tables *ts, struct table *t, size_t field, struct sy_view text)
{
    const struct sy_field_def *f = &t->def->fields[field];
    int64_t v = CELL_NULL;
    if (text.p == NULL) {
        return CELL_NULL;
    }
    if (sy_view_is(f->type, "date")) {
        int64_t utc_s;
        check_ok(sy_time_parse(text, &utc_s));
        return utc_s >= 0 ? utc_s / 86400 : -((86399 - utc_s) / 86400);
    }
    if (sy_view_is(f->type, "bool")) {
        return sy_view_is(text, "true") ? 1 : 0;
    }
    if (sy_view_is(f->type, "int32") || sy_view_is(f->type, "int64") ||
        sy_view_is(f->type, "decimal")) {
        assert_true(sy_decimal_parse(text, (uint32_t)f->scale, &v));
        return v;
    }
    return code_text(ts, t, field, text);
}

static void load_codes(struct tables *ts, struct table *t, struct plain *p)
{
    SY_ARENA_CLEANUP struct sy_arena a = {.ceiling = (size_t)8 << 30};
    struct plain_rows rows;
    const char *error = NULL;
    struct sy_view name = tables_plain_name(t->def->id);
    struct sy_view sql = sy_view_str(sy_arena_printf(&a, "SELECT * FROM \"%.*s\"", SY_PV(name)));
    assert_true(plain_query(p, sql, &a, &rows, &error));
    size_t n = t->def->n_fields;
    t->n_rows = rows.n;
    t->cols = sy_arena_alloc(&ts->arena, n, sizeof *t->cols);
    t->texts = sy_arena_alloc(&ts->arena, n, sizeof *t->texts);
    for (size_t k = 0; k < n; k++) {
        const struct sy_field_def *f = &t->def->fields[k];
        for (size_t i = 0; i < f->n_values; i++) {
            assert_int_equal(dict_code(&t->texts[k], f->values[i], &ts->arena), i);
        }
        t->cols[k] = sy_arena_alloc(&ts->arena, rows.n + 1, sizeof **t->cols);
        assert_non_null(t->cols[k]);
        for (size_t i = 0; i < rows.n; i++) {
            t->cols[k][i] = code_cell(ts, t, k, rows.cells[i * n + k]);
        }
    }
}

void tables_load(struct tables *ts, struct plain *p, const char *folder)
{
    for (size_t i = 0; i < ts->n_defs; i++) {
        SY_ARENA_CLEANUP struct sy_arena a = {0};
        load_plain(&ts->t[i], p, find_csv(&ts->t[i], folder, &a));
        load_codes(ts, &ts->t[i], p);
    }
}
