/*
 * What: which columns are disclosed, and how the state fills them. Invariant: this file is the whole list; what is not a
 * column here is not disclosed. Texts are titles that the catalogue, a proposal or a product carries for everybody; free
 * texts of incidents, orders, reviews and reports are none of it.
 */
#include "disclose.h"

#include <string.h>

#include "audit/record.h"
#include "rules/rows_scheme.h"
#include "wire/application.h"
#include "wire/own.h"
#include "wire/product.h"
#include "wire/qualify.h"
#include "wire/supervise.h"

/* ---- columns ---- */

#define TEXT(key, zh, en)                                                                          \
    {                                                                                              \
        key, zh, en, DISCLOSE_TEXT                                                                 \
    }
#define CODE(key, zh, en)                                                                          \
    {                                                                                              \
        key, zh, en, DISCLOSE_CODE                                                                 \
    }
#define NUMBER(key, zh, en)                                                                        \
    {                                                                                              \
        key, zh, en, DISCLOSE_NUMBER                                                               \
    }
#define MONEY(key, zh, en)                                                                         \
    {                                                                                              \
        key, zh, en, DISCLOSE_MONEY                                                                \
    }

static const struct disclose_column PARTIES[] = {CODE("role", "角色", "role"),
                                                 TEXT("party", "标识", "identifier"),
                                                 TEXT("name", "名称", "name")};
static const struct disclose_column AGREEMENTS[] = {TEXT("filing_no", "备案号", "filing number"),
                                                    TEXT("grantor", "授权方", "grantor"),
                                                    TEXT("grantee", "授权对象", "grantee"),
                                                    TEXT("scope", "授权范围", "scope"),
                                                    TEXT("from", "起始日期", "from"),
                                                    TEXT("to", "届满日期", "to"),
                                                    CODE("status", "状态", "status")};
static const struct disclose_column GRANTS[] = {
    TEXT("grant", "授权编号", "grant"),     TEXT("grantee", "授权对象", "grantee"),
    TEXT("scene", "应用场景", "scene"),     TEXT("content", "授权内容", "content"),
    CODE("class", "类别", "class"),         TEXT("scope", "授权范围", "scope"),
    NUMBER("fields", "数据项数", "fields"), TEXT("from", "起始日期", "from"),
    TEXT("to", "届满日期", "to"),           CODE("status", "状态", "status")};
static const struct disclose_column RESOURCES[] = {
    TEXT("dataset", "数据资源", "dataset"), TEXT("title", "名称", "title"),
    TEXT("department", "提供部门", "department"), NUMBER("grants", "授权数", "grants")};
static const struct disclose_column PRODUCTS[] = {
    TEXT("product", "产品编号", "product"),
    TEXT("title", "产品名称", "title"),
    CODE("form", "形态", "form"),
    CODE("class", "类别", "class"),
    TEXT("developer", "开发主体", "developer"),
    MONEY("price", "每次价格（元）", "price of a call (yuan)"),
    TEXT("exchange", "交易所登记号", "exchange number"),
    TEXT("registration", "资源登记码", "registration"),
    CODE("status", "状态", "status"),
    NUMBER("calls", "调用次数", "calls"),
    TEXT("fused", "融合的自有数据及来源", "own data that may be in it, and its source")};
static const struct disclose_column USAGE[] = {
    TEXT("grantee", "授权对象", "grantee"), NUMBER("jobs", "作业次数", "jobs"),
    NUMBER("calls", "产品调用次数", "product calls"),
    NUMBER("rows", "结果行数上限", "rows released at most"),
    NUMBER("denials", "拒绝次数", "denials")};
static const struct disclose_column INCIDENTS[] = {
    NUMBER("entry", "账本编号", "entry"),    CODE("kind", "类型", "kind"),
    TEXT("found", "发现日期", "found"),      TEXT("reported", "报告日期", "reported"),
    CODE("punctual", "是否按时", "in time"), TEXT("closed", "办结日期", "closed")};
static const struct disclose_column CORRECTIONS[] = {
    NUMBER("entry", "账本编号", "entry"), TEXT("party", "责令对象", "party"),
    TEXT("ground", "事由", "ground"),     TEXT("ordered", "责令日期", "ordered"),
    TEXT("due", "整改期限", "due"),       CODE("status", "结果", "outcome")};

#define TABLE(id, zh, en, columns)                                                                 \
    {                                                                                              \
        id, zh, en, columns, sizeof(columns) / sizeof((columns)[0]), NULL, 0, 0                    \
    }
