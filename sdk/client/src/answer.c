/*
 * What: the table of an answer, decoded and checked in shape before anyone may look at it: every
 * key column has a text per row, every figure column a value and an interval per row, withheld rows
 * exist. Figures stay integers x 10^-scale; a double is only made on demand.
 */
#include "client/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCALE_MAX = 18 };

/* --- making ----------------------------------------------------------------------------------- */

static sy_status misshapen(struct sy_error *err, const char *why)
{
    return sy_fail(err, SY_E_FIELD, "answer.columns", "%s", why);
}

static sy_status check_figures(const struct sy_answer_column *c, uint64_t rows,
                               struct sy_error *err)
{
    if (c->n_values != rows || c->n_lo != rows || c->n_hi != rows || c->n_texts != 0 ||
        c->scale > SCALE_MAX) {
        return misshapen(err, "a figure column has not one value and interval per row");
    }
    for (size_t i = 0; i < c->n_withheld; i++) {
        if (c->withheld[i] >= rows || (i > 0 && c->withheld[i] <= c->withheld[i - 1])) {
            return misshapen(err, "a withheld row does not exist, or rows are out of order");
        }
    }
    return SY_OK;
}

static sy_status check_column(const struct sy_answer_column *c, uint64_t rows, struct sy_error *err)
{
    if (sy_view_is(c->kind, "figure")) {
        return check_figures(c, rows, err);
    }
    if (!sy_view_is(c->kind, "key") || c->n_texts != rows || c->n_values != 0 ||
        c->n_withheld != 0) {
        return misshapen(err, "a key column has not one text per row");
    }
    return SY_OK;
}

static const char *cstr(struct sy_arena *arena, struct sy_view v)
{
    return v.n == 0 ? "" : (const char *)sy_arena_copy(arena, v).p;
}

