/*
 * What a product says of its model, compared with what the model is: the schema of a call, the data it comes from,
 * the scope of its use. Nothing of it is believed; what is not the model's own is refused when it is filed.
 * Source: scheme article 19 (1), (2); DESIGN section 6, rule 5.
 */
#include "own.h"
#include "product.h"
#include "scene.h"
#include "wire/catalogue.h"

static sy_status differs(struct sy_error *err, const char *field, const char *why)
{
    return sy_fail(err, SY_E_FIELD, field, "%s", why);
}

/* ---- schema ---- */

/* Equal records have equal bytes. */
static sy_status same_param(const struct sy_plan_param *a, const struct sy_plan_param *b, bool *ret)
{
    SY_BUF_CLEANUP struct sy_buf x = sy_buf(SY_MP_REQUEST.bytes);
    SY_BUF_CLEANUP struct sy_buf y = sy_buf(SY_MP_REQUEST.bytes);
    SY_TRY(sy_record_encode(&sy_plan_param_desc, a, &x));
    SY_TRY(sy_record_encode(&sy_plan_param_desc, b, &y));
    *ret = sy_view_eq(sy_buf_view(&x), sy_buf_view(&y));
    return SY_OK;
}

static sy_status params_match(const struct sy_product *p, const struct sy_plan *plan,
                              struct sy_error *err)
{
    bool same = p->n_params == plan->n_params;
    for (size_t i = 0; same && i < p->n_params; i++) {
        SY_TRY(same_param(&p->params[i], &plan->params[i], &same));
    }
    return same ? SY_OK : differs(err, "params", "these are not the model's parameters");
}

/* Column i of a plan without a post stage, as the release makes it. */
static struct sy_product_column block_column(const struct rules_model *m, size_t i)
{
    const struct sy_plan_block *b = &m->plan.blocks[0];
    const struct sy_plan_out *o = &m->plan.outs[i];
    bool key = sy_view_is(o->op, "key");
    bool figure = sy_view_is(o->op, "figure");
    struct sy_product_column c = {.kind = sy_view_str(key ? "key" : "figure"), .name = o->name};
    c.mechanism = key ? (struct sy_view){0} : b->mechanism;
    c.scale = key ? 0 : figure ? m->facts.blocks[0].figures[o->a].scale : o->scale;
    return c;
}

static struct sy_product_column post_column(const struct rules_model *m, size_t i)
{
    const struct sy_plan_post_out *o = &m->plan.post[0].outs[i];
    const struct sy_post_rel_types *last = &m->facts.post.rels[m->facts.post.n_rels - 1];
    bool number = last->cols[o->col].kind == SY_POST_NUMBER;
    struct sy_product_column c = {.kind = sy_view_str(number ? "figure" : "key"), .name = o->name};
    c.mechanism = number ? sy_view_str("post") : (struct sy_view){0};
    c.scale = number ? o->scale : 0;
    return c;
}

static bool same_column(const struct sy_product_column *a, const struct sy_product_column *b)
{
    return sy_view_eq(a->kind, b->kind) && sy_view_eq(a->name, b->name) &&
           sy_view_eq(a->mechanism, b->mechanism) && a->scale == b->scale;
}

sy_status product_schema(const struct sy_product *p, const struct rules_model *m,
                         struct sy_error *err)
{
    bool post = m->plan.n_post == 1;
    size_t n = post ? m->plan.post[0].n_outs : m->plan.n_outs;
    bool same = p->n_columns == n;
    SY_TRY(params_match(p, &m->plan, err));
    for (size_t i = 0; same && i < n; i++) {
        struct sy_product_column c = post ? post_column(m, i) : block_column(m, i);
        same = same_column(&p->columns[i], &c);
    }
    return same ? SY_OK : differs(err, "columns", "these are not the columns of its answers");
}

/* ---- sources ---- */

static bool reads_it(const struct rules_model *m, struct sy_view dataset)
{
    for (size_t i = 0; i < m->row.n_reads; i++) {
        if (sy_view_eq(m->row.reads[i].dataset, dataset)) {
            return true;
        }
    }
    return false;
}

/* Each dataset that the model reads, once, and no other. */
static bool names_all(const struct sy_product *p, const struct rules_model *m)
{
    bool fine = p->n_sources == m->row.n_reads;
    for (size_t i = 0; fine && i < p->n_sources; i++) {
        fine = reads_it(m, p->sources[i].dataset);
        for (size_t k = 0; fine && k < i; k++) {
            fine = !sy_view_eq(p->sources[i].dataset, p->sources[k].dataset);
        }
    }
    return fine;
}

