/*
 * Workers that got out of their sandbox.
 */
#include "test_hostile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "wire/job.h"

enum { WAVE = 3 };

/* Some at a time; every reply, answer or refusal, has the same length and waits for its slot. */
static void test_hostile_workers(void **state)
{
    static const char *const ages[] = {"18", "40", "60", "75", "80", "85", "90", "95"};
    struct domain *d = *state;
    struct asked asked[WAVE];
    size_t length = 0;
    for (int first = HONEST; first < N_SCRIPTS; first += WAVE) {
        int n = N_SCRIPTS - first < WAVE ? N_SCRIPTS - first : WAVE;
        for (int i = 0; i < n; i++) {
            int s = first + i;
            asked[i] = ask_run(d, (enum script)s, s < FIRST_BAD ? ages[s] : "95");
        }
        for (int i = 0; i < n; i++) {
            size_t bytes = settle(d, &asked[i]);
            assert_true(length == 0 || bytes == length);
            length = bytes;
        }
    }
    /* and it still serves: the same question as the first, stored, at once and at no charge */
    struct domain_call c = domain_run(d, ages[HONEST]);
    struct domain_reply r = domain_await(d, "acme", domain_relay(d, &c, domain_envelope(d, &c)));
    check_answer(d, &r);
    assert_int_equal(r.bytes, length);
}

/* Persons by street, undeclared: its dictionary goes to the worker. */
static void open_model(struct domain *d)
{
    struct sy_model_def *def = kit_model_def(&d->k);
    struct sy_plan *plan = kit_plan(&d->k);
    struct sy_plan_block *b = &plan->blocks[0];
    plan->rels[0].names = KIT_STRS(&d->k, "id", "age", "street", "weight");
    b->keys[0] = (struct sy_plan_key){.name = V("street"), .open = true};
    def->blocks[0].rho = b->rho = 2000000;
    def->blocks[0].delta = b->delta = 1000000;
    domain_model(d, def, plan);
}

static size_t n_threads(const struct domain *d)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)d->pid);
    return files_in(AT_FDCWD, path);
}

/* A worker that takes nothing, so that whoever feeds it waits in the middle of the job, and that holds
 * its own end of the socket open inside the socket: settled on time all the same, and nobody waits for
 * ever. */
static void test_worker_that_takes_nothing(void **state)
{
    static const enum script scripts[] = {DEAF_WITH_FDS, DEAF, DEAF_WITH_FDS, HONEST};
    struct domain *d = *state;
    size_t idle = n_threads(d);
    d->orders->ingest = INGEST_BIG;
    domain_ingest(d, "health", "persons");
    note_version();
    open_model(d);
    note_model();
    for (size_t i = 0; i < LEN(scripts); i++) {
        struct asked a = ask_run(d, scripts[i], "40");
        struct domain_reply r = domain_await(d, "acme", a.id);
        assert_true(sy_mono_ns() - a.from < (uint64_t)10 * SLOT_MS * MS);
        bool ok = scripts[i] == HONEST;
        assert_int_equal(r.error.code, ok ? 0 : SY_E_REFUSED);
        note_charge(&r, ok);
    }
    for (int i = 0; i < 200 && n_threads(d) > idle; i++) {
        usleep(10000);
    }
    assert_int_equal(n_threads(d), idle);
}

static void test_hostile_lowering(void **state)
{
    struct domain *d = *state;
    struct sy_model_def *def = kit_model_def(&d->k);
    struct domain_call c = {.party = "acme", .method = "model.register", .grant = d->k.grant};
    for (int s = LOWER_LEAVES; s < N_LOWERING; s++) {
        d->orders->lower = s;
        def->blocks[0].rho = 1000000 + (uint64_t)s; /* the plan that comes says another price */
        c.args = kit_encode(&d->k, &sy_model_def_desc, def);
        int32_t code = domain_ask(d, &c);
        if (code == 0) {
            fail_msg("lowering script %d was believed", s);
        }
        assert_true(strlen(d->k.err.reason) < sizeof(d->k.err.reason));
    }
    d->orders->lower = LOWERS; /* a sound plan that is not what the manifest says */
    assert_true(domain_ask(d, &c) != 0);
}

static void test_hostile_ingest(void **state)
{
    struct domain *d = *state;
    struct sy_ingest in = {.dataset = V("persons")};
    struct domain_call c = {.party = "health",
                            .method = "dataset.ingest",
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    for (int s = INGEST_LEAVES; s < N_INGESTION; s++) {
        SY_FD_CLEANUP int sock = domain_local(d);
        SY_FD_CLEANUP int file = openat(d->dir, "agency.party", O_RDONLY | O_CLOEXEC);
        d->orders->ingest = s;
        struct domain_reply r = domain_ask_local(d, sock, &c, file);
        if (r.error.code == 0) {
            fail_msg("ingest script %d was published", s);
        }
        assert_null(strstr(r.error.field, "Li"));
        assert_null(strstr(r.error.reason, "Li"));
    }
}

/* Descriptors that are no file or pipe, or that do not come at all, start nothing. */
static void test_ingest_descriptors(void **state)
{
    struct domain *d = *state;
    struct sy_ingest in = {.dataset = V("persons")};
    struct domain_call c = {.party = "health",
                            .method = "dataset.ingest",
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    int given[] = {-1, d->dir, d->gateway, open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    for (size_t i = 0; i < LEN(given); i++) {
        SY_FD_CLEANUP int sock = domain_local(d);
        struct domain_reply r = domain_ask_local(d, sock, &c, given[i]);
        assert_true(r.error.code != 0);
    }
    sy_fd_close(&given[3]);
}

/* Suspension ends a run at once; it stays charged and has its one answer entry. */
static void test_suspension_during_a_run(void **state)
{
    struct domain *d = *state;
    struct sy_order o = {.ground = V("incident")};
    struct asked a = ask_run(d, HANGS, "85");
    for (int i = 0; i < 200 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    struct domain_call c = {.party = "agency",
                            .method = "scene.suspend",
                            .grant = d->k.grant,
                            .args = kit_encode(&d->k, &sy_order_desc, &o)};
    assert_int_equal(domain_ask(d, &c), 0);
    (void)settle(d, &a);
    c = domain_run(d, "85");
    assert_int_equal(domain_ask(d, &c), SY_E_SUSPENDED);
}

/* The zygote dies under a run, and runs after it find none: refusals, in their slots. */
static void test_no_zygote(void **state)
{
    struct domain *d = *state;
    struct asked a = ask_run(d, HANGS, "85");
    for (int i = 0; i < 200 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    fake_stop(&d->zygote);
    (void)settle(d, &a);
    struct asked b = ask_run(d, NOTHING, "90");
    (void)settle(d, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOSTILES(test_hostile_workers),    WITH_HOSTILES(test_worker_that_takes_nothing),
        WITH_HOSTILES(test_hostile_lowering),   WITH_HOSTILES(test_hostile_ingest),
        WITH_HOSTILES(test_ingest_descriptors), WITH_HOSTILES(test_suspension_during_a_run),
        WITH_HOSTILES(test_no_zygote),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_hostile", tests, NULL, NULL);
}
