/* The keys of the log: made one after the other, found again, erased for good, a crash in between. */
#include "test_fixture.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool has_item(const struct fixture *f, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/keys/store/%s.key", f->path, name);
    return access(path, F_OK) == 0;
}

static void item(const struct fixture *f, const char *name, struct sy_buf *b)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/keys/store/%s.key", f->path, name);
    *b = sy_buf(4096);
    check_ok(sy_read_file_at(AT_FDCWD, path, b));
}

static void put_item(const struct fixture *f, const char *name, const struct sy_buf *b)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/keys/store/%s.key", f->path, name);
    check_ok(sy_replace_file_at(AT_FDCWD, path, sy_buf_view(b), 0600));
}

static bool signs(const struct vault_sign_key *k)
{
    uint8_t sig[64];
    crypto_sign_detached(sig, NULL, (const uint8_t *)"x", 1, k->secret);
    return crypto_sign_verify_detached(sig, (const uint8_t *)"x", 1, k->pub) == 0;
}

static void made(void **state)
{
    struct fixture *f = *state;
    const struct vault_sign_key *keys;
    uint8_t pub[2][32];
    assert_int_equal(vault_log_keys(f->v, &keys), 1);
    assert_memory_equal(keys[0].pub, vault_domain_keys(f->v)->log.pub, 32);
    check_ok(vault_log_key_make(f->v, NULL));
    assert_int_equal(vault_log_keys(f->v, &keys), 2);
    assert_true(signs(&keys[0]) && signs(&keys[1]));
    memcpy(pub[0], keys[0].pub, 32);
    memcpy(pub[1], keys[1].pub, 32);
    assert_memory_not_equal(pub[0], pub[1], 32);
    fixture_reopen(f);
    assert_int_equal(vault_log_keys(f->v, &keys), 2);
    assert_true(signs(&keys[0]) && signs(&keys[1]));
    assert_memory_equal(pub[0], keys[0].pub, 32);
    assert_memory_equal(pub[1], keys[1].pub, 32);
}

static void erased(void **state)
{
    struct fixture *f = *state;
    const struct vault_sign_key *keys;
    uint8_t pub[32];
    check_ok(vault_log_key_make(f->v, NULL));
    (void)vault_log_keys(f->v, &keys);
    memcpy(pub, keys[0].pub, 32);
    check_code(vault_log_key_erase(f->v, 2, NULL), SY_E_NOT_FOUND);
    check_ok(vault_log_key_erase(f->v, 0, NULL));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vault_log_keys(f->v, &keys), 2);
        assert_null(keys[0].secret);
        assert_null(vault_domain_keys(f->v)->log.secret);
        assert_memory_equal(keys[0].pub, pub, 32);
        assert_true(signs(&keys[1]));
        assert_false(has_item(f, "domain:log"));
        check_ok(vault_log_key_erase(f->v, 0, NULL)); /* once more is nothing */
        fixture_reopen(f);
    }
    check_ok(vault_log_key_make(f->v, NULL));
    check_ok(vault_log_key_erase(f->v, 1, NULL));
    assert_false(has_item(f, "log:2"));
    fixture_reopen(f);
    assert_int_equal(vault_log_keys(f->v, &keys), 3);
    assert_null(keys[1].secret);
    assert_true(signs(&keys[2]));
}

/* The machine stopped between the public half and the erasure: opening ends it. */
static void erased_halfway(void **state)
{
    struct fixture *f = *state;
    const struct vault_sign_key *keys;
    struct sy_buf secret;
    item(f, "domain:log", &secret);
    check_ok(vault_log_key_make(f->v, NULL));
    check_ok(vault_log_key_erase(f->v, 0, NULL));
    put_item(f, "domain:log", &secret);
    sy_buf_deinit(&secret);
    fixture_reopen(f);
    assert_int_equal(vault_log_keys(f->v, &keys), 2);
    assert_null(keys[0].secret);
    assert_false(has_item(f, "domain:log"));
}

static void limit(void **state)
{
    struct fixture *f = *state;
    const struct vault_sign_key *keys;
    struct sy_error e = {0};
    for (size_t i = 1; i < VAULT_LOG_KEYS_MAX; i++) {
        check_ok(vault_log_key_make(f->v, NULL));
    }
    check_code(vault_log_key_make(f->v, &e), SY_E_LIMIT);
    assert_string_equal(e.field, "log");
    fixture_reopen(f);
    assert_int_equal(vault_log_keys(f->v, &keys), VAULT_LOG_KEYS_MAX);
}

/* One key's item in another's place does not open. */
static void swapped(void **state)
{
    struct fixture *f = *state;
    struct sy_buf second;
    struct vault *v = NULL;
    struct sy_error e = {0};
    check_ok(vault_log_key_make(f->v, NULL));
    item(f, "log:2", &second);
    put_item(f, "domain:log", &second);
    sy_buf_deinit(&second);
    vault_close(f->v);
    f->v = NULL;
    check_code(vault_open(f->dirfd, &v, &e), SY_E_TAMPERED);
    assert_string_equal(e.field, "domain:log");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(erased, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(erased_halfway, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(swapped, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("vault_log_keys", tests, NULL, NULL);
}
