/*
 * What: disclosed tables as CSV, JSON and HTML. Invariants: the same tables give the same bytes; no text of the log leaves
 * the cell, string or element that it was put in, and none of it is run by whoever opens the file.
 *
 * CSV: RFC 4180 with CRLF, every cell quoted, a byte order mark for office programs, and an apostrophe before a text that
 * they would take for a formula. HTML: one page, no script, nothing from elsewhere, which its policy says too; tables
 * with captions and headers that name their columns, in Chinese and English, each marked as what it is.
 * Source: RFC 4180; WCAG 2.2, 1.3.1 and 3.1.2; HTML Living Standard.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/text.h"
#include "disclose.h"

enum { CELL_MAX = 1 << 20, FEN = 100 };

/* ---- labels ---- */

const char *disclose_label(struct sy_view code)
{
    static const struct {
        const char *code, *zh;
    } LABELS[] = {{"agency", "实施机构"},
                  {"operator", "一级运营主体"},
                  {"accepted", "已签署"},
                  {"filed", "已备案"},
                  {"terminated", "已终止"},
                  {"active", "有效"},
                  {"suspended", "暂停"},
                  {"awaiting", "待恢复"},
                  {"revoked", "已撤销"},
                  {"expired", "已届满"},
                  {"public", "公共治理、公益事业"},
                  {"industry", "产业发展、行业发展"},
                  {"component", "数据组件"},
                  {"model", "数据模型"},
                  {"verification", "数据核验"},
                  {"service", "数据服务"},
                  {"tool", "数据工具"},
                  {"report", "数据报告"},
                  {"published", "已发布"},
                  {"withdrawn", "已下架"},
                  {"leak", "泄露"},
                  {"tamper", "篡改"},
                  {"misuse", "滥用"},
                  {"linkage", "隐含关系"},
                  {"availability", "可用性"},
                  {"in_time", "按时"},
                  {"late", "逾期"},
                  {"open", "整改中"},
                  {"mended", "已整改"},
                  {"cancelled", "已取消授权"}};
    for (size_t i = 0; i < sizeof(LABELS) / sizeof(LABELS[0]); i++) {
        if (sy_view_is(code, LABELS[i].code)) {
            return LABELS[i].zh;
        }
    }
    return "";
}

/* ---- one cell ---- */

sy_status disclose_text(const struct disclose_column *c, const struct disclose_cell *v,
                        struct sy_buf *b)
{
    const char *label = c->kind == DISCLOSE_CODE ? disclose_label(v->text) : "";
    switch (c->kind) {
    case DISCLOSE_NUMBER:
        return sy_buf_printf(b, "%" PRIu64, v->number);
    case DISCLOSE_MONEY:
        return sy_buf_printf(b, "%" PRIu64 ".%02" PRIu64, v->number / FEN, v->number % FEN);
    default:
        SY_TRY(sy_buf_add_str(b, label));
        SY_TRY(*label != '\0' ? sy_buf_add_str(b, " ") : SY_OK);
        return audit_text(b, v->text);
    }
}

/* ---- CSV ---- */

/* Would an office program run it? Some take the full-width signs for the plain ones. */
static bool runs(struct sy_view v)
{
    static const char *const signs[] = {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (sy_view_starts(v, sy_view_str(signs[i]))) {
            return true;
        }
    }
    return false;
}

static sy_status csv_cell(struct sy_buf *b, struct sy_view v, bool is_text)
{
    SY_TRY(sy_buf_add_str(b, is_text && runs(v) ? "\"'" : "\""));
    for (size_t i = 0; i < v.n; i++) {
        SY_TRY(sy_buf_add(b, v.p + i, 1));
        SY_TRY(v.p[i] == '"' ? sy_buf_add_str(b, "\"") : SY_OK);
    }
    return sy_buf_add_str(b, "\"");
}

static sy_status csv_end(struct sy_buf *b, bool last)
{
    return sy_buf_add_str(b, last ? "\r\n" : ",");
}

