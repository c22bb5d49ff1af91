/*
 * What: tests of products, from a durable request to a recorded outcome. Invariants: the outcome is recorded a
 * fixed time before the test's end and told at its end, both on the clock, whatever the data made of it; each
 * request has one outcome for ever; the seed comes from a key of its own, so that no draw is one that answers have; units,
 * cells, scores and gains never leave: the record says passed or failed, and what follows from the plan. What fails is
 * "unable"; why is in the warden's own log.
 */
#include "product_test.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "mechanisms/stream.h"
#include "proof/hash.h"
#include "rules/product.h"
#include "warden/record.h"
#include "warden/work.h"

/* Kept at the end for recording and sealing; two proofs and a few numbers. */
static const uint64_t MS = 1000000, TAIL_NS = 100 * 1000000;
enum { REPLY_BYTES = RULES_PROOF_BYTES + SY_REPLY_BLOCK, ACT_BYTES = 1024 };

/* --- telling it -------------------------------------------------------------------------------------- */

static sy_status read_try(struct warden_call *c, struct sy_product_try *ret, struct sy_error *err)
{
    return rules_product_try(c->w->state, c->request.header.subject, c->entries[0], &c->arena, ret,
                             err);
}

static void say(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_product_try t;
    sy_status s = read_try(c, &t, &err);
    if (sy_ok(s) && t.entry == 0) {
        s = sy_fail(&err, SY_E_BUSY, NULL,
                    "the outcome was not recorded; ask again with the same envelope");
    }
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    c->entries[1] = t.entry;
    c->n_entries = 2;
    warden_call_result(c, sy_arena_copy(&c->arena, t.tested));
}

/* Told: out of the list, and gone as soon as no thread is at work. */
void product_test_leave(struct warden_product_test *t)
{
    if (t->run.busy || !t->run.told) {
        return;
    }
    struct warden_product_test **at = &t->run.w->product_tests;
    while (*at != NULL && *at != t) {
        at = &(*at)->next;
    }
    if (*at == t) {
        *at = t->next;
    }
    warden_run_close(&t->run);
    free(t);
}

static void test_say(void *ctx)
{
    struct warden_product_test *t = ctx;
    warden_commit(t->run.w); /* no audit, no answer */
    if (t->run.w->failed) {
        return;
    }
    t->run.told = true;
    say(t->run.call);
    product_test_leave(t);
}

/* --- settling ---------------------------------------------------------------------------------------- */

static sy_status encode(const struct sy_product_tested *a, struct sy_buf *b)
{
    b->n = 0;
    return sy_record_encode(&sy_product_tested_desc, a, b);
}

/* Commits to what everything random was drawn from. */
sy_status product_test_result(const struct warden_product_test *t, struct sy_buf *b)
{
    const struct trial_outcome *o = &t->outcome;
    struct sy_product_tested a = {.outcome = sy_view_str("unable"), .test = t->asked};
    memcpy(a.product, t->product, sizeof(a.product));
    if (!t->found) {
        return encode(&a, b);
    }
    a.outcome = sy_view_str(o->passed ? "passed" : "failed");
    a.limit = o->price;
    a.membership = sy_view_str(o->price >= SY_PRODUCT_UNBOUNDED ? "unbounded" : "bounded");
    a.draws = o->draws;
    a.units = SY_PRODUCT_TEST_UNITS;
    SY_TRY(encode(&a, b));
    PROOF_SHA256(a.commit, "shuyu-product-test-1", sy_view(t->run.seed.p, MECH_SEED_BYTES),
                 sy_buf_view(b));
    return encode(&a, b);
}

static void settle(struct warden_product_test *t)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ACT_BYTES);
    struct sy_inputs in = {0};
    uint64_t entry = 0;
    sy_status s = product_test_result(t, &b);
    s = sy_ok(s) ? warden_act(t->run.w, "product.tested", NULL, sy_buf_view(&b), &in, &entry, NULL)
                 : s;
    if (!sy_ok(s)) { /* it stays open: the same envelope makes it again */
        sy_log(SY_LOG_ERROR, "test not recorded", SY_LOGF_CODE(s.code));
    }
    warden_run_let_go(&t->run);
    if (warden_timer_add(t->run.w->loop, t->run.due_ns, test_say, t) == 0) {
        test_say(t);
    }
}

/* Whoever is still at work is stopped, and what it makes is not looked at. */
static void finish(struct warden_product_test *t)
{
    if (t->run.finished) {
        return;
    }
    t->run.finished = true;
    warden_timer_cancel(t->run.w->loop, t->run.settle_timer);
    warden_job_stop(&t->run.job);
    if (!t->found) {
        sy_log(
            SY_LOG_WARN, "test without a result",
            SY_LOGF_ID("cause", sy_view_str(t->run.cause != NULL ? t->run.cause : "unfinished")));
    }
    settle(t);
}

static void settle_time(void *ctx)
{
    struct warden_product_test *t = ctx;
    t->run.settle_timer = 0;
    finish(t);
}

/* --- starting ---------------------------------------------------------------------------------------- */

/* The time begins: whatever comes of it is recorded and told on the clock. */
static sy_status start_clock(struct warden_product_test *t, const struct sy_pack *pack)
{
    uint64_t ns = rules_product_test_ms(pack) * MS;
    uint64_t tail = ns > 2 * TAIL_NS ? TAIL_NS : ns / 2, now = sy_mono_ns();
    t->run.due_ns = now + ns;
    t->run.settle_timer = warden_timer_add(t->run.w->loop, now + ns - tail, settle_time, t);
    return t->run.settle_timer != 0 ? SY_OK : sy_status_of(SY_E_BUSY);
}

/* A key of its own, which no answer is drawn under: it lies among the scenes' keys, under a name that no grant has. The
 * salt is the request's, the digest the product's and the data's. */
