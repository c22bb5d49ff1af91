/*
 * What: replay over an export. Invariant: an entry is decided after all before it, on the state that the log
 * claims they left.
 */
#include "audit/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ahead.h"
#include "proof/leaf.h"
#include "stock.h"

enum { PROGRESS_EVERY = 1024, DAY_S = 86400 };

struct replaying {
    const struct audit_export *x;
    const struct audit_replay_how *how;
    struct rules_replayer *replayer;
    struct stock *stock;
    struct audit_replayed *sum;
    uint64_t entry; /* that is told of */
    const struct ahead_entry *at;
};

/* ---- ahead ---- */

static sy_status prepare(const struct audit_export *x, uint64_t i, const void *how,
                         struct sy_arena *arena, struct ahead_entry *ret, struct sy_error *err)
{
    const struct replaying *r = how;
    SY_TRY(audit_entry(x, i, arena, &ret->entry, err));
    if (ret->entry.body.n == 0) {
        return sy_fail(
            err, SY_E_DENIED, "entries",
            "entry %" PRIu64 " has no body: replay needs an auditor's or the agency's export", i);
    }
    SY_TRY(
        sy_record_decode(&sy_event_desc, ret->entry.body, &SY_MP_LARGE, arena, &ret->event, err));
    ret->leaf_names_it = sy_ok(proof_leaf_names(ret->entry.leaf, &ret->event, NULL));
    SY_TRY(rules_request_prepare(&ret->event, !r->how->no_signatures, arena, &ret->facts,
                                 &ret->request, err));
    rules_replayer_ask(r->replayer, &ret->event, &ret->request, arena, &ret->facts);
    return SY_OK;
}

/* ---- in order ---- */

/* A difference that is told when its entry is retired: after all of the entries before it. */
struct told {
    struct told *next;
    struct rules_difference d;
};

/* Where to keep them. */
struct keeping {
    struct sy_arena *arena;
    struct told **last;
    bool failed;
};

static const char *keep_text(struct sy_arena *arena, const char *text)
{
    return sy_arena_printf(arena, "%s", text);
}

static void keep(void *ctx, const struct rules_difference *d)
{
    struct keeping *k = ctx;
    struct told *t = sy_arena_alloc(k->arena, 1, sizeof(*t));
    if (t == NULL) {
        k->failed = true;
        return;
    }
    t->d =
        (struct rules_difference){keep_text(k->arena, d->field), keep_text(k->arena, d->expected),
                                  keep_text(k->arena, d->found)};
    k->failed |= t->d.field == NULL || t->d.expected == NULL || t->d.found == NULL;
    *k->last = t;
    k->last = &t->next;
}

static void tell(void *ctx, const struct rules_difference *d)
{
    struct replaying *r = ctx;
    r->sum->n_differences++;
    r->how->mismatch(r->how->ctx, &(struct audit_mismatch){.entry = r->entry,
                                                           .type = r->at->event.type,
                                                           .method = r->at->request.header.method,
                                                           .field = d->field,
                                                           .expected = d->expected,
                                                           .found = d->found});
}

static void describe_leaf(char *ret, size_t cap, struct sy_view type, int64_t day)
{
    (void)snprintf(ret, cap, "%.*s on day %" PRId64, SY_PV(type), day);
}

/* What strangers see of the entry is what it is. */
static void compare_leaf(struct replaying *r)
{
    const struct sy_event *ev = &r->at->event;
    struct proof_leaf leaf = {0};
    char want[128];
    char got[128] = "no leaf";
    if (r->at->leaf_names_it) {
        return;
    }
    describe_leaf(want, sizeof(want), ev->type, ev->inputs.time < 0 ? -1 : ev->inputs.time / DAY_S);
    if (sy_ok(proof_leaf_parse(r->at->entry.leaf, &leaf, NULL))) {
        describe_leaf(got, sizeof(got), leaf.type, leaf.utc_day);
    }
    tell(r, &(struct rules_difference){"leaf", want, got});
}

static void expect(void *ctx, const struct ahead_entry *entries, size_t n)
{
    const struct replaying *r = ctx;
    const struct rules_request *requests[AHEAD_BATCH];
    for (size_t i = 0; i < n; i++) {
        requests[i] = &entries[i].request;
    }
    rules_replayer_expect(r->replayer, requests, n);
}