static sy_status fill_column(struct shuyu_answer *a, size_t i, struct sy_error *err)
{
    struct client_column *to = &a->columns[i];
    const struct sy_answer_column *c = &a->a.columns[i];
    SY_TRY(check_column(c, a->a.rows, err));
    *to = (struct client_column){.c = c,
                                 .name = cstr(&a->arena, c->name),
                                 .mechanism = cstr(&a->arena, c->mechanism),
                                 .shaped = cstr(&a->arena, c->shaped)};
    bool ok = to->name != NULL && to->mechanism != NULL && to->shaped != NULL;
    if (sy_view_is(c->kind, "key")) {
        to->texts = sy_arena_alloc(&a->arena, c->n_texts + 1, sizeof(*to->texts));
        ok = ok && to->texts != NULL;
        for (size_t r = 0; ok && r < c->n_texts; r++) {
            to->texts[r] = cstr(&a->arena, c->texts[r]);
            ok = to->texts[r] != NULL;
        }
    }
    return ok ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* Names of data versions and namespaces, as C strings. */
static sy_status fill_names(struct shuyu_answer *a, struct sy_error *err)
{
    a->datasets = sy_arena_alloc(&a->arena, a->a.n_data + 1, sizeof(*a->datasets));
    a->namespaces = sy_arena_alloc(&a->arena, a->a.n_spends + 1, sizeof(*a->namespaces));
    bool ok = a->datasets != NULL && a->namespaces != NULL;
    for (size_t i = 0; ok && i < a->a.n_data; i++) {
        a->datasets[i] = cstr(&a->arena, a->a.data[i].dataset);
        ok = a->datasets[i] != NULL;
    }
    for (size_t i = 0; ok && i < a->a.n_spends; i++) {
        a->namespaces[i] = cstr(&a->arena, a->a.spends[i].ns);
        ok = a->namespaces[i] != NULL;
    }
    return ok ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status fill(struct shuyu_answer *a, struct sy_error *err)
{
    SY_TRY(
        sy_record_decode(&sy_answer_desc, a->reply->answer, &SY_MP_LARGE, &a->arena, &a->a, err));
    a->columns = sy_arena_alloc(&a->arena, a->a.n_columns + 1, sizeof(*a->columns));
    if (a->columns == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < a->a.n_columns; i++) {
        SY_TRY(fill_column(a, i, err));
    }
    return fill_names(a, err);
}

sy_status client_answer_new(shuyu_reply *reply, shuyu_answer **ret, struct sy_error *err)
{
    struct shuyu_answer *a = calloc(1, sizeof(*a));
    if (a == NULL) {
        shuyu_reply_free(reply);
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    a->reply = reply;
    a->arena.ceiling = CLIENT_ANSWER_BYTES;
    sy_status s = fill(a, err);
    if (!sy_ok(s)) {
        shuyu_answer_free(a);
        return s;
    }
    *ret = a;
    return SY_OK;
}

void shuyu_answer_free(shuyu_answer *a)
{
    if (a != NULL) {
        shuyu_reply_free(a->reply);
        sy_arena_deinit(&a->arena);
        free(a);
    }
}

/* --- the table -------------------------------------------------------------------------------- */

size_t shuyu_answer_rows(const shuyu_answer *a)
{
    return (size_t)a->a.rows;
}

size_t shuyu_answer_columns(const shuyu_answer *a)
{
    return a->a.n_columns;
}

shuyu_status shuyu_answer_column(const shuyu_answer *a, size_t column, shuyu_column *ret)
{
    if (column >= a->a.n_columns) {
        return SHUYU_E_NOT_FOUND;
    }
    const struct client_column *c = &a->columns[column];
    *ret = (shuyu_column){.name = c->name,
                          .kind = c->texts != NULL ? SHUYU_KEY : SHUYU_FIGURE,
                          .mechanism = c->mechanism,
                          .scale = (unsigned)c->c->scale,
                          .noise = c->c->noise,
                          .shaped = c->shaped};
    return SHUYU_OK;
}

size_t shuyu_answer_find(const shuyu_answer *a, const char *name)
{
    for (size_t i = 0; i < a->a.n_columns; i++) {
        if (strcmp(a->columns[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

const char *shuyu_answer_text(const shuyu_answer *a, size_t column, size_t row)
{
    if (column >= a->a.n_columns || row >= a->a.rows || a->columns[column].texts == NULL) {
        return NULL;
    }
    return a->columns[column].texts[row];
}

/* The figure column, or NULL. */
static const struct sy_answer_column *figure(const shuyu_answer *a, size_t column, size_t row)
{
    if (column >= a->a.n_columns || row >= a->a.rows || a->columns[column].texts != NULL) {
        return NULL;
    }
    return a->columns[column].c;
}

static bool is_withheld(const struct sy_answer_column *c, size_t row)
{
    size_t lo = 0;
    size_t hi = c->n_withheld;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->withheld[mid] == row) {
            return true;
        }
        if (c->withheld[mid] < row) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return false;
}

bool shuyu_answer_withheld(const shuyu_answer *a, size_t column, size_t row)
{
    const struct sy_answer_column *c = figure(a, column, row);
    return c == NULL || is_withheld(c, row);
}

static shuyu_status may_read(const struct sy_answer_column *c, size_t row)
{
    if (c == NULL) {
        return SHUYU_E_NOT_FOUND;
    }
    return is_withheld(c, row) ? SHUYU_E_STATE : SHUYU_OK;
}

shuyu_status shuyu_answer_value(const shuyu_answer *a, size_t column, size_t row, int64_t *ret)
{
    const struct sy_answer_column *c = figure(a, column, row);
    shuyu_status code = may_read(c, row);
    if (code == SHUYU_OK) {
        *ret = c->values[row];
    }
    return code;
}

shuyu_status shuyu_answer_interval(const shuyu_answer *a, size_t column, size_t row,
                                   int64_t *ret_lo, int64_t *ret_hi)
{
    const struct sy_answer_column *c = figure(a, column, row);
    shuyu_status code = may_read(c, row);
    if (code == SHUYU_OK) {
        *ret_lo = c->lo[row];
        *ret_hi = c->hi[row];
    }
    return code;
}

shuyu_status shuyu_answer_double(const shuyu_answer *a, size_t column, size_t row, double *ret)
{
    int64_t v = 0;
    shuyu_status code = shuyu_answer_value(a, column, row, &v);
    if (code == SHUYU_OK) {
        double unit = 1; /* exact: powers of ten to 10^22 are doubles */
        for (uint64_t i = 0; i < a->columns[column].c->scale; i++) {
            unit *= 10;
        }
        *ret = (double)v / unit;
    }
    return code;
}

static void format_figure(int64_t v, uint64_t scale, char *ret, size_t cap)
{
    char text[48];
    uint64_t unit = 1;
    for (uint64_t i = 0; i < scale; i++) {
        unit *= 10;
    }
    uint64_t n = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    int len = snprintf(text, sizeof(text), "%s%" PRIu64, v < 0 ? "-" : "", n / unit);
    if (scale > 0 && len > 0) {
        (void)snprintf(text + len, sizeof(text) - (size_t)len, ".%0*" PRIu64, (int)scale, n % unit);
    }
    sy_view_to_cstr(sy_view_str(text), ret, cap);
}

shuyu_status shuyu_answer_format(const shuyu_answer *a, size_t column, size_t row, char *ret,
                                 size_t cap)
{
    ret[0] = '\0';
    const char *text = shuyu_answer_text(a, column, row);
    const struct sy_answer_column *c = figure(a, column, row);
    if (text == NULL && c == NULL) {
        return SHUYU_E_NOT_FOUND;
    }
    if (text != NULL) {
        sy_view_to_cstr(sy_view_str(text), ret, cap);
    } else if (is_withheld(c, row)) {
        sy_view_to_cstr(sy_view_str("(withheld)"), ret, cap);
    } else {
        format_figure(c->values[row], c->scale, ret, cap);
    }
    return SHUYU_OK;
}

shuyu_status shuyu_answer_format_interval(const shuyu_answer *a, size_t column, size_t row,
                                          char *ret, size_t cap)
{
    char lo[32] = "";
    char hi[32] = "";
    char text[72];
    int64_t ends[2];
    ret[0] = '\0';
    shuyu_status code = shuyu_answer_interval(a, column, row, &ends[0], &ends[1]);
    if (code == SHUYU_OK) {
        uint64_t scale = a->columns[column].c->scale;
        format_figure(ends[0], scale, lo, sizeof(lo));
        format_figure(ends[1], scale, hi, sizeof(hi));
        (void)snprintf(text, sizeof(text), "[%s, %s]", lo, hi);
        sy_view_to_cstr(sy_view_str(text), ret, cap);
    }
    return code;
}

/* --- what it stands on ------------------------------------------------------------------------ */

void shuyu_answer_facts(const shuyu_answer *a, shuyu_facts *ret)
{
    const struct client_entry *charge = &a->reply->entries[0];
    *ret = (shuyu_facts){.grant = a->a.grant,
                         .model = a->a.model,
                         .time = a->a.time,
                         .charge = charge->at.index,
                         .answer = a->reply->entries[1].at.index,
                         .stored = !charge->ours || charge->event.verdict.stored != 0,
                         .fen = a->reply->fen,
                         .n_data = a->a.n_data,
                         .n_spends = a->a.n_spends};
}

void shuyu_answer_witnessed(const shuyu_answer *a, shuyu_witnessed *ret)
{
    *ret = a->reply->witnessed;
}

shuyu_status shuyu_answer_spend(const shuyu_answer *a, size_t i, shuyu_spend *ret)
{
    if (i >= a->a.n_spends) {
        return SHUYU_E_NOT_FOUND;
    }
    const struct sy_spend *s = &a->a.spends[i];
    *ret = (shuyu_spend){.ns = a->namespaces[i],
                         .rho = s->rho,
                         .delta = s->delta,
                         .spent = s->spent,
                         .left = s->left,
                         .cells = s->cells,
                         .cells_spent = s->cells_spent,
                         .cells_left = s->cells_left};
    return SHUYU_OK;
}

shuyu_status shuyu_answer_data(const shuyu_answer *a, size_t i, shuyu_data *ret)
{
    if (i >= a->a.n_data) {
        return SHUYU_E_NOT_FOUND;
    }
    const struct sy_data_ref *d = &a->a.data[i];
    *ret = (shuyu_data){a->datasets[i], d->version, d->header};
    return SHUYU_OK;
}

const char *shuyu_answer_receipt(const shuyu_answer *a)
{
    return a->reply->entries[1].receipt;
}

shuyu_status shuyu_answer_proof(const shuyu_answer *a, size_t i, shuyu_proof *ret)
{
    return shuyu_reply_proof(a->reply, i, ret);
}

shuyu_bytes shuyu_answer_bytes(const shuyu_answer *a)
{
    return client_bytes(a->reply->answer);
}
