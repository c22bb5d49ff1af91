/*
 * Provenance: the steps of an answer, of a grant, a model and data; what was not exported; receipts; and an
 * index that lies.
 */
#include "test_log_kit.h"

#include <sqlite3.h>
#include <stdio.h>

#include "audit/trace.h"
#include "proof/ids.h"
#include "proof/merkle.h"
#include "proof/receipt.h"
#include "test_golden.h"
#include "wire/qualify.h"
#include "wire/staff.h"
#include "wire/supervise.h"

static struct log_kit L;

static int setup(void **state)
{
    log_kit_init(&L, "example.org/log");
    log_kit_small(&L);
    *state = &L;
    return 0;
}

static int setup_random(void **state)
{
    log_kit_init(&L, "example.org/log");
    log_kit_random(&L, 7, 60);
    *state = &L;
    return 0;
}

static int teardown(void **state)
{
    log_kit_free(*state);
    return 0;
}

/* Entries of the small log, from its end. */
enum { STOPPED = 1, SUSPEND, REFUSED, REPEAT, ANSWER, CHARGE, MODEL_REVIEW, MODEL, FINAL };

struct traced {
    struct audit_export *x;
    struct audit_index *ix;
    struct audit_trace t;
    struct sy_error err;
};

static sy_status trace_at(struct log_kit *l, uint64_t entry, struct traced *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->x = log_kit_open(l, l->n);
    check_ok(audit_index_open(NULL, AUDIT_INDEX_MEMORY, ret->x, &l->key, &ret->ix, NULL));
    return audit_trace(ret->x, ret->ix, entry, &l->k.arena, &ret->t, &ret->err);
}

static void end(struct traced *t)
{
    audit_index_close(t->ix);
    audit_close(t->x);
}

static size_t count_of(const struct audit_trace *t, enum audit_step_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        n += t->steps[i].kind == kind;
    }
    return n;
}

static const struct audit_step *step_of(const struct audit_trace *t, enum audit_step_kind kind)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->steps[i].kind == kind) {
            return &t->steps[i];
        }
    }
    fail_msg("no step %s", audit_step_label(kind, AUDIT_EN));
    return NULL;
}

/* Is `from` among what this step follows from? */
static bool follows(const struct audit_trace *t, const struct audit_step *s,
                    enum audit_step_kind from)
{
    for (size_t i = 0; i < s->n_from; i++) {
        if (t->steps[s->from[i]].kind == from) {
            return true;
        }
    }
    return false;
}

static void test_answer(void **state)
{
    struct log_kit *l = *state;
    struct traced t;
    check_ok(trace_at(l, l->n - ANSWER, &t));
    static const struct {
        enum audit_step_kind kind;
        size_t n;
    } WANTED[] = {
        {AUDIT_STEP_DEFINITION, 2}, {AUDIT_STEP_DATA, 2},         {AUDIT_STEP_MASK, 4},
        {AUDIT_STEP_MODEL, 1},      {AUDIT_STEP_PROPOSAL, 1},     {AUDIT_STEP_FIRST_REVIEW, 1},
        {AUDIT_STEP_CONSENT, 2},    {AUDIT_STEP_FINAL_REVIEW, 1}, {AUDIT_STEP_MODEL_REVIEW, 1},
        {AUDIT_STEP_CHARGE, 1},     {AUDIT_STEP_RELEASE, 1},      {AUDIT_STEP_RECEIPT, 1},
        {AUDIT_STEP_ORDER, 0}, /* it was suspended later */
    };
    for (size_t i = 0; i < LEN(WANTED); i++) {
        if (count_of(&t.t, WANTED[i].kind) != WANTED[i].n) {
            fail_msg("%zu steps %s", count_of(&t.t, WANTED[i].kind),
                     audit_step_label(WANTED[i].kind, AUDIT_EN));
        }
    }
    const struct audit_step *charge = step_of(&t.t, AUDIT_STEP_CHARGE);
    assert_int_equal(charge->entry, l->n - CHARGE);
    assert_true(follows(&t.t, charge, AUDIT_STEP_MODEL));
    assert_true(follows(&t.t, charge, AUDIT_STEP_FINAL_REVIEW));
    assert_true(follows(&t.t, step_of(&t.t, AUDIT_STEP_MODEL), AUDIT_STEP_MASK));
    assert_true(follows(&t.t, step_of(&t.t, AUDIT_STEP_MASK), AUDIT_STEP_DATA));
    assert_true(follows(&t.t, step_of(&t.t, AUDIT_STEP_DATA), AUDIT_STEP_DEFINITION));
    const struct audit_step *release = step_of(&t.t, AUDIT_STEP_RELEASE);
    assert_int_equal(release->entry, l->n - ANSWER);
    assert_int_equal(release->id[0], 0x33); /* the commitment that the kit makes */
    assert_true(follows(&t.t, step_of(&t.t, AUDIT_STEP_RECEIPT), AUDIT_STEP_RELEASE));
    end(&t);
}

