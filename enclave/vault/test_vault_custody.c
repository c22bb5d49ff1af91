/*
 * A key in three shares: nothing less than all opens it, none passes for another, and a deposit is good for one grant, one
 * dataset and one holder. Keys of two shares stay as they were, byte for byte.
 */
#include "test_fixture.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t GRANT[32] = {1}, OTHER[32] = {2};

struct three {
    struct fixture *f;
    uint8_t agency_pk[32], agency_sk[32], department_pk[32], department_sk[32];
    uint8_t custodian[32], department[32]; /* the shares, opened */
    struct sy_dataset_keys keys;
    struct sy_dataset_version version;
};

static void open_share(struct three *t, enum sy_holder whose, const uint8_t pk[32],
                       const uint8_t sk[32], uint8_t ret[32])
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(vault_sealed_share(t->f->v, t->f->def.id, whose, &b, NULL));
    assert_int_equal(crypto_box_seal_open(ret, b.p, b.n, pk, sk), 0);
}

/* A dataset "three" under two custodians, with a version; the fixture's def and keys become it. */
static struct three make(struct fixture *f)
{
    struct three t = {.f = f};
    crypto_box_keypair(t.agency_pk, t.agency_sk);
    crypto_box_keypair(t.department_pk, t.department_sk);
    const struct vault_holders boxes = {t.agency_pk, t.department_pk};
    f->def.id = sy_view_str("three");
    check_ok(vault_dataset_create(f->v, f->def.id, &boxes, &f->keys, NULL));
    t.keys = f->keys;
    assert_true(sy_custody_third(&t.keys));
    open_share(&t, SY_HOLDER_CUSTODIAN, t.agency_pk, t.agency_sk, t.custodian);
    open_share(&t, SY_HOLDER_DEPARTMENT, t.department_pk, t.department_sk, t.department);
    t.version = fixture_version(f, 10, 1);
    return t;
}

static int32_t open_with(struct three *t, const struct sy_dataset_keys *keys,
                         const uint8_t *custodian, const uint8_t *department)
{
    struct vault_version *ver = NULL;
    const struct vault_holders shares = {custodian, department};
    sy_status s = vault_version_open(t->f->v, keys, &shares, &t->version, &ver, NULL);
    vault_version_close(ver);
    return s.code;
}

static void needs_all(void **state)
{
    struct three t = make(*state);
    struct vault_version *ver = NULL;
    uint8_t wrong[32], pub[32], sum[32];
    fixture_reopen(t.f);
    memcpy(wrong, t.department, 32);
    wrong[7] ^= 4;
    assert_int_equal(open_with(&t, &t.keys, t.custodian, t.department), 0);
    assert_int_equal(open_with(&t, &t.keys, t.custodian, NULL), SY_E_SHARE);
    assert_int_equal(open_with(&t, &t.keys, NULL, t.department), SY_E_SHARE);
    assert_int_equal(open_with(&t, &t.keys, NULL, NULL), SY_E_SHARE);
    assert_int_equal(open_with(&t, &t.keys, t.custodian, wrong), SY_E_SHARE);
    assert_int_equal(open_with(&t, &t.keys, t.department, t.custodian), SY_E_SHARE);
    assert_int_equal(open_with(&t, &t.keys, t.department, t.department), SY_E_SHARE);
    check_code(vault_version_open(t.f->v, &t.keys, NULL, &t.version, &ver, NULL), SY_E_SHARE);
    for (size_t i = 0; i < 32; i++) { /* agency and department together, without the platform */
        sum[i] = t.custodian[i] ^ t.department[i];
    }
    crypto_scalarmult_base(pub, sum);
    assert_memory_not_equal(pub, t.keys.pub, 32);
}

/* A ledger's record that says less than was made opens nothing. */
static void fewer_commitments(void **state)
{
    struct three t = make(*state);
    struct sy_dataset_keys keys = t.keys;
    memset(keys.department, 0, 32);
    assert_int_equal(open_with(&t, &keys, t.custodian, NULL), SY_E_SHARE);
    assert_int_equal(open_with(&t, &keys, t.custodian, t.department), SY_E_SHARE);
    keys = t.keys;
    keys.department[0] ^= 1;
    assert_int_equal(open_with(&t, &keys, t.custodian, t.department), SY_E_SHARE);
}

