/*
 * What may go to a standby, name by name. (That the list knows every key of a working domain is seen by the
 * process test, where an unknown one is reported.)
 */
#include <stdio.h>
#include <string.h>

#include "check.h"

#include "kinds.h"
#include "list.h"

#define GRANT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_items(void **state)
{
    static const struct {
        const char *file;
        enum kinds_class class;
    } cases[] = {
        {"domain:warden.key", KINDS_FIXED},
        {"domain:box.key", KINDS_FIXED},
        {"domain:log.key", KINDS_RETIRABLE},
        {"log:2.key", KINDS_RETIRABLE},
        {"logpub:1.key", KINDS_KEPT},
        {"answers.key", KINDS_FIXED},
        {"epoch.key", KINDS_KEPT},
        {"noise:1.key", KINDS_FIXED},
        {"dataset:nafld.persons.key", KINDS_KEPT},
        {"custodian:nafld.persons.key", KINDS_KEPT},
        {"department:nafld.persons.key", KINDS_KEPT},
        {"dataset:own.list.key", KINDS_ENDED},
        {"custodian:own.list.key", KINDS_ENDED},
        {"dataset:own.key", KINDS_KEPT}, /* a department's, of this name */
        {"dataset:owned.list.key", KINDS_KEPT},
        {"unit:person.key", KINDS_FIXED},
        {"units:person.key", KINDS_KEPT},
        {"select:person.key", KINDS_FIXED},
        {"record:person.key", KINDS_FIXED},
        {"subject:person.key", KINDS_FIXED},
        {"asked:" GRANT ".key", KINDS_ERASABLE},
        {"asked.key", KINDS_ERASABLE},
        {"pseudonym:" GRANT ".key", KINDS_RETIRABLE},
        {"checkpoint.key", KINDS_MEMORY},
        {"deposit:" GRANT ":nafld.persons.key", KINDS_NEVER},
        {"deposit:" GRANT ":department:nafld.persons.key", KINDS_NEVER},
        {"deposit:.key", KINDS_NEVER},
        {"seat.key", KINDS_NEVER},
        {"master.key", KINDS_NEVER},
        {"answers", KINDS_NEVER},
        {"answersx.key", KINDS_NEVER},
        {"epoch:1.key", KINDS_NEVER},
        {"dataset:.key", KINDS_NEVER},
        {"dataset:a/b.key", KINDS_NEVER},
        {"../domain:log.key", KINDS_NEVER},
        {".key", KINDS_NEVER},
        {"", KINDS_NEVER},
        {"epoch.key.tmp", KINDS_NEVER},
        {"unheard-of.key", KINDS_NEVER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (kinds_of_item(cases[i].file) != cases[i].class) {
            fail_msg("%s: class %d", cases[i].file, (int)kinds_of_item(cases[i].file));
        }
    }
    assert_true(kinds_item_stays("deposit:" GRANT ":nafld.persons.key"));
    assert_true(kinds_item_stays("seat.key"));
    assert_true(kinds_item_stays("epoch.key.tmp"));
    assert_false(kinds_item_stays("unheard-of.key")); /* so it is reported */
}

static void test_files(void **state)
{
    static const char *const good[] = {"data/units/person", "data/nafld.persons/0af3/c0001",
                                       "data/nafld.persons/0af3/version", "answers/" GRANT ".blob",
                                       "payloads/" GRANT "/p.12.pay"};
    static const char *const bad[] = {
        "keys/master.key",
        "keys/store/epoch.key",
        "ledger/segments/00000001",
        "genesis.req",
        "standby",
        "promote.req",
        "run/local.sock",
        "data",
        "data/",
        "data/units",
        "data/units/",
        "data/units/a/b",
        "data/a",
        "data/a/b",
        "data/a/b/c/d",
        "data//b/c",
        "data/../keys/x",
        "data/a/../x",
        "data/a/.b/c",
        "answers/.x",
        "answers/a/b",
        "/answers/a",
        "answers/a.tmp",
        "data/a/b/c.tmp",
        "answers/a b",
        "answers/a\nb",
        "answers/\xc3\xa4",
        "payloads/a",
        "payloads/a/b/c",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (kinds_root_of(good[i]) == NULL) {
            fail_msg("%s is not permitted", good[i]);
        }
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (kinds_root_of(bad[i]) != NULL) {
            fail_msg("%s is permitted", bad[i]);
        }
    }
    assert_true(kinds_root_of("payloads/a/b")->erasable);
    assert_false(kinds_root_of("answers/a")->erasable);
    assert_int_equal(kinds_ending("data/own.list/0af3/c0001"), strlen("data/own.list"));
    assert_int_equal(kinds_ending("data/owned/0af3/c0001"), 0);
    assert_int_equal(kinds_ending("answers/own.list"), 0);
    char longest[COPIER_NAME_MAX + 8];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "answers/", 8);
    longest[COPIER_NAME_MAX - 1] = '\0';
    assert_non_null(kinds_root_of(longest));
    longest[COPIER_NAME_MAX - 1] = 'a';
    longest[COPIER_NAME_MAX] = '\0';
    assert_null(kinds_root_of(longest));
}

static void test_list(void **state)
{
    struct list l = list_new();
    char name[16];
    (void)state;
    assert_null(list_find(&l, "a"));
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "n%u", i * 7919 % 1000);
        check_ok(list_add(&l, name, i));
    }
    list_sort(&l);
    assert_int_equal(list_count(&l), 1000);
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "n%u", i * 7919 % 1000);
        const struct list_item *item = list_find(&l, name);
        assert_non_null(item);
        assert_int_equal(item->size, i);
    }
    assert_null(list_find(&l, "n1000"));
    list_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests_name("copier_kinds", tests, NULL, NULL);
}