sy_status disclose_csv(const struct disclose_table *t, struct sy_buf *b)
{
    SY_BUF_CLEANUP struct sy_buf cell = sy_buf(CELL_MAX);
    SY_TRY(sy_buf_add_str(b, "\xef\xbb\xbf"));
    for (size_t i = 0; i < t->n_columns; i++) {
        sy_buf_clear(&cell);
        SY_TRY(sy_buf_printf(&cell, "%s %s", t->columns[i].zh, t->columns[i].en));
        SY_TRY(csv_cell(b, sy_buf_view(&cell), true));
        SY_TRY(csv_end(b, i + 1 == t->n_columns));
    }
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
        const struct disclose_column *c = &t->columns[i % t->n_columns];
        sy_buf_clear(&cell);
        SY_TRY(disclose_text(c, &t->cells[i], &cell));
        SY_TRY(
            csv_cell(b, sy_buf_view(&cell), c->kind == DISCLOSE_TEXT || c->kind == DISCLOSE_CODE));
        SY_TRY(csv_end(b, i % t->n_columns + 1 == t->n_columns));
    }
    return SY_OK;
}

/* ---- JSON ---- */

static json_t *json_text(struct sy_view v)
{
    return json_stringn(v.n == 0 ? "" : (const char *)v.p, v.n);
}

static json_t *json_cell(const struct disclose_column *c, const struct disclose_cell *v)
{
    return c->kind == DISCLOSE_NUMBER || c->kind == DISCLOSE_MONEY
               ? json_integer((json_int_t)v->number)
               : json_text(v->text);
}

