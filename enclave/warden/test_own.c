/*
 * A real warden and a developer's own data: parts on their way when it dies, when the worker that reads the file
 * fails, two of them in one round, and when the grant ends while the file is being taken in or a run reads it. Nothing
 * is published then, nothing is left or open, and the log says so.
 */
#include "test_ingest.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "proof/hash.h"
#include "vault/dataset.h"
#include "warden/own.h"
#include "warden/run.h"
#include "warden/work.h"
#include "wire/own.h"

#define ID "own.events"

static const char *const PARTS[] = {"the first part, ", "and the last"};
enum { N_PARTS = 2, SECOND_NS = 1000000000 };

/* ---- a grant that names it ---- */

static void allow(struct domain *d, const char *party, const char *method, const uint8_t *grant,
                  struct sy_view args, struct sy_view secret)
{
    struct domain_call c = {
        .party = party, .method = method, .grant = grant, .args = args, .secret = secret};
    int32_t code = domain_ask(d, &c);
    if (code != 0) {
        fail_msg("%s: %s %s %s", method, sy_code_name(code), d->k.err.field, d->k.err.reason);
    }
}

static void adopt(struct domain *d)
{
    struct kit *k = &d->k;
    struct sy_pack *p = kit_pack_record(k, 2);
    static struct sy_pack_scene scene = {.reason_min = 4, .review_days = 10, .rounds_max = 1};
    static struct sy_pack_fusion fusion = {.bytes = 1000, .grade = 3};
    static struct sy_pack_scheme scheme = {
        .scene = &scene, .n_scene = 1, .fusion = &fusion, .n_fusion = 1};
    p->scheme = &scheme;
    p->n_scheme = 1;
    struct sy_pack_adopt a = {.pack = kit_encode(k, &sy_pack_desc, p)};
    allow(d, "agency", "pack.adopt", NULL, kit_encode(k, &sy_pack_adopt_desc, &a),
          (struct sy_view){0});
}

static struct sy_dataset_def own_def(struct kit *k)
{
    struct sy_dataset_def def = *kit_events(k);
    def.id = V(ID);
    def.department = V("acme");
    return def;
}

static void define(struct domain *d)
{
    struct kit *k = &d->k;
    struct sy_own a = {.bytes = strlen(PARTS[0]) + strlen(PARTS[1]),
                       .def = own_def(k),
                       .statement = {.basis = V("contract"), .source = V("members")}};
    struct sy_view parts[] = {V(PARTS[0]), V(PARTS[1])};
    proof_sha256(a.content, parts, N_PARTS);
    memset(a.statement.evidence, 7, 32);
    allow(d, "acme", "own.define", NULL, kit_encode(k, &sy_own_desc, &a), (struct sy_view){0});
}

static int64_t life_s; /* of the grant; 0: as the kit's */

/* The kit's persons, and the own table with the fields of events. */
static struct sy_view proposal(struct kit *k)
{
    struct sy_proposal *p = kit_proposal(k);
    struct sy_application *a = kit_alloc(k, 1, sizeof(*a));
    *a = (struct sy_application){.benefit = V("less cost"),
                                 .class_ = V("public"),
                                 .domain = V("health"),
                                 .market = V("three asked"),
                                 .revenue_plan = V("half of it"),
                                 .route = V("noised counts"),
                                 .own_data = KIT_STRS(k, ID),
                                 .n_own_data = 1,
                                 .products_planned = KIT_STRS(k, "report"),
                                 .n_products_planned = 1};
    p->application = a;
    p->n_application = 1;
    p->scene = V("fused");
    if (life_s > 0) {
        p->not_after = k->time + life_s;
    }
    p->datasets[1].dataset = V(ID);
    p->n_datasets = 2;
    for (size_t i = 0; i < p->n_datasets; i++) {
        for (size_t f = 0; f < p->datasets[i].n_fields; f++) {
            p->datasets[i].fields[f].reason = V("needed");
        }
    }
    return kit_encode(k, &sy_proposal_desc, p);
}

static void grant(struct domain *d)
{
    struct kit *k = &d->k;
    struct sy_share shares[N_PARTS];
    struct sy_shares given = {.shares = shares, .n_shares = 2};
    struct sy_review r = {.decision = V("approve"),
                          .opinion = V("seen"),
                          .compliance = V("lawful"),
                          .feasibility = V("it works"),
                          .risk = V("small"),
                          .value = V("large")};
    struct sy_view args = proposal(k), review = kit_encode(k, &sy_review_desc, &r), none = {0};
    proof_grant_id(k->grant, args);
    allow(d, "acme", "scene.apply", NULL, args, none);
    allow(d, "operator", "scene.first_review", k->grant, review, none);
    allow(d, "health", "scene.consent", k->grant, review, none);
    domain_share(d, "persons", &shares[1]);
    domain_share(d, ID, &shares[0]);
    allow(d, "agency", "scene.final_review", k->grant, review,
          kit_encode(k, &sy_shares_desc, &given));
    struct sy_own_confirm yes = {
        .dataset = V(ID), .decision = V("approve"), .opinion = V("papers seen")};
    allow(d, "operator", "own.confirm", k->grant, kit_encode(k, &sy_own_confirm_desc, &yes), none);
}

