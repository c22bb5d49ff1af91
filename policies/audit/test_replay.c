/*
 * Replay and verification of random lives: whatever the number of threads, the auditor finds what a plain fold
 * finds; one event changed at random, and signed by the domain, is named with its entry, and nothing before it;
 * a checkpoint that was kept is a prefix of what comes later, or that is said. SHUYU_SEED repeats it.
 */
#include "test_log_kit.h"

#include <fcntl.h>
#include <sodium.h>

#include "audit/replay.h"

enum { ACTS = 60, LIES = 60 };

static struct log_kit L;

struct named {
    uint64_t first, last; /* entry */
    char field[64];
    size_t n;
};

static void on_mismatch(void *ctx, const struct audit_mismatch *m)
{
    struct named *f = ctx;
    if (f->n++ == 0) {
        f->first = m->entry;
        sy_view_to_cstr(V(m->field), f->field, sizeof(f->field));
    }
    assert_true(m->entry >= f->last); /* whoever settled what, and when */
    f->last = m->entry;
    assert_true(m->expected[0] != '\0' && strcmp(m->expected, m->found) != 0);
}

static sy_status replay(const struct audit_export *x, unsigned threads, struct named *f,
                        struct audit_replayed *ret)
{
    const struct audit_replay_how how = {.threads = threads, .mismatch = on_mismatch, .ctx = f};
    *f = (struct named){.first = UINT64_MAX};
    return audit_replay(x, &how, ret, NULL);
}

/* The first entry that a fold without memory, threads or facts refuses; n when none. */
static uint64_t fold(const struct log_kit *l, uint8_t ret_digest[32])
{
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    for (uint64_t i = 0; i < l->n; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_event e;
        check_ok(
            sy_record_decode(&sy_event_desc, l->entries[i].body, &SY_MP_LARGE, &arena, &e, NULL));
        if (!sy_ok(rules_replay(s, &e, i, NULL))) {
            return i;
        }
    }
    memcpy(ret_digest, rules_state_digest(s), 32);
    return l->n;
}

static void test_threads(void **state)
{
    static const unsigned THREADS[] = {1, 2, 3, 8};
    uint8_t digest[32];
    (void)state;
    log_kit_init(&L, "example.org/replay");
    log_kit_random(&L, log_kit_seed(), ACTS);
    struct audit_export *x = log_kit_open(&L, L.n);
    assert_int_equal(fold(&L, digest), L.n);
    for (size_t i = 0; i < LEN(THREADS); i++) {
        struct audit_replayed r;
        struct named f;
        check_ok(replay(x, THREADS[i], &f, &r));
        assert_int_equal(r.n_entries, L.n);
        assert_int_equal(r.n_signatures, L.n + 1); /* two under genesis */
        assert_int_equal(r.n_mismatches + r.n_differences + f.n, 0);
        assert_memory_equal(r.state, digest, 32);
    }
    audit_close(x);
    log_kit_free(&L);
}

/* A replayer remembers what the plan check said of a model, until a pack says otherwise. */
static void test_another_pack(void **state)
{
    struct kit *k = &L.k;
    struct audit_replayed r;
    struct named f;
    (void)state;
    log_kit_init(&L, "example.org/packs");
    kit_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_run(k, "60"), 0);
    struct sy_pack *strict = kit_pack_record(k, 2);
    strict->rho_run_max = 1;
    assert_int_equal(kit_adopt(k, strict), 0);
    assert_int_equal(kit_run(k, "75"), SY_E_BUDGET);
    assert_int_equal(kit_adopt(k, kit_pack_record(k, 3)), 0);
    assert_int_equal(kit_run(k, "75"), 0);
    log_kit_entries(&L);
    struct audit_export *x = log_kit_open(&L, L.n);
    check_ok(replay(x, 0, &f, &r));
    audit_close(x);
    log_kit_free(&L);
}

/* --- lies ---------------------------------------------------------------------------------------- */

static void lie_code(struct sy_event *e)
{
    e->verdict.code = e->verdict.code == 0 ? SY_E_GRANT : 0;
}

static void lie_reason(struct sy_event *e)
{
    e->verdict.reason = V("because");
}

static void lie_type(struct sy_event *e)
{
    e->type = sy_view_is(e->type, "refuse") ? V("charge") : V("refuse");
}

