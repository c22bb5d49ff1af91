/*
 * Trials of releases whose cells are the leaves of trees: a sound one passes, one with a tenth of its noise fails; and
 * what is drawn is whole trees, so that the draws are bounded by their size.
 */
#include "test_kit.h"

#include <string.h>

#include "test_trial_weak.h"
#include "trial.h"

enum { TOWNS = 3, AGES = 121, CELLS = TOWNS * AGES, PEOPLE = 30 };

/* Persons by town and age; one world has one more of them. */
struct trees {
    struct world w;
    struct rules_model model;
    struct sy_run_cell cells[CELLS];
    uint64_t keys[CELLS][2];
    int64_t figures[CELLS][1];
    struct sy_run_block block;
    struct sy_run_result result;
    struct warden_release release;
    struct trial_unit unit;
    struct sy_view bytes[2];
    uint8_t seed[32];
};

static struct sy_view world_of(struct trees *t, bool with)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    for (size_t i = 0; i < CELLS; i++) {
        int64_t n = PEOPLE + (with && i == AGES + 7 ? 1 : 0);
        t->keys[i][0] = i / AGES;
        t->keys[i][1] = i % AGES;
        t->figures[i][0] = n;
        t->cells[i] = (struct sy_run_cell){.figures = t->figures[i],
                                           .n_figures = 1,
                                           .key = t->keys[i],
                                           .n_key = 2,
                                           .units = (uint64_t)n};
    }
    check_ok(sy_record_encode(&sy_run_result_desc, &t->result, &b));
    return sy_arena_copy(&t->w.k->arena, sy_buf_view(&b));
}

static struct trees *trees_new(struct kit *k)
{
    struct trees *t = kit_alloc(k, 1, sizeof(*t));
    t->w = kit_world(k);
    t->w.plan = kit_tree_plan(k);
    check_ok(kit_check(&t->w, &t->model.facts));
    t->model.plan = *t->w.plan;
    t->model.grant.defs = t->w.defs;
    t->block = (struct sy_run_block){.cells = t->cells, .n_cells = CELLS};
    t->result = (struct sy_run_result){.blocks = &t->block, .n_blocks = 1, .ok = true};
    t->release = (struct warden_release){.model = &t->model};
    t->unit.ns = t->model.facts.blocks[0].ns;
    t->bytes[0] = world_of(t, true);
    t->bytes[1] = world_of(t, false);
    return t;
}

static struct trial_outcome tried(struct kit *k, enum sy_weakness w)
{
    struct trees *t = trees_new(k);
    struct trial trial = {.release = &t->release,
                          .seed = t->seed,
                          .units = &t->unit,
                          .n_units = 1,
                          .units_max = 1,
                          .worlds = t->bytes};
    struct trial_outcome o = {0};
    trial_weaken(w);
    check_ok(warden_trial(&trial, &k->arena, &o, &k->err));
    return o;
}

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_granted(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static void test_sound(void **state)
{
    struct trial_outcome o = tried(*state, SY_WEAK_NONE);
    assert_true(o.passed && !o.moot);
    assert_true(o.draws > 2000 && o.draws <= TRIAL_DRAWS_MAX);
    assert_true(o.limit < 15);
}

static void test_a_tenth_of_the_noise(void **state)
{
    struct trial_outcome o = tried(*state, SY_WEAK_NOISE_010);
    assert_false(o.passed);
    assert_true(o.advantage > o.limit);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_sound), TEST(test_a_tenth_of_the_noise)};
    return cmocka_run_group_tests_name("warden_trial_tree", tests, NULL, NULL);
}
