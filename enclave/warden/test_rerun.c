/*
 * A real warden that runs answered charges again, with workers that say the same, something else, something that
 * cannot be, or nothing. Only the outcome leaves, in one length, and it is in the log; what the charge was made
 * under is what it runs under, whatever the domain has come to since.
 */
#include "test_ingest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "warden/record.h"
#include "wire/job.h"

/* What a run worker says. OTHER is one unit away from HONEST, MISFIT is what no data could give. */
enum script { HONEST = 0, OTHER, MISFIT, DIES, HANGS };

enum { MS = 1000000, SLOT_MS = 1500, MEMORY_MIB = 64 };

/* ---- workers ---- */

static void run_worker(struct domain_orders *o, enum script s, int sock)
{
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX), b = sy_buf(1 << 16);
    int64_t figures[] = {s == OTHER ? 4 : 3, s == MISFIT ? -1 : 1950, 4};
    uint64_t key[] = {1, 2};
    struct sy_run_cell cell = {
        .figures = figures, .n_figures = 3, .key = key, .n_key = 2, .units = 3};
    struct sy_run_block block = {.cells = &cell, .n_cells = 1};
    struct sy_run_result r = {.blocks = &block, .n_blocks = 1, .ok = true};
    if (s == DIES || !fake_hear(sock, &job, &o->job_fds) || job.n > sizeof(o->job)) {
        return;
    }
    memcpy(o->job, job.p, job.n);
    o->job_bytes = job.n;
    if (s == HANGS) {
        fake_hang();
    }
    if (sy_ok(sy_record_encode(&sy_run_result_desc, &r, &b))) {
        fake_say(sock, sy_buf_view(&b));
    }
    usleep(200000);
}

static void worker(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    struct domain_orders *o = ctx;
    if (kind == SY_JOB_LOWER) {
        SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX), b = sy_buf(1 << 20);
        struct sy_lower_result r = {.plan = sy_view(o->plan, o->plan_bytes)};
        size_t n_fds = 0;
        if (fake_hear(sock, &job, &n_fds) &&
            sy_ok(sy_record_encode(&sy_lower_result_desc, &r, &b))) {
            fake_say(sock, sy_buf_view(&b));
        }
        usleep(200000);
    } else if (kind == SY_JOB_INGEST) {
        ingest_worker(o, sock);
    } else {
        (void)__atomic_fetch_add(&o->n_runs, 1, __ATOMIC_SEQ_CST);
        run_worker(o, (enum script)o->run[(number - 1) % DOMAIN_RUNS], sock);
    }
}

static int setup(void **state)
{
    static struct domain d;
    domain_start(&d, worker);
    domain_prepare(&d);
    *state = &d;
    return 0;
}

static int teardown(void **state)
{
    domain_stop(*state, NULL);
    return 0;
}

/* ---- asking ---- */

/* The next run of any kind goes by this script. */
static void script(struct domain *d, enum script s)
{
    d->orders->run[d->orders->n_runs % DOMAIN_RUNS] = (int)s;
}

/* An answered charge; its entry. */
static uint64_t answered(struct domain *d, const char *age)
{
    struct domain_call c = domain_run(d, age);
    script(d, HONEST);
    struct domain_reply r = domain_await(d, c.party, domain_relay(d, &c, domain_envelope(d, &c)));
    assert_int_equal(r.error.code, 0);
    assert_int_equal(r.reply.n_proofs, 2);
    return r.reply.proofs[0].index;
}

static struct domain_call rerun_call(struct domain *d, uint64_t charge)
{
    struct sy_rerun a = {.charge = charge};
    return (struct domain_call){
        .party = "agency", .method = "audit.rerun", .args = kit_encode(&d->k, &sy_rerun_desc, &a)};
}

static struct domain_reply rerun(struct domain *d, uint64_t charge, enum script s)
{
    SY_FD_CLEANUP int sock = domain_local(d);
    struct domain_call c = rerun_call(d, charge);
    script(d, s);
    return domain_ask_local(d, sock, &c, -1);
}

/* The outcome, which its own entry says too. */
static struct sy_rerun_result outcome(struct domain *d, const struct domain_reply *r)
{
    struct sy_rerun_result out;
    struct sy_event event;
    struct sy_reran logged;
    if (r->error.code != 0) {
        fail_msg("%s: %s", sy_code_name(r->error.code), r->error.reason);
    }
    check_ok(sy_record_decode(&sy_rerun_result_desc, r->reply.result, &SY_MP_REQUEST, &d->k.arena,
                              &out, NULL));
    assert_int_equal(r->reply.n_proofs, 2);
    check_ok(sy_record_decode(&sy_event_desc, r->reply.proofs[1].body, &SY_MP_LARGE, &d->k.arena,
                              &event, NULL));
    assert_true(sy_view_is(event.type, "reran"));
    check_ok(sy_record_decode(&sy_reran_desc, event.request.args, &SY_MP_REQUEST, &d->k.arena,
                              &logged, NULL));
    assert_int_equal(logged.rerun, r->reply.proofs[0].index);
    assert_int_equal(logged.charge, out.charge);
    assert_int_equal(logged.code, out.code);
    assert_true(sy_view_eq(logged.outcome, out.outcome));
    return out;
}

