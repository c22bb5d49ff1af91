/*
 * What a proposal may ask for, judged from proposal, catalogue and pack: existing datasets and
 * fields, each once and with its reason (minimum necessity), masks that fit, mechanisms that the
 * pack allows for every grade asked for, a term, a budget share that is still there. The same check
 * runs when the proposal is filed and again at the final review, for the world may have moved.
 *
 * Source: scheme articles 17, 18; reference/scheme section 2, 5.4; wire/methods.h, wire/mask.h.
 */
#include "scheme/scene.h"
#include "wire/identity.h"
#include "wire/mask.h"
#include "wire/own.h"

enum { DATASETS_MAX = 64, TEXT_MAX = 4096, MECHANISMS_MAX = 8 };

const struct sy_prop_dataset *proposal_dataset(const struct sy_proposal *p, struct sy_view dataset)
{
    for (size_t i = 0; i < p->n_datasets; i++) {
        if (sy_view_eq(p->datasets[i].dataset, dataset)) {
            return &p->datasets[i];
        }
    }
    return NULL;
}

const struct sy_prop_field *proposal_field(const struct sy_prop_dataset *d, struct sy_view name)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        if (sy_view_eq(d->fields[i].name, name)) {
            return &d->fields[i];
        }
    }
    return NULL;
}

/* "dataset.field" into the error, with the code and reason. */
static sy_status bad(struct sy_error *err, int32_t code, struct sy_view dataset,
                     struct sy_view field, const char *why)
{
    char where[64] = "";
    char tail[64] = "";
    sy_view_to_cstr(dataset, where, sizeof(where));
    sy_view_to_cstr(field, tail, sizeof(tail));
    size_t n = strlen(where);
    size_t m = strlen(tail);
    if (m > 0 && n + 1 + m < sizeof(where)) {
        where[n] = '.';
        memcpy(where + n + 1, tail, m + 1);
    }
    return sy_fail(err, code, where, "%s", why);
}

/* Does one of the proposal's mechanisms release this grade under the pack? Public data needs none.
 * */
static bool grade_served(const struct sy_pack *pack, const struct sy_proposal *p, uint64_t grade)
{
    for (size_t i = 0; i < p->n_mechanisms; i++) {
        if (pack_allows(pack, grade, p->mechanisms[i])) {
            return true;
        }
    }
    return control(RULES_CTL_GRADE_MECHANISM, grade == 1);
}

struct field_case {
    const struct sy_pack *pack;
    const struct sy_proposal *proposal;
    const struct dataset *dataset;
    const struct sy_prop_field *asked;
    struct sy_arena *arena;
    struct sy_error *err;
};

static sy_status field_check(const struct field_case *k)
{
    struct sy_view id = k->dataset->def.id;
    const struct sy_field_def *f = def_field(&k->dataset->def, k->asked->name);
    struct sy_mask mask;
    struct sy_field_def masked;
    if (f == NULL) {
        return bad(k->err, SY_E_NOT_FOUND, id, k->asked->name, "the catalogue has no such field");
    }
    SY_TRY(sy_mask_parse(k->asked->mask, &mask, k->err));
    if (mask.kind == SY_MASK_DROP) {
        return SY_OK; /* named, and not granted */
    }
    bool grantable = !is_protected(&k->dataset->def) || !sy_klass_refused(f);
    if (!control(RULES_CTL_NEVER_GRANTED, grantable)) {
        return bad(
            k->err, SY_E_FIELD_DENIED, id, f->name,
            "names, addresses, numbers of people and free text are never granted, masked or not");
    }
    SY_TRY(sy_mask_def(f, &mask, k->arena, &masked, k->err));
    if (f->grade >= 2 && !is_text(k->asked->reason, TEXT_MAX)) {
        return bad(k->err, SY_E_FIELD, id, f->name, "say why the scene needs this field");
    }
    if (!grade_served(k->pack, k->proposal, f->grade)) {
        return bad(k->err, SY_E_PRIVACY, id, f->name,
                   "none of the mechanisms applied for releases this field's grade");
    }
    return SY_OK;
}

