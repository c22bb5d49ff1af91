/*
 * A data domain in the test's own process: keys, a Merkle log, genuine replies made with sdk/proof,
 * and a set of lies it can be told to tell. Most of them it signs with the warden's key: what then
 * protects the party is only the log's key and the request it signed itself. Others it tells as a
 * gateway could, which can seal whatever it likes to the party, and has no key of the domain.
 */
#ifndef CLIENT_TEST_DOMAIN_H
#define CLIENT_TEST_DOMAIN_H

#include <dirent.h>
#include <unistd.h>

#include "../proof/test_support.h"

#include "client/answer.h"
#include "client/session.h"
#include "proof/leaf.h"
#include "wire/event.h"
#include "wire/product.h"

enum { FAKE_ENTRIES = 256, FAKE_ROWS = 3, FAKE_BLOB = 8192 };

enum fake_lie {
    LIE_NONE = 0,
    LIE_RESULT,    /* one byte of the answer */
    LIE_COMMIT,    /* the log commits to another answer */
    LIE_SALT,      /* salt of the answer entry */
    LIE_BODY,      /* body of the answer entry */
    LIE_LEAF,      /* leaf of the answer entry */
    LIE_PATH,      /* inclusion path */
    LIE_INDEX,     /* index beside the receipt */
    LIE_SIGNATURE, /* checkpoint signature */
    LIE_NO_PROOF,  /* nothing is proven */
    LIE_ONE_PROOF, /* the charge alone */
    LIE_SWAPPED,   /* answer before charge */
    LIE_CHARGE,    /* the answer is to another charge */
    LIE_SIGNER,    /* the answer is not the warden's own act */
    LIE_OUTCOME,   /* the log says overrun */
    LIE_TYPE,      /* the leaf's type is not the event's */
    LIE_BOX,       /* sealed to another party */
    LIE_LENGTH,    /* not padded */
    LIE_SHAPE,     /* honest log, but a column too short */
    LIE_MODEL,     /* honest log, but an answer of another model */
    LIE_GRANT,     /* ... of another grant */
    LIE_RHO,       /* ... that says it cost less */
    LIE_DELTA,     /* ... or more */
    LIE_NS,        /* ... or to another namespace */
    LIE_N_SPENDS,  /* ... or to fewer */
    LIE_DATASET,   /* ... or was of other data */
    LIE_VERSION,   /* ... or of another version */
    LIE_HEADER,    /* ... or of another content */
    LIE_N_DATA,    /* ... or of less */
    LIE_FORGED,    /* true in every word, but signed by somebody else */
    LIE_UNSIGNED,  /* the same, without a signature */
    LIE_N
};

struct fake_entry {
    uint8_t leaf[PROOF_LEAF_MAX];
    size_t n_leaf;
    uint8_t salt[32];
    uint8_t body[FAKE_BLOB];
    size_t n_body;
};

struct fake {
    uint8_t log_secret[PROOF_SECRET_BYTES], box_public[32], box_secret[32], domain[32];
    uint8_t warden[32], warden_secret[PROOF_SECRET_BYTES];
    struct proof_vkey log;
    char vkey[400];
    struct fake_entry entries[FAKE_ENTRIES];
    uint8_t hashes[FAKE_ENTRIES][PROOF_HASH_BYTES];
    size_t n;
    struct sy_arena arena; /* of the reply being made */
    unsigned busy;         /* answer so many requests with "busy" first ... */
    struct sy_error clear; /* ... or with this refusal in clear, where it has a code */
    unsigned hang_up;      /* ... or drop the connection so many times */
    unsigned served;       /* distinct requests that were carried out */
    unsigned rerun_lie;    /* about the outcome of a re-run: see fake_rerun */
    unsigned product_lie;  /* about a product's answer: see fake_product */
    bool product_stored;   /* another buyer asked the same before */
    bool overran;          /* the product's run has no answer */
    /* the result of state.list for these arguments; NULL: the arguments themselves */
    struct sy_view (*list)(struct fake *f, struct sy_view args);
    /* the result of log.growth for these arguments, in the arena */
    struct sy_view (*growth)(struct fake *f, struct sy_view args);
    /* own.put: the field that is refused with "state"; NULL: the part is taken */
    const char *(*put)(struct fake *f, struct sy_view args, struct sy_view part);
    uint8_t last_nonce[16];
    enum fake_lie lie;
};

