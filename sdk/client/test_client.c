/*
 * The verification, free of I/O: a genuine reply passes, and each single lie about it is refused
 * before anything can be read. Who lies here has now the domain's warden key, now none of its keys;
 * everything else may be forged (test_domain.h).
 */
#include "test_domain.h"

static struct fake F;
static struct home H;
static const uint8_t GRANT[32] = {1, 2, 3};
static const uint8_t MODEL[32] = {9, 8, 7};

static int setup(void **state)
{
    (void)state;
    fake_init(&F);
    home_make(&H, "acme");
    home_pin(&H, &F, "localhost:7000");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&F.arena);
    home_remove(&H);
    return 0;
}

static struct client_call *new_call(const char *method, struct sy_view args)
{
    struct client_call *c = NULL;
    shuyu_request r = {
        .method = method, .grant = GRANT, .subject = MODEL, .args = client_bytes(args)};
    check_ok(client_call_new(H.profile, &r, 1700000000, &c, NULL));
    return c;
}

static struct client_call *new_run(const char *year)
{
    shuyu_param params[2] = {{"year", year}, {"sex", "女"}};
    shuyu_question q = {GRANT, MODEL, params, 2};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(client_question_args(&q, &b, NULL));
    return new_call("model.run", sy_buf_view(&b));
}

/* Judge a sealed reply as the response to a call. */
static sy_status judge(struct client_call *c, struct sy_view sealed, shuyu_reply **ret,
                       struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(1 << 20);
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    check_ok(sy_rpc_put_result_head(&frame, 3));
    check_ok(sy_mp_put_bin(&frame, sealed));
    check_ok(sy_rpc_parse(sy_buf_view(&frame), &CLIENT_FRAME_LIMITS, &m, NULL));
    return client_call_judge(c, &m, ret, err);
}

static struct sy_view serve(const struct client_call *c)
{
    return fake_serve(&F, sy_buf_view(&c->envelope), H.profile->box_public);
}

/* Open a reply without judging it, to make a lie of it. */
static sy_status open_reply(const struct client_call *c, struct sy_view sealed,
                            struct proof_reply *ret)
{
    struct proof_reply_open how = {.request = &c->parsed,
                                   .warden = F.warden,
                                   .box_public = H.profile->box_public,
                                   .box_secret = H.profile->box_secret};
    return proof_reply_open(sealed, &how, ret, NULL);
}

/* Ask, be answered, judge, and make the table: what shuyu_run does. */
static sy_status ask(shuyu_answer **ret)
{
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    struct client_call *c = new_run("2020");
    sy_status s = judge(c, serve(c), &reply, &err);
    if (sy_ok(s)) {
        s = client_answer_new(reply, ret, &err);
    } else {
        assert_null(*ret);
    }
    client_call_free(c);
    return s;
}

/* --- the genuine answer ----------------------------------------------------------------------- */

static void check_table(const shuyu_answer *a)
{
    shuyu_column col;
    int64_t v = 0, lo = 0, hi = 0;
    double d = 0;
    char text[64];
    assert_int_equal(shuyu_answer_rows(a), FAKE_ROWS);
    assert_int_equal(shuyu_answer_columns(a), 3);
    assert_int_equal(shuyu_answer_column(a, 0, &col), 0);
    assert_string_equal(col.name, "性别");
    assert_int_equal(col.kind, SHUYU_KEY);
    assert_string_equal(shuyu_answer_text(a, 0, 1), "男");
    assert_int_equal(shuyu_answer_column(a, 1, &col), 0);
    assert_int_equal(col.kind, SHUYU_FIGURE);
    assert_string_equal(col.mechanism, "gauss");
    assert_int_equal(col.noise, 5);
    assert_int_equal(shuyu_answer_value(a, 1, 0, &v), 0);
    assert_int_equal(v, 120);
    assert_int_equal(shuyu_answer_interval(a, 1, 0, &lo, &hi), 0);
    assert_true(lo == 110 && hi == 130);
    assert_int_equal(shuyu_answer_double(a, shuyu_answer_find(a, "mean"), 0, &d), 0);
    assert_true(d == -12.5);
    assert_int_equal(shuyu_answer_format(a, 2, 0, text, sizeof(text)), 0);
    assert_string_equal(text, "-12.50");
    assert_int_equal(shuyu_answer_format_interval(a, 2, 1, text, sizeof(text)), 0);
    assert_string_equal(text, "[0.00, 0.10]");
    assert_int_equal(shuyu_answer_format(a, 0, 0, text, 3), 0); /* no half characters */
    assert_string_equal(text, "");
}

