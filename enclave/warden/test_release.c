/*
 * The release: which cells leave is the plan's word, never the worker's; every BOUNDARY check refuses
 * and leaves the answer alone. The last test is a negative control: a build without the check of cells
 * must be told apart by the same cases.
 */
#include "test_scene.h"

#include <string.h>

#include "mechanisms/calibrate.h"

sy_status warden_release_unchecked(const struct warden_release *c, struct sy_arena *arena,
                                   struct sy_answer *ret, struct sy_error *reterr);

/* ---- declared cells ---- */

static void check_labels(const struct sy_answer *a)
{
    static const char *const sexes[] = {"false", "true"};
    static const char *const events[] = {"diabetes", "htn", "stroke"};
    assert_int_equal(a->rows, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(sy_view_is(a->columns[0].texts[i], sexes[i / 3]));
        assert_true(sy_view_is(a->columns[1].texts[i], events[i % 3]));
    }
}

/* Whatever cells come, in whatever order, the answer has all of them, and what did not come counts
 * as zero: the same seed's noise alone. */
static void test_declared_cells_are_complete(void **state)
{
    struct scene *none = scene_new(kit_of(state), show_all);
    struct sy_answer zero = released(none);
    check_labels(&zero);
    for (unsigned mask = 0; mask < 64; mask++) {
        struct scene *s = scene_new(kit_of(state), show_all);
        int64_t want[6][SCENE_FIGURES] = {{0}};
        for (uint64_t i = 6; i-- > 0;) {
            if ((mask >> i & 1) != 0) {
                int64_t n = (int64_t)i + 1;
                put(add_cell(s, i / 3, i % 3, i + 1), n, 700 * n, 2 * n);
                memcpy(want[i], (int64_t[]){n, 700 * n, 2 * n}, sizeof(want[i]));
            }
        }
        struct sy_answer a = released(s);
        check_labels(&a);
        for (size_t i = 0; i < 6 * SCENE_FIGURES; i++) {
            int64_t got =
                a.columns[2 + i % 3].values[i / 3] - zero.columns[2 + i % 3].values[i / 3];
            assert_int_equal(got, want[i / 3][i % 3]);
        }
    }
}

static void nullable_event(struct world *w)
{
    show_all(w);
    w->defs.defs[1].fields[1].nullable = true;
    w->plan->blocks[0].keys[1].nullable = true;
}

/* A NULL key is one further cell, after the declared ones. */
static void test_null_cell(void **state)
{
    struct scene *s = scene_new(kit_of(state), nullable_event);
    put(add_cell(s, 1, 3, 5), 5, 3000, 5);
    struct sy_answer a = released(s);
    assert_int_equal(a.rows, 8);
    assert_true(sy_view_is(a.columns[1].texts[3], "∅"));
    assert_true(sy_view_is(a.columns[1].texts[7], "∅"));
    s->keys[0][1] = 4;
    check_code(warden_release(&s->release, &s->w.k->arena, &a, &s->err), SY_E_FIELD);
}

static void test_seed_decides_the_noise(void **state)
{
    struct scene *s = scene_new(kit_of(state), show_all);
    put(add_cell(s, 1, 2, 9), 9, 9000, 20);
    struct sy_answer a = released(s), again = released(s);
    assert_true(same_answer(&a, &again));
    s->seed[31] ^= 1;
    struct sy_answer other = released(s);
    assert_false(same_answer(&a, &other));
    check_labels(&other);
}

/* Each figure carries its noise scale, and an interval of the mechanism's half-width around it. */
static void test_intervals(void **state)
{
    struct scene *s = scene_new(kit_of(state), show_all);
    struct sy_answer a = released(s);
    for (size_t f = 0; f < SCENE_FIGURES; f++) {
        const struct sy_answer_column *c = &a.columns[2 + f];
        uint64_t w = 0;
        check_ok(mech_half_width(MECH_GAUSS, s->model.facts.blocks[0].figures[f].noise,
                                 MECH_LEVEL_950, &w));
        assert_int_equal(c->noise, s->model.facts.blocks[0].figures[f].noise);
        assert_int_equal(c->scale, f == 1);
        assert_true(sy_view_is(c->mechanism, "gauss"));
        for (size_t i = 0; i < a.rows; i++) {
            assert_int_equal(c->values[i] - c->lo[i], w);
            assert_int_equal(c->hi[i] - c->values[i], w);
        }
    }
    assert_int_equal(a.columns[5].noise, 0);
}

/* ---- BOUNDARY ---- */

/* A sound result of two cells, which each case spoils in one way. */
static struct scene *sound(struct kit *k)
{
    struct scene *s = scene_new(k, show_all);
    put(add_cell(s, 0, 1, 10), 10, 7000, 12);
    put(add_cell(s, 1, 2, 3), 3, 2000, 3);
    return s;
}

