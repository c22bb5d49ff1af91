/*
 * A real warden and the keys of a dataset that is being defined: what a crash left of them before an entry named them is
 * sealed to the holders of another definition, and is never taken up; what an entry names stays as it is.
 */
#include "test_ingest.h"

#include <sodium.h>
#include <string.h>

#include "vault/dataset.h"

#define ID "left.over"

static uint8_t stranger[2][32]; /* a box key pair of neither holder */

static void worker(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    (void)number;
    if (kind == SY_JOB_INGEST) {
        ingest_worker(ctx, sock);
    }
}

static int setup(void **state)
{
    static struct domain d;
    d = (struct domain){0};
    domain_start(&d, worker);
    *state = &d;
    return 0;
}

static int teardown(void **state)
{
    domain_stop(*state, NULL);
    return 0;
}

/* Of the kit's, under another identifier. */
static struct domain_call define_of(struct domain *d, struct sy_dataset_def *def)
{
    def->id = V(ID);
    return (struct domain_call){.party =
                                    sy_view_is(def->department, "health") ? "health" : "clinic",
                                .method = "dataset.define",
                                .args = kit_encode(&d->k, &sy_dataset_def_desc, def)};
}

/* As a crash leaves them between the key store and the log, with another holder's box. */
static void leave_keys(struct domain *d)
{
    struct vault *v = NULL;
    struct sy_dataset_keys keys;
    const struct vault_holders boxes = {.custodian = stranger[0]};
    crypto_box_keypair(stranger[0], stranger[1]);
    check_ok(vault_open(d->dir, &v, NULL));
    check_ok(vault_dataset_create(v, V(ID), &boxes, &keys, NULL));
    vault_close(v);
}

static void test_left_by_a_crash(void **state)
{
    struct domain *d = *state;
    struct sy_share share, again;
    domain_catalogue(d);
    domain_restart(d, leave_keys);
    struct domain_call c = define_of(d, kit_births(&d->k));
    struct sy_view envelope = domain_envelope(d, &c);
    assert_int_equal(domain_await(d, c.party, domain_relay(d, &c, envelope)).error.code, 0);
    domain_share(d, ID, &share); /* the agency opens it, whose it is */
    domain_restart(d, NULL);
    assert_int_equal(domain_await(d, c.party, domain_relay(d, &c, envelope)).error.code, 0);
    domain_share(d, ID, &again);
    assert_memory_equal(share.share, again.share, 32);
    c = define_of(d, kit_persons(&d->k));
    assert_int_equal(domain_ask(d, &c), SY_E_EXISTS); /* another's definition takes nothing away */
    domain_share(d, ID, &again);
    assert_memory_equal(share.share, again.share, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_left_by_a_crash, setup, teardown)};
    return cmocka_run_group_tests_name("warden_define", tests, NULL, NULL);
}