/* --- acts that name a grant in other ways, and re-runs ------------------------------------------------ */

/* Put an allowed act in the place of entry i. */
static void act_about(struct log_kit *l, uint64_t i, const char *method, const struct sy_desc *desc,
                      const void *args, const uint8_t *grant, const uint8_t *subject)
{
    struct sy_event e = {.type = V("act"), .rules = 1, .schema = SY_EVENT_SCHEMA};
    struct sy_header h = {.ctx = V(SY_REQUEST_CONTEXT),
                          .method = V(method),
                          .party = V("agency"),
                          .suite = SY_SUITE_INTL};
    if (grant != NULL) {
        memcpy(h.grant, grant, 32);
    }
    if (subject != NULL) {
        memcpy(h.subject, subject, 32);
    }
    e.request.header = kit_encode(&l->k, &sy_header_desc, &h);
    e.request.args = kit_encode(&l->k, desc, args);
    log_kit_put(l, i, &e);
}

static void act(struct log_kit *l, uint64_t i, const char *method, const struct sy_desc *desc,
                const void *args)
{
    act_about(l, i, method, desc, args, NULL, NULL);
}

static bool ends_it(struct log_kit *l, uint64_t entry)
{
    struct traced t;
    bool found = false;
    check_ok(trace_at(l, l->n - FINAL, &t));
    for (size_t i = 0; i < t.t.n; i++) {
        found = found || (t.t.steps[i].kind == AUDIT_STEP_ORDER && t.t.steps[i].entry == entry);
    }
    end(&t);
    return found;
}

static void test_ends(void **state)
{
    struct log_kit *l = *state;
    const uint64_t last = l->n - STOPPED;
    struct sy_view grants[2] = {sy_view(l->scenes[0].grant, 32),
                                sy_view((const uint8_t[32]){9}, 32)};
    struct sy_view datasets[2] = {V("persons"), V("other")};
    for (size_t i = 0; i < 2; i++) { /* the first is ours, the second somebody else's */
        struct sy_incident_report report = {
            .affected = {.grants = &grants[i], .n_grants = 1}, .kind = V("leak"), .text = V("x")};
        act(l, last, "incident.report", &sy_incident_report_desc, &report);
        assert_int_equal(ends_it(l, last), i == 0);
        struct sy_incident_update update = {.affected = {.datasets = &datasets[i], .n_datasets = 1},
                                            .text = V("x")};
        act(l, last, "incident.update", &sy_incident_update_desc, &update);
        assert_int_equal(ends_it(l, last), i == 0);
        struct sy_party_revoke revoke = {.party = V(i == 0 ? "acme" : "other"), .ground = V("x")};
        act(l, last, "party.revoke", &sy_party_revoke_desc, &revoke);
        assert_int_equal(ends_it(l, last), i == 0);
        struct sy_order_correct order = {.party = revoke.party, .ground = V("x"), .text = V("y")};
        act(l, last - 1, "order.correct", &sy_order_correct_desc, &order);
        struct sy_order_cancel cancel = {.order = last - 1};
        act(l, last, "order.cancel", &sy_order_cancel_desc, &cancel);
        assert_int_equal(ends_it(l, last - 1), i == 0);
        assert_int_equal(ends_it(l, last), i == 0);
    }
    struct sy_order_correct all = {.party = V("operator"), .ground = V("x"), .text = V("y")};
    act(l, last, "order.correct", &sy_order_correct_desc, &all);
    assert_true(ends_it(l, last)); /* the operator's is everybody's */
    struct sy_incident_report whole = {
        .affected = {.all = true}, .kind = V("leak"), .text = V("x")};
    act(l, last, "incident.report", &sy_incident_report_desc, &whole);
    assert_true(ends_it(l, last));
}