static sy_status take(void *ctx, uint64_t i, struct ahead_entry *e, struct sy_arena *arena,
                      struct sy_error *err)
{
    struct replaying *r = ctx;
    struct keeping k = {.arena = arena, .last = &e->told};
    if (!sy_ok(e->s)) {
        return sy_fail(err, e->s.code, e->why == NULL ? NULL : e->why->field, "%s",
                       e->why == NULL ? sy_code_text(e->s.code) : e->why->reason);
    }
    SY_TRY(rules_replayer_fold(r->replayer, &e->event, &e->request, i, arena, &e->seal, keep, &k,
                               err));
    if (k.failed) { /* then it is not retired */
        rules_seal_release(&e->seal);
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return SY_OK;
}

static void settle(void *ctx, struct ahead_entry *e)
{
    const struct replaying *r = ctx;
    rules_seal_work(&e->seal);
    stock_fill(r->stock);
}

static void retire(void *ctx, uint64_t i, struct ahead_entry *e)
{
    struct replaying *r = ctx;
    const uint64_t before = r->sum->n_differences;
    r->entry = i;
    r->at = e;
    compare_leaf(r);
    for (const struct told *t = e->told; t != NULL; t = t->next) {
        tell(r, &t->d);
    }
    rules_seal_tell(&e->seal, tell, r);
    rules_seal_release(&e->seal);
    r->sum->n_entries++;
    r->sum->n_signatures += r->how->no_signatures ? 0 : e->request.n_sigs;
    r->sum->n_mismatches += r->sum->n_differences > before ? 1 : 0;
    if (r->how->progress != NULL && r->sum->n_entries % PROGRESS_EVERY == 0) {
        r->how->progress(r->how->ctx, r->sum->n_entries, audit_size(r->x));
    }
}

/* ---- the end ---- */

static sy_status tell_budgets(const struct rules_state *s, const struct audit_replay_how *how,
                              struct sy_error *err)
{
    static const char PREFIX[] = "budget/";
    struct sy_view key = {0};
    struct sy_view value;
    while (how->budget != NULL && rules_state_next(s, sy_view_str(PREFIX), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_budget row;
        SY_TRY(sy_record_decode(&sy_row_budget_desc, value, &SY_MP_LARGE, &arena, &row, err));
        how->budget(how->ctx, sy_view(key.p + strlen(PREFIX), key.n - strlen(PREFIX)), &row);
    }
    return SY_OK;
}

static sy_status replay(struct replaying *r, const struct rules_state *state, struct sy_error *err)
{
    const struct ahead a = {.x = r->x,
                            .threads = r->how->threads,
                            .prepare = prepare,
                            .how = r,
                            .expect = expect,
                            .take = take,
                            .settle = settle,
                            .retire = retire,
                            .ctx = r};
    SY_TRY(ahead_run(&a, err));
    memcpy(r->sum->state, rules_state_digest(state), 32);
    return tell_budgets(state, r->how, err);
}

sy_status audit_replay(const struct audit_export *x, const struct audit_replay_how *how,
                       struct audit_replayed *ret, struct sy_error *reterr)
{
    RULES_STATE_CLEANUP struct rules_state *state = rules_state_new();
    STOCK_CLEANUP struct stock *stock = stock_new(RULES_PIECE_ALIGN, RULES_PIECE_BYTES);
    RULES_REPLAYER_CLEANUP struct rules_replayer *replayer =
        state == NULL ? NULL : rules_replayer_new(state);
    struct replaying r = {.x = x, .how = how, .replayer = replayer, .stock = stock, .sum = ret};
    const struct rules_pieces pieces = {stock_take, stock};
    *ret = (struct audit_replayed){0};
    if (replayer == NULL || stock == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    rules_replayer_pieces(replayer, &pieces);
    SY_TRY(replay(&r, state, reterr));
    return ret->n_mismatches == 0 ? SY_OK
                                  : sy_fail(reterr, SY_E_TAMPERED, NULL,
                                            "%" PRIu64 " of %" PRIu64 " entries do not replay",
                                            ret->n_mismatches, ret->n_entries);
}
