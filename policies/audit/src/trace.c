/*
 * What: what kind of trace an entry has, and its steps. Invariant: a step is made of a checked entry, or says
 * that its body is not there.
 */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>

#include "chain.h"
#include "proof/merkle.h"
#include "proof/receipt.h"

void trace_after(struct trace_from *f, size_t step)
{
    if (step != TRACE_NONE && f->n < TRACE_FROM_MAX) {
        f->at[f->n++] = step;
    }
}

sy_status trace_read(struct tracing *t, uint64_t entry, struct audit_record *ret)
{
    return audit_record_read(t->log, entry, t->arena, ret, t->err);
}

sy_status trace_lied(struct tracing *t, uint64_t entry, const char *what)
{
    return sy_fail(t->err, SY_E_TAMPERED, "index", "entry %llu is not %s: use --rebuild",
                   (unsigned long long)entry, what);
}

const char *trace_text(struct tracing *t, const char *fmt, ...)
{
    char text[4096], whole[4096 - 4]; /* what is cut off is cut between characters */
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    sy_view_to_cstr(n < 0 ? (struct sy_view){0} : sy_view_str(text), whole, sizeof(whole));
    struct sy_view copy = sy_arena_copy(t->arena, sy_view_str(whole));
    return copy.n == 0 ? "" : (const char *)copy.p;
}

/* Is there such a step already? Masks differ by their dataset. */
static size_t known(const struct audit_trace *out, enum audit_step_kind kind,
                    const struct audit_record *r, const char *detail)
{
    for (size_t i = 0; r != NULL && i < out->n; i++) {
        const struct audit_step *s = &out->steps[i];
        if (s->kind == kind && s->found && s->entry == r->entry.index &&
            strcmp(s->detail, detail) == 0) {
            return i;
        }
    }
    return TRACE_NONE;
}

static void fill(struct audit_step *s, const struct audit_record *r)
{
    s->found = true;
    s->entry = r->entry.index;
    s->time = r->event.inputs.time;
    s->party = r->header.party;
    s->method = r->header.method;
    s->verdict = r->event.verdict.code;
    memcpy(s->commitment, r->leaf.commitment, sizeof(s->commitment));
}

size_t trace_step(struct tracing *t, enum audit_step_kind kind, const struct audit_record *r,
                  const uint8_t id[32], const char *detail, const struct trace_from *from)
{
    struct audit_trace *out = t->out;
    size_t at = known(out, kind, r, detail);
    if (at != TRACE_NONE || out->n == AUDIT_STEPS_MAX) {
        return at;
    }
    struct audit_step *s = &out->steps[out->n];
    *s = (struct audit_step){.kind = kind, .detail = detail};
    if (r != NULL && r->open) {
        fill(s, r);
    }
    if (id != NULL) {
        memcpy(s->id, id, sizeof(s->id));
    }
    if (from != NULL && from->n > 0) {
        size_t *copy = sy_arena_alloc(t->arena, from->n, sizeof(*copy));
        if (copy == NULL) {
            return TRACE_NONE;
        }
        memcpy(copy, from->at, from->n * sizeof(*copy));
        s->from = copy;
        s->n_from = from->n;
    }
    return out->n++;
}

sy_status trace_done(struct tracing *t, size_t step)
{
    return step != TRACE_NONE ? SY_OK
                              : sy_fail(t->err, SY_E_LIMIT, NULL, "the trace has too many steps");
}

/* --- by what the entry is ------------------------------------------------------------------------- */

static sy_status of_charge(struct tracing *t, const struct audit_record *r)
{
    size_t charge;
    return trace_run(t, r, &charge);
}

/* An entry that must be the charge of an answer. */
static sy_status run_of(struct tracing *t, uint64_t charge)
{
    struct audit_record c;
    if (charge >= audit_size(t->log)) {
        return sy_fail(t->err, SY_E_TAMPERED, "entries", "it answers no entry of the log");
    }
    SY_TRY(trace_read(t, charge, &c));
    if (!c.open) {
        uint8_t none[32] = {0};
        return trace_done(t, trace_step(t, AUDIT_STEP_CHARGE, NULL, none, "", NULL));
    }
    return of_charge(t, &c);
}

/* A re-run, asked for or done, is traced as the run that it is about. */
static sy_status of_rerun(struct tracing *t, const struct audit_record *r)
{
    struct sy_rerun a;
    return audit_record_args(r, &sy_rerun_desc, t->arena, &a) && a.charge < audit_size(t->log)
               ? run_of(t, a.charge)
               : SY_OK;
}

static sy_status of_reran(struct tracing *t, const struct audit_record *r)
{
    struct sy_reran a;
    return audit_record_args(r, &sy_reran_desc, t->arena, &a) ? run_of(t, a.charge) : SY_OK;
}

static sy_status of_answer(struct tracing *t, const struct audit_record *r)
{
    return run_of(t, r->event.inputs.charge);
}