/* The developer's agreement, or the whole one that all stand under; another developer's is another matter. */
static void test_ends_with_agreement(void **state)
{
    static const struct {
        const char *grantee;
        bool whole, ends;
    } cases[] = {{"acme", false, true}, {"other", false, false}, {"operator", true, true}};
    struct log_kit *l = *state;
    const uint64_t last = l->n - STOPPED;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_agreement offer = {.grantee = V(cases[i].grantee), .grantor = V("agency")};
        struct sy_agreement_end end = {.ground = V("x")};
        uint8_t id[32];
        offer.parent[0] = !cases[i].whole;
        proof_agreement_id(id, kit_encode(&l->k, &sy_agreement_desc, &offer));
        act(l, last - 1, "agreement.offer", &sy_agreement_desc, &offer);
        act_about(l, last, "agreement.terminate", &sy_agreement_end_desc, &end, NULL, id);
        assert_int_equal(ends_it(l, last), cases[i].ends);
        id[0] ^= 1; /* another agreement than was offered */
        act_about(l, last, "agreement.terminate", &sy_agreement_end_desc, &end, NULL, id);
        assert_false(ends_it(l, last));
    }
}

/* A smaller grant in its place: by the review that grants it, not by one that does not. */
static void test_ends_by_shrinking(void **state)
{
    struct log_kit *l = *state;
    const uint64_t last = l->n - STOPPED;
    for (int larger = 0; larger < 2; larger++) {
        struct sy_application a = {0};
        struct sy_proposal p = {.scene = V("less"),
                                .title = V("t"),
                                .developer = V("acme"),
                                .application = &a,
                                .n_application = 1};
        uint8_t id[32];
        memcpy(a.shrinks, l->scenes[0].grant, 32);
        a.shrinks[0] ^= (uint8_t)larger; /* that of another */
        proof_grant_id(id, kit_encode(&l->k, &sy_proposal_desc, &p));
        act(l, last - 1, "scene.apply", &sy_proposal_desc, &p);
        struct sy_review v = {.decision = V("approve")};
        act_about(l, last, "scene.final_review", &sy_review_desc, &v, id, NULL);
        assert_int_equal(ends_it(l, last), larger == 0);
        v.decision = V("reject");
        act_about(l, last, "scene.final_review", &sy_review_desc, &v, id, NULL);
        assert_false(ends_it(l, last));
    }
}

static void test_rerun(void **state)
{
    struct log_kit *l = *state;
    struct traced t;
    const uint64_t last = l->n - STOPPED, charge = l->n - CHARGE;
    for (uint64_t of = charge - 1; of <= charge; of++) {
        struct sy_reran reran = {.charge = of, .outcome = V("mismatch"), .rerun = last - 1};
        act(l, last, "audit.reran", &sy_reran_desc, &reran);
        check_ok(trace_at(l, charge, &t));
        assert_int_equal(count_of(&t.t, AUDIT_STEP_RERUN), of == charge);
        end(&t);
    }
    check_ok(trace_at(l, last, &t)); /* its own trace is the run's */
    const struct audit_step *s = step_of(&t.t, AUDIT_STEP_RERUN);
    assert_int_equal(s->entry, last);
    assert_int_equal(strncmp(s->detail, "mismatch", 8), 0);
    assert_true(follows(&t.t, s, AUDIT_STEP_RELEASE));
    assert_int_equal(step_of(&t.t, AUDIT_STEP_CHARGE)->entry, charge);
    end(&t);
}

