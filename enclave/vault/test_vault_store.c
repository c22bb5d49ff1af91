/* The key store: opening, domain keys, shares, deposits, epochs, checkpoints, blobs. */
#include "test_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void join(const struct fixture *f, const char *name, char ret[512])
{
    snprintf(ret, 512, "%s/%s", f->path, name);
}

static void flip_file(const char *path, off_t at)
{
    uint8_t b = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &b, 1, at), 1);
    b ^= 0x40;
    assert_int_equal(pwrite(fd, &b, 1, at), 1);
    close(fd);
}

static void reopened(void **state)
{
    struct fixture *f = *state;
    struct vault_domain_keys before = *vault_domain_keys(f->v);
    static const uint8_t MSG[] = "tree head";
    uint8_t sig[64];
    fixture_reopen(f);
    const struct vault_domain_keys *now = vault_domain_keys(f->v);
    assert_memory_equal(before.log.pub, now->log.pub, 32);
    assert_memory_equal(before.warden.pub, now->warden.pub, 32);
    assert_memory_equal(before.box.pub, now->box.pub, 32);
    assert_memory_not_equal(now->log.pub, now->warden.pub, 32);
    crypto_sign_detached(sig, NULL, MSG, sizeof(MSG), now->log.secret);
    assert_int_equal(crypto_sign_verify_detached(sig, MSG, sizeof(MSG), before.log.pub), 0);
    struct vault *again = NULL;
    struct sy_error e = {0};
    check_code(vault_create(f->dirfd, &again, &e), SY_E_EXISTS);
    assert_null(again);
}

static void refused_master(struct fixture *f, int32_t code)
{
    struct vault *v = NULL;
    struct sy_error e = {0};
    check_code(vault_open(f->dirfd, &v, &e), code);
    assert_null(v);
    assert_true(strncmp(e.field, "keys/master.key", 15) == 0 || code == SY_E_TAMPERED);
}

static void master_key(void **state)
{
    struct fixture *f = *state;
    char path[512], other[512];
    join(f, "keys/master.key", path);
    join(f, "keys/moved.key", other);
    static const mode_t MODES[] = {0644, 0640, 0604, 0660, 0700, 0400, 04600};
    for (size_t i = 0; i < sizeof(MODES) / sizeof(MODES[0]); i++) {
        assert_int_equal(chmod(path, MODES[i]), 0);
        refused_master(f, SY_E_DENIED);
    }
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(rename(path, other), 0);
    refused_master(f, SY_E_NOT_FOUND);
    assert_int_equal(symlink("moved.key", path), 0);
    refused_master(f, SY_E_DENIED);
    unlink(path);
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(truncate(path, 33), 0);
    refused_master(f, SY_E_DENIED);
    assert_int_equal(truncate(path, 31), 0);
    refused_master(f, SY_E_DENIED);
    assert_int_equal(truncate(path, 32), 0); /* 32 bytes again, but another key */
    flip_file(path, 30); /* a byte that truncation did not touch: it is another for sure */
    refused_master(f, SY_E_TAMPERED);
}

