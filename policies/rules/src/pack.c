/*
 * pack.adopt: the agency puts a policy pack in force. A pack is data, but not any data: what no
 * pack may say is checked here (core data has no mechanism but subject, exact figures are for public data only,
 * the order of size classes), and so is what a later pack may not undo: a namespace's cap is for
 * its lifetime, so it can be lowered to what is spent and reserved, and never raised.
 *
 * Invariants: budget rows exist for every namespace any adopted pack has named; spent + held <=
 * cap. Source: DESIGN sections 4.4, 4.5; wire/pack.h.
 */
#include "pack_cellkey.h"
#include "scheme/scheme.h"

#define MECHANISMS "exact gauss laplace cellkey subject"
#define ROLES      "agency operator department developer security auditor buyer issuer"

enum { SIZES_MAX = 16, GROUNDS_MAX = 64, SPACES_MAX = 64 };

/* A limit nobody reaches by accident, and whose products stay far from overflow. */
#define PACK_NUMBER_MAX (UINT64_C(1) << 40)

static sy_status decode(struct sy_view bytes, struct sy_arena *arena, struct sy_pack *ret,
                        struct sy_error *err)
{
    return sy_record_decode(&sy_pack_desc, bytes, &SY_MP_REQUEST, arena, ret, err);
}

sy_status pack_read(const struct rules_state *s, struct sy_arena *arena, struct sy_pack *ret,
                    struct sy_error *err)
{
    struct sy_row_pack row;
    struct sy_view value;
    if (!rules_state_get(s, sy_view_str("pack"), &value)) {
        return sy_fail(err, SY_E_STATE, "pack", "the agency has not adopted a policy pack yet");
    }
    SY_TRY(rules_state_read(s, sy_view_str("pack"), &sy_row_pack_desc, arena, &row, err));
    return decode(row.pack, arena, ret, err);
}

bool pack_allows(const struct sy_pack *p, uint64_t grade, struct sy_view mechanism)
{
    for (size_t i = 0; i < p->n_grades; i++) {
        const struct sy_pack_grade *g = &p->grades[i];
        if (g->grade == grade) {
            return view_in(mechanism, g->mechanisms, g->n_mechanisms);
        }
    }
    return false;
}

/* What no pack may let a mechanism do, whatever its number of levels: the first is public, the last core, and
 * sensitive data lies at least next to it. */
static sy_status mechanism_check(struct sy_view mechanism, uint64_t grade, uint64_t levels,
                                 struct sy_error *err)
{
    if (sy_view_is(mechanism, "exact") && grade != 1) {
        return sy_fail(err, SY_E_PRIVACY, "pack.grades", "exact figures are for grade 1 only");
    }
    if (sy_view_is(mechanism, "cellkey") && (grade > 2 || grade + 2 > levels)) {
        return sy_fail(err, SY_E_PRIVACY, "pack.grades",
                       "cellkey is no differential privacy: for grades 1 and 2 only, and not for "
                       "the last before core");
    }
    bool fits = grade != levels || sy_view_is(mechanism, "subject");
    if (!control(RULES_CTL_CORE_DATA, fits)) {
        return sy_fail(
            err, SY_E_PRIVACY, "pack.grades",
            "core data leaves as an answer about one consenting subject, nothing else does");
    }
    return SY_OK;
}

static sy_status wrong_levels(struct sy_error *err)
{
    return sy_fail(err, SY_E_FIELD, "pack.grades",
                   "%d to %d grades, counted from 1, each once and in order", SY_LEVELS_MIN,
                   SY_LEVELS_MAX);
}

static sy_status grade_check(const struct sy_pack_grade *g, uint64_t want, uint64_t levels,
                             struct sy_error *err)
{
    if (g->grade != want) {
        return wrong_levels(err);
    }
    for (size_t i = 0; i < g->n_mechanisms; i++) {
        if (!word_in(g->mechanisms[i], MECHANISMS)) {
            return sy_fail(err, SY_E_FIELD, "pack.grades", "unknown mechanism %.*s",
                           SY_PV(g->mechanisms[i]));
        }
        SY_TRY(mechanism_check(g->mechanisms[i], want, levels, err));
    }
    return SY_OK;
}