static inline void *fake_get(struct fake *f, size_t n, size_t size)
{
    void *p = sy_arena_alloc(&f->arena, n, size);
    assert_non_null(p);
    return p;
}

static inline void fake_init(struct fake *f)
{
    uint8_t public[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(400);
    memset(f, 0, sizeof(*f));
    crypto_sign_keypair(public, f->log_secret);
    crypto_sign_keypair(f->warden, f->warden_secret);
    crypto_box_keypair(f->box_public, f->box_secret);
    memset(f->domain, 0xD0, 32);
    check_ok(proof_vkey_make(sy_view_str("example.org/log"), PROOF_SIG_ED25519, public, &f->log));
    check_ok(proof_vkey_format(&f->log, &b));
    sy_view_to_cstr(sy_buf_view(&b), f->vkey, sizeof(f->vkey));
}

/* Append an event as the ledger would. `type` is the leaf's. */
static inline uint64_t fake_append(struct fake *f, struct sy_event *e, const char *type)
{
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(FAKE_BLOB);
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(PROOF_LEAF_MAX);
    struct fake_entry *to = &f->entries[f->n];
    assert_true(f->n < FAKE_ENTRIES);
    e->rules = 1;
    e->schema = 1;
    e->inputs.time = 1700000000;
    check_ok(sy_record_encode(&sy_event_desc, e, &body));
    randombytes_buf(to->salt, 32);
    check_ok(proof_leaf_make(sy_view_str(type), 1700000000 / 86400, to->salt, sy_buf_view(&body),
                             &leaf));
    memcpy(to->body, body.p, body.n);
    to->n_body = body.n;
    memcpy(to->leaf, leaf.p, leaf.n);
    to->n_leaf = leaf.n;
    proof_merkle_leaf(f->hashes[f->n], sy_buf_view(&leaf));
    return f->n++;
}

/* The event of an opened request. */
static inline void fake_event(const struct proof_envelope *env, const struct proof_opened *o,
                              const char *type, struct sy_event *e)
{
    memset(e, 0, sizeof(*e));
    e->type = sy_view_str(type);
    e->request.args = o->args;
    e->request.header = env->outer.header;
    memcpy(e->request.salt, o->salt, 32);
    memcpy(e->request.secret, o->secret_digest, 32);
    e->request.sigs = env->outer.sigs;
    e->request.n_sigs = env->outer.n_sigs;
    memset(e->state, 0x55, 32);
}

/* A proof of entry i against the log of the first `size` entries. */
static inline void fake_prove(struct fake *f, uint64_t i, uint64_t size, struct sy_entry_proof *ret)
{
    struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
    struct sy_buf check = sy_buf(1024);
    struct sy_buf note = sy_buf(2048);
    struct proof_checkpoint c = {.origin = sy_view_str(f->log.name), .size = size};
    struct proof_receipt r = {.index = i};
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])f->hashes, size, c.root);
    check_ok(proof_checkpoint_encode(&c, &check));
    check_ok(proof_note_sign(sy_buf_view(&check), &f->log, f->log_secret, &note));
    slow_path((const uint8_t(*)[PROOF_HASH_BYTES])f->hashes, size, i, &r.path);
    r.checkpoint = sy_buf_view(&note);
    check_ok(proof_receipt_format(&r, &text));
    ret->receipt = sy_arena_copy(&f->arena, sy_buf_view(&text));
    ret->body = sy_arena_copy(&f->arena, sy_view(f->entries[i].body, f->entries[i].n_body));
    ret->leaf = sy_arena_copy(&f->arena, sy_view(f->entries[i].leaf, f->entries[i].n_leaf));
    memcpy(ret->salt, f->entries[i].salt, 32);
    ret->index = i;
    sy_buf_deinit(&text);
    sy_buf_deinit(&check);
    sy_buf_deinit(&note);
}

