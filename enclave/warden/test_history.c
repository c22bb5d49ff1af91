/*
 * Noise keys of ended epochs: kept as long as one charge of theirs may be resumed or run again, and destroyed once
 * none is left; the present epoch's is never touched.
 */
#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "rules/state.h"
#include "vault/store.h"
#include "warden/run.h"
#include "warden/stop.h"

enum { EPOCHS = 4 };

static struct {
    struct warden w;
    char path[64];
    int dir;
} T;

static void put(const struct rules_key *key, const struct sy_desc *desc, const void *row)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    check_ok(sy_record_encode(desc, row, &b));
    check_ok(rules_state_put_raw(T.w.state, rules_key_view(key), sy_buf_view(&b)));
}

static void grant(uint8_t id, const char *status)
{
    uint8_t hash[32] = {id};
    struct rules_key key = rules_key_hash("grant/", hash);
    struct sy_row_grant row = {.developer = sy_view_str("acme"), .status = sy_view_str(status)};
    put(&key, &sy_row_grant_desc, &row);
}

static void charge(uint64_t entry, uint8_t of, uint64_t epoch, const char *status)
{
    struct rules_key key = rules_key_charge(entry);
    struct sy_row_charge row = {.grant = {of}, .epoch = epoch, .party = sy_view_str("acme")};
    put(&key, &sy_row_charge_desc, &row);
    if (strcmp(status, "open") != 0) {
        struct rules_key at = rules_key_answer(entry);
        struct sy_row_answer answer = {.entry = entry + 1, .ok = strcmp(status, "ok") == 0};
        put(&at, &sy_row_answer_desc, &answer);
    }
}

/* The keys that are there, as digits: "124". */
static void check_keys(const char *want)
{
    char got[EPOCHS + 1] = "";
    check_ok(warden_history_forget(&T.w));
    for (uint64_t e = 1; e <= EPOCHS; e++) {
        struct vault_secret key = {0};
        if (sy_ok(vault_noise_key(T.w.vault, e, &key))) {
            (void)snprintf(got + strlen(got), 2, "%u", (unsigned)e);
        }
        vault_secret_free(&key);
    }
    assert_string_equal(got, want);
}

static int setup(void **state)
{
    (void)state;
    memset(&T, 0, sizeof(T));
    (void)snprintf(T.path, sizeof(T.path), "/tmp/shuyu-history-XXXXXX");
    assert_non_null(mkdtemp(T.path));
    T.dir = open(T.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(vault_create(T.dir, &T.w.vault, NULL));
    T.w.state = rules_state_new();
    assert_non_null(T.w.state);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    vault_close(T.w.vault);
    rules_state_free(T.w.state);
    (void)close(T.dir);
    (void)nftw(T.path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static void test_kept_while_promised(void **state)
{
    (void)state;
    check_ok(vault_epoch_reach(T.w.vault, EPOCHS));
    grant(1, "active");
    grant(2, "suspended");
    charge(10, 1, 0, "ok"); /* of before there were epochs: the first */
    charge(20, 2, 2, "open");
    charge(30, 1, 3, "ok");
    charge(40, 1, 4, "ok");
    check_keys("1234");
    grant(1, "revoked");
    check_keys("24"); /* a suspended grant may be resumed, and its charge with it */
    grant(2, "expired");
    check_keys("4");
    check_keys("4");
}

/* What was refused has no figures; and nobody needs an epoch without charges. */
static void test_nothing_to_keep(void **state)
{
    (void)state;
    check_keys("1");
    check_ok(vault_epoch_reach(T.w.vault, EPOCHS));
    grant(1, "active");
    charge(10, 1, 1, "refused");
    charge(20, 1, 2, "refused");
    charge(21, 1, 2, "open");
    check_keys("24");
    charge(21, 1, 2, "refused");
    check_keys("4");
}

/* A state that cannot be read is no reason to destroy anything. */
static void test_unsure(void **state)
{
    (void)state;
    check_ok(vault_epoch_reach(T.w.vault, 2));
    charge(10, 9, 1, "ok"); /* of a grant that is not there */
    assert_false(sy_ok(warden_history_forget(&T.w)));
    assert_true(vault_noise_has(T.w.vault, 1));
}

static void stop(uint8_t id)
{
    uint8_t hash[32] = {id};
    grant(id, "revoked");
    T.w.stopping = sy_buf(64);
    check_ok(sy_buf_add(&T.w.stopping, hash, sizeof(hash)));
    warden_stops_bite(&T.w);
    sy_buf_deinit(&T.w.stopping);
}

/* Not with the act, whose round every caller waits for: with the clock, and once a minute at most. */
static void test_by_the_clock(void **state)
{
    (void)state;
    check_ok(vault_epoch_reach(T.w.vault, 3));
    grant(1, "active");
    grant(2, "active");
    charge(10, 1, 1, "ok");
    charge(20, 2, 2, "ok");
    warden_stops_tick(&T.w); /* nothing was stopped: nobody looks */
    assert_int_equal(T.w.noise_at_ns, 0);
    stop(1);
    assert_true(vault_noise_has(T.w.vault, 1));
    warden_stops_tick(&T.w);
    assert_false(vault_noise_has(T.w.vault, 1));
    assert_true(vault_noise_has(T.w.vault, 2));
    stop(2);
    warden_stops_tick(&T.w); /* within the same minute */
    assert_true(vault_noise_has(T.w.vault, 2));
    T.w.noise_at_ns = sy_mono_ns();
    warden_stops_tick(&T.w);
    assert_false(vault_noise_has(T.w.vault, 2));
    assert_false(T.w.noise_due);
}

/* What fails is not forgotten. */
static void test_again_in_a_minute(void **state)
{
    (void)state;
    check_ok(vault_epoch_reach(T.w.vault, 2));
    charge(10, 9, 1, "ok"); /* of a grant that is not there */
    stop(1);
    warden_stops_tick(&T.w);
    assert_true(T.w.noise_due && vault_noise_has(T.w.vault, 1));
    grant(9, "revoked");
    T.w.noise_at_ns = sy_mono_ns();
    warden_stops_tick(&T.w);
    assert_false(T.w.noise_due || vault_noise_has(T.w.vault, 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_kept_while_promised), TEST(test_nothing_to_keep),
                                       TEST(test_unsure), TEST(test_by_the_clock),
                                       TEST(test_again_in_a_minute)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("warden_history", tests, NULL, NULL);
}