static sy_status grades_check(const struct sy_pack *p, struct sy_error *err)
{
    if (p->n_grades < SY_LEVELS_MIN || p->n_grades > SY_LEVELS_MAX) {
        return wrong_levels(err);
    }
    for (size_t i = 0; i < p->n_grades; i++) {
        SY_TRY(grade_check(&p->grades[i], i + 1, p->n_grades, err));
    }
    return SY_OK;
}

static bool in_range(uint64_t v)
{
    return v >= 1 && v <= PACK_NUMBER_MAX;
}

static sy_status sizes_check(const struct sy_pack *p, struct sy_error *err)
{
    if (p->n_sizes == 0 || p->n_sizes > SIZES_MAX) {
        return sy_fail(err, SY_E_FIELD, "pack.sizes", "1 to %d size classes", SIZES_MAX);
    }
    for (size_t i = 0; i < p->n_sizes; i++) {
        const struct sy_pack_size *z = &p->sizes[i];
        bool fine = in_range(z->cpu_s) && in_range(z->max_rows) && in_range(z->memory_mib) &&
                    in_range(z->slot_ms) && in_range(z->wall_ms);
        if (!fine || (i > 0 && z->max_rows <= p->sizes[i - 1].max_rows)) {
            return sy_fail(err, SY_E_FIELD, "pack.sizes", "positive limits, ascending max_rows");
        }
    }
    return SY_OK;
}

static sy_status grounds_check(const struct sy_pack *p, struct sy_error *err)
{
    if (p->n_grounds > GROUNDS_MAX) {
        return sy_fail(err, SY_E_FIELD, "pack.grounds", "at most %d grounds", GROUNDS_MAX);
    }
    for (size_t i = 0; i < p->n_grounds; i++) {
        const struct sy_pack_ground *g = &p->grounds[i];
        bool fine = is_id(g->code) && g->n_roles > 0;
        for (size_t k = 0; k < g->n_roles; k++) {
            fine = fine && word_in(g->roles[k], ROLES);
        }
        for (size_t k = 0; k < i; k++) {
            fine = fine && !sy_view_eq(g->code, p->grounds[k].code);
        }
        if (!fine) {
            return sy_fail(err, SY_E_FIELD, "pack.grounds", "unique codes, each with known roles");
        }
    }
    return SY_OK;
}

static sy_status numbers_check(const struct sy_pack *p, struct sy_error *err)
{
    if (!is_id(p->id) || !in_range(p->version)) {
        return sy_fail(err, SY_E_FIELD, "pack.id", "an identifier and a version from 1 on");
    }
    if (p->cells_max < 1 || p->cells_max > SY_PLAN_CELLS_MAX) {
        return sy_fail(err, SY_E_FIELD, "pack.cells_max", "1 to %d", SY_PLAN_CELLS_MAX);
    }
    if (!in_range(p->groups_max) || !in_range(p->rows_max) || !in_range(p->rho_run_max) ||
        !in_range(p->term_max_s)) {
        return sy_fail(err, SY_E_FIELD, "pack", "limits must be positive");
    }
    if (p->quorum_from > p->n_grades) {
        return sy_fail(err, SY_E_FIELD, "pack.quorum_from", "a grade of this pack");
    }
    if (p->support_min > PACK_NUMBER_MAX) {
        return sy_fail(err, SY_E_FIELD, "pack.support_min", "no value selects so many units");
    }
    return SY_OK;
}

/* How often subjects may be asked about: a mechanism without its limits is no mechanism. */
static sy_status subject_check(const struct sy_pack *p, struct sy_error *err)
{
    bool allowed = false;
    for (uint64_t g = 1; g <= p->n_grades; g++) {
        allowed = allowed || pack_allows(p, g, sy_view_str("subject"));
    }
    if (p->n_subject > 1 || (allowed && p->n_subject == 0)) {
        return sy_fail(err, SY_E_FIELD, "pack.subject",
                       "one section of limits, where a grade allows the mechanism");
    }
    for (size_t i = 0; i < p->n_subject; i++) {
        const struct sy_pack_subject *s = &p->subject[i];
        if (!in_range(s->developer_max) || !in_range(s->subject_max) || !in_range(s->token_max_s) ||
            !in_range(s->window_s)) {
            return sy_fail(err, SY_E_FIELD, "pack.subject", "limits must be positive");
        }
    }
    return SY_OK;
}