/* A charge has the same trace as its answer. */
static void test_charge(void **state)
{
    struct log_kit *l = *state;
    struct traced a, b;
    check_ok(trace_at(l, l->n - ANSWER, &a));
    check_ok(trace_at(l, l->n - CHARGE, &b));
    assert_int_equal(a.t.n, b.t.n);
    for (size_t i = 0; i + 1 < a.t.n; i++) {
        assert_int_equal(a.t.steps[i].kind, b.t.steps[i].kind);
        assert_int_equal(a.t.steps[i].entry, b.t.steps[i].entry);
        assert_memory_equal(a.t.steps[i].id, b.t.steps[i].id, 32);
    }
    end(&a);
    end(&b);
}

static void test_repeat(void **state)
{
    struct log_kit *l = *state;
    struct traced t;
    check_ok(trace_at(l, l->n - REPEAT, &t));
    assert_int_equal(step_of(&t.t, AUDIT_STEP_REPEAT)->entry, l->n - REPEAT);
    assert_int_equal(step_of(&t.t, AUDIT_STEP_RELEASE)->entry, l->n - ANSWER);
    assert_true(follows(&t.t, step_of(&t.t, AUDIT_STEP_REPEAT), AUDIT_STEP_RELEASE));
    end(&t);
}

/* A refused run has what it asked for, and no release. */
static void test_refused(void **state)
{
    struct log_kit *l = *state;
    struct traced t;
    check_ok(trace_at(l, l->n - STOPPED, &t));
    assert_int_equal(step_of(&t.t, AUDIT_STEP_CHARGE)->verdict, SY_E_SUSPENDED);
    assert_int_equal(step_of(&t.t, AUDIT_STEP_ORDER)->entry, l->n - SUSPEND);
    assert_int_equal(count_of(&t.t, AUDIT_STEP_RELEASE), 0);
    end(&t);
}

/* Where it went: a grant, a model and a version name the runs that used them. */
static void test_uses(void **state)
{
    struct log_kit *l = *state;
    static const size_t FROM_END[] = {FINAL, MODEL, MODEL_REVIEW, SUSPEND};
    struct traced t;
    for (size_t i = 0; i < LEN(FROM_END); i++) {
        check_ok(trace_at(l, l->n - FROM_END[i], &t));
        assert_int_equal(count_of(&t.t, AUDIT_STEP_PROPOSAL), 1);
        assert_int_equal(t.t.uses, 1);
        assert_int_equal(step_of(&t.t, AUDIT_STEP_USE)->entry, l->n - CHARGE);
        end(&t);
    }
    for (uint64_t i = 0; i < l->n; i++) { /* every entry has a trace, and is in it */
        bool there = false;
        check_ok(trace_at(l, i, &t));
        for (size_t s = 0; s < t.t.n; s++) {
            there = there || (t.t.steps[s].found && t.t.steps[s].entry == i);
        }
        assert_true(there);
        end(&t);
    }
}

/* What others may read only is a step that says so. */
static void test_not_exported(void **state)
{
    struct log_kit *l = *state;
    struct traced t;
    log_kit_hide(l, l->n - MODEL);
    check_ok(trace_at(l, l->n - ANSWER, &t));
    assert_false(step_of(&t.t, AUDIT_STEP_MODEL)->found);
    assert_memory_equal(step_of(&t.t, AUDIT_STEP_MODEL)->id, l->scenes[0].model, 32);
    end(&t);
    check_code(trace_at(l, l->n - MODEL, &t), SY_E_DENIED);
    end(&t);
}

/* --- an index that lies ----------------------------------------------------------------------------- */

/* Change the index file, and trace by it: the log contradicts it. */
static void check_lie(struct log_kit *l, const char *sql, uint64_t entry)
{
    struct audit_export *x = log_kit_open(l, l->n);
    struct audit_index *ix = NULL;
    struct audit_trace t;
    struct sy_error err = {0};
    sqlite3 *db = NULL;
    const char *path = log_kit_path(l, "i");
    check_ok(audit_index_open(path, AUDIT_INDEX_REBUILD, x, &l->key, &ix, NULL));
    check_ok(audit_trace(x, ix, entry, &l->k.arena, &t, &err));
    audit_index_close(ix);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    check_ok(audit_index_open(path, AUDIT_INDEX_USE, x, &l->key, &ix, NULL));
    sy_status s = audit_trace(x, ix, entry, &l->k.arena, &t, &err);
    if (s.code != SY_E_TAMPERED || strcmp(err.field, "index") != 0) {
        fail_msg("%s: %s, %s", sql, sy_code_name(s.code), err.reason);
    }
    audit_index_close(ix);
    audit_close(x);
}