static void lie_digest(struct sy_event *e)
{
    e->state[log_kit_pick(&L, 32)] ^= 1;
}

static void lie_time(struct sy_event *e)
{
    e->inputs.time -= 100000000;
}

static void lie_salt(struct sy_event *e)
{
    e->request.salt[3] ^= 1;
}

static void lie_signature(struct sy_event *e)
{
    struct sy_view v = sy_arena_copy(&L.k.arena, e->request.sigs[0].sig);
    ((uint8_t *)(uintptr_t)v.p)[log_kit_pick(&L, v.n)] ^= 1;
    e->request.sigs[0].sig = v;
}

static void lie_unsigned(struct sy_event *e)
{
    e->request.n_sigs = 0;
}

static void lie_rules(struct sy_event *e)
{
    e->rules++;
}

static void test_lies(void **state)
{
    static void (*const HOW[])(struct sy_event * e) = {lie_code,   lie_reason,    lie_type,
                                                       lie_digest, lie_time,      lie_salt,
                                                       lie_rules,  lie_signature, lie_unsigned};
    (void)state;
    log_kit_init(&L, "example.org/lies");
    log_kit_random(&L, log_kit_seed(), ACTS);
    for (size_t i = 0; i < LIES; i++) {
        size_t at = log_kit_pick(&L, L.n);
        struct sy_log_entry honest = L.entries[at];
        struct sy_event e;
        struct audit_replayed r;
        struct named f;
        uint8_t digest[32];
        check_ok(sy_record_decode(&sy_event_desc, honest.body, &SY_MP_LARGE, &L.k.arena, &e, NULL));
        HOW[i % LEN(HOW)](&e);
        log_kit_put(&L, at, &e);
        struct audit_export *x = log_kit_open(&L, L.n);
        check_ok(audit_verify(x, &L.key, &(struct audit_summary){0}, NULL));
        check_code(replay(x, 2, &f, &r), SY_E_TAMPERED);
        if (f.first != at || fold(&L, digest) != at || r.n_entries != L.n) {
            fail_msg("lie %zu at %zu: named %llu (%s)", i % LEN(HOW), at,
                     (unsigned long long)f.first, f.field);
        }
        audit_close(x);
        L.entries[at] = honest;
    }
    log_kit_free(&L);
}

/* Where an entry has no body, replay ends; what was found before it is told, and nothing of what comes after. */
static void test_ends_early(void **state)
{
    (void)state;
    log_kit_init(&L, "example.org/early");
    log_kit_random(&L, log_kit_seed(), ACTS);
    for (size_t i = 0; i < LIES / 10; i++) {
        const size_t end = 1 + log_kit_pick(&L, L.n - 1);
        const size_t at = log_kit_pick(&L, end);
        const struct sy_log_entry honest = L.entries[at];
        const struct sy_log_entry whole = L.entries[end];
        struct sy_event e;
        struct audit_replayed r;
        struct named f;
        check_ok(sy_record_decode(&sy_event_desc, honest.body, &SY_MP_LARGE, &L.k.arena, &e, NULL));
        lie_digest(&e);
        log_kit_put(&L, at, &e);
        L.entries[end].body = (struct sy_view){0};
        struct audit_export *x = log_kit_open(&L, L.n);
        for (unsigned threads = 1; threads <= 3; threads++) {
            check_code(replay(x, threads, &f, &r), SY_E_DENIED);
            assert_int_equal(r.n_entries, end);
            assert_true(f.first == at && f.last < end && r.n_mismatches > 0);
        }
        audit_close(x);
        L.entries[at] = honest;
        L.entries[end] = whole;
    }
    log_kit_free(&L);
}

/* Left out on purpose, signatures are the one thing that is not seen. */
static void test_no_signatures(void **state)
{
    struct sy_event e;
    struct named f = {0};
    struct audit_replayed r;
    (void)state;
    log_kit_init(&L, "example.org/unsigned");
    log_kit_small(&L);
    check_ok(sy_record_decode(&sy_event_desc, L.entries[L.n - 1].body, &SY_MP_LARGE, &L.k.arena, &e,
                              NULL));
    lie_signature(&e);
    log_kit_put(&L, L.n - 1, &e);
    struct audit_export *x = log_kit_open(&L, L.n);
    const struct audit_replay_how how = {.no_signatures = true, .mismatch = on_mismatch, .ctx = &f};
    check_ok(audit_replay(x, &how, &r, NULL));
    assert_int_equal(r.n_signatures, 0);
    check_code(replay(x, 0, &f, &r), SY_E_TAMPERED);
    assert_string_equal(f.field, "sigs");
    audit_close(x);
    log_kit_free(&L);
}