/* ---- steps ---- */

static struct domain_call part(struct domain *d, uint64_t i)
{
    struct sy_own_put put = {.dataset = V(ID), .part = i, .parts = N_PARTS};
    return (struct domain_call){.party = "acme",
                                .method = "own.put",
                                .grant = d->k.grant,
                                .args = kit_encode(&d->k, &sy_own_put_desc, &put),
                                .secret = V(PARTS[i])};
}

static int32_t put(struct domain *d, uint64_t i)
{
    struct domain_call c = part(d, i);
    return domain_ask(d, &c);
}

/* Below the domain's folder. */
static bool is_there(struct domain *d, const char *path)
{
    return faccessat(d->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_attempt(struct domain *d)
{
    SY_FD_CLEANUP int fd = openat(d->dir, "data/" ID, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink > 2;
}

/* The last part, whose file a worker begins to read and never ends. */
static uint32_t put_and_stall(struct domain *d, struct sy_view *ret_envelope)
{
    d->orders->ingest = INGEST_STALLS;
    d->orders->n_runs = 0;
    assert_int_equal(put(d, 0), 0);
    struct domain_call c = part(d, 1);
    *ret_envelope = domain_envelope(d, &c);
    uint32_t id = domain_relay(d, &c, *ret_envelope);
    for (int i = 0; i < 500 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    assert_int_equal(d->orders->n_runs, 1);
    return id;
}

static void end_grant(struct domain *d)
{
    struct sy_order o = {.ground = V("incident")};
    allow(d, "agency", "scene.revoke", d->k.grant, kit_encode(&d->k, &sy_order_desc, &o),
          (struct sy_view){0});
}

/* ---- the end: everything decided again, and how it stands ---- */

static const char *wanted;

static void look(struct domain *d, struct warden *w)
{
    struct sy_own_row row;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    (void)d;
    check_ok(rules_state_read(w->state, V("own/" ID), &sy_own_row_desc, &arena, &row, NULL));
    if (!sy_view_is(row.status, wanted)) {
        fail_msg("it is %.*s, not %s", SY_PV(row.status), wanted);
    }
}

static void (*at_end)(struct domain *d, struct warden *w) = look;

static void lower_worker(const struct domain_orders *o, int sock)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX), job = sy_buf(SY_JOB_MESSAGE_MAX);
    struct sy_lower_result r = {.plan = sy_view(o->plan, o->plan_bytes)};
    size_t n_fds = 0;
    if (fake_hear(sock, &job, &n_fds) && sy_ok(sy_record_encode(&sy_lower_result_desc, &r, &b))) {
        fake_say(sock, sy_buf_view(&b));
    }
}

/* Takes the question, and answers nothing. */
static void run_worker(struct domain_orders *o, int sock)
{
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX);
    size_t n_fds = 0;
    if (fake_hear(sock, &job, &n_fds)) {
        (void)__atomic_fetch_add(&o->n_runs, 1, __ATOMIC_SEQ_CST);
        fake_hang();
    }
}

static void worker(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    (void)number;
    if (kind == SY_JOB_INGEST) {
        ingest_worker(ctx, sock);
    } else if (kind == SY_JOB_RUN) {
        run_worker(ctx, sock);
    } else if (kind == SY_JOB_LOWER) {
        lower_worker(ctx, sock);
    }
}

static int setup(void **state)
{
    static struct domain d;
    d = (struct domain){0};
    life_s = 0;
    wanted = NULL;
    at_end = look;
    domain_start(&d, worker);
    domain_catalogue(&d);
    adopt(&d);
    define(&d);
    *state = &d;
    return 0;
}

static int setup_granted(void **state)
{
    (void)setup(state);
    grant(*state);
    return 0;
}

static int teardown(void **state)
{
    domain_stop(*state, wanted != NULL ? at_end : NULL);
    return 0;
}

/* ---- tests ---- */

static void test_comes_in(void **state)
{
    struct domain *d = *state;
    assert_int_equal(put(d, 1), SY_E_STATE);
    assert_int_equal(put(d, 0), 0);
    uint64_t from = sy_mono_ns();
    assert_int_equal(put(d, 1), 0);
    assert_true(sy_mono_ns() - from >= SECOND_NS);
    assert_true(has_attempt(d));
    assert_int_equal(put(d, 0), SY_E_STATE);
    wanted = "loaded";
}

/* Two parts in one round: the last of the confirmed file beside another first one, which takes the place of the
 * confirmed one. What was confirmed comes in, or nothing. */
static void test_one_round(void **state)
{
    struct domain *d = *state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct domain_call other = part(d, 0), last = part(d, 1);
    other.secret = V("one other part, ");
    assert_int_equal(put(d, 0), 0);
    uint32_t first = domain_put_relay(d, &other, domain_envelope(d, &other), &b);
    uint32_t second = domain_put_relay(d, &last, domain_envelope(d, &last), &b);
    domain_say(d, sy_buf_view(&b));
    assert_int_equal(domain_await(d, "acme", first).error.code, 0);
    assert_int_equal(domain_await(d, "acme", second).error.code, SY_E_BUSY);
    assert_int_equal(put(d, 1), SY_E_DIGEST);
    assert_false(has_attempt(d));
    assert_int_equal(put(d, 0), 0);
    assert_int_equal(put(d, 1), 0);
    wanted = "loaded";
}

/* However the worker ends: nothing is there, in its slot, and the file may come again. */
static void test_worker_fails(void **state)
{
    struct domain *d = *state;
    static const enum ingestion scripts[] = {INGEST_LEAVES, INGEST_SHORT, INGEST_TALKS};
    for (size_t i = 0; i < LEN(scripts); i++) {
        d->orders->ingest = (int)scripts[i];
        assert_int_equal(put(d, 0), 0);
        uint64_t from = sy_mono_ns();
        assert_int_equal(put(d, 1), SY_E_DATA);
        assert_true(sy_mono_ns() - from >= SECOND_NS);
        assert_null(strstr(d->k.err.reason, "Li"));
        assert_false(has_attempt(d));
    }
    d->orders->ingest = INGESTS;
    assert_int_equal(put(d, 0), 0);
    assert_int_equal(put(d, 1), 0);
    wanted = "loaded";
}

static void test_restart(void **state)
{
    struct domain *d = *state;
    assert_int_equal(put(d, 0), 0);
    domain_restart(d, NULL);
    assert_int_equal(put(d, 1), SY_E_STATE);
    assert_string_equal(d->k.err.field, "part");
    assert_int_equal(put(d, 0), 0);
    assert_int_equal(put(d, 1), 0);
    wanted = "loaded";
}

/* While it is taken in, nobody begins anew, and the same request is told to wait. */
static void test_busy(void **state)
{
    struct domain *d = *state;
    struct sy_view envelope;
    (void)put_and_stall(d, &envelope);
    assert_int_equal(put(d, 0), SY_E_BUSY);
    struct domain_call c = part(d, 1);
    struct domain_reply r = domain_await(d, "acme", domain_relay(d, &c, envelope));
    assert_int_equal(r.error.code, SY_E_BUSY);
    domain_restart(d, NULL);
    assert_false(has_attempt(d));
    r = domain_await(d, "acme", domain_relay(d, &c, envelope));
    assert_int_equal(r.error.code, SY_E_STATE); /* taken once: from part 0, if it is not in */
    d->orders->ingest = INGESTS;
    assert_int_equal(put(d, 0), 0);
    assert_int_equal(put(d, 1), 0);
    wanted = "loaded";
}

/* The grant ends while a worker reads the file. */
static void test_revoked_meanwhile(void **state)
{
    struct domain *d = *state;
    struct sy_view envelope;
    uint32_t id = put_and_stall(d, &envelope);
    assert_true(has_attempt(d));
    end_grant(d);
    assert_false(is_there(d, "data/" ID));
    assert_false(is_there(d, "keys/store/dataset:" ID ".key"));
    assert_false(is_there(d, "keys/store/custodian:" ID ".key"));
    assert_true(is_there(d, "keys/store/dataset:persons.key"));
    struct domain_reply r = domain_await(d, "acme", id);
    assert_int_equal(r.error.code, SY_E_GRANT);
    assert_int_equal(put(d, 0), SY_E_GRANT);
    wanted = "erased";
}

/* It ends between two parts: what came of them is gone with it. */
static void test_revoked_between(void **state)
{
    struct domain *d = *state;
    assert_int_equal(put(d, 0), 0);
    end_grant(d);
    assert_int_equal(put(d, 1), SY_E_GRANT);
    assert_false(is_there(d, "keys/store/dataset:" ID ".key"));
    wanted = "erased";
}

/* Columns that the warden holds in clear. */
static size_t columns_open(struct domain *d)
{
    char path[64], to[64];
    size_t n = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)d->pid);
    DIR *fds = opendir(path);
    assert_non_null(fds);
    for (struct dirent *e; (e = readdir(fds)) != NULL;) {
        ssize_t len = readlinkat(dirfd(fds), e->d_name, to, sizeof(to) - 1);
        n += len > 0 && sy_view_starts(sy_view(to, (size_t)len), V("/memfd:column"));
    }
    closedir(fds);
    return n;
}

