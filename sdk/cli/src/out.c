/*
 * What: output. Why by descriptor: a new field of a record shows up in --json without anybody writing
 * it twice.
 */
#include "cli/out.h"

#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/zcdp.h"

json_t *cli_json_text(struct sy_view v)
{
    return json_stringn((const char *)(v.p ? v.p : (const uint8_t *)""), v.n);
}

static json_t *hex_value(const uint8_t *p, size_t n)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    char *text = sy_arena_alloc(&arena, 2 * n + 1, 1);
    if (text == NULL) {
        return NULL;
    }
    cli_hex(text, p, n);
    return json_string(text);
}

static json_t *number_value(uint64_t v)
{
    char text[24];
    if (v <= (UINT64_C(1) << 53)) {
        return json_integer((json_int_t)v);
    }
    snprintf(text, sizeof(text), "%" PRIu64, v);
    return json_string(text);
}

static json_t *field_value(const struct sy_field *f, const uint8_t *rec);

static json_t *list_value(const struct sy_field *f, const uint8_t *rec)
{
    static const struct {
        enum sy_kind list, item;
        size_t size;
    } kinds[] = {{SY_KIND_strs, SY_KIND_str, sizeof(struct sy_view)},
                 {SY_KIND_bins, SY_KIND_bin, sizeof(struct sy_view)},
                 {SY_KIND_u64s, SY_KIND_u64, sizeof(uint64_t)},
                 {SY_KIND_i64s, SY_KIND_i64, sizeof(int64_t)}};
    size_t n = *(const size_t *)(const void *)(rec + f->n_offset);
    const uint8_t *items = *(const uint8_t *const *)(const void *)(rec + f->offset);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) {
        if (f->kind == SY_KIND_list) {
            json_array_append_new(out, cli_json_record(f->sub, items + i * f->sub->size_bytes));
            continue;
        }
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            if (kinds[k].list == f->kind) {
                struct sy_field item = {.kind = kinds[k].item};
                json_array_append_new(out, field_value(&item, items + i * kinds[k].size));
            }
        }
    }
    return out;
}

static json_t *field_value(const struct sy_field *f, const uint8_t *rec)
{
    const uint8_t *at = rec + f->offset;
    const void *p = at;
    switch (f->kind) {
    case SY_KIND_u64:
        return number_value(*(const uint64_t *)p);
    case SY_KIND_i64:
        return json_integer(*(const int64_t *)p);
    case SY_KIND_bool:
        return json_boolean(*(const bool *)p);
    case SY_KIND_str:
        return cli_json_text(*(const struct sy_view *)p);
    case SY_KIND_bin:
    case SY_KIND_raw:
        return hex_value(((const struct sy_view *)p)->p, ((const struct sy_view *)p)->n);
    case SY_KIND_b16:
        return hex_value(at, 16);
    case SY_KIND_b32:
        return hex_value(at, 32);
    case SY_KIND_sub:
        return cli_json_record(f->sub, at);
    case SY_KIND_strs:
    case SY_KIND_bins:
    case SY_KIND_u64s:
    case SY_KIND_i64s:
    case SY_KIND_list:
        return list_value(f, rec);
    case SY_KIND_NONE:
    case SY_KIND_N:
        break;
    }
    return json_null();
}

json_t *cli_json_record(const struct sy_desc *desc, const void *record)
{
    json_t *out = json_object();
    for (size_t i = 0; i < desc->n_fields; i++) {
        json_object_set_new(out, desc->fields[i].key, field_value(&desc->fields[i], record));
    }
    return out;
}

static void print_lines(const char *path, json_t *value)
{
    char below[512];
    const char *key;
    size_t i;
    json_t *item;
    if (json_is_object(value)) {
        json_object_foreach(value, key, item)
        {
            snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", key);
            print_lines(below, item);
        }
    } else if (json_array_size(value) > 0) {
        json_array_foreach(value, i, item)
        {
            snprintf(below, sizeof(below), "%s[%zu]", path, i);
            print_lines(below, item);
        }
    } else {
        printf("%s ", path);
        json_dumpf(value, stdout, JSON_ENCODE_ANY);
        putchar('\n');
    }
}

