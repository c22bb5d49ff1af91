/*
 * The release of cellkey blocks: who is in a cell and what is measured decide the noise, and nothing else;
 * withheld rows are the primary ones and the corners of their boxes; every lie of a worker is refused.
 */
#include "test_kit.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "mechanisms/calibrate.h"
#include "mechanisms/cellkey.h"
#include "warden/release.h"

enum { ROWS = 6, FIGURES = 3, MANY = 3000 };

/* Counts from 0: an empty cell stays empty, others move by -2, 0 or 2. */
static int64_t noise0[] = {0}, noise1[] = {-2, 0, 2};
static uint64_t cum0[] = {UINT64_C(1) << 32},
                cum1[] = {UINT64_C(1) << 30, UINT64_C(3) << 30, UINT64_C(1) << 32};
static struct sy_pack_ptable table[] = {{.noise = noise0, .cum = cum0, .n_noise = 1, .n_cum = 1},
                                        {.noise = noise1, .cum = cum1, .n_noise = 3, .n_cum = 3}};

struct scene {
    struct world w;
    struct rules_model model;
    struct sy_pack_cellkey cellkey;
    struct sy_run_cell cells[ROWS + 1];
    uint64_t keys[ROWS + 1][2];
    int64_t figures[ROWS + 1][FIGURES], tops[ROWS + 1][2 * FIGURES];
    struct sy_run_box boxes[ROWS + 1];
    struct sy_run_block block;
    struct sy_run_result result;
    struct warden_cellkey key;
    struct warden_release release;
    uint8_t seed[32], space[MECH_KEY_BYTES];
    uint64_t params[1];
    struct sy_error err;
};

