/*
 * Keys that nobody declared: only cells above the noisy threshold show, in the order of the labels' bytes,
 * and a worker's word about labels is checked.
 */
#include "test_scene.h"

#include <string.h>

/* ---- open keys ---- */

static struct scene *open_scene(struct kit *k)
{
    struct scene *s = scene_new(k, open_street);
    s->columns[1] = (struct sy_run_column){
        .dict = KIT_STRS(k, "Zulu Road", "b", "Alder Way", "a", "long lane", ""),
        .n_dict = 6,
        .field = V("street"),
        .type = V("text"),
        .width = 4};
    s->columns[0] = (struct sy_run_column){.field = V("age"), .type = V("int32"), .width = 4};
    s->release.n_columns = 2;
    return s;
}

static struct sy_run_cell *open_cell(struct scene *s, uint64_t street, uint64_t event,
                                     int64_t units)
{
    struct sy_run_cell *c = add_cell(s, street, event, (uint64_t)units);
    put(c, units, units * 650, units);
    return c;
}

/* A cell with one unit never shows, a cell far above the threshold always does. */
static void test_open_threshold(void **state)
{
    for (uint64_t i = 0; i < 200; i++) {
        struct scene *s = open_scene(kit_of(state));
        const struct rules_block_facts *f = &s->model.facts.blocks[0];
        int64_t far = f->tau + (int64_t)f->units_noise * 12;
        assert_true(f->tau > 1);
        (void)open_cell(s, 0, 0, 1);
        (void)open_cell(s, 1, 1, far);
        (void)open_cell(s, 2, 2, 1);
        (void)open_cell(s, 6, 0, far); /* the NULL street */
        memcpy(s->seed, &i, sizeof(i));
        struct sy_answer a = released(s);
        assert_int_equal(a.rows, 2);
        for (size_t r = 0; r < 2; r++) {
            bool null = sy_view_is(a.columns[0].texts[r], "∅");
            assert_true(null || sy_view_is(a.columns[0].texts[r], "b"));
            assert_true(sy_view_is(a.columns[1].texts[r], null ? "diabetes" : "htn"));
        }
    }
}

static int by_bytes(const void *x, const void *y)
{
    const struct sy_view *a = x, *b = y;
    int c = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);
    return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

static struct sy_view key_bytes(struct scene *s, const struct sy_view *labels)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(sy_mp_put_array(&b, 2));
    check_ok(sy_mp_put_str(&b, labels[0]));
    check_ok(sy_mp_put_str(&b, labels[1]));
    return sy_arena_copy(&s->w.k->arena, sy_buf_view(&b));
}

/* The answer's order says nothing about the worker's: rows come by their key's canonical bytes. */
static void test_open_order(void **state)
{
    struct scene *s = open_scene(kit_of(state));
    for (uint64_t i = 0; i < 12; i++) {
        (void)open_cell(s, (i * 5) % 6, i / 6, 5000);
    }
    struct sy_answer a = released(s);
    struct sy_view keys[12];
    assert_int_equal(a.rows, 12);
    for (size_t i = 0; i < 12; i++) {
        keys[i] = key_bytes(s, (struct sy_view[]){a.columns[0].texts[i], a.columns[1].texts[i]});
        assert_true(i == 0 || by_bytes(&keys[i - 1], &keys[i]) < 0);
    }
    struct scene *back = open_scene(kit_of(state));
    for (uint64_t i = 12; i-- > 0;) {
        (void)open_cell(back, (i * 5) % 6, i / 6, 5000);
    }
    struct sy_answer b = released(back);
    assert_true(same_answer(&a, &b));
}

/* A cell's noise is its key's: cells beside it change nothing. */
static void test_open_noise_is_the_keys(void **state)
{
    struct scene *one = open_scene(kit_of(state)), *many = open_scene(kit_of(state));
    (void)open_cell(one, 4, 2, 4000);
    (void)open_cell(many, 0, 0, 4000);
    (void)open_cell(many, 4, 2, 4000);
    (void)open_cell(many, 5, 1, 1);
    struct sy_answer a = released(one), b = released(many);
    assert_int_equal(a.rows, 1);
    assert_int_equal(b.rows, 2);
    size_t at = sy_view_is(b.columns[0].texts[0], "long lane") ? 0 : 1;
    for (size_t f = 0; f < SCENE_FIGURES; f++) {
        assert_int_equal(a.columns[2 + f].values[0], b.columns[2 + f].values[at]);
    }
}