static void expect(struct domain *d, const struct domain_reply *r, const char *word, int32_t code)
{
    struct sy_rerun_result out = outcome(d, r);
    if (!sy_view_is(out.outcome, word) || out.code != (uint64_t)code) {
        fail_msg("%.*s %s, not %s", SY_PV(out.outcome), sy_code_name((int32_t)out.code), word);
    }
}

/* ---- tests ---- */

/* Whatever comes of it: after the same slot, in the same length. */
static void test_outcomes(void **state)
{
    static const struct {
        enum script s;
        const char *word;
        int32_t code;
    } CASES[] = {{HONEST, "match", 0},
                 {OTHER, "mismatch", 0},
                 {MISFIT, "unable", SY_E_REFUSED},
                 {DIES, "unable", SY_E_REFUSED},
                 {HANGS, "unable", SY_E_REFUSED},
                 {HONEST, "match", 0}};
    struct domain *d = *state;
    uint64_t charge = answered(d, "40");
    size_t bytes = 0;
    for (size_t i = 0; i < LEN(CASES); i++) {
        uint64_t began = sy_mono_ns();
        struct domain_reply r = rerun(d, charge, CASES[i].s);
        uint64_t took = (sy_mono_ns() - began) / MS;
        expect(d, &r, CASES[i].word, CASES[i].code);
        assert_int_equal(outcome(d, &r).charge, charge);
        assert_int_equal(outcome(d, &r).answer, charge + 1);
        assert_true(took >= SLOT_MS - 1);
        bytes = i == 0 ? r.bytes : bytes;
        assert_int_equal(r.bytes, bytes);
        assert_true(r.reply.result.n < 64); /* and no figure would fit into it */
    }
}

static void test_refused(void **state)
{
    struct domain *d = *state;
    uint64_t charge = answered(d, "40");
    struct domain_call c = rerun_call(d, charge);
    assert_int_equal(domain_ask(d, &c), SY_E_DENIED); /* over the gateway */
    assert_int_equal(rerun(d, charge + 1, HONEST).error.code, SY_E_NOT_FOUND);
    struct domain_call bad = domain_run(d, "60");
    script(d, DIES);
    struct domain_reply r =
        domain_await(d, bad.party, domain_relay(d, &bad, domain_envelope(d, &bad)));
    assert_int_equal(r.error.code, SY_E_REFUSED);
    unsigned runs = d->orders->n_runs;
    assert_int_equal(rerun(d, r.reply.proofs[0].index, HONEST).error.code, SY_E_STATE);
    assert_int_equal(d->orders->n_runs, runs);
}

/* The same envelope: its outcome, at work or over, and never a second run. */
static void test_again(void **state)
{
    struct domain *d = *state;
    uint64_t charge = answered(d, "40");
    SY_FD_CLEANUP int first = domain_local(d);
    SY_FD_CLEANUP int second = domain_local(d);
    struct domain_call c = rerun_call(d, charge);
    struct sy_view envelope = domain_envelope(d, &c);
    script(d, OTHER);
    domain_send_local(first, &c, envelope, -1);
    usleep(300000);
    domain_send_local(second, &c, envelope, -1);
    assert_int_equal(domain_await_local(d, second, &c, envelope).error.code, SY_E_BUSY);
    struct domain_reply r = domain_await_local(d, first, &c, envelope);
    expect(d, &r, "mismatch", 0);
    unsigned runs = d->orders->n_runs;
    uint64_t size = domain_size(d);
    domain_send_local(second, &c, envelope, -1);
    r = domain_await_local(d, second, &c, envelope);
    expect(d, &r, "mismatch", 0);
    assert_int_equal(d->orders->n_runs, runs);
    assert_int_equal(domain_size(d), size);
}