static void check_edges(const shuyu_answer *a)
{
    int64_t v = 42, hi = 42;
    char text[64];
    shuyu_data data;
    assert_true(shuyu_answer_withheld(a, 1, 1));
    assert_false(shuyu_answer_withheld(a, 1, 2));
    assert_int_equal(shuyu_answer_value(a, 1, 1, &v), SHUYU_E_STATE);
    assert_int_equal(shuyu_answer_interval(a, 1, 1, &v, &hi), SHUYU_E_STATE);
    assert_int_equal(shuyu_answer_value(a, 0, 0, &v), SHUYU_E_NOT_FOUND);
    assert_int_equal(shuyu_answer_value(a, 1, FAKE_ROWS, &v), SHUYU_E_NOT_FOUND);
    assert_int_equal(shuyu_answer_value(a, 3, 0, &v), SHUYU_E_NOT_FOUND);
    assert_true(v == 42 && hi == 42);
    assert_null(shuyu_answer_text(a, 1, 0));
    assert_null(shuyu_answer_text(a, 0, FAKE_ROWS));
    assert_int_equal(shuyu_answer_format(a, 1, 1, text, sizeof(text)), 0);
    assert_string_equal(text, "(withheld)");
    assert_true(shuyu_answer_find(a, "no such column") == SIZE_MAX);
    assert_int_equal(shuyu_answer_data(a, 0, &data), 0);
    assert_string_equal(data.dataset, "visits");
    assert_int_equal(data.version, 4);
    assert_int_equal(shuyu_answer_data(a, 1, &data), SHUYU_E_NOT_FOUND);
}

static void check_kept_proof(const shuyu_answer *a)
{
    shuyu_proof p;
    uint64_t index = 0, size = 0;
    shuyu_error e = {0};
    assert_int_equal(shuyu_answer_proof(a, 1, &p), 0);
    assert_int_equal(shuyu_receipt_verify(F.vkey, &p, &index, &size, &e), 0);
    assert_int_equal(index, p.index);
    assert_int_equal(size, p.log_size);
    assert_int_equal(shuyu_answer_proof(a, 2, &p), SHUYU_E_NOT_FOUND);
    p.body.n--;
    assert_int_equal(shuyu_receipt_verify(F.vkey, &p, NULL, NULL, &e), SHUYU_E_DIGEST);
    p.leaf.n--;
    assert_int_equal(shuyu_receipt_verify(F.vkey, &p, NULL, NULL, NULL), SHUYU_E_PROOF);
}

static void check_spends(const shuyu_answer *a)
{
    shuyu_facts facts;
    shuyu_spend s;
    shuyu_answer_facts(a, &facts);
    assert_int_equal(facts.n_spends, 2);
    assert_int_equal(shuyu_answer_spend(a, 0, &s), 0);
    assert_string_equal(s.ns, "clinic");
    assert_int_equal(s.rho, 50);
    assert_int_equal(s.delta, 1);
    assert_int_equal(shuyu_answer_spend(a, 1, &s), 0);
    assert_string_equal(s.ns, "person");
    assert_int_equal(s.rho, 1000);
    assert_int_equal(s.delta, 7);
    assert_int_equal(s.spent, 4000);
    assert_int_equal(s.left, 6000);
    assert_int_equal(shuyu_answer_spend(a, 2, &s), SHUYU_E_NOT_FOUND);
}

