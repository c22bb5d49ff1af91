/*
 * The plan check, in the order of rules/plan_check.h: what is read, against the grant; the typing,
 * which settles structure, totality, labels and clamps; the shape of what leaves; the unit; the
 * mechanism, against the grade of everything that shaped the output; the pack's limits; the price.
 *
 * BOUNDARY: the plan comes from a worker that parsed a developer's text; neither is believed.
 * Nothing here looks at data, so a refusal says nothing about any row.
 */
#include "base/weak.h"
#include "method.h"
#include "plan_internal.h"

const char *check_path(struct plan_work *w, const char *list, size_t i, const char *part)
{
    const char *path = sy_arena_printf(w->arena, "%s[%zu].%s", list, i, part);
    return path == NULL ? list : path;
}

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
            bool granted = f != NULL && !sy_view_is(f->mask, "drop");
            if (!control(RULES_CTL_GRANTED_FIELDS, granted)) {
                return denied(w, r, r->names[k]);
            }
        }
    }
    return SY_OK;
}

/* The post stage and the errors of later steps call blocks by their names. */
static sy_status names_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    if (plan->n_blocks > SY_PLAN_BLOCKS_MAX) {
        return sy_fail(w->err, SY_E_PLAN, "blocks", "at most %d blocks", SY_PLAN_BLOCKS_MAX);
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        for (size_t k = 0; k < i; k++) {
            if (sy_view_eq(plan->blocks[i].name, plan->blocks[k].name)) {
                return sy_fail(w->err, SY_E_PLAN, check_path(w, "blocks", i, "n"),
                               "two blocks of one name");
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
    if (plan->program.n > 0) {
        return sy_fail(w->err, SY_E_PLAN, "prog", "programs are not adopted yet");
    }
    if (plan->n_post > 1 || (plan->n_blocks > 1 && plan->n_post == 0)) {
        return sy_fail(w->err, SY_E_PLAN, "post",
                       "one post stage, which several blocks need to make one answer");
    }
    return names_check(w);
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

static bool shows_figure(const struct sy_plan *plan, size_t block)
{
    bool figure = false;
    for (size_t i = 0; i < plan->n_outs; i++) {
        const struct sy_plan_out *o = &plan->outs[i];
        figure = figure ||
                 (o->block == block && (sy_view_is(o->op, "figure") || sy_view_is(o->op, "ratio")));
    }
    return figure && plan->blocks[block].n_figures > 0;
}

static sy_status shape_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    bool figures = plan->n_blocks > 0;
    for (size_t i = 0; figures && i < plan->n_blocks; i++) {
        figures = shows_figure(plan, i) || plan_is_subject(&plan->blocks[i]);
    }
    return control(RULES_CTL_NO_RAW_ROWS, figures)
               ? SY_OK
               : sy_fail(w->err, SY_E_ROW_LEVEL, "outs",
                         "the output of every block must have an aggregate: count, "
                         "count(distinct unit), sum or avg");
}

/* ---- whose rows ---- */

static sy_status units_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    w->units = sy_arena_alloc(w->arena, plan->n_rels + 1, sizeof(*w->units));
    w->tracks = sy_arena_alloc(w->arena, plan->n_blocks + 1, sizeof(*w->tracks));
    w->caps = sy_arena_alloc(w->arena, plan->n_blocks + 1, sizeof(*w->caps));
    if (w->units == NULL || w->tracks == NULL || w->caps == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_rels; i++) {
        SY_TRY(sy_unit_rel(plan->rels, i, w->types.rels, w->units, w->arena, w->err));
    }
    return SY_OK;
}

/* Open keys show which cells there are. The threshold hides one unit of the track in them; a unit that
 * reaches several of those is not hidden by it. */
static sy_status open_check(struct plan_work *w, size_t i)
{
    const struct sy_track *t = w->tracks[i];
    if (t == NULL || t->n_others == 0 || !w->types.blocks[i].open) {
        return SY_OK;
    }
    return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "k"),
                   "a %.*s owns these rows through another column: declare the keys, and no "
                   "threshold",
                   SY_PV(t->others[0].ns));
}

