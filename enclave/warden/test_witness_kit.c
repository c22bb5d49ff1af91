/* See test_witness_kit.h. */
#include "test_witness_kit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "proof/cosign.h"

struct scene W;

/* SHA-256 of the log's name, as a witness has it. */
#define KIT_EVIDENCE "/fc4098e916ce95ee96255f25d84b85f354e0b68fb63f2b94d87562cc64dabddd/checkpoint"

/* ---- the courier's place ---- */

sy_status warden_courier_http(struct warden *w, const char *verb, const char *url,
                              const char *content_type, struct sy_view body, unsigned timeout_ms,
                              warden_courier_fn fn, void *ctx, struct sy_error *reterr)
{
    (void)reterr;
    assert_ptr_equal(w, &W.w);
    bool is_get = strcmp(verb, "GET") == 0;
    assert_true(is_get || strcmp(verb, "POST") == 0);
    assert_string_equal(content_type, is_get ? "" : "text/plain");
    assert_in_range(timeout_ms, 1, SY_COURIER_TIMEOUT_MAX_MS);
    assert_true(W.n < REQUESTS);
    struct request *r = &W.requests[W.n++];
    *r = (struct request){
        .body = sy_buf(PROOF_WITNESS_ASK_MAX), .fn = fn, .ctx = ctx, .is_get = is_get};
    snprintf(r->url, sizeof(r->url), "%s", url);
    check_ok(sy_buf_add_view(&r->body, body));
    return SY_OK;
}

void end_with(size_t i, sy_status s, unsigned status, struct sy_view body)
{
    warden_courier_fn fn = W.requests[i].fn;
    assert_true(i < W.n);
    assert_non_null(fn);
    W.requests[i].fn = NULL;
    fn(W.requests[i].ctx, s, status, body);
}

void say(size_t i, unsigned status, const char *text)
{
    end_with(i, SY_OK, status, sy_view_str(text));
}

/* Whose request it is, by its URL: http://wN/... */
size_t asked(size_t i)
{
    assert_memory_equal(W.requests[i].url, "http://w", 8);
    assert_string_equal(W.requests[i].url + 9,
                        W.requests[i].is_get ? KIT_EVIDENCE : "/add-checkpoint");
    return (size_t)(W.requests[i].url[8] - '0');
}

struct proof_witness_ask parsed(size_t i)
{
    struct proof_witness_ask a;
    check_ok(proof_witness_ask_parse(sy_buf_view(&W.requests[i].body), &a, NULL));
    return a;
}

/* A cosignature line of this witness over the checkpoint of request i. */
void cosign(const struct witness *w, size_t i, struct sy_buf *b)
{
    struct proof_witness_ask a = parsed(i);
    struct proof_note note;
    check_ok(proof_note_parse(a.checkpoint, &note, NULL));
    check_ok(proof_cosign(note.text, &w->key, w->secret, (uint64_t)(sy_now_s() + w->clock), b));
}

void show(size_t i, const struct proof_tree *tree, bool by_log)
{
    uint8_t pub[32], strangers[PROOF_SECRET_BYTES];
    struct proof_checkpoint c = {.origin = sy_view_str(W.log.name), .size = tree->size};
    struct proof_vkey key = W.log;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(4096), note = sy_buf(4096);
    memcpy(c.root, tree->root, sizeof(c.root));
    check_ok(proof_checkpoint_encode(&c, &text));
    if (!by_log) {
        crypto_sign_keypair(pub, strangers);
        check_ok(proof_vkey_make(sy_view_str(W.log.name), PROOF_SIG_ED25519, pub, &key));
    }
    check_ok(proof_note_sign(sy_buf_view(&text), &key, by_log ? W.secret : strangers, &note));
    assert_true(W.requests[i].is_get);
    end_with(i, SY_OK, 200, sy_buf_view(&note));
}

/* Request i is answered as a witness answers: it checks everything. */
void honest(size_t i)
{
    struct witness *w = &W.witnesses[asked(i)];
    if (W.requests[i].is_get) {
        show(i, &w->tree, true);
        return;
    }
    struct proof_witness_ask a = parsed(i);
    struct proof_vkey log;
    struct proof_checkpoint c;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(proof_vkey_parse(V(KIT_LOG), &log, NULL));
    check_ok(proof_checkpoint_verify(a.checkpoint, &log, &c, NULL));
    if (a.old_size != w->tree.size) {
        check_ok(sy_buf_printf(&b, "%llu\n", (unsigned long long)w->tree.size));
        end_with(i, SY_OK, 409, sy_buf_view(&b));
        return;
    }
    struct proof_tree tree = {.size = c.size};
    memcpy(tree.root, c.root, sizeof(tree.root));
    if (!sy_ok(proof_merkle_check_growth(&w->tree, &tree, &a.path))) {
        end_with(i, SY_OK, 422, (struct sy_view){0});
        return;
    }
    w->tree = tree;
    cosign(w, i, &b);
    end_with(i, SY_OK, 200, sy_buf_view(&b));
}

/* All that are open now, but not what is asked meanwhile; `but`: this one is silent. */
void honest_round(size_t but)
{
    size_t n = W.n;
    for (size_t i = 0; i < n; i++) {
        if (W.requests[i].fn != NULL && asked(i) != but) {
            honest(i);
        }
    }
}

