/* Ending a dataset for good: nothing of it is left on the disk, and nothing else is touched. */
#include "test_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t GRANT[32] = {7}, OTHER_GRANT[32] = {8};

/* --- what lies on the disk -------------------------------------------------------------------------- */

static const char *wanted; /* nftw has no context */
static unsigned seen;

static int count_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    seen += strstr(path + at->base, wanted) != NULL;
    return 0;
}

/* Files and folders below the domain in whose own name `part` occurs. */
static unsigned named(const struct fixture *f, const char *part)
{
    wanted = part;
    seen = 0;
    assert_int_equal(nftw(f->path, count_name, 16, FTW_PHYS), 0);
    return seen;
}

/* As whoever holds the share would. */
static void deposit_sealed(struct fixture *f, const struct sy_dataset_keys *keys,
                           enum sy_holder whose)
{
    uint8_t share[32];
    struct sy_view id = sy_view_str("own.visits");
    SY_BUF_CLEANUP struct sy_buf box = sy_buf(256);
    check_ok(vault_sealed_share(f->v, id, whose, &box, NULL));
    assert_int_equal(crypto_box_seal_open(share, box.p, box.n, f->custodian_pk, f->custodian_sk),
                     0);
    check_ok(vault_deposit(f->v, GRANT, id, keys, whose, share, NULL));
}

/* A second dataset, of three shares, all deposited; whose identifier ends like the first one's. */
static struct sy_dataset_keys neighbour(struct fixture *f)
{
    struct sy_dataset_keys keys;
    struct vault_holders boxes = {f->custodian_pk, f->custodian_pk};
    check_ok(vault_dataset_create(f->v, sy_view_str("own.visits"), &boxes, &keys, NULL));
    deposit_sealed(f, &keys, SY_HOLDER_CUSTODIAN);
    deposit_sealed(f, &keys, SY_HOLDER_DEPARTMENT);
    return keys;
}

static void deposit(struct fixture *f, const uint8_t grant[32])
{
    check_ok(vault_deposit(f->v, grant, f->def.id, &f->keys, SY_HOLDER_CUSTODIAN, f->share, NULL));
}

/* --- tests ------------------------------------------------------------------------------------------ */

static void nothing_is_left(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_keys keys;
    int fd = -1;
    struct vault_column column;
    struct sy_dataset_version first = fixture_version(f, 100, 1);
    struct sy_dataset_version second = fixture_version(f, 50, 2);
    deposit(f, GRANT);
    deposit(f, OTHER_GRANT);
    assert_true(named(f, "visits") >= 5); /* dataset, custodian, two deposits, the folder */
    check_ok(vault_dataset_shred(f->v, f->def.id, NULL));
    assert_int_equal(named(f, "visits"), 0);
    assert_int_equal(named(f, "version"), 0);
    check_code(vault_dataset_keys(f->v, f->def.id, &keys, NULL), SY_E_NOT_FOUND);
    assert_false(vault_has_deposit(f->v, GRANT, f->def.id, SY_HOLDER_CUSTODIAN));
    struct sy_error e = {0};
    assert_false(sy_ok(fixture_read(f, &first, F_AGE, "", &column, &fd, &e)));
    assert_false(sy_ok(fixture_read(f, &second, F_AGE, "", &column, &fd, &e)));
    check_ok(vault_dataset_shred(f->v, f->def.id, NULL)); /* again: there is nothing to do */
}

static void others_stay(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_keys keys = neighbour(f), again;
    struct sy_view other = sy_view_str("own.visits");
    (void)fixture_version(f, 20, 1);
    deposit(f, GRANT);
    assert_int_equal(named(f, "own.visits"), 5); /* three shares, two deposits */
    check_ok(vault_dataset_shred(f->v, f->def.id, NULL));
    assert_int_equal(named(f, "visits"), 5);
    assert_true(vault_has_deposit(f->v, GRANT, other, SY_HOLDER_CUSTODIAN));
    check_ok(vault_dataset_keys(f->v, other, &again, NULL));
    assert_memory_equal(&again, &keys, sizeof(again));
    assert_true(vault_dataset_is_there(f->v, other));
    check_ok(vault_dataset_shred(f->v, other, NULL));
    assert_int_equal(named(f, "visits"), 0);
    assert_false(vault_dataset_is_there(f->v, other));
}

