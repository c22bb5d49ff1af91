/*
 * The machine-made report on a product: what follows from its plan, its grant, the catalogue and the pack about the
 * five points that article 19 has reviewers look at. Nothing in it comes from data, so that anybody who replays
 * the log makes the same report, and asking for it tells nothing.
 *
 * Membership. A run that charges rho of zCDP (and delta) moves the distribution of its answer by at most
 * sqrt(rho / 2) + delta in total variation when one unit's rows come or go: divergence at most rho (zCDP as its order
 * goes to 1), then Pinsker's inequality. No test of membership, whatever it knows beside the answer, has a true
 * positive rate above its false positive rate by more than that; so the bound holds for every attack, and not for one
 * that was tried. The cell-key method has no such bound: 1000.
 *
 * Source: scheme article 19; Bun, Steinke 2016 "Concentrated Differential Privacy" (zCDP, lemma 3.4 as alpha goes to
 * 1); Pinsker's inequality (Tsybakov 2009, lemma 2.5); Yeom et al. 2018 (advantage of membership inference).
 */
#include "catalogue.h"
#include "product.h"
#include "wire/identity.h"
#include "wire/own.h"

enum { PER_MILLE = 1000, FINDINGS_MAX = 64 };

/* A report in the making. */
struct making {
    const struct rules_state *state;
    const struct sy_product *def;
    const struct rules_model *model;
    const struct sy_pack_product *section;
    int64_t now;
    struct sy_arena *arena;
    struct sy_error *err;
    struct sy_product_report *to;
};

static sy_status no_memory(const struct making *k)
{
    return sy_fail(k->err, SY_E_NO_MEMORY, NULL, NULL);
}

/* ---- membership ---- */

/* The least p with p^2 x 2000 >= rho (1e-9), and delta (1e-15) rounded up, in 1/1000. */
static uint64_t advantage(uint64_t rho, uint64_t delta)
{
    const uint64_t one = RULES_DELTA_ONE / PER_MILLE;
    uint64_t p = 0;
    while (p < PER_MILLE && p * p * 2000 < rho) {
        p++;
    }
    p += delta / one + (delta % one != 0);
    return p < PER_MILLE ? p : PER_MILLE;
}

static bool has_cellkey(const struct rules_model *m)
{
    for (size_t i = 0; i < m->facts.n_blocks; i++) {
        if (m->facts.blocks[i].cellkey) {
            return true;
        }
    }
    return false;
}

/* Of one charged answer, and of all that the grant can ever be charged; namespaces are different people. */
static void put_advantage(struct making *k)
{
    const struct rules_model *m = k->model;
    for (size_t i = 0; i < m->facts.n_spends; i++) {
        const struct sy_spend *s = &m->facts.spends[i];
        k->to->advantage = sy_max_u64(k->to->advantage, advantage(s->rho, s->delta));
        const struct sy_row_grant_share *share = grant_share(&m->grant.account, s->ns);
        uint64_t all = share == NULL ? PER_MILLE : advantage(share->rho, share->delta);
        k->to->advantage_all = sy_max_u64(k->to->advantage_all, all);
    }
    if (has_cellkey(m)) {
        k->to->advantage = PER_MILLE;
        k->to->advantage_all = PER_MILLE;
    }
}

/* ---- figures, reads, price ---- */

static void fill_figure(const struct making *k, size_t i, size_t j, struct sy_product_figure *ret)
{
    const struct sy_plan_block *b = &k->model->plan.blocks[i];
    const struct rules_block_facts *f = &k->model->facts.blocks[i];
    const struct rules_figure_facts *g = &f->figures[j];
    bool protected_ = f->ns.n > 0;
    *ret = (struct sy_product_figure){.block = b->name,
                                      .grade = g->grade,
                                      .half = g->half,
                                      .mechanism = b->mechanism,
                                      .name = b->figures[j].name,
                                      .noise = g->noise,
                                      .ns = f->ns,
                                      .scale = g->scale,
                                      .tau = f->open ? f->tau : 0};
    ret->units_min = f->cellkey ? k->model->grant.pack.cellkey[0].units_min : 0;
    ret->bare = protected_ ? g->noise == 0 && !f->cellkey : g->grade > 1;
}

