/*
 * The logs that were closed, as a profile knows them: the line is what was put in; and of an entry in one of them only
 * the tree that was closed is believed, in its own place, whoever signs.
 */
#include "test_domain.h"

#include "client/closed.h"
#include "client/reply.h"

enum { LOGS = 3, SIZE = 5 };

static struct fake F[LOGS]; /* the last one is in use */
static struct home H;

static void name_log(struct fake *f, unsigned i)
{
    char name[64];
    uint8_t public[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(399);
    (void)snprintf(name, sizeof(name), "example.org/log/%u", i);
    (void)crypto_sign_ed25519_sk_to_pk(public, f->log_secret);
    check_ok(proof_vkey_make(sy_view_str(name), PROOF_SIG_ED25519, public, &f->log));
    check_ok(proof_vkey_format(&f->log, &b));
    sy_view_to_cstr(sy_buf_view(&b), f->vkey, sizeof(f->vkey));
}

static void write_log(struct fake *f, uint64_t n)
{
    while (f->n < n) {
        struct sy_event e = {.type = sy_view_str("refuse")};
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
        struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                              .suite = SY_SUITE_INTL,
                              .method = sy_view_str("x"),
                              .party = sy_view_str("acme")};
        memset(h.nonce, 2, sizeof(h.nonce));
        memset(h.body, 2, sizeof(h.body));
        memset(h.domain, 2, sizeof(h.domain));
        check_ok(sy_record_encode(&sy_header_desc, &h, &b));
        e.request.header = sy_buf_view(&b);
        memset(e.request.salt, 3, 32);
        memset(e.state, 3, 32);
        (void)fake_append(f, &e, "refuse");
    }
}

static struct client_closed closed_of(const struct fake *f, uint64_t base)
{
    struct client_closed c = {.key = f->log, .base = base, .tree = {.size = f->n}};
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])f->hashes, f->n, c.tree.root);
    return c;
}

static int setup(void **state)
{
    (void)state;
    home_make(&H, "acme");
    for (unsigned i = 0; i < LOGS; i++) {
        fake_init(&F[i]);
        name_log(&F[i], i);
        write_log(&F[i], SIZE);
    }
    home_pin(&H, &F[LOGS - 1], "localhost:1");
    client_log_base_set(&H.profile->pins, 2 * SIZE);
    for (unsigned i = 0; i + 1 < LOGS; i++) {
        struct client_closed c = closed_of(&F[i], i * SIZE);
        check_ok(client_closed_add(&H.profile->pins, &c));
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOGS; i++) {
        sy_arena_deinit(&F[i].arena);
    }
    home_remove(&H);
    return 0;
}

/* A reply with these two proofs; n: only the first so many. */
static sy_status verify(const struct sy_entry_proof *a, const struct sy_entry_proof *b,
                        uint64_t first)
{
    struct client_call c = {.profile = H.profile, .first = first};
    struct sy_entry_proof proofs[2] = {*a};
    shuyu_reply r = {.opened = {.reply = {.proofs = proofs, .n_proofs = b != NULL ? 2 : 1}}};
    if (b != NULL) {
        proofs[1] = *b;
    }
    c.parsed.outer.header = sy_view_str("-"); /* nobody's entry is ours */
    if (first > 0) {                          /* or this one is */
        struct sy_event e;
        check_ok(sy_record_decode(&sy_event_desc, a->body, &SY_MP_LARGE, &r.arena, &e, NULL));
        c.parsed.outer.header = e.request.header;
        c.args = e.request.args;
    }
    sy_status s = client_verify_entries(&c, &r, NULL);
    sy_arena_deinit(&r.arena);
    return s;
}

static struct sy_entry_proof prove(unsigned log, uint64_t i, uint64_t size, uint64_t index)
{
    struct sy_entry_proof ret = {0};
    fake_prove(&F[log], i, size, &ret);
    ret.index = index;
    return ret;
}

static void test_entries(void **state)
{
    (void)state;
    struct sy_entry_proof a = prove(0, 2, SIZE, 2), b = prove(1, 2, SIZE, SIZE + 2);
    struct sy_entry_proof c = prove(2, 2, SIZE, 2 * SIZE + 2), d = prove(2, 3, SIZE, 2 * SIZE + 3);
    check_ok(verify(&a, NULL, 0));
    check_ok(verify(&a, &b, 0)); /* two closed logs of one size: two logs */
    check_ok(verify(&b, &c, 0));
    check_ok(verify(&c, &d, 0));
}

