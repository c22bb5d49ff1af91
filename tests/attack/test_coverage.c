/*
 * The stated 95 % interval covers the bounded figure at the stated rate: a thousand fresh charges of
 * one reviewed plan, with the noise scales that the rules give it and the release that the warden
 * makes of it, on a fixed bounded table. The observed coverage of each figure must lie within four
 * standard errors of the exactly computed one, and that must be at least 95 %. Twice the noise under
 * the same interval must be noticed.
 *
 * SHUYU_TEST_SEED=n repeats a run with other salts; the default is fixed.
 */
#include "test_kit.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mechanisms/calibrate.h"
#include "mechanisms/release.h"

enum { CHARGES = 1000, FIGURES_MAX = 8, CELLS_MAX = 64, TAILS = 12 };

/* One plan's release, as enclave/warden/src/release.c makes it. */
struct release_case {
    enum mech_kind kind;
    size_t n_cells;
    size_t n_figures;
    struct mech_figure noise[FIGURES_MAX];
    uint64_t half_width[FIGURES_MAX];
    int64_t exact[CELLS_MAX * FIGURES_MAX];
};

static int setup(void **state)
{
    static struct kit k;
    assert_true(sodium_init() >= 0);
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

/* Bounded figures of any size that the plan allows, zero in one cell. */
static int64_t bounded(const struct rules_figure_facts *f, size_t cell)
{
    return cell == 0 ? 0 : f->lo + (f->hi - f->lo) / (int64_t)(cell + 1);
}

static struct release_case case_of(struct kit *k, const char *mechanism)
{
    struct world w = kit_world(k);
    struct rules_plan_facts facts;
    struct sy_plan_block *block = kit_alloc(k, 1, sizeof(*block));
    *block = w.plan->blocks[0];
    block->mechanism = V(mechanism);
    w.plan->blocks = block;
    check_ok(kit_check(&w, &facts));
    const struct rules_block_facts *b = &facts.blocks[0];
    struct release_case c = {.kind = b->kind == RULES_NOISE_GAUSS ? MECH_GAUSS : MECH_LAPLACE,
                             .n_cells = b->n_cells,
                             .n_figures = b->n_figures};
    assert_true(c.n_cells >= 2 && c.n_cells <= CELLS_MAX);
    assert_true(c.n_figures >= 2 && c.n_figures <= FIGURES_MAX);
    for (size_t f = 0; f < c.n_figures; f++) {
        c.noise[f] = (struct mech_figure){.kind = c.kind, .scale = b->figures[f].noise};
        check_ok(mech_half_width(c.kind, c.noise[f].scale, MECH_LEVEL_950, &c.half_width[f]));
        for (size_t cell = 0; cell < c.n_cells; cell++) {
            c.exact[cell * c.n_figures + f] = bounded(&b->figures[f], cell);
        }
    }
    return c;
}

/* Everything a test draws: noise key, question digest and the charges' salts. */
static void draw(uint32_t lane, uint32_t number, uint8_t ret[32])
{
    const char *text = getenv("SHUYU_TEST_SEED");
    uint64_t seed = text == NULL ? 20260101 : strtoull(text, NULL, 10);
    uint8_t bytes[randombytes_SEEDBYTES] = {0};
    memcpy(bytes, &seed, sizeof(seed));
    memcpy(bytes + 8, &lane, sizeof(lane));
    memcpy(bytes + 12, &number, sizeof(number));
    randombytes_buf_deterministic(ret, 32, bytes);
}

/* Releases of CHARGES charges; how often each figure was covered. */
static void count_covered(const struct release_case *c, size_t ret[FIGURES_MAX])
{
    uint8_t key[32], digest[32], salt[32], seed[MECH_SEED_BYTES];
    int64_t values[CELLS_MAX * FIGURES_MAX];
    size_t n = c->n_cells * c->n_figures;
    draw(1, 0, key);
    draw(2, 0, digest);
    for (uint32_t charge = 0; charge < CHARGES; charge++) {
        draw(3, charge, salt);
        mech_seed(key, salt, digest, seed);
        struct mech_block b = {.seed = seed, .figures = c->noise, .n_figures = c->n_figures};
        memcpy(values, c->exact, n * sizeof(*values));
        check_ok(mech_release_cells(&b, values, c->n_cells));
        for (size_t i = 0; i < n; i++) {
            uint64_t off = (uint64_t)llabs(values[i] - c->exact[i]);
            ret[i % c->n_figures] += off <= c->half_width[i % c->n_figures];
        }
    }
}

/* The mass at distance x from zero, not normalised. */
static long double mass(enum mech_kind kind, uint64_t scale, uint64_t x)
{
    long double r = (long double)x / (long double)scale;
    return kind == MECH_GAUSS ? expl(-r * r / 2) : expl(-r);
}

/* P(|noise| <= w), by summing the distribution out to where nothing is left of a long double. */
static long double exact_coverage(enum mech_kind kind, uint64_t scale, uint64_t w)
{
    uint64_t reach = scale * (kind == MECH_GAUSS ? TAILS : 4 * TAILS) + w;
    long double within = mass(kind, scale, 0), all = within;
    for (uint64_t x = 1; x <= reach; x++) {
        long double m = 2 * mass(kind, scale, x);
        all += m;
        within += x <= w ? m : 0;
    }
    return within / all;
}

static bool is_near(size_t hits, size_t n, long double p)
{
    long double error = sqrtl((long double)n * p * (1 - p));
    return fabsl((long double)hits - (long double)n * p) <= 4 * error;
}

static void check_coverage(const struct release_case *c)
{
    size_t covered[FIGURES_MAX] = {0};
    size_t n = CHARGES * c->n_cells;
    count_covered(c, covered);
    for (size_t f = 0; f < c->n_figures; f++) {
        long double p = exact_coverage(c->kind, c->noise[f].scale, c->half_width[f]);
        print_message("# scale %llu, half-width %llu: exact %.5Lf, observed %.5f of %zu\n",
                      (unsigned long long)c->noise[f].scale, (unsigned long long)c->half_width[f],
                      p, (double)covered[f] / (double)n, n);
        assert_true(p >= 0.95L);
        assert_true(is_near(covered[f], n, p));
    }
}

static void test_gauss(void **state)
{
    struct release_case c = case_of(*state, "gauss");
    check_coverage(&c);
}

static void test_laplace(void **state)
{
    struct release_case c = case_of(*state, "laplace");
    check_coverage(&c);
}

/* Negative control: the interval of the stated noise, over twice of it. */
static void test_doubled_noise_is_noticed(void **state)
{
    struct release_case c = case_of(*state, "gauss");
    size_t covered[FIGURES_MAX] = {0};
    long double p[FIGURES_MAX];
    for (size_t f = 0; f < c.n_figures; f++) {
        p[f] = exact_coverage(c.kind, c.noise[f].scale, c.half_width[f]);
        c.noise[f].scale *= 2;
    }
    count_covered(&c, covered);
    for (size_t f = 0; f < c.n_figures; f++) {
        assert_false(is_near(covered[f], CHARGES * c.n_cells, p[f]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gauss),
        cmocka_unit_test(test_laplace),
        cmocka_unit_test(test_doubled_noise_is_noticed),
    };
    return cmocka_run_group_tests_name("coverage", tests, setup, teardown);
}
