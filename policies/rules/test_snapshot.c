/*
 * Snapshots of the state: written once, read the same, in one form only; a state read from one goes on as
 * the state that was folded. Clones: cheap, and as if they had been copied.
 */
#include "test_kit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "rules/snapshot.h"
#include "wire/mp.h"

/* --- bytes ---------------------------------------------------------------------------------------- */

static sy_status collect(void *ctx, struct sy_view bytes)
{
    return sy_buf_add_view(ctx, bytes);
}

static void write_state(const struct rules_state *s, struct sy_buf *b)
{
    sy_buf_clear(b);
    check_ok(rules_snapshot_write(s, collect, b));
    assert_true(b->n <= rules_snapshot_bytes(s));
}

struct source {
    struct sy_view rest;
};

static sy_status take(void *ctx, size_t n, struct sy_view *ret)
{
    struct source *from = ctx;
    if (n > from->rest.n) {
        return sy_status_of(SY_E_TAMPERED);
    }
    *ret = sy_view(from->rest.p, n);
    from->rest = sy_view(from->rest.p + n, from->rest.n - n);
    return SY_OK;
}

/* Read all of it; SY_E_TAMPERED too when something is left. */
static sy_status read_state(struct sy_view bytes, struct rules_state **ret)
{
    struct source from = {bytes};
    sy_status s = rules_snapshot_read(take, &from, ret, NULL);
    if (sy_ok(s) && from.rest.n > 0) {
        rules_state_free(*ret);
        *ret = NULL;
        return sy_status_of(SY_E_TAMPERED);
    }
    return s;
}

static bool same_rows(const struct rules_state *a, const struct rules_state *b)
{
    struct sy_view key = {0}, value, other;
    if (rules_state_n_rows(a) != rules_state_n_rows(b) ||
        rules_state_n_bytes(a) != rules_state_n_bytes(b) ||
        memcmp(rules_state_digest(a), rules_state_digest(b), 32) != 0) {
        return false;
    }
    while (rules_state_next(a, (struct sy_view){0}, key, &key, &value)) {
        if (!rules_state_get(b, key, &other) || !sy_view_eq(value, other)) {
            return false;
        }
    }
    return true;
}

static void put(struct rules_state *s, const char *key, struct sy_view value)
{
    check_ok(rules_state_put_raw(s, V(key), value));
}

/* --- form ----------------------------------------------------------------------------------------- */

static void test_form(void **state)
{
    static const uint8_t want[] = "\x83\xA6"
                                  "digest\xC4\x20"
                                  "................................"
                                  "\xA4"
                                  "rows\x82\xA1"
                                  "a\xC4\x01"
                                  "1\xA3"
                                  "b/c\xC4\x02"
                                  "22"
                                  "\xA5"
                                  "rules\x02";
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    RULES_STATE_CLEANUP struct rules_state *again = NULL;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    uint8_t digest[32];
    (void)state;
    memset(digest, '.', sizeof(digest));
    rules_state_set_digest(s, digest);
    put(s, "b/c", V("22"));
    put(s, "a", V("1"));
    write_state(s, &b);
    assert_int_equal(b.n, sizeof(want) - 1);
    assert_memory_equal(b.p, want, b.n);
    check_ok(read_state(sy_buf_view(&b), &again));
    assert_true(same_rows(s, again));
    /* any reader of MessagePack reads it, and finds it canonical */
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    check_ok(sy_mp_open(sy_buf_view(&b), &SY_MP_LARGE, &doc, NULL));
}

/* Every length at which a header changes its form. */
static void test_lengths(void **state)
{
    static const size_t values[] = {1, 31, 32, 255, 256, 65535, 65536, RULES_VALUE_MAX};
    static const size_t keys[] = {1, 31, 32, RULES_KEY_MAX};
    static const size_t counts[] = {0, 1, 15, 16, 17, 65535, 65536, 70000};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(64 << 20);
    (void)state;
    uint8_t *bytes = calloc(1, RULES_VALUE_MAX);
    assert_non_null(bytes);
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    for (size_t i = 0; i < LEN(values); i++) {
        for (size_t k = 0; k < LEN(keys); k++) {
            char key[RULES_KEY_MAX + 1];
            memset(key, 'a' + (int)i, sizeof(key));
            check_ok(rules_state_put_raw(s, sy_view(key, keys[k]), sy_view(bytes, values[i])));
        }
    }
    free(bytes);
    RULES_STATE_CLEANUP struct rules_state *again = NULL;
    write_state(s, &b);
    check_ok(read_state(sy_buf_view(&b), &again));
    assert_true(same_rows(s, again));
    for (size_t i = 0; i < LEN(counts); i++) {
        RULES_STATE_CLEANUP struct rules_state *many = rules_state_new();
        RULES_STATE_CLEANUP struct rules_state *back = NULL;
        for (size_t k = 0; k < counts[i]; k++) {
            char key[24];
            (void)snprintf(key, sizeof(key), "k%zu", k);
            put(many, key, V("v"));
        }
        write_state(many, &b);
        check_ok(read_state(sy_buf_view(&b), &back));
        assert_true(same_rows(many, back));
    }
}

