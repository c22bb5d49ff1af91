/*
 * Replay: decide and apply over a logged event, and what differs from the log. One comparison serves both who
 * stops at the first difference (the warden, at its start) and who goes on (the auditor).
 *
 * Invariant: what is compared is everything that rules_decide and the state's digest say, so a log that
 * replays without a difference is the log that these rules would have written.
 */
#include "rules/replay.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "memo.h"
#include "method.h"
#include "plans_met.h"
#include "question.h"
#include "state_internal.h"

enum { TEXT_BYTES = 320, EXPECT_MAX = 64 };
enum { SEAL_HELD_MAX = 1 << 20 }; /* bytes of one event's rows: seals of many wait at a time */

struct compare {
    rules_difference_fn *tell;
    void *ctx;
    size_t n; /* differences */
};

static void differ(struct compare *c, const char *field, const char *expected, const char *found)
{
    const struct rules_difference d = {field, expected, found};
    c->n++;
    c->tell(c->ctx, &d);
}

/* Apart from the comparison, which is done for every entry: texts need room. */
static __attribute__((noinline)) void tell_texts(struct compare *c, const char *field,
                                                 struct sy_view expected, struct sy_view found)
{
    char a[TEXT_BYTES];
    char b[TEXT_BYTES];
    sy_view_to_cstr(expected.n == 0 ? sy_view_str("(nothing)") : expected, a, sizeof(a));
    sy_view_to_cstr(found.n == 0 ? sy_view_str("(nothing)") : found, b, sizeof(b));
    differ(c, field, a, b);
}

static void differ_text(struct compare *c, const char *field, struct sy_view expected,
                        struct sy_view found)
{
    if (!sy_view_eq(expected, found)) {
        tell_texts(c, field, expected, found);
    }
}

static void differ_number(struct compare *c, const char *field, uint64_t expected, uint64_t found)
{
    char a[24];
    char b[24];
    if (expected == found) {
        return;
    }
    (void)snprintf(a, sizeof(a), "%" PRIu64, expected);
    (void)snprintf(b, sizeof(b), "%" PRIu64, found);
    differ(c, field, a, b);
}

/* ---- the verdict ---- */

static void verdict_text(const struct sy_verdict *v, char ret[TEXT_BYTES])
{
    int32_t code = v->code > INT32_MAX ? -1 : (int32_t)v->code;
    if (v->code == 0) {
        (void)snprintf(ret, TEXT_BYTES, "allowed");
    } else { /* cut between characters: a log's reason must not spoil the line that tells of it */
        int n = snprintf(ret, TEXT_BYTES, "%s: ", sy_code_name(code));
        sy_view_to_cstr(v->reason, ret + n, (size_t)(TEXT_BYTES - n));
    }
}

static const struct figure {
    const char *name;
    size_t offset;
} FIGURES[] = {
#define FIGURE(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct sy_spend, name)                                                     \
    }
    FIGURE(rho),  FIGURE(delta),       FIGURE(cells),      FIGURE(spent),
    FIGURE(left), FIGURE(cells_spent), FIGURE(cells_left),
#undef FIGURE
};

static uint64_t figure_of(const struct sy_spend *s, const struct figure *f)
{
    uint64_t v;
    memcpy(&v, (const uint8_t *)s + f->offset, sizeof(v));
    return v;
}

static void compare_spend(struct compare *c, const struct sy_spend *want,
                          const struct sy_spend *got)
{
    differ_text(c, "spends", want->ns, got->ns);
    for (size_t i = 0; i < sizeof(FIGURES) / sizeof(FIGURES[0]); i++) {
        uint64_t a = figure_of(want, &FIGURES[i]);
        uint64_t b = figure_of(got, &FIGURES[i]);
        char field[RULES_ID_MAX + 32];
        if (a != b) {
            (void)snprintf(field, sizeof(field), "spends.%.*s.%s", SY_PV(want->ns),
                           FIGURES[i].name);
            differ_number(c, field, a, b);
        }
    }
}

static void compare_spends(struct compare *c, const struct sy_verdict *want,
                           const struct sy_verdict *got)
{
    differ_number(c, "spends", want->n_spends, got->n_spends);
    for (size_t i = 0; i < want->n_spends && i < got->n_spends; i++) {
        compare_spend(c, &want->spends[i], &got->spends[i]);
    }
}

