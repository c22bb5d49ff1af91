/*
 * What a client makes of hand-overs of the log's key: which lead it on, and every lie about one, each of which
 * leaves it where it was; and what it remembers of a log that is closed under its hands.
 */
#include "test_domain.h"

#include "client/log_follow.h"
#include "proof/handover.h"
#include "proof/ids.h"

enum { KEYS = 4, SIZE = 5 };

/* What is untrue of a hand-over. */
enum lie {
    HONEST,
    OTHER_AGENCY,  /* the order is signed by somebody else */
    OTHER_KEY,     /* it names a key that the agency did not */
    NO_OLD_LINE,   /* the checkpoint is signed by the new key alone */
    NO_NEW_LINE,   /* by the old one alone */
    BAD_LINE,      /* its old line does not verify */
    NOT_IN_LOG,    /* the path leads elsewhere */
    OTHER_ENTRY,   /* the receipt is of another entry */
    OTHER_BODY,    /* the body does not open the leaf */
    OTHER_TYPE,    /* the leaf shows another type */
    REFUSED,       /* the log says that it was refused */
    OTHER_GENESIS, /* of another domain */
    LIES
};

struct key {
    struct proof_vkey vkey;
    uint8_t secret[PROOF_SECRET_BYTES];
    char text[400];
};

static struct fake F;
static struct home H;
static struct key K[KEYS], NEXT; /* of the log; the next log's */
static uint8_t agency_secret[PROOF_SECRET_BYTES], other_secret[PROOF_SECRET_BYTES];
static struct sy_view genesis, other_genesis;
static unsigned asked; /* times that log.growth was */
static bool bad_path;  /* in its answer */

static struct sy_view keep(const struct sy_desc *desc, const void *record)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_record_encode(desc, record, &b));
    return sy_arena_copy(&F.arena, sy_buf_view(&b));
}

static struct sy_view make_genesis(int64_t time, const uint8_t *agency)
{
    struct sy_genesis g = {.log = sy_view_str(F.vkey), .name = sy_view_str("d"), .time = time};
    struct sy_party p = {.name = sy_view_str("a"),
                         .party = sy_view_str("agency"),
                         .role = sy_view_str("agency"),
                         .status = sy_view_str("active")};
    (void)crypto_sign_ed25519_sk_to_pk(p.sign, agency);
    g.agency = p;
    p.party = sy_view_str("operator");
    g.operator_ = p;
    g.purpose = sy_view_str("test");
    return keep(&sy_genesis_desc, &g);
}

static int setup(void **state)
{
    uint8_t pub[32];
    (void)state;
    fake_init(&F);
    crypto_sign_keypair(pub, agency_secret);
    crypto_sign_keypair(pub, other_secret);
    genesis = make_genesis(1, agency_secret);
    other_genesis = make_genesis(2, other_secret);
    proof_domain_id(F.domain, genesis);
    home_make(&H, "acme");
    home_pin(&H, &F, "localhost:7000");
    K[0].vkey = F.log;
    memcpy(K[0].secret, F.log_secret, sizeof(F.log_secret));
    for (size_t i = 0; i < KEYS; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(399);
        if (i > 0) {
            crypto_sign_keypair(pub, K[i].secret);
            check_ok(proof_vkey_make(sy_view_str(F.log.name), PROOF_SIG_ED25519, pub, &K[i].vkey));
        }
        check_ok(proof_vkey_format(&K[i].vkey, &b));
        sy_view_to_cstr(sy_buf_view(&b), K[i].text, sizeof(K[i].text));
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(399);
    crypto_sign_keypair(pub, NEXT.secret);
    check_ok(proof_vkey_make(sy_view_str("example.org/log/2"), PROOF_SIG_ED25519, pub, &NEXT.vkey));
    check_ok(proof_vkey_format(&NEXT.vkey, &b));
    sy_view_to_cstr(sy_buf_view(&b), NEXT.text, sizeof(NEXT.text));
    asked = 0;
    bad_path = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&F.arena);
    home_remove(&H);
    return 0;
}