/* "count by sex", one row withheld; a ratio column with two decimals. */
static inline struct sy_view fake_answer(struct fake *f, const struct sy_header *h)
{
    static int64_t values[2][FAKE_ROWS] = {{120, -3, 7}, {-1250, 5, 100}};
    static int64_t lo[2][FAKE_ROWS] = {{110, -13, -3}, {-1300, 0, 90}};
    static int64_t hi[2][FAKE_ROWS] = {{130, 7, 17}, {-1200, 10, 110}};
    static uint64_t withheld[1] = {1};
    struct sy_view texts[FAKE_ROWS] = {sy_view_str("女"), sy_view_str("男"), sy_view_str("∅")};
    struct sy_data_ref data[1] = {{.dataset = sy_view_str("visits"), .version = 4}};
    struct sy_spend spends[2] = {
        {.ns = sy_view_str("clinic"), .rho = 50, .delta = 1, .spent = 100, .left = 900},
        {.ns = sy_view_str("person"), .rho = 1000, .delta = 7, .spent = 4000, .left = 6000}};
    struct sy_answer_column cols[3] = {{.kind = sy_view_str("key"),
                                        .name = sy_view_str("性别"),
                                        .texts = texts,
                                        .n_texts = FAKE_ROWS},
                                       {.kind = sy_view_str("figure"),
                                        .name = sy_view_str("n"),
                                        .mechanism = sy_view_str("gauss"),
                                        .noise = 5,
                                        .values = values[0],
                                        .n_values = FAKE_ROWS,
                                        .lo = lo[0],
                                        .n_lo = FAKE_ROWS,
                                        .hi = hi[0],
                                        .n_hi = FAKE_ROWS,
                                        .withheld = withheld,
                                        .n_withheld = 1},
                                       {.kind = sy_view_str("figure"),
                                        .name = sy_view_str("mean"),
                                        .scale = 2,
                                        .mechanism = sy_view_str("gauss"),
                                        .values = values[1],
                                        .n_values = FAKE_ROWS,
                                        .lo = lo[1],
                                        .n_lo = FAKE_ROWS,
                                        .hi = hi[1],
                                        .n_hi = FAKE_ROWS}};
    struct sy_answer a = {.columns = cols,
                          .n_columns = 3,
                          .data = data,
                          .n_data = 1,
                          .spends = spends,
                          .n_spends = 2,
                          .rows = FAKE_ROWS,
                          .time = 1700000000};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FAKE_BLOB);
    memset(data[0].header, 0x44, 32);
    memcpy(a.grant, h->grant, 32);
    memcpy(a.model, h->subject, 32);
    cols[1].n_hi -= f->lie == LIE_SHAPE ? 1 : 0;
    a.model[0] ^= f->lie == LIE_MODEL ? 1 : 0;
    a.grant[31] ^= f->lie == LIE_GRANT ? 1 : 0;
    spends[1].rho -= f->lie == LIE_RHO ? 1 : 0;
    spends[0].delta += f->lie == LIE_DELTA ? 1 : 0;
    spends[1].ns = sy_view_str(f->lie == LIE_NS ? "persons" : "person");
    a.n_spends -= f->lie == LIE_N_SPENDS ? 1 : 0;
    data[0].dataset = sy_view_str(f->lie == LIE_DATASET ? "visit" : "visits");
    data[0].version += f->lie == LIE_VERSION ? 1 : 0;
    data[0].header[31] ^= f->lie == LIE_HEADER ? 1 : 0;
    a.n_data -= f->lie == LIE_N_DATA ? 1 : 0;
    check_ok(sy_record_encode(&sy_answer_desc, &a, &b));
    return sy_arena_copy(&f->arena, sy_buf_view(&b));
}

/* The warden's own act: the answer to a charge. */
static inline uint64_t fake_append_answer(struct fake *f, uint64_t charge, const uint8_t salt[32],
                                          struct sy_view answer)
{
    struct sy_event e = {.type = sy_view_str("answer")};
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .suite = SY_SUITE_INTL,
                          .method = sy_view_str("job.answer"),
                          .party = sy_view_str("warden")};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    if (f->lie == LIE_SIGNER) {
        h.party = sy_view_str("mallory");
    }
    memset(h.body, 1, 32);
    memset(h.nonce, 2, 16);
    memcpy(h.domain, f->domain, 32);
    check_ok(sy_record_encode(&sy_header_desc, &h, &b));
    e.request.header = sy_buf_view(&b);
    memset(e.request.salt, 3, 32);
    memset(e.state, 4, 32);
    e.inputs.charge = charge + (f->lie == LIE_CHARGE ? 1 : 0);
    e.inputs.outcome = sy_view_str(f->lie == LIE_OUTCOME || answer.n == 0 ? "refused" : "ok");
    if (answer.n > 0) {
        proof_answer_commit(e.inputs.commit, salt, answer);
        e.inputs.commit[5] ^= f->lie == LIE_COMMIT ? 1 : 0;
    }
    return fake_append(f, &e, f->lie == LIE_TYPE ? "refuse" : "answer");
}