void cli_print_lines(const struct sy_desc *desc, const void *record)
{
    json_t *all = cli_json_record(desc, record);
    print_lines("", all);
    json_decref(all);
}

int cli_print_json(json_t *value)
{
    if (value == NULL || json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0) {
        json_decref(value);
        return 2;
    }
    putchar('\n');
    json_decref(value);
    return 0;
}

void cli_locale(void)
{
    setlocale(LC_ALL, "");
    if (MB_CUR_MAX == 1) {
        setlocale(LC_ALL, "C.UTF-8"); /* UTF-8 everywhere: widths of Chinese text in tables */
    }
}

/* --- tables ----------------------------------------------------------------------------------------------- */

struct cli_table {
    struct libscols_table *t;
    size_t n;
};

struct cli_table *cli_table_new(const char *const *headers, size_t n)
{
    struct cli_table *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    t->t = scols_new_table();
    t->n = n;
    scols_table_set_column_separator(t->t, "  ");
    for (size_t i = 0; i < n; i++) {
        scols_table_new_column(t->t, headers[i], 0, 0);
    }
    return t;
}

void cli_table_right(struct cli_table *t, size_t column)
{
    scols_column_set_flags(scols_table_get_column(t->t, column), SCOLS_FL_RIGHT);
}

void cli_table_row(struct cli_table *t, const char *const *cells)
{
    struct libscols_line *line = scols_table_new_line(t->t, NULL);
    for (size_t i = 0; line != NULL && i < t->n; i++) {
        scols_line_set_data(line, i, cells[i]);
    }
}

void cli_table_free(struct cli_table *t)
{
    if (t != NULL) {
        scols_unref_table(t->t);
        free(t);
    }
}

void cli_table_print(struct cli_table *t)
{
    scols_print_table(t->t);
    cli_table_free(t);
}

static const char *trim_zeros(char *ret, int n)
{
    while (n > 1 && ret[n - 1] == '0') {
        ret[--n] = '\0';
    }
    if (n > 0 && ret[n - 1] == '.') {
        ret[n - 1] = '\0';
    }
    return ret;
}

const char *cli_nano_text(uint64_t nano, char *ret, size_t cap)
{
    return trim_zeros(
        ret, snprintf(ret, cap, "%" PRIu64 ".%09" PRIu64, nano / 1000000000, nano % 1000000000));
}

const char *cli_femto_text(uint64_t femto, char *ret, size_t cap)
{
    const uint64_t one = UINT64_C(1000000000000000);
    return trim_zeros(ret, snprintf(ret, cap, "%" PRIu64 ".%015" PRIu64, femto / one, femto % one));
}

const char *cli_epsilon_text(uint64_t rho, char *ret, size_t cap)
{
    enum { STEP = 100000 }; /* four decimals of 1e-9 */
    uint64_t e = sy_zcdp_epsilon(rho, SY_ZCDP_DELTA);
    if (e > UINT64_MAX - STEP) {
        (void)snprintf(ret, cap, "unbounded");
        return ret;
    }
    return cli_nano_text((e + STEP - 1) / STEP * STEP, ret, cap);
}

void cli_print_epsilon(struct sy_view ns, const char *what, uint64_t rho, uint64_t delta)
{
    char epsilon[32], deltas[32];
    if (rho == 0) {
        return;
    }
    printf("epsilon  %s at delta %s: %s, for one %.*s\n",
           cli_epsilon_text(rho, epsilon, sizeof(epsilon)),
           cli_femto_text(SY_ZCDP_DELTA + delta, deltas, sizeof(deltas)), what, SY_PV(ns));
}