/* The same bytes are another commitment for another holder, and each box opens for its holder only. */
static void apart(void **state)
{
    struct three t = make(*state);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    uint8_t out[32];
    assert_true(vault_share_ok(&t.keys, SY_HOLDER_CUSTODIAN, t.custodian));
    assert_true(vault_share_ok(&t.keys, SY_HOLDER_DEPARTMENT, t.department));
    assert_false(vault_share_ok(&t.keys, SY_HOLDER_NONE, t.custodian));
    struct sy_dataset_keys swapped = t.keys;
    memcpy(swapped.department, t.keys.custodian, 32);
    assert_false(vault_share_ok(&swapped, SY_HOLDER_DEPARTMENT, t.custodian));
    check_ok(vault_sealed_share(t.f->v, t.f->def.id, SY_HOLDER_DEPARTMENT, &b, NULL));
    assert_int_not_equal(crypto_box_seal_open(out, b.p, b.n, t.agency_pk, t.agency_sk), 0);
    check_code(vault_sealed_share(t.f->v, t.f->def.id, SY_HOLDER_NONE, &b, NULL), SY_E_NOT_FOUND);
    check_code(vault_sealed_share(t.f->v, sy_view_str("visits"), SY_HOLDER_DEPARTMENT, &b, NULL),
               SY_E_NOT_FOUND);
}

static void item_path(const struct three *t, const uint8_t grant[32], const char *rest,
                      char ret[512])
{
    char hex[65];
    sodium_bin2hex(hex, sizeof(hex), grant, 32);
    snprintf(ret, 512, "%s/keys/store/deposit:%s:%s.key", t->f->path, hex, rest);
}

/* A deposit's file under the name of another grant or holder does not open. */
static void moved(struct three *t)
{
    VAULT_SECRET_CLEANUP struct vault_secret got = {0};
    char from[512], to[512];
    item_path(t, GRANT, "department:three", from);
    item_path(t, OTHER, "department:three", to);
    assert_int_equal(link(from, to), 0);
    check_code(vault_deposit_take(t->f->v, OTHER, t->f->def.id, SY_HOLDER_DEPARTMENT, &got, NULL),
               SY_E_TAMPERED);
    unlink(to);
    item_path(t, GRANT, "three", to);
    assert_int_equal(link(from, to), 0);
    check_code(vault_deposit_take(t->f->v, GRANT, t->f->def.id, SY_HOLDER_CUSTODIAN, &got, NULL),
               SY_E_TAMPERED);
    unlink(to);
}

static void deposits(void **state)
{
    struct three t = make(*state);
    struct vault *v = t.f->v;
    struct sy_view id = t.f->def.id;
    VAULT_SECRET_CLEANUP struct vault_secret got = {0};
    check_code(vault_deposit(v, GRANT, id, &t.keys, SY_HOLDER_DEPARTMENT, t.custodian, NULL),
               SY_E_SHARE);
    check_code(vault_deposit(v, GRANT, id, &t.keys, SY_HOLDER_CUSTODIAN, t.department, NULL),
               SY_E_SHARE);
    check_ok(vault_deposit(v, GRANT, id, &t.keys, SY_HOLDER_DEPARTMENT, t.department, NULL));
    assert_false(vault_has_deposit(v, GRANT, id, SY_HOLDER_CUSTODIAN));
    assert_true(vault_has_deposit(v, GRANT, id, SY_HOLDER_DEPARTMENT));
    assert_false(vault_has_deposit(v, OTHER, id, SY_HOLDER_DEPARTMENT));
    moved(&t);
    check_ok(vault_deposit(v, GRANT, id, &t.keys, SY_HOLDER_CUSTODIAN, t.custodian, NULL));
    check_ok(vault_deposit_take(v, GRANT, id, SY_HOLDER_DEPARTMENT, &got, NULL));
    assert_memory_equal(got.p, t.department, 32);
    check_ok(vault_deposit_erase(v, GRANT, id, SY_HOLDER_CUSTODIAN));
    check_ok(vault_deposit_erase(v, GRANT, id, SY_HOLDER_CUSTODIAN));
    assert_false(vault_has_deposit(v, GRANT, id, SY_HOLDER_CUSTODIAN));
    assert_true(vault_has_deposit(v, GRANT, id, SY_HOLDER_DEPARTMENT));
    check_ok(vault_erase_grant(v, GRANT));
    assert_false(vault_has_deposit(v, GRANT, id, SY_HOLDER_DEPARTMENT));
}

/* What is stored of a key of two shares has not grown; nobody is a third holder alone. */
static void two_as_before(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char path[512];
    const uint8_t box[32] = {9};
    const struct vault_holders only = {NULL, box};
    struct sy_dataset_keys made;
    enum { SEALED_AROUND = 8 + 2 + 12 + 16 };
    assert_false(sy_custody_third(&f->keys));
    snprintf(path, sizeof(path), "%s/keys/store/dataset:visits.key", f->path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 129 + SEALED_AROUND);
    (void)make(f);
    snprintf(path, sizeof(path), "%s/keys/store/dataset:three.key", f->path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 161 + SEALED_AROUND);
    check_code(vault_dataset_create(f->v, sy_view_str("none"), &only, &made, NULL), SY_E_FIELD);
    check_code(vault_dataset_keys(f->v, sy_view_str("none"), &made, NULL), SY_E_NOT_FOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(needs_all), T(fewer_commitments), T(apart), T(deposits), T(two_as_before),
    };
    return cmocka_run_group_tests_name("vault_custody", tests, NULL, NULL);
}