/* The mechanism itself, asked with the same seed, block and keys, is what the release is. */
static void test_open_is_the_mechanism(void **state)
{
    struct scene *s = open_scene(kit_of(state));
    const struct rules_block_facts *f = &s->model.facts.blocks[0];
    struct mech_figure noise[SCENE_FIGURES];
    struct mech_open_cell cells[6] = {0};
    int64_t values[6][SCENE_FIGURES];
    size_t kept = 0;
    for (uint64_t i = 0; i < 6; i++) {
        struct sy_view labels[] = {s->columns[1].dict[i], V("stroke")};
        (void)open_cell(s, i, 2, f->tau + (int64_t)i - 3);
        memcpy(values[i], s->figures[i], sizeof(values[i]));
        cells[i] =
            (struct mech_open_cell){key_bytes(s, labels), (int64_t)s->cells[i].units, values[i]};
    }
    for (size_t i = 0; i < SCENE_FIGURES; i++) {
        noise[i] = (struct mech_figure){MECH_GAUSS, f->figures[i].noise};
    }
    struct mech_block b = {.seed = s->seed, .figures = noise, .n_figures = SCENE_FIGURES};
    struct mech_open_rule rule = {.count = {MECH_GAUSS, f->units_noise}, .tau = f->tau};
    check_ok(mech_release_open(&b, &rule, cells, 6, &kept));
    struct sy_answer a = released(s);
    assert_int_equal(a.rows, kept);
    for (size_t i = 0; i < kept * SCENE_FIGURES; i++) {
        assert_int_equal(a.columns[2 + i % 3].values[i / 3], cells[i / 3].values[i % 3]);
    }
}

/* The pack's cap on kept cells falls on released keys, in their order. */
static void test_open_cap(void **state)
{
    struct scene *s = open_scene(kit_of(state)), *capped = open_scene(kit_of(state));
    for (uint64_t i = 0; i < 12; i++) {
        (void)open_cell(s, i % 6, i / 6, 5000);
        (void)open_cell(capped, i % 6, i / 6, 5000);
    }
    struct sy_answer all = released(s);
    capped->model.facts.blocks[0].n_cells = 5;
    struct sy_answer some = released(capped);
    assert_int_equal(some.rows, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(sy_view_eq(all.columns[0].texts[i], some.columns[0].texts[i]));
        assert_int_equal(all.columns[2].values[i], some.columns[2].values[i]);
    }
}

SPOIL(o_position, c->key[0] = 7;)
SPOIL(o_far_position, c->key[0] = UINT64_MAX;)
SPOIL(o_declared, c->key[1] = 3;)
SPOIL(o_no_column, s->release.n_columns = 1;)
SPOIL(o_other_scan, s->columns[1].scan = 1;)
SPOIL(o_twice, c->key[0] = s->keys[0][0]; c->key[1] = s->keys[0][1];)
SPOIL(o_same_text, s->columns[1].dict[4] = s->columns[1].dict[0];)
SPOIL(o_units, c->units = 0;)
SPOIL(o_many_units, c->units = f->units_max + 1;)
SPOIL(o_range, c->figures[2] = f->figures[2].hi + 1;)
static void o_long(struct scene *s)
{
    char *text = kit_alloc(s->w.k, RULES_LABEL_BYTES_MAX + 1, 1);
    memset(text, 'x', RULES_LABEL_BYTES_MAX + 1);
    s->columns[1].dict[4] = sy_view(text, RULES_LABEL_BYTES_MAX + 1);
}

static void test_open_boundary(void **state)
{
    static void (*const spoil[])(struct scene *) = {
        o_position,  o_far_position, o_declared,   o_no_column, o_other_scan, o_twice,
        o_same_text, o_units,        o_many_units, o_range,     o_long};
    for (size_t i = 0; i < LEN(spoil); i++) {
        struct scene *s = open_scene(kit_of(state));
        (void)open_cell(s, 0, 0, 500);
        (void)open_cell(s, 4, 0, 500);
        spoil[i](s);
        if (!refuses(s, warden_release)) {
            fail_msg("open case %zu was not refused", i);
        }
    }
}

/* What those cases spoil is sound; and a label of exactly the widest length leaves. */
static void test_open_widest_label(void **state)
{
    struct scene *s = open_scene(kit_of(state));
    (void)open_cell(s, 0, 0, 500);
    assert_int_equal(released(s).rows, 1);
    s = open_scene(kit_of(state));
    (void)open_cell(s, 4, 0, 500);
    o_long(s);
    s->columns[1].dict[4].n--;
    struct sy_answer a = released(s);
    assert_int_equal(a.rows, 1);
    assert_int_equal(a.columns[0].texts[0].n, RULES_LABEL_BYTES_MAX);
}

/* NULL, the empty text and a text that looks like the mark of NULL are three keys. */
static void test_open_null_is_no_text(void **state)
{
    struct scene *s = open_scene(kit_of(state));
    size_t marks = 0, empty = 0;
    s->columns[1].dict[0] = V("∅");
    (void)open_cell(s, 0, 0, 500);
    (void)open_cell(s, 5, 0, 600); /* "" */
    (void)open_cell(s, 6, 0, 700); /* NULL */
    struct sy_answer a = released(s);
    assert_int_equal(a.rows, 3);
    for (size_t i = 0; i < 3; i++) {
        marks += sy_view_is(a.columns[0].texts[i], "∅");
        empty += a.columns[0].texts[i].n == 0;
    }
    assert_int_equal(marks, 2);
    assert_int_equal(empty, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_open_threshold),
        WITH_KIT(test_open_order),
        WITH_KIT(test_open_noise_is_the_keys),
        WITH_KIT(test_open_is_the_mechanism),
        WITH_KIT(test_open_cap),
        WITH_KIT(test_open_boundary),
        WITH_KIT(test_open_widest_label),
        WITH_KIT(test_open_null_is_no_text),
    };
    return cmocka_run_group_tests_name("warden_release_open", tests, NULL, NULL);
}
