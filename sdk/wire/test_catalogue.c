/* Unified social credit codes against their standard, and when data become stale. */
#include "check.h"

#include <string.h>

#include "wire/catalogue.h"

/* The standard's own example, with the check character that its sum asks for. */
static const char EXAMPLE[] = "91350100M000100Y43";

static bool good(const char *text)
{
    return sy_org_code_ok(sy_view_str(text));
}

static void org_codes(void **state)
{
    (void)state;
    assert_true(good(EXAMPLE));
    assert_int_equal(sy_org_code_check(EXAMPLE), '3');
    assert_false(good("91350100M000100Y4Z")); /* as the example is first given, to be found wrong */
    assert_false(good("91350100M000100Y4"));  /* too short */
    assert_false(good("91350100M000100Y433")); /* too long */
    assert_false(good("91350100m000100Y43"));  /* small letter */
    assert_false(good("91350100I000100Y43"));  /* a letter that the set leaves out */
    assert_false(good(""));
    assert_int_equal(sy_org_code_check("9135010OM000100Y4"), '\0'); /* O for 0 */
    char area[SY_ORG_CODE_CHARS + 1] = "9A350100M000100Y4";
    area[SY_ORG_CODE_CHARS - 1] = sy_org_code_check(area);
    assert_true(good(area));
    area[4] = 'A'; /* the area is of digits, whatever the check character says */
    area[SY_ORG_CODE_CHARS - 1] = sy_org_code_check(area);
    assert_false(good(area));
}

/* The weights are units modulo the prime 31: every single wrong character is found, and every swap of two
 * different neighbours. */
static void org_code_errors(void **state)
{
    static const char set[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    (void)state;
    for (size_t i = 0; i < SY_ORG_CODE_CHARS; i++) {
        for (size_t k = 0; set[k] != '\0'; k++) {
            char text[sizeof(EXAMPLE)];
            memcpy(text, EXAMPLE, sizeof(text));
            text[i] = set[k];
            assert_int_equal(good(text), set[k] == EXAMPLE[i]);
        }
    }
    for (size_t i = 0; i + 1 < SY_ORG_CODE_CHARS; i++) {
        char text[sizeof(EXAMPLE)];
        memcpy(text, EXAMPLE, sizeof(text));
        text[i] = EXAMPLE[i + 1];
        text[i + 1] = EXAMPLE[i];
        assert_int_equal(good(text), EXAMPLE[i] == EXAMPLE[i + 1]);
    }
}

static void staleness(void **state)
{
    (void)state;
    assert_false(sy_entry_stale(1, 100, 100));
    assert_false(sy_entry_stale(1, 100, 101));
    assert_true(sy_entry_stale(1, 100, 102));
    assert_false(sy_entry_stale(31, 100, 131));
    assert_true(sy_entry_stale(31, 100, 132));
    assert_true(sy_entry_stale(31, -1, 0));         /* there never were any data */
    assert_false(sy_entry_stale(0, -1, INT64_MAX)); /* never updated, never stale */
    assert_false(sy_entry_stale(1, 100, 50));       /* of the future: another clock's matter */
    assert_false(sy_entry_stale(UINT64_MAX, 0, INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(org_codes),
        cmocka_unit_test(org_code_errors),
        cmocka_unit_test(staleness),
    };
    return cmocka_run_group_tests_name("wire_catalogue", tests, NULL, NULL);
}