static json_t *json_table(const struct disclose_table *t)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < t->n_rows; i++) {
        json_t *row = json_object();
        for (size_t k = 0; k < t->n_columns; k++) {
            const struct disclose_column *c = &t->columns[k];
            char key[64];
            (void)snprintf(key, sizeof(key), c->kind == DISCLOSE_MONEY ? "%s_fen" : "%s", c->key);
            json_object_set_new(row, key, json_cell(c, &t->cells[i * t->n_columns + k]));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

sy_status disclose_json(const struct disclose_heading *h, const struct disclose_table *t, size_t n,
                        struct sy_buf *b)
{
    json_t *j = json_pack("{s:s,s:o,s:I,s:I,s:o}", "schema", "shuyu.disclosure/1", "domain",
                          json_text(h->domain), "year", (json_int_t)h->year, "entries",
                          (json_int_t)h->entries, "made", json_text(h->made));
    for (size_t i = 0; j != NULL && i < n; i++) {
        json_object_set_new(j, t[i].id, json_table(&t[i]));
    }
    char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s = audit_text_json(b, sy_view_str(text));
    free(text);
    return sy_ok(s) ? sy_buf_add_str(b, "\n") : s;
}

/* ---- HTML ---- */

static const char HEAD[] =
    "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    "body{font-family:sans-serif;line-height:1.5;margin:2rem auto;max-width:75rem;padding:0 1rem;"
    "color:#111;background:#fff}\n"
    "table{border-collapse:collapse;width:100%;margin:0 0 2rem}\n"
    "caption{font-size:1.2rem;font-weight:bold;text-align:left;padding:.5rem 0}\n"
    "th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}\n"
    "thead th{background:#eee}\ntd.n{text-align:right}\n"
    "[lang=en]{color:#444;font-weight:normal;font-size:.85em}\n"
    "a:focus{outline:2px solid #005fcc}\n"
    "@media print{body{max-width:none;margin:0}}\n</style>\n";

static sy_status html_escaped(struct sy_buf *b, struct sy_view v)
{
    static const struct {
        char c;
        const char *as;
    } MARKS[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < v.n; i++) {
        const char *as = NULL;
        for (size_t k = 0; k < sizeof(MARKS) / sizeof(MARKS[0]); k++) {
            as = v.p[i] == (uint8_t)MARKS[k].c ? MARKS[k].as : as;
        }
        SY_TRY(as != NULL ? sy_buf_add_str(b, as) : sy_buf_add(b, v.p + i, 1));
    }
    return SY_OK;
}

/* A text of the log. */
static sy_status html_text(struct sy_buf *b, struct sy_view v)
{
    SY_BUF_CLEANUP struct sy_buf safe = sy_buf(CELL_MAX);
    SY_TRY(audit_text(&safe, v));
    return html_escaped(b, sy_buf_view(&safe));
}

static sy_status html_both(struct sy_buf *b, const char *zh, const char *en)
{
    return sy_buf_printf(b, "%s <span lang=\"en\">%s</span>", zh, en);
}

static sy_status html_cell(struct sy_buf *b, const struct disclose_column *c,
                           const struct disclose_cell *v)
{
    bool figure = c->kind == DISCLOSE_NUMBER || c->kind == DISCLOSE_MONEY;
    const char *label = c->kind == DISCLOSE_CODE ? disclose_label(v->text) : "";
    SY_TRY(sy_buf_add_str(b, figure ? "<td class=\"n\">" : "<td>"));
    if (*label != '\0') {
        SY_TRY(sy_buf_printf(b, "%s <span lang=\"en\">", label));
        SY_TRY(html_text(b, v->text));
        return sy_buf_add_str(b, "</span></td>");
    }
    SY_TRY(figure ? disclose_text(c, v, b) : html_text(b, v->text));
    return sy_buf_add_str(b, "</td>");
}

/* The first column names its row. */
static sy_status html_row(struct sy_buf *b, const struct disclose_table *t, size_t row)
{
    SY_TRY(sy_buf_add_str(b, "<tr>"));
    for (size_t k = 0; k < t->n_columns; k++) {
        SY_TRY(html_cell(b, &t->columns[k], &t->cells[row * t->n_columns + k]));
    }
    return sy_buf_add_str(b, "</tr>\n");
}

static sy_status html_table(struct sy_buf *b, const struct disclose_table *t)
{
    SY_TRY(sy_buf_printf(b, "<table id=\"%s\">\n<caption>", t->id));
    SY_TRY(html_both(b, t->zh, t->en));
    SY_TRY(sy_buf_add_str(b, "</caption>\n<thead>\n<tr>"));
    for (size_t i = 0; i < t->n_columns; i++) {
        SY_TRY(sy_buf_add_str(b, "<th scope=\"col\">"));
        SY_TRY(html_both(b, t->columns[i].zh, t->columns[i].en));
        SY_TRY(sy_buf_add_str(b, "</th>"));
    }
    SY_TRY(sy_buf_add_str(b, "</tr>\n</thead>\n<tbody>\n"));
    for (size_t i = 0; i < t->n_rows; i++) {
        SY_TRY(html_row(b, t, i));
    }
    if (t->n_rows == 0) {
        SY_TRY(sy_buf_printf(b,
                             "<tr><td colspan=\"%zu\">无 <span lang=\"en\">none</span></td></tr>\n",
                             t->n_columns));
    }
    return sy_buf_add_str(b, "</tbody>\n</table>\n");
}

static sy_status html_heading(struct sy_buf *b, const struct disclose_heading *h)
{
    SY_TRY(sy_buf_add_str(b, HEAD));
    SY_TRY(
        sy_buf_printf(b,
                      "<title>公共数据资源授权运营信息披露 %" PRIu64 "</title>\n</head>\n"
                      "<body>\n<main>\n<h1>公共数据资源授权运营信息披露（%" PRIu64
                      " 年度）<br><span lang=\"en\">Public disclosure of authorised public data, "
                      "%" PRIu64 "</span></h1>\n<p>数据域 <span lang=\"en\">domain</span>: ",
                      h->year, h->year, h->year));
    SY_TRY(html_text(b, h->domain));
    return sy_buf_printf(b,
                         "<br>依据账本前 %" PRIu64
                         " 条记录生成，截至 <span lang=\"en\">made of the ledger's first %" PRIu64
                         " entries, up to</span> ",
                         h->entries, h->entries);
}

sy_status disclose_html(const struct disclose_heading *h, const struct disclose_table *t, size_t n,
                        struct sy_buf *b)
{
    SY_TRY(html_heading(b, h));
    SY_TRY(html_text(b, h->made));
    SY_TRY(sy_buf_add_str(b, "</p>\n<nav aria-label=\"目录 contents\">\n<ul>\n"));
    for (size_t i = 0; i < n; i++) {
        SY_TRY(sy_buf_printf(b, "<li><a href=\"#%s\">", t[i].id));
        SY_TRY(html_both(b, t[i].zh, t[i].en));
        SY_TRY(sy_buf_add_str(b, "</a></li>\n"));
    }
    SY_TRY(sy_buf_add_str(b, "</ul>\n</nav>\n"));
    for (size_t i = 0; i < n; i++) {
        SY_TRY(html_table(b, &t[i]));
    }
    return sy_buf_add_str(b, "</main>\n</body>\n</html>\n");
}