static void test_genuine(void **state)
{
    (void)state;
    shuyu_answer *a = NULL;
    shuyu_facts facts;
    check_ok(ask(&a));
    check_table(a);
    check_edges(a);
    check_kept_proof(a);
    shuyu_answer_facts(a, &facts);
    check_spends(a);
    assert_int_equal(facts.charge, 0);
    assert_int_equal(facts.answer, 1);
    assert_false(facts.stored);
    assert_memory_equal(facts.model, MODEL, 32);
    shuyu_answer_free(a);
    a = NULL;
    check_ok(ask(&a)); /* the log has grown: fine */
    shuyu_answer_free(a);
}

/* --- lies ------------------------------------------------------------------------------------- */

static const struct {
    enum fake_lie lie;
    const char *name;
    int32_t code;
} LIES[] = {
    {LIE_RESULT, "answer byte", SY_E_DIGEST},
    {LIE_COMMIT, "commitment", SY_E_DIGEST},
    {LIE_SALT, "salt", SY_E_DIGEST},
    {LIE_BODY, "body", SY_E_DIGEST},
    {LIE_LEAF, "leaf", SY_E_PROOF},
    {LIE_PATH, "path", SY_E_PROOF},
    {LIE_INDEX, "index", SY_E_PROOF},
    {LIE_SIGNATURE, "checkpoint signature", SY_E_SIGNATURE},
    {LIE_NO_PROOF, "no proof", SY_E_PROOF},
    {LIE_ONE_PROOF, "one proof", SY_E_PROOF},
    {LIE_SWAPPED, "swapped proofs", SY_E_PROOF},
    {LIE_CHARGE, "another charge", SY_E_PROOF},
    {LIE_SIGNER, "not the warden", SY_E_PROOF},
    {LIE_OUTCOME, "outcome", SY_E_PROOF},
    {LIE_TYPE, "leaf type", SY_E_PROOF},
    {LIE_BOX, "sealed to another", SY_E_SEAL},
    {LIE_LENGTH, "not padded", SY_E_FRAME},
    {LIE_SHAPE, "column shape", SY_E_FIELD},
    {LIE_MODEL, "another model", SY_E_PROOF},
    {LIE_GRANT, "another grant", SY_E_PROOF},
    {LIE_RHO, "a lower price", SY_E_PROOF},
    {LIE_DELTA, "a higher delta", SY_E_PROOF},
    {LIE_NS, "another namespace", SY_E_PROOF},
    {LIE_N_SPENDS, "a namespace left out", SY_E_PROOF},
    {LIE_DATASET, "another dataset", SY_E_PROOF},
    {LIE_VERSION, "another version", SY_E_PROOF},
    {LIE_HEADER, "other data of that version", SY_E_PROOF},
    {LIE_N_DATA, "data left out", SY_E_PROOF},
    {LIE_FORGED, "signed by another", SY_E_SIGNATURE},
    {LIE_UNSIGNED, "not signed", SY_E_UNSIGNED},
};

static void test_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(LIES) / sizeof(LIES[0]); i++) {
        shuyu_answer *a = NULL;
        F.lie = LIES[i].lie;
        sy_status s = ask(&a);
        if (s.code != LIES[i].code || a != NULL) {
            fail_msg("%s: %s", LIES[i].name, sy_code_name(s.code));
        }
        F.lie = LIE_NONE;
        check_ok(ask(&a)); /* and the truth after it still passes */
        shuyu_answer_free(a);
    }
}