/* --- a hand-over ----------------------------------------------------------------------------------- */

static void make_order(const struct key *to, enum lie lie, struct sy_event *e)
{
    const uint8_t *by = lie == OTHER_AGENCY || lie == OTHER_GENESIS ? other_secret : agency_secret;
    struct sy_log_rotate args = {.log = sy_view_str(to->text), .stage = sy_view_str("overlap")};
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .expiry = 1,
                          .method = sy_view_str("log.rotate"),
                          .party = sy_view_str("agency"),
                          .suite = SY_SUITE_INTL};
    struct sy_signature *sig = fake_get(&F, 1, sizeof(*sig));
    uint8_t *bytes = fake_get(&F, 64, 1);
    *e = (struct sy_event){.type = sy_view_str("log")};
    e->verdict.code = lie == REFUSED ? SY_E_STATE : 0;
    memset(h.nonce, 1, sizeof(h.nonce));
    proof_domain_id(h.domain, lie == OTHER_GENESIS ? other_genesis : genesis);
    e->request.args = keep(&sy_log_rotate_desc, &args);
    proof_args_digest(h.body, e->request.salt, e->request.args, e->request.secret);
    e->request.header = keep(&sy_header_desc, &h);
    proof_sign(bytes, e->request.header, by);
    (void)crypto_sign_ed25519_sk_to_pk(sig->key, by);
    sig->sig = sy_view(bytes, 64);
    e->request.sigs = sig;
    e->request.n_sigs = 1;
    if (lie == OTHER_KEY) {
        args.log = sy_view_str(K[KEYS - 1].text);
        e->request.args = keep(&sy_log_rotate_desc, &args);
    }
}

static struct sy_view sign(const struct key *from, const struct key *to, enum lie lie)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024), note = sy_buf(4096);
    struct proof_checkpoint c = {.origin = sy_view_str(F.log.name), .size = F.n};
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])F.hashes, F.n, c.root);
    check_ok(proof_checkpoint_encode(&c, &text));
    const struct key *first = lie == NO_OLD_LINE ? to : from;
    check_ok(proof_note_sign(sy_buf_view(&text), &first->vkey, first->secret, &note));
    if (lie == BAD_LINE) {
        note.p[note.n - 8] = note.p[note.n - 8] == 'A' ? 'B' : 'A';
    }
    if (lie != NO_NEW_LINE && lie != NO_OLD_LINE) {
        check_ok(proof_note_sign_line(sy_buf_view(&text), &to->vkey, to->secret, 0, &note));
    }
    return sy_arena_copy(&F.arena, sy_buf_view(&note));
}

static void hand_over(const struct key *from, const struct key *to, enum lie lie,
                      struct sy_entry_proof *ret)
{
    struct sy_event e;
    struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
    struct proof_receipt r = {0};
    make_order(to, lie, &e);
    for (size_t i = 0; i < SIZE; i++) { /* the order is entry 2 of these */
        struct sy_event other = {.type = sy_view_str("refuse")};
        uint64_t at = i == 2 ? fake_append(&F, &e, lie == OTHER_TYPE ? "refuse" : "log")
                             : fake_append(&F, &other, "refuse");
        r.index = i == 2 ? at : r.index;
    }
    slow_path((const uint8_t(*)[PROOF_HASH_BYTES])F.hashes, F.n, r.index, &r.path);
    fake_prove(&F, r.index, F.n, ret);
    r.checkpoint = sign(from, to, lie);
    r.path.hash[0][0] ^= lie == NOT_IN_LOG;
    r.index += lie == OTHER_ENTRY;
    check_ok(proof_receipt_format(&r, &text));
    ret->receipt = sy_arena_copy(&F.arena, sy_buf_view(&text));
    sy_buf_deinit(&text);
    if (lie == OTHER_BODY) {
        ret->salt[0] ^= 1;
    }
}

