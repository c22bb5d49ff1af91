/*
 * The plan check of cell-key blocks (docs/privacy/cellkey.md, "What may be asked"). Their noise is a function
 * of who is in a cell and what is measured, so arithmetic could undo it: two sums of the same people over
 * scaled columns, a count through a CASE, a bound that scales the noise. Hence figures are bare, bounds are
 * the catalogue's, nothing is cut by choice, and the rows are a box (region.h).
 *
 * BOUNDARY: the plan comes from a worker; it is typed and its unit is tracked before this.
 */
#include "pack_cellkey.h"
#include "plan_internal.h"
#include "proof/hash.h"
#include "region.h"

bool plan_is_cellkey(const struct plan_work *w, size_t i)
{
    return sy_view_is(w->c->plan->blocks[i].mechanism, "cellkey");
}

static sy_status refuse(struct plan_work *w, size_t i, const char *part, const char *why)
{
    return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, part), "cellkey: %s", why);
}

/* ---- figures ---- */

/* The field that figure j sums or counts, when it is a plain copy of one. */
static const struct sy_type *argument(const struct plan_work *w, size_t i, size_t j)
{
    return &w->types.blocks[i].exprs[w->c->plan->blocks[i].figures[j].expr];
}

static sy_status sum_check(struct plan_work *w, size_t i, size_t j)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct sy_plan_figure *f = &b->figures[j];
    const struct sy_type *a = argument(w, i, j);
    if (a->field == NULL || a->kind != SY_TYPE_INT || a->scale != f->scale) {
        return refuse(w, i, "f", "a sum is over a field itself, not over what is computed");
    }
    if (a->field->lo < 0) {
        return refuse(w, i, "f", "a field that may be negative; dominance has no meaning there");
    }
    if (f->lo != a->field->lo || f->hi != a->field->hi) {
        return refuse(w, i, "f", "the bounds of a sum are the catalogue's; leave the clamp out");
    }
    for (size_t k = 0; k < j; k++) {
        const struct sy_type *other = b->figures[k].has_arg ? argument(w, i, k) : NULL;
        if (sy_view_is(b->figures[k].fn, "sum") && other->field == a->field) {
            return refuse(w, i, "f", "one sum a field");
        }
    }
    return SY_OK;
}

static sy_status figure_check(struct plan_work *w, size_t i, size_t j)
{
    const struct sy_plan_figure *f = &w->c->plan->blocks[i].figures[j];
    if (sy_view_is(f->fn, "sum")) {
        return sum_check(w, i, j);
    }
    bool count = sy_view_is(f->fn, "count") || sy_view_is(f->fn, "units");
    if (count && !f->has_arg) {
        return SY_OK;
    }
    if (count && sy_view_is(f->fn, "count") && argument(w, i, j)->field != NULL &&
        !argument(w, i, j)->nullable) {
        return SY_OK; /* of rows: what an average is divided by */
    }
    return refuse(
        w, i, "f",
        "figures are count(*), count(distinct unit) and sums of fields; put conditions into "
        "WHERE or GROUP BY");
}

/* ---- the block ---- */

static sy_status shape_check(struct plan_work *w, size_t i)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct {
        bool fine;
        const char *part;
        const char *why;
    } rules[] = {
        {w->tracks[i] != NULL && w->tracks[i]->n_others == 0, "u",
         "these rows have another owner too; use gauss or laplace"},
        {!w->types.blocks[i].open, "k", "keys are declared, and no threshold"},
        {b->tree.n == 0, "t", "no tree"},
        {b->rho == 0, "rho", "its price is cells; rho is 0"},
        {b->delta == 0, "d", "its price is cells; delta is 0"},
    };
    for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++) {
        if (!rules[k].fine) {
            return refuse(w, i, rules[k].part, rules[k].why);
        }
    }
    return SY_OK;
}

/* What a bound cuts off is chosen, and a choice could be asked for twice: so bounds are as wide as the pack
 * lets them be, or as the data can be. */
static sy_status bounds_check(struct plan_work *w, size_t i, uint64_t cap)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    uint64_t rows = sy_min_u64(w->c->pack->rows_max, cap);
    uint64_t groups =
        sy_min_u64(sy_min_u64(w->c->pack->groups_max, cap), w->types.blocks[i].n_cells);
    if (b->rows < rows) {
        return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "ro"),
                       "cellkey: nothing is cut by choice; declare rows: %llu",
                       (unsigned long long)rows);
    }
    if (b->groups < groups) {
        return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "g"),
                       "cellkey: nothing is cut by choice; declare groups: %llu",
                       (unsigned long long)groups);
    }
    return SY_OK;
}

sy_status plan_cellkey(struct plan_work *w, size_t i)
{
    const struct region_case c = {.plan = w->c->plan, .types = &w->types, .block = i};
    struct region region;
    if (w->c->pack->n_cellkey == 0) {
        return refuse(w, i, "m", "the pack has no parameters for it");
    }
    SY_TRY(shape_check(w, i));
    for (size_t j = 0; j < w->c->plan->blocks[i].n_figures; j++) {
        SY_TRY(figure_check(w, i, j));
    }
    SY_TRY(region_build(&c, w->arena, &region, w->err));
    w->caps[i] = region.cap;
    return bounds_check(w, i, region.cap);
}

/* ---- facts ---- */

static void measure_of(const struct plan_work *w, size_t i, size_t j, bool units, uint8_t ret[16])
{
    const struct sy_plan_figure *f = &w->c->plan->blocks[i].figures[j];
    bool sum = sy_view_is(f->fn, "sum");
    const struct sy_type *a = sum ? argument(w, i, j) : NULL;
    struct sy_view what = sum ? a->def->id : sy_view_str(units ? "units" : "rows");
    struct sy_view field = sum ? a->field->name : (struct sy_view){0};
    uint8_t digest[32];
    uint8_t kind[2] = {sum ? 1 : 0, (uint8_t)what.n}; /* identifiers have at most 64 bytes */
    PROOF_SHA256(digest, "shuyu-measure-1", sy_view(kind, sizeof(kind)), what, field);
    memcpy(ret, digest, 16);
}

/* ceil(1.96 x sum_sigma / 256 x reach): false past 62 bits. */
static bool gauss_half(const struct sy_pack_cellkey *c, uint64_t reach, uint64_t *ret)
{
    uint64_t v;
    if (!sy_mul_u64(reach, c->sum_sigma, &v) || !sy_mul_u64(v, 196, &v) ||
        v >= (uint64_t)SY_PLAN_VALUE_MAX) {
        return false;
    }
    *ret = v / 25600 + 1;
    return true;
}

sy_status plan_cellkey_figure(struct plan_work *w, size_t i, size_t j,
                              struct rules_figure_facts *ret)
{
    const struct sy_pack_cellkey *c = &w->c->pack->cellkey[0];
    bool sum = sy_view_is(w->c->plan->blocks[i].figures[j].fn, "sum");
    uint64_t reach;
    ret->reach.rows = sy_min_u64(ret->reach.rows, w->caps[i]);
    bool units = !sum && ret->reach.rows == 1; /* one row a unit: rows are units */
    measure_of(w, i, j, units, ret->measure);
    if (units) {
        ret->half = pack_cellkey_half(c);
        return SY_OK;
    }
    if (!sy_mul_u64(ret->reach.rows, ret->reach.bound, &reach) ||
        !gauss_half(c, reach, &ret->half)) {
        return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "f"),
                       "it could leave the range of 62 bits");
    }
    ret->half += sum ? 0 : c->round / 2;
    return SY_OK;
}