/* Another log key of the same name: the same id cannot be, so the line is nobody's. */
static void test_other_key(void **state)
{
    (void)state;
    shuyu_answer *a = NULL;
    struct proof_vkey own = F.log;
    uint8_t secret[PROOF_SECRET_BYTES];
    uint8_t public[32];
    memcpy(secret, F.log_secret, sizeof(secret));
    crypto_sign_keypair(public, F.log_secret);
    check_ok(proof_vkey_make(sy_view_str(own.name), PROOF_SIG_ED25519, public, &F.log));
    check_code(ask(&a), SY_E_UNSIGNED);
    F.log.id = own.id; /* and one that claims the id */
    check_code(ask(&a), SY_E_SIGNATURE);
    F.log = own;
    memcpy(F.log_secret, secret, sizeof(secret));
    check_ok(ask(&a));
    shuyu_answer_free(a);
}

/* An older checkpoint, and another log of the same size, as seen by a later request. */
static void test_rollback(void **state)
{
    (void)state;
    shuyu_answer *a = NULL;
    check_ok(ask(&a));
    shuyu_answer_free(a);
    a = NULL;
    size_t n = F.n;
    F.n = 0; /* the domain starts over from an old copy */
    check_code(ask(&a), SY_E_ROLLBACK);
    F.n = n - 2; /* one size, another history */
    check_code(ask(&a), SY_E_ROLLBACK);
    shuyu_profile *again = NULL;
    assert_int_equal(shuyu_profile_open(H.dir, &again, NULL), 0); /* remembered on disk */
    assert_int_equal(again->seen.size, n);
    shuyu_profile_close(again);
}

/* Two requests at once: the answer to the first, made first, may be read last. */
static void test_late_reply(void **state)
{
    (void)state;
    shuyu_reply *first = NULL;
    shuyu_reply *second = NULL;
    struct client_call *a = new_run("2019");
    struct client_call *b = new_run("2020");
    struct sy_view to_a = serve(a);
    struct sy_view to_b = serve(b);
    check_ok(judge(b, to_b, &second, NULL));
    check_ok(judge(a, to_a, &first, NULL));
    shuyu_reply_free(first);
    shuyu_reply_free(second);
    client_call_free(a);
    client_call_free(b);
}

/* --- replies to other requests ---------------------------------------------------------------- */

/* What `sealed` says to one request, signed by the warden as the answer to another. */
static struct sy_view sign_anew(const struct client_call *was, struct sy_view sealed,
                                const struct client_call *now)
{
    PROOF_REPLY_CLEANUP struct proof_reply o = {0};
    check_ok(open_reply(was, sealed, &o));
    return fake_seal(&F, &o.reply, &now->parsed, H.profile->box_public);
}

static void test_replayed(void **state)
{
    (void)state;
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    struct client_call *earlier = new_call("scene.apply", sy_view_str("x"));
    struct client_call *now = new_call("scene.apply", sy_view_str("x"));
    struct sy_view sealed = serve(earlier);
    check_code(judge(now, sealed, &reply, &err), SY_E_SIGNATURE); /* another nonce */
    assert_null(reply);
    /* Even a warden that signs it anew has no entry of this request to show. */
    check_code(judge(now, sign_anew(earlier, sealed, now), &reply, &err), SY_E_PROOF);
    assert_null(reply);
    check_ok(judge(earlier, sealed, &reply, &err));
    shuyu_reply_free(reply);
    client_call_free(earlier);
    client_call_free(now);
}

/* A read has no proof: the signature is all that ties the rows to the domain and to the request. The
 * gateway knows the party's box key and every byte that went over the wire. */
static void test_forged_read(void **state)
{
    (void)state;
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    struct client_call *c = new_call("state.list", sy_view_str("rows"));
    struct client_call *again = new_call("state.list", sy_view_str("rows"));
    struct sy_view honest = serve(c);
    check_code(judge(again, honest, &reply, &err), SY_E_SIGNATURE); /* replayed to a later read */
    F.lie = LIE_FORGED;
    check_code(judge(c, serve(c), &reply, &err), SY_E_SIGNATURE);
    F.lie = LIE_UNSIGNED;
    check_code(judge(c, serve(c), &reply, &err), SY_E_UNSIGNED);
    assert_null(reply);
    F.lie = LIE_NONE;
    check_ok(judge(c, honest, &reply, &err));
    assert_true(sy_view_is(client_view(shuyu_reply_result(reply)), "rows"));
    shuyu_reply_free(reply);
    client_call_free(c);
    client_call_free(again);
}

