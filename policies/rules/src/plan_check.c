/*
 * The plan check, in the order of rules/plan_check.h: what is read, against the grant; the typing,
 * which settles structure, totality, labels and clamps; the shape of what leaves; the unit; the
 * mechanism, against the grade of everything that shaped the output; the pack's limits; the price.
 *
 * BOUNDARY: the plan comes from a worker that parsed a developer's text; neither is believed.
 * Nothing here looks at data, so a refusal says nothing about any row.
 */
#include "method.h"
#include "plan_internal.h"

/* ---- what is read ---- */

static sy_status denied(struct plan_work *w, const struct sy_plan_rel *r, struct sy_view name)
{
    const char *field = name.n == 0
                            ? sy_arena_printf(w->arena, "%.*s", SY_PV(r->source))
                            : sy_arena_printf(w->arena, "%.*s.%.*s", SY_PV(r->source), SY_PV(name));
    return sy_fail(w->err, SY_E_FIELD_DENIED, field == NULL ? "rels" : field, NULL);
}

static sy_status fields_granted(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    for (size_t i = 0; i < plan->n_rels; i++) {
        const struct sy_plan_rel *r = &plan->rels[i];
        if (!sy_view_is(r->op, "scan")) {
            continue;
        }
        const struct sy_prop_dataset *d = proposal_dataset(w->c->proposal, r->source);
        if (d == NULL) {
            return denied(w, r, (struct sy_view){0});
        }
        for (size_t k = 0; k < r->n_names; k++) {
            const struct sy_prop_field *f = proposal_field(d, r->names[k]);
            if (f == NULL || sy_view_is(f->mask, "drop")) {
                return denied(w, r, r->names[k]);
            }
        }
    }
    return SY_OK;
}

static sy_status schema_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    if (plan->v != SY_PLAN_SCHEMA) {
        return sy_fail(w->err, SY_E_PLAN, "v", "unknown plan schema");
    }
    if (plan->post.n > 0 || plan->program.n > 0) {
        return sy_fail(w->err, SY_E_PLAN, "post", "post stages and programs are not adopted yet");
    }
    if (plan->n_blocks > 1) {
        return sy_fail(w->err, SY_E_PLAN, "blocks", "one block a model, for now");
    }
    return SY_OK;
}

static sy_status sources_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    const struct rules_defs *defs = w->c->defs;
    for (size_t i = 0; i < plan->n_sources; i++) {
        size_t k = 0;
        while (k < defs->n && !sy_view_eq(defs->defs[k].id, plan->sources[i].dataset)) {
            k++;
        }
        if (k == defs->n) {
            return sy_fail(w->err, SY_E_FIELD_DENIED, "sources", "a dataset outside the grant");
        }
        if (memcmp(plan->sources[i].def, defs->digests[k], 32) != 0) {
            return sy_fail(w->err, SY_E_PLAN, "sources", "bound against another catalogue entry");
        }
    }
    return SY_OK;
}

/* ---- what leaves ---- */

static sy_status shape_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    bool figure = false;
    for (size_t i = 0; i < plan->n_outs; i++) {
        figure = figure || sy_view_is(plan->outs[i].op, "figure") ||
                 sy_view_is(plan->outs[i].op, "ratio");
    }
    if (plan->n_blocks == 0 || plan->blocks[0].n_figures == 0 || !figure) {
        return sy_fail(w->err, SY_E_ROW_LEVEL, "outs",
                       "the output must be aggregates: count, count(distinct unit), sum or avg");
    }
    return SY_OK;
}

static sy_status block_unit(struct plan_work *w)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[0];
    const struct unit_rel *u = &w->units[b->rel];
    if (!sy_view_eq(b->ns, u->ns)) {
        return sy_fail(w->err, SY_E_PRIVACY, "blocks[0].ns",
                       "the block must protect the namespace of the rows it aggregates");
    }
    if (b->ns.n > 0 && (b->unit >= u->n_cols || !u->unit[b->unit])) {
        return sy_fail(w->err, SY_E_PRIVACY, "blocks[0].u",
                       "the block's unit is not the rows' unit");
    }
    return SY_OK;
}