static const struct disclose_table TABLES[DISCLOSE_TABLES] = {
    TABLE("parties", "实施机构和运营机构", "Agency and operator", PARTIES),
    TABLE("agreements", "授权协议", "Agreements", AGREEMENTS),
    TABLE("grants", "授权情况", "Grants", GRANTS),
    TABLE("resources", "已授权数据资源", "Data resources under grants", RESOURCES),
    TABLE("products", "产品和服务清单", "Products and services", PRODUCTS),
    TABLE("usage", "数据使用情况", "Use of data", USAGE),
    TABLE("incidents", "安全事件", "Incidents", INCIDENTS),
    TABLE("corrections", "责令改正", "Orders to correct", CORRECTIONS)};

/* ---- filling ---- */

struct filling {
    struct disclose_fold *f;
    struct disclose_table *tables;
    struct disclose_table *resources;
    struct sy_error *err;
};

static sy_status no_memory(struct filling *l)
{
    return sy_fail(l->err, SY_E_NO_MEMORY, NULL, NULL);
}

static struct disclose_cell text(struct filling *l, struct sy_view v)
{
    return (struct disclose_cell){.text = v.n == 0 ? v : sy_arena_copy(l->f->arena, v)};
}

static struct disclose_cell word(const char *v)
{
    return (struct disclose_cell){.text = sy_view_str(v)};
}

static struct disclose_cell date(struct filling *l, int64_t t)
{
    return (struct disclose_cell){.text = disclose_date(l->f, t)};
}

static struct disclose_cell number(uint64_t n)
{
    return (struct disclose_cell){.number = n};
}

static struct disclose_table *table_of(struct filling *l, const char *id)
{
    size_t i = 0;
    while (strcmp(l->tables[i].id, id) != 0) {
        i++;
    }
    return &l->tables[i];
}

/* cells: one for each column. */
static sy_status add_row(struct filling *l, struct disclose_table *t,
                         const struct disclose_cell *cells)
{
    size_t row = t->n_columns * sizeof(*cells);
    t->cells = disclose_grow(l->f->arena, t->cells, t->n_rows, &t->cap_rows, row);
    if (t->cells == NULL) {
        return no_memory(l);
    }
    memcpy(t->cells + t->n_rows * t->n_columns, cells, row);
    t->n_rows++;
    return SY_OK;
}

/* Names with "; " between them. */
static sy_status join(struct filling *l, struct sy_buf *b, struct sy_view v)
{
    if (!sy_ok(b->n == 0 ? SY_OK : sy_buf_add_str(b, "; ")) || !sy_ok(sy_buf_add_view(b, v))) {
        return no_memory(l);
    }
    return SY_OK;
}

typedef sy_status row_fn(struct filling *l, struct sy_view key, struct sy_view value,
                         struct sy_arena *arena);

static sy_status each(struct filling *l, const char *prefix, row_fn *f)
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(l->f->state, sy_view_str(prefix), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        SY_TRY(f(l, sy_view(key.p + strlen(prefix), key.n - strlen(prefix)), value, &arena));
    }
    return SY_OK;
}

/* ---- parties, agreements ---- */

static sy_status add_party(struct filling *l, struct sy_view key, struct sy_view value,
                           struct sy_arena *arena)
{
    struct sy_party p;
    (void)key;
    SY_TRY(sy_record_decode(&sy_party_desc, value, &SY_MP_LARGE, arena, &p, l->err));
    if (!sy_view_is(p.role, "agency") && !sy_view_is(p.role, "operator")) {
        return SY_OK;
    }
    const struct disclose_cell cells[] = {text(l, p.role), text(l, p.party), text(l, p.name)};
    return add_row(l, table_of(l, "parties"), cells);
}

static bool within_year(const struct filling *l, int64_t from, int64_t to)
{
    return disclose_year(l->f, from) <= (int64_t)l->f->year &&
           disclose_year(l->f, to) >= (int64_t)l->f->year;
}

