/*
 * The decision of a witness: a published dialogue, every case of a table, and a random walk against a
 * model that keeps whole histories.
 */
#include "test_log.h"

#include "witness/decide.h"

/* --- a published dialogue: the log of a known implementation's tests ------------------------------- */
#define ORIGIN     "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
#define ORIGIN_KEY "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"
#define LINE       "— " ORIGIN " "
#define ROOT_1     "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define ROOT_3     "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n"
#define ROOT_5     "QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n"
#define SIGNED_1                                                                                   \
    ORIGIN "\n1\n" ROOT_1 "\n" LINE                                                                \
           "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajX"  \
           "pNUbIQY=\n"
#define SIG_3                                                                                      \
    "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6g"
#define SIGNED_3 ORIGIN "\n3\n" ROOT_3 "\n" LINE SIG_3 "o=\n"
#define FORGED_3 ORIGIN "\n3\n" ROOT_3 "\n" LINE SIG_3 "x=\n"
#define SIGNED_5                                                                                   \
    ORIGIN                                                                                         \
    "\n5\n" ROOT_5 "\n" LINE                                                                       \
    "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7"      \
    "sDww=\n"
#define HASH_1 "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define HASH_2 "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define HASH_3 "KgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define HASH_4 "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define HASH_A "+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\n"
#define HASH_B "wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=\n"

static const struct {
    const char *body;
    unsigned status;
    uint64_t size; /* known afterwards */
} DIALOGUE[] = {
    {"old 0\n\n" SIGNED_1, 200, 1},
    {"old 1\n" HASH_1 HASH_2 "\n" FORGED_3, 403, 1},
    {"old 1\n\n" SIGNED_3, 422, 1},
    {"old 1\n" HASH_1 "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABA=\n\n" SIGNED_3, 422, 1},
    {"old 1\n" HASH_1 HASH_2 "\n" SIGNED_3, 200, 3},
    {"old 1\n" HASH_1 HASH_A HASH_4 "\n" SIGNED_5, 409, 3},
    {"old 3\n" HASH_2 HASH_3 HASH_B HASH_4 "\n" SIGNED_5, 200, 5},
    {"old 0\n\n" SIGNED_5, 409, 5},
    {"old 5\n\n" SIGNED_5, 200, 5},
    {"old 5\n\n" ORIGIN "\n5\n" ROOT_5, 400, 5},
    {"old 5\n\n" ORIGIN "\nfive\n" ROOT_1 "\n" LINE
     "UgIom4JTC2MerrFcJ5xDcWHzRPVB6zzGBIw4OFqcKDflqjH4q4xY5vMxUxyczvdIlEwFYf7ivQU4KoWan2bLmzLx0go="
     "\n",
     400, 5},
    {"old 6\n\n" SIGNED_5, 400, 5},
    {"old 5\n\n" ORIGIN "\n5\n" ROOT_5 "\n", 400, 5},
    {"old 5\n\n" ORIGIN "\n5\n" ROOT_5 "extension\n\n" LINE SIG_3 "o=\n", 400, 5},
    {"old 5\n\n" SIGNED_5 "\n" LINE SIG_3 "o=\n", 403, 5},
    {"old 5\n\n" SIGNED_5 LINE SIG_3 "o=\n", 403, 5},
    {"old 5\n\n" SIGNED_5 "sorry\n", 403, 5},
};

/* As the service does: 400 for a form that is not good, else the decision; what is known moves on. */
static void decide(const struct proof_vkey *key, struct witness_known *known, struct sy_view body,
                   uint64_t now_s, struct witness_verdict *ret)
{
    struct witness_request r;
    if (!sy_ok(witness_request_parse(body, &r, NULL))) {
        *ret = (struct witness_verdict){.status = WITNESS_BAD_REQUEST, .next = *known};
        return;
    }
    witness_decide(key, 1, known, &r, now_s, ret);
    *known = ret->next;
}

static void test_published_dialogue(void **state)
{
    (void)state;
    uint8_t pub[PROOF_KEY_BYTES];
    struct proof_vkey key;
    struct witness_known known;
    struct witness_verdict v;
    size_t n = 0;
    assert_int_equal(
        sodium_hex2bin(pub, sizeof(pub), ORIGIN_KEY, strlen(ORIGIN_KEY), NULL, &n, NULL), 0);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &key));
    witness_known_nothing(&known);
    for (size_t i = 0; i < sizeof(DIALOGUE) / sizeof(DIALOGUE[0]); i++) {
        decide(&key, &known, sy_view_str(DIALOGUE[i].body), 1000 + i, &v);
        assert_int_equal(v.status, DIALOGUE[i].status);
        assert_int_equal(known.tree.size, DIALOGUE[i].size);
        assert_false(v.is_fork);
    }
}

/* --- every case ------------------------------------------------------------------------------------ */
enum { AT = 7, NOW = 5000 };

