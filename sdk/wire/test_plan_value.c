/* Labels of group keys: how many values an integer key may take, at the ends of what it can be. */
#include "check.h"

#include "wire/plan.h"
#include "wire/plan_type.h"

static struct sy_arena arena;

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&arena);
    return 0;
}

static const struct sy_view *labels_of(int64_t lo, int64_t hi, size_t *ret_n)
{
    const struct sy_view *labels = NULL;
    struct sy_type t = {.kind = SY_TYPE_INT, .lo = lo, .hi = hi};
    check_ok(sy_type_labels(&t, &arena, &labels, ret_n, NULL));
    return labels;
}

static void test_integers_are_decimals_in_order(void **state)
{
    (void)state;
    size_t n = 0;
    const struct sy_view *labels = labels_of(-2, 1, &n);
    static const char *const WANT[] = {"-2", "-1", "0", "1"};
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_true(sy_view_is(labels[i], WANT[i]));
    }
    labels = labels_of(SY_PLAN_VALUE_MAX - 1, SY_PLAN_VALUE_MAX, &n);
    assert_int_equal(n, 2);
    assert_true(sy_view_is(labels[1], "4611686018427387904"));
    (void)labels_of(1, SY_PLAN_INT_LABELS_MAX, &n);
    assert_int_equal(n, SY_PLAN_INT_LABELS_MAX);
}

static void test_too_many_values_are_no_key(void **state)
{
    (void)state;
    static const struct sy_type TYPES[] = {
        {.kind = SY_TYPE_INT, .lo = 0, .hi = SY_PLAN_INT_LABELS_MAX},
        {.kind = SY_TYPE_INT, .lo = -SY_PLAN_VALUE_MAX, .hi = SY_PLAN_VALUE_MAX},
        {.kind = SY_TYPE_INT, .lo = INT64_MIN, .hi = INT64_MAX},
        {.kind = SY_TYPE_INT, .lo = INT64_MIN, .hi = 0},
        {.kind = SY_TYPE_INT, .nothing = true},
        {.kind = SY_TYPE_INT, .scale = 1, .hi = 1},
        {.kind = SY_TYPE_DATE, .hi = 1},
    };
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        const struct sy_view *labels = NULL;
        size_t n = 0;
        check_code(sy_type_labels(&TYPES[i], &arena, &labels, &n, NULL), SY_E_PLAN);
        assert_null(labels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_integers_are_decimals_in_order, teardown),
        cmocka_unit_test_teardown(test_too_many_values_are_no_key, teardown),
    };
    return cmocka_run_group_tests_name("wire_plan_value", tests, NULL, NULL);
}
