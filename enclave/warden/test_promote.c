/* Asking for a promotion: only in a standby's folder, and only while nobody works in it. */
#include "check.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "warden/promote.h"

static void test_ask(void **state)
{
    char path[] = "/tmp/promote-XXXXXX", seat[128];
    struct sy_error err = {0};
    (void)state;
    assert_true(sodium_init() >= 0);
    assert_non_null(mkdtemp(path));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(dir, "run", 0700), 0);
    check_code(warden_promotion_ask(dir, &err),
               SY_E_STATE); /* no standby: nothing of it is opened */
    assert_string_equal(err.reason, "this folder is no standby");
    (void)snprintf(seat, sizeof(seat), "shuyu-standby@v1\n%064d\n", 7);
    check_ok(sy_replace_file_at(dir, "standby", sy_view_str(seat), 0600));
    int run = openat(dir, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(run, LOCK_EX | LOCK_NB), 0); /* as supervisor and copier do */
    check_code(warden_promotion_ask(dir, &err), SY_E_BUSY);
    (void)close(run);
    assert_false(warden_promotion_ask(dir, &err).code ==
                 SY_E_BUSY); /* it comes to the keys, which are missing */
    run = openat(dir, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(run, LOCK_EX | LOCK_NB), 0); /* and holds nothing any more */
    (void)close(run);
    assert_int_equal(unlinkat(dir, "run", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(dir, "standby", 0), 0);
    (void)close(dir);
    assert_int_equal(rmdir(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ask)};
    return cmocka_run_group_tests_name("warden_promote", tests, NULL, NULL);
}