/* The log before its close, and how it grew to it. */
static sy_status growth(void *ctx, struct sy_view log, uint64_t since, struct sy_arena *arena,
                        struct sy_view *ret, struct sy_error *err)
{
    struct sy_log_growth g = {.checkpoint = sign(&K[0], &K[0], NO_NEW_LINE)};
    struct proof_path path = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    (void)ctx;
    (void)err;
    assert_true(sy_view_is(log, F.log.name) && since > 0 && since < F.n);
    slow_proof((const uint8_t(*)[PROOF_HASH_BYTES])F.hashes, F.n, since, true, &path);
    path.hash[0][3] ^= bad_path;
    g.path = sy_view(path.hash, path.n * PROOF_HASH_BYTES);
    check_ok(sy_record_encode(&sy_log_growth_desc, &g, &b));
    *ret = sy_arena_copy(arena, sy_buf_view(&b));
    asked++;
    return SY_OK;
}

static const struct client_growth GROWTH = {.ask = growth};

static sy_status follow(const struct sy_entry_proof *proofs, size_t n, struct sy_view from,
                        size_t *ret_n)
{
    struct sy_log_keys k = {.genesis = from, .n_proofs = n};
    k.proofs = fake_get(&F, n + 1, sizeof(*k.proofs));
    for (size_t i = 0; i < n; i++) {
        k.proofs[i] = proofs[i];
    }
    return client_log_follow(H.profile, keep(&sy_log_keys_desc, &k), &GROWTH, ret_n, NULL);
}

/* --- tests ------------------------------------------------------------------------------------------- */

static void test_chain(void **state)
{
    (void)state;
    struct sy_entry_proof p[3] = {0};
    size_t n = 7;
    char was[1300];
    check_ok(follow(p, 0, genesis, &n));
    assert_int_equal(n, 0);
    for (size_t i = 0; i < 3; i++) {
        hand_over(&K[i], &K[i + 1], HONEST, &p[i]);
    }
    check_ok(follow(p, 1, genesis, &n));
    assert_true(n == 1 && strcmp(shuyu_profile_log(H.profile), K[1].text) == 0);
    assert_string_equal(shuyu_profile_log_was(H.profile), K[0].text);
    check_ok(follow(p, 1, genesis, &n)); /* it is there already */
    assert_true(n == 0 && strcmp(shuyu_profile_log(H.profile), K[1].text) == 0);
    check_ok(follow(p, 3, genesis, &n)); /* two more, past the one that led here */
    assert_true(n == 2 && strcmp(shuyu_profile_log(H.profile), K[3].text) == 0);
    (void)snprintf(was, sizeof(was), "%s %s %s", K[2].text, K[1].text, K[0].text);
    assert_string_equal(shuyu_profile_log_was(H.profile), was);
    shuyu_profile *again = NULL; /* and durably */
    assert_int_equal(shuyu_profile_open(H.dir, &again, NULL), 0);
    assert_string_equal(shuyu_profile_log(again), K[3].text);
    assert_string_equal(shuyu_profile_log_was(again), was);
    shuyu_profile_close(again);
}

/* As an invitation does: this key, and nothing known of any other. */
static void pin(const struct key *k)
{
    shuyu_pins pins = {.log = k->text};
    H.profile->pins.log_was[0] = '\0';
    assert_int_equal(shuyu_profile_pin(H.profile, &pins, NULL), 0);
}