enum rules_noise plan_noise(struct sy_view mechanism)
{
    return sy_view_is(mechanism, "gauss")     ? RULES_NOISE_GAUSS
           : sy_view_is(mechanism, "laplace") ? RULES_NOISE_LAPLACE
                                              : RULES_NOISE_NONE;
}

/* The table decides by the highest grade of anything that shaped the block; what follows from no
 * table is that exact figures come from public rows only, and noise is for protected ones. */
static sy_status mechanism_check(struct plan_work *w)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[0];
    uint64_t grade = sy_max_u64(w->types.blocks[0].grade, 1);
    bool exact = sy_view_is(b->mechanism, "exact");
    if (exact ? (b->ns.n > 0 || grade > 1) : b->ns.n == 0) {
        return sy_fail(w->err, SY_E_PRIVACY, "blocks[0].m",
                       exact ? "exact figures leave from public datasets only"
                             : "figures of public datasets are exact");
    }
    if (!exact && plan_noise(b->mechanism) == RULES_NOISE_NONE) {
        return sy_fail(w->err, SY_E_PRIVACY, "blocks[0].m", "unknown mechanism");
    }
    if (!pack_allows(w->c->pack, grade, b->mechanism)) {
        return sy_fail(w->err, SY_E_PRIVACY, "blocks[0].m",
                       "the pack has no such mechanism for grade %llu, which shapes this output",
                       (unsigned long long)grade);
    }
    if (!view_in(b->mechanism, w->c->proposal->mechanisms, w->c->proposal->n_mechanisms)) {
        return sy_fail(w->err, SY_E_PRIVACY, "blocks[0].m",
                       "the grant does not name this mechanism");
    }
    return SY_OK;
}

static sy_status limits_check(struct plan_work *w)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[0];
    const struct sy_pack *pack = w->c->pack;
    if (w->types.blocks[0].n_cells > pack->cells_max) {
        return sy_fail(w->err, SY_E_LIMIT, "blocks[0].k", "the keys make %llu cells, at most %llu",
                       (unsigned long long)w->types.blocks[0].n_cells,
                       (unsigned long long)pack->cells_max);
    }
    if (b->ns.n == 0) {
        bool free_of_charge = b->rho == 0 && b->delta == 0;
        return free_of_charge ? SY_OK
                              : sy_fail(w->err, SY_E_BUDGET, "blocks[0].rho",
                                        "public figures cost nothing: rho and delta are 0");
    }
    if (b->groups < 1 || b->groups > pack->groups_max) {
        return sy_fail(w->err, SY_E_LIMIT, "blocks[0].g", "1 to %llu groups",
                       (unsigned long long)pack->groups_max);
    }
    if (b->rows < 1 || b->rows > pack->rows_max) {
        return sy_fail(w->err, SY_E_LIMIT, "blocks[0].ro", "1 to %llu rows",
                       (unsigned long long)pack->rows_max);
    }
    if (b->rho > pack->rho_run_max || b->delta >= RULES_DELTA_ONE) {
        return sy_fail(w->err, SY_E_BUDGET, "blocks[0].rho",
                       "the price is above the pack's limit for one run");
    }
    return SY_OK;
}

static sy_status check(struct plan_work *w, struct rules_plan_facts *ret)
{
    SY_TRY(schema_check(w));
    SY_TRY(fields_granted(w));
    SY_TRY(shape_check(w));
    SY_TRY(sources_check(w));
    SY_TRY(sy_plan_type(w->c->plan, w->c->defs->defs, w->c->defs->n, w->arena, &w->types, w->err));
    SY_TRY(plan_units(w));
    SY_TRY(block_unit(w));
    SY_TRY(mechanism_check(w));
    SY_TRY(limits_check(w));
    return plan_cost(w, ret);
}

sy_status rules_plan_check(const struct rules_plan_case *c, struct sy_arena *arena,
                           struct rules_plan_facts *ret, struct sy_error *reterr)
{
    struct plan_work w = {.c = c, .arena = arena, .err = reterr};
    struct rules_plan_facts facts = {0};
    sy_status s = check(&w, &facts);
    *ret = sy_ok(s) ? facts : (struct rules_plan_facts){0};
    return s;
}