static __attribute__((noinline)) void
tell_verdicts(struct compare *c, const struct sy_verdict *want, const struct sy_verdict *got)
{
    char a[TEXT_BYTES];
    char b[TEXT_BYTES];
    verdict_text(want, a);
    verdict_text(got, b);
    differ(c, "verdict", a, b);
}

static void compare_verdict(struct compare *c, const struct sy_verdict *want,
                            const struct sy_verdict *got)
{
    if (want->code != got->code) {
        tell_verdicts(c, want, got); /* all else would only say it again */
        return;
    }
    differ_text(c, "verdict.field", want->field, got->field);
    differ_text(c, "verdict.reason", want->reason, got->reason);
    differ_number(c, "verdict.stored", want->stored, got->stored);
    differ_number(c, "verdict.fen", want->fen, got->fen);
    compare_spends(c, want, got);
}

/* ---- the decision ---- */

static const char *const KINDS[RULES_KIND_N] = {
    [RULES_KIND_NONE] = "nothing",
    [RULES_KIND_EVENT] = "an event",
    [RULES_KIND_READ] = "a read, which is not logged",
    [RULES_KIND_RESUME] = "the same request again, whose run goes on",
    [RULES_KIND_RECORDED] = "the same request again, whose outcome is in the log",
    [RULES_KIND_REFUSED] = "a known nonce, whose refusal is not logged",
};

/* There should be no such entry, whatever type it gives itself: it may well be called as we say it. */
static void tell_kind(struct compare *c, enum rules_kind want, struct sy_view got)
{
    char found[TEXT_BYTES] = "an entry of type ";
    const size_t n = strlen(found);
    sy_view_to_cstr(got, found + n, sizeof(found) - n);
    differ(c, "type", KINDS[want], found);
}

static void compare_decision(struct compare *c, const struct rules_decision *want,
                             const struct sy_event *got)
{
    if (got->schema != SY_EVENT_SCHEMA || got->rules != SY_RULES_VERSION) {
        differ_number(c, "rules", SY_RULES_VERSION, got->rules);
        differ_number(c, "rules", SY_EVENT_SCHEMA, got->schema);
    }
    if (want->kind != RULES_KIND_EVENT) {
        tell_kind(c, want->kind, got->type);
        return;
    }
    differ_text(c, "type", want->type, got->type);
    compare_verdict(c, &want->verdict, &got->verdict);
}

/* Decide it again. Not OK: rules_decide would have logged nothing. */
static sy_status redecide(const struct rules_state *state, const struct sy_event *event,
                          const struct rules_request *request, struct sy_arena *arena,
                          struct compare *c, struct sy_error *err)
{
    struct rules_decision d;
    SY_TRY(rules_decide(state, request, &event->inputs, arena, &d, err));
    compare_decision(c, &d, event);
    return SY_OK;
}

static __attribute__((noinline)) void tell_states(struct compare *c, const uint8_t want[32],
                                                  const uint8_t got[32])
{
    struct rules_key a = rules_key_hash("sha256:", want);
    struct rules_key b = rules_key_hash("sha256:", got);
    differ(c, "state", a.text, b.text);
}

static void compare_state(struct compare *c, const uint8_t want[32], const uint8_t got[32])
{
    if (memcmp(want, got, 32) != 0) {
        tell_states(c, want, got);
    }
}

/* ---- up to the first difference ---- */

struct first {
    char field[64];
    char reason[256];
};

static void keep_first(void *ctx, const struct rules_difference *d)
{
    struct first *f = ctx;
    if (f->field[0] == '\0') {
        (void)snprintf(f->field, sizeof(f->field), "%s", d->field);
        (void)snprintf(f->reason, sizeof(f->reason), "these rules say %.100s, the log says %.100s",
                       d->expected, d->found);
    }
}

static sy_status first_difference(const struct compare *c, struct sy_error *err)
{
    const struct first *f = c->ctx;
    return c->n == 0 ? SY_OK : sy_fail(err, SY_E_TAMPERED, f->field, "%s", f->reason);
}