/* --- what was seen before -------------------------------------------------------------------------- */

static sy_status since(struct sy_view note, size_t n, struct sy_error *err)
{
    struct audit_summary sum;
    struct audit_export *x = log_kit_open(&L, n);
    const struct audit_kept kept = {.note = note, .keys = &L.key, .n_keys = 1};
    *err = (struct sy_error){0};
    sy_status s = audit_verify_since(x, &L.key, &kept, &sum, err);
    audit_close(x);
    return s;
}

static void check_rollback(struct sy_view note, size_t n)
{
    struct sy_error e;
    check_code(since(note, n, &e), SY_E_ROLLBACK);
    assert_string_equal(e.field, "kept");
}

static void test_kept(void **state)
{
    struct sy_error e;
    struct sy_event event;
    (void)state;
    log_kit_init(&L, "example.org/kept");
    log_kit_small(&L);
    for (size_t n = 0; n <= L.n; n++) {
        struct sy_view note = log_kit_note(&L, n);
        check_ok(since(note, n, &e));
        check_ok(since(note, L.n, &e));
        if (n > 0) {
            check_rollback(note, n - 1); /* the disk of last week */
        }
    }
    /* another history from entry 5 on, as well kept as the first */
    struct sy_view before = log_kit_note(&L, 5);
    struct sy_view after = log_kit_note(&L, 6);
    check_ok(sy_record_decode(&sy_event_desc, L.entries[5].body, &SY_MP_LARGE, &L.k.arena, &event,
                              NULL));
    lie_reason(&event);
    log_kit_put(&L, 5, &event);
    check_ok(since(before, L.n, &e));
    check_rollback(after, L.n);
    /* a note that is none of this log's */
    struct sy_view broken = sy_arena_copy(&L.k.arena, after);
    ((uint8_t *)(uintptr_t)broken.p)[broken.n - 20] ^= 2;
    assert_false(sy_ok(since(broken, L.n, &e)));
    assert_string_equal(e.field, "kept");
    check_code(since(V("nonsense"), L.n, &e), SY_E_FIELD);
    log_kit_free(&L);
}

/* An old order, signed and allowed, is applied once more under a type that is the very text with which the
 * replayer says that it should not be there. */
static void test_repeated(void **state)
{
    struct sy_event e;
    struct named f;
    struct audit_replayed r;
    uint8_t digest[32];
    RULES_EFFECT_CLEANUP struct rules_effect *effect = NULL;
    (void)state;
    log_kit_init(&L, "example.org/repeated");
    log_kit_small(&L);
    check_ok(sy_record_decode(&sy_event_desc, L.entries[L.n - 2].body, &SY_MP_LARGE, &L.k.arena, &e,
                              NULL)); /* the suspension */
    e.type = V("the same request again, whose outcome is in the log");
    e.inputs.time = L.k.time;
    check_ok(rules_effect_new(L.k.state, &e, L.n, &effect, NULL));
    memcpy(e.state, rules_effect_digest(effect), 32);
    L.entries[L.n] = (struct sy_log_entry){.index = L.n};
    memset(L.entries[L.n].salt, 7, 32);
    log_kit_put(&L, L.n, &e);
    L.n++;
    struct audit_export *x = log_kit_open(&L, L.n);
    check_ok(audit_verify(x, &L.key, &(struct audit_summary){0}, NULL));
    check_code(replay(x, 2, &f, &r), SY_E_TAMPERED);
    assert_int_equal(f.first, L.n - 1);
    assert_int_equal(f.n, 1);
    assert_string_equal(f.field, "type");
    assert_int_equal(fold(&L, digest), L.n - 1);
    audit_close(x);
    log_kit_free(&L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),       cmocka_unit_test(test_another_pack),
        cmocka_unit_test(test_lies),          cmocka_unit_test(test_ends_early),
        cmocka_unit_test(test_no_signatures), cmocka_unit_test(test_kept),
        cmocka_unit_test(test_repeated),
    };
    return cmocka_run_group_tests_name("audit_replay", tests, NULL, NULL);
}