static void test_lies(void **state)
{
    struct log_kit *l = *state;
    static const char *const LIES[] = {
        "UPDATE grant_ SET entry = entry + 1",
        "UPDATE model SET entry = entry - 1",
        "UPDATE entry SET grant_ = (SELECT max(grant_) FROM entry) WHERE entry = 3;"
        "UPDATE entry SET method = (SELECT id FROM name WHERE text = 'scene.consent'), code = 0"
        " WHERE entry = 3",
        "UPDATE entry SET link = NULL; UPDATE entry SET link = (SELECT max(entry) - 6 + 1 FROM "
        "entry),"
        " method = (SELECT id FROM name WHERE text = 'job.answer') WHERE entry = 5",
        "UPDATE about SET version = 0 WHERE version = 1; UPDATE about SET version = 1 WHERE entry "
        "= 7;"
        "UPDATE entry SET method = (SELECT id FROM name WHERE text = 'dataset.publish')"
        " WHERE entry = 7",
    };
    for (size_t i = 0; i < LEN(LIES); i++) {
        check_lie(l, LIES[i], l->n - CHARGE);
    }
}

/* In a log with several of each: another grant's proposal, another model, another charge's answer. */
static void test_mixed_up(void **state)
{
    struct log_kit *l = *state;
    static const char *const LIES[] = {
        "UPDATE grant_ SET entry = (SELECT max(entry) FROM grant_)",
        "UPDATE model SET entry = (SELECT max(entry) FROM model)",
        "UPDATE entry SET link = NULL WHERE link = %llu; UPDATE entry SET link = %llu WHERE method "
        "="
        " (SELECT id FROM name WHERE text = 'job.answer') AND link IS NOT NULL",
    };
    uint64_t charge = 0;
    for (size_t i = l->n; i > 0; i--) { /* the first run of the first scene */
        struct sy_event ev;
        struct sy_header h;
        check_ok(sy_record_decode(&sy_event_desc, l->entries[i - 1].body, &SY_MP_LARGE, &l->k.arena,
                                  &ev, NULL));
        check_ok(sy_record_decode(&sy_header_desc, ev.request.header, &SY_MP_REQUEST, &l->k.arena,
                                  &h, NULL));
        bool first = memcmp(h.grant, l->scenes[0].grant, 32) == 0;
        charge = sy_view_is(ev.type, "charge") && first ? i - 1 : charge;
    }
    assert_true(charge > 0);
    for (size_t i = 0; i < LEN(LIES); i++) {
        const char *at = sy_arena_printf(&l->k.arena, "%llu", (unsigned long long)charge);
        SY_BUF_CLEANUP struct sy_buf sql = sy_buf(4096);
        for (const char *p = LIES[i]; *p != '\0'; p++) {
            bool place = strncmp(p, "%llu", 4) == 0;
            check_ok(place ? sy_buf_add_str(&sql, at) : sy_buf_add(&sql, p, 1));
            p += place ? 3 : 0;
        }
        check_ok(sy_buf_add(&sql, "", 1));
        check_lie(l, (const char *)sql.p, charge);
    }
}

/* --- receipts --------------------------------------------------------------------------------------- */

/* A receipt of entry i in the tree of n entries: the path from the leaves' hashes. */
static void subtree(struct log_kit *l, size_t from, size_t n, uint8_t ret[32])
{
    struct proof_frontier f = {0};
    for (size_t i = from; i < from + n; i++) {
        uint8_t hash[32];
        proof_merkle_leaf(hash, l->entries[i].leaf);
        proof_frontier_add(&f, hash);
    }
    proof_frontier_root(&f, ret);
}