static sy_status put_figures(struct making *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->model->facts.n_blocks; i++) {
        n += k->model->facts.blocks[i].n_figures;
    }
    k->to->figures = sy_arena_alloc(k->arena, n + 1, sizeof(*k->to->figures));
    if (k->to->figures == NULL) {
        return no_memory(k);
    }
    for (size_t i = 0; i < k->model->facts.n_blocks; i++) {
        for (size_t j = 0; j < k->model->facts.blocks[i].n_figures; j++) {
            fill_figure(k, i, j, &k->to->figures[k->to->n_figures++]);
        }
    }
    return SY_OK;
}

static const struct sy_field_def *masked_field(const struct rules_defs *defs,
                                               struct sy_view dataset, struct sy_view field)
{
    for (size_t i = 0; i < defs->n; i++) {
        if (sy_view_eq(defs->defs[i].id, dataset)) {
            return def_field(&defs->defs[i], field);
        }
    }
    return NULL;
}

static struct sy_product_read read_of(const struct making *k, struct sy_view dataset,
                                      struct sy_view field)
{
    const struct rules_grant *g = &k->model->grant;
    const struct sy_field_def *def = masked_field(&g->defs, dataset, field);
    const struct sy_prop_dataset *d = proposal_dataset(&g->proposal, dataset);
    const struct sy_prop_field *p = d == NULL ? NULL : proposal_field(d, field);
    return (struct sy_product_read){.dataset = dataset,
                                    .field = field,
                                    .grade = def == NULL ? 0 : def->grade,
                                    .mask = p == NULL ? (struct sy_view){0} : p->mask};
}

static sy_status put_reads(struct making *k)
{
    const struct sy_row_model *row = &k->model->row;
    size_t n = 0;
    for (size_t i = 0; i < row->n_reads; i++) {
        n += row->reads[i].n_fields;
    }
    k->to->reads = sy_arena_alloc(k->arena, n + 1, sizeof(*k->to->reads));
    if (k->to->reads == NULL) {
        return no_memory(k);
    }
    for (size_t i = 0; i < row->n_reads; i++) {
        for (size_t j = 0; j < row->reads[i].n_fields; j++) {
            k->to->reads[k->to->n_reads++] =
                read_of(k, row->reads[i].dataset, row->reads[i].fields[j]);
        }
    }
    return SY_OK;
}

static uint64_t times(uint64_t have, uint64_t spent, uint64_t price)
{
    uint64_t left = have > spent ? have - spent : 0;
    return price == 0 ? UINT64_MAX : left / price;
}

/* Charged questions that calls and every namespace's share still allow. */
static uint64_t calls_left(const struct rules_model *m)
{
    uint64_t n = times(m->grant.proposal.calls, m->grant.account.calls, 1);
    for (size_t i = 0; i < m->facts.n_spends; i++) {
        const struct sy_spend *s = &m->facts.spends[i];
        const struct sy_row_grant_share *h = grant_share(&m->grant.account, s->ns);
        if (h == NULL) {
            return 0;
        }
        n = sy_min_u64(n, times(h->rho, h->rho_spent, s->rho));
        n = sy_min_u64(n, times(h->delta, h->delta_spent, s->delta));
        n = sy_min_u64(n, times(h->cells, h->cells_spent, s->cells));
    }
    return n;
}