/* Invited at a later key: the keys before it are learnt, from the genesis record's on, and then the way goes on. */
static void test_invited_later(void **state)
{
    (void)state;
    struct sy_entry_proof p[3] = {0};
    size_t n = 7;
    char was[1300];
    for (size_t i = 0; i < 3; i++) {
        hand_over(&K[i], &K[i + 1], HONEST, &p[i]);
    }
    pin(&K[2]);
    check_ok(follow(p, 2, genesis, &n));
    (void)snprintf(was, sizeof(was), "%s %s", K[1].text, K[0].text);
    assert_int_equal(n, 0);
    assert_string_equal(shuyu_profile_log(H.profile), K[2].text);
    assert_string_equal(shuyu_profile_log_was(H.profile), was);
    shuyu_profile *again = NULL; /* durably */
    assert_int_equal(shuyu_profile_open(H.dir, &again, NULL), 0);
    assert_string_equal(shuyu_profile_log_was(again), was);
    shuyu_profile_close(again);
    pin(&K[1]);
    check_ok(follow(p, 3, genesis, &n)); /* both at once */
    (void)snprintf(was, sizeof(was), "%s %s %s", K[2].text, K[1].text, K[0].text);
    assert_int_equal(n, 2);
    assert_string_equal(shuyu_profile_log(H.profile), K[3].text);
    assert_string_equal(shuyu_profile_log_was(H.profile), was);
}

/* A past that does not hold is none, and nothing is followed then. */
static void test_past_untrue(void **state)
{
    (void)state;
    for (int lie = HONEST + 1; lie < OTHER_GENESIS; lie++) {
        struct sy_entry_proof p[2] = {0};
        size_t n = 0;
        hand_over(&K[0], &K[1], (enum lie)lie, &p[0]);
        hand_over(&K[1], &K[2], HONEST, &p[1]);
        pin(&K[1]);
        if (sy_ok(follow(p, 2, genesis, &n))) {
            fail_msg("lie %d", lie);
        }
        assert_string_equal(shuyu_profile_log(H.profile), K[1].text);
        assert_string_equal(shuyu_profile_log_was(H.profile), "");
    }
}

/*
 * Back to an older key: the agency did order it once, and in the overlap both keys signed, so an order of the past
 * stands under a checkpoint of the present key as well. Nobody is led back by it, by whatever way they came.
 */
static void test_downgrade(void **state)
{
    (void)state;
    struct sy_entry_proof up[2] = {0}, down[2] = {0}, mixed[3];
    size_t n = 7;
    hand_over(&K[0], &K[1], HONEST, &up[0]);
    hand_over(&K[1], &K[2], HONEST, &up[1]);
    hand_over(&K[2], &K[1], HONEST,
              &down[0]); /* the order of K1, under a checkpoint of K2 and K1 */
    hand_over(&K[2], &K[0], HONEST, &down[1]);
    check_ok(follow(up, 2, genesis, &n));
    assert_int_equal(n, 2);
    for (size_t i = 0; i < 2; i++) { /* who followed */
        check_ok(follow(&down[i], 1, genesis, &n));
        assert_int_equal(n, 0);
        assert_string_equal(shuyu_profile_log(H.profile), K[2].text);
    }
    for (size_t i = 0; i < 2; i++) { /* who was invited, and is shown nothing else */
        pin(&K[2]);
        check_code(follow(&down[i], 1, genesis, &n), SY_E_PROOF);
        assert_string_equal(shuyu_profile_log(H.profile), K[2].text);
    }
    mixed[0] = up[0]; /* or is shown it before, or behind, what is true */
    mixed[1] = up[1];
    mixed[2] = down[0];
    pin(&K[2]);
    check_ok(follow(mixed, 3, genesis, &n));
    assert_int_equal(n, 0);
    assert_string_equal(shuyu_profile_log(H.profile), K[2].text);
    mixed[0] = down[0];
    mixed[1] = up[0];
    mixed[2] = up[1];
    pin(&K[2]);
    check_ok(follow(mixed, 3, genesis, &n));
    assert_int_equal(n, 0);
    assert_string_equal(shuyu_profile_log(H.profile), K[2].text);
}