static sy_status add_agreement(struct filling *l, struct sy_view key, struct sy_view value,
                               struct sy_arena *arena)
{
    SY_BUF_CLEANUP struct sy_buf scope = sy_buf(AUDIT_DISCLOSE_BYTES_MAX);
    struct sy_row_agreement row;
    struct sy_agreement a;
    (void)key;
    SY_TRY(sy_record_decode(&sy_row_agreement_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    SY_TRY(sy_record_decode(&sy_agreement_desc, row.agreement, &SY_MP_REQUEST, arena, &a, l->err));
    int64_t to = row.ended != 0 && row.ended < a.not_after ? row.ended : a.not_after;
    if (sy_view_is(row.status, "offered") || !within_year(l, a.not_before, to)) {
        return SY_OK;
    }
    for (size_t i = 0; i < a.n_datasets; i++) {
        bool all = sy_view_is(a.datasets[i], SY_AGREEMENT_ALL);
        SY_TRY(join(l, &scope, all ? sy_view_str("全部 all") : a.datasets[i]));
    }
    const struct disclose_cell cells[] = {text(l, row.filing_no), text(l, a.grantor),
                                          text(l, a.grantee),     text(l, sy_buf_view(&scope)),
                                          date(l, a.not_before),  date(l, to),
                                          text(l, row.status)};
    return add_row(l, table_of(l, "agreements"), cells);
}

/* ---- grants, resources ---- */

static bool had_ended(const struct filling *l, struct sy_view hex)
{
    struct sy_view ids = sy_buf_view(&l->f->ended);
    uint8_t id[32];
    for (size_t at = 0; audit_unhex32(hex, id) && at + 32 <= ids.n; at += 32) {
        if (memcmp(ids.p + at, id, 32) == 0) {
            return true;
        }
    }
    return false;
}

/* One grant more reads the dataset. */
static sy_status add_resource(struct filling *l, struct sy_view dataset, struct sy_arena *arena)
{
    struct disclose_table *t = l->resources;
    struct rules_key key = rules_key_id("dataset/", dataset);
    struct sy_row_dataset row;
    struct sy_dataset_def def;
    for (size_t i = 0; i < t->n_rows; i++) {
        if (sy_view_eq(t->cells[i * t->n_columns].text, dataset)) {
            t->cells[i * t->n_columns + 3].number++;
            return SY_OK;
        }
    }
    SY_TRY(rules_state_read(l->f->state, rules_key_view(&key), &sy_row_dataset_desc, arena, &row,
                            l->err));
    SY_TRY(sy_record_decode(&sy_dataset_def_desc, row.def, &SY_MP_LARGE, arena, &def, l->err));
    const struct disclose_cell cells[] = {text(l, def.id), text(l, def.title),
                                          text(l, def.department), number(1)};
    return add_row(l, t, cells);
}

static sy_status add_grant(struct filling *l, struct sy_view key, struct sy_view value,
                           struct sy_arena *arena)
{
    SY_BUF_CLEANUP struct sy_buf scope = sy_buf(AUDIT_DISCLOSE_BYTES_MAX);
    struct sy_row_grant g;
    struct sy_proposal p;
    uint64_t fields = 0;
    SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, arena, &g, l->err));
    SY_TRY(sy_record_decode(&sy_proposal_desc, g.proposal, &SY_MP_REQUEST, arena, &p, l->err));
    if (had_ended(l, key) || !within_year(l, p.not_before, p.not_after)) {
        return SY_OK;
    }
    for (size_t i = 0; i < p.n_datasets; i++) {
        if (sy_is_own(p.datasets[i].dataset)) {
            continue; /* not public data: products say what they may hold of it */
        }
        SY_TRY(join(l, &scope, p.datasets[i].dataset));
        SY_TRY(add_resource(l, p.datasets[i].dataset, arena));
        fields += p.datasets[i].n_fields;
    }
    const struct disclose_cell cells[] = {text(l, sy_view(key.p, 16)),
                                          text(l, g.developer),
                                          text(l, p.scene),
                                          text(l, p.title),
                                          p.n_application == 1 ? text(l, p.application[0].class_)
                                                               : word(""),
                                          text(l, sy_buf_view(&scope)),
                                          number(fields),
                                          date(l, p.not_before),
                                          date(l, p.not_after),
                                          text(l, g.status)};
    return add_row(l, table_of(l, "grants"), cells);
}

/* ---- products, usage ---- */

