/*
 * Witness policies: the forms of the file, each refusal with its line, and quorums over checkpoints with
 * cosignatures of chosen times.
 */
#include "test_support.h"

#include "proof/cosign.h"
#include "proof/policy.h"

enum { WITNESSES = 6 };

/* A log, six witnesses, and the text that each is known by. */
static struct {
    struct proof_vkey log;
    uint8_t log_secret[PROOF_SECRET_BYTES];
    struct proof_vkey key[WITNESSES];
    uint8_t secret[WITNESSES][PROOF_SECRET_BYTES];
    char log_text[256];
    char text[WITNESSES][256];
} world;

static void put_vkey(const struct proof_vkey *k, char *ret, size_t cap)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(512);
    check_ok(proof_vkey_format(k, &b));
    sy_view_to_cstr(sy_buf_view(&b), ret, cap);
}

static int make_world(void **state)
{
    (void)state;
    uint8_t pub[PROOF_KEY_BYTES];
    crypto_sign_keypair(pub, world.log_secret);
    check_ok(proof_vkey_make(sy_view_str("example.com/log"), PROOF_SIG_ED25519, pub, &world.log));
    put_vkey(&world.log, world.log_text, sizeof(world.log_text));
    for (size_t i = 0; i < WITNESSES; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "w%zu.example", i + 1);
        crypto_sign_keypair(pub, world.secret[i]);
        check_ok(proof_vkey_make(sy_view_str(name), PROOF_SIG_COSIGNATURE, pub, &world.key[i]));
        put_vkey(&world.key[i], world.text[i], sizeof(world.text[i]));
    }
    return 0;
}

/* A policy with "$L" for the log's key and "$1".."$6" for those of the witnesses. */
static void expand(const char *form, struct sy_buf *b)
{
    for (const char *c = form; *c != '\0'; c++) {
        if (*c != '$') {
            check_ok(sy_buf_add(b, c, 1));
            continue;
        }
        c++;
        check_ok(sy_buf_add_str(b, *c == 'L' ? world.log_text : world.text[*c - '1']));
    }
}

#define TWO_LEVELS                                                                                 \
    "# X and Y are run by two organisations\n"                                                     \
    "log $L https://example.com/\n\n"                                                              \
    "witness X1 $1\nwitness X2 $2\nwitness X3 $3 https://x3.example/\n"                            \
    "group X-witnesses 2 X1 X2 X3\n"                                                               \
    "\twitness  Y1 $4\nwitness Y2\t$5 \nwitness Y3 $6\n"                                           \
    "group Y-witnesses any Y1 Y2 Y3\n"                                                             \
    "  # both\n"                                                                                   \
    "group X-and-Y all X-witnesses Y-witnesses\n"                                                  \
    "quorum X-and-Y\n"

static void test_example(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy p;
    expand(TWO_LEVELS, &text);
    check_ok(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL));
    assert_true(p.n_logs == 1 && p.n_witnesses == 6 && p.n_nodes == 9);
    assert_true(sy_view_is(p.logs[0].url, "https://example.com/"));
    assert_true(sy_view_is(p.witnesses[2].url, "https://x3.example/") && p.witnesses[0].url.n == 0);
    assert_true(sy_view_is(p.nodes[p.quorum].name, "X-and-Y"));
    for (unsigned mask = 0; mask < 64; mask++) {
        bool has[WITNESSES];
        unsigned x = 0;
        for (unsigned i = 0; i < WITNESSES; i++) {
            has[i] = (mask >> i & 1) != 0;
            x += i < 3 && has[i];
        }
        assert_int_equal(proof_policy_is_met(&p, has), x >= 2 && (has[3] || has[4] || has[5]));
    }
}

