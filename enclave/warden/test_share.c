/*
 * Deposits and the state that stands behind them, over a vault of its own: what was deposited for an application that
 * lapsed goes with the clock; what lies under a stopped grant without a deposit of the state goes; the rest stays.
 */
#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "rules/custody.h"
#include "share.h"
#include "test_kit.h"
#include "warden/warden.h"

enum { DAY_S = 86400 };

static const char PERSONS[] = "persons";

struct place {
    struct kit k;
    struct warden w;
    char path[64];
    int dir;
    struct sy_dataset_keys keys;
    uint8_t agency[32], health[32]; /* the shares of persons, opened */
};

static void open_share(struct place *x, enum sy_holder whose, const uint8_t pk[32],
                       const uint8_t sk[32], uint8_t ret[32])
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(vault_sealed_share(x->w.vault, V(PERSONS), whose, &b, NULL));
    assert_int_equal(crypto_box_seal_open(ret, b.p, b.n, pk, sk), 0);
}

static void make_keys(struct place *x)
{
    uint8_t pk[2][32], sk[2][32];
    crypto_box_keypair(pk[0], sk[0]);
    crypto_box_keypair(pk[1], sk[1]);
    const struct vault_holders boxes = {.custodian = pk[0], .department = pk[1]};
    check_ok(vault_dataset_create(x->w.vault, V(PERSONS), &boxes, &x->keys, NULL));
    open_share(x, SY_HOLDER_CUSTODIAN, pk[0], sk[0], x->agency);
    open_share(x, SY_HOLDER_DEPARTMENT, pk[1], sk[1], x->health);
}

/* Two custodians, and applications that lapse after five working days. */
static void catalogue(struct place *x)
{
    struct kit *k = &x->k;
    struct sy_pack *p = kit_pack_record(k, 1);
    p->custody = V(SY_CUSTODY_BOTH);
    p->scheme = kit_alloc(k, 1, sizeof(*p->scheme));
    p->n_scheme = 1;
    p->scheme->scene = kit_alloc(k, 1, sizeof(*p->scheme->scene));
    p->scheme->n_scene = 1;
    *p->scheme->scene = (struct sy_pack_scene){.reason_min = 1, .review_days = 5, .rounds_max = 1};
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
    assert_int_equal(kit_enrol(k, "acme", "developer"), 0);
    assert_int_equal(kit_adopt(k, p), 0);
    k->extra = (struct sy_inputs){.keys = &x->keys, .n_keys = 1};
    assert_int_equal(
        kit_call(k, "health", "dataset.define", &sy_dataset_def_desc, kit_persons(k), NULL, NULL),
        0);
    assert_int_equal(kit_publish(k, kit_persons(k), 1), 0);
}

