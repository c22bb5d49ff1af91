/*
 * Envelopes and replies end to end, each with its tampering: another body under a signed header, a
 * changed field, a wrong key, and lengths that must not depend on what is inside.
 */
#include "test_support.h"

#include "proof/envelope.h"

/* Two key pairs of each kind: the one meant and another. */
struct world {
    uint8_t sign_public[2][32];
    uint8_t sign_secret[2][PROOF_SECRET_BYTES];
    uint8_t box_public[2][PROOF_BOX_BYTES];
    uint8_t box_secret[2][PROOF_BOX_BYTES];
    struct sy_arena arena;
    struct sy_buf bytes; /* an envelope */
    struct sy_header header;
    struct proof_envelope parsed;
};

static struct world W;

static void make(const char *args, const char *secret, size_t n_secrets)
{
    const uint8_t *const keys[2] = {W.sign_secret[0], W.sign_secret[1]};
    struct proof_request r = {.args = sy_view_str(args),
                              .secret = sy_view_str(secret),
                              .domain_box = W.box_public[0],
                              .secrets = keys,
                              .n_secrets = n_secrets};
    memset(&W.header, 0, sizeof(W.header));
    memset(W.header.domain, 7, sizeof(W.header.domain));
    W.header.expiry = 1000;
    W.header.method = sy_view_str("scene.apply");
    W.header.party = sy_view_str("dev");
    sy_buf_clear(&W.bytes);
    check_ok(proof_envelope_make(&r, &W.header, &W.bytes));
    check_ok(proof_envelope_parse(sy_buf_view(&W.bytes), &W.arena, &W.parsed, NULL));
}