static sy_status make_seed(struct warden_product_test *t, const struct sy_inputs *in)
{
    struct vault_secret key = {0};
    uint8_t digest[MECH_DIGEST_BYTES];
    struct proof_hasher *h = proof_hasher_new();
    proof_hasher_add(h, sy_view(t->product, sizeof(t->product)));
    for (size_t i = 0; i < in->n_data; i++) {
        proof_hasher_add(h, sy_view(in->data[i].header, sizeof(in->data[i].header)));
    }
    proof_hasher_end(h, digest);
    SY_TRY(vault_secret_new(MECH_SEED_BYTES, &t->run.seed));
    SY_TRY(vault_scene_key(t->run.w->vault, sy_view_str("product-test"), &key));
    mech_seed(key.p, in->salt, digest, t->run.seed.p);
    vault_secret_free(&key);
    return SY_OK;
}

/* What a run's charge says, of a test: the model's grant, the versions of the event, each parameter's first value. */
static sy_status fill_row(struct warden_product_test *t, const struct sy_inputs *in,
                          const struct rules_product *p)
{
    struct sy_row_charge *row = &t->run.row;
    memcpy(row->grant, p->def.grant, sizeof(row->grant));
    memcpy(row->model, p->def.model, sizeof(row->model));
    memcpy(row->salt, in->salt, sizeof(row->salt));
    row->n_params = p->def.n_params;
    row->n_data = in->n_data;
    row->params = sy_arena_alloc(&t->run.arena, row->n_params + 1, sizeof(*row->params));
    row->data = sy_arena_alloc(&t->run.arena, row->n_data + 1, sizeof(*row->data));
    if (row->params == NULL || row->data == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < in->n_data; i++) {
        row->data[i] = in->data[i];
        row->data[i].dataset = sy_arena_copy(&t->run.arena, in->data[i].dataset);
    }
    return SY_OK;
}

/* Data that have gone on since the request was recorded are another test's. */
static sy_status begin(struct warden_product_test *t, struct sy_error *err)
{
    struct warden_run *r = &t->run;
    struct rules_product p;
    struct sy_event event;
    SY_TRY(warden_entry_event(r->w, t->asked, &r->arena, &event, err));
    SY_TRY(rules_product_read(r->w->state, t->product, &r->arena, &p, err));
    SY_TRY(fill_row(t, &event.inputs, &p));
    SY_TRY(warden_run_model_rows(r, err));
    SY_TRY(rules_model_read(r->rows, r->row.model, &r->arena, &r->model, err));
    SY_TRY(start_clock(t, &r->model.grant.pack));
    SY_TRY(make_seed(t, &event.inputs));
    SY_TRY(warden_run_sources(r, err));
    return product_test_start_world(t) ? SY_OK : sy_status_of(SY_E_BUSY);
}

static void start(struct warden_call *c)
{
    struct sy_error err = {0};
    struct warden_product_test *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        sy_fail(&err, SY_E_NO_MEMORY, NULL, NULL);
        warden_call_refuse(c, &err);
        return;
    }
    t->run = (struct warden_run){.w = c->w,
                                 .call = c,
                                 .time = c->inputs.time,
                                 .feed_sock = -1,
                                 .arena = {.ceiling = SY_RESULT_BYTES, .wipe = true},
                                 .early = {.ceiling = SY_JOB_MESSAGE_MAX, .wipe = true}};
    t->asked = c->entries[0];
    memcpy(t->product, c->request.header.subject, sizeof(t->product));
    t->next = c->w->product_tests;
    c->w->product_tests = t;
    t->run.job.ended = true;
    sy_status s = begin(t, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_WARN, "test not started", SY_LOGF_CODE(s.code));
        product_test_give_up(t, "start");
        if (t->run.settle_timer == 0) {
            t->run.due_ns = sy_mono_ns();
            finish(t);
        }
    }
}

/* --- the method -------------------------------------------------------------------------------------- */

bool warden_product_test_prepare(struct warden_call *c)
{
    static const struct warden_room room = {.in_all = 1, .of_party = 1};
    if (!warden_call_room(c, &room) || !warden_run_prepare(c)) {
        return false;
    }
    c->waits = false; /* nothing is released: the outcome is a reviewer's */
    return true;
}

void warden_product_test_done(struct warden_call *c)
{
    c->reply_bytes = REPLY_BYTES;
    start(c);
}

static bool is_active(const struct warden *w, uint64_t asked)
{
    for (const struct warden_product_test *t = w->product_tests; t != NULL; t = t->next) {
        if (t->asked == asked && !t->run.told) {
            return true;
        }
    }
    return false;
}

void warden_product_test_again(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_product_try t;
    c->reply_bytes = REPLY_BYTES;
    if (is_active(c->w, c->entries[0])) {
        warden_run_busy(c); /* the outcome may be known already, but its time has not come */
    } else if (!sy_ok(read_try(c, &t, &err))) {
        warden_call_refuse(c, &err);
    } else if (t.entry != 0) {
        say(c);
    } else {
        start(c);
    }
}

void warden_product_tests_stop(struct warden *w, const uint8_t grant[32])
{
    for (struct warden_product_test *t = w->product_tests, *next; t != NULL; t = next) {
        next = t->next;
        if (!t->run.finished && memcmp(t->run.row.grant, grant, 32) == 0) {
            t->found = false;
            t->run.stopped = true;
            product_test_give_up(t, "stopped");
            finish(t);
        }
    }
}

bool warden_product_tests_hold(const struct warden *w, const uint8_t grant[32])
{
    const struct warden_product_test *t = w->product_tests;
    while (t != NULL && !warden_run_holds(&t->run, grant)) {
        t = t->next;
    }
    return t != NULL;
}