/* Serve an answer of entries `charge` and `answer` again to c; keep: how many of the three proofs. */
static struct sy_view serve_stored(const struct client_call *c, uint64_t charge, uint64_t answer,
                                   uint64_t stored, size_t keep)
{
    PROOF_OPENED_CLEANUP struct proof_opened o = {0};
    struct sy_reply r = {.proofs = fake_get(&F, 4, sizeof(struct sy_entry_proof))};
    check_ok(proof_envelope_open(&c->parsed, F.box_public, F.box_secret, &o, NULL));
    fake_run_again(&F, &c->parsed, &o, charge, stored, &r);
    fake_prove(&F, answer, F.n, &r.proofs[1]);
    r.n_proofs = keep;
    return fake_seal(&F, &r, &c->parsed, H.profile->box_public);
}

/* An answer stored earlier is fine for the same question, and for no other; and only with the entry
 * that gives this very answer to this very request. */
static void test_stored(void **state)
{
    (void)state;
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    shuyu_answer *a = NULL;
    shuyu_facts facts;
    struct client_call *earlier = new_run("2020");
    struct client_call *newer = new_run("2020");
    struct client_call *same = new_run("2020");
    struct client_call *other = new_run("2021");
    (void)serve(earlier); /* entries 0 and 1 */
    (void)serve(newer);   /* 2 and 3, after a refresh of the data, say */
    check_code(judge(other, serve_stored(other, 0, 1, 1, 3), &reply, &err), SY_E_PROOF);
    check_code(judge(same, serve_stored(same, 0, 1, 1, 2), &reply, &err), SY_E_PROOF);
    assert_string_equal(err.field, "proofs");
    check_code(judge(same, serve_stored(same, 0, 1, 3, 3), &reply, &err),
               SY_E_PROOF); /* the old one */
    assert_null(reply);
    check_ok(judge(same, serve_stored(same, 0, 1, 1, 3), &reply, &err));
    check_ok(client_answer_new(reply, &a, &err));
    shuyu_answer_facts(a, &facts);
    assert_true(facts.stored);
    shuyu_answer_free(a);
    client_call_free(earlier);
    client_call_free(newer);
    client_call_free(same);
    client_call_free(other);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void test_logged_refusal(void **state)
{
    (void)state;
    shuyu_error e = {0};
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    shuyu_reply *given = NULL;
    struct client_call *c = new_call("scene.revoke", sy_view_str("x"));
    sy_status s = judge(c, serve(c), &reply, &err);
    check_code(s, SY_E_GRANT);
    assert_int_equal(client_give_reply(s, &err, reply, &given, &e), SHUYU_E_GRANT);
    assert_true(e.logged);
    assert_int_equal(e.entry, F.n - 1);
    assert_string_equal(e.reason, "no active grant covers this");
    assert_int_equal(shuyu_reply_proofs(given), 1);
    shuyu_reply_free(given);
    client_call_free(c);
}

/* A refusal that nobody proves is passed on as a claim; one that contradicts its proof is not. */
static void test_claimed_refusal(void **state)
{
    (void)state;
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    struct client_call *c = new_call("scene.revoke", sy_view_str("x"));
    struct sy_reply r = {.error = sy_view_str("budget"), .reason = sy_view_str("no\x1b[2J")};
    const uint8_t *box = H.profile->box_public;
    check_code(judge(c, fake_seal(&F, &r, &c->parsed, box), &reply, &err), SY_E_BUDGET);
    assert_null(reply);
    assert_string_equal(err.reason, "no?[2J");
    F.lie = LIE_FORGED;
    check_code(judge(c, fake_seal(&F, &r, &c->parsed, box), &reply, &err), SY_E_SIGNATURE);
    F.lie = LIE_NONE;
    struct sy_view honest = serve(c);
    PROOF_REPLY_CLEANUP struct proof_reply o = {0};
    check_ok(open_reply(c, honest, &o));
    o.reply.error = sy_view_str("budget");
    check_code(judge(c, fake_seal(&F, &o.reply, &c->parsed, box), &reply, &err), SY_E_PROOF);
    assert_null(reply);
    client_call_free(c);
}

static void test_overrun(void **state)
{
    (void)state;
    PROOF_OPENED_CLEANUP struct proof_opened o = {0};
    struct proof_envelope env;
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    struct client_call *c = new_run("2020");
    struct sy_reply r = {.proofs = fake_get(&F, 4, sizeof(struct sy_entry_proof))};
    check_ok(proof_envelope_parse(sy_buf_view(&c->envelope), &F.arena, &env, NULL));
    check_ok(proof_envelope_open(&env, F.box_public, F.box_secret, &o, NULL));
    fake_run(&F, &env, &o, true, &r);
    r.error = sy_view_str("refused");
    check_code(judge(c, fake_seal(&F, &r, &env, H.profile->box_public), &reply, &err),
               SY_E_REFUSED);
    assert_non_null(reply);
    assert_true(reply->logged);
    assert_int_equal(reply->entry, F.n - 1);
    shuyu_reply_free(reply);
    client_call_free(c);
}

/* Responses that are no replies: an error in clear, a result that is not sealed, rubbish. */
static void test_odd_responses(void **state)
{
    (void)state;
    struct sy_error err = {0};
    struct sy_error claim = {.code = SY_E_RATE};
    shuyu_reply *reply = NULL;
    struct client_call *c = new_run("2020");
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(4096);
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    check_ok(sy_rpc_put_error(&frame, 3, &claim));
    check_ok(sy_rpc_parse(sy_buf_view(&frame), &CLIENT_FRAME_LIMITS, &m, NULL));
    check_code(client_call_judge(c, &m, &reply, &err), SY_E_RATE);
    sy_rpc_close(&m);
    sy_buf_clear(&frame);
    check_ok(sy_rpc_put_result_head(&frame, 3));
    check_ok(sy_mp_put_str(&frame, sy_view_str("hello")));
    check_ok(sy_rpc_parse(sy_buf_view(&frame), &CLIENT_FRAME_LIMITS, &m, NULL));
    check_code(client_call_judge(c, &m, &reply, &err), SY_E_FRAME);
    check_code(judge(c, sy_view_str("rubbish"), &reply, &err), SY_E_SEAL);
    assert_null(reply);
    client_call_free(c);
}

static void test_not_pinned(void **state)
{
    (void)state;
    struct home fresh;
    struct client_call *c = NULL;
    shuyu_request r = {.method = "state.list"};
    home_make(&fresh, "fresh");
    check_code(client_call_new(fresh.profile, &r, 0, &c, NULL), SY_E_STATE);
    home_pin(&fresh, &F, "localhost:7000");
    fresh.profile->pins.has_warden = false; /* a profile of before replies were signed */
    check_code(client_call_new(fresh.profile, &r, 0, &c, NULL), SY_E_STATE);
    fresh.profile->pins.has_warden = true;
    check_ok(client_call_new(fresh.profile, &r, 0, &c, NULL));
    client_call_free(c);
    home_remove(&fresh);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_genuine),         CASE(test_lies),       CASE(test_other_key),
        CASE(test_rollback),        CASE(test_late_reply), CASE(test_replayed),
        CASE(test_forged_read),     CASE(test_stored),     CASE(test_logged_refusal),
        CASE(test_claimed_refusal), CASE(test_overrun),    CASE(test_odd_responses),
        CASE(test_not_pinned)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