static sy_status block_unit(struct plan_work *w, size_t i)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct sy_rel_units *u = &w->units[b->rel];
    if (!u->is_protected) {
        return b->ns.n == 0 ? SY_OK
                            : sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "ns"),
                                      "the rows it aggregates are nobody's");
    }
    const struct sy_track *t = b->unit < u->n_cols ? sy_unit_track(u, (size_t)b->unit) : NULL;
    if (b->ns.n > 0 && t == NULL) {
        return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "u"),
                       "the block's unit is not the rows' unit");
    }
    if (t == NULL || !sy_view_eq(b->ns, t->ns)) {
        return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "ns"),
                       "the block must protect the namespace of the rows it aggregates");
    }
    w->tracks[i] = t;
    return open_check(w, i);
}

/* A parameter that may single a few units out is a filter on them. */
static sy_status support_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    bool is_protected = false;
    for (size_t i = 0; i < plan->n_rels && !sy_weak(SY_WEAK_SUPPORT_OFF); i++) {
        is_protected = is_protected || w->units[i].is_protected;
    }
    for (size_t i = 0; is_protected && i < plan->n_params; i++) {
        const struct sy_plan_param *p = &plan->params[i];
        bool many = p->asserted || p->support >= w->c->pack->support_min;
        if (!control(RULES_CTL_SUPPORT, many)) {
            return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "params", i, "support"),
                           "declare that every value selects at least %llu units",
                           (unsigned long long)w->c->pack->support_min);
        }
    }
    return SY_OK;
}

/* ---- mechanism and limits ---- */

enum rules_noise plan_noise(struct sy_view mechanism)
{
    return sy_view_is(mechanism, "gauss")     ? RULES_NOISE_GAUSS
           : sy_view_is(mechanism, "laplace") ? RULES_NOISE_LAPLACE
                                              : RULES_NOISE_NONE;
}

/* The table decides by the highest grade of anything that shaped the block; what follows from no
 * table is that exact figures come from public rows only, and noise is for protected ones. */
static sy_status mechanism_check(struct plan_work *w, size_t i)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const char *at = check_path(w, "blocks", i, "m");
    uint64_t grade = sy_max_u64(w->types.blocks[i].grade, 1);
    bool exact = sy_view_is(b->mechanism, "exact");
    bool fits = exact ? b->ns.n == 0 && grade <= 1 : b->ns.n > 0;
    if (!control(RULES_CTL_EXACT_PUBLIC, fits)) {
        return sy_fail(w->err, SY_E_PRIVACY, at,
                       exact ? "exact figures leave from public datasets only"
                             : "figures of public datasets are exact");
    }
    if (!exact && !plan_is_subject(b) && !plan_is_cellkey(w, i) &&
        plan_noise(b->mechanism) == RULES_NOISE_NONE) {
        return sy_fail(w->err, SY_E_PRIVACY, at, "unknown mechanism");
    }
    if (!control(RULES_CTL_GRADE_MECHANISM, pack_allows(w->c->pack, grade, b->mechanism))) {
        return sy_fail(w->err, SY_E_PRIVACY, at,
                       "the pack has no such mechanism for grade %llu, which shapes this output",
                       (unsigned long long)grade);
    }
    if (!view_in(b->mechanism, w->c->proposal->mechanisms, w->c->proposal->n_mechanisms)) {
        return sy_fail(w->err, SY_E_PRIVACY, at, "the grant does not name this mechanism");
    }
    return SY_OK;
}

/* Cells that are filled whether or not a row is in them, over all blocks. */
static sy_status cells_check(struct plan_work *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < w->c->plan->n_blocks; i++) {
        const struct sy_block_types *t = &w->types.blocks[i];
        uint64_t max = w->c->pack->cells_max;
        uint64_t n = plan_noised_cells(&w->c->plan->blocks[i], t->n_cells);
        bool fits = t->open || (sy_add_u64(sum, n, &sum) && sum <= max);
        if (!fits) {
            return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "k"),
                           "the declared keys make %llu cells here, at most %llu over all blocks",
                           (unsigned long long)n, (unsigned long long)max);
        }
    }
    return SY_OK;
}

