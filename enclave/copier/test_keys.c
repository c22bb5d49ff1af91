/*
 * Keys in rounds: nobody signs what `names` says, so that a list which lacks some erases nothing that the log needs.
 */
#include "test_fixture.h"

/* --- keys ---------------------------------------------------------------------------------------------------- */

#define GRANT_A "1111111111111111111111111111111111111111111111111111111111111111"
#define GRANT_B "2222222222222222222222222222222222222222222222222222222222222222"
#define STORE   "keys/store/"

static const char *const NEEDED[] = {STORE "noise:1.key",        STORE "unit:person.key",
                                     STORE "subject:person.key", STORE "epoch.key",
                                     STORE "log:2.key",          STORE "pseudonym:" GRANT_A ".key",
                                     STORE "domain:box.key"};
static const char *const RETIRED[] = {STORE "domain:log.key", STORE "pseudonym:" GRANT_B ".key"};

enum { N_NEEDED = sizeof(NEEDED) / sizeof(NEEDED[0]), N_RETIRED = 2 };

static void check_there(const char *const *names, size_t n, bool want)
{
    for (size_t i = 0; i < n; i++) {
        if (is_there(names[i]) != want) {
            fail_msg("%s: %s", names[i], want ? "erased" : "still there");
        }
    }
}

static void take_away(const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(unlinkat(F.here, names[i], 0), 0);
    }
}

static void make_keys(void)
{
    for (size_t i = 0; i < N_NEEDED; i++) {
        put(F.here, NEEDED[i], "key", 100);
    }
    for (size_t i = 0; i < N_RETIRED; i++) {
        put(F.here, RETIRED[i], "key", 100);
    }
    put(F.here, ASKED, "key", 100);
    check_ok(carry());
    check_there(NEEDED, N_NEEDED, true);
    check_there(RETIRED, N_RETIRED, true);
}

/* Nobody signs the names: what is missing among them is erased only when the log is done with it. */
static void test_names(void **state)
{
    (void)state;
    make_keys();
    take_away(NEEDED, N_NEEDED);
    take_away(RETIRED, N_RETIRED);
    assert_int_equal(unlinkat(F.here, ASKED, 0), 0);
    append("log", 0, "");        /* the operator asks for a step of a rotation */
    append("refuse", 0x22, "");  /* an order that was refused */
    append("suspend", 0x22, ""); /* a grant that may be resumed */
    publish();
    check_ok(carry());
    check_there(NEEDED, N_NEEDED, true);
    check_there(RETIRED, N_RETIRED, true);
    assert_false(is_there(ASKED));
    append("log", 0, "a checkpoint of both keys"); /* the agency retires the first */
    append("revoke", 0x22, "");
    publish();
    check_ok(carry());
    check_there(NEEDED, N_NEEDED, true);
    check_there(RETIRED, N_RETIRED, false);
}

/* The same from the log that is held, when the standby is opened again. */
static void test_names_again(void **state)
{
    (void)state;
    make_keys();
    append("log", 0, "a checkpoint of both keys");
    append("expire", 0x22, "");
    publish();
    check_ok(carry());
    close_place();
    open_place();
    check_there(RETIRED, N_RETIRED, true);
    take_away(RETIRED, N_RETIRED);
    check_ok(carry());
    check_there(RETIRED, N_RETIRED, false);
    check_there(NEEDED, N_NEEDED, true);
}

/* --- own data ------------------------------------------------------------------------------------------------- */

static const char *const OWN[] = {STORE "dataset:own.list.key", STORE "custodian:own.list.key",
                                  "data/own.list/0af3/c0001", "data/own.list/0af3/version"};
static const char *const OTHERS[] = {STORE "dataset:own.lis.key", STORE "custodian:own.lis.key",
                                     "data/own.lis/0af3/c0001",   "data/own.lis/0af3/version",
                                     STORE "dataset:list.key",    "data/list/0af3/version"};
enum { N_OWN = 4, N_OTHERS = 6 };