/* Change one byte of arena bytes. */
static inline void fake_flip(struct sy_view v, size_t at)
{
    ((uint8_t *)(uintptr_t)v.p)[at] ^= 1;
}

/* Another letter of base64. */
static inline void fake_letter(struct sy_view v, size_t at)
{
    uint8_t *p = (uint8_t *)(uintptr_t)v.p;
    p[at] = p[at] == 'A' ? 'B' : 'A';
}

static inline void fake_lie_about(struct fake *f, struct sy_reply *r)
{
    struct sy_entry_proof *last = r->n_proofs > 0 ? &r->proofs[r->n_proofs - 1] : NULL;
    const char *text = last == NULL ? NULL : (const char *)last->receipt.p;
    switch (f->lie) {
    case LIE_RESULT:
        fake_flip(r->result, r->result.n - 1);
        break;
    case LIE_SALT:
        last->salt[3] ^= 1;
        break;
    case LIE_BODY:
        fake_flip(last->body, last->body.n / 2);
        break;
    case LIE_LEAF:
        fake_flip(last->leaf, last->leaf.n - 1);
        break;
    case LIE_PATH: /* the first letter of the first hash, under the line "index N" */
        fake_letter(last->receipt, (size_t)(strchr(strchr(text, '\n') + 1, '\n') + 1 - text));
        break;
    case LIE_INDEX:
        last->index -= 1;
        break;
    case LIE_SIGNATURE:
        fake_letter(last->receipt, last->receipt.n - 20);
        break;
    case LIE_NO_PROOF:
        r->n_proofs = 0;
        break;
    case LIE_ONE_PROOF:
        r->n_proofs = 1;
        break;
    case LIE_SWAPPED: {
        struct sy_entry_proof first = r->proofs[0];
        r->proofs[0] = r->proofs[1];
        r->proofs[1] = first;
        break;
    }
    default:
        break;
    }
}

/* Padded and sealed as it is, whatever stands in nonce and sig. */
static inline void fake_seal_bare(const struct sy_reply *r, const uint8_t party[32],
                                  struct sy_buf *ret)
{
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(1 << 17);
    size_t n = 0;
    check_ok(sy_record_encode(&sy_reply_desc, r, &clear));
    size_t length = proof_reply_length(clear.n);
    assert_non_null(sy_buf_reserve(&clear, length - clear.n));
    assert_int_equal(sodium_pad(&n, clear.p, clear.n, length, length), 0);
    check_ok(proof_seal(sy_view(clear.p, n), party, ret));
}

/* Sign for the request and seal. */
static inline struct sy_view fake_seal(struct fake *f, const struct sy_reply *r,
                                       const struct proof_envelope *env, const uint8_t party[32])
{
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1 << 17);
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(1 << 17);
    uint8_t box[32], box_secret[32], key[32], key_secret[PROOF_SECRET_BYTES];
    crypto_box_keypair(box, box_secret);
    crypto_sign_keypair(key, key_secret);
    check_ok(sy_record_encode(&sy_reply_desc, r, &clear));
    struct proof_reply_seal how = {.request = env,
                                   .warden_secret =
                                       f->lie == LIE_FORGED ? key_secret : f->warden_secret,
                                   .party_box = f->lie == LIE_BOX ? box : party,
                                   .length_bytes = proof_reply_length(clear.n)};
    if (f->lie == LIE_LENGTH) {
        check_ok(proof_seal(sy_buf_view(&clear), party, &sealed));
    } else if (f->lie == LIE_UNSIGNED) {
        fake_seal_bare(r, party, &sealed);
    } else {
        check_ok(proof_reply_seal(r, &how, &sealed));
    }
    return sy_arena_copy(&f->arena, sy_buf_view(&sealed));
}