static struct kit *kit_of(void **state)
{
    return *state;
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

/* ---- making a scene ---- */

/* male, event, persons, w, n, and the ratio of the last two. */
static void show_all(struct world *w)
{
    static const char *const names[FIGURES] = {"persons", "w", "n"};
    struct sy_plan *p = w->plan;
    struct sy_plan_out *outs = kit_alloc(w->k, 6, sizeof(*outs));
    memcpy(outs, p->outs, 2 * sizeof(*outs));
    for (size_t i = 0; i < FIGURES; i++) {
        outs[2 + i] = (struct sy_plan_out){.a = i, .name = V(names[i]), .op = V("figure")};
    }
    outs[5] = p->outs[3];
    p->outs = outs;
    p->n_outs = 6;
}

/* The plan as the rules would see it with the mechanism cellkey. */
static void make_cellkey(struct scene *s)
{
    struct rules_block_facts *f = &s->model.facts.blocks[0];
    s->model.plan.blocks[0].mechanism = V("cellkey");
    f->cellkey = true;
    f->kind = RULES_NOISE_NONE;
    for (size_t i = 0; i < FIGURES; i++) {
        f->figures[i].noise = 0;
        f->figures[i].half = 7 + i;
        memset(f->figures[i].measure, (int)i + 1, sizeof(f->figures[i].measure));
    }
    s->cellkey = (struct sy_pack_cellkey){.nk_n = 2,
                                          .nk_permille = 900,
                                          .p_permille = 100,
                                          .protect = 10,
                                          .round = 1,
                                          .sum_sigma = 128,
                                          .table = table,
                                          .n_table = LEN(table),
                                          .units_min = 10};
    s->model.grant.pack.cellkey = &s->cellkey;
    s->model.grant.pack.n_cellkey = 1;
    s->key = (struct warden_cellkey){.ns = V("person"), .key = s->space};
    s->release.cellkeys = &s->key;
    s->release.n_cellkeys = 1;
}

/* The block as it is, through a post stage. */
static void show_post(struct world *w)
{
    struct sy_plan *p = w->plan;
    show_all(w);
    p->n_post = 1;
    p->post = kit_alloc(w->k, 1, sizeof(*p->post));
    p->post->n_rels = 1;
    p->post->rels = kit_alloc(w->k, 1, sizeof(*p->post->rels));
    p->post->rels[0] = (struct sy_plan_rel){.op = V("block"), .source = V("main")};
    p->post->n_outs = 6;
    p->post->outs = kit_alloc(w->k, 6, sizeof(*p->post->outs));
    for (uint64_t i = 0; i < 6; i++) {
        p->post->outs[i] =
            (struct sy_plan_post_out){.col = i, .name = p->outs[i].name, .scale = i == 3 ? 1 : 0};
    }
}

static struct scene *scene_of(struct kit *k, void (*make)(struct world *w))
{
    struct scene *s = kit_alloc(k, 1, sizeof(*s));
    s->w = kit_world(k);
    make(&s->w);
    sy_status st = kit_check(&s->w, &s->model.facts);
    if (!sy_ok(st)) {
        fail_msg("plan: %s %s %s", sy_code_name(st.code), k->err.field, k->err.reason);
    }
    s->model.plan = *s->w.plan;
    s->model.grant.defs = s->w.defs;
    s->block = (struct sy_run_block){.cells = s->cells, .boxes = s->boxes};
    s->result = (struct sy_run_result){.blocks = &s->block, .n_blocks = 1, .ok = true};
    s->release = (struct warden_release){
        .model = &s->model, .result = &s->result, .seed = s->seed, .params = s->params};
    make_cellkey(s);
    return s;
}

static struct scene *scene_new(struct kit *k)
{
    return scene_of(k, show_all);
}

/* Cell i has units that weigh `each` tenths and have two rows. */
static void fill(struct scene *s, size_t i, uint64_t units, int64_t each)
{
    int64_t n = (int64_t)units;
    int64_t second = units > 1 ? 1 : 0;
    memcpy(s->figures[i], (int64_t[]){n, each * n, 2 * n}, sizeof(s->figures[i]));
    memcpy(s->tops[i], (int64_t[]){1, second, each, second * each, 2, 2 * second},
           sizeof(s->tops[i]));
    s->cells[i].units = units;
}

static struct sy_run_cell *add(struct scene *s, uint64_t at, uint64_t units, int64_t each)
{
    size_t i = s->block.n_cells++;
    assert_true(i <= ROWS);
    memcpy(s->keys[i], (uint64_t[]){at / 3, at % 3}, sizeof(s->keys[i]));
    s->cells[i] = (struct sy_run_cell){.ck = 1000 + at * 77,
                                       .figures = s->figures[i],
                                       .n_figures = FIGURES,
                                       .key = s->keys[i],
                                       .n_key = 2,
                                       .tops = s->tops[i],
                                       .n_tops = 2 * FIGURES};
    fill(s, i, units, each);
    return &s->cells[i];
}

/* Two rows of three: 4 | 40 | 60, and 30 | 25 | 80; the first is too small. */
static struct scene *small_of(struct kit *k, void (*make)(struct world *w))
{
    static const uint64_t units[] = {4, 40, 60, 30, 25, 80};
    struct scene *s = scene_of(k, make);
    for (uint64_t i = 0; i < ROWS; i++) {
        add(s, i, units[i], 700);
    }
    s->boxes[0] = (struct sy_run_box){.p = 0, .q = 4};
    s->block.n_boxes = 1;
    return s;
}

static struct scene *small(struct kit *k)
{
    return small_of(k, show_all);
}

/* A result is released once: what it holds is put back. */
static struct sy_answer released(struct scene *s)
{
    struct sy_answer a = {0};
    struct scene before = *s;
    sy_status st = warden_release(&s->release, &s->w.k->arena, &a, &s->err);
    if (!sy_ok(st)) {
        fail_msg("release: %s %s", sy_code_name(st.code), s->err.reason);
    }
    memcpy(s->cells, before.cells, sizeof(s->cells));
    memcpy(s->figures, before.figures, sizeof(s->figures));
    memcpy(s->tops, before.tops, sizeof(s->tops));
    return a;
}

/* ---- withheld rows ---- */

static void check_withheld(const struct sy_answer *a, const uint64_t *rows, size_t n)
{
    assert_int_equal(a->rows, ROWS);
    for (size_t c = 2; c < 2 + FIGURES; c++) {
        const struct sy_answer_column *col = &a->columns[c];
        assert_int_equal(col->n_withheld, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(col->withheld[i], rows[i]);
            assert_true(col->values[rows[i]] == 0 && col->lo[rows[i]] == 0 &&
                        col->hi[rows[i]] == 0);
        }
    }
}

static void test_corners_are_withheld_in_all_figures(void **state)
{
    struct scene *s = small(kit_of(state));
    struct sy_answer a = released(s);
    check_withheld(&a, (uint64_t[]){0, 1, 3, 4}, 4);
    for (size_t row = 0; row < ROWS; row++) { /* nothing says which of them is the small one */
        assert_true(sy_view_is(a.columns[0].texts[row], row < 3 ? "false" : "true"));
    }
    assert_true(a.columns[2].values[2] >= 58 && a.columns[2].values[2] <= 62);
}

static void test_nothing_is_withheld_without_need(void **state)
{
    struct scene *s = small(kit_of(state));
    fill(s, 0, 14, 700);
    s->block.n_boxes = 0;
    struct sy_answer a = released(s);
    check_withheld(&a, NULL, 0);
}

static void test_without_boxes_all_is_withheld(void **state)
{
    struct scene *s = small(kit_of(state));
    s->block.n_boxes = 0;
    struct sy_answer a = released(s);
    check_withheld(&a, (uint64_t[]){0, 1, 2, 3, 4, 5}, 6);
}

static void test_a_dominated_sum_hides_the_count_too(void **state)
{
    struct scene *s = scene_new(kit_of(state));
    s->block.n_cells = s->block.n_boxes = 0;
    add(s, 0, 50, 700);
    s->tops[0][2] = 6000;
    s->tops[0][3] = 100;
    s->figures[0][1] = 6000 + 600;
    struct sy_answer a = released(s);
    check_withheld(&a, (uint64_t[]){0, 1, 2, 3, 4, 5}, 6);
}

/* Nobody, and too few: one looks like the other. */
static void test_empty_cells_are_withheld(void **state)
{
    struct scene *s = scene_new(kit_of(state));
    struct sy_answer a = released(s);
    check_withheld(&a, (uint64_t[]){0, 1, 2, 3, 4, 5}, 6);
    add(s, 2, 60, 700);
    add(s, 4, 30, 700);
    a = released(s);
    check_withheld(&a, (uint64_t[]){0, 1, 3, 5}, 4);
}

/* ---- lies ---- */

typedef void spoil_fn(struct scene *s);
#define SPOIL(name, ...)                                                                           \
    static void name(struct scene *s)                                                              \
    {                                                                                              \
        struct sy_run_cell *c = &s->cells[2]; /* 60 units of 700, two rows each */                 \
        (void)c;                                                                                   \
        __VA_ARGS__                                                                                \
    }
SPOIL(b_twice, c->key[1] = 1;)
SPOIL(b_key, c->key[1] = 3;)
SPOIL(b_few_tops, c->n_tops = 5;)
SPOIL(b_no_tops, c->tops = NULL; c->n_tops = 0;)
SPOIL(b_many_tops, c->n_tops = 7;)
SPOIL(b_few_figures, c->n_figures = 2;)
SPOIL(b_no_units, c->units = 0;)
SPOIL(b_units_high, c->units = s->model.facts.blocks[0].units_max + 1;)
SPOIL(b_other_units, c->units = 59;)
SPOIL(b_sum_high, c->figures[1] = s->model.facts.blocks[0].figures[1].hi + 1;)
SPOIL(b_sum_negative, c->figures[1] = -1;)
SPOIL(b_tops_turned, c->tops[3] = 701;)
SPOIL(b_top_negative, c->tops[3] = -1;)
SPOIL(b_top_beyond_bounds, c->tops[2] = 6001;)
SPOIL(b_tops_beyond_sum, c->figures[1] = 1399;)
SPOIL(b_sum_beyond_tops, c->figures[1] = 42001;)
SPOIL(b_units_top, c->tops[0] = 2;)
SPOIL(b_count_below_units, s->model.plan.blocks[0].figures[2].has_arg = false;
      s->model.plan.blocks[0].figures[2].expr = 0; c->figures[2] = 59; c->tops[4] = c->tops[5] = 1;)
SPOIL(b_one_unit_two_tops, fill(s, 0, 1, 700); s->figures[0][1] = 1400; s->tops[0][3] = 700;)
SPOIL(b_box_missing, s->boxes[0].p = 1;)
SPOIL(b_box_flat, s->boxes[0].q = 1;)
SPOIL(b_box_outside, s->boxes[0].q = 6;)
SPOIL(b_box_huge, s->boxes[0].q = UINT64_MAX;)
SPOIL(b_box_more, s->boxes[1] = (struct sy_run_box){.p = 2, .q = 3}; s->block.n_boxes = 2;)
SPOIL(b_box_twice, s->boxes[1] = s->boxes[0]; s->block.n_boxes = 2;)
SPOIL(b_box_without_need, fill(s, 0, 20, 700);)
SPOIL(b_box_too_weak, fill(s, 1, 5, 700); s->boxes[1] = (struct sy_run_box){.p = 1, .q = 3};
      s->block.n_boxes = 2;)
SPOIL(b_second_without_box, fill(s, 5, 9, 700);)

static const struct {
    const char *name;
    spoil_fn *spoil;
} LIES[] = {
#define LIE(name)                                                                                  \
    {                                                                                              \
#name, name                                                                                \
    }
    LIE(b_twice),
    LIE(b_key),
    LIE(b_few_tops),
    LIE(b_no_tops),
    LIE(b_many_tops),
    LIE(b_few_figures),
    LIE(b_no_units),
    LIE(b_units_high),
    LIE(b_other_units),
    LIE(b_sum_high),
    LIE(b_sum_negative),
    LIE(b_tops_turned),
    LIE(b_top_negative),
    LIE(b_top_beyond_bounds),
    LIE(b_tops_beyond_sum),
    LIE(b_sum_beyond_tops),
    LIE(b_units_top),
    LIE(b_count_below_units),
    LIE(b_one_unit_two_tops),
    LIE(b_box_missing),
    LIE(b_box_flat),
    LIE(b_box_outside),
    LIE(b_box_huge),
    LIE(b_box_more),
    LIE(b_box_twice),
    LIE(b_box_without_need),
    LIE(b_box_too_weak),
    LIE(b_second_without_box),
};

static void test_every_lie_is_refused(void **state)
{
    for (size_t i = 0; i < LEN(LIES); i++) {
        struct scene *s = small(kit_of(state));
        struct sy_answer a, before;
        (void)released(s);
        LIES[i].spoil(s);
        memset(&a, 0xA5, sizeof(a));
        memcpy(&before, &a, sizeof(a));
        sy_status st = warden_release(&s->release, &s->w.k->arena, &a, &s->err);
        if (st.code != SY_E_FIELD || memcmp(&a, &before, sizeof(a)) != 0) {
            fail_msg("%s: %s", LIES[i].name, sy_code_name(st.code));
        }
    }
}

/* Without a key of the namespace, without parameters, or from a table that is none, nothing leaves. */
static void test_what_must_be_there(void **state)
{
    static uint64_t short_cum[] = {1, 2, 3};
    static struct sy_pack_ptable broken[] = {
        {.noise = noise1, .cum = short_cum, .n_noise = 3, .n_cum = 3}};
    for (size_t i = 0; i < 4; i++) {
        struct scene *s = small(kit_of(state));
        struct sy_answer a = {0};
        s->release.n_cellkeys = i == 0 ? 0 : 1;
        s->key.ns = i == 1 ? V("org") : s->key.ns;
        s->model.grant.pack.n_cellkey = i == 2 ? 0 : 1;
        s->cellkey.table = i == 3 ? broken : s->cellkey.table;
        s->cellkey.n_table = 1;
        check_code(warden_release(&s->release, &s->w.k->arena, &a, &s->err), SY_E_INTERNAL);
    }
}

/* ---- noise ---- */

static bool same_values(const struct sy_answer *a, const struct sy_answer *b, size_t row)
{
    bool same = true;
    for (size_t f = 0; f < FIGURES; f++) {
        same = same && a->columns[2 + f].values[row] == b->columns[2 + f].values[row];
    }
    return same;
}

/* Neither the charge's seed, nor the other cells, nor where the cell stands. */
static void test_noise_follows_the_contributors(void **state)
{
    for (uint64_t ck = 0; ck < 200; ck++) {
        struct scene *s = scene_new(kit_of(state)), *other = scene_new(kit_of(state));
        add(s, 2, 60, 700)->ck = ck;
        add(other, 1, 33, 500)->ck = ck + 1;
        add(other, 4, 60, 700)->ck = ck;
        memset(other->seed, 1 + (int)(ck % 255), sizeof(other->seed));
        struct sy_answer a = released(s), b = released(other);
        for (size_t f = 0; f < FIGURES; f++) {
            assert_int_equal(a.columns[2 + f].values[2], b.columns[2 + f].values[4]);
        }
    }
}

static void test_other_contributors_have_other_noise(void **state)
{
    size_t same[3] = {0};
    for (uint64_t ck = 0; ck < 200; ck++) {
        struct scene *s = scene_new(kit_of(state));
        struct sy_run_cell *c = add(s, 2, 60, 700);
        c->ck = ck;
        struct sy_answer before = released(s);
        c->ck = ck + 1000;
        struct sy_answer who = released(s);
        c->ck = ck;
        s->space[31] ^= 1;
        struct sy_answer space = released(s);
        s->space[31] ^= 1;
        memset(s->model.facts.blocks[0].figures[1].measure, 99, 16);
        struct sy_answer measure = released(s);
        same[0] += same_values(&before, &who, 2);
        same[1] += same_values(&before, &space, 2);
        same[2] += before.columns[3].values[2] == measure.columns[3].values[2];
        assert_int_equal(before.columns[2].values[2], measure.columns[2].values[2]);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(same[i] <= 8); /* sums have a scale of 350: about 0.2 of 200 by chance */
    }
}

/* A unit's only row is counted as the unit is: the same noise, whichever is asked for. */
static void test_rows_of_single_row_units_are_units(void **state)
{
    for (uint64_t ck = 0; ck < 100; ck++) {
        struct scene *s = scene_new(kit_of(state));
        struct rules_figure_facts *f = s->model.facts.blocks[0].figures;
        struct sy_run_cell *c = add(s, 2, 60, 700);
        c->ck = ck;
        c->figures[2] = 60;
        c->tops[4] = c->tops[5] = 1;
        f[2].reach.rows = 1;
        memcpy(f[2].measure, f[0].measure, sizeof(f[2].measure));
        struct sy_answer a = released(s);
        assert_int_equal(a.columns[2].values[2], a.columns[4].values[2]);
    }
}

/* Counts move as the table says, and are rounded; sums have half of the largest contribution. */
static void test_distributions(void **state)
{
    size_t hits[5] = {0};
    double square = 0;
    for (uint64_t ck = 0; ck < MANY; ck++) {
        struct scene *s = scene_new(kit_of(state));
        add(s, 2, 60, 700)->ck = ck;
        struct sy_answer a = released(s);
        int64_t off = a.columns[2].values[2] - 60;
        assert_true(off >= -2 && off <= 2);
        hits[off + 2]++;
        double sum = (double)(a.columns[3].values[2] - 60 * 700);
        square += sum * sum;
        s->cellkey.round = 5;
        a = released(s);
        assert_int_equal(a.columns[2].values[2], 60); /* 58, 60 and 62 are nearest to it */
        assert_int_equal(a.columns[4].values[2] % 5, 0);
        assert_true(a.columns[3].values[2] == 60 * 700 + (int64_t)sum);
    }
    assert_true(hits[1] == 0 && hits[3] == 0);
    assert_true(fabs((double)hits[2] - MANY / 2.0) < 6 * sqrt(MANY / 4.0));
    assert_true(fabs((double)hits[0] - MANY / 4.0) < 6 * sqrt(MANY * 3 / 16.0));
    assert_true(fabs(sqrt(square / MANY) / 350 - 1) < 6 / sqrt(2.0 * MANY));
}

/* ---- intervals ---- */

static void test_intervals_are_the_rules(void **state)
{
    struct scene *s = small(kit_of(state));
    struct sy_answer a = released(s);
    for (size_t f = 0; f < FIGURES; f++) {
        const struct sy_answer_column *c = &a.columns[2 + f];
        assert_true(sy_view_is(c->mechanism, "cellkey"));
        assert_int_equal(c->noise, 0);
        assert_int_equal(c->hi[2] - c->values[2], 7 + f);
        assert_int_equal(c->values[5] - c->lo[5], 7 + f);
    }
    assert_true(a.columns[5].lo[2] <= a.columns[5].values[2] &&
                a.columns[5].values[2] <= a.columns[5].hi[2]);
}

/* In the post stage a withheld figure is NULL, and leaves as withheld; others keep their values, with
 * intervals from simulated noise of the widest scale. */
static void test_the_post_stage_sees_null(void **state)
{
    struct scene *s = small_of(kit_of(state), show_post);
    struct sy_answer a = released(s), direct = released(small(kit_of(state)));
    check_withheld(&a, (uint64_t[]){0, 1, 3, 4}, 4);
    for (size_t i = 0; i < FIGURES; i++) {
        const struct sy_answer_column *c = &a.columns[2 + i];
        assert_int_equal(c->values[2], direct.columns[2 + i].values[2]);
        assert_true(c->lo[2] < c->values[2] && c->values[2] < c->hi[2]);
    }
    /* a sum's widest noise is half of three rows of 2000: sigma 3000 */
    int64_t width = a.columns[3].hi[5] - a.columns[3].lo[5];
    assert_true(width > 2 * 1.96 * 3000 * 0.85 && width < 2 * 1.96 * 3000 * 1.15);
}

/* ---- what stays behind ---- */

static void test_nothing_exact_is_left(void **state)
{
    struct scene *s = small(kit_of(state));
    struct sy_answer a = {0};
    check_ok(warden_release(&s->release, &s->w.k->arena, &a, &s->err));
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(s->cells[i].ck == 0 && s->cells[i].units == 0);
        for (size_t f = 0; f < FIGURES; f++) {
            assert_true(s->figures[i][f] == 0 && s->tops[i][2 * f] == 0 &&
                        s->tops[i][2 * f + 1] == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_corners_are_withheld_in_all_figures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_withheld_without_need, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_boxes_all_is_withheld, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_dominated_sum_hides_the_count_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_cells_are_withheld, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_lie_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_must_be_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_noise_follows_the_contributors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_contributors_have_other_noise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_of_single_row_units_are_units, setup, teardown),
        cmocka_unit_test_setup_teardown(test_distributions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_intervals_are_the_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_post_stage_sees_null, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_exact_is_left, setup, teardown),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("warden_release_cellkey", tests, NULL, NULL);
}