/* One at a time for each party: the second is told so before anything is logged. */
static void test_room(void **state)
{
    struct domain *d = *state;
    uint64_t charge = answered(d, "40");
    SY_FD_CLEANUP int first = domain_local(d);
    SY_FD_CLEANUP int second = domain_local(d);
    struct domain_call c = rerun_call(d, charge);
    struct sy_view one = domain_envelope(d, &c), two = domain_envelope(d, &c);
    script(d, HONEST);
    domain_send_local(first, &c, one, -1);
    usleep(300000);
    uint64_t size = domain_size(d);
    domain_send_local(second, &c, two, -1);
    assert_int_equal(domain_await_local(d, second, &c, two).error.code, SY_E_BUSY);
    assert_int_equal(domain_size(d), size);
    struct domain_reply r = domain_await_local(d, first, &c, one);
    expect(d, &r, "match", 0);
}

/* The stored answer is nobody's business less while its charge is run again. */
static void test_stored_meanwhile(void **state)
{
    struct domain *d = *state;
    uint64_t charge = answered(d, "40");
    SY_FD_CLEANUP int sock = domain_local(d);
    struct domain_call c = rerun_call(d, charge), again = domain_run(d, "40");
    struct sy_view envelope = domain_envelope(d, &c);
    script(d, HONEST);
    domain_send_local(sock, &c, envelope, -1);
    usleep(300000);
    assert_int_equal(domain_ask(d, &again), 0);
    struct domain_reply r = domain_await_local(d, sock, &c, envelope);
    expect(d, &r, "match", 0);
}

static int32_t order(struct domain *d, const char *method)
{
    struct sy_order o = {.ground = V("incident")};
    struct domain_call c = {.party = "agency",
                            .method = method,
                            .grant = d->k.grant,
                            .args = kit_encode(&d->k, &sy_order_desc, &o)};
    return domain_ask(d, &c);
}

/* An order stops it at once, and what is left of the grant cannot be run again. */
static void test_stopped(void **state)
{
    struct domain *d = *state;
    uint64_t charge = answered(d, "40");
    SY_FD_CLEANUP int sock = domain_local(d);
    struct domain_call c = rerun_call(d, charge);
    struct sy_view envelope = domain_envelope(d, &c);
    script(d, HANGS);
    domain_send_local(sock, &c, envelope, -1);
    usleep(300000);
    assert_int_equal(order(d, "scene.revoke"), 0);
    struct domain_reply r = domain_await_local(d, sock, &c, envelope);
    expect(d, &r, "unable", SY_E_GRANT);
    r = rerun(d, charge, HONEST);
    assert_int_equal(r.error.code, SY_E_GRANT);
    assert_string_equal(r.error.reason, "cannot be re-run any more: the grant is over");
}

/* Memory that the last run worker was given: a figure of the pack. */
static uint64_t memory_of_last(struct domain *d)
{
    struct sy_run_job job;
    check_ok(sy_record_decode(&sy_run_job_desc, sy_view(d->orders->job, d->orders->job_bytes),
                              &SY_MP_LARGE, &d->k.arena, &job, NULL));
    return job.memory_mib;
}

static void adopt_second(struct domain *d)
{
    struct sy_pack *p = kit_pack_record(&d->k, 2);
    p->sizes[0] = (struct sy_pack_size){.cpu_s = 4,
                                        .max_rows = 200000,
                                        .memory_mib = 2 * MEMORY_MIB,
                                        .slot_ms = SLOT_MS,
                                        .wall_ms = 1200};
    struct sy_pack_adopt a = {.pack = kit_encode(&d->k, &sy_pack_desc, p)};
    struct domain_call c = {.party = "agency",
                            .method = "pack.adopt",
                            .args = kit_encode(&d->k, &sy_pack_adopt_desc, &a)};
    assert_int_equal(domain_ask(d, &c), 0);
}

/* Pack, data and budget went on; the answers of before come out as they were, and those of after too. */
static void test_history(void **state)
{
    struct domain *d = *state;
    uint64_t old = answered(d, "40");
    adopt_second(d);
    domain_ingest(d, "health", "persons");
    uint64_t new = answered(d, "40");
    assert_true(new > old);
    assert_int_equal(memory_of_last(d), 2 * MEMORY_MIB);
    struct domain_reply r = rerun(d, old, HONEST);
    expect(d, &r, "match", 0);
    assert_int_equal(memory_of_last(d), MEMORY_MIB);
    r = rerun(d, new, HONEST);
    expect(d, &r, "match", 0);
    assert_int_equal(memory_of_last(d), 2 * MEMORY_MIB);
}

#define WITH_DOMAIN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DOMAIN(test_outcomes), WITH_DOMAIN(test_refused), WITH_DOMAIN(test_again),
        WITH_DOMAIN(test_room),     WITH_DOMAIN(test_stopped), WITH_DOMAIN(test_stored_meanwhile),
        WITH_DOMAIN(test_history),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_rerun", tests, NULL, NULL);
}