/* A run that got an earlier answer again: that answer's trace, and this entry. */
static sy_status of_repeat(struct tracing *t, const struct audit_record *r)
{
    struct audit_record first;
    if (r->event.verdict.stored > audit_size(t->log)) {
        return sy_fail(t->err, SY_E_TAMPERED, "entries", "it repeats no entry of the log");
    }
    SY_TRY(trace_read(t, r->event.verdict.stored - 1, &first));
    SY_TRY(first.open ? run_of(t, first.event.inputs.charge) : SY_OK);
    struct trace_from from = {0};
    trace_after(&from, t->out->n == 0 ? TRACE_NONE : t->out->n - 1);
    return trace_done(t, trace_step(t, AUDIT_STEP_REPEAT, r, first.event.inputs.commit,
                                    trace_text(t, "-> %.*s", SY_PV(r->header.party)), &from));
}

static sy_status of_run(struct tracing *t, const struct audit_record *r)
{
    return r->event.verdict.code == 0 && r->event.verdict.stored > 0 ? of_repeat(t, r)
                                                                     : of_charge(t, r);
}

static sy_status of_grant_id(struct tracing *t, const uint8_t grant[32])
{
    struct trace_grant g;
    char hex[65];
    audit_hex32(hex, grant);
    struct audit_filter runs = {.grant = hex, .type = "charge"};
    SY_TRY(trace_grant(t, grant, NULL, &g));
    return trace_uses(t, &runs, g.proposal);
}

static sy_status of_grant(struct tracing *t, const struct audit_record *r)
{
    return audit_is_zero(r->header.grant) ? SY_OK : of_grant_id(t, r->header.grant);
}

static sy_status of_apply(struct tracing *t, const struct audit_record *r)
{
    uint8_t id[32];
    proof_grant_id(id, r->event.request.args);
    return r->event.verdict.code == 0 ? of_grant_id(t, id) : SY_OK;
}

static sy_status of_model_id(struct tracing *t, const uint8_t model[32], const uint8_t grant[32])
{
    struct trace_grant g;
    size_t step;
    char hex[65];
    audit_hex32(hex, model);
    struct audit_filter runs = {.model = hex, .type = "charge"};
    SY_TRY(trace_grant(t, grant, NULL, &g));
    SY_TRY(trace_model(t, model, &g, &step));
    return trace_uses(t, &runs, step);
}

static sy_status of_register(struct tracing *t, const struct audit_record *r)
{
    uint8_t id[32];
    if (r->event.verdict.code != 0) {
        return of_grant(t, r);
    }
    proof_model_id(id, r->header.grant, r->event.inputs.plan, r->event.request.args);
    return of_model_id(t, id, r->header.grant);
}

static sy_status of_model_review(struct tracing *t, const struct audit_record *r)
{
    uint64_t entry;
    char hex[65];
    struct audit_record m;
    audit_hex32(hex, r->header.subject);
    if (!audit_index_origin(t->index, AUDIT_OF_MODEL, sy_view(hex, 64), 0, &entry)) {
        return SY_OK;
    }
    SY_TRY(trace_read(t, entry, &m));
    return m.open ? of_model_id(t, r->header.subject, m.header.grant) : SY_OK;
}

static sy_status of_define(struct tracing *t, const struct audit_record *r)
{
    struct trace_def d;
    size_t step;
    bool is;
    if (r->event.verdict.code != 0) {
        return SY_OK;
    }
    SY_TRY(trace_defined(t, r, &d, &is));
    return is ? trace_definition(t, d.id, r->entry.index + 1, d.digest, &step) : SY_OK;
}

static sy_status of_publish(struct tracing *t, const struct audit_record *r)
{
    size_t step;
    if (r->event.verdict.code != 0 || r->event.inputs.n_version == 0) {
        return SY_OK;
    }
    const struct sy_dataset_version *v = r->event.inputs.version;
    struct sy_data_ref ref = {.dataset = v->dataset, .version = v->version};
    memcpy(ref.header, v->header, sizeof(ref.header));
    SY_TRY(trace_version(t, &ref, &step));
    return trace_readers(t, v->dataset, v->version, step);
}

static const struct {
    const char *method;
    sy_status (*trace)(struct tracing *t, const struct audit_record *r);
} TRACES[] = {
    {"audit.rerun", of_rerun},         {"audit.reran", of_reran}, {"dataset.define", of_define},
    {"dataset.publish", of_publish},   {"job.answer", of_answer}, {"model.register", of_register},
    {"model.review", of_model_review}, {"model.run", of_run},     {"own.define", of_define},
    {"product.call", of_run},          {"scene.apply", of_apply}, {"subject.ask", of_charge},
};

static sy_status by_method(struct tracing *t, const struct audit_record *r)
{
    for (size_t i = 0; i < sizeof(TRACES) / sizeof(TRACES[0]); i++) {
        if (sy_view_is(r->header.method, TRACES[i].method)) {
            return TRACES[i].trace(t, r);
        }
    }
    return of_grant(t, r);
}