static const struct {
    const char *text;
    const char *where;
    int32_t code;
} REFUSALS[] = {
    {"", "policy", SY_E_FIELD},
    {"# nothing\n", "policy", SY_E_FIELD},
    {"quorum none", "line 1", SY_E_FIELD},
    {"quorum none\nquorum none\n", "line 2", SY_E_FIELD},
    {"quorum W\n", "line 1", SY_E_FIELD},
    {"quorum\n", "line 1", SY_E_FIELD},
    {"quorum none none\n", "line 1", SY_E_FIELD},
    {"quorum W\nwitness W $1\n", "line 1", SY_E_FIELD},
    {"Quorum none\n", "line 1", SY_E_FIELD},
    {"\n\nnonsense\nquorum none\n", "line 3", SY_E_FIELD},
    {"quorum\vnone\n", "line 1", SY_E_FIELD},
    {"quorum none\r\n", "line 1", SY_E_FIELD},
    {"quorum none # comment\n", "line 1", SY_E_FIELD},
    {"log\nquorum none\n", "line 1", SY_E_FIELD},
    {"log x\nquorum none\n", "line 1", SY_E_FIELD},
    {"log $L a b\nquorum none\n", "line 1", SY_E_FIELD},
    {"log $L\nlog $L\nquorum none\n", "line 2", SY_E_FIELD},
    {"log $1\nquorum none\n", "line 1", SY_E_SUITE},
    {"witness W $L\nquorum none\n", "line 1", SY_E_SUITE},
    {"witness W\nquorum none\n", "line 1", SY_E_FIELD},
    {"witness none $1\nquorum none\n", "line 1", SY_E_FIELD},
    {"witness W $1\nwitness W $2\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness V $1\nwitness W $1\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup W any W\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup none any W\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G any\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G some W\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G 0 W\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G 2 W\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G 01 W\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G any none\nquorum none\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G any V\nquorum none\n", "line 2", SY_E_FIELD},
    {"group G any G\nquorum G\n", "line 1", SY_E_FIELD},
    {"group G any H\ngroup H any G\nquorum G\n", "line 1", SY_E_FIELD},
    {"witness W $1\ngroup G all W W\nquorum G\n", "line 2", SY_E_FIELD},
    {"witness W $1\ngroup G all W\ngroup H all W\nquorum H\n", "line 3", SY_E_FIELD},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(REFUSALS[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct proof_policy p;
        struct sy_error err = {0};
        expand(REFUSALS[i].text, &text);
        check_code(proof_policy_parse(sy_buf_view(&text), &arena, &p, &err), REFUSALS[i].code);
        assert_string_equal(err.field, REFUSALS[i].where);
        assert_true(err.code == REFUSALS[i].code && err.reason[0] != '\0');
    }
}

/* Names are bytes: neither characters, nor anything that unicode calls equal. */
static void test_names_are_bytes(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy p;
    expand("witness K $1\nwitness \xe2\x84\xaa $2\nwitness \xff $3\ngroup G 2 K \xe2\x84\xaa \xff\n"
           "quorum G\n",
           &text);
    check_ok(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL));
    assert_int_equal(p.n_witnesses, 3);
}

static void add_lines(struct sy_buf *b, const char *form, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t pub[PROOF_KEY_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8)};
        char name[32];
        char key[256];
        struct proof_vkey k;
        (void)snprintf(name, sizeof(name), "n%zu", i);
        bool is_log = strcmp(form, "log") == 0;
        check_ok(proof_vkey_make(sy_view_str(name),
                                 is_log ? PROOF_SIG_ED25519 : PROOF_SIG_COSIGNATURE, pub, &k));
        put_vkey(&k, key, sizeof(key));
        check_ok(is_log ? sy_buf_printf(b, "log %s\n", key)
                        : sy_buf_printf(b, "witness %s %s\n", name, key));
    }
}

static void check_many(const char *form, size_t n, int32_t want)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 20);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy p;
    add_lines(&text, form, n);
    check_ok(sy_buf_add_str(&text, "quorum none\n"));
    check_code(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL), want);
}