static const struct {
    const char *what;
    uint64_t known;     /* size; the true history */
    uint64_t old, size; /* of the request */
    uint64_t fork;      /* first entry of the request's history that is not the true one */
    unsigned status;
    bool is_fork;
} CASES[] = {
    {"the first checkpoint", 0, 0, AT, LOG_TRUE, 200, false},
    {"an empty log", 0, 0, 0, LOG_TRUE, 200, false},
    {"growth", AT, AT, 20, LOG_TRUE, 200, false},
    {"by one", AT, AT, AT + 1, LOG_TRUE, 200, false},
    {"from a power of two", 8, 8, 9, LOG_TRUE, 200, false},
    {"the same again", AT, AT, AT, LOG_TRUE, 200, false},
    {"growth from what was not cosigned", AT, 3, 20, LOG_TRUE, 409, false},
    {"growth from what is not known yet", AT, 9, 20, LOG_TRUE, 409, false},
    {"nothing known by the log", AT, 0, 20, LOG_TRUE, 409, false},
    {"nothing known by the witness", 0, AT, 20, LOG_TRUE, 409, false},
    {"rolled back", AT, 3, 5, LOG_TRUE, 409, false},
    {"rolled back to nothing", AT, 0, 0, LOG_TRUE, 409, false},
    {"rolled back, and says what is known", AT, AT, 5, LOG_TRUE, 400, false},
    {"old beyond the checkpoint", AT, 20, AT, LOG_TRUE, 400, false},
    {"forked: the same size", AT, AT, AT, 6, 422, true},
    {"forked: the same size, with another old size", AT, 3, AT, 6, 409, true},
    {"forked: the same size, with old beyond it", AT, 20, AT, 6, 400, true},
    {"forked: a longer one", AT, AT, 20, 6, 422, true},
    {"forked in the first entry", AT, AT, 20, 0, 422, true},
    {"forked: a longer one from another size", AT, 3, 20, 6, 409, false},
    {"forked from a power of two: no path shows it", 8, 8, 20, 7, 422, false},
    {"forked after what was cosigned: that is growth", AT, AT, 20, AT, 200, false},
};

static void known_at(uint64_t size, struct witness_known *ret)
{
    witness_known_nothing(ret);
    ret->tree.size = size;
    log_root(0, size, LOG_TRUE, ret->tree.root);
    ret->time_s = size == 0 ? 0 : NOW - 10;
}

static void test_cases(void **state)
{
    (void)state;
    struct test_log log;
    log_make(&log, "example.com/log");
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 16);
        struct witness_known known;
        struct witness_known before;
        struct witness_verdict v;
        known_at(CASES[i].known, &known);
        before = known;
        log_ask(&log, CASES[i].old, CASES[i].size, CASES[i].fork, &body);
        decide(&log.key, &known, sy_buf_view(&body), NOW, &v);
        if (v.status != CASES[i].status || v.is_fork != CASES[i].is_fork) {
            fail_msg("%s: %u, fork %d", CASES[i].what, v.status, v.is_fork);
        }
        bool ok = v.status == WITNESS_OK;
        assert_int_equal(known.tree.size, ok ? CASES[i].size : before.tree.size);
        assert_int_equal(known.time_s, ok ? (uint64_t)NOW : before.time_s);
        assert_true(v.is_news == ok && v.reason != NULL);
        assert_true(ok || memcmp(known.tree.root, before.tree.root, PROOF_HASH_BYTES) == 0);
    }
}

/* Nothing but the log's own signature moves what is known, or makes evidence. */
static void test_signatures(void **state)
{
    (void)state;
    struct test_log log;
    struct test_log other;
    log_make(&log, "example.com/log");
    log_make(&other, "example.com/log");
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 16);
        struct witness_known known;
        struct witness_verdict v;
        known_at(CASES[i].known, &known);
        log_ask(&other, CASES[i].old, CASES[i].size, CASES[i].fork, &body);
        decide(&log.key, &known, sy_buf_view(&body), NOW, &v);
        assert_true(v.status == WITNESS_FORBIDDEN && !v.is_fork);
        assert_int_equal(known.tree.size, CASES[i].known);
        /* With its next key the log is the same log. */
        struct proof_vkey both[2] = {log.key, other.key};
        struct witness_request r;
        check_ok(witness_request_parse(sy_buf_view(&body), &r, NULL));
        witness_decide(both, 2, &known, &r, NOW, &v);
        assert_int_equal(v.status, CASES[i].status);
    }
}

static void test_empty_with_a_root(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 16);
    struct test_log log;
    log_make(&log, "example.com/log");
    check_ok(sy_buf_add_str(&body, "old 0\n\n"));
    check_ok(
        proof_note_sign(sy_view_str("example.com/log\n0\n" ROOT_1), &log.key, log.secret, &body));
    for (uint64_t size = 0; size < 2; size++) {
        struct witness_known known;
        struct witness_verdict v;
        known_at(size, &known);
        decide(&log.key, &known, sy_buf_view(&body), NOW, &v);
        assert_int_equal(v.status, WITNESS_INCONSISTENT);
    }
}