static int setup(void **state)
{
    (void)state;
    W = (struct world){.bytes = sy_buf(1 << 20)};
    for (size_t i = 0; i < 2; i++) {
        crypto_sign_keypair(W.sign_public[i], W.sign_secret[i]);
        crypto_box_keypair(W.box_public[i], W.box_secret[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&W.arena);
    sy_buf_deinit(&W.bytes);
    return 0;
}

static sy_status verify(size_t key)
{
    return proof_verify_request(W.parsed.outer.header, &W.parsed.header, W.parsed.outer.sigs,
                                W.parsed.outer.n_sigs, W.sign_public[key], NULL);
}

static sy_status open_with(size_t key, struct proof_opened *ret)
{
    return proof_envelope_open(&W.parsed, W.box_public[key], W.box_secret[key], ret, NULL);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const SECRETS[2] = {"", "a share"};
    for (size_t i = 0; i < 2; i++) {
        PROOF_OPENED_CLEANUP struct proof_opened o = {0};
        uint8_t want[32] = {0};
        make("args", SECRETS[i], 1);
        check_ok(verify(0));
        check_ok(open_with(0, &o));
        assert_true(sy_view_is(o.args, "args") && sy_view_is(o.secret, SECRETS[i]));
        if (i == 1) {
            crypto_hash_sha256(want, (const uint8_t *)"a share", 7);
        }
        assert_memory_equal(o.secret_digest, want, 32);
        /* What the log keeps is enough to find the header's digest again. */
        proof_args_digest(want, o.salt, o.args, o.secret_digest);
        assert_memory_equal(want, W.parsed.header.body, 32);
        proof_args_digest(want, o.salt, o.args, i == 0 ? NULL : o.secret_digest);
        assert_memory_equal(want, W.parsed.header.body, 32);
    }
}

static void test_header_is_filled_in(void **state)
{
    (void)state;
    uint8_t nonce[16];
    make("args", "", 1);
    memcpy(nonce, W.header.nonce, 16);
    assert_false(sodium_is_zero(nonce, 16));
    assert_true(sy_view_is(W.parsed.header.ctx, SY_REQUEST_CONTEXT));
    assert_memory_equal(W.parsed.header.nonce, nonce, 16);
    make("args", "", 1);
    assert_memory_not_equal(W.header.nonce, nonce, 16);
}

/* SHA-256("shuyu-args-1" || salt || SHA-256(args) || SHA-256("")), put together by hand. */
static void test_args_digest_bytes(void **state)
{
    (void)state;
    uint8_t in[12 + 3 * 32];
    uint8_t want[32];
    uint8_t got[32];
    memcpy(in, "shuyu-args-1", 12);
    memset(in + 12, 5, 32);
    crypto_hash_sha256(in + 44, (const uint8_t *)"args", 4);
    crypto_hash_sha256(in + 76, NULL, 0);
    crypto_hash_sha256(want, in, sizeof(in));
    proof_args_digest(got, in + 12, sy_view_str("args"), NULL);
    assert_memory_equal(got, want, 32);
}

static void test_signatures(void **state)
{
    (void)state;
    make("args", "", 1);
    check_ok(verify(0));
    check_code(verify(1), SY_E_UNSIGNED);
    make("args", "", 2); /* as genesis */
    assert_int_equal(W.parsed.outer.n_sigs, 2);
    check_ok(verify(0));
    check_ok(verify(1));
    make("args", "", 0);
    check_code(verify(0), SY_E_UNSIGNED);
}

static void test_bad_signature_is_not_skipped(void **state)
{
    (void)state;
    make("args", "", 1);
    uint8_t bad[PROOF_SIGNATURE_BYTES] = {1};
    struct sy_signature sigs[2];
    sigs[0] = W.parsed.outer.sigs[0];
    sigs[1] = sigs[0];
    sigs[1].sig = sy_view(bad, sizeof(bad));
    check_code(proof_verify_request(W.parsed.outer.header, &W.parsed.header, sigs, 2,
                                    W.sign_public[0], NULL),
               SY_E_SIGNATURE);
    sigs[0].sig.n--;
    check_code(proof_verify_request(W.parsed.outer.header, &W.parsed.header, sigs, 1,
                                    W.sign_public[0], NULL),
               SY_E_SIGNATURE);
}

/* Each field of the header, changed after signing: in the record alone, or in the bytes too. */
static void change_field(struct sy_header *h, size_t field)
{
    switch (field) {
    case 0:
        h->body[0] ^= 1;
        break;
    case 1:
        h->domain[0] ^= 1;
        break;
    case 2:
        h->expiry++;
        break;
    case 3:
        h->grant[0] ^= 1;
        break;
    case 4:
        h->method = sy_view_str("model.run");
        break;
    case 5:
        h->nonce[0] ^= 1;
        break;
    case 6:
        h->party = sy_view_str("someone");
        break;
    case 7:
        h->subject[0] ^= 1;
        break;
    default:
        fail();
    }
}

static void test_every_header_field(void **state)
{
    (void)state;
    make("args", "", 1);
    struct proof_envelope good = W.parsed;
    for (size_t i = 0; i < 8; i++) {
        SY_BUF_CLEANUP struct sy_buf forged = sy_buf(4096);
        W.parsed = good;
        change_field(&W.parsed.header, i);
        check_code(verify(0), SY_E_FIELD);
        check_ok(sy_record_encode(&sy_header_desc, &W.parsed.header, &forged));
        W.parsed.outer.header = sy_buf_view(&forged);
        check_code(verify(0), SY_E_SIGNATURE);
    }
    W.parsed = good;
    W.parsed.header.suite = 2;
    check_code(verify(0), SY_E_SUITE);
    W.parsed = good;
    W.parsed.header.ctx = sy_view_str("shuyu-invite-1");
    check_code(verify(0), SY_E_FIELD);
    W.parsed = good;
    check_ok(verify(0));
}

/* Rightly signed, but not as a request: what was signed for another purpose is no request. */
static void test_other_context(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf header = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(8192);
    struct sy_signature sig = {{0}, {0}};
    uint8_t sig_bytes[PROOF_SIGNATURE_BYTES];
    make("args", "", 1);
    struct sy_header h = W.parsed.header;
    for (size_t i = 0; i < 2; i++) {
        struct sy_envelope e = W.parsed.outer;
        h.ctx = sy_view_str(i == 0 ? SY_REQUEST_CONTEXT : "shuyu-invite-1");
        sy_buf_clear(&header);
        sy_buf_clear(&bytes);
        check_ok(sy_record_encode(&sy_header_desc, &h, &header));
        proof_sign(sig_bytes, sy_buf_view(&header), W.sign_secret[0]);
        memcpy(sig.key, W.sign_public[0], sizeof(sig.key));
        sig.sig = sy_view(sig_bytes, sizeof(sig_bytes));
        check_code(proof_verify_request(sy_buf_view(&header), &h, &sig, 1, W.sign_public[0], NULL),
                   i == 0 ? 0 : SY_E_FIELD);
        e.header = sy_buf_view(&header);
        check_ok(sy_record_encode(&sy_envelope_desc, &e, &bytes));
        struct proof_envelope parsed;
        check_code(proof_envelope_parse(sy_buf_view(&bytes), &W.arena, &parsed, NULL),
                   i == 0 ? 0 : SY_E_FIELD);
    }
}

static void test_wrong_domain_key(void **state)
{
    (void)state;
    struct proof_opened o = {0};
    make("args", "secret", 1);
    check_code(open_with(1, &o), SY_E_SEAL);
    assert_null(o.plain.p);
}

static void test_every_byte_of_the_body(void **state)
{
    (void)state;
    make("args", "secret", 1);
    uint8_t *body = W.bytes.p + (W.parsed.outer.body.p - W.bytes.p);
    for (size_t i = 0; i < W.parsed.outer.body.n; i++) {
        struct proof_opened o = {0};
        body[i] ^= 0x20;
        check_code(open_with(0, &o), SY_E_SEAL);
        body[i] ^= 0x20;
    }
    W.parsed.outer.body.n = 47;
    struct proof_opened o = {0};
    check_code(open_with(0, &o), SY_E_SEAL);
}

/* Whoever relays can seal a body of his own to the domain: the signed header gives him away. */
static void test_swapped_body(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf other = sy_buf(1 << 16);
    struct proof_opened o = {0};
    make("other args", "", 1);
    check_ok(sy_buf_add_view(&other, W.parsed.outer.body));
    make("args", "", 1);
    W.parsed.outer.body = sy_buf_view(&other);
    check_ok(verify(0));
    check_code(open_with(0, &o), SY_E_DIGEST);
    assert_null(o.plain.p);
    sy_buf_clear(&other);
    check_ok(proof_seal(sy_view_str("no body"), W.box_public[0], &other));
    W.parsed.outer.body = sy_buf_view(&other);
    assert_false(sy_ok(open_with(0, &o)));
}

static void test_every_byte_of_an_envelope(void **state)
{
    (void)state;
    make("args", "secret", 1);
    for (size_t i = 0; i < W.bytes.n; i++) {
        PROOF_OPENED_CLEANUP struct proof_opened o = {0};
        W.bytes.p[i] ^= 0x04;
        sy_status s = proof_envelope_parse(sy_buf_view(&W.bytes), &W.arena, &W.parsed, NULL);
        assert_false(sy_ok(s) && sy_ok(verify(0)) && sy_ok(open_with(0, &o)));
        W.bytes.p[i] ^= 0x04;
    }
    check_ok(proof_envelope_parse(sy_buf_view(&W.bytes), &W.arena, &W.parsed, NULL));
    check_ok(verify(0));
}

static void test_bad_domain_key(void **state)
{
    (void)state;
    uint8_t low_order[PROOF_BOX_BYTES] = {0};
    struct proof_request r = {.domain_box = low_order};
    struct sy_header h = {.method = sy_view_str("m"), .party = sy_view_str("p")};
    sy_buf_clear(&W.bytes);
    check_code(proof_envelope_make(&r, &h, &W.bytes), SY_E_FIELD);
    assert_int_equal(W.bytes.n, 0);
}

/* --- invitations -------------------------------------------------------------------------------- */
static void test_invite(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    struct sy_invite in = {.ctx = sy_view_str("shuyu-invite-1"),
                           .log = sy_view_str("log"),
                           .name = sy_view_str("县医院"),
                           .party = sy_view_str("dev"),
                           .role = sy_view_str("developer")};
    struct sy_invite out;
    uint8_t sig[PROOF_SIGNATURE_BYTES];
    in.box[0] = in.domain[0] = in.nonce[0] = 1;
    check_ok(sy_record_encode(&sy_invite_desc, &in, &b));
    proof_sign(sig, sy_buf_view(&b), W.sign_secret[0]);
    struct sy_view s = sy_view(sig, sizeof(sig));
    check_ok(proof_invite_verify(sy_buf_view(&b), s, W.sign_public[0], &W.arena, &out, NULL));
    assert_true(sy_view_is(out.party, "dev"));
    check_code(proof_invite_verify(sy_buf_view(&b), s, W.sign_public[1], &W.arena, &out, NULL),
               SY_E_SIGNATURE);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 0x08;
        assert_false(
            sy_ok(proof_invite_verify(sy_buf_view(&b), s, W.sign_public[0], &W.arena, &out, NULL)));
        b.p[i] ^= 0x08;
    }
    in.ctx = sy_view_str("shuyu-request-1");
    sy_buf_clear(&b);
    check_ok(sy_record_encode(&sy_invite_desc, &in, &b));
    proof_sign(sig, sy_buf_view(&b), W.sign_secret[0]);
    check_code(proof_invite_verify(sy_buf_view(&b), s, W.sign_public[0], &W.arena, &out, NULL),
               SY_E_FIELD);
}

/* --- replies ------------------------------------------------------------------------------------ */
static void reply_of(size_t n, struct sy_reply *ret)
{
    static uint8_t zeros[8192];
    assert_true(n <= sizeof(zeros));
    *ret = (struct sy_reply){.result = sy_view(zeros, n)};
}

/* To the request W.parsed, with the first keys; tests change what they are about. */
static struct proof_reply_seal seal_how(size_t length)
{
    if (W.bytes.n == 0) {
        make("args", "", 1);
    }
    return (struct proof_reply_seal){.request = &W.parsed,
                                     .warden_secret = W.sign_secret[0],
                                     .party_box = W.box_public[0],
                                     .length_bytes = length};
}

static sy_status seal_reply(const struct sy_reply *reply, size_t length, struct sy_buf *b)
{
    struct proof_reply_seal how = seal_how(length);
    return proof_reply_seal(reply, &how, b);
}

static struct proof_reply_open open_how(size_t key)
{
    return (struct proof_reply_open){.request = &W.parsed,
                                     .warden = W.sign_public[0],
                                     .box_public = W.box_public[key],
                                     .box_secret = W.box_secret[key]};
}

static sy_status open_reply(const struct sy_buf *sealed, size_t key, struct proof_reply *ret)
{
    struct proof_reply_open how = open_how(key);
    return proof_reply_open(sy_buf_view(sealed), &how, ret, NULL);
}

static void test_reply_round_trip(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
    PROOF_REPLY_CLEANUP struct proof_reply out = {0};
    struct sy_entry_proof proof = {.body = sy_view_str("b"), .index = 3, .leaf = sy_view_str("l")};
    struct sy_reply in = {.error = sy_view_str("budget"), .proofs = &proof, .n_proofs = 1};
    proof.salt[0] = 1;
    check_ok(seal_reply(&in, 2048, &sealed));
    check_code(open_reply(&sealed, 1, &out), SY_E_SEAL);
    assert_null(out.plain.p);
    check_ok(open_reply(&sealed, 0, &out));
    assert_true(sy_view_is(out.reply.error, "budget") && out.reply.n_proofs == 1);
    assert_int_equal(out.reply.proofs[0].index, 3);
    for (size_t i = 0; i < sealed.n; i += 37) {
        struct proof_reply none = {0};
        sealed.p[i] ^= 1;
        check_code(open_reply(&sealed, 0, &none), SY_E_SEAL);
        sealed.p[i] ^= 1;
    }
}

/* Every content from nothing to the most that fits: one length. One byte more is refused. */
static void test_reply_length_is_constant(void **state)
{
    (void)state;
    size_t n_refused = 0;
    for (size_t n = 0; n <= 2000; n += n < 1890 ? 97 : 1) {
        SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
        PROOF_REPLY_CLEANUP struct proof_reply out = {0};
        struct sy_reply in;
        reply_of(n, &in);
        sy_status s = seal_reply(&in, 2048, &sealed);
        if (!sy_ok(s)) {
            check_code(s, SY_E_LIMIT);
            assert_int_equal(sealed.n, 0);
            n_refused++;
            continue;
        }
        assert_int_equal(n_refused, 0);
        assert_int_equal(sealed.n, 2048 + PROOF_SEAL_BYTES);
        check_ok(open_reply(&sealed, 0, &out));
        assert_int_equal(out.reply.result.n, n);
    }
    assert_in_range(n_refused, 50, 120);
}

static void test_reply_lengths_refused(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
    struct sy_reply in;
    uint8_t low_order[PROOF_BOX_BYTES] = {0};
    reply_of(10, &in);
    check_code(seal_reply(&in, 0, &sealed), SY_E_USAGE);
    check_code(seal_reply(&in, 1500, &sealed), SY_E_USAGE);
    struct proof_reply_seal how = seal_how(1024);
    how.party_box = low_order;
    check_code(proof_reply_seal(&in, &how, &sealed), SY_E_FIELD);
    assert_int_equal(sealed.n, 0);
}

/* The length that is proposed is the smallest that fits, for every size around a block's edge. */
static void test_reply_length_fits(void **state)
{
    (void)state;
    for (size_t n = 800; n <= 1200; n++) {
        SY_BUF_CLEANUP struct sy_buf clear = sy_buf(4096);
        SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
        struct sy_reply in;
        reply_of(n, &in);
        check_ok(sy_record_encode(&sy_reply_desc, &in, &clear));
        size_t length = proof_reply_length(clear.n);
        check_ok(seal_reply(&in, length, &sealed));
        if (length > SY_REPLY_BLOCK) {
            check_code(seal_reply(&in, length - SY_REPLY_BLOCK, &sealed), SY_E_LIMIT);
        }
    }
}

/* Seal a reply that was changed after it was signed, as somebody does who lacks the warden's key. */
static void reseal(struct sy_reply *r, struct sy_buf *sealed)
{
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(4096);
    size_t n = 0;
    check_ok(sy_record_encode(&sy_reply_desc, r, &clear));
    assert_non_null(sy_buf_reserve(&clear, 2048 - clear.n));
    assert_int_equal(sodium_pad(&n, clear.p, clear.n, 2048, 2048), 0);
    sy_buf_clear(sealed);
    check_ok(proof_seal(sy_view(clear.p, n), W.box_public[0], sealed));
}

/* Any change of what was signed, and of the signature, is refused; the unchanged reply passes. */
static void test_reply_forged(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
    PROOF_REPLY_CLEANUP struct proof_reply honest = {0};
    struct sy_reply in = {.result = sy_view_str("42"), .reason = sy_view_str("none")};
    uint8_t sig[PROOF_SIGNATURE_BYTES];
    check_ok(seal_reply(&in, 2048, &sealed));
    check_ok(open_reply(&sealed, 0, &honest));
    assert_memory_equal(honest.reply.nonce, W.parsed.header.nonce, 16);
    memcpy(sig, honest.reply.sig.p, sizeof(sig));
    sig[40] ^= 1;
    struct sy_reply forged[7];
    for (size_t i = 0; i < 7; i++) {
        forged[i] = honest.reply;
    }
    forged[1].sig = sy_view(sig, sizeof(sig));
    forged[2].sig.n = 63;
    forged[3].nonce[15] ^= 1;
    forged[4].result = sy_view_str("43");
    forged[5].error = sy_view_str("budget");
    forged[6].sig.n = 0;
    for (size_t i = 0; i < 7; i++) {
        struct proof_reply out = {0};
        reseal(&forged[i], &sealed);
        check_code(open_reply(&sealed, 0, &out),
                   i == 0 ? 0 : (i == 6 ? SY_E_UNSIGNED : SY_E_SIGNATURE));
        assert_true(i == 0 || (out.plain.p == NULL && out.reply.result.n == 0));
        proof_reply_deinit(&out);
    }
}

/* Genuine, but of another warden, or for another request. */
static void test_reply_of_another(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
    struct sy_reply in = {.result = sy_view_str("42")};
    struct proof_reply out = {0};
    check_ok(seal_reply(&in, 2048, &sealed));
    struct proof_reply_open how = open_how(0);
    how.warden = W.sign_public[1];
    check_code(proof_reply_open(sy_buf_view(&sealed), &how, &out, NULL), SY_E_SIGNATURE);
    W.parsed.header.nonce[0] ^= 1; /* signed for these header bytes, but not this nonce */
    check_code(open_reply(&sealed, 0, &out), SY_E_SIGNATURE);
    W.parsed.header.nonce[0] ^= 1;
    struct proof_envelope other = W.parsed;
    make("args", "", 1); /* the same request again, under a nonce of its own */
    check_code(open_reply(&sealed, 0, &out), SY_E_SIGNATURE);
    W.parsed.header = other.header; /* its nonce alone does not make it the same */
    check_code(open_reply(&sealed, 0, &out), SY_E_SIGNATURE);
    assert_null(out.plain.p);
}

/* What is signed, put together by hand from wire/envelope.h. */
static void test_reply_message_bytes(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
    SY_BUF_CLEANUP struct sy_buf bare = sy_buf(4096);
    PROOF_REPLY_CLEANUP struct proof_reply out = {0};
    uint8_t message[13 + 2 * 32];
    struct sy_reply in = {.result = sy_view_str("42")};
    check_ok(seal_reply(&in, 1024, &sealed));
    check_ok(open_reply(&sealed, 0, &out));
    memcpy(in.nonce, W.parsed.header.nonce, 16);
    check_ok(sy_record_encode(&sy_reply_desc, &in, &bare));
    memcpy(message, "shuyu-reply-1", 13);
    crypto_hash_sha256(message + 13, W.parsed.outer.header.p, W.parsed.outer.header.n);
    crypto_hash_sha256(message + 45, bare.p, bare.n);
    assert_int_equal(out.reply.sig.n, 64);
    assert_int_equal(
        crypto_sign_verify_detached(out.reply.sig.p, message, sizeof(message), W.sign_public[0]),
        0);
}

static void test_reply_bad_padding(void **state)
{
    (void)state;
    static uint8_t zeros[2048];
    static const size_t LENGTHS[] = {0, 1, 1000, 1024, 2048};
    for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
        struct proof_reply out = {0};
        check_ok(proof_seal(sy_view(zeros, LENGTHS[i]), W.box_public[0], &sealed));
        check_code(open_reply(&sealed, 0, &out), SY_E_FRAME);
        assert_null(out.plain.p);
    }
}