/* The other way round, and with columns that must open still. */
static void the_first_stays(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version v = fixture_version(f, 20, 1);
    uint64_t units = 0, later = 0;
    struct vault_column column;
    struct sy_error e = {0};
    int fd = -1;
    (void)neighbour(f);
    deposit(f, GRANT);
    check_ok(vault_units(f->v, sy_view_str("person"), &units, NULL));
    check_ok(vault_dataset_shred(f->v, sy_view_str("own.visits"), NULL));
    assert_true(vault_has_deposit(f->v, GRANT, f->def.id, SY_HOLDER_CUSTODIAN));
    assert_true(vault_dataset_is_there(f->v, f->def.id));
    check_ok(fixture_read(f, &v, F_AGE, "", &column, &fd, &e));
    close(fd);
    check_ok(vault_dataset_shred(f->v, f->def.id, NULL));
    check_ok(vault_units(f->v, sy_view_str("person"), &later, NULL));
    assert_int_equal(units, later); /* codes stay with their units */
}

/* The wrapped keys were in the files' own blocks: those are written over before they are given back. */
static void bytes_are_overwritten(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version v = fixture_version(f, 40, 1);
    char path[512], *slash;
    uint8_t before[256], after[256];
    fixture_column_path(f, &v, F_AGE, path);
    slash = strrchr(path, '/');
    snprintf(slash, sizeof(path) - (size_t)(slash - path), "/version");
    int held = open(path, O_RDONLY | O_CLOEXEC); /* what a disk's block would still show */
    assert_true(held >= 0);
    ssize_t n = pread(held, before, sizeof(before), 0);
    assert_true(n > 64);
    check_ok(vault_dataset_shred(f->v, f->def.id, NULL));
    assert_int_equal(pread(held, after, sizeof(after), 0), n);
    unsigned same = 0;
    for (ssize_t i = 0; i < n; i++) {
        same += before[i] == after[i];
    }
    assert_true(same < (unsigned)n / 8);
    close(held);
}

/* What a crash between keys and files leaves: no key, all files. */
static void begun_is_ended(void **state)
{
    struct fixture *f = *state;
    char path[512];
    (void)fixture_version(f, 30, 1);
    snprintf(path, sizeof(path), "%s/keys/store/dataset:visits.key", f->path);
    assert_int_equal(unlink(path), 0);
    check_ok(vault_dataset_shred(f->v, f->def.id, NULL));
    assert_int_equal(named(f, "visits"), 0);
}

static void bad_identifiers(void **state)
{
    struct fixture *f = *state;
    static const char *const BAD[] = {"", "units", ".", "..", "a/b", "A", "../keys"};
    (void)fixture_version(f, 30, 1);
    unsigned all = named(f, "");
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        check_code(vault_dataset_shred(f->v, sy_view_str(BAD[i]), NULL), SY_E_FIELD);
    }
    assert_int_equal(named(f, ""), all);
}

/* A file that cannot be erased is an error, and the next call ends it. */
static void failure_is_told(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct sy_error e = {0};
    (void)fixture_version(f, 30, 1);
    snprintf(path, sizeof(path), "%s/data/visits/odd", f->path);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); /* no attempt's folder */
    assert_false(sy_ok(vault_dataset_shred(f->v, f->def.id, &e)));
    assert_int_equal(unlink(path), 0);
    check_ok(vault_dataset_shred(f->v, f->def.id, NULL));
    assert_int_equal(named(f, "visits"), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(nothing_is_left), T(others_stay),     T(the_first_stays), T(bytes_are_overwritten),
        T(begun_is_ended),  T(bad_identifiers), T(failure_is_told),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