static sy_status add_product(struct filling *l, struct sy_view key, struct sy_view value,
                             struct sy_arena *arena)
{
    SY_BUF_CLEANUP struct sy_buf fused = sy_buf(AUDIT_DISCLOSE_BYTES_MAX);
    struct disclose_sales none = {0};
    const struct disclose_sales *sales = &none;
    struct sy_product_row row;
    struct sy_product p;
    uint8_t id[32];
    SY_TRY(sy_record_decode(&sy_product_row_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    SY_TRY(sy_record_decode(&sy_product_desc, row.product, &SY_MP_REQUEST, arena, &p, l->err));
    if (row.published == 0 || !audit_unhex32(key, id)) {
        return SY_OK;
    }
    for (size_t i = 0; i < row.n_fused; i++) {
        SY_TRY(join(l, &fused, row.fused[i].dataset));
        SY_TRY(sy_buf_add_str(&fused, ": "));
        SY_TRY(sy_buf_add_view(&fused, row.fused[i].source));
    }
    for (size_t i = 0; i < l->f->n_sales; i++) {
        sales = memcmp(l->f->sales[i].product, id, 32) == 0 ? &l->f->sales[i] : sales;
    }
    const struct disclose_cell cells[] = {text(l, sy_view(key.p, 16)),
                                          text(l, p.title),
                                          text(l, p.form),
                                          text(l, p.klass),
                                          text(l, row.developer),
                                          number(p.price),
                                          text(l, row.exchange),
                                          text(l, row.registration),
                                          text(l, row.status),
                                          number(sales->calls),
                                          text(l, sy_buf_view(&fused))};
    return add_row(l, table_of(l, "products"), cells);
}

/* In the order of the grantees' identifiers. */
static sy_status add_usage(struct filling *l)
{
    struct disclose_fold *f = l->f;
    for (size_t i = 1; i < f->n_uses; i++) {
        for (size_t k = i; k > 0 && sy_view_cmp(f->uses[k].developer, f->uses[k - 1].developer) < 0;
             k--) {
            struct disclose_use other = f->uses[k];
            f->uses[k] = f->uses[k - 1];
            f->uses[k - 1] = other;
        }
    }
    for (size_t i = 0; i < f->n_uses; i++) {
        const struct disclose_use *u = &f->uses[i];
        const struct disclose_cell cells[] = {text(l, u->developer), number(u->jobs),
                                              number(u->calls), number(u->rows),
                                              number(u->denials)};
        SY_TRY(add_row(l, table_of(l, "usage"), cells));
    }
    return SY_OK;
}

/* ---- incidents, corrections ---- */

static uint64_t entry_of(struct sy_view digits)
{
    uint64_t n = 0;
    for (size_t i = 0; i < digits.n; i++) {
        n = n * 10 + (uint64_t)(digits.p[i] - '0');
    }
    return n;
}

static sy_status add_incident(struct filling *l, struct sy_view key, struct sy_view value,
                              struct sy_arena *arena)
{
    struct sy_incident v;
    SY_TRY(sy_record_decode(&sy_incident_desc, value, &SY_MP_LARGE, arena, &v, l->err));
    if (disclose_year(l->f, v.reported) != (int64_t)l->f->year) {
        return SY_OK;
    }
    const struct disclose_cell cells[] = {number(entry_of(key)),
                                          text(l, v.report.kind),
                                          date(l, v.report.found),
                                          date(l, v.reported),
                                          word(v.due == 0 ? ""
                                               : v.late   ? "late"
                                                          : "in_time"),
                                          date(l, v.closed)};
    return add_row(l, table_of(l, "incidents"), cells);
}

/* The ground's title in the pack in force; its code where the pack has none any more. */
static struct disclose_cell ground(struct filling *l, struct sy_view code, struct sy_arena *arena)
{
    struct sy_row_pack row;
    struct sy_pack pack;
    if (!sy_ok(rules_state_read(l->f->state, sy_view_str("pack"), &sy_row_pack_desc, arena, &row,
                                NULL)) ||
        !sy_ok(sy_record_decode(&sy_pack_desc, row.pack, &SY_MP_REQUEST, arena, &pack, NULL)) ||
        pack.n_scheme != 1 || pack.scheme[0].n_supervise != 1) {
        return text(l, code);
    }
    const struct sy_pack_supervise *v = &pack.scheme[0].supervise[0];
    for (size_t i = 0; i < v->n_grounds; i++) {
        if (sy_view_eq(v->grounds[i].code, code) && v->grounds[i].title.n > 0) {
            return text(l, v->grounds[i].title);
        }
    }
    return text(l, code);
}

static sy_status add_correction(struct filling *l, struct sy_view key, struct sy_view value,
                                struct sy_arena *arena)
{
    struct sy_correction v;
    SY_TRY(sy_record_decode(&sy_correction_desc, value, &SY_MP_LARGE, arena, &v, l->err));
    if (disclose_year(l->f, v.issued) != (int64_t)l->f->year) {
        return SY_OK;
    }
    const struct disclose_cell cells[] = {
        number(entry_of(key)), text(l, v.order.party), ground(l, v.order.ground, arena),
        date(l, v.issued),     date(l, v.due),         text(l, v.status)};
    return add_row(l, table_of(l, "corrections"), cells);
}

sy_status disclose_tables(struct disclose_fold *f, struct disclose_table ret[DISCLOSE_TABLES],
                          struct sy_error *err)
{
    memcpy(ret, TABLES, sizeof(TABLES));
    struct filling l = {.f = f, .tables = ret, .err = err};
    l.resources = table_of(&l, "resources");
    SY_TRY(each(&l, "party/", add_party));
    SY_TRY(each(&l, "agreement/", add_agreement));
    SY_TRY(each(&l, "grant/", add_grant));
    SY_TRY(each(&l, "product/", add_product));
    SY_TRY(add_usage(&l));
    SY_TRY(each(&l, "incident/", add_incident));
    return each(&l, "correction/", add_correction);
}