/* A reply that is right but for its length. */
static void test_reply_of_odd_length(void **state)
{
    (void)state;
    static const size_t LENGTHS[] = {1024, 1000};
    for (size_t i = 0; i < 2; i++) {
        SY_BUF_CLEANUP struct sy_buf clear = sy_buf(2048);
        SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 16);
        PROOF_REPLY_CLEANUP struct proof_reply honest = {0};
        PROOF_REPLY_CLEANUP struct proof_reply out = {0};
        struct sy_reply in = {.error = sy_view_str("budget")};
        size_t n = 0;
        check_ok(seal_reply(&in, 1024, &sealed));
        check_ok(open_reply(&sealed, 0, &honest));
        sy_buf_clear(&sealed);
        check_ok(sy_record_encode(&sy_reply_desc, &honest.reply, &clear));
        assert_non_null(sy_buf_reserve(&clear, 1024));
        assert_int_equal(sodium_pad(&n, clear.p, clear.n, LENGTHS[i], LENGTHS[i]), 0);
        check_ok(proof_seal(sy_view(clear.p, n), W.box_public[0], &sealed));
        check_code(open_reply(&sealed, 0, &out), i == 0 ? 0 : SY_E_FRAME);
    }
}

static void test_seal_empty_and_full(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(PROOF_SEAL_BYTES);
    SY_BUF_CLEANUP struct sy_buf plain = sy_buf(16);
    check_ok(proof_seal((struct sy_view){0}, W.box_public[0], &sealed));
    check_ok(proof_unseal(sy_buf_view(&sealed), W.box_public[0], W.box_secret[0], &plain));
    assert_int_equal(plain.n, 0);
    check_code(proof_seal(sy_view_str("x"), W.box_public[0], &sealed), SY_E_LIMIT);
    check_code(proof_unseal(sy_view(sealed.p, 47), W.box_public[0], W.box_secret[0], &plain),
               SY_E_SEAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_header_is_filled_in),
        cmocka_unit_test(test_args_digest_bytes),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_bad_signature_is_not_skipped),
        cmocka_unit_test(test_every_header_field),
        cmocka_unit_test(test_other_context),
        cmocka_unit_test(test_wrong_domain_key),
        cmocka_unit_test(test_every_byte_of_the_body),
        cmocka_unit_test(test_swapped_body),
        cmocka_unit_test(test_every_byte_of_an_envelope),
        cmocka_unit_test(test_bad_domain_key),
        cmocka_unit_test(test_invite),
        cmocka_unit_test(test_reply_round_trip),
        cmocka_unit_test(test_reply_length_is_constant),
        cmocka_unit_test(test_reply_lengths_refused),
        cmocka_unit_test(test_reply_length_fits),
        cmocka_unit_test(test_reply_forged),
        cmocka_unit_test(test_reply_of_another),
        cmocka_unit_test(test_reply_message_bytes),
        cmocka_unit_test(test_reply_bad_padding),
        cmocka_unit_test(test_reply_of_odd_length),
        cmocka_unit_test(test_seal_empty_and_full),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, setup, teardown);
}
