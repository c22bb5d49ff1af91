/*
 * Fuzz target: any bytes as a plan, typed against a small catalogue, its units tracked. Besides not
 * crashing: what is typed is within the limits that the rest relies on, typing and tracking give the same
 * again, and every track marks a column of units of its namespace.
 */
#include <stdlib.h>

#include "test_plan_world.h"
#include "wire/plan_unit.h"

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_type(const struct sy_type *t)
{
    require(t->kind > SY_TYPE_NONE && t->kind < SY_TYPE_N && t->lo <= t->hi);
    require(t->lo >= -SY_PLAN_VALUE_MAX && t->hi <= SY_PLAN_VALUE_MAX);
    require(t->kind != SY_TYPE_DATE || (t->lo >= SY_PLAN_DATE_MIN && t->hi <= SY_PLAN_DATE_MAX));
    require(t->scale <= SY_PLAN_SCALE_MAX && (!t->nothing || t->nullable));
    require(t->kind != SY_TYPE_STR || t->open || t->nothing || t->n_labels > 0);
    require(!t->open || t->def != NULL);
}

static void check_rel(const struct sy_rel_types *r, size_t n_exprs)
{
    require(r->n_cols <= SY_PLAN_COLS_MAX && r->rows <= (uint64_t)SY_PLAN_VALUE_MAX);
    for (size_t i = 0; i < r->n_cols; i++) {
        check_type(&r->cols[i]);
        require(r->cols[i].grade >= r->grade);
    }
    for (size_t i = 0; i < n_exprs; i++) {
        check_type(&r->exprs[i]);
    }
}

static void check_units(const struct sy_rel_types *r, const struct sy_rel_units *u)
{
    require(u->n_tracks <= SY_TRACKS_MAX && (u->n_tracks > 0) == u->is_protected);
    for (size_t i = 0; i < u->n_tracks; i++) {
        const struct sy_track *t = &u->tracks[i];
        require(sy_track_column(t, u->n_cols) < u->n_cols && t->units_max <= r->rows);
        for (size_t c = 0; c < u->n_cols; c++) {
            require(!t->unit[c] ||
                    (r->cols[c].kind == SY_TYPE_UNIT && sy_view_eq(r->cols[c].ns, t->ns)));
        }
        for (size_t k = 0; k < t->n_others; k++) {
            require(t->others[k].units > 0 && t->others[k].ns.n > 0);
        }
    }
}

static void track(const struct sy_plan *plan, const struct sy_plan_types *types,
                  struct sy_arena *arena)
{
    struct sy_rel_units *units = sy_arena_alloc(arena, plan->n_rels, sizeof *units);
    for (size_t i = 0; units != NULL && i < plan->n_rels; i++) {
        check_rel(&types->rels[i], plan->rels[i].n_exprs);
        sy_status st = sy_unit_rel(plan->rels, i, types->rels, units, arena, NULL);
        if (!sy_ok(st)) {
            require(units[i].n_tracks == 0);
            return;
        }
        check_units(&types->rels[i], &units[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan plan;
    struct sy_plan_types types;
    struct sy_plan_types again;
    struct sy_error err;
    if (!sy_ok(sy_record_decode(&sy_plan_desc, sy_view(data, size), &SY_MP_REQUEST, &arena, &plan,
                                NULL))) {
        return 0;
    }
    sy_status st = sy_plan_type(&plan, world_defs, WORLD_DEFS, &arena, &types, &err);
    if (!sy_ok(st)) {
        require(types.rels == NULL && (st.code == SY_E_PLAN || st.code == SY_E_NO_MEMORY));
        require(st.code != SY_E_PLAN || (err.reason[0] != 0 && err.code == SY_E_PLAN));
        return 0;
    }
    st = sy_plan_type(&plan, world_defs, WORLD_DEFS, &arena, &again, &err);
    for (size_t i = 0; sy_ok(st) && i < plan.n_blocks; i++) {
        require(types.blocks[i].n_cells == again.blocks[i].n_cells &&
                types.blocks[i].grade == again.blocks[i].grade);
        require(types.blocks[i].open || types.blocks[i].n_cells <= SY_PLAN_CELLS_MAX);
    }
    track(&plan, &types, &arena);
    return 0;
}