/* Truncated anywhere, extended, or any byte another: refused, or it is exactly what another state writes. */
static void test_one_form(void **state)
{
    struct kit k;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    SY_BUF_CLEANUP struct sy_buf again = sy_buf(1 << 20);
    size_t accepted = 0, refused = 0;
    (void)state;
    kit_init(&k);
    assert_int_equal(kit_genesis(&k), 0);
    write_state(k.state, &b);
    kit_free(&k);
    for (size_t at = 0; at < b.n; at++) {
        struct rules_state *s = NULL;
        check_code(read_state(sy_view(b.p, at), &s), SY_E_TAMPERED);
        assert_null(s);
        for (unsigned bit = 0; bit < 8; bit++) {
            b.p[at] ^= (uint8_t)(1U << bit);
            if (sy_ok(read_state(sy_buf_view(&b), &s))) {
                write_state(s, &again);
                assert_true(sy_view_eq(sy_buf_view(&again), sy_buf_view(&b)));
                rules_state_free(s);
                accepted++;
            } else {
                assert_null(s);
                refused++;
            }
            b.p[at] ^= (uint8_t)(1U << bit);
        }
    }
    assert_true(accepted > 1000 && refused > 200); /* in values; in everything else */
    struct rules_state *s = NULL;
    check_ok(sy_buf_add_str(&b, "\n"));
    check_code(read_state(sy_buf_view(&b), &s), SY_E_TAMPERED);
}

#define BEFORE_ROWS                                                                                \
    "\x83\xA6"                                                                                     \
    "digest\xC4\x20................................\xA4rows"

static void expect_refused(const char *bytes, size_t n, int32_t code)
{
    struct rules_state *s = NULL;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_buf_add(&b, BEFORE_ROWS, sizeof(BEFORE_ROWS) - 1));
    check_ok(sy_buf_add(&b, bytes, n));
    check_code(read_state(sy_buf_view(&b), &s), code);
    assert_true((s != NULL) == (code == 0));
    rules_state_free(s);
}
#define REFUSED(bytes) expect_refused((bytes), sizeof(bytes) - 1, SY_E_TAMPERED)
#define END                                                                                        \
    "\xA5"                                                                                         \
    "rules\x02"

static void test_not_canonical(void **state)
{
    (void)state;
    expect_refused("\x80"
                   "\xA5"
                   "rules\x03",
                   8, SY_E_STATE);    /* other rules */
    expect_refused("\x80" END, 8, 0); /* the control */
    REFUSED("\x81\xA0\xC4\x01"
            "1" END); /* empty key */
    REFUSED("\x81\xA1"
            "a\xC4\x00" END); /* empty value */
    REFUSED("\x81\xD9\x01"
            "a\xC4\x01"
            "1" END); /* long form of a short key */
    REFUSED("\x81\xA1"
            "a\xC5\x00\x01"
            "1" END); /* of a short value */
    REFUSED("\x81\xA1"
            "a\xC6\x00\x00\x00\x01"
            "1" END);
    REFUSED("\xDE\x00\x01\xA1"
            "a\xC4\x01"
            "1" END); /* of a small map */
    REFUSED("\xDF\x00\x00\x00\x01\xA1"
            "a\xC4\x01"
            "1" END);
    REFUSED("\x81\xA1"
            "a\xA1"
            "1" END); /* a value that is text */
    REFUSED("\x81\xC4\x01"
            "a\xC4\x01"
            "1" END); /* a key that is none */
    REFUSED("\x81\xA1\xFF\xC4\x01"
            "1" END); /* no UTF-8 */
    REFUSED("\x82\xA1"
            "a\xC4\x01"
            "1\xA1"
            "a\xC4\x01"
            "1" END); /* twice */
    REFUSED("\x82\xA1"
            "b\xC4\x01"
            "1\xA1"
            "a\xC4\x01"
            "1" END); /* not in order */
    REFUSED("\x81\xA1"
            "a\xC6\xFF\xFF\xFF\xFF"
            "1" END); /* beyond any row */
    REFUSED("\xDF\xFF\xFF\xFF\xFF\xA1"
            "a\xC4\x01"
            "1" END);
}

/* --- a life ----------------------------------------------------------------------------------------- */

/* The kit's events 0..n-1, folded as an auditor folds them. */
static struct rules_state *fold(const struct kit *k, struct rules_state *s, uint64_t from,
                                uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_event event;
        check_ok(
            sy_record_decode(&sy_event_desc, k->events[i], &SY_MP_LARGE, &arena, &event, NULL));
        check_ok(rules_replay(s, &event, i, NULL));
        assert_memory_equal(rules_state_digest(s), k->digests[i], 32);
    }
    return s;
}