/* Append charge and answer of a run; the reply's result and proofs. overran: no answer. */
static inline void fake_run(struct fake *f, const struct proof_envelope *env,
                            const struct proof_opened *o, bool overran, struct sy_reply *r)
{
    struct sy_event e;
    struct sy_data_ref data = {.dataset = sy_view_str("visits"), .version = 4};
    struct sy_spend spends[2] = {{.ns = sy_view_str("clinic"), .rho = 50, .delta = 1},
                                 {.ns = sy_view_str("person"), .rho = 1000, .delta = 7}};
    memset(data.header, 0x44, 32);
    fake_event(env, o, "charge", &e);
    memset(e.inputs.salt, 0x77, 32);
    e.inputs.data = &data;
    e.inputs.n_data = 1;
    e.verdict.spends = spends;
    e.verdict.n_spends = 2;
    uint64_t charge = fake_append(f, &e, "charge");
    struct sy_view answer = overran ? (struct sy_view){0} : fake_answer(f, &env->header);
    uint64_t at = fake_append_answer(f, charge, e.inputs.salt, answer);
    r->result = answer;
    r->n_proofs = 2;
    fake_prove(f, charge, f->n, &r->proofs[0]);
    fake_prove(f, at, f->n, &r->proofs[1]);
}

/* The answer of a run made before, given again: its two proofs, and the entry of this request, which
 * points to `stored`. */
static inline void fake_run_again(struct fake *f, const struct proof_envelope *env,
                                  const struct proof_opened *o, uint64_t charge, uint64_t answer,
                                  struct sy_reply *r)
{
    struct sy_event e;
    fake_event(env, o, "answer", &e);
    e.verdict.stored = answer + 1;
    uint64_t own = fake_append(f, &e, "answer");
    r->result = fake_answer(f, &env->header);
    r->n_proofs = 3;
    fake_prove(f, charge, f->n, &r->proofs[0]);
    fake_prove(f, answer, f->n, &r->proofs[1]);
    fake_prove(f, own, f->n, &r->proofs[2]);
}

/* A re-run that matches, and what a reply may say that the log does not: 1 another outcome, 2 another charge,
 * 3 another code; or the log: 4 the act is about another request, 5 about another charge, 6 not the warden's,
 * 7 refused, 8 not there. */
enum { FAKE_RERUN_LIES = 8 };
static inline void fake_rerun(struct fake *f, const struct proof_envelope *env,
                              const struct proof_opened *o, struct sy_reply *r)
{
    struct sy_rerun ask;
    struct sy_event e, act = {.type = sy_view_str("reran")};
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .suite = SY_SUITE_INTL,
                          .method = sy_view_str("audit.reran"),
                          .party = sy_view_str(f->rerun_lie == 6 ? "mallory" : "warden")};
    SY_BUF_CLEANUP struct sy_buf header = sy_buf(1024), args = sy_buf(1024), result = sy_buf(1024);
    check_ok(sy_record_decode(&sy_rerun_desc, o->args, &SY_MP_REQUEST, &f->arena, &ask, NULL));
    fake_event(env, o, "rerun", &e);
    uint64_t own = fake_append(f, &e, "rerun");
    struct sy_reran said = {.charge = ask.charge + (f->rerun_lie == 5),
                            .outcome = sy_view_str("match"),
                            .rerun = own + (f->rerun_lie == 4)};
    memset(h.nonce, 2, 16);
    memcpy(h.domain, f->domain, 32);
    check_ok(sy_record_encode(&sy_header_desc, &h, &header));
    check_ok(sy_record_encode(&sy_reran_desc, &said, &args));
    act.request.header = sy_buf_view(&header);
    act.request.args = sy_buf_view(&args);
    act.verdict.code = f->rerun_lie == 7 ? SY_E_STATE : 0;
    memset(act.state, 4, 32);
    uint64_t at = fake_append(f, &act, "reran");
    struct sy_rerun_result told = {.answer = 3,
                                   .charge = ask.charge + (f->rerun_lie == 2),
                                   .code = f->rerun_lie == 3 ? SY_E_SHARE : 0,
                                   .outcome =
                                       sy_view_str(f->rerun_lie == 1 ? "mismatch" : "match")};
    check_ok(sy_record_encode(&sy_rerun_result_desc, &told, &result));
    r->result = sy_arena_copy(&f->arena, sy_buf_view(&result));
    r->n_proofs = f->rerun_lie == 8 ? 1 : 2;
    fake_prove(f, own, f->n, &r->proofs[0]);
    fake_prove(f, at, f->n, &r->proofs[1]);
}

