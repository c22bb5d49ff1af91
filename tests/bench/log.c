/*
 * A log of a million entries, as an auditor gets it: charges with their answers, questions that are answered
 * again, refusals, new data versions. Every entry is decided by the rules, on the state that the one before it
 * left, and every request is signed by its party's key with a nonce of its own; only nothing is computed for
 * the answers. Signing, which is most of the work, is done by several threads ahead of the decisions.
 */
#include "log.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proof/leaf.h"
#include "proof/merkle.h"
#include "test_kit.h"

/* Ages to ask from and to: each pair is a question of its own until there is a new version of the data, which
 * comes when all were asked. */
enum { AGES = 30, QUESTIONS = AGES * AGES, CYCLE = QUESTIONS / 4 * 10 };
enum { CHUNK = 32768, SIGNERS = 2, DAY_S = 86400, ENTRY_MAX = 1 << 20 };
#define RHO_CAP ((uint64_t)1 << 60)

/* Four runs with their answers, a repetition, a refusal. */
static const char PATTERN[] = "cacacacarx";

enum kind { CHARGE = 'c', ANSWER = 'a', REPEAT = 'r', REFUSE = 'x', PUBLISH = 'p' };

struct signed_request {
    enum kind kind;
    struct rules_request req;
    struct sy_signature sig;
    uint8_t bytes[64];
    uint8_t header[512], args[256];
};

struct maker {
    struct kit kit;
    const struct sy_plan *plan;
    uint64_t first, n; /* of the chunk */
    struct signed_request *chunk;
    FILE *out;
    struct proof_frontier tree;
    uint64_t charge, version; /* the last charge's entry, the version published last */
    char ages[AGES][8];
};

/* --- which request is which -------------------------------------------------------------------------- */

static enum kind kind_of(uint64_t i)
{
    uint64_t m = i % CYCLE;
    return m == 0 ? PUBLISH : m == 1 ? REFUSE : (enum kind)PATTERN[m % 10];
}

/* The pair that request i asks about: a repetition asks what the run before it asked. */
static uint64_t question_of(uint64_t i)
{
    uint64_t m = i % CYCLE;
    uint64_t n = m / 10 * 4 + (m % 10 < 8 ? m % 10 / 2 : 3);
    return n % QUESTIONS;
}

static int64_t time_of(const struct maker *m, uint64_t i)
{
    return m->kit.time + (int64_t)(i / 10);
}

/* --- signing ------------------------------------------------------------------------------------------ */

static struct sy_view keep(uint8_t *to, size_t cap, const struct sy_buf *b)
{
    if (b->n > cap) {
        bench_die("a request is larger than expected");
    }
    memcpy(to, b->p, b->n);
    return sy_view(to, b->n);
}

static void write_args(const struct maker *m, uint64_t i, struct signed_request *s)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(sizeof(s->args));
    const uint64_t q = question_of(i);
    struct sy_run_param params[2] = {
        {.name = V("max_age"), .value = V(m->ages[q / AGES])},
        {.name = V("min_age"), .value = V(s->kind == REFUSE ? "7" : m->ages[q % AGES])}};
    struct sy_run run = {.params = params, .n_params = 2};
    if (s->kind == CHARGE || s->kind == REPEAT || s->kind == REFUSE) {
        bench_ok(sy_record_encode(&sy_run_desc, &run, &b), NULL, "arguments");
        s->req.args = keep(s->args, sizeof(s->args), &b);
    }
}

static void sign_one(struct maker *m, uint64_t i, struct signed_request *s)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(sizeof(s->header));
    *s = (struct signed_request){.kind = kind_of(i)};
    const bool own = s->kind == ANSWER || s->kind == PUBLISH;
    const struct kit_party *by = kit_party(&m->kit, own ? "warden" : "acme");
    struct sy_header *h = &s->req.header;
    *h = (struct sy_header){.ctx = V(SY_REQUEST_CONTEXT),
                            .suite = SY_SUITE_INTL,
                            .expiry = time_of(m, i) + 600,
                            .method = V(s->kind == ANSWER    ? "job.answer"
                                        : s->kind == PUBLISH ? "dataset.publish"
                                                             : "model.run"),
                            .party = V(by->id)};
    randombytes_buf(h->nonce, sizeof(h->nonce));
    randombytes_buf(s->req.salt, sizeof(s->req.salt));
    memcpy(h->domain, m->kit.domain, 32);
    if (!own) {
        memcpy(h->grant, m->kit.grant, 32);
        memcpy(h->subject, m->kit.model, 32);
    }
    write_args(m, i, s);
    proof_args_digest(h->body, s->req.salt, s->req.args, s->req.secret_digest);
    bench_ok(sy_record_encode(&sy_header_desc, h, &b), NULL, "header");
    s->req.header_bytes = keep(s->header, sizeof(s->header), &b);
    proof_sign(s->bytes, s->req.header_bytes, by->secret);
    memcpy(s->sig.key, by->sign, 32);
    s->sig.sig = sy_view(s->bytes, sizeof(s->bytes));
    s->req.sigs = &s->sig;
    s->req.n_sigs = 1;
}

