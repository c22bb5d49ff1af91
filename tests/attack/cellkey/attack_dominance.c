/*
 * T41: one person has nearly all of a sum, in several rows. The rows are added up by the engine that
 * production runs, and judged by the rules of withholding.
 */
#include "attack.h"
#include "test_plan_text.h"
#include "wire/cellkey.h"

/* People from FEW_ROWS on have few other rows, so that bounding leaves them theirs. */
enum { FEW_ROWS = 52, ROWS_OF_ONE = 5, SMALL = 30, LARGE = 80000 };

static const char *const SUMS =
    "scan events id event cost\nblock 0 0 person 9 20 full 1 units sum=0,100000 : (col 1) (col 2)";

/* In every kind of event some forty people cost little, and one costs much, in several rows. */
static void fill_costs(struct world *w, bool dominated)
{
    world_fill(w, attack_bits(), 60, 4000);
    for (size_t i = 0; i < w->n_events; i++) {
        w->event[3].v[i] = (int64_t)attack_below(SMALL);
    }
    for (size_t i = 0; dominated && i < 4 * ROWS_OF_ONE; i++) {
        w->event[0].v[i] = FEW_ROWS + (int64_t)(i % 4); /* another person in each kind */
        w->event[1].v[i] = (int64_t)(i % 4);
        w->event[3].v[i] = LARGE;
    }
}

/* How many of the four cells would leave. */
static size_t shown_cells(bool dominated)
{
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan plan = {0};
    struct world_run r;
    struct sy_cellkey_table t;
    struct sy_run_cellkey rules = {
        .nk_n = 2, .nk_permille = 900, .p_permille = 100, .protect = 10, .units_min = 10};
    size_t shown = 0, at;
    fill_costs(&w, dominated);
    plan_text(SUMS, &arena, &plan);
    plan_text_finish(&plan, &arena);
    plan.blocks[0].mechanism = sy_view_str("cellkey");
    world_columns(&w, &plan, &r, &arena);
    world_run_job(&r, NULL, &arena);
    check_ok(sy_cellkey_table_new(&r.def.plan.blocks[0], &rules, &arena, &t));
    for (size_t i = 0; i < r.result.blocks[0].n_cells; i++) {
        assert_true(sy_cellkey_put(&t, &r.result.blocks[0].cells[i], &at));
    }
    for (size_t i = 0; i < 4; i++) {
        shown += !sy_cellkey_hidden(&t, i);
    }
    return shown;
}

static struct attack_verdict t41(void)
{
    size_t n = attack_number(20, 200), shown = 0, usual = 0;
    for (size_t i = 0; i < n; i++) {
        shown += shown_cells(true);
        usual += shown_cells(false);
    }
    if (usual < 4 * n) {
        fail_msg("%zu of %zu sums of many are withheld too", 4 * n - usual, 4 * n);
    }
    return attack_at_most("dominated sums that leave, share", (double)shown / (4.0 * (double)n), 0);
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T41", "dominance beaten by repetition", t41},
    };
    return attack_main(argc, argv, attacks, 1);
}
