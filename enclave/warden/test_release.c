/*
 * The release: which cells leave is the plan's word, never the worker's; every BOUNDARY check refuses
 * and leaves the answer alone; ratios are exact post-processing of released figures. The last test is
 * a negative control: a build without the check of cells must be told apart by the same cases.
 */
#include "test_kit.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/time.h"
#include "mechanisms/calibrate.h"
#include "mechanisms/release.h"
#include "warden/release.h"

enum { CELLS_MAX = 64, FIGURES = 3, MANY = 4000 };

sy_status warden_release_unchecked(const struct warden_release *c, struct sy_arena *arena,
                                   struct sy_answer *ret, struct sy_error *reterr);

/* One release under test: a checked model, a worker's result that a case may spoil, a seed. */
struct scene {
    struct world w;
    struct rules_model model;
    struct sy_run_cell cells[CELLS_MAX];
    uint64_t keys[CELLS_MAX][4];
    int64_t figures[CELLS_MAX][4];
    struct sy_run_block blocks[2];
    struct sy_run_result result;
    struct sy_run_column columns[2];
    struct warden_release release;
    uint8_t seed[MECH_SEED_BYTES];
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

/* All figures in the answer, and the ratio. */
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

static void scene_check(struct scene *s)
{
    sy_status st = kit_check(&s->w, &s->model.facts);
    if (!sy_ok(st)) {
        fail_msg("plan: %s %s %s", sy_code_name(st.code), s->w.k->err.field, s->w.k->err.reason);
    }
    s->model.plan = *s->w.plan;
    s->model.grant.defs = s->w.defs;
}

/* An empty result for the plan that `make` makes of the kit's. */
static struct scene *scene_new(struct kit *k, void (*make)(struct world *w))
{
    struct scene *s = kit_alloc(k, 1, sizeof(*s));
    s->w = kit_world(k);
    make(&s->w);
    scene_check(s);
    s->blocks[0].cells = s->cells;
    s->result = (struct sy_run_result){.blocks = s->blocks, .n_blocks = 1, .ok = true};
    s->release = (struct warden_release){
        .model = &s->model, .result = &s->result, .columns = s->columns, .seed = s->seed};
    memset(s->seed, 42, sizeof(s->seed));
    return s;
}

static struct sy_run_cell *add_cell(struct scene *s, uint64_t a, uint64_t b, uint64_t units)
{
    size_t i = s->blocks[0].n_cells++;
    assert_true(i < CELLS_MAX);
    s->keys[i][0] = a;
    s->keys[i][1] = b;
    s->cells[i] = (struct sy_run_cell){.figures = s->figures[i],
                                       .n_figures = s->model.facts.blocks[0].n_figures,
                                       .key = s->keys[i],
                                       .n_key = s->model.facts.blocks[0].n_keys,
                                       .units = units};
    return &s->cells[i];
}

static void put(struct sy_run_cell *c, int64_t a, int64_t b, int64_t d)
{
    c->figures[0] = a;
    c->figures[1] = b;
    c->figures[2] = d;
}

/* A result is released once: its figures are put back, so that a case may go on with it. */
static struct sy_answer released(struct scene *s)
{
    struct sy_answer a = {0};
    int64_t exact[CELLS_MAX][4];
    memcpy(exact, s->figures, sizeof(exact));
    sy_status st = warden_release(&s->release, &s->w.k->arena, &a, &s->err);
    if (!sy_ok(st)) {
        fail_msg("release: %s %s", sy_code_name(st.code), s->err.reason);
    }
    memcpy(s->figures, exact, sizeof(exact));
    return a;
}

static bool same_column(const struct sy_answer_column *a, const struct sy_answer_column *b)
{
    size_t bytes = a->n_values * sizeof(int64_t);
    bool same = a->n_values == b->n_values && a->n_withheld == b->n_withheld &&
                a->n_texts == b->n_texts && memcmp(a->values, b->values, bytes) == 0 &&
                memcmp(a->lo, b->lo, bytes) == 0 && memcmp(a->hi, b->hi, bytes) == 0;
    for (size_t i = 0; same && i < a->n_texts; i++) {
        same = sy_view_eq(a->texts[i], b->texts[i]);
    }
    return same;
}

static bool same_answer(const struct sy_answer *a, const struct sy_answer *b)
{
    bool same = a->n_columns == b->n_columns && a->rows == b->rows;
    for (size_t i = 0; same && i < a->n_columns; i++) {
        struct sy_answer_column x = a->columns[i], y = b->columns[i];
        int64_t none = 0;
        x.values = x.values == NULL ? &none : x.values;
        y.values = y.values == NULL ? &none : y.values;
        x.lo = x.lo == NULL ? &none : x.lo;
        y.lo = y.lo == NULL ? &none : y.lo;
        x.hi = x.hi == NULL ? &none : x.hi;
        y.hi = y.hi == NULL ? &none : y.hi;
        same = same_column(&x, &y);
    }
    return same;
}

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
        int64_t want[6][FIGURES] = {{0}};
        for (uint64_t i = 6; i-- > 0;) {
            if ((mask >> i & 1) != 0) {
                int64_t n = (int64_t)i + 1;
                put(add_cell(s, i / 3, i % 3, i + 1), n, 700 * n, 2 * n);
                memcpy(want[i], (int64_t[]){n, 700 * n, 2 * n}, sizeof(want[i]));
            }
        }
        struct sy_answer a = released(s);
        check_labels(&a);
        for (size_t i = 0; i < 6 * FIGURES; i++) {
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
    for (size_t f = 0; f < FIGURES; f++) {
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

#define SPOIL(name, ...)                                                                           \
    static void name(struct scene *s)                                                              \
    {                                                                                              \
        struct sy_run_cell *c = &s->cells[1];                                                      \
        const struct rules_block_facts *f = &s->model.facts.blocks[0];                             \
        (void)c;                                                                                   \
        (void)f;                                                                                   \
        __VA_ARGS__                                                                                \
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

typedef sy_status release_fn(const struct warden_release *c, struct sy_arena *arena,
                             struct sy_answer *ret, struct sy_error *reterr);

/* Does it refuse, and leave the answer as it was? */
static bool refuses(struct scene *s, release_fn *release)
{
    struct sy_answer a, before;
    memset(&a, 0xA5, sizeof(a));
    memcpy(&before, &a, sizeof(a));
    sy_status st = release(&s->release, &s->w.k->arena, &a, &s->err);
    return st.code == SY_E_FIELD && memcmp(&a, &before, sizeof(a)) == 0;
}

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
    for (size_t i = 0; i < FIGURES; i++) {
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

/* ---- public blocks: exact figures, ratios ---- */

/* Streets by town: sum(area), a count and their ratio, exact; areas may be negative here. */
static void public_ratio(struct world *w)
{
    struct sy_plan *p = w->plan;
    struct sy_plan_block *b = &p->blocks[0];
    struct sy_plan_expr e[] = {col(w, 1), col(w, 0)};
    w->defs.defs[2].fields[2].lo = -4000000000;
    w->defs.defs[2].fields[2].hi = 4000000000;
    w->defs.defs[2].fields[2].type = V("int64");
    p->sources = kit_alloc(w->k, 1, sizeof(*p->sources));
    p->sources[0].dataset = V("streets");
    memcpy(p->sources[0].def, w->defs.digests[2], 32);
    p->n_sources = 1;
    p->n_params = 0;
    p->rels[0] = (struct sy_plan_rel){.names = KIT_STRS(w->k, "area", "town"),
                                      .n_names = 2,
                                      .op = V("scan"),
                                      .source = V("streets")};
    p->n_rels = 1;
    *b = (struct sy_plan_block){.exprs = list(w, e, 2),
                                .n_exprs = 2,
                                .mechanism = V("exact"),
                                .name = V("main"),
                                .figures = b->figures,
                                .n_figures = 3,
                                .keys = b->keys,
                                .n_keys = 1};
    b->figures[0] = (struct sy_plan_figure){.fn = V("count"), .name = V("rows")};
    b->figures[1] = (struct sy_plan_figure){.expr = 1,
                                            .fn = V("sum"),
                                            .has_arg = true,
                                            .lo = -4000000000,
                                            .hi = 4000000000,
                                            .name = V("area")};
    b->figures[2] =
        (struct sy_plan_figure){.expr = 1, .fn = V("count"), .has_arg = true, .name = V("n")};
    b->keys[0] = (struct sy_plan_key){
        .labels = KIT_STRS(w->k, "a", "b", "c"), .n_labels = 3, .name = V("town")};
    p->n_outs = 4;
    p->outs[0] = (struct sy_plan_out){.name = V("town"), .op = V("key")};
    p->outs[1] = (struct sy_plan_out){.a = 1, .name = V("area"), .op = V("figure")};
    p->outs[2] = (struct sy_plan_out){.a = 2, .name = V("n"), .op = V("figure")};
    p->outs[3] = (struct sy_plan_out){.a = 1,
                                      .b = 2,
                                      .lo = -4000000000000,
                                      .hi = 4000000000000,
                                      .name = V("avg"),
                                      .op = V("ratio"),
                                      .scale = 3};
}

static void test_public_is_exact(void **state)
{
    struct scene *s = scene_new(kit_of(state), public_ratio);
    put(add_cell(s, 2, 0, 0), 3, -100, 3);
    put(add_cell(s, 0, 0, 0), 2, 9, 2);
    struct sy_answer a = released(s);
    const int64_t area[] = {9, 0, -100};
    assert_int_equal(a.rows, 3);
    assert_memory_equal(a.columns[1].values, area, sizeof(area));
    assert_memory_equal(a.columns[1].lo, area, sizeof(area));
    assert_memory_equal(a.columns[1].hi, area, sizeof(area));
    assert_int_equal(a.columns[1].noise, 0);
    assert_true(sy_view_is(a.columns[1].mechanism, "exact"));
    s->seed[0] ^= 1;
    struct sy_answer other = released(s);
    assert_true(same_answer(&a, &other));
    const struct sy_answer_column *r = &a.columns[3];
    assert_int_equal(r->values[0], 4500);
    assert_int_equal(r->values[2], -33333);
    assert_int_equal(r->lo[2], -33334);
    assert_int_equal(r->hi[2], -33333);
    assert_int_equal(r->n_withheld, 1); /* no row in town b */
    assert_int_equal(r->withheld[0], 1);
}

/* The quotient's nearest neighbour, exactly: 2 (v b - a f) in (-b, b], i.e. a tie goes up. */
static void check_quotient(int64_t a, int64_t b, int64_t f, int64_t v)
{
    sy_i128 d = 2 * ((sy_i128)v * b - (sy_i128)a * f);
    if (!(d > -(sy_i128)b && d <= (sy_i128)b)) {
        fail_msg("%lld / %lld: %lld", (long long)a, (long long)b, (long long)v);
    }
    long double q = (long double)a * (long double)f / (long double)b;
    assert_true(fabsl(q - (long double)v) <= 0.5L + fabsl(q) * 1e-18L);
}

/* Deterministic "random": the seed is printed and can be put back here. */
static void start_random(uint64_t *seed)
{
    const char *given = getenv("SHUYU_TEST_SEED");
    *seed = given != NULL ? strtoull(given, NULL, 10) : sy_mono_ns();
    print_message("# SHUYU_TEST_SEED=%llu\n", (unsigned long long)*seed);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void random_cell(struct scene *s, uint64_t *seed)
{
    static const uint64_t most[] = {3, 100, 100000};
    uint64_t rows = next(seed) % most[next(seed) % 3] + 1;
    uint64_t top = rows * UINT64_C(4000000000);
    uint64_t range = next(seed) % 2 == 0 ? 2 * top + 1 : 2001;
    int64_t sum = (int64_t)(next(seed) % range) - (int64_t)(range / 2);
    put(&s->cells[0], (int64_t)rows, sum, (int64_t)rows);
}

static void test_ratio_rounds_exactly(void **state)
{
    struct scene *s = scene_new(kit_of(state), public_ratio);
    uint64_t seed;
    start_random(&seed);
    (void)add_cell(s, 1, 0, 0);
    for (size_t i = 0; i < MANY; i++) {
        random_cell(s, &seed);
        struct sy_answer a = released(s);
        const struct sy_answer_column *r = &a.columns[3];
        check_quotient(s->figures[0][1], s->figures[0][2], 1000, r->values[1]);
        assert_true(r->lo[1] <= r->values[1] && r->values[1] <= r->hi[1]);
        assert_true(r->hi[1] - r->lo[1] <= 1);
    }
}

static void narrow_ratio(struct world *w)
{
    public_ratio(w);
    w->plan->outs[3].lo = -2000;
    w->plan->outs[3].hi = 5000;
}

static void test_ratio_clamps(void **state)
{
    struct scene *s = scene_new(kit_of(state), narrow_ratio);
    put(add_cell(s, 0, 0, 0), 2, 9, 1);  /* 9.000 */
    put(add_cell(s, 1, 0, 0), 2, -9, 3); /* -3.000 */
    put(add_cell(s, 2, 0, 0), 2, 5, 1);  /* 5.000, the end itself */
    struct sy_answer a = released(s);
    const struct sy_answer_column *r = &a.columns[3];
    const int64_t want[] = {5000, -2000, 5000};
    assert_memory_equal(r->values, want, sizeof(want));
    assert_memory_equal(r->lo, want, sizeof(want));
    assert_memory_equal(r->hi, want, sizeof(want));
    assert_int_equal(r->n_withheld, 0);
}

/* ---- noised ratios: a function of the released figures and nothing else ---- */

static void check_noised_row(const struct sy_answer *a, size_t row, size_t *withheld)
{
    int64_t sum = a->columns[3].values[row], n = a->columns[4].values[row];
    const struct sy_answer_column *r = &a->columns[5];
    assert_true(300 <= r->lo[row] && r->lo[row] <= r->hi[row] && r->hi[row] <= 2000);
    if (n <= 0) {
        assert_true(*withheld < r->n_withheld);
        assert_int_equal(r->withheld[(*withheld)++], row);
        assert_int_equal(r->values[row], 0); /* nothing behind the mark */
        assert_int_equal(r->lo[row], 300);
        assert_int_equal(r->hi[row], 2000);
        return;
    }
    long double q = floorl((long double)sum / (long double)n + 0.5L);
    q = q < 300 ? 300 : q > 2000 ? 2000 : q;
    assert_true(fabsl(q - (long double)r->values[row]) < 0.25L);
    assert_true(r->lo[row] <= r->values[row] && r->values[row] <= r->hi[row]);
}

static void test_noised_ratio(void **state)
{
    struct scene *s = scene_new(kit_of(state), show_all);
    uint64_t seed;
    size_t all_withheld = 0;
    start_random(&seed);
    struct sy_run_cell *c = add_cell(s, 1, 1, 50);
    struct sy_run_cell *d = add_cell(s, 0, 0, 40000);
    for (size_t i = 0; i < 500; i++) {
        int64_t n = (int64_t)(next(&seed) % 60), m = (int64_t)(next(&seed) % 100000);
        put(c, n, n * 650, n);
        put(d, 40000, m * 1200, m);
        memcpy(s->seed, &seed, sizeof(seed));
        struct sy_answer a = released(s);
        size_t withheld = 0;
        for (size_t row = 0; row < a.rows; row++) {
            check_noised_row(&a, row, &withheld);
        }
        assert_int_equal(withheld, a.columns[5].n_withheld);
        all_withheld += withheld;
    }
    print_message("# %zu of 3000 ratios withheld\n", all_withheld);
    assert_true(all_withheld > 100 && all_withheld < 2900);
}

/* The interval holds the true quotient about as often as it says; far below 95 % would be a bug. */
static void test_ratio_coverage(void **state)
{
    struct scene *s = scene_new(kit_of(state), show_all);
    put(add_cell(s, 1, 0, 500), 500, 500 * 700, 500);
    size_t held = 0;
    for (uint64_t i = 1; i <= 1000; i++) {
        memcpy(s->seed, &i, sizeof(i));
        struct sy_answer a = released(s);
        held += a.columns[5].lo[3] <= 700 && 700 <= a.columns[5].hi[3];
    }
    print_message("# the interval held in %zu of 1000\n", held);
    assert_true(held >= 930);
}

/* ---- open keys ---- */

static void open_street(struct world *w)
{
    struct sy_plan_block *b = &w->plan->blocks[0];
    show_all(w);
    w->plan->rels[0].names = KIT_STRS(w->k, "id", "age", "street", "weight");
    b->keys[0] = (struct sy_plan_key){.name = V("street"), .open = true};
    b->delta = 1000000;
}

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
    for (size_t f = 0; f < FIGURES; f++) {
        assert_int_equal(a.columns[2 + f].values[0], b.columns[2 + f].values[at]);
    }
}

/* The mechanism itself, asked with the same seed, block and keys, is what the release is. */
static void test_open_is_the_mechanism(void **state)
{
    struct scene *s = open_scene(kit_of(state));
    const struct rules_block_facts *f = &s->model.facts.blocks[0];
    struct mech_figure noise[FIGURES];
    struct mech_open_cell cells[6] = {0};
    int64_t values[6][FIGURES];
    size_t kept = 0;
    for (uint64_t i = 0; i < 6; i++) {
        struct sy_view labels[] = {s->columns[1].dict[i], V("stroke")};
        (void)open_cell(s, i, 2, f->tau + (int64_t)i - 3);
        memcpy(values[i], s->figures[i], sizeof(values[i]));
        cells[i] =
            (struct mech_open_cell){key_bytes(s, labels), (int64_t)s->cells[i].units, values[i]};
    }
    for (size_t i = 0; i < FIGURES; i++) {
        noise[i] = (struct mech_figure){MECH_GAUSS, f->figures[i].noise};
    }
    struct mech_block b = {.seed = s->seed, .figures = noise, .n_figures = FIGURES};
    struct mech_open_rule rule = {.count = {MECH_GAUSS, f->units_noise}, .tau = f->tau};
    check_ok(mech_release_open(&b, &rule, cells, 6, &kept));
    struct sy_answer a = released(s);
    assert_int_equal(a.rows, kept);
    for (size_t i = 0; i < kept * FIGURES; i++) {
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

#define WITH_KIT(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

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
        WITH_KIT(test_public_is_exact),
        WITH_KIT(test_ratio_rounds_exactly),
        WITH_KIT(test_ratio_clamps),
        WITH_KIT(test_noised_ratio),
        WITH_KIT(test_ratio_coverage),
        WITH_KIT(test_open_threshold),
        WITH_KIT(test_open_order),
        WITH_KIT(test_open_noise_is_the_keys),
        WITH_KIT(test_open_is_the_mechanism),
        WITH_KIT(test_open_cap),
        WITH_KIT(test_open_boundary),
        WITH_KIT(test_open_widest_label),
        WITH_KIT(test_open_null_is_no_text),
    };
    return cmocka_run_group_tests_name("warden_release", tests, NULL, NULL);
}