/* The event of a call that is decided on these data; charged to two namespaces. */
static inline uint64_t fake_call(struct fake *f, const struct proof_envelope *env,
                                 const struct proof_opened *o, const char *type, uint64_t stored,
                                 uint64_t fen)
{
    struct sy_event e;
    struct sy_data_ref data = {.dataset = sy_view_str("visits"), .version = 4};
    struct sy_spend spends[2] = {{.ns = sy_view_str("clinic"), .rho = 50, .delta = 1},
                                 {.ns = sy_view_str("person"), .rho = 1000, .delta = 7}};
    memset(data.header, 0x44, 32);
    fake_event(env, o, type, &e);
    if (f->product_lie == 9) { /* somebody else's entry */
        e.request.args = sy_view_str("?");
    }
    memset(e.inputs.salt, 0x77, 32);
    e.inputs.data = &data;
    e.inputs.n_data = 1;
    e.verdict.spends = spends;
    e.verdict.n_spends = stored == 0 ? 2 : 0;
    e.verdict.stored = stored;
    e.verdict.fen = fen;
    return fake_append(f, &e, type);
}

/* A product's call, asked for the first time or stored before. Lies: 1 the result is of another product,
 * 2 another buyer, 3 another purpose, 4 it may be passed on, 5 it is billed higher, 6 it has another salt, 7 the own
 * entry names another answer, 8 a third proof, 9 the first entry is not of this request, 10 the own entry is of
 * neither kind, 11 (of a first call) the log bills it higher than the result says, 12 both bill it higher,
 * 13 (of a first call) result and commitment have another salt than the charge. */
enum { FAKE_PRODUCT_LIES = 13 };
static inline void fake_product(struct fake *f, const struct proof_envelope *env,
                                const struct proof_opened *o, struct sy_reply *r)
{
    struct sy_product_call call;
    struct sy_header as_run = env->header;
    uint8_t salt[32];
    uint64_t own = 0;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FAKE_BLOB);
    memset(salt, f->product_lie == 13 ? 0x78 : 0x77, 32);
    check_ok(
        sy_record_decode(&sy_product_call_desc, o->args, &SY_MP_REQUEST, &f->arena, &call, NULL));
    memcpy(as_run.subject, call.model, 32);
    struct sy_view answer = f->overran ? (struct sy_view){0} : fake_answer(f, &as_run);
    const char *type = f->product_lie == 10 ? "apply" : f->product_stored ? "answer" : "charge";
    if (!f->product_stored) {
        own = fake_call(f, env, o, type, 0,
                        call.price + (f->product_lie == 11 || f->product_lie == 12));
    }
    uint64_t at = fake_append_answer(f, own + (f->product_lie == 7), salt, answer);
    if (f->product_stored) {
        own = fake_call(f, env, o, type, at + 1 + (f->product_lie == 7),
                        call.price + (f->product_lie == 12));
    }
    struct sy_product_answer said = {
        .answer = answer,
        .buyer = f->product_lie == 2 ? sy_view_str("rival") : env->header.party,
        .fen = call.price + (f->product_lie == 5 || f->product_lie == 12),
        .no_redistribution = f->product_lie != 4,
        .purpose = f->product_lie == 3 ? sy_view_str("other") : call.purpose};
    memcpy(said.product, env->header.subject, 32);
    memcpy(said.salt, salt, 32);
    said.product[7] ^= f->product_lie == 1;
    said.salt[7] ^= f->product_lie == 6;
    if (f->overran) {
        r->error = sy_view_str("refused");
    } else {
        check_ok(sy_record_encode(&sy_product_answer_desc, &said, &b));
        r->result = sy_arena_copy(&f->arena, sy_buf_view(&b));
    }
    r->n_proofs = f->product_lie == 8 ? 3 : 2;
    fake_prove(f, own, f->n, &r->proofs[0]);
    fake_prove(f, at, f->n, &r->proofs[1]);
    if (f->product_lie == 8) {
        r->proofs[2] = r->proofs[1];
    }
}