/* One namespace's cap against its account. */
static sy_status cap_check(struct ask *c, const struct sy_pack_budget *want)
{
    struct rules_key key = rules_key_id("budget/", want->ns);
    struct sy_view value;
    if (!is_id(want->ns) || want->rho > INT64_MAX || want->delta >= RULES_DELTA_ONE ||
        want->cells > PACK_NUMBER_MAX || want->recover_rho > want->rho ||
        want->recover_delta > want->delta) {
        return sy_fail(c->err, SY_E_FIELD, "pack.budgets", "a namespace and caps within range");
    }
    if (!rules_state_get(c->state, rules_key_view(&key), &value)) {
        return SY_OK;
    }
    struct sy_row_budget b;
    SY_TRY(budget_read(c->state, want->ns, c->arena, &b, c->err));
    struct sy_pack_budget grown = *want;
    SY_TRY(recover_caps(&b, want, c->err));
    SY_TRY(recover_grow(&b, &grown, c->err));
    return budget_cap(&b, &grown, c->err);
}

static sy_status budgets_check(struct ask *c, const struct sy_pack *p)
{
    if (p->n_budgets > SPACES_MAX) {
        return sy_fail(c->err, SY_E_FIELD, "pack.budgets", "at most %d namespaces", SPACES_MAX);
    }
    for (size_t i = 0; i < p->n_budgets; i++) {
        for (size_t k = 0; k < i; k++) {
            if (sy_view_eq(p->budgets[i].ns, p->budgets[k].ns)) {
                return sy_fail(c->err, SY_E_FIELD, "pack.budgets", "each namespace once");
            }
        }
        SY_TRY(cap_check(c, &p->budgets[i]));
    }
    return SY_OK;
}

sy_status decide_pack(struct ask *c)
{
    const struct sy_pack_adopt *a = c->args;
    struct sy_pack p;
    struct sy_pack old;
    struct sy_view value;
    SY_TRY(decode(a->pack, c->arena, &p, c->err));
    SY_TRY(numbers_check(&p, c->err));
    SY_TRY(grades_check(&p, c->err));
    SY_TRY(pack_cellkey_check(&p, c->err));
    SY_TRY(subject_check(&p, c->err));
    SY_TRY(custody_pack_check(&p, c->err));
    SY_TRY(sizes_check(&p, c->err));
    SY_TRY(grounds_check(&p, c->err));
    SY_TRY(scheme_pack_check(&p, c->err));
    if (rules_state_get(c->state, sy_view_str("pack"), &value)) {
        SY_TRY(pack_read(c->state, c->arena, &old, c->err));
        if (p.version <= old.version) {
            return sy_fail(c->err, SY_E_EXISTS, "pack.version", "the version in force is %llu",
                           (unsigned long long)old.version);
        }
        if (p.n_grades != old.n_grades) {
            return sy_fail(c->err, SY_E_FIELD, "pack.grades",
                           "the domain has %zu levels: with another number the grades of its "
                           "catalogue would mean something else",
                           old.n_grades);
        }
    }
    return budgets_check(c, &p);
}

sy_status apply_pack(struct change *x)
{
    const struct sy_pack_adopt *a = x->args;
    struct sy_pack p;
    struct sy_row_pack row = {.entry = x->entry, .pack = a->pack};
    struct rules_key key = rules_key_id("", sy_view_str("pack"));
    SY_TRY(decode(a->pack, x->arena, &p, x->err));
    SY_TRY(effect_put(x->effect, &key, &sy_row_pack_desc, &row, x->err));
    for (size_t i = 0; i < p.n_budgets; i++) {
        struct sy_row_budget b = {0};
        struct sy_view value;
        key = rules_key_id("budget/", p.budgets[i].ns);
        if (rules_state_get(x->state, rules_key_view(&key), &value)) {
            SY_TRY(budget_read(x->state, p.budgets[i].ns, x->arena, &b, x->err));
        }
        SY_TRY(recover_grow(&b, &p.budgets[i], x->err));
        b.cap_rho = p.budgets[i].rho;
        b.cap_delta = p.budgets[i].delta;
        b.cap_cells = p.budgets[i].cells;
        b.recover_rho = p.budgets[i].recover_rho;
        b.recover_delta = p.budgets[i].recover_delta;
        SY_TRY(effect_put(x->effect, &key, &sy_row_budget_desc, &b, x->err));
    }
    return SY_OK;
}