/* --- the whole ------------------------------------------------------------------------------------ */

static bool has_entry(const struct audit_trace *out, uint64_t entry)
{
    for (size_t i = 0; i < out->n; i++) {
        if (out->steps[i].found && out->steps[i].entry == entry) {
            return true;
        }
    }
    return false;
}

/* The last step of the entry itself is what the signed tree is the receipt of. */
static sy_status add_receipt(struct tracing *t)
{
    struct trace_from from = {0};
    for (size_t i = t->out->n; i > 0 && from.n == 0; i--) {
        if (t->out->steps[i - 1].found && t->out->steps[i - 1].entry == t->out->entry) {
            trace_after(&from, i - 1);
        }
    }
    const char *detail =
        trace_text(t, "%.*s: %llu / %llu", SY_PV(t->out->tree.origin),
                   (unsigned long long)t->out->entry, (unsigned long long)t->out->tree.size);
    return trace_done(t, trace_step(t, AUDIT_STEP_RECEIPT, NULL, t->out->tree.root, detail, &from));
}

sy_status audit_trace(const struct audit_export *log, struct audit_index *index, uint64_t entry,
                      struct sy_arena *arena, struct audit_trace *ret, struct sy_error *reterr)
{
    struct tracing t = {log, index, arena, reterr, ret, audit_size(log)};
    struct audit_record r;
    uint64_t fresh;
    *ret = (struct audit_trace){.entry = entry};
    ret->steps = sy_arena_alloc(arena, AUDIT_STEPS_MAX, sizeof(*ret->steps));
    if (ret->steps == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    audit_index_tree(index, &ret->tree, &fresh);
    SY_TRY(trace_read(&t, entry, &r));
    if (!r.open) {
        return sy_fail(reterr, SY_E_DENIED, "entries", "the body of entry %llu was not exported",
                       (unsigned long long)entry);
    }
    SY_TRY(by_method(&t, &r));
    if (!has_entry(ret, entry)) {
        SY_TRY(trace_done(&t,
                          trace_step(&t, AUDIT_STEP_ENTRY, &r, r.event.state,
                                     trace_text(&t, "%.*s", SY_PV(r.event.verdict.reason)), NULL)));
    }
    return add_receipt(&t);
}

/* --- receipts ------------------------------------------------------------------------------------- */

static sy_status leaf_hash(const struct audit_export *log, uint64_t i, uint8_t ret[32],
                           struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_log_entry e;
    SY_TRY(audit_entry(log, i, &arena, &e, err));
    proof_merkle_leaf(ret, e.leaf);
    return SY_OK;
}

/* Which log it is of, as it says; nothing is believed of it yet. */
static sy_status receipt_log(struct sy_view bytes, struct proof_checkpoint *ret,
                             struct sy_error *err)
{
    struct proof_note note;
    SY_TRY(proof_note_parse(bytes, &note, err));
    return proof_checkpoint_parse(note.text, ret, err);
}

/* BOUNDARY: a receipt comes from a party; it counts under the log's key, and for this log. */
sy_status audit_receipt_entry(const struct audit_export *log, const struct proof_vkey *key,
                              struct sy_view receipt, uint64_t *ret_entry, struct sy_error *reterr)
{
    struct proof_receipt parts;
    struct proof_inclusion proven;
    struct proof_checkpoint said;
    struct proof_vkey signer;
    struct proof_frontier tree = {0};
    uint64_t base = 0, n = 0;
    uint8_t hash[32], root[32];
    SY_TRY(proof_receipt_parse(receipt, &parts, reterr));
    SY_TRY(receipt_log(parts.checkpoint, &said, reterr));
    SY_TRY(chain_find(log, said.origin, key, &base, &n, &signer, reterr));
    if (parts.index >= n) {
        return sy_fail(reterr, SY_E_PROOF, "receipt", "it is of entry %llu, the export has %llu",
                       (unsigned long long)parts.index, (unsigned long long)n);
    }
    SY_TRY(leaf_hash(log, base + parts.index, hash, reterr));
    SY_TRY(proof_receipt_verify(receipt, &signer, hash, &proven, reterr));
    for (uint64_t i = 0; i < proven.tree.size && i < n; i++) {
        SY_TRY(leaf_hash(log, base + i, hash, reterr));
        proof_frontier_add(&tree, hash);
    }
    proof_frontier_root(&tree, root);
    if (tree.size != proven.tree.size || memcmp(root, proven.tree.root, sizeof(root)) != 0) {
        return sy_fail(reterr, SY_E_PROOF, "receipt",
                       "its tree of %llu entries is no beginning of the exported log",
                       (unsigned long long)proven.tree.size);
    }
    *ret_entry = base + parts.index;
    return SY_OK;
}