SPOIL(b_not_ok, s->result.ok = false;)
SPOIL(b_no_block, s->result.n_blocks = 0;)
SPOIL(b_two_blocks, s->result.n_blocks = 2;)
SPOIL(b_few_figures, c->n_figures = 2;)
SPOIL(b_no_figures, c->figures = NULL; c->n_figures = 0;)
SPOIL(b_many_figures, c->n_figures = 4;)
SPOIL(b_few_keys, c->n_key = 1;)
SPOIL(b_no_keys, c->key = NULL; c->n_key = 0;)
SPOIL(b_many_keys, c->n_key = 3;)
SPOIL(b_first_key, c->key[0] = 2;)
SPOIL(b_second_key, c->key[1] = 3;)
SPOIL(b_huge_key, c->key[0] = UINT64_MAX;)
SPOIL(b_wrapping_key, c->key[0] = UINT64_C(1) << 63; c->key[1] = 2;)
SPOIL(b_twice, c->key[0] = 0; c->key[1] = 1;)
SPOIL(b_no_units, c->units = 0;)
SPOIL(b_many_units, c->units = f->units_max + 1;)
SPOIL(b_all_units, c->units = UINT64_MAX;)
SPOIL(b_units_low, c->figures[0] = f->figures[0].lo - 1;)
SPOIL(b_units_high, c->figures[0] = f->figures[0].hi + 1;)
SPOIL(b_sum_low, c->figures[1] = f->figures[1].lo - 1;)
SPOIL(b_sum_high, c->figures[1] = f->figures[1].hi + 1;)
SPOIL(b_sum_least, c->figures[1] = INT64_MIN;)
SPOIL(b_sum_most, c->figures[1] = INT64_MAX;)
SPOIL(b_count_low, c->figures[2] = f->figures[2].lo - 1;)
SPOIL(b_count_high, c->figures[2] = f->figures[2].hi + 1;)

#define CASE(fn, range)                                                                            \
    {                                                                                              \
#fn, fn, range                                                                             \
    }
static const struct {
    const char *name;
    void (*spoil)(struct scene *s);
    bool cell; /* what the check of cells alone refuses, and is safe to take */
} CASES[] = {
    CASE(b_not_ok, false),       CASE(b_no_block, false),   CASE(b_two_blocks, false),
    CASE(b_few_figures, false),  CASE(b_no_figures, false), CASE(b_many_figures, false),
    CASE(b_few_keys, false),     CASE(b_no_keys, false),    CASE(b_many_keys, false),
    CASE(b_first_key, false),    CASE(b_second_key, false), CASE(b_huge_key, false),
    CASE(b_wrapping_key, false), CASE(b_twice, false),      CASE(b_no_units, true),
    CASE(b_many_units, true),    CASE(b_all_units, true),   CASE(b_units_low, true),
    CASE(b_units_high, true),    CASE(b_sum_low, true),     CASE(b_sum_high, true),
    CASE(b_sum_least, true),     CASE(b_sum_most, true),    CASE(b_count_low, true),
    CASE(b_count_high, true),
};

static void test_boundary(void **state)
{
    for (size_t i = 0; i < LEN(CASES); i++) {
        struct scene *s = sound(kit_of(state));
        (void)released(s);
        CASES[i].spoil(s);
        if (!refuses(s, warden_release)) {
            fail_msg("%s was not refused", CASES[i].name);
        }
    }
}

/* The ends of every range are inside. */
static void test_extremes_pass(void **state)
{
    struct scene *s = sound(kit_of(state));
    const struct rules_block_facts *f = &s->model.facts.blocks[0];
    for (size_t i = 0; i < SCENE_FIGURES; i++) {
        s->figures[0][i] = f->figures[i].lo;
        s->figures[1][i] = f->figures[i].hi;
    }
    s->cells[0].units = 1;
    s->cells[1].units = f->units_max;
    (void)released(s);
}

static void test_negative_control(void **state)
{
    size_t noticed = 0;
    for (size_t i = 0; i < LEN(CASES); i++) {
        if (CASES[i].cell) {
            struct scene *s = sound(kit_of(state));
            CASES[i].spoil(s);
            noticed += !refuses(s, warden_release_unchecked);
        }
    }
    assert_int_equal(noticed, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_declared_cells_are_complete),
        WITH_KIT(test_null_cell),
        WITH_KIT(test_seed_decides_the_noise),
        WITH_KIT(test_intervals),
        WITH_KIT(test_boundary),
        WITH_KIT(test_extremes_pass),
        WITH_KIT(test_negative_control),
    };
    return cmocka_run_group_tests_name("warden_release", tests, NULL, NULL);
}