sy_status rules_replay(struct rules_state *state, const struct sy_event *event, uint64_t entry,
                       struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = EFFECT_WORK_BYTES};
    RULES_EFFECT_CLEANUP struct rules_effect *e = effect_alloc();
    struct rules_request req;
    struct first first = {{0}, {0}};
    struct compare c = {.tell = keep_first, .ctx = &first};
    if (e == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_request_of_event(event, &arena, &req, reterr));
    SY_TRY(redecide(state, event, &req, &arena, &c, reterr));
    SY_TRY(first_difference(&c, reterr));
    SY_TRY(effect_compute(e, state, event, &req, entry, &arena, reterr));
    compare_state(&c, rules_effect_digest(e), event->state);
    SY_TRY(first_difference(&c, reterr));
    return rules_effect_commit(state, e);
}

/* ---- on and on ---- */

struct rules_replayer {
    struct rules_state *state;
    struct rules_effect *effect;
    struct sy_arena arena;
    struct plans_met *met;
};

struct rules_replayer *rules_replayer_new(struct rules_state *state)
{
    struct rules_replayer *r = calloc(1, sizeof(*r));
    struct rules_effect *e = effect_alloc();
    struct plans_met *met = plans_met_new();
    if (r == NULL || e == NULL || met == NULL || !sy_ok(rules_state_remember(state))) {
        free(r);
        rules_effect_free(e);
        plans_met_free(met);
        return NULL;
    }
    *r = (struct rules_replayer){
        .state = state, .effect = e, .arena = {.ceiling = EFFECT_WORK_BYTES}, .met = met};
    return r;
}

void rules_replayer_free(struct rules_replayer *r)
{
    if (r == NULL) {
        return;
    }
    state_pieces(r->state, NULL);
    rules_effect_free(r->effect);
    plans_met_free(r->met);
    sy_arena_deinit(&r->arena);
    free(r);
}

void rules_replayer_pieces(struct rules_replayer *r, const struct rules_pieces *from)
{
    state_pieces(r->state, from);
}

/* What these rules would have refused to log at all. */
static void differ_request(struct compare *c, const struct sy_error *why,
                           const struct sy_event *event)
{
    char want[TEXT_BYTES];
    char type[TEXT_BYTES];
    (void)snprintf(want, sizeof(want), "no entry (%s: %.200s)", sy_code_name(why->code),
                   why->reason);
    sy_view_to_cstr(event->type, type, sizeof(type));
    differ(c, why->field[0] != '\0' ? why->field : "request", want, type);
}

static void seal_worked(struct rules_seal *seal)
{
    seal->worked = true;
    seal->differs = memcmp(seal->digest, seal->claimed, sizeof(seal->digest)) != 0;
}

/* What the log claims of the state, still to be compared, and the rows that go into it. One event may rewrite every
 * row there is, and the next one may again, while a seal keeps what was replaced alive: so only few bytes are held,
 * and what is not is worked out at once. */
static sy_status seal_and_commit(struct rules_replayer *r, const struct sy_event *event,
                                 struct sy_arena *arena, struct rules_seal *ret)
{
    struct rules_seal seal = {0};
    memcpy(seal.before, rules_state_digest(r->state), 32);
    memcpy(seal.claimed, event->state, 32);
    if (arena != NULL && effect_bytes(r->effect) <= SEAL_HELD_MAX) {
        seal.rows = effect_hold(r->effect, arena, &seal.n);
    }
    if (seal.rows == NULL) {
        effect_seal(r->effect, seal.before, seal.digest);
        seal_worked(&seal);
    }
    sy_status s = rules_effect_commit(r->state, r->effect);
    if (!sy_ok(s)) {
        rules_seal_release(&seal);
        return s;
    }
    *ret = seal;
    return SY_OK;
}

static sy_status go_on(struct rules_replayer *r, const struct sy_event *event,
                       const struct rules_request *request, uint64_t entry, struct sy_arena *arena,
                       struct rules_seal *ret, struct compare *c, struct sy_error *err)
{
    struct sy_error why = {0};
    sy_status s = effect_fold(r->effect, r->state, event, request, entry, &r->arena, &why);
    if (sy_ok(s)) {
        s = seal_and_commit(r, event, arena, ret);
    } else if (s.code != SY_E_NO_MEMORY) {
        differ(c, "state", "an event that can follow the state before it", why.reason);
        rules_state_set_digest(r->state, event->state);
        return SY_OK;
    }
    return sy_ok(s) ? s : sy_fail(err, s.code, NULL, NULL);
}

