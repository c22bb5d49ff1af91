/*
 * Files that come in parts: order, room, one of a party, what is handed on, what is given up. A file that is too long,
 * out of order or begun by somebody else is never handed on.
 */
#include "check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "proof/hash.h"
#include "warden/staging.h"

static const uint8_t GRANT[32] = {1}, OTHER_GRANT[32] = {2};
static const uint64_t HALF = WARDEN_STAGING_BYTES / 2;

static struct warden_staging_key key_of(const char *party, const char *dataset,
                                        const uint8_t *grant)
{
    return (struct warden_staging_key){sy_view_str(party), sy_view_str(dataset), grant};
}

#define ACME key_of("acme", "own.list", GRANT)

static int32_t add(struct warden_stagings *all, struct warden_staging_key key, uint64_t part,
                   uint64_t of, const char *bytes)
{
    return warden_staging_add(all, &key, part, of, sy_view_str(bytes)).code;
}

static struct sy_own_staged look(struct warden_stagings *all, struct warden_staging_key key,
                                 uint64_t part, uint64_t parts, const char *bytes)
{
    struct sy_own_staged ret;
    struct sy_own_put put = {.part = part, .parts = parts};
    check_ok(warden_staging_look(all, &key, &put, 100, sy_view_str(bytes), &ret));
    return ret;
}

static int32_t look_code(struct warden_stagings *all, struct warden_staging_key key, uint64_t part,
                         uint64_t of)
{
    struct sy_own_staged ret;
    struct sy_own_put put = {.part = part, .parts = 9};
    return warden_staging_look(all, &key, &put, of, sy_view_str("x"), &ret).code;
}

/* Take it as the file that `content` is. */
static int32_t take(struct warden_stagings *all, const char *content, int *ret_fd)
{
    struct warden_staging_key key = ACME;
    uint8_t digest[32];
    proof_sha256_one(digest, sy_view_str(content));
    return warden_staging_take(all, &key, strlen(content), digest, ret_fd).code;
}

static void expect(int fd, const char *content)
{
    char got[256];
    assert_true(fd >= 0);
    assert_int_equal(read(fd, got, sizeof(got)), strlen(content)); /* from its beginning */
    assert_memory_equal(got, content, strlen(content));
}

static void test_whole(void **state)
{
    struct warden_stagings all = {0};
    uint8_t want[32];
    int fd = -1;
    (void)state;
    struct sy_own_staged at = look(&all, ACME, 0, 3, "one,");
    assert_int_equal(at.parts, 1);
    assert_int_equal(at.bytes, 4);
    assert_int_equal(add(&all, ACME, 0, 100, "one,"), 0);
    assert_int_equal(add(&all, ACME, 1, 100, "two,"), 0);
    assert_int_equal(look(&all, ACME, 1, 3, "x").parts, 0); /* it has that one */
    assert_int_equal(look(&all, ACME, 3, 4, "x").parts, 0); /* and not the one before this */
    at = look(&all, ACME, 2, 3, "three");
    proof_sha256_one(want, sy_view_str("one,two,three"));
    assert_memory_equal(at.content, want, sizeof(want));
    assert_int_equal(at.bytes, 13);
    at = look(&all, ACME, 2, 3, "three"); /* looking changed nothing */
    assert_memory_equal(at.content, want, sizeof(want));
    assert_true(look(&all, ACME, 2, 4, "three").content[0] == 0); /* not the last: no digest */
    assert_int_equal(add(&all, ACME, 2, 100, "three"), 0);
    assert_int_equal(take(&all, "one,two,other", &fd), SY_E_STATE); /* as long, but another */
    assert_int_equal(take(&all, "one,two,three,", &fd), SY_E_STATE);
    assert_int_equal(fd, -1);
    assert_int_equal(take(&all, "one,two,three", &fd), 0);
    expect(fd, "one,two,three");
    assert_int_equal(write(fd, "x", 1), -1);
    assert_true((fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE) != 0);
    close(fd);
    assert_int_equal(take(&all, "one,two,three", &fd), SY_E_STATE); /* once */
    struct warden_staging_key key = ACME;
    warden_staging_drop(&all, &key);
    assert_null(all.first);
}

static void test_one_part(void **state)
{
    struct warden_stagings all = {0};
    uint8_t want[32];
    (void)state;
    struct sy_own_staged at = look(&all, ACME, 0, 1, "all of it");
    proof_sha256_one(want, sy_view_str("all of it"));
    assert_memory_equal(at.content, want, sizeof(want));
    assert_null(all.first);
}