static void live(struct kit *k)
{
    kit_init(k);
    kit_ready(k);
    for (int age = 30; age < 60; age += 2) {
        char text[8];
        (void)snprintf(text, sizeof(text), "%d", age);
        uint64_t charge = k->entry;
        if (kit_run(k, text) == 0) {
            assert_int_equal(kit_answer(k, charge, age % 4 == 0 ? "refused" : "ok"), 0);
        }
    }
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
}

/* At every entry: the fold up to it, through a snapshot, and on to the end is the fold of all. */
static void test_goes_on(void **state)
{
    struct kit k;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 24);
    SY_BUF_CLEANUP struct sy_buf end = sy_buf(1 << 24);
    SY_BUF_CLEANUP struct sy_buf got = sy_buf(1 << 24);
    (void)state;
    live(&k);
    write_state(k.state, &end);
    RULES_STATE_CLEANUP struct rules_state *walking = rules_state_new();
    for (uint64_t n = 1; n <= k.entry; n++) {
        (void)fold(&k, walking, n - 1, n);
        if (n % 3 != 0 && n != k.entry) {
            continue;
        }
        RULES_STATE_CLEANUP struct rules_state *s = NULL;
        write_state(walking, &b);
        check_ok(read_state(sy_buf_view(&b), &s));
        assert_true(same_rows(walking, s));
        write_state(fold(&k, s, n, k.entry), &got);
        assert_true(sy_view_eq(sy_buf_view(&got), sy_buf_view(&end)));
    }
    kit_free(&k);
}

/* --- clones ----------------------------------------------------------------------------------------- */

enum { CLONES = 6, KEYS = 3000, STEPS = 60000 };

static uint64_t seed;

static uint32_t below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

/* States that share, and what each must hold: the value's number for each key, 0 = no row. */
struct pair {
    struct rules_state *s;
    uint32_t want[KEYS];
};

static void check_pair(const struct pair *p)
{
    size_t rows = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        char key[16];
        struct sy_view v;
        (void)snprintf(key, sizeof(key), "key/%u", i);
        bool found = rules_state_get(p->s, V(key), &v);
        assert_int_equal(found, p->want[i] != 0);
        if (found) {
            assert_int_equal(v.n, 4 + p->want[i] % 5);
            assert_memory_equal(v.p, &p->want[i], 4);
            rows++;
            bytes += strlen(key) + v.n;
        }
    }
    assert_int_equal(rules_state_n_rows(p->s), rows);
    assert_int_equal(rules_state_n_bytes(p->s), bytes);
    struct sy_view key = {0}, last = {0}, value;
    while (rules_state_next(p->s, V("key/"), key, &key, &value)) {
        assert_true(last.n == 0 || sy_view_cmp(last, key) < 0);
        last = key;
        rows--;
    }
    assert_int_equal(rows, 0);
}

static void change(struct pair *p, uint32_t number)
{
    uint8_t value[8] = {0};
    char key[16];
    uint32_t i = below(KEYS);
    (void)snprintf(key, sizeof(key), "key/%u", i);
    p->want[i] = below(3) == 0 ? 0 : number;
    memcpy(value, &number, sizeof(number));
    size_t n = p->want[i] == 0 ? 0 : 4 + number % 5;
    check_ok(rules_state_put_raw(p->s, V(key), sy_view(value, n)));
}

/* Any order of changing, cloning and freeing: nobody sees another's change. */
static void test_clones(void **state)
{
    static struct pair pairs[CLONES];
    (void)state;
    const char *given = getenv("SHUYU_SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)randombytes_random();
    print_message("# SHUYU_SEED=%" PRIu64 "\n", seed);
    memset(pairs, 0, sizeof(pairs));
    pairs[0].s = rules_state_new();
    for (uint32_t step = 1; step <= STEPS; step++) {
        struct pair *p = &pairs[below(CLONES)];
        struct pair *other = &pairs[below(CLONES)];
        if (p->s != NULL && below(300) != 0) {
            change(p, step);
        } else if (p != other && other->s != NULL) {
            rules_state_free(p->s);
            *p = *other;
            p->s = rules_state_clone(other->s);
            assert_non_null(p->s);
        }
        if (step % 10000 == 0) {
            for (size_t i = 0; i < CLONES; i++) {
                if (pairs[i].s != NULL) {
                    check_pair(&pairs[i]);
                }
            }
        }
    }
    for (size_t i = 0; i < CLONES; i++) {
        rules_state_free(pairs[i].s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),     cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_one_form), cmocka_unit_test(test_not_canonical),
        cmocka_unit_test(test_goes_on),  cmocka_unit_test(test_clones),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("rules_snapshot", tests, NULL, NULL);
}
