/* What: the SDK's getters into JSON, column by column of each row. */
#include "bridge/answer.h"

#include <inttypes.h>

#include "base/time.h"
#include "bridge/json.h"

static struct sy_view name_of(const shuyu_column *c)
{
    return sy_view_str(c->name);
}

/* What the product says about the column of this name; NULL: nothing. */
static const struct sy_product_column *declared(const struct bridge_product *p,
                                                const shuyu_column *c)
{
    for (size_t i = 0; i < p->p.n_columns; i++) {
        if (sy_view_eq(p->p.columns[i].name, name_of(c))) {
            return &p->p.columns[i];
        }
    }
    return NULL;
}

static sy_status put_member(struct sy_buf *b, const char *key, struct sy_view text)
{
    SY_TRY(sy_buf_printf(b, "\"%s\":", key));
    return bridge_put_text(b, text);
}

/* ---- columns ---- */

static sy_status put_figure_facts(struct sy_buf *b, const shuyu_column *c)
{
    SY_TRY(sy_buf_add_str(b, ","));
    SY_TRY(put_member(b, "mechanism", sy_view_str(c->mechanism)));
    SY_TRY(sy_buf_add_str(b, ",\"noise\":"));
    SY_TRY(bridge_put_decimal(b, c->noise > INT64_MAX ? INT64_MAX : (int64_t)c->noise, c->scale));
    SY_TRY(sy_buf_add_str(b, ",\"interval\":0.95,"));
    return put_member(b, "shaped", sy_view_str(c->shaped));
}

static sy_status put_column(struct sy_buf *b, const struct bridge_product *p, const shuyu_column *c)
{
    const struct sy_product_column *said = declared(p, c);
    bool is_figure = c->kind == SHUYU_FIGURE;
    SY_TRY(sy_buf_add_str(b, "{"));
    SY_TRY(put_member(b, "name", name_of(c)));
    SY_TRY(sy_buf_add_str(b, ","));
    SY_TRY(put_member(b, "title", said != NULL && said->title.n > 0 ? said->title : name_of(c)));
    SY_TRY(sy_buf_add_str(b, ","));
    SY_TRY(put_member(b, "kind", sy_view_str(is_figure ? "figure" : "key")));
    if (said != NULL && said->measure.n > 0) {
        SY_TRY(sy_buf_add_str(b, ","));
        SY_TRY(put_member(b, "measure", said->measure));
    }
    if (is_figure) {
        SY_TRY(put_figure_facts(b, c));
    }
    return sy_buf_add_str(b, "}");
}

static sy_status put_columns(struct sy_buf *b, const struct bridge_product *p,
                             const shuyu_answer *a)
{
    SY_TRY(sy_buf_add_str(b, ",\"columns\":["));
    for (size_t i = 0; i < shuyu_answer_columns(a); i++) {
        shuyu_column c;
        if (shuyu_answer_column(a, i, &c) != SHUYU_OK) {
            return sy_status_of(SY_E_INTERNAL);
        }
        SY_TRY(sy_buf_add_str(b, i > 0 ? "," : ""));
        SY_TRY(put_column(b, p, &c));
    }
    return sy_buf_add_str(b, "]");
}

/* ---- rows ---- */

static sy_status put_figure(struct sy_buf *b, const shuyu_answer *a, size_t column, size_t row,
                            uint64_t scale)
{
    int64_t v[3];
    if (shuyu_answer_withheld(a, column, row)) {
        return sy_buf_add_str(b, "{\"value\":null,\"lo\":null,\"hi\":null,\"withheld\":true}");
    }
    if (shuyu_answer_value(a, column, row, &v[0]) != SHUYU_OK ||
        shuyu_answer_interval(a, column, row, &v[1], &v[2]) != SHUYU_OK) {
        return sy_status_of(SY_E_INTERNAL);
    }
    static const char *const KEYS[] = {"{\"value\":", ",\"lo\":", ",\"hi\":"};
    for (size_t i = 0; i < 3; i++) {
        SY_TRY(sy_buf_add_str(b, KEYS[i]));
        SY_TRY(bridge_put_decimal(b, v[i], scale));
    }
    return sy_buf_add_str(b, ",\"withheld\":false}");
}