static void test_limits(void **state)
{
    (void)state;
    check_many("witness", PROOF_POLICY_WITNESSES_MAX, 0);
    check_many("witness", PROOF_POLICY_WITNESSES_MAX + 1, SY_E_LIMIT);
    check_many("log", PROOF_POLICY_LOGS_MAX, 0);
    check_many("log", PROOF_POLICY_LOGS_MAX + 1, SY_E_LIMIT);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_POLICY_MAX + 64);
    struct proof_policy p;
    check_ok(sy_buf_add_str(&text, "quorum none\n"));
    while (text.n < PROOF_POLICY_MAX) {
        check_ok(sy_buf_add_str(&text, "#"));
    }
    text.p[text.n - 1] = '\n';
    check_ok(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL));
    check_ok(sy_buf_add_str(&text, "\n"));
    check_code(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL), SY_E_LIMIT);
    arena.ceiling = 64;
    sy_buf_clear(&text);
    expand(TWO_LEVELS, &text);
    check_code(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL), SY_E_NO_MEMORY);
}

static void test_list_of_logs(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy p;
    expand("# followed\n\nlog $L\n", &text);
    check_ok(proof_policy_parse_logs(sy_buf_view(&text), &arena, &p, NULL));
    assert_true(p.n_logs == 1 && strcmp(p.logs[0].key.name, "example.com/log") == 0);
    check_ok(sy_buf_add_str(&text, "quorum none\n"));
    check_code(proof_policy_parse_logs(sy_buf_view(&text), &arena, &p, NULL), SY_E_FIELD);
    check_code(proof_policy_parse_logs(sy_view_str("# none\n"), &arena, &p, NULL), SY_E_FIELD);
}

/* --- judging --------------------------------------------------------------------------------------- */
#define TEXT_5 "example.com/log\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
enum { NOW = 1000000, AGE = 600, AHEAD = 60 };
static const struct proof_policy_when WHEN = {NOW, AGE, AHEAD};

/* The checkpoint of size 5 with cosignatures of these times; 0 = none. */
static void make_note(const uint64_t time_s[WITNESSES], struct sy_buf *b)
{
    check_ok(proof_note_sign(sy_view_str(TEXT_5), &world.log, world.log_secret, b));
    for (size_t i = 0; i < WITNESSES; i++) {
        if (time_s[i] != 0) {
            check_ok(
                proof_cosign(sy_view_str(TEXT_5), &world.key[i], world.secret[i], time_s[i], b));
        }
    }
}

static const struct {
    uint64_t time_s[WITNESSES];
    size_t n_cosigned, n_fresh;
    bool is_met;
} JUDGED[] = {
    {{0}, 0, 0, false},
    {{NOW, NOW, 0, NOW}, 3, 3, true},
    {{NOW, NOW, NOW}, 3, 3, false},
    {{NOW, 0, NOW, 0, 0, NOW}, 3, 3, true},
    {{NOW, 0, 0, NOW, NOW, NOW}, 4, 4, false},
    {{NOW - AGE, NOW + AHEAD, 0, NOW}, 3, 3, true},
    {{NOW - AGE - 1, NOW, 0, NOW}, 3, 2, false},
    {{NOW, NOW, 0, NOW + AHEAD + 1}, 3, 2, false},
    {{NOW, NOW, 1, NOW}, 4, 3, true},
};