/* Signed by the right key, and not the log that was closed: an older state of it, a longer one, another one. */
static void test_put_back(void **state)
{
    (void)state;
    struct sy_entry_proof older = prove(1, 2, SIZE - 1, SIZE + 2);
    check_code(verify(&older, NULL, 0), SY_E_ROLLBACK);
    F[1].n = SIZE - 1; /* the disk from before the close goes on */
    write_log(&F[1], SIZE);
    struct sy_entry_proof same_size = prove(1, 4, SIZE, SIZE + 4);
    check_code(verify(&same_size, NULL, 0), SY_E_ROLLBACK);
    write_log(&F[1], SIZE + 1);
    struct sy_entry_proof longer = prove(1, 4, SIZE + 1, SIZE + 4);
    check_code(verify(&longer, NULL, 0), SY_E_ROLLBACK);
}

/* Each entry has one number. */
static void test_numbers(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3 * SIZE; i++) {
        struct sy_entry_proof a = prove(0, 2, SIZE, i), b = prove(1, 2, SIZE, i);
        struct sy_entry_proof c = prove(2, 2, SIZE, i);
        check_code(verify(&a, NULL, 0), i == 2 ? 0 : SY_E_PROOF);
        check_code(verify(&b, NULL, 0), i == SIZE + 2 ? 0 : SY_E_PROOF);
        check_code(verify(&c, NULL, 0), i == 2 * SIZE + 2 ? 0 : SY_E_PROOF);
    }
}

/* How many entries lie before the log is not known: but it is one number. */
static void test_not_known(void **state)
{
    (void)state;
    (void)snprintf(H.profile->pins.log_base, sizeof(H.profile->pins.log_base), "?");
    struct sy_entry_proof a = prove(2, 2, SIZE, 72), b = prove(2, 3, SIZE, 73);
    struct sy_entry_proof c = prove(2, 3, SIZE, 74);
    check_ok(verify(&a, &b, 0));
    check_code(verify(&a, &c, 0), SY_E_PROOF);
}

/* What was asked when a log was closed already is not in it. */
static void test_own(void **state)
{
    (void)state;
    struct sy_entry_proof a = prove(1, 2, SIZE, SIZE + 2);
    check_ok(verify(&a, NULL, SIZE)); /* asked before, the reply comes behind the close */
    check_code(verify(&a, NULL, 2 * SIZE), SY_E_ROLLBACK);
}

/* A key that is known, but closed no log. */
static void test_keys(void **state)
{
    (void)state;
    struct sy_entry_proof a = prove(1, 2, SIZE, SIZE + 2);
    (void)snprintf(H.profile->pins.log_was, sizeof(H.profile->pins.log_was), "%s %s", F[1].vkey,
                   F[0].vkey);
    H.profile->pins.log_closed[0] = '\0';
    check_code(verify(&a, NULL, 0), SY_E_UNSIGNED);
}

static void test_line(void **state)
{
    (void)state;
    struct client_closed c;
    const char *at = H.profile->pins.log_closed;
    for (unsigned i = LOGS - 1; i-- > 0;) {
        struct client_closed want = closed_of(&F[i], i * SIZE);
        assert_true(client_closed_next(&at, &c));
        assert_true(c.base == want.base && c.tree.size == want.tree.size);
        assert_memory_equal(c.tree.root, want.tree.root, 32);
        assert_string_equal(c.key.name, want.key.name);
        assert_memory_equal(c.key.key, want.key.key, 32);
    }
    assert_false(client_closed_next(&at, &c));
    static const char *const bad[] = {"", " ", "5", "x 5 6 7", "1 2 3 4", "1 2", "1  2"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        at = bad[i];
        assert_false(client_closed_next(&at, &c));
    }
}

/* More than there is room for: the newest stay, each of them whole. */
static void test_room(void **state)
{
    (void)state;
    struct client_pins pins = {0};
    struct client_closed c;
    size_t n = 0;
    for (uint64_t i = 1; i <= 100; i++) {
        struct client_closed one = closed_of(&F[0], i);
        check_ok(client_closed_add(&pins, &one));
    }
    for (const char *at = pins.log_closed; client_closed_next(&at, &c); n++) {
        assert_int_equal(c.base, 100 - n);
    }
    assert_in_range(n, 20, 99);
    size_t spaces = 0;
    for (const char *at = pins.log_closed; *at != '\0'; at++) {
        spaces += *at == ' ';
    }
    assert_int_equal(spaces + 1, 4 * n); /* nothing is left of the others */
}

#define closed_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        closed_test(test_entries),   closed_test(test_put_back), closed_test(test_numbers),
        closed_test(test_not_known), closed_test(test_own),      closed_test(test_keys),
        closed_test(test_line),      closed_test(test_room),
    };
    return cmocka_run_group_tests_name("client_closed", tests, NULL, NULL);
}