static sy_status put_cell(struct sy_buf *b, const shuyu_answer *a, size_t column, size_t row)
{
    shuyu_column c;
    if (shuyu_answer_column(a, column, &c) != SHUYU_OK) {
        return sy_status_of(SY_E_INTERNAL);
    }
    SY_TRY(bridge_put_text(b, name_of(&c)));
    SY_TRY(sy_buf_add_str(b, ":"));
    return c.kind == SHUYU_FIGURE
               ? put_figure(b, a, column, row, c.scale)
               : bridge_put_text(b, sy_view_str(shuyu_answer_text(a, column, row)));
}

static sy_status put_rows(struct sy_buf *b, const shuyu_answer *a)
{
    SY_TRY(sy_buf_add_str(b, ",\"rows\":["));
    for (size_t row = 0; row < shuyu_answer_rows(a); row++) {
        SY_TRY(sy_buf_add_str(b, row > 0 ? ",{" : "{"));
        for (size_t i = 0; i < shuyu_answer_columns(a); i++) {
            SY_TRY(sy_buf_add_str(b, i > 0 ? "," : ""));
            SY_TRY(put_cell(b, a, i, row));
        }
        SY_TRY(sy_buf_add_str(b, "}"));
    }
    return sy_buf_add_str(b, "]");
}

/* ---- what it stands on ---- */

static sy_status put_data(struct sy_buf *b, const shuyu_answer *a, size_t n)
{
    SY_TRY(sy_buf_add_str(b, ",\"data\":["));
    for (size_t i = 0; i < n; i++) {
        shuyu_data d;
        if (shuyu_answer_data(a, i, &d) != SHUYU_OK) {
            return sy_status_of(SY_E_INTERNAL);
        }
        SY_TRY(sy_buf_add_str(b, i > 0 ? ",{" : "{"));
        SY_TRY(put_member(b, "dataset", sy_view_str(d.dataset)));
        SY_TRY(sy_buf_printf(b, ",\"version\":%" PRIu64 ",\"header\":", d.version));
        SY_TRY(bridge_put_hash(b, d.header));
        SY_TRY(sy_buf_add_str(b, "}"));
    }
    return sy_buf_add_str(b, "]");
}

static sy_status put_proof(struct sy_buf *b, const shuyu_answer *a, const shuyu_facts *f)
{
    shuyu_witnessed w;
    shuyu_answer_witnessed(a, &w);
    SY_TRY(sy_buf_printf(b,
                         ",\"witnessed\":{\"judged\":%s,\"cosigned\":%s,\"size\":%" PRIu64
                         ",\"time\":%" PRId64 "},\"receipt\":{\"entry\":%" PRIu64
                         ",\"request\":%" PRIu64 ",",
                         w.is_judged ? "true" : "false", w.is_cosigned ? "true" : "false", w.size,
                         w.time, f->answer, f->charge));
    SY_TRY(put_member(b, "text", sy_view_str(shuyu_answer_receipt(a))));
    return sy_buf_add_str(b, "}");
}

static sy_status put_head(struct sy_buf *b, const struct bridge_product *p, const shuyu_facts *f)
{
    char when[21];
    sy_time_format(f->time, when);
    SY_TRY(sy_buf_add_str(b, "{"));
    SY_TRY(put_member(b, "product", sy_view_str(p->path)));
    SY_TRY(sy_buf_printf(b, ",\"id\":\"%s\",", p->hex));
    SY_TRY(put_member(b, "version", p->p.version));
    SY_TRY(sy_buf_add_str(b, ","));
    SY_TRY(put_member(b, "purpose", p->sub.purpose));
    return sy_buf_printf(
        b, ",\"price_fen\":%" PRIu64 ",\"stored\":%s,\"time\":\"%s\",\"no_redistribution\":true",
        f->fen, f->stored ? "true" : "false", when);
}

sy_status bridge_put_answer(struct sy_buf *b, const struct bridge_product *product,
                            const shuyu_answer *a)
{
    shuyu_facts f;
    shuyu_answer_facts(a, &f);
    SY_TRY(put_head(b, product, &f));
    SY_TRY(put_columns(b, product, a));
    SY_TRY(put_rows(b, a));
    SY_TRY(put_data(b, a, f.n_data));
    SY_TRY(put_proof(b, a, &f));
    return sy_buf_add_str(b, "}");
}
