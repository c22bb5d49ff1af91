/*
 * Clamps from public knowledge, against figures worked out by hand.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/bounds.h"

static sy_status read_text(const char *text, struct sy_arena *a, struct cli_bounds *ret,
                           struct sy_error *err)
{
    char path[] = "/tmp/shuyu-bounds-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    sy_status s = cli_bounds_read(path, a, ret, err);
    unlink(path);
    return s;
}

static const char FILE_TEXT[] = "figure: cost\n"
                                "population: 1000\n"
                                "values:\n"
                                "  - {value: 1000, share: 0.1}\n"
                                "  - {value: 0, share: 0.2}\n"
                                "  - {value: 100.5, share: 0.4}\n"
                                "  - {value: 10, share: 0.3}\n";

static void near(double got, double want)
{
    if (fabs(got - want) > 1e-9 * (1 + fabs(want))) {
        fail_msg("%.12g, want %.12g", got, want);
    }
}

static void bias_by_hand(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct cli_bounds b;
    check_ok(read_text(FILE_TEXT, &a, &b, NULL));
    assert_int_equal(b.n_points, 4);
    near(b.points[0].value, 0);
    near(b.points[3].value, 1000);
    near(cli_bounds_expected(&b), 1000 * (0.3 * 10 + 0.4 * 100.5 + 0.1 * 1000));
    near(cli_bounds_bias(&b, 0, 1000), 0);
    near(cli_bounds_bias(&b, -5, 2000), 0);
    near(cli_bounds_bias(&b, 0, 500), 1000 * 0.1 * -500);
    near(cli_bounds_bias(&b, 10, 100.5), 1000 * (0.2 * 10 - 0.1 * 899.5));
    b.average = true;
    near(cli_bounds_bias(&b, 0, 500), -50);
    near(cli_bounds_expected(&b), 143.2);
}

static void steps_reach_the_ends(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct cli_bounds b = {.n_points = 1000};
    size_t steps[CLI_BOUNDS_STEPS_MAX];
    b.points = sy_arena_alloc(&a, b.n_points, sizeof(*b.points));
    for (size_t i = 0; i < b.n_points; i++) {
        b.points[i] = (struct cli_bounds_point){.value = (double)i, .share = 0.001};
    }
    assert_int_equal(cli_bounds_steps(&b, true, steps), CLI_BOUNDS_STEPS_MAX);
    assert_in_range(steps[0], 498, 501);
    assert_int_equal(steps[CLI_BOUNDS_STEPS_MAX - 1], 999);
    assert_int_equal(cli_bounds_steps(&b, false, steps), CLI_BOUNDS_STEPS_MAX);
    assert_int_equal(steps[CLI_BOUNDS_STEPS_MAX - 1], 0);
    for (size_t i = 1; i < CLI_BOUNDS_STEPS_MAX; i++) {
        assert_true(steps[i] < steps[i - 1]);
    }
    b.n_points = 2;
    b.points[0].share = b.points[1].share = 0.5;
    assert_int_equal(cli_bounds_steps(&b, true, steps), 2);
    assert_int_equal(cli_bounds_steps(&b, false, steps), 1);
    assert_int_equal(steps[0], 0);
}

static void bad_files(void **state)
{
    (void)state;
    static const char *const files[] = {
        "figure: x\npopulation: 5\nvalues:\n  - {value: 1, share: 1}\n",
        "figure: x\npopulation: 0\nvalues:\n  - {value: 1, share: 0.5}\n  - {value: 2, share: "
        "0.5}\n",
        "figure: x\npopulation: 5\nvalues:\n  - {value: 1, share: 0.5}\n  - {value: 2, share: "
        "0.4}\n",
        "figure: x\npopulation: 5\nvalues:\n  - {value: a, share: 0.5}\n  - {value: 2, share: "
        "0.5}\n",
        "figure: x\npopulation: 5\nvalues:\n  - {value: nan, share: 0.5}\n  - {value: 2, share: "
        "0.5}\n",
        "figure: x\npopulation: 5\nvalues:\n  - {value: 1, share: -0.5}\n  - {value: 2, share: "
        "1.5}\n",
        "figure: x\nof: median\npopulation: 5\nvalues:\n  - {value: 1, share: 0.5}\n"
        "  - {value: 2, share: 0.5}\n",
        "population: 5\nvalues:\n  - {value: 1, share: 0.5}\n  - {value: 2, share: 0.5}\n",
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        SY_ARENA_CLEANUP struct sy_arena a = {0};
        struct cli_bounds b;
        struct sy_error e = {0};
        check_code(read_text(files[i], &a, &b, &e), SY_E_FIELD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bias_by_hand),
                                       cmocka_unit_test(steps_reach_the_ends),
                                       cmocka_unit_test(bad_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