/* Any other method: logged as allowed, or refused when it is "scene.revoke". */
static inline void fake_other(struct fake *f, const struct proof_envelope *env,
                              const struct proof_opened *o, struct sy_reply *r)
{
    struct sy_event e;
    const char *field = sy_view_is(env->header.method, "own.put") && f->put != NULL
                            ? f->put(f, o->args, o->secret)
                            : NULL;
    bool refuse = field != NULL || sy_view_is(env->header.method, "scene.revoke");
    fake_event(env, o, refuse ? "refuse" : "apply", &e);
    e.verdict.code = field != NULL ? SY_E_STATE : refuse ? SY_E_GRANT : 0;
    uint64_t at = fake_append(f, &e, refuse ? "refuse" : "apply");
    r->error = sy_view_str(field != NULL ? "state" : refuse ? "grant" : "");
    r->field = sy_view_str(field != NULL ? field : "");
    r->reason = sy_view_str(refuse ? "no active grant covers this" : "");
    r->n_proofs = 1;
    fake_prove(f, at, f->n, &r->proofs[0]);
}

/* Open the envelope and make the sealed reply; it lives in f->arena. party: the box key. */
static inline struct sy_view fake_serve(struct fake *f, struct sy_view envelope,
                                        const uint8_t party[32])
{
    PROOF_OPENED_CLEANUP struct proof_opened o = {0};
    struct proof_envelope env;
    struct sy_reply r = {.proofs = fake_get(f, 4, sizeof(struct sy_entry_proof))};
    check_ok(proof_envelope_parse(envelope, &f->arena, &env, NULL));
    check_ok(proof_envelope_open(&env, f->box_public, f->box_secret, &o, NULL));
    assert_memory_equal(env.header.domain, f->domain, 32);
    bool known = memcmp(env.header.nonce, f->last_nonce, 16) == 0;
    f->served += known ? 0 : 1;
    memcpy(f->last_nonce, env.header.nonce, 16);
    if (sy_view_is(env.header.method, "model.run") ||
        sy_view_is(env.header.method, "subject.ask")) {
        fake_run(f, &env, &o, false, &r);
    } else if (sy_view_is(env.header.method, "product.call")) {
        fake_product(f, &env, &o, &r);
    } else if (sy_view_is(env.header.method, "audit.rerun")) {
        fake_rerun(f, &env, &o, &r);
    } else if (sy_view_is(env.header.method, "state.list")) {
        r.result = f->list != NULL ? f->list(f, o.args) : o.args;
    } else if (sy_view_is(env.header.method, "log.growth")) {
        r.result = f->growth(f, o.args);
    } else {
        fake_other(f, &env, &o, &r);
    }
    fake_lie_about(f, &r);
    return fake_seal(f, &r, &env, party);
}

/* --- a party ---------------------------------------------------------------------------------- */

struct home {
    char dir[64];
    shuyu_profile *profile;
};

static inline void home_make(struct home *h, const char *party)
{
    shuyu_error e = {0};
    (void)snprintf(h->dir, sizeof(h->dir), "/tmp/shuyu-test-XXXXXX");
    assert_non_null(mkdtemp(h->dir)); /* not by its process's number, which another has had */
    if (shuyu_profile_create(h->dir, party, &h->profile, &e) != 0) {
        fail_msg("profile: %s %s", e.field, e.reason);
    }
}

static inline void home_pin(struct home *h, const struct fake *f, const char *address)
{
    shuyu_pins pins = {.role = "developer",
                       .address = address,
                       .domain = f->domain,
                       .domain_box = f->box_public,
                       .log = f->vkey,
                       .warden = f->warden};
    assert_int_equal(shuyu_profile_pin(h->profile, &pins, NULL), 0);
    client_log_base_set(&h->profile->pins, 0); /* the first log */
}

static inline void home_remove(struct home *h)
{
    DIR *d = opendir(h->dir);
    shuyu_profile_close(h->profile);
    for (struct dirent *e = NULL; d != NULL && (e = readdir(d)) != NULL;) {
        (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    (void)rmdir(h->dir);
}

#endif