/* The unit column must come along: without it no plan can be checked. */
static sy_status unit_asked(const struct sy_prop_dataset *asked, const struct dataset *d,
                            struct sy_error *err)
{
    if (!is_protected(&d->def)) {
        return SY_OK;
    }
    const struct sy_prop_field *u = proposal_field(asked, d->def.unit);
    if (u == NULL || sy_view_is(u->mask, "drop")) {
        return bad(err, SY_E_FIELD, d->def.id, d->def.unit,
                   "apply for the unit column too; it is used to bound each unit's contribution");
    }
    return SY_OK;
}

static sy_status dataset_check(const struct rules_state *s, const struct sy_pack *pack,
                               const struct sy_proposal *p, size_t at, struct sy_arena *arena,
                               struct sy_error *err)
{
    const struct sy_prop_dataset *asked = &p->datasets[at];
    struct dataset d;
    SY_TRY(dataset_read(s, asked->dataset, arena, &d, err));
    bool its = !sy_is_own(d.def.id) || sy_view_eq(d.def.department, p->developer);
    if (!control(RULES_CTL_FUSION_OWN, its)) { /* as if there were none: it is another's secret */
        return sy_fail(err, SY_E_NOT_FOUND, "dataset", "there is no dataset %.*s",
                       SY_PV(asked->dataset));
    }
    if (proposal_dataset(p, asked->dataset) != asked || asked->n_fields == 0) {
        return bad(err, SY_E_FIELD, d.def.id, (struct sy_view){0},
                   "name each dataset once, with its fields");
    }
    if (!grade_served(pack, p, d.def.membership)) {
        return bad(err, SY_E_PRIVACY, d.def.id, (struct sy_view){0},
                   "none of the mechanisms applied for releases this dataset's membership grade");
    }
    for (size_t i = 0; i < asked->n_fields; i++) {
        struct field_case k = {pack, p, &d, &asked->fields[i], arena, err};
        if (proposal_field(asked, asked->fields[i].name) != &asked->fields[i]) {
            return bad(err, SY_E_FIELD, d.def.id, asked->fields[i].name, "name each field once");
        }
        SY_TRY(field_check(&k));
    }
    return unit_asked(asked, &d, err);
}

static sy_status mechanisms_check(const struct sy_pack *pack, const struct sy_proposal *p,
                                  struct sy_error *err)
{
    if (p->n_mechanisms == 0 || p->n_mechanisms > MECHANISMS_MAX) {
        return sy_fail(err, SY_E_FIELD, "mechanisms", "name the mechanisms applied for");
    }
    for (size_t i = 0; i < p->n_mechanisms; i++) {
        bool allowed = false;
        for (uint64_t g = 1; g <= pack->n_grades; g++) {
            allowed = allowed || pack_allows(pack, g, p->mechanisms[i]);
        }
        if (!allowed || view_in(p->mechanisms[i], p->mechanisms, i)) {
            return sy_fail(err, SY_E_PRIVACY, "mechanisms",
                           "a mechanism that the pack does not allow, or the same twice");
        }
    }
    return SY_OK;
}

static sy_status terms_check(const struct sy_pack *pack, const struct sy_proposal *p, int64_t now,
                             struct sy_error *err)
{
    if (!is_id(p->scene) || !is_text(p->title, TEXT_MAX) || !is_text(p->purpose, TEXT_MAX)) {
        return sy_fail(err, SY_E_FIELD, "scene", "scene, title and purpose are required");
    }
    int64_t term;
    bool within = p->not_before < p->not_after && sy_sub_i64(p->not_after, p->not_before, &term) &&
                  (uint64_t)term <= pack->term_max_s;
    if (!control(RULES_CTL_GRANT_TERM, within)) {
        return sy_fail(err, SY_E_FIELD, "not_after", "the term is positive and at most %llu s",
                       (unsigned long long)pack->term_max_s);
    }
    if (p->not_after < now) {
        return sy_fail(err, SY_E_EXPIRED, "not_after", "the term is over");
    }
    if (p->calls < 1 || p->overruns > p->calls) {
        return sy_fail(err, SY_E_FIELD, "calls",
                       "at least one call, and no more overruns than calls");
    }
    if (p->n_datasets == 0 || p->n_datasets > DATASETS_MAX) {
        return sy_fail(err, SY_E_FIELD, "datasets", "1 to %d datasets", DATASETS_MAX);
    }
    return SY_OK;
}