static void put_price(struct making *k)
{
    const struct rules_model *m = k->model;
    k->to->calls = calls_left(m);
    k->to->grade = m->facts.grade;
    k->to->rows = m->facts.rows_out;
    k->to->spends = m->facts.spends;
    k->to->n_spends = m->facts.n_spends;
    for (size_t i = 0; i < m->plan.n_params; i++) {
        uint64_t s = m->plan.params[i].support;
        k->to->support = k->to->support == 0 ? s : sy_min_u64(k->to->support, s);
    }
}

/* ---- the five checks ---- */

/* One finding against a check; `text` is from the arena, NULL when that is full. */
static sy_status found(const struct making *k, struct sy_product_check *c, const char *text)
{
    if (text == NULL) {
        return no_memory(k);
    }
    if (c->findings == NULL) {
        c->findings = sy_arena_alloc(k->arena, FINDINGS_MAX, sizeof(*c->findings));
    }
    if (c->findings == NULL) {
        return no_memory(k);
    }
    if (c->n_findings < FINDINGS_MAX) { /* as many as anybody reads */
        c->findings[c->n_findings++] = sy_view_str(text);
    }
    return SY_OK;
}

/* A comparison that failed is a finding; trouble of this machine is not. */
static sy_status compared(const struct making *k, struct sy_product_check *c, sy_status s)
{
    enum sy_category cat = sy_category_of(s.code);
    bool finding = !sy_ok(s) && (cat == SY_CAT_USAGE || cat == SY_CAT_DENIED);
    return finding ? found(k, c, sy_arena_printf(k->arena, "%s: %s", k->err->field, k->err->reason))
                   : s;
}

/* (1) Use: what it was applied for, and nothing beside it. */
static sy_status check_purpose(const struct making *k, struct sy_product_check *c)
{
    return compared(k, c, product_scope(k->def, &k->model->grant.proposal, k->err));
}

/* (2) Sources: all named, each with the catalogue's lawful basis, and each still on offer. */
static sy_status check_sources(const struct making *k, struct sy_product_check *c)
{
    SY_TRY(compared(k, c, product_sources(k->state, k->def, k->model, k->arena, k->err)));
    for (size_t i = 0; i < k->def->n_sources; i++) {
        if (sy_is_own(k->def->sources[i].dataset)) {
            continue; /* nobody offers it; the report names it as fused */
        }
        SY_TRY(compared(
            k, c, offer_check(k->state, k->def->sources[i].dataset, k->now, k->arena, k->err)));
    }
    return SY_OK;
}

/* (3) Raw or sensitive data exposed: figures that leave bare, cells of a single unit, texts of people. */
static sy_status check_exposure(const struct making *k, struct sy_product_check *c)
{
    for (size_t i = 0; i < k->to->n_figures; i++) {
        const struct sy_product_figure *f = &k->to->figures[i];
        bool single = sy_view_is(f->mechanism, "cellkey") && f->units_min < 2;
        if (f->bare) {
            SY_TRY(found(k, c,
                         sy_arena_printf(k->arena, "%.*s.%.*s leaves unprotected", SY_PV(f->block),
                                         SY_PV(f->name))));
        }
        if (single) {
            SY_TRY(found(k, c,
                         sy_arena_printf(k->arena, "%.*s.%.*s shows cells of a single unit",
                                         SY_PV(f->block), SY_PV(f->name))));
        }
    }
    return k->to->n_figures > 0 ? SY_OK : found(k, c, "no figure is released");
}

static bool about_people(enum sy_klass klass)
{
    return klass == SY_KLASS_NAME || klass == SY_KLASS_ADDRESS || klass == SY_KLASS_FREE;
}

/* Fields that name people are never read, whatever comes out. */
static sy_status find_names(const struct making *k, struct sy_product_check *c)
{
    for (size_t i = 0; i < k->to->n_reads; i++) {
        const struct sy_product_read *r = &k->to->reads[i];
        const struct sy_field_def *f = masked_field(&k->model->grant.defs, r->dataset, r->field);
        if (f == NULL || about_people(sy_klass_of(f->klass))) {
            SY_TRY(found(k, c,
                         sy_arena_printf(k->arena, "%.*s.%.*s names people", SY_PV(r->dataset),
                                         SY_PV(r->field))));
        }
    }
    return SY_OK;
}