static void test_gap(void **state)
{
    (void)state;
    struct sy_entry_proof p[2] = {0};
    size_t n = 7;
    hand_over(&K[1], &K[2], HONEST, &p[0]);
    hand_over(&K[2], &K[3], HONEST, &p[1]);
    check_ok(follow(p, 2, genesis, &n)); /* nothing leads from the key that is pinned */
    assert_int_equal(n, 0);
    assert_string_equal(shuyu_profile_log(H.profile), F.vkey);
}

/* Whatever is untrue: no step, and the pins as before. A hand-over of another key is merely passed over. */
static void test_lies(void **state)
{
    (void)state;
    for (int lie = HONEST + 1; lie < LIES; lie++) {
        struct sy_entry_proof p = {0};
        size_t n = 0;
        hand_over(&K[0], &K[1], (enum lie)lie, &p);
        sy_status s = follow(&p, 1, lie == OTHER_GENESIS ? other_genesis : genesis, &n);
        bool passed_over = lie == NO_OLD_LINE || lie == NO_NEW_LINE;
        if (sy_ok(s) != passed_over || (passed_over && n != 0)) {
            fail_msg("lie %d: %s, %zu followed", lie, sy_code_name(s.code), n);
        }
        assert_string_equal(shuyu_profile_log(H.profile), F.vkey);
        assert_string_equal(shuyu_profile_log_was(H.profile), "");
    }
}

/* A good step before a bad one is not taken either. */
static void test_all_or_nothing(void **state)
{
    (void)state;
    struct sy_entry_proof p[2] = {0};
    size_t n = 0;
    hand_over(&K[0], &K[1], HONEST, &p[0]);
    hand_over(&K[1], &K[2], NOT_IN_LOG, &p[1]);
    assert_false(sy_ok(follow(p, 2, genesis, &n)));
    assert_string_equal(shuyu_profile_log(H.profile), F.vkey);
}

/* A key that is given anew, not followed to, leaves no older ones behind. */
static void test_pinned_anew(void **state)
{
    (void)state;
    struct sy_entry_proof p = {0};
    size_t n = 0;
    hand_over(&K[0], &K[1], HONEST, &p);
    check_ok(follow(&p, 1, genesis, &n));
    shuyu_pins pins = {.log = K[3].text};
    assert_int_equal(shuyu_profile_pin(H.profile, &pins, NULL), 0);
    assert_string_equal(shuyu_profile_log_was(H.profile), "");
}

/* --- a closed log -------------------------------------------------------------------------------------- */

/* The log grows by some entries and ends with its close. */
static void close_log(struct sy_entry_proof *ret)
{
    struct sy_event e;
    struct sy_log_close args = {.log = sy_view_str(NEXT.text), .size = F.n + SIZE};
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .expiry = 1,
                          .method = sy_view_str("log.close"),
                          .party = sy_view_str("agency"),
                          .suite = SY_SUITE_INTL};
    struct sy_signature *sig = fake_get(&F, 1, sizeof(*sig));
    uint8_t *bytes = fake_get(&F, 64, 1);
    for (size_t i = 0; i < SIZE; i++) {
        struct sy_event other = {.type = sy_view_str("refuse")};
        (void)fake_append(&F, &other, "refuse");
    }
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])F.hashes, F.n, args.root);
    make_order(&NEXT, HONEST, &e);
    e.type = sy_view_str("close");
    memset(h.nonce, 1, sizeof(h.nonce));
    proof_domain_id(h.domain, genesis);
    e.request.args = keep(&sy_log_close_desc, &args);
    proof_args_digest(h.body, e.request.salt, e.request.args, e.request.secret);
    e.request.header = keep(&sy_header_desc, &h);
    proof_sign(bytes, e.request.header, agency_secret);
    (void)crypto_sign_ed25519_sk_to_pk(sig->key, agency_secret);
    sig->sig = sy_view(bytes, 64);
    e.request.sigs = sig;
    uint64_t at = fake_append(&F, &e, "close");
    fake_prove(&F, at, F.n, ret);
}