/* The kit's, on the own table in place of events. */
static void model(struct domain *d)
{
    struct kit *k = &d->k;
    struct sy_model_def *def = kit_model_def(k);
    struct sy_plan *plan = kit_plan(k);
    struct sy_dataset_def own = own_def(k);
    def->blocks[0].rho = plan->blocks[0].rho = 2000000;
    for (size_t i = 0; i < plan->n_rels; i++) {
        if (sy_view_is(plan->rels[i].source, "events")) {
            plan->rels[i].source = V(ID);
        }
    }
    plan->sources[1] = plan->sources[0]; /* in the order of names */
    plan->sources[0].dataset = V(ID);
    proof_sha256_one(plan->sources[0].def, kit_encode(k, &sy_dataset_def_desc, &own));
    domain_model(d, def, plan);
}

/* The grant ends while a run under it is at work: long before its slot's end nothing that it read is open. */
static void test_revoked_in_a_run(void **state)
{
    struct domain *d = *state;
    assert_int_equal(put(d, 0), 0);
    assert_int_equal(put(d, 1), 0);
    model(d);
    d->orders->n_runs = 0;
    struct domain_call c = domain_run(d, "40");
    uint32_t id = domain_relay(d, &c, domain_envelope(d, &c));
    for (int i = 0; i < 100 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    assert_int_equal(d->orders->n_runs, 1); /* it has the question: no thread is at work */
    assert_true(columns_open(d) > 0);
    end_grant(d);
    assert_int_equal(columns_open(d), 0);
    assert_false(is_there(d, "data/" ID));
    assert_int_equal(domain_await(d, "acme", id).error.code, SY_E_REFUSED);
    wanted = "erased";
}

/* In the state only: what the log says is not asked here. */
static void end_row(struct domain *d, struct warden *w)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct rules_key key = rules_key_hash("grant/", d->k.grant);
    struct sy_row_grant row;
    check_ok(
        rules_state_read(w->state, rules_key_view(&key), &sy_row_grant_desc, &arena, &row, NULL));
    row.status = V("revoked");
    check_ok(sy_record_encode(&sy_row_grant_desc, &row, &b));
    check_ok(rules_state_put_raw(w->state, rules_key_view(&key), sy_buf_view(&b)));
}