void rules_replayer_ask(const struct rules_replayer *r, const struct sy_event *event,
                        const struct rules_request *req, struct sy_arena *arena,
                        struct rules_facts *facts)
{
    const bool run = facts->args != NULL && sy_view_is(req->header.method, "model.run");
    const struct sy_plan *plan = run ? plans_met_find(r->met, req->header.subject) : NULL;
    const struct question q = {req, plan, facts->args, event->inputs.data, event->inputs.n_data};
    if (plan == NULL || !sy_ok(question_asked(&q, arena, &facts->asked, NULL))) {
        facts->asked = NULL; /* then it is worked out in its turn, and refused with its words */
    }
}

/* A run whose question nobody could work out beforehand: so it is the first of its model. */
static void meet(struct rules_replayer *r, const struct rules_request *req)
{
    const struct rules_facts *f = req->facts;
    const bool new = f != NULL && f->args != NULL &&
                     f->asked == NULL &&sy_view_is(req->header.method, "model.run");
    const struct rules_model *m = new ? model_kept(r->state, req->header.subject) : NULL;
    if (m != NULL) {
        plans_met_add(r->met, req->header.subject, m->row.plan);
    }
}

void rules_replayer_expect(struct rules_replayer *r, const struct rules_request *const *requests,
                           size_t n)
{
    struct sy_view keys[2 * EXPECT_MAX];
    size_t n_keys = 0;
    for (size_t i = 0; i < n && i < EXPECT_MAX; i++) {
        const struct rules_facts *f = requests[i]->facts;
        if (f != NULL && f->nonce != NULL) {
            keys[n_keys++] = rules_key_view(f->nonce);
        }
        if (f != NULL && f->asked != NULL) {
            keys[n_keys++] = rules_key_view(&f->asked->key);
        }
        meet(r, requests[i]);
    }
    state_warm(r->state, keys, n_keys);
}

void rules_seal_work(struct rules_seal *seal)
{
    if (seal->rows != NULL) {
        effect_digest(seal->before, seal->rows, seal->n, seal->digest);
        seal_worked(seal);
    }
}

void rules_seal_release(struct rules_seal *seal)
{
    if (seal->rows != NULL) {
        effect_release(seal->rows, seal->n);
        seal->rows = NULL;
    }
}

void rules_seal_tell(struct rules_seal *seal, rules_difference_fn *tell, void *ctx)
{
    if (!seal->worked) {
        rules_seal_work(seal);
    }
    struct compare c = {.tell = tell, .ctx = ctx};
    if (seal->worked && seal->differs) {
        compare_state(&c, seal->digest, seal->claimed);
    }
}

sy_status rules_replayer_fold(struct rules_replayer *r, const struct sy_event *event,
                              const struct rules_request *request, uint64_t entry,
                              struct sy_arena *arena, struct rules_seal *ret,
                              rules_difference_fn *tell, void *ctx, struct sy_error *reterr)
{
    struct sy_error why = {0};
    struct compare c = {.tell = tell, .ctx = ctx};
    *ret = (struct rules_seal){0};
    sy_arena_clear(&r->arena);
    sy_status s = redecide(r->state, event, request, &r->arena, &c, &why);
    if (s.code == SY_E_NO_MEMORY) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    if (!sy_ok(s)) {
        differ_request(&c, &why, event);
    }
    return go_on(r, event, request, entry, arena, ret, &c, reterr);
}

sy_status rules_replayer_next(struct rules_replayer *r, const struct sy_event *event,
                              const struct rules_request *request, uint64_t entry,
                              rules_difference_fn *tell, void *ctx, struct sy_error *reterr)
{
    struct rules_seal seal;
    SY_TRY(rules_replayer_fold(r, event, request, entry, NULL, &seal, tell, ctx, reterr));
    rules_seal_tell(&seal, tell, ctx); /* it holds nothing */
    return SY_OK;
}
