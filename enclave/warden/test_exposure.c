/*
 * A real warden and reports of exposure: what the worker is given, what the reviewer is told, that counts of
 * another shape than asked for never leave, and that a suspension ends a report at once.
 */
#include "test_ingest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "wire/exposure.h"

enum script {
    HONEST = 0,
    NOT_OK,
    A_TABLE_LESS,
    A_TABLE_MORE,
    NO_STEPS,
    A_STEP_LESS,
    NAMED,
    A_SECRET_LESS,
    A_SECRET_MORE,
    NONSENSE,
    LEAVES,
    HANGS
};
enum { TABLES_MAX = 8, SECRETS_MAX = 32 };

/* ---- the worker ---- */

static struct sy_exposure_figure figure(uint64_t *below, uint64_t first)
{
    for (size_t i = 0; i < SY_EXPOSURE_N_STEPS; i++) {
        below[i] = first + i;
    }
    return (struct sy_exposure_figure){
        .below = below, .n_below = SY_EXPOSURE_N_STEPS, .fewest = first};
}

static void spoil(struct sy_exposure_result *r, enum script s)
{
    struct sy_exposure_table *t = &r->tables[0];
    r->ok = s != NOT_OK;
    r->n_tables += s == A_TABLE_MORE ? 1 : 0;
    r->n_tables -= s == A_TABLE_LESS ? 1 : 0;
    t->k.n_below = s == NO_STEPS ? 0 : t->k.n_below;
    t->l[0].n_below -= s == A_STEP_LESS ? 1 : 0;
    t->l[0].field = s == NAMED ? V("weight") : t->l[0].field;
    t->n_l -= s == A_SECRET_LESS ? 1 : 0;
    t->n_l += s == A_SECRET_MORE ? 1 : 0;
}

/* Counts of the right shape: table t has k = 100 + t, and l = 10 t + 1, 10 t + 2, ... */
static void count(int sock, const struct sy_exposure_job *job, enum script s)
{
    static uint64_t below[TABLES_MAX * SECRETS_MAX][SY_EXPOSURE_N_STEPS];
    static struct sy_exposure_figure l[TABLES_MAX][SECRETS_MAX];
    static struct sy_exposure_table tables[TABLES_MAX];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    size_t used = 0;
    struct sy_exposure_result r = {.tables = tables, .n_tables = job->tables};
    for (size_t t = 0; t < TABLES_MAX; t++) {
        size_t n = 0;
        for (size_t i = 0; i < job->n_columns; i++) {
            if (job->columns[i].scan == t && job->roles[i] == SY_EXPOSURE_SECRET) {
                l[t][n] = figure(below[used++], 10 * t + n + 1);
                n++;
            }
        }
        l[t][n] = figure(below[used++], 1);
        tables[t] = (struct sy_exposure_table){
            .k = figure(below[used++], 100 + t), .l = l[t], .n_l = n, .classes = 7, .units = 1000};
    }
    spoil(&r, s);
    if (sy_ok(sy_record_encode(&sy_exposure_result_desc, &r, &b))) {
        fake_say(sock, s == NONSENSE ? V("no record") : sy_buf_view(&b));
    }
}

static void report_worker(struct domain_orders *o, int sock)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX);
    struct sy_exposure_job e;
    enum script s = (enum script)o->run[0];
    if (!fake_hear(sock, &job, &o->job_fds) || job.n > sizeof(o->job)) {
        return;
    }
    memcpy(o->job, job.p, job.n);
    o->job_bytes = job.n;
    (void)__atomic_fetch_add(&o->n_runs, 1, __ATOMIC_SEQ_CST);
    if (s == HANGS) {
        usleep(3000000);
    }
    if (s != LEAVES && sy_ok(sy_record_decode(&sy_exposure_job_desc, sy_buf_view(&job),
                                              &SY_MP_LARGE, &a, &e, NULL))) {
        count(sock, &e, s);
        (void)shutdown(sock, SHUT_WR);
        usleep(200000);
    }
}

static void lower_worker(const struct domain_orders *o, int sock)
{
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX), b = sy_buf(1 << 20);
    struct sy_lower_result r = {.plan = sy_view(o->plan, o->plan_bytes)};
    size_t n_fds = 0;
    if (fake_hear(sock, &job, &n_fds) && sy_ok(sy_record_encode(&sy_lower_result_desc, &r, &b))) {
        fake_say(sock, sy_buf_view(&b));
        usleep(200000);
    }
}

static void worker(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    (void)number;
    if (kind == SY_JOB_INGEST) {
        ingest_worker(ctx, sock);
    } else if (kind == SY_JOB_EXPOSURE) {
        report_worker(ctx, sock);
    } else {
        lower_worker(ctx, sock);
    }
}

static int setup(void **state)
{
    static struct domain d;
    domain_start(&d, worker);
    domain_prepare(&d);
    d.orders->n_runs = 0;
    *state = &d;
    return 0;
}

static int teardown(void **state)
{
    domain_stop(*state, NULL);
    return 0;
}

/* ---- asking ---- */

static struct domain_call ask(struct domain *d)
{
    struct sy_exposure_ask a = {0};
    return (struct domain_call){.party = "operator",
                                .method = "scene.exposure",
                                .grant = d->k.grant,
                                .args = kit_encode(&d->k, &sy_exposure_ask_desc, &a)};
}