static void test_order(void **state)
{
    struct warden_stagings all = {0};
    int fd = -1;
    struct warden_staging_key key = ACME;
    (void)state;
    assert_int_equal(add(&all, ACME, 1, 100, "two"), SY_E_STATE); /* nothing begun */
    assert_null(all.first);
    assert_int_equal(add(&all, ACME, 0, 100, "one"), 0);
    assert_int_equal(add(&all, ACME, 2, 100, "three"), SY_E_STATE);
    assert_int_equal(take(&all, "one", &fd), SY_E_STATE); /* given up with the mistake */
    assert_int_equal(add(&all, ACME, 0, 100, "one"), 0);
    assert_int_equal(add(&all, ACME, 0, 100, "other"), 0); /* begun again */
    assert_int_equal(take(&all, "other", &fd), 0);
    expect(fd, "other");
    close(fd);
    warden_staging_drop(&all, &key);
}

static void test_others(void **state)
{
    struct warden_stagings all = {0};
    (void)state;
    assert_int_equal(add(&all, ACME, 0, 100, "one"), 0);
    assert_int_equal(look(&all, key_of("rival", "own.list", GRANT), 1, 2, "x").parts, 0);
    assert_int_equal(look(&all, key_of("acme", "own.list", OTHER_GRANT), 1, 2, "x").parts, 0);
    assert_int_equal(look(&all, key_of("acme", "own.lis", GRANT), 1, 2, "x").parts, 0);
    assert_int_equal(look(&all, ACME, 1, 2, "x").parts, 2);
    assert_int_equal(add(&all, key_of("acme", "own.second", GRANT), 0, 100, "new"), 0);
    assert_int_equal(look(&all, ACME, 1, 2, "x").parts, 0); /* one file of a party at a time */
    warden_staging_end(&all, GRANT, 0);
    assert_null(all.first);
}

static void test_room(void **state)
{
    struct warden_stagings all = {0};
    int fd = -1;
    struct warden_staging_key key = ACME;
    (void)state;
    assert_int_equal(add(&all, ACME, 0, 5, "one"), 0);
    assert_int_equal(add(&all, ACME, 1, 5, "two"), SY_E_STATE); /* longer than declared */
    assert_null(all.first);
    assert_int_equal(look_code(&all, ACME, 0, WARDEN_STAGING_BYTES), 0);
    assert_int_equal(look_code(&all, ACME, 0, WARDEN_STAGING_BYTES + 1), SY_E_BUSY);
    assert_int_equal(add(&all, ACME, 0, HALF, "one"), 0); /* holds 3 bytes, and counts for half */
    struct warden_staging_key rival = key_of("rival", "own.list", GRANT);
    assert_int_equal(look_code(&all, rival, 0, HALF), 0);
    assert_int_equal(look_code(&all, rival, 0, HALF + 1), SY_E_BUSY);
    assert_int_equal(add(&all, rival, 0, HALF + 1, "x"), SY_E_BUSY);
    assert_int_equal(look_code(&all, ACME, 0, HALF + 1), 0); /* its own half would go */
    assert_int_equal(take(&all, "one", &fd), 0);
    assert_int_equal(look_code(&all, ACME, 0, 1), SY_E_BUSY); /* being taken in */
    assert_int_equal(look_code(&all, ACME, 1, 1), SY_E_BUSY);
    assert_int_equal(add(&all, ACME, 0, 1, "x"), SY_E_BUSY);
    assert_int_equal(look_code(&all, key_of("acme", "own.second", GRANT), 0, 1), SY_E_BUSY);
    assert_int_equal(look_code(&all, rival, 0, HALF + 1),
                     SY_E_BUSY); /* its room is still its own */
    warden_staging_end(&all, GRANT, 0);
    assert_non_null(all.first); /* whoever takes it in drops it */
    warden_staging_drop(&all, &key);
    assert_int_equal(look_code(&all, rival, 0, HALF + 1), 0);
    close(fd);
}

static void test_given_up(void **state)
{
    struct warden_stagings all = {0};
    uint64_t now = sy_mono_ns(), idle = (uint64_t)WARDEN_STAGING_IDLE_S * 1000000000;
    (void)state;
    assert_int_equal(add(&all, ACME, 0, 100, "one"), 0);
    assert_int_equal(add(&all, key_of("rival", "own.list", OTHER_GRANT), 0, 100, "one"), 0);
    warden_staging_end(&all, NULL, now + idle);
    assert_int_equal(look(&all, ACME, 1, 2, "x").parts, 2);
    warden_staging_end(&all, GRANT, now);
    assert_int_equal(look(&all, ACME, 1, 2, "x").parts, 0);
    assert_non_null(all.first); /* another grant's */
    warden_staging_end(&all, NULL, sy_mono_ns() + idle + 1);
    assert_null(all.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole), cmocka_unit_test(test_one_part),
        cmocka_unit_test(test_order), cmocka_unit_test(test_others),
        cmocka_unit_test(test_room),  cmocka_unit_test(test_given_up),
    };
    return cmocka_run_group_tests_name("warden_staging", tests, NULL, NULL);
}