/* A thread reads still: nothing is called erased until it has come back. */
static void look_busy(struct domain *d, struct warden *w)
{
    struct warden_run run = {.w = w, .feed_sock = -1, .stopped = true, .busy = true};
    memcpy(run.row.grant, d->k.grant, sizeof(run.row.grant));
    end_row(d, w);
    w->runs = &run;
    warden_own_erase(w);
    look(d, w);
    assert_true(w->own_due);
    assert_true(vault_dataset_is_there(w->vault, V(ID)));
    warden_run_let_go(&run); /* not as long as it is busy */
    warden_own_erase(w);
    look(d, w);
    run.busy = false;
    warden_run_let_go(&run);
    warden_own_erase(w);
    wanted = "erased";
    look(d, w);
    assert_false(w->own_due);
    assert_false(vault_dataset_is_there(w->vault, V(ID)));
}

static void test_thread_reads(void **state)
{
    struct domain *d = *state;
    assert_int_equal(put(d, 0), 0);
    assert_int_equal(put(d, 1), 0);
    wanted = "loaded";
    at_end = look_busy;
}

/* Nobody ends it: its time is over, and with it the data. */
static void test_expires(void **state)
{
    struct domain *d = *state;
    d->k.time = (int64_t)time(NULL);
    life_s = 5;
    grant(d);
    assert_int_equal(put(d, 0), 0);
    assert_int_equal(put(d, 1), 0);
    assert_true(has_attempt(d));
    for (int i = 0; i < 1500 && is_there(d, "data/" ID); i++) {
        usleep(10000);
    }
    assert_false(is_there(d, "data/" ID));
    assert_false(is_there(d, "keys/store/dataset:" ID ".key"));
    usleep(1100000); /* the act that follows is durable with its round */
    wanted = "erased";
}

#define WITH_DOMAIN(t) cmocka_unit_test_setup_teardown(t, setup_granted, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DOMAIN(test_comes_in),
        WITH_DOMAIN(test_one_round),
        WITH_DOMAIN(test_worker_fails),
        WITH_DOMAIN(test_restart),
        WITH_DOMAIN(test_busy),
        WITH_DOMAIN(test_revoked_meanwhile),
        WITH_DOMAIN(test_revoked_between),
        WITH_DOMAIN(test_revoked_in_a_run),
        WITH_DOMAIN(test_thread_reads),
        cmocka_unit_test_setup_teardown(test_expires, setup, teardown),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_own", tests, NULL, NULL);
}