struct part {
    struct maker *m;
    uint64_t from, to; /* in the chunk */
};

static void *sign_part(void *arg)
{
    const struct part *p = arg;
    for (uint64_t i = p->from; i < p->to; i++) {
        sign_one(p->m, p->m->first + i, &p->m->chunk[i]);
    }
    return NULL;
}

static void sign_chunk(struct maker *m)
{
    pthread_t threads[SIGNERS];
    struct part parts[SIGNERS];
    for (size_t i = 0; i < SIGNERS; i++) {
        parts[i] = (struct part){m, m->n * i / SIGNERS, m->n * (i + 1) / SIGNERS};
        if (pthread_create(&threads[i], NULL, sign_part, &parts[i]) != 0) {
            bench_die("no thread");
        }
    }
    for (size_t i = 0; i < SIGNERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* --- deciding ----------------------------------------------------------------------------------------- */

static void write_entry(struct maker *m, const struct sy_event *event, uint64_t index)
{
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(ENTRY_MAX);
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(PROOF_LEAF_MAX);
    SY_BUF_CLEANUP struct sy_buf all = sy_buf(ENTRY_MAX);
    struct sy_log_entry e = {.index = index};
    uint8_t head[4], hash[PROOF_HASH_BYTES];
    randombytes_buf(e.salt, sizeof(e.salt));
    bench_ok(sy_record_encode(&sy_event_desc, event, &body), NULL, "event");
    e.body = sy_buf_view(&body);
    bench_ok(
        proof_leaf_make(event->type, (uint32_t)(event->inputs.time / DAY_S), e.salt, e.body, &leaf),
        NULL, "leaf");
    e.leaf = sy_buf_view(&leaf);
    bench_ok(sy_record_encode(&sy_log_entry_desc, &e, &all), NULL, "entry");
    sy_store_le32(head, (uint32_t)all.n);
    if (fwrite(head, sizeof(head), 1, m->out) != 1 || fwrite(all.p, all.n, 1, m->out) != 1) {
        bench_die("the log cannot be written");
    }
    proof_merkle_leaf(hash, e.leaf);
    proof_frontier_add(&m->tree, hash);
}

static void new_version(struct maker *m, struct sy_arena *arena, struct sy_dataset_version *v)
{
    const struct sy_dataset_def *def = kit_persons(&m->kit);
    *v = (struct sy_dataset_version){.dataset = def->id,
                                     .n_columns = def->n_fields,
                                     .rows = 1000,
                                     .suite = SY_SUITE_INTL,
                                     .version = ++m->version};
    v->columns = sy_arena_alloc(arena, def->n_fields, sizeof(*v->columns));
    if (v->columns == NULL) {
        bench_die("out of memory");
    }
    for (size_t i = 0; i < def->n_fields; i++) {
        v->columns[i].name = def->fields[i].name;
    }
    proof_sha256_one(v->def, kit_encode(&m->kit, &sy_dataset_def_desc, def));
    randombytes_buf(v->header, sizeof(v->header));
    randombytes_buf(v->report, sizeof(v->report));
    randombytes_buf(v->attempt, sizeof(v->attempt));
}

static void fill_inputs(struct maker *m, uint64_t i, const struct signed_request *s,
                        struct sy_arena *arena, struct sy_inputs *in)
{
    struct sy_error e = {0};
    *in = (struct sy_inputs){.time = time_of(m, i)};
    if (s->kind == ANSWER) {
        in->charge = m->charge;
        in->outcome = V("ok");
        randombytes_buf(in->commit, sizeof(in->commit));
    } else if (s->kind == PUBLISH) {
        in->version = sy_arena_alloc(arena, 1, sizeof(*in->version));
        in->n_version = 1;
        new_version(m, arena, in->version);
    } else {
        memcpy(in->tls, kit_party(&m->kit, "acme")->tls, 32);
        randombytes_buf(in->salt, sizeof(in->salt));
        bench_ok(rules_run_data(m->kit.state, m->plan, arena, &in->data, &in->n_data, &e), &e,
                 "data");
    }
}

/* As meant, or the log is not what the bench says it is. */
static void check_kind(const struct signed_request *s, const struct rules_decision *d)
{
    static const struct {
        enum kind kind;
        const char *type;
    } WANT[] = {{CHARGE, "charge"},
                {ANSWER, "answer"},
                {REPEAT, "answer"},
                {REFUSE, "refuse"},
                {PUBLISH, "publish"}};
    for (size_t i = 0; i < LEN(WANT); i++) {
        if (WANT[i].kind == s->kind && !sy_view_is(d->type, WANT[i].type)) {
            bench_die("a request of kind %c became %.*s: %.*s", (char)s->kind, SY_PV(d->type),
                      SY_PV(d->verdict.reason));
        }
    }
}

static void decide_one(struct maker *m, uint64_t i, const struct signed_request *s,
                       struct sy_arena *arena)
{
    struct rules_decision d;
    struct sy_event event;
    struct sy_inputs in;
    struct sy_error e = {0};
    RULES_EFFECT_CLEANUP struct rules_effect *effect = NULL;
    static const bool good = true; /* we have just signed it */
    struct rules_facts facts = {.body = true, .signed_by = &good};
    struct rules_request req = s->req;
    proof_sha256_one(facts.header_hash, req.header_bytes);
    req.facts = &facts;
    fill_inputs(m, i, s, arena, &in);
    bench_ok(rules_decide(m->kit.state, &req, &in, arena, &d, &e), &e, "decide");
    check_kind(s, &d);
    rules_event_fill(&req, &in, &d, &event);
    bench_ok(rules_effect_new(m->kit.state, &event, m->kit.entry, &effect, &e), &e, "apply");
    memcpy(event.state, rules_effect_digest(effect), 32);
    bench_ok(rules_effect_commit(m->kit.state, effect), NULL, "commit");
    m->charge = s->kind == CHARGE ? m->kit.entry : m->charge;
    write_entry(m, &event, m->kit.entry++);
}

static void decide_chunk(struct maker *m)
{
    struct sy_arena arena = {0};
    for (uint64_t i = 0; i < m->n; i++) {
        sy_arena_clear(&arena);
        decide_one(m, m->first + i, &m->chunk[i], &arena);
    }
    sy_arena_deinit(&arena);
}

/* --- the beginning: everything up to an approved model ------------------------------------------------- */

/* Between two ages. */
static struct sy_plan *plan_of(struct maker *m)
{
    static const struct kit_expr where[] = {{.op = "col", .i = 5},
                                            {.op = "str", .s = "htn"},
                                            {.op = "str", .s = "diabetes"},
                                            {.op = "in", .args = {0, 1, 2}, .n_args = 3},
                                            {.op = "col", .i = 1},
                                            {.op = "param", .i = 1},
                                            {.op = "ge", .args = {4, 5}, .n_args = 2},
                                            {.op = "param", .i = 0},
                                            {.op = "le", .args = {4, 7}, .n_args = 2},
                                            {.op = "and", .args = {3, 6, 8}, .n_args = 3}};
    struct kit *k = &m->kit;
    struct sy_plan *p = kit_plan(k);
    struct sy_view *values = kit_alloc(k, AGES, sizeof(*values));
    for (size_t i = 0; i < AGES; i++) {
        (void)snprintf(m->ages[i], sizeof(m->ages[i]), "%zu", 20 + 2 * i);
        values[i] = V(m->ages[i]);
    }
    p->params = kit_alloc(k, 2, sizeof(*p->params));
    p->n_params = 2;
    p->params[0] = (struct sy_plan_param){
        .kind = V("int"), .name = V("max_age"), .support = 200, .values = values, .n_values = AGES};
    p->params[1] = p->params[0];
    p->params[1].name = V("min_age");
    p->rels[3].exprs = kit_exprs(k, where, LEN(where));
    p->rels[3].n_exprs = LEN(where);
    p->rels[3].outs = kit_nums(k, (const uint64_t[]){LEN(where) - 1}, 1);
    return p;
}

static void must(int32_t code, const struct kit *k, const char *what)
{
    if (code != 0) {
        bench_die("%s: %s %s %.*s", what, sy_code_name(code), k->err.field,
                  SY_PV(k->verdict.reason));
    }
}

static void found_domain(struct maker *m)
{
    struct kit *k = &m->kit;
    kit_init(k);
    must(kit_genesis(k), k, "genesis");
    must(kit_enrol(k, "health", "department"), k, "enrol");
    must(kit_enrol(k, "clinic", "department"), k, "enrol");
    must(kit_enrol(k, "acme", "developer"), k, "enrol");
    struct sy_pack *pack = kit_pack_record(k, 1);
    pack->budgets[0].rho = pack->budgets[1].rho = RHO_CAP;
    must(kit_adopt(k, pack), k, "pack");
    must(kit_define(k, kit_persons(k)), k, "define");
    must(kit_define(k, kit_events(k)), k, "define");
    must(kit_define(k, kit_streets(k)), k, "define");
    must(kit_define(k, kit_births(k)), k, "define");
    must(kit_publish(k, kit_events(k), 1), k, "publish");
}

static void approve(struct maker *m)
{
    struct kit *k = &m->kit;
    struct sy_proposal *p = kit_proposal(k);
    struct sy_model_def *def = kit_model_def(k);
    struct sy_plan *plan = plan_of(m);
    p->calls = UINT32_MAX;
    p->rho = RHO_CAP / 4;
    must(kit_apply(k, p), k, "apply");
    must(kit_review(k, "operator", "scene.first_review", "approve"), k, "first review");
    must(kit_review(k, "health", "scene.consent", "approve"), k, "consent");
    must(kit_review(k, "clinic", "scene.consent", "approve"), k, "consent");
    must(kit_review(k, "agency", "scene.final_review", "approve"), k, "final review");
    def->params = plan->params;
    def->n_params = plan->n_params;
    must(kit_register(k, def, plan), k, "register");
    must(kit_review(k, "operator", "model.review", "approve"), k, "model review");
    m->plan = plan;
}

static void write_beginning(struct maker *m)
{
    for (uint64_t i = 0; i < m->kit.entry; i++) {
        struct sy_event event;
        bench_ok(sy_record_decode(&sy_event_desc, m->kit.events[i], &SY_MP_LARGE, &m->kit.arena,
                                  &event, NULL),
                 NULL, "event");
        write_entry(m, &event, i);
    }
}

/* --- the end ------------------------------------------------------------------------------------------ */

static void write_file(const char *folder, const char *name, const struct sy_buf *b)
{
    char *path = NULL;
    FILE *f = asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : fopen(path, "wbe");
    if (f == NULL || fwrite(b->p, b->n, 1, f) != 1 || fclose(f) != 0) {
        bench_die("%s cannot be written", name);
    }
    free(path);
}

static void write_checkpoint(struct maker *m, const char *folder)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf vkey = sy_buf(1024);
    uint8_t public[32], secret[PROOF_SECRET_BYTES];
    struct proof_vkey key;
    struct proof_checkpoint c = {.origin = V("bench.shuyu.example/log"), .size = m->tree.size};
    crypto_sign_keypair(public, secret);
    bench_ok(proof_vkey_make(c.origin, PROOF_SIG_ED25519, public, &key), NULL, "key");
    proof_frontier_root(&m->tree, c.root);
    bench_ok(proof_checkpoint_encode(&c, &text), NULL, "checkpoint");
    bench_ok(proof_note_sign(sy_buf_view(&text), &key, secret, &note), NULL, "checkpoint");
    bench_ok(proof_vkey_format(&key, &vkey), NULL, "key");
    write_file(folder, "checkpoint", &note);
    write_file(folder, "log.vkey", &vkey);
}

static void make_chunk(struct maker *m, uint64_t entries)
{
    uint64_t left = entries - m->kit.entry;
    m->n = left < CHUNK ? left : CHUNK;
    sign_chunk(m);
    decide_chunk(m);
    m->first += m->n;
}

void log_make(const char *folder, uint64_t entries)
{
    struct maker *m = calloc(1, sizeof(*m));
    char *path = NULL;
    if (m == NULL || mkdir(folder, 0700) != 0 || asprintf(&path, "%s/entries", folder) < 0) {
        bench_die("no room for a log");
    }
    m->chunk = calloc(CHUNK, sizeof(*m->chunk));
    m->out = fopen(path, "wbe");
    if (m->chunk == NULL || m->out == NULL) {
        bench_die("%s cannot be written", path);
    }
    found_domain(m);
    must(kit_publish(&m->kit, kit_persons(&m->kit), ++m->version), &m->kit, "publish");
    approve(m);
    write_beginning(m);
    bench_ok(rules_state_remember(m->kit.state), NULL, "state");
    while (m->kit.entry < entries) {
        make_chunk(m, entries);
    }
    if (fclose(m->out) != 0) {
        bench_die("the log cannot be written");
    }
    write_checkpoint(m, folder);
    kit_free(&m->kit);
    free(m->chunk);
    free(m);
    free(path);
}
