/*
 * Negative control of the whole release path: this program holds the library compiled with the switches
 * of base/weak.h and noise_090 on, and the goodness-of-fit test must notice. Scale 1 cannot be weakened.
 */
#include "check.h"

#include "base/weak.h"
#include "mechanisms/release.h"
#include "test_stats.h"

#include <sodium.h>
#include <stdlib.h>

bool sy_weak(enum sy_weakness which)
{
    return which == SY_WEAK_NOISE_090;
}

static const char *release_misfit(enum mech_kind kind, uint64_t scale, uint64_t ref_scale)
{
    uint8_t seed[MECH_SEED_BYTES];
    const struct mech_figure figure = {kind, scale};
    struct mech_block b = {.seed = seed, .figures = &figure, .n_figures = 1};
    struct stats_dist d = stats_dist(kind, ref_scale);
    int64_t *values = calloc(STATS_N, sizeof(values[0]));
    assert_non_null(values);
    stats_seed(3000 + (uint32_t)scale, seed);
    check_ok(mech_release_cells(&b, values, STATS_N));
    const char *which = stats_misfit(&d, values, STATS_N);
    free(values);
    stats_free(&d);
    return which;
}

static void weak_noise_is_noticed(void **state)
{
    (void)state;
    for (uint32_t kind = MECH_GAUSS; kind < MECH_KIND_N; kind++) {
        assert_non_null(release_misfit(kind, 10, 10));
        assert_non_null(release_misfit(kind, 1000, 1000));
        assert_null(release_misfit(kind, 1000, 900)); /* and is exactly the weakness announced */
        assert_null(release_misfit(kind, 1, 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(weak_noise_is_noticed)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