static void path_to(struct log_kit *l, size_t i, size_t from, size_t n, struct proof_path *ret)
{
    size_t half = 1;
    if (n == 1) {
        return;
    }
    while (2 * half < n) {
        half *= 2;
    }
    bool left = i < from + half;
    path_to(l, i, left ? from : from + half, left ? half : n - half, ret);
    subtree(l, left ? from + half : from, left ? n - half : half, ret->hash[ret->n++]);
}

static struct sy_view receipt(struct log_kit *l, size_t i, size_t n)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_RECEIPT_MAX);
    struct proof_receipt r = {.index = i, .checkpoint = log_kit_note(l, n)};
    path_to(l, i, 0, n, &r.path);
    check_ok(proof_receipt_format(&r, &b));
    return sy_arena_copy(&l->k.arena, sy_buf_view(&b));
}

static void test_receipt(void **state)
{
    struct log_kit *l = *state;
    struct sy_error err = {0};
    uint64_t entry = 0;
    size_t i = l->n - ANSWER;
    struct sy_view old = receipt(l, i, i + 1);
    struct sy_view new = receipt(l, i, l->n);
    struct audit_export *x = log_kit_open(l, l->n);
    check_ok(audit_receipt_entry(x, &l->key, old, &entry, &err));
    assert_int_equal(entry, i);
    check_ok(audit_receipt_entry(x, &l->key, new, &entry, &err));
    audit_close(x);
    x = log_kit_open(l, i + 1); /* exported before that checkpoint */
    check_code(audit_receipt_entry(x, &l->key, new, &entry, &err), SY_E_PROOF);
    audit_close(x);
    x = log_kit_open(l, i); /* ... and before the entry */
    check_code(audit_receipt_entry(x, &l->key, old, &entry, &err), SY_E_PROOF);
    audit_close(x);
    struct sy_event ev; /* the domain shows the auditor another history before the entry */
    check_ok(
        sy_record_decode(&sy_event_desc, l->entries[2].body, &SY_MP_LARGE, &l->k.arena, &ev, NULL));
    l->entries[2].salt[0] ^= 1;
    log_kit_put(l, 2, &ev);
    x = log_kit_open(l, l->n);
    check_code(audit_receipt_entry(x, &l->key, old, &entry, &err), SY_E_PROOF);
    struct proof_vkey other = l->key;
    other.key[0] ^= 1;
    check_code(audit_receipt_entry(x, &other, new, &entry, &err), SY_E_SIGNATURE);
    audit_close(x);
}

/* --- golden ---------------------------------------------------------------------------------------- */

static void golden_trace(struct log_kit *l, size_t entry, audit_trace_fn *f, enum audit_lang lang,
                         const char *name)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct traced t;
    check_ok(trace_at(l, entry, &t));
    check_ok(f(&t.t, lang, &b));
    check_golden(name, sy_buf_view(&b));
    end(&t);
}

static void test_golden(void **state)
{
    struct log_kit *l = *state;
    golden_trace(l, l->n - ANSWER, audit_trace_text, AUDIT_EN, "answer.txt");
    golden_trace(l, l->n - ANSWER, audit_trace_text, AUDIT_ZH, "answer.zh.txt");
    golden_trace(l, l->n - ANSWER, audit_trace_json, AUDIT_EN, "answer.json");
    golden_trace(l, l->n - ANSWER, audit_trace_dot, AUDIT_ZH, "answer.dot");
    golden_trace(l, l->n - FINAL, audit_trace_text, AUDIT_EN, "grant.txt");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_answer),
        T(test_charge),
        T(test_repeat),
        T(test_refused),
        T(test_uses),
        T(test_not_exported),
        T(test_ends),
        T(test_ends_with_agreement),
        T(test_ends_by_shrinking),
        T(test_rerun),
        T(test_lies),
        T(test_receipt),
        cmocka_unit_test_setup_teardown(test_mixed_up, setup_random, teardown),
        T(test_golden),
    };
    return cmocka_run_group_tests_name("audit_trace", tests, NULL, NULL);
}