static struct proof_tree tree_of(uint64_t n)
{
    struct proof_tree t = {.size = n};
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])F.hashes, n, t.root);
    return t;
}

static const char *memory(const char *kind)
{
    static char name[CLIENT_MEMORY_NAME_MAX];
    client_memory_name(&H.profile->pins, kind, sy_view_str(F.log.name), name);
    return name;
}

/* The pins lead to the next log; what was remembered of the closed one is its last checkpoint. */
static void check_crossed(const struct sy_entry_proof *close)
{
    struct client_closed c;
    struct proof_receipt r;
    uint64_t base = 0;
    struct proof_tree tree = tree_of(F.n), now = {.size = 1};
    const char *at = H.profile->pins.log_closed;
    SY_BUF_CLEANUP struct sy_buf kept = sy_buf(4096);
    assert_string_equal(shuyu_profile_log(H.profile), NEXT.text);
    assert_true(client_log_base(&H.profile->pins, &base) && base == F.n);
    assert_true(client_closed_next(&at, &c) && c.base == 0 && c.tree.size == F.n);
    assert_memory_equal(c.tree.root, tree.root, 32);
    assert_memory_equal(c.key.key, K[0].vkey.key, 32);
    assert_false(client_closed_next(&at, &c));
    check_ok(client_seen_get(H.profile, &now, NULL));
    assert_int_equal(now.size, 0); /* of the next log nothing is known yet */
    check_ok(sy_read_file_at(H.profile->dirfd, memory("checked"), &kept));
    check_ok(proof_receipt_parse(close->receipt, &r, NULL));
    assert_true(sy_view_eq(sy_buf_view(&kept), r.checkpoint));
}

static void test_close(void **state)
{
    (void)state;
    struct sy_entry_proof p = {0};
    size_t n = 7;
    close_log(&p);
    struct proof_tree seen = tree_of(3);
    check_ok(client_seen_note(H.profile, &seen, NULL));
    check_ok(follow(&p, 1, genesis, &n));
    assert_int_equal(n, 1);
    assert_int_equal(asked, 1);
    check_crossed(&p);
    shuyu_profile *again = NULL; /* durably */
    assert_int_equal(shuyu_profile_open(H.dir, &again, NULL), 0);
    assert_string_equal(again->pins.log_closed, H.profile->pins.log_closed);
    assert_int_equal(again->seen.size, 0);
    shuyu_profile_close(again);
    check_ok(follow(&p, 1, genesis, &n));
    assert_int_equal(n, 0);
}

/* The disk was put back before the log was closed: who remembers more, or another log, does not go on. */
static void test_close_put_back(void **state)
{
    (void)state;
    struct sy_entry_proof p = {0};
    size_t n = 7;
    close_log(&p);
    struct proof_tree longer = tree_of(F.n), other = tree_of(3), last = tree_of(F.n), path = other;
    longer.size++;
    other.root[0] ^= 1;
    last.root[0] ^= 1;
    const struct proof_tree *const seen[] = {&longer, &other, &last, &path};
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        struct proof_tree now;
        check_ok(client_seen_forget(H.profile, NULL));
        check_ok(client_seen_note(H.profile, seen[i], NULL));
        bad_path = seen[i] == &path;
        check_code(follow(&p, 1, genesis, &n), SY_E_ROLLBACK);
        assert_string_equal(shuyu_profile_log(H.profile), F.vkey);
        check_ok(client_seen_get(H.profile, &now, NULL));
        assert_int_equal(now.size, seen[i]->size); /* and it is not forgotten */
    }
    bad_path = false;
    check_ok(client_seen_forget(H.profile, NULL));
    check_ok(follow(&p, 1, genesis, &n));
}