size_t n_open(void)
{
    size_t n = 0;
    for (size_t i = 0; i < W.n; i++) {
        n += W.requests[i].fn != NULL;
    }
    return n;
}

/* Room for more. */
void forget_answered(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < W.n; i++) {
        if (W.requests[i].fn == NULL) {
            sy_buf_deinit(&W.requests[i].body);
        } else {
            W.requests[kept++] = W.requests[i];
        }
    }
    W.n = kept;
}

/* ---- a domain ---- */

void grow(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ledger_entry e = {.leaf = V("an entry")};
        uint64_t index = 0;
        check_ok(ledger_append(W.w.ledger, &e, &index, NULL));
    }
    check_ok(ledger_commit(W.w.ledger, NULL));
    check_ok(ledger_publish(W.w.ledger, NULL));
}

/* The published key of the kit's log (signed-note's Go package). */
static void open_ledger(void)
{
    static const char seed_hex[] =
        "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
    uint8_t seed[32], pub[32];
    size_t n = 0;
    assert_int_equal(sodium_hex2bin(seed, 32, seed_hex, 64, NULL, &n, NULL), 0);
    crypto_sign_seed_keypair(pub, W.secret, seed);
    check_ok(proof_vkey_parse(V(KIT_LOG), &W.log, NULL));
    assert_memory_equal(pub, W.log.key, 32);
    struct ledger_options o = {
        .log = &W.log, .secret = W.secret, .segment_bytes = LEDGER_SEGMENT_MIN};
    o.create = true;
    check_ok(ledger_open(W.dir, &o, &W.w.ledger, NULL));
}

void nothing(void *ctx)
{
    (void)ctx;
}

int scene_setup(void **state)
{
    (void)state;
    memset(&W, 0, sizeof(W));
    kit_init(&W.k);
    assert_int_equal(kit_genesis(&W.k), 0);
    snprintf(W.path, sizeof(W.path), "/tmp/shuyu-witnesses-XXXXXX");
    assert_non_null(mkdtemp(W.path));
    W.dir = open(W.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    open_ledger();
    for (size_t i = 0; i < WITNESSES; i++) {
        char name[32];
        uint8_t pub[32];
        struct witness *w = &W.witnesses[i];
        snprintf(name, sizeof(name), "w%zu.example", i);
        crypto_sign_keypair(pub, w->secret);
        check_ok(proof_vkey_make(V(name), PROOF_SIG_COSIGNATURE, pub, &w->key));
        proof_merkle_empty(w->tree.root);
    }
    W.w.state = W.k.state;
    W.w.loop = warden_loop_new(nothing, NULL);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int scene_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < W.n; i++) { /* the warden's own memory of it */
        if (W.requests[i].fn != NULL) {
            W.w.failed = true;
            end_with(i, sy_status_of(SY_E_CLOSED), 0, (struct sy_view){0});
        }
        sy_buf_deinit(&W.requests[i].body);
    }
    warden_witness_free(&W.w);
    ledger_close(W.w.ledger);
    warden_loop_free(W.w.loop);
    kit_free(&W.k);
    close(W.dir);
    nftw(W.path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* The agency adopts all three, and this quorum. */
void adopt(const char *quorum)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8192);
    check_ok(sy_buf_printf(&b, "log %s\n", KIT_LOG));
    for (size_t i = 0; i < WITNESSES; i++) {
        check_ok(sy_buf_printf(&b, "witness w%zu ", i));
        check_ok(proof_vkey_format(&W.witnesses[i].key, &b));
        check_ok(sy_buf_printf(&b, " http://w%zu%s\n", i, i == 2 ? "/" : ""));
    }
    check_ok(sy_buf_add_str(&b, quorum));
    struct sy_witness_adopt a = {.policy = sy_buf_view(&b)};
    assert_int_equal(
        kit_call(&W.k, "agency", "witness.adopt", &sy_witness_adopt_desc, &a, NULL, NULL), 0);
    check_ok(warden_witness_load(&W.w, NULL));
}

void begin(size_t entries)
{
    grow(entries);
    adopt(TWO);
    warden_witness_tick(&W.w);
}

struct sy_witness_peer peer(size_t i)
{
    struct sy_witness_status s;
    check_ok(warden_witness_report(&W.w, &W.k.arena, &s, NULL));
    assert_int_equal(s.n_witnesses, WITNESSES);
    return s.witnesses[i];
}

void check_state(size_t i, const char *want)
{
    struct sy_witness_peer p = peer(i);
    if (!sy_view_is(p.state, want)) {
        fail_msg("w%zu: %.*s, want %s", i, SY_PV(p.state), want);
    }
}

void count(void *ctx)
{
    assert_ptr_equal(ctx, &W);
    W.called++;
}

void check_stopped(bool stopped)
{
    assert_int_equal(W.w.failed, stopped);
    assert_int_equal(W.w.rolled_back, stopped);
}

void know(size_t i, uint64_t size)
{
    W.witnesses[i].tree.size = size;
    check_ok(ledger_root(W.w.ledger, size, W.witnesses[i].tree.root));
}

void check_held(bool held)
{
    struct sy_witness_status s;
    check_ok(warden_witness_report(&W.w, &W.k.arena, &s, NULL));
    assert_int_equal(s.held, held);
    assert_int_equal(warden_witness_claimed(&W.w), held);
}