static void test_judge(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy p;
    expand(TWO_LEVELS, &text);
    check_ok(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL));
    for (size_t i = 0; i < sizeof(JUDGED) / sizeof(JUDGED[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf note = sy_buf(1 << 16);
        struct proof_policy_verdict v;
        make_note(JUDGED[i].time_s, &note);
        check_ok(proof_policy_judge(&p, NULL, sy_buf_view(&note), &WHEN, &v, NULL));
        assert_int_equal(v.is_met, JUDGED[i].is_met);
        assert_int_equal(v.n_cosigned, JUDGED[i].n_cosigned);
        assert_int_equal(v.n_fresh, JUDGED[i].n_fresh);
        assert_memory_equal(v.time_s, JUDGED[i].time_s, sizeof(JUDGED[i].time_s));
        assert_int_equal(v.checkpoint.size, 5);
    }
}

static void test_judge_simple(void **state)
{
    (void)state;
    static const struct {
        const char *quorum;
        bool is_met;
    } QUORUMS[] = {{"witness W $1\nquorum none\n", true},
                   {"witness W $1\nquorum W\n", true},
                   {"witness W $2\nquorum W\n", false},
                   {"witness V $2\nwitness W $1\nquorum W\n", true}};
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(1 << 16);
    make_note((const uint64_t[WITNESSES]){NOW}, &note);
    for (size_t i = 0; i < sizeof(QUORUMS) / sizeof(QUORUMS[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct proof_policy p;
        struct proof_policy_verdict v;
        expand(QUORUMS[i].quorum, &text);
        check_ok(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL));
        check_ok(proof_policy_judge(&p, &world.log, sy_buf_view(&note), &WHEN, &v, NULL));
        assert_int_equal(v.is_met, QUORUMS[i].is_met);
        /* The policy names no log: without one from elsewhere nobody's signature counts. */
        check_code(proof_policy_judge(&p, NULL, sy_buf_view(&note), &WHEN, &v, NULL),
                   SY_E_UNSIGNED);
    }
}

/* A quorum of witnesses does not stand in for the log, nor a valid line for a broken one beside it. */
static void test_judge_refusals(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(1 << 16);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy p;
    struct proof_policy_verdict v;
    expand("log $L\nwitness W $1\nquorum W\n", &text);
    check_ok(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL));
    check_ok(sy_buf_add_str(&note, TEXT_5 "\n"));
    check_ok(proof_cosign(sy_view_str(TEXT_5), &world.key[0], world.secret[0], NOW, &note));
    check_code(proof_policy_judge(&p, NULL, sy_buf_view(&note), &WHEN, &v, NULL), SY_E_UNSIGNED);
    check_ok(proof_note_sign_line(sy_view_str(TEXT_5), &world.log, world.log_secret, 0, &note));
    check_ok(proof_policy_judge(&p, NULL, sy_buf_view(&note), &WHEN, &v, NULL));
    assert_true(v.is_met);
    struct proof_vkey other = world.log;
    check_ok(
        proof_vkey_make(sy_view_str("example.com/2"), PROOF_SIG_ED25519, world.log.key, &other));
    check_code(proof_policy_judge(&p, &other, sy_buf_view(&note), &WHEN, &v, NULL), SY_E_PROOF);
    /* The witness's line of another text. */
    check_ok(
        proof_note_sign_line(sy_view_str("other\n"), &world.key[0], world.secret[0], NOW, &note));
    check_code(proof_policy_judge(&p, NULL, sy_buf_view(&note), &WHEN, &v, NULL), SY_E_SIGNATURE);
    check_code(proof_policy_judge(&p, NULL, sy_view_str("no note"), &WHEN, &v, NULL), SY_E_FIELD);
}

/* While a log changes its key, either one is enough. */
static void test_judge_rotation(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(1 << 16);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy p;
    struct proof_policy_verdict v;
    struct proof_vkey next;
    char next_text[256];
    check_ok(proof_vkey_make(sy_view_str("example.com/log"), PROOF_SIG_ED25519, world.key[5].key,
                             &next));
    put_vkey(&next, next_text, sizeof(next_text));
    expand("log $L\n", &text);
    check_ok(sy_buf_printf(&text, "log %s\nquorum none\n", next_text));
    check_ok(proof_policy_parse(sy_buf_view(&text), &arena, &p, NULL));
    check_ok(proof_note_sign(sy_view_str(TEXT_5), &next, world.secret[5], &note));
    check_ok(proof_policy_judge(&p, NULL, sy_buf_view(&note), &WHEN, &v, NULL));
    sy_buf_clear(&note);
    make_note((const uint64_t[WITNESSES]){0}, &note);
    check_ok(proof_policy_judge(&p, NULL, sy_buf_view(&note), &WHEN, &v, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),         cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_names_are_bytes), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_list_of_logs),    cmocka_unit_test(test_judge),
        cmocka_unit_test(test_judge_simple),    cmocka_unit_test(test_judge_refusals),
        cmocka_unit_test(test_judge_rotation),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_world, NULL);
}