/* The same of what was checked; two signed notes are evidence. */
static void test_close_checked(void **state)
{
    (void)state;
    struct sy_entry_proof p = {0};
    struct sy_event other = {.type = sy_view_str("refuse")};
    size_t n = 7;
    for (size_t i = 0; i < 3; i++) {
        (void)fake_append(&F, &other, "refuse");
    }
    struct sy_view note = sign(&K[0], &K[0], NO_NEW_LINE);
    check_ok(sy_replace_file_at(H.profile->dirfd, memory("checked"), note, 0600));
    F.n = 2; /* the third is another one now */
    close_log(&p);
    check_code(follow(&p, 1, genesis, &n), SY_E_ROLLBACK);
    assert_string_equal(shuyu_profile_log(H.profile), F.vkey);
    assert_int_equal(faccessat(H.profile->dirfd, "fork", F_OK, 0), 0);
}

/* Given the next log's key, not led to it: nothing is known of where it stands, until the closes are followed from
 * genesis; and what was remembered of the first log is held against it then. */
static void test_pinned_later(void **state)
{
    (void)state;
    struct sy_entry_proof p = {0};
    struct proof_tree now = {.size = 1};
    const shuyu_pins later = {.log = NEXT.text};
    uint64_t base = 0;
    size_t n = 7;
    close_log(&p);
    struct proof_tree seen = tree_of(3);
    seen.root[0] ^= 1;
    check_ok(client_seen_note(H.profile, &seen, NULL));
    assert_int_equal(shuyu_profile_pin(H.profile, &later, NULL), 0);
    assert_false(client_log_base(&H.profile->pins, &base));
    check_ok(client_seen_get(H.profile, &now, NULL));
    assert_int_equal(now.size, 0); /* it is not what the next log is measured by */
    check_code(follow(&p, 1, genesis, &n), SY_E_ROLLBACK);
    assert_false(client_log_base(&H.profile->pins, &base));
    const shuyu_pins back = {.log = F.vkey};
    assert_int_equal(shuyu_profile_pin(H.profile, &back, NULL), 0);
    check_ok(client_seen_get(H.profile, &now, NULL));
    assert_int_equal(now.size, 3);
    check_ok(client_seen_forget(H.profile, NULL));
    seen = tree_of(3);
    check_ok(client_seen_note(H.profile, &seen, NULL));
    assert_int_equal(shuyu_profile_pin(H.profile, &later, NULL), 0);
    check_ok(follow(&p, 1, genesis, &n));
    assert_true(n == 0 && asked > 0);
    check_crossed(&p);
}

/* A profile of an earlier version: one memory, and the closed log known by its key alone. */
static void test_earlier_profile(void **state)
{
    (void)state;
    struct sy_entry_proof p = {0};
    struct proof_tree seen = {.size = 4, .root = {1}};
    size_t n = 7;
    shuyu_profile *again = NULL;
    close_log(&p);
    check_ok(client_seen_note(H.profile, &seen, NULL));
    assert_int_equal(renameat(H.profile->dirfd, memory("seen"), H.profile->dirfd, "seen"), 0);
    assert_int_equal(shuyu_profile_open(H.dir, &again, NULL), 0);
    assert_int_equal(again->seen.size, 4);
    shuyu_profile_close(again);
    check_ok(client_seen_forget(H.profile, NULL));
    check_ok(follow(&p, 1, genesis, &n));
    H.profile->pins.log_closed[0] = '\0';
    check_ok(follow(&p, 1, genesis, &n));
    check_crossed(&p);
}

#define follow_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        follow_test(test_chain),
        follow_test(test_gap),
        follow_test(test_lies),
        follow_test(test_invited_later),
        follow_test(test_past_untrue),
        follow_test(test_downgrade),
        follow_test(test_all_or_nothing),
        follow_test(test_pinned_anew),
        follow_test(test_close),
        follow_test(test_close_put_back),
        follow_test(test_close_checked),
        follow_test(test_pinned_later),
        follow_test(test_earlier_profile),
    };
    return cmocka_run_group_tests_name("client_log_follow", tests, NULL, NULL);
}