/* The namespaces of all its unit columns, asked for or not: each owns the rows. */
static void add_spaces(const struct sy_dataset_def *d, struct sy_view *spaces, size_t *n)
{
    if (!view_in(d->ns, spaces, *n)) {
        spaces[(*n)++] = d->ns;
    }
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_field_def *f = &d->fields[i];
        if (sy_view_is(f->type, "unit") && !view_in(f->ref, spaces, *n)) {
            spaces[(*n)++] = f->ref;
        }
    }
}

sy_status proposal_spaces(const struct rules_state *s, const struct sy_proposal *p,
                          struct sy_arena *arena, struct sy_view **ret, size_t *ret_n,
                          struct sy_error *err)
{
    struct sy_view *spaces =
        sy_arena_alloc(arena, p->n_datasets * (size_t)SY_TRACKS_MAX + 1, sizeof(*spaces));
    size_t n = 0;
    if (spaces == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < p->n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(s, p->datasets[i].dataset, arena, &d, err));
        if (is_protected(&d.def)) {
            add_spaces(&d.def, spaces, &n); /* its own among at most SY_TRACKS_MAX: dataset.c */
        }
    }
    *ret = spaces;
    *ret_n = n;
    return SY_OK;
}

/* Answers about one consenting subject are not paid for in budget. */
static bool costs_nothing(const struct sy_proposal *p)
{
    bool nothing = true;
    for (size_t i = 0; i < p->n_mechanisms; i++) {
        nothing = nothing && (sy_view_is(p->mechanisms[i], SY_PLAN_SUBJECT) ||
                              sy_view_is(p->mechanisms[i], "exact"));
    }
    return nothing;
}

/* What the grant that it shrinks has left is free when this one begins. */
static sy_status without_larger(const struct rules_state *s, const struct sy_proposal *p,
                                struct sy_arena *arena, struct sy_row_budget *b, struct sy_view ns,
                                struct sy_error *err)
{
    const uint8_t *id = proposal_shrinks(p);
    struct sy_row_grant g;
    struct sy_row_account a;
    struct sy_proposal larger;
    if (id == NULL) {
        return SY_OK;
    }
    SY_TRY(grant_row(s, id, arena, &g, &larger, err));
    SY_TRY(account_row(s, id, arena, &a, err));
    const struct sy_row_grant_share *h = grant_share(&a, ns);
    bool live = word_in(g.status, "active awaiting suspended");
    return h == NULL || !live ? SY_OK : budget_without(b, h, err);
}

static sy_status budgets_check(const struct rules_state *s, const struct sy_proposal *p,
                               struct sy_arena *arena, struct sy_error *err)
{
    struct sy_view *spaces;
    size_t n;
    SY_TRY(proposal_spaces(s, p, arena, &spaces, &n, err));
    if (n > 0 && p->rho == 0 && p->cells == 0 && !costs_nothing(p)) {
        return sy_fail(err, SY_E_BUDGET, "rho", "protected data needs a budget share");
    }
    for (size_t i = 0; i < n; i++) {
        const struct sy_spend want = {
            .cells = p->cells, .delta = p->delta, .ns = spaces[i], .rho = p->rho};
        struct sy_row_budget b;
        SY_TRY(budget_read(s, spaces[i], arena, &b, err));
        SY_TRY(without_larger(s, p, arena, &b, spaces[i], err));
        SY_TRY(budget_fits(&b, &want, err));
    }
    return SY_OK;
}