/* Does an earlier block have its units' keys in the same column? Record keys and selection keys are two. */
static bool shares_keys(const struct sy_plan *plan, size_t i)
{
    bool shares = plan->blocks[i].ns.n == 0; /* needs none */
    bool cellkey = sy_view_is(plan->blocks[i].mechanism, "cellkey");
    for (size_t k = 0; !shares && k < i; k++) {
        shares = sy_view_eq(plan->blocks[k].ns, plan->blocks[i].ns) &&
                 sy_view_is(plan->blocks[k].mechanism, "cellkey") == cellkey;
    }
    return shares;
}

/* Figures that count units of other namespaces: each may need a column of their keys. */
static size_t values_keys(const struct plan_work *w, size_t i)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    size_t n = 0;
    for (size_t j = 0; j < b->n_figures; j++) {
        n += plan_values_ns(w, i, &b->figures[j]).n > 0 ? 1 : 0;
    }
    return n;
}

/* What a run would send to its worker: one descriptor a column. */
static sy_status columns_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    size_t n_spaces = 0;
    size_t n = 0;
    for (size_t i = 0; i < plan->n_rels; i++) {
        n += sy_view_is(plan->rels[i].op, "scan") ? plan->rels[i].n_names : 0;
    }
    if (n > RULES_RUN_COLUMNS_MAX) {
        return sy_fail(w->err, SY_E_LIMIT, "rels", "it reads %zu columns, at most %d", n,
                       RULES_RUN_COLUMNS_MAX);
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        n_spaces += (shares_keys(plan, i) ? 0 : 1) + values_keys(w, i);
        if (n_spaces > RULES_RUN_SPACES_MAX) {
            return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "ns"),
                           "the blocks protect more than %d namespaces", RULES_RUN_SPACES_MAX);
        }
    }
    return SY_OK;
}

static sy_status limits_check(struct plan_work *w, size_t i)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct sy_pack *pack = w->c->pack;
    if (b->ns.n == 0) {
        bool free_of_charge = b->rho == 0 && b->delta == 0;
        return free_of_charge ? SY_OK
                              : sy_fail(w->err, SY_E_BUDGET, check_path(w, "blocks", i, "rho"),
                                        "public figures cost nothing: rho and delta are 0");
    }
    if (b->groups < 1 || b->groups > pack->groups_max) {
        return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "g"), "1 to %llu groups",
                       (unsigned long long)pack->groups_max);
    }
    if (b->rows < 1 || b->rows > pack->rows_max) {
        return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "ro"), "1 to %llu rows",
                       (unsigned long long)pack->rows_max);
    }
    if (b->delta > 0 && !w->types.blocks[i].open) {
        return sy_fail(w->err, SY_E_BUDGET, check_path(w, "blocks", i, "d"),
                       "a delta is the price of a threshold, and this block has none");
    }
    return SY_OK;
}

static sy_status check(struct plan_work *w, struct rules_plan_facts *ret)
{
    const struct sy_plan *plan = w->c->plan;
    SY_TRY(schema_check(w));
    SY_TRY(fields_granted(w));
    SY_TRY(shape_check(w));
    SY_TRY(sources_check(w));
    SY_TRY(sy_plan_type(plan, w->c->defs->defs, w->c->defs->n, w->arena, &w->types, w->err));
    SY_TRY(units_check(w));
    for (size_t i = 0; i < plan->n_blocks; i++) {
        SY_TRY(block_unit(w, i));
    }
    SY_TRY(support_check(w));
    for (size_t i = 0; i < plan->n_blocks; i++) {
        SY_TRY(mechanism_check(w, i));
    }
    SY_TRY(plan_subject_check(w));
    SY_TRY(plan_own_check(w));
    SY_TRY(columns_check(w));
    SY_TRY(cells_check(w));
    for (size_t i = 0; i < plan->n_blocks; i++) {
        SY_TRY(limits_check(w, i));
        if (plan_is_cellkey(w, i)) {
            SY_TRY(plan_cellkey(w, i));
        }
    }
    SY_TRY(plan_price(w, ret));
    SY_TRY(plan_blocks(w, ret));
    return plan_sizes(w, ret);
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