static struct domain_reply report(struct domain *d, enum script s, const char *party)
{
    struct domain_call c = ask(d);
    d->orders->run[0] = (int)s;
    c.party = party;
    return domain_await(d, party, domain_relay(d, &c, domain_envelope(d, &c)));
}

static const struct sy_exposure_table *table_of(const struct sy_exposure *e, const char *dataset)
{
    for (size_t i = 0; i < e->n_tables; i++) {
        if (sy_view_is(e->tables[i].dataset, dataset)) {
            return &e->tables[i];
        }
    }
    fail_msg("no table %s", dataset);
    return NULL;
}

/* The names are put to the counts in the order that the worker was given the columns in. */
static void test_report(void **state)
{
    struct domain *d = *state;
    struct sy_exposure e;
    struct domain_reply r = report(d, HONEST, "operator");
    assert_int_equal(r.error.code, 0);
    check_ok(
        sy_record_decode(&sy_exposure_desc, r.reply.result, &SY_MP_REQUEST, &d->k.arena, &e, NULL));
    assert_memory_equal(e.grant, d->k.grant, 32);
    assert_int_equal(e.n_tables, 4); /* streets are public */
    const struct sy_exposure_table *t = table_of(&e, "persons");
    assert_int_equal(t->k.fewest, 100);
    assert_int_equal(t->n_quasi, 4);
    assert_true(sy_view_is(t->quasi[0], "age") && sy_view_is(t->quasi[3], "town"));
    assert_int_equal(t->n_l, 1);
    assert_true(sy_view_is(t->l[0].field, "weight"));
    assert_int_equal(table_of(&e, "events")->k.fewest, 101);
    assert_int_equal(r.reply.n_proofs, 1);
    assert_int_equal(report(d, HONEST, "agency").error.code, 0);
    assert_int_equal(report(d, HONEST, "acme").error.code, SY_E_ROLE);
}

/* The worker gets the granted columns, one descriptor each, no label and no dataset's name. */
static void test_what_the_worker_gets(void **state)
{
    struct domain *d = *state;
    struct sy_exposure_job job;
    assert_int_equal(report(d, HONEST, "operator").error.code, 0);
    check_ok(sy_record_decode(&sy_exposure_job_desc, sy_view(d->orders->job, d->orders->job_bytes),
                              &SY_MP_LARGE, &d->k.arena, &job, NULL));
    assert_int_equal(job.tables, 4);
    assert_int_equal(job.n_columns, job.n_roles);
    assert_int_equal(job.n_columns, d->orders->job_fds);
    size_t units[TABLES_MAX] = {0};
    for (size_t i = 0; i < job.n_columns; i++) {
        assert_int_equal(job.columns[i].n_dict, 0);
        assert_true(job.columns[i].scan < job.tables);
        units[job.columns[i].scan] += job.roles[i] == SY_EXPOSURE_UNIT;
        assert_int_equal(sy_view_is(job.columns[i].type, "unit"), job.roles[i] == SY_EXPOSURE_UNIT);
    }
    for (size_t t = 0; t < job.tables; t++) {
        assert_int_equal(units[t], 1);
    }
}

static void test_other_shapes_never_leave(void **state)
{
    struct domain *d = *state;
    for (int s = NOT_OK; s <= LEAVES; s++) {
        struct domain_reply r = report(d, (enum script)s, "operator");
        if (r.error.code != SY_E_REFUSED || r.reply.result.n != 0) {
            fail_msg("script %d: %s", s, sy_code_name(r.error.code));
        }
        assert_string_equal(r.error.reason, "the report could not be made");
    }
    assert_int_equal(report(d, HONEST, "operator").error.code, 0);
}

/* The same envelope gives no second report. */
static void test_again(void **state)
{
    struct domain *d = *state;
    struct domain_call c = ask(d);
    struct sy_view envelope = domain_envelope(d, &c);
    assert_int_equal(domain_await(d, c.party, domain_relay(d, &c, envelope)).error.code, 0);
    unsigned before = d->orders->n_runs;
    assert_int_equal(domain_await(d, c.party, domain_relay(d, &c, envelope)).error.code,
                     SY_E_STATE);
    assert_int_equal(d->orders->n_runs, before);
}

static void test_suspension_during_a_report(void **state)
{
    struct domain *d = *state;
    struct sy_order o = {.ground = V("incident")};
    struct domain_call c = ask(d);
    d->orders->run[0] = HANGS;
    uint32_t id = domain_relay(d, &c, domain_envelope(d, &c));
    for (int i = 0; i < 200 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    struct domain_call stop = {.party = "agency",
                               .method = "scene.suspend",
                               .grant = d->k.grant,
                               .args = kit_encode(&d->k, &sy_order_desc, &o)};
    assert_int_equal(domain_ask(d, &stop), 0);
    assert_int_equal(domain_await(d, "operator", id).error.code, SY_E_REFUSED);
    assert_int_equal(report(d, HONEST, "operator").error.code, SY_E_STATE);
}

#define WITH_DOMAIN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DOMAIN(test_report),
        WITH_DOMAIN(test_what_the_worker_gets),
        WITH_DOMAIN(test_other_shapes_never_leave),
        WITH_DOMAIN(test_again),
        WITH_DOMAIN(test_suspension_during_a_report),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_exposure", tests, NULL, NULL);
}