sy_status proposal_sound(const struct rules_state *s, const struct sy_proposal *p, int64_t now,
                         struct sy_arena *arena, struct sy_error *err)
{
    struct sy_pack pack;
    SY_TRY(pack_read(s, arena, &pack, err));
    SY_TRY(terms_check(&pack, p, now, err));
    SY_TRY(mechanisms_check(&pack, p, err));
    for (size_t i = 0; i < p->n_datasets; i++) {
        SY_TRY(dataset_check(s, &pack, p, i, arena, err));
    }
    return SY_OK;
}

sy_status proposal_check(const struct rules_state *s, const struct sy_proposal *p, int64_t now,
                         struct sy_arena *arena, struct sy_error *err)
{
    SY_TRY(proposal_sound(s, p, now, arena, err));
    return budgets_check(s, p, arena, err);
}

/* The unit columns that were not granted, behind the n granted fields: they own rows all the same. */
static size_t add_owners(const struct sy_prop_dataset *asked, const struct sy_dataset_def *def,
                         struct sy_field_def *fields, size_t n)
{
    for (size_t i = 0; i < def->n_fields; i++) {
        const struct sy_prop_field *f = proposal_field(asked, def->fields[i].name);
        bool granted = f != NULL && !sy_view_is(f->mask, "drop");
        if (sy_view_is(def->fields[i].type, "unit") && !granted) {
            fields[n++] = def->fields[i];
        }
    }
    return n;
}

/* One catalogue entry as the grant shows it: granted fields in the proposal's order, then owners. */
static sy_status masked_def(const struct sy_prop_dataset *asked, struct sy_arena *arena,
                            struct sy_dataset_def *def, uint64_t *ret_granted, struct sy_error *err)
{
    struct sy_field_def *fields =
        sy_arena_alloc(arena, asked->n_fields + def->n_fields + 1, sizeof(*fields));
    size_t n = 0;
    if (fields == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < asked->n_fields; i++) {
        const struct sy_field_def *f = def_field(def, asked->fields[i].name);
        struct sy_mask mask;
        SY_TRY(sy_mask_parse(asked->fields[i].mask, &mask, err));
        if (f == NULL) {
            return sy_fail(err, SY_E_INTERNAL, "grant", "a granted field left the catalogue");
        }
        if (mask.kind == SY_MASK_DROP) {
            continue;
        }
        if (control(RULES_CTL_MASKS, mask.kind == SY_MASK_NONE)) {
            mask.kind = SY_MASK_NONE;
        }
        SY_TRY(sy_mask_def(f, &mask, arena, &fields[n++], err));
    }
    *ret_granted = n;
    def->n_fields = add_owners(asked, def, fields, n);
    def->fields = fields;
    return SY_OK;
}

sy_status proposal_defs(const struct rules_state *s, const struct sy_proposal *p,
                        struct sy_arena *arena, struct rules_defs *ret, struct sy_error *err)
{
    ret->defs = sy_arena_alloc(arena, p->n_datasets + 1, sizeof(*ret->defs));
    ret->digests = sy_arena_alloc(arena, p->n_datasets + 1, sizeof(*ret->digests));
    ret->granted = sy_arena_alloc(arena, p->n_datasets + 1, sizeof(*ret->granted));
    ret->n = p->n_datasets;
    if (ret->defs == NULL || ret->digests == NULL || ret->granted == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < p->n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(s, p->datasets[i].dataset, arena, &d, err));
        struct sy_view digest = sy_arena_copy(arena, sy_view(d.row.digest, 32));
        if (digest.p == NULL) {
            return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
        }
        ret->digests[i] = digest.p;
        ret->defs[i] = d.def;
        SY_TRY(masked_def(&p->datasets[i], arena, &ret->defs[i], &ret->granted[i], err));
    }
    return SY_OK;
}