static void make_own(void)
{
    static const char *const folders[] = {"data/own.list", "data/own.list/0af3",
                                          "data/own.lis",  "data/own.lis/0af3",
                                          "data/list",     "data/list/0af3"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        make(F.here, folders[i]);
    }
    for (size_t i = 0; i < N_OWN; i++) {
        put(F.here, OWN[i], "bytes", 100);
    }
    for (size_t i = 0; i < N_OTHERS; i++) {
        put(F.here, OTHERS[i], "bytes", 100);
    }
    check_ok(carry());
    check_there(OWN, N_OWN, true);
    check_there(OTHERS, N_OTHERS, true);
}

static void say_erased(const char *method, const char *dataset, uint64_t code)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(256);
    struct sy_own_erased a = {.dataset = sy_view_str(dataset)};
    check_ok(sy_record_encode(&sy_own_erased_desc, &a, &args));
    append_event("own", method, 0x22, "", sy_buf_view(&args), code);
}

/* What the primary's disk lost is kept here until the log says that it was erased; then it goes, and nothing else. */
static void test_own(void **state)
{
    (void)state;
    make_own();
    take_away(OWN, N_OWN);
    say_erased("own.put", "own.list", 0); /* other acts of its life */
    say_erased("own.erased", "own.list", SY_E_STATE);
    say_erased("own.erased", "list", 0); /* no own data's name */
    say_erased("own.erased", "own.list/../..", 0);
    publish();
    check_ok(carry());
    check_there(OWN, N_OWN, true);
    assert_int_equal(linkat(F.there, OWN[0], F.there, "blocks", 0), 0);
    say_erased("own.erased", "own.list", 0);
    publish();
    check_ok(carry());
    check_there(OWN, N_OWN, false);
    assert_false(is_there("data/own.list"));
    assert_false(holds(F.there, "blocks", "bytes")); /* overwritten */
    check_there(OTHERS, N_OTHERS, true);
    append("log", 0,
           "a checkpoint of both keys"); /* the first key of the log still counts as the first */
    publish();
    check_ok(carry());
    assert_true(place_retired(&F.p, "domain:log.key"));
}

/* Entries that no checkpoint covers yet retire nothing, and those that come in their place are others. */
static void test_hints(void **state)
{
    struct ledger_seen seen = place_seen(&F.p);
    static const uint8_t salt[PROOF_SALT_BYTES] = {1};
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(4096), body = sy_buf(4096);
    struct sy_event e = {.type = sy_view_str("log"), .rules = 1, .schema = SY_EVENT_SCHEMA};
    (void)state;
    check_ok(carry());
    e.inputs.checkpoint = sy_view_str("a checkpoint");
    check_ok(sy_record_encode(&sy_event_desc, &e, &body));
    check_ok(proof_leaf_make(e.type, 20000, salt, sy_buf_view(&body), &leaf));
    seen.entry(seen.ctx, 1, &(struct ledger_entry){sy_buf_view(&leaf), salt, sy_buf_view(&body)});
    assert_false(place_retired(&F.p, "domain:log.key"));
    append("party", 0, "");
    publish();
    check_ok(carry());
    assert_false(place_retired(&F.p, "domain:log.key"));
}

/* Nor is a key that never changes replaced by another one. */
static void test_replaced(void **state)
{
    (void)state;
    make_keys();
    put(F.here, STORE "epoch.key", "2nd", 50);
    check_ok(carry());
    assert_true(holds(F.there, STORE "epoch.key", "2nd"));
    put(F.here, STORE "log:2.key", "bad", 50);
    check_code(carry(), SY_E_DENIED);
    assert_true(holds(F.there, STORE "log:2.key", "key"));
}

/* A subject that was forgotten and is asked about again has another key; the old one is no more. */
static void test_overwritten(void **state)
{
    (void)state;
    put(F.here, ASKED, "first", 100);
    check_ok(carry());
    assert_int_equal(linkat(F.there, ASKED, F.there, "blocks", 0), 0);
    put(F.here, ASKED, "other", 50);
    check_ok(carry());
    assert_true(holds(F.there, ASKED, "other"));
    assert_false(holds(F.there, "blocks", "first"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(test_names),    T(test_names_again), T(test_hints),
                                       T(test_replaced), T(test_overwritten), T(test_own)};
    return cmocka_run_group_tests_name("copier_keys", tests, NULL, NULL);
}