/* Every byte of an item; one item in another's place. */
static void items_sealed(void **state)
{
    struct fixture *f = *state;
    char log_key[512], warden_key[512];
    join(f, "keys/store/domain:log.key", log_key);
    join(f, "keys/store/domain:warden.key", warden_key);
    struct stat st;
    assert_int_equal(stat(log_key, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    for (off_t i = 0; i < st.st_size; i++) {
        struct vault *v = NULL;
        struct sy_error e = {0};
        flip_file(log_key, i);
        check_code(vault_open(f->dirfd, &v, &e), i == 8 || i == 9 ? SY_E_SUITE : SY_E_TAMPERED);
        assert_string_equal(e.field, "domain:log");
        flip_file(log_key, i);
    }
    assert_int_equal(unlink(warden_key), 0);
    assert_int_equal(link(log_key, warden_key), 0);
    struct vault *v = NULL;
    struct sy_error e = {0};
    check_code(vault_open(f->dirfd, &v, &e), SY_E_TAMPERED);
    assert_string_equal(e.field, "domain:warden");
}

/* A crash between write and rename leaves a temp file, which is erased at the next opening. */
static void temp_files(void **state)
{
    struct fixture *f = *state;
    char temp[512];
    join(f, "keys/store/deposit:x.key.tmp", temp);
    close(open(temp, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    fixture_reopen(f);
    assert_int_not_equal(access(temp, F_OK), 0);
}

/* --- shares ----------------------------------------------------------------------------------- */

static void shares(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_keys again, made;
    uint8_t pub[32], sk[32];
    fixture_reopen(f);
    check_ok(vault_dataset_keys(f->v, f->def.id, &again, NULL));
    assert_memory_equal(&again, &f->keys, sizeof(again));
    check_code(vault_dataset_create(f->v, f->def.id, &f->boxes, &made, NULL), SY_E_EXISTS);
    assert_true(vault_share_ok(&f->keys, SY_HOLDER_CUSTODIAN, f->share));
    f->share[3] ^= 1;
    assert_false(vault_share_ok(&f->keys, SY_HOLDER_CUSTODIAN, f->share));
    crypto_scalarmult_base(pub, f->share); /* a share alone is not the key */
    assert_memory_not_equal(pub, f->keys.pub, 32);
    static const uint8_t LOW_ORDER[32];
    const struct vault_holders low = {.custodian = LOW_ORDER};
    static const char *const BAD[] = {"", "units", ".", "..", "a/b", "A", "x y"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        check_code(vault_dataset_create(f->v, sy_view_str(BAD[i]), &f->boxes, &made, NULL),
                   SY_E_FIELD);
    }
    check_code(vault_dataset_create(f->v, sy_view_str("low"), &low, &made, NULL), SY_E_FIELD);
    check_code(vault_dataset_keys(f->v, sy_view_str("low"), &made, NULL), SY_E_NOT_FOUND);
    check_ok(vault_dataset_create(f->v, sy_view_str("units.key"), &f->boxes, &made, NULL));
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    randombytes_buf(sk, sizeof(sk));
    check_ok(vault_sealed_share(f->v, f->def.id, SY_HOLDER_CUSTODIAN, &b, NULL));
    uint8_t out[32];
    assert_int_not_equal(crypto_box_seal_open(out, b.p, b.n, f->custodian_pk, sk), 0);
}

static void opening_needs_the_share(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, 10, 1);
    struct vault_version *ver = NULL;
    uint8_t wrong[32];
    memcpy(wrong, f->share, 32);
    wrong[31] ^= 0x80;
    const struct vault_holders bad = {.custodian = wrong};
    check_code(vault_version_open(f->v, &f->keys, &bad, &version, &ver, NULL), SY_E_SHARE);
    check_code(vault_version_open(f->v, &f->keys, NULL, &version, &ver, NULL), SY_E_SHARE);
    for (size_t i = 0; i < 3; i++) { /* any part of the ledger's record that differs */
        struct sy_dataset_keys keys = f->keys;
        (i == 0 ? keys.pub : i == 1 ? keys.platform : keys.custodian)[0] ^= 1;
        check_code(vault_version_open(f->v, &keys, &f->shares, &version, &ver, NULL), SY_E_SHARE);
    }
    assert_null(ver);
    check_ok(vault_version_open(f->v, &f->keys, &f->shares, &version, &ver, NULL));
    vault_version_close(ver);
}

/* A public dataset: the platform holds both shares. */
static void no_custodian(void **state)
{
    struct fixture *f = *state;
    check_ok(vault_dataset_create(f->v, sy_view_str("streets"), NULL, &f->keys, NULL));
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_code(vault_sealed_share(f->v, sy_view_str("streets"), SY_HOLDER_CUSTODIAN, &b, NULL),
               SY_E_NOT_FOUND);
    f->def.id = sy_view_str("streets");
    struct sy_dataset_version version = fixture_version(f, 10, 1);
    struct vault_version *ver = NULL;
    check_ok(vault_version_open(f->v, &f->keys, NULL, &version, &ver, NULL));
    vault_version_close(ver);
}

static void deposits(void **state)
{
    struct fixture *f = *state;
    uint8_t grant[32] = {1}, other[32] = {2}, wrong[32] = {3};
    char mine[512], theirs[512], name[200], hex[65];
    VAULT_SECRET_CLEANUP struct vault_secret share = {0};
    check_code(vault_deposit(f->v, grant, f->def.id, &f->keys, SY_HOLDER_CUSTODIAN, wrong, NULL),
               SY_E_SHARE);
    assert_false(vault_has_deposit(f->v, grant, f->def.id, SY_HOLDER_CUSTODIAN));
    check_ok(vault_deposit(f->v, grant, f->def.id, &f->keys, SY_HOLDER_CUSTODIAN, f->share, NULL));
    fixture_reopen(f);
    check_ok(vault_deposit_take(f->v, grant, f->def.id, SY_HOLDER_CUSTODIAN, &share, NULL));
    assert_memory_equal(share.p, f->share, 32);
    vault_secret_free(&share);
    check_code(vault_deposit_take(f->v, other, f->def.id, SY_HOLDER_CUSTODIAN, &share, NULL),
               SY_E_SHARE);

    /* The same file under another grant's name does not open. */
    sodium_bin2hex(hex, sizeof(hex), grant, 32);
    snprintf(name, sizeof(name), "keys/store/deposit:%s:visits.key", hex);
    join(f, name, mine);
    sodium_bin2hex(hex, sizeof(hex), other, 32);
    snprintf(name, sizeof(name), "keys/store/deposit:%s:visits.key", hex);
    join(f, name, theirs);
    assert_int_equal(link(mine, theirs), 0);
    check_code(vault_deposit_take(f->v, other, f->def.id, SY_HOLDER_CUSTODIAN, &share, NULL),
               SY_E_TAMPERED);
    unlink(theirs);

    /* Erased: overwritten (seen through a descriptor that is still open) and gone. */
    int fd = open(mine, O_RDONLY | O_CLOEXEC);
    uint8_t before[128], after[128];
    ssize_t n = pread(fd, before, sizeof(before), 0);
    check_ok(vault_erase_grant(f->v, other));
    assert_true(vault_has_deposit(f->v, grant, f->def.id, SY_HOLDER_CUSTODIAN));
    check_ok(vault_erase_grant(f->v, grant));
    assert_int_equal(pread(fd, after, sizeof(after), 0), n);
    assert_memory_not_equal(before, after, 8);
    close(fd);
    assert_false(vault_has_deposit(f->v, grant, f->def.id, SY_HOLDER_CUSTODIAN));
    check_code(vault_deposit_take(f->v, grant, f->def.id, SY_HOLDER_CUSTODIAN, &share, NULL),
               SY_E_SHARE);
    check_ok(vault_erase_grant(f->v, grant));
    assert_null(share.p);
}

/* --- memory ----------------------------------------------------------------------------------- */

static void epochs(void **state)
{
    struct fixture *f = *state;
    VAULT_SECRET_CLEANUP struct vault_secret one = {0}, two = {0}, again = {0};
    uint64_t epoch = 0;
    assert_int_equal(vault_epoch(f->v), 1);
    check_ok(vault_noise_key(f->v, 1, &one));
    check_code(vault_noise_destroy(f->v, 1), SY_E_STATE);
    check_ok(vault_epoch_start(f->v, &epoch));
    assert_int_equal(epoch, 2);
    fixture_reopen(f);
    assert_int_equal(vault_epoch(f->v), 2);
    check_ok(vault_noise_key(f->v, 2, &two));
    assert_memory_not_equal(one.p, two.p, 32);
    check_ok(vault_noise_key(f->v, 1, &again));
    assert_memory_equal(one.p, again.p, 32);
    assert_true(vault_noise_has(f->v, 1));
    check_ok(vault_noise_destroy(f->v, 1));
    assert_false(vault_noise_has(f->v, 1));
    check_ok(vault_noise_destroy(f->v, 1));
    vault_secret_free(&again);
    check_code(vault_noise_key(f->v, 1, &again), SY_E_NOT_FOUND);
    check_code(vault_noise_key(f->v, 3, &again), SY_E_NOT_FOUND);
}

/* Who leads is in the key store, sealed as all of it, and only there. */
static void seats(void **state)
{
    struct fixture *f = *state;
    static const uint8_t none[32], first[32] = {1, 2}, again[32] = {3};
    uint8_t got[32] = {9};
    check_ok(vault_seat(f->v, got));
    assert_memory_equal(got, none, 32);
    check_ok(vault_seat_set(f->v, first));
    check_ok(vault_seat_set(f->v, again));
    fixture_reopen(f);
    check_ok(vault_seat(f->v, got));
    assert_memory_equal(got, again, 32);
    assert_int_equal(unlinkat(f->dirfd, "keys/store/seat.key", 0), 0); /* as in a copy */
    fixture_reopen(f);
    check_code(vault_seat(f->v, got), SY_E_NOT_FOUND);
}

/* A standby may have the key of an epoch without the item that counts epochs, and may have missed some. */
static void epochs_reached(void **state)
{
    struct fixture *f = *state;
    VAULT_SECRET_CLEANUP struct vault_secret copied = {0}, kept = {0}, made = {0};
    SY_BUF_CLEANUP struct sy_buf one = sy_buf(4096);
    uint64_t epoch = 0;
    check_ok(sy_read_file_at(f->dirfd, "keys/store/epoch.key", &one));
    check_ok(vault_epoch_start(f->v, &epoch));
    check_ok(vault_noise_key(f->v, 2, &copied));
    check_ok(sy_replace_file_at(f->dirfd, "keys/store/epoch.key", sy_buf_view(&one), 0600));
    fixture_reopen(f);
    assert_int_equal(vault_epoch(f->v), 1);
    check_ok(vault_epoch_reach(f->v, 4));
    assert_int_equal(vault_epoch(f->v), 4);
    check_ok(vault_noise_key(f->v, 2, &kept));
    assert_memory_equal(copied.p, kept.p, 32);
    for (epoch = 3; epoch <= 4; epoch++) {
        check_ok(vault_noise_key(f->v, epoch, &made));
        vault_secret_free(&made);
    }
    check_ok(vault_epoch_reach(f->v, 2)); /* never back */
    assert_int_equal(vault_epoch(f->v), 4);
}

static void checkpoints(void **state)
{
    struct fixture *f = *state;
    uint8_t a[32] = {1}, b[32] = {2}, root[32];
    uint64_t size = 9;
    vault_last_checkpoint(f->v, &size, root);
    assert_int_equal(size, 0);
    check_ok(vault_note_checkpoint(f->v, 7, a));
    check_ok(vault_note_checkpoint(f->v, 7, a));
    check_code(vault_note_checkpoint(f->v, 7, b), SY_E_ROLLBACK);
    check_code(vault_note_checkpoint(f->v, 6, b), SY_E_ROLLBACK);
    fixture_reopen(f);
    check_code(vault_note_checkpoint(f->v, 6, b), SY_E_ROLLBACK);
    check_ok(vault_note_checkpoint(f->v, 8, b));
    vault_last_checkpoint(f->v, &size, root);
    assert_int_equal(size, 8);
    assert_memory_equal(root, b, 32);
    char path[512];
    struct vault *v = NULL;
    join(f, "keys/store/checkpoint.key", path);
    unlink(path); /* forgetting is refused, too */
    check_code(vault_open(f->dirfd, &v, NULL), SY_E_NOT_FOUND);
}

/* One of a few answers is not told by its file's size. */
static void blob_sizes(void **state)
{
    struct fixture *f = *state;
    static const size_t lengths[] = {0, 4, 5, 7, 300, 1023};
    uint8_t bytes[4000] = {0x80};
    off_t first = 0;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char name[24], path[512];
        struct stat st;
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
        snprintf(name, sizeof(name), "size%zu", lengths[i]);
        check_ok(vault_blob_put(f->v, sy_view_str(name), sy_view(bytes, lengths[i])));
        snprintf(path, sizeof(path), "%s/answers/%s.blob", f->path, name);
        assert_int_equal(stat(path, &st), 0);
        first = first == 0 ? st.st_size : first;
        assert_int_equal(st.st_size, first);
        check_ok(sy_buf_add_str(&b, "before"));
        check_ok(vault_blob_get(f->v, sy_view_str(name), &b, NULL));
        assert_int_equal(b.n, 6 + lengths[i]);
        assert_memory_equal(b.p + 6, bytes, lengths[i]);
    }
    check_ok(vault_blob_put(f->v, sy_view_str("long"), sy_view(bytes, sizeof(bytes))));
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    check_ok(vault_blob_get(f->v, sy_view_str("long"), &b, NULL));
    assert_int_equal(b.n, sizeof(bytes));
}

static void blobs(void **state)
{
    struct fixture *f = *state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_error e = {0};
    char mine[512], other[512];
    check_code(vault_blob_get(f->v, sy_view_str("q1"), &b, NULL), SY_E_NOT_FOUND);
    check_ok(vault_blob_put(f->v, sy_view_str("q1"), sy_view_str("an answer")));
    check_ok(vault_blob_put(f->v, sy_view_str("q0"), sy_view_str("")));
    fixture_reopen(f);
    check_ok(vault_blob_get(f->v, sy_view_str("q1"), &b, NULL));
    check_ok(vault_blob_get(f->v, sy_view_str("q0"), &b, NULL));
    assert_true(sy_view_is(sy_buf_view(&b), "an answer"));
    check_code(vault_blob_put(f->v, sy_view_str("../q"), sy_view_str("x")), SY_E_FIELD);
    join(f, "answers/q1.blob", mine);
    join(f, "answers/q2.blob", other);
    assert_int_equal(link(mine, other), 0);
    check_code(vault_blob_get(f->v, sy_view_str("q2"), &b, &e), SY_E_TAMPERED);
    assert_string_equal(e.field, "answers/q2");
    unlink(other);
    flip_file(mine, 30);
    check_code(vault_blob_get(f->v, sy_view_str("q1"), &b, NULL), SY_E_TAMPERED);
    assert_int_equal(b.n, 9);
    check_ok(vault_blob_erase(f->v, sy_view_str("q1")));
    check_ok(vault_blob_erase(f->v, sy_view_str("q1")));
    check_code(vault_blob_get(f->v, sy_view_str("q1"), &b, NULL), SY_E_NOT_FOUND);
}

/* Secrets are locked pages of their own: the kernel's map of the page says so. */
static void guarded(void **state)
{
    struct fixture *f = *state;
    const void *secrets[] = {vault_domain_keys(f->v)->log.secret,
                             vault_domain_keys(f->v)->box.secret};
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[256];
    int locked = 0;
    bool here = false;
    while (fgets(line, sizeof(line), smaps) != NULL) {
        unsigned long lo = 0, hi = 0;
        if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2) {
            here = false;
            for (size_t i = 0; i < 2; i++) {
                uintptr_t at = (uintptr_t)secrets[i];
                here = here || (at >= lo && at < hi);
            }
        }
        if (here && strncmp(line, "VmFlags:", 8) == 0) {
            locked += strstr(line, " lo") != NULL && strstr(line, " dd") != NULL;
        }
    }
    fclose(smaps);
#ifdef SY_SANITIZED
    (void)locked; /* the sanitizer's mlock does nothing */
#else
    assert_true(locked >= 1);
#endif
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(reopened),       T(master_key), T(items_sealed),
        T(temp_files),     T(shares),     T(opening_needs_the_share),
        T(no_custodian),   T(deposits),   T(epochs),
        T(epochs_reached), T(seats),      T(checkpoints),
        T(blobs),          T(blob_sizes), T(guarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