/* A signature over a longer text that begins like a checkpoint is no signature of that checkpoint. */
static void test_longer_text(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 16);
    struct test_log log;
    struct witness_known known;
    struct witness_verdict v;
    log_make(&log, "example.com/log");
    witness_known_nothing(&known);
    check_ok(sy_buf_add_str(&text, "example.com/log\n1\n" ROOT_1 "\nsomething else\n"));
    check_ok(sy_buf_add_str(&body, "old 0\n\n"));
    check_ok(proof_note_sign(sy_buf_view(&text), &log.key, log.secret, &body));
    decide(&log.key, &known, sy_buf_view(&body), NOW, &v);
    assert_true(v.status == WITNESS_FORBIDDEN && known.tree.size == 0);
}

/* An empty proof is needed where there is nothing to prove. */
static void test_superfluous_proof(void **state)
{
    (void)state;
    static const struct {
        uint64_t known, size;
    } AT_SIZES[] = {{0, AT}, {AT, AT}};
    struct test_log log;
    log_make(&log, "example.com/log");
    for (size_t i = 0; i < 2; i++) {
        SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
        SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 16);
        struct proof_witness_ask ask = {.old_size = AT_SIZES[i].known, .path.n = 1};
        struct witness_known known;
        struct witness_verdict v;
        known_at(AT_SIZES[i].known, &known);
        log_sign(&log, AT_SIZES[i].size, LOG_TRUE, &note);
        ask.checkpoint = sy_buf_view(&note);
        check_ok(proof_witness_ask_format(&ask, &body));
        decide(&log.key, &known, sy_buf_view(&body), NOW, &v);
        assert_true(v.status == WITNESS_INCONSISTENT && !v.is_fork);
    }
}

/* Times never go back, and the same second brings the same statement. */
static void test_times(void **state)
{
    (void)state;
    static const struct {
        uint64_t size, now_s, time_s;
        bool is_news;
    } STEPS[] = {
        {3, 1000, 1000, true}, {3, 1000, 1000, false}, {3, 1001, 1001, true}, {5, 1001, 1001, true},
        {5, 900, 1001, false}, {6, 900, 1001, true},   {6, 0, 1001, false},   {6, 1002, 1002, true},
    };
    struct test_log log;
    struct witness_known known;
    log_make(&log, "example.com/log");
    witness_known_nothing(&known);
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 16);
        struct witness_verdict v;
        log_ask(&log, known.tree.size, STEPS[i].size, LOG_TRUE, &body);
        decide(&log.key, &known, sy_buf_view(&body), STEPS[i].now_s, &v);
        assert_int_equal(v.status, WITNESS_OK);
        assert_int_equal(known.time_s, STEPS[i].time_s);
        assert_int_equal(v.is_news, STEPS[i].is_news);
    }
}

/* --- a random walk ---------------------------------------------------------------------------------- */
static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*seed >> 33) % below;
}

/* Whatever logs ask, what is cosigned one after another is one history: every cosigned tree is a prefix
 * of the next one's. */
static void test_walk(void **state)
{
    (void)state;
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : randombytes_random();
    struct test_log log;
    struct witness_known known;
    uint64_t cosigned_fork = LOG_TRUE; /* the history that the witness is in */
    size_t n_cosigned = 0;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    log_make(&log, "example.com/log");
    witness_known_nothing(&known);
    for (size_t i = 0; i < 3000; i++) {
        SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 16);
        struct witness_verdict v;
        uint64_t size = draw(&seed, LOG_LEAVES);
        uint64_t fork = draw(&seed, 3) == 0 ? draw(&seed, LOG_LEAVES) : cosigned_fork;
        uint64_t old = draw(&seed, 4) == 0 ? draw(&seed, LOG_LEAVES) : known.tree.size;
        uint64_t before = known.tree.size;
        log_ask(&log, old, size, fork, &body);
        decide(&log.key, &known, sy_buf_view(&body), i + 1, &v);
        bool same_past = fork == cosigned_fork || (fork >= before && cosigned_fork >= before);
        bool want = old == before && old <= size && same_past;
        assert_int_equal(v.status == WITNESS_OK, want);
        cosigned_fork = want && size > before ? fork : cosigned_fork;
        n_cosigned += want;
        if (known.tree.size > LOG_LEAVES / 2) {
            witness_known_nothing(&known);
            cosigned_fork = LOG_TRUE;
        }
    }
    assert_true(n_cosigned > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_dialogue),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_empty_with_a_root),
        cmocka_unit_test(test_longer_text),
        cmocka_unit_test(test_superfluous_proof),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_walk),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
