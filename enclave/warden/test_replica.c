/*
 * What of a row goes to the gateway: of its staff's keys the certificates, and nobody's identifier.
 */
#include "check.h"

#include <string.h>

#include "warden/replica.h"
#include "wire/staff.h"

static const struct sy_view KEY = {(const uint8_t *)"key/aa", 6};

static void encode(const struct sy_held_key *row, struct sy_buf *ret)
{
    check_ok(sy_record_encode(&sy_held_key_desc, row, ret));
}

static void test_certificates_only(void **state)
{
    (void)state;
    static const char *const uses[] = {"sign", "box", "tls"};
    for (size_t i = 0; i < 3; i++) {
        SY_BUF_CLEANUP struct sy_buf in = sy_buf(4096), out = sy_buf(4096);
        const struct sy_held_key row = {.entry = 7,
                                        .live = true,
                                        .party = sy_view_str("acme"),
                                        .staff = sy_view_str("lin"),
                                        .use = sy_view_str(uses[i])};
        struct sy_view got;
        encode(&row, &in);
        assert_int_equal(warden_replica_row(KEY, sy_buf_view(&in), &out, &got), i == 2);
    }
}

static void test_nobody_named(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf in = sy_buf(4096), out = sy_buf(4096);
    struct sy_held_key row = {
        .party = sy_view_str("acme"), .staff = sy_view_str("lin"), .use = sy_view_str("tls")};
    struct sy_view got;
    for (int live = 0; live < 2; live++) {
        struct sy_held_key read;
        sy_buf_clear(&in);
        sy_buf_clear(&out);
        row.live = live == 1;
        encode(&row, &in);
        assert_true(warden_replica_row(KEY, sy_buf_view(&in), &out, &got));
        assert_null(memmem(got.p, got.n, "lin", 3));
        check_ok(sy_record_decode(&sy_held_key_desc, got, &SY_MP_REQUEST, &arena, &read, NULL));
        assert_true(sy_view_is(read.party, "acme") && read.staff.n > 0 && read.live == row.live);
    }
    row.staff = (struct sy_view){0}; /* a party's own that is retired: nothing to let in */
    sy_buf_clear(&in);
    sy_buf_clear(&out);
    encode(&row, &in);
    assert_false(warden_replica_row(KEY, sy_buf_view(&in), &out, &got));
    struct sy_view other = sy_view_str("any bytes");
    assert_true(warden_replica_row(sy_view_str("grant/aa"), other, &out, &got));
    assert_ptr_equal(got.p, other.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates_only),
        cmocka_unit_test(test_nobody_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