static int32_t review(struct kit *k, const char *party, const char *step)
{
    struct sy_review r = {.compliance = V("lawful"),
                          .decision = V("approve"),
                          .feasibility = V("it works"),
                          .opinion = V("seen"),
                          .risk = V("small"),
                          .value = V("large")};
    k->extra = (struct sy_inputs){.share_ok = true};
    int32_t code = kit_call(k, party, step, &sy_review_desc, &r, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

/* Applied for, and consented to with what the department holds. */
static void consented_as(struct place *x, const char *scene)
{
    struct kit *k = &x->k;
    struct sy_proposal *p = kit_proposal(k);
    p->scene = V(scene);
    p->n_datasets = 1;
    p->n_application = 1;
    p->application = kit_alloc(k, 1, sizeof(*p->application));
    *p->application = (struct sy_application){.benefit = V("less cost"),
                                              .class_ = V("public"),
                                              .domain = V("health"),
                                              .market = V("three asked"),
                                              .products_planned = KIT_STRS(k, "report"),
                                              .n_products_planned = 1,
                                              .revenue_plan = V("half"),
                                              .route = V("counts")};
    assert_int_equal(kit_apply(k, p), 0);
    k->extra = (struct sy_inputs){0};
    assert_int_equal(review(k, "operator", "scene.first_review"), 0);
    assert_int_equal(review(k, "health", "scene.consent"), 0);
}

static void deposit(struct place *x, enum sy_holder whose)
{
    check_ok(vault_deposit(x->w.vault, x->k.grant, V(PERSONS), &x->keys, whose,
                           whose == SY_HOLDER_DEPARTMENT ? x->health : x->agency, NULL));
}

static bool has(struct place *x, enum sy_holder whose)
{
    return vault_has_deposit(x->w.vault, x->k.grant, V(PERSONS), whose);
}

/* The warden looks at the state as it is now. */
static struct warden *warden_of(struct place *x)
{
    x->w.state = x->k.state;
    return &x->w;
}

static int setup(void **state)
{
    static struct place x;
    memset(&x, 0, sizeof(x));
    kit_init(&x.k);
    x.k.time = sy_now_s() + 10 * DAY_S; /* ahead of the clock: the warden's time is set below */
    (void)snprintf(x.path, sizeof(x.path), "/tmp/shuyu-share-XXXXXX");
    assert_non_null(mkdtemp(x.path));
    x.dir = open(x.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(vault_create(x.dir, &x.w.vault, NULL));
    make_keys(&x);
    catalogue(&x);
    consented_as(&x, "scene");
    deposit(&x, SY_HOLDER_DEPARTMENT);
    *state = &x;
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
    struct place *x = *state;
    vault_close(x->w.vault);
    close(x->dir);
    kit_free(&x->k);
    return nftw(x->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_lapses(void **state)
{
    struct place *x = *state;
    int64_t until = rules_deposit_until(x->k.state, x->k.grant);
    x->w.last_time = until;
    warden_shares_tick(warden_of(x));
    assert_true(has(x, SY_HOLDER_DEPARTMENT));
    check_ok(warden_shares_sweep(warden_of(x)));
    assert_true(has(x, SY_HOLDER_DEPARTMENT));
    x->w.last_time = until + 1;
    warden_shares_tick(warden_of(x));
    assert_false(has(x, SY_HOLDER_DEPARTMENT));
    deposit(x, SY_HOLDER_DEPARTMENT); /* as a crash would leave it */
    check_ok(warden_shares_sweep(warden_of(x)));
    assert_false(has(x, SY_HOLDER_DEPARTMENT));
}

/* One call of the clock looks at so many rows, the next ones at the others, and then at the first again. */
static void test_many_lapse(void **state)
{
    enum { MANY = WARDEN_SHARES_TICK + 5 };
    struct place *x = *state;
    static uint8_t ids[MANY][32];
    memcpy(ids[0], x->k.grant, 32);
    for (size_t i = 1; i < MANY; i++) {
        char scene[16];
        (void)snprintf(scene, sizeof(scene), "scene%zu", i);
        consented_as(x, scene);
        deposit(x, SY_HOLDER_DEPARTMENT);
        memcpy(ids[i], x->k.grant, 32);
    }
    x->w.last_time = rules_deposit_until(x->k.state, x->k.grant) + 1;
    for (int round = 0; round < 3; round++) {
        size_t left = 0;
        warden_shares_tick(warden_of(x));
        for (size_t i = 0; i < MANY; i++) {
            left += vault_has_deposit(x->w.vault, ids[i], V(PERSONS), SY_HOLDER_DEPARTMENT);
        }
        assert_int_equal(left, round == 0 ? MANY - WARDEN_SHARES_TICK : 0);
        if (round == 1) { /* left by a crash: seen again */
            deposit(x, SY_HOLDER_DEPARTMENT);
            assert_true(has(x, SY_HOLDER_DEPARTMENT));
            warden_shares_tick(warden_of(x)); /* wherever it lies: two calls see every row */
        }
    }
}

/* Nobody deposits for the agency before its review, and a deposit without an event behind it stands for nothing. */
static void test_without_event(void **state)
{
    struct place *x = *state;
    deposit(x, SY_HOLDER_CUSTODIAN);
    check_ok(warden_shares_sweep(warden_of(x)));
    assert_false(has(x, SY_HOLDER_CUSTODIAN));
    assert_true(has(x, SY_HOLDER_DEPARTMENT));
}

static void test_stopped(void **state)
{
    struct place *x = *state;
    assert_int_equal(review(&x->k, "agency", "scene.final_review"), 0);
    deposit(x, SY_HOLDER_CUSTODIAN);
    check_ok(warden_shares_sweep(warden_of(x)));
    assert_true(has(x, SY_HOLDER_CUSTODIAN) && has(x, SY_HOLDER_DEPARTMENT));
    assert_int_equal(kit_order(&x->k, "agency", "scene.suspend", "incident"), 0);
    check_ok(warden_shares_settle(warden_of(x), x->k.grant));
    assert_false(has(x, SY_HOLDER_CUSTODIAN) || has(x, SY_HOLDER_DEPARTMENT));
    assert_int_equal(review(&x->k, "health", "scene.consent"), 0);
    deposit(x, SY_HOLDER_DEPARTMENT);
    deposit(x, SY_HOLDER_CUSTODIAN);
    check_ok(warden_shares_settle(warden_of(x), x->k.grant));
    assert_false(has(x, SY_HOLDER_CUSTODIAN)); /* the agency's comes with its resumption */
    assert_true(has(x, SY_HOLDER_DEPARTMENT));
    assert_int_equal(kit_order(&x->k, "agency", "scene.revoke", "incident"), 0);
    check_ok(warden_shares_settle(warden_of(x), x->k.grant));
    assert_false(has(x, SY_HOLDER_DEPARTMENT));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(test_lapses), T(test_many_lapse), T(test_without_event),
                                       T(test_stopped)};
    return cmocka_run_group_tests_name("warden_share", tests, NULL, NULL);
}