/* Of own data: what its statement said, which the operator has confirmed. */
static sy_status own_basis(const struct rules_state *s, struct sy_view dataset,
                           struct sy_arena *arena, struct sy_view *ret, struct sy_error *err)
{
    struct sy_own_row row;
    SY_TRY(own_read(s, dataset, arena, &row, err));
    *ret = row.statement.basis;
    return SY_OK;
}

/* The version that is in the catalogue says it; nobody else does. */
static sy_status catalogue_basis(const struct rules_state *s, struct sy_view dataset,
                                 struct sy_arena *arena, struct sy_view *ret, struct sy_error *err)
{
    struct rules_key head = rules_key_id("entry/", dataset);
    struct sy_entry_row row;
    struct sy_described version;
    struct sy_entry entry;
    struct sy_view value;
    *ret = (struct sy_view){0};
    if (sy_is_own(dataset)) {
        return own_basis(s, dataset, arena, ret, err);
    }
    if (!rules_state_get(s, rules_key_view(&head), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(s, rules_key_view(&head), &sy_entry_row_desc, arena, &row, err));
    if (row.approved == 0) {
        return SY_OK;
    }
    struct rules_key key = rules_key_numbered("described/", dataset, row.approved);
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_described_desc, arena, &version, err));
    SY_TRY(sy_record_decode(&sy_entry_desc, version.meta, &SY_MP_REQUEST, arena, &entry, err));
    *ret = entry.lawful_basis;
    return SY_OK;
}

/* Where the dataset is in the catalogue, its basis is what stands there. */
static sy_status basis_check(const struct rules_state *s, const struct sy_product_source *from,
                             struct sy_arena *arena, struct sy_error *err)
{
    struct sy_view basis = {0};
    SY_TRY(catalogue_basis(s, from->dataset, arena, &basis, err));
    bool fine =
        is_text(from->basis, SY_ENTRY_TEXT_MAX) && (basis.n == 0 || sy_view_eq(basis, from->basis));
    return control(RULES_CTL_SOURCES_NAMED, fine)
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "sources",
                         "the lawful basis of %.*s is not what the catalogue has",
                         SY_PV(from->dataset));
}

sy_status product_sources(const struct rules_state *s, const struct sy_product *p,
                          const struct rules_model *m, struct sy_arena *arena, struct sy_error *err)
{
    if (!control(RULES_CTL_SOURCES_NAMED, names_all(p, m))) {
        return differs(err, "sources", "name each dataset that the model reads, once");
    }
    for (size_t i = 0; i < p->n_sources; i++) {
        SY_TRY(basis_check(s, &p->sources[i], arena, err));
    }
    return SY_OK;
}

sy_status product_fused(const struct rules_state *s, const struct sy_proposal *grant,
                        struct sy_arena *arena, struct sy_product_fused **ret, size_t *ret_n,
                        struct sy_error *err)
{
    *ret_n = 0;
    *ret = sy_arena_alloc(arena, grant->n_datasets + 1, sizeof(**ret));
    if (*ret == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < grant->n_datasets; i++) {
        struct sy_view id = grant->datasets[i].dataset;
        struct sy_own_row row;
        if (!sy_is_own(id) || control(RULES_CTL_FUSION_TAINT, false)) {
            continue; /* the second in a weak build only */
        }
        SY_TRY(own_read(s, id, arena, &row, err));
        (*ret)[(*ret_n)++] =
            (struct sy_product_fused){.dataset = id, .source = row.statement.source};
    }
    return SY_OK;
}

/* ---- scope ---- */

sy_status product_scope(const struct sy_product *p, const struct sy_proposal *grant,
                        struct sy_error *err)
{
    bool same = sy_view_eq(p->scene, grant->scene) && sy_view_eq(p->purpose, grant->purpose);
    if (!control(RULES_CTL_SCOPE_OF_GRANT, same)) {
        return differs(err, "purpose", "scene and purpose are the grant's, word for word");
    }
    const struct sy_application *a = proposal_application(grant);
    bool planned = a == NULL || (sy_view_eq(p->klass, a->class_) &&
                                 view_in(p->form, a->products_planned, a->n_products_planned));
    return control(RULES_CTL_SCOPE_OF_GRANT, planned)
               ? SY_OK
               : differs(err, "form", "the application for the scene planned other products");
}