/* (4) Personal information and secrets: names, few people behind a parameter, and what an answer tells of one unit's
 * being in the data. */
static sy_status check_personal(const struct making *k, struct sy_product_check *c)
{
    uint64_t most = k->section->advantage_max;
    SY_TRY(find_names(k, c));
    if (k->to->n_spends > 0 && k->model->plan.n_params > 0 &&
        k->to->support < k->model->grant.pack.support_min) {
        SY_TRY(found(k, c, "a parameter selects fewer units than the pack wants"));
    }
    if (most > 0 && k->to->advantage > most) {
        SY_TRY(
            found(k, c,
                  sy_arena_printf(k->arena,
                                  "an answer tells with an advantage of up to %llu/1000 whether a "
                                  "unit is in the data; the pack allows %llu",
                                  (unsigned long long)k->to->advantage, (unsigned long long)most)));
    }
    return SY_OK;
}

/* (5) Other: can it be run at all, is it what was approved, is its developer in good standing? */
static sy_status check_other(const struct making *k, struct sy_product_check *c)
{
    const struct rules_grant *g = &k->model->grant;
    if (!sy_ok(rules_grant_in_force(&g->row, &g->proposal, k->now, NULL))) {
        SY_TRY(found(k, c, "the grant is not in force"));
    }
    if (!sy_view_is(k->model->row.status, "approved")) {
        SY_TRY(found(k, c, "the model is not approved"));
    }
    if (k->to->calls == 0) {
        SY_TRY(found(k, c, "the grant can pay for no further question"));
    }
    return SY_OK;
}

static sy_status put_checks(struct making *k)
{
    static const struct {
        const char *code;
        sy_status (*check)(const struct making *, struct sy_product_check *);
    } CHECKS[SY_PRODUCT_CHECKS] = {{"purpose", check_purpose},
                                   {"sources", check_sources},
                                   {"exposure", check_exposure},
                                   {"personal", check_personal},
                                   {"other", check_other}};
    k->to->checks = sy_arena_alloc(k->arena, SY_PRODUCT_CHECKS, sizeof(*k->to->checks));
    if (k->to->checks == NULL) {
        return no_memory(k);
    }
    for (size_t i = 0; i < SY_PRODUCT_CHECKS; i++) {
        struct sy_product_check *c = &k->to->checks[k->to->n_checks++];
        *c = (struct sy_product_check){.code = sy_view_str(CHECKS[i].code)};
        SY_TRY(CHECKS[i].check(k, c));
        c->passed = c->n_findings == 0;
    }
    return SY_OK;
}

sy_status product_report_make(const struct rules_state *s, const uint8_t id[32],
                              const struct rules_product *p, int64_t now, struct sy_arena *arena,
                              struct sy_product_report *ret, struct sy_error *err)
{
    struct sy_pack pack;
    struct rules_model *m = sy_arena_alloc(arena, 1, sizeof(*m));
    struct making k = {
        .state = s, .def = &p->def, .model = m, .now = now, .arena = arena, .err = err, .to = ret};
    *ret = (struct sy_product_report){.number = p->row.reports + 1, .time = now};
    memcpy(ret->product, id, 32);
    if (m == NULL) {
        return no_memory(&k);
    }
    SY_TRY(product_section(s, arena, &pack, &k.section, err));
    SY_TRY(rules_model_read(s, p->def.model, arena, m, err));
    SY_TRY(put_figures(&k));
    SY_TRY(put_reads(&k));
    SY_TRY(product_fused(s, &m->grant.proposal, arena, &ret->fused, &ret->n_fused, err));
    put_price(&k);
    put_advantage(&k);
    return put_checks(&k);
}
