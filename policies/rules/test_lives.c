/* See test_lives.h: scenes, models, runs, supervision, time, and bytes that are no request. */
#include "test_lives.h"
#include "test_catalogue_kit.h"
#include "test_qualify_kit.h"
#include "test_scheme_scene_kit.h"
#include "test_supervise_kit.h"

#include <string.h>

enum { DAY = LIVES_DAY };

static uint64_t draw(struct gen *g)
{
    uint64_t z = (g->rng += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t below(struct gen *g, uint64_t n)
{
    return draw(g) % n;
}

bool chance(struct gen *g, uint64_t percent)
{
    return below(g, 100) < percent;
}

const char *by(struct gen *g, size_t party)
{
    return g->o.parties[chance(g, 4) ? below(g, g->o.n_parties) : party];
}

/* ---- scenes ---- */

static struct or_grant *grant_of(struct gen *g, size_t developer)
{
    for (size_t i = g->o.n_grants; i > 0; i--) {
        if (g->o.grants[i - 1].developer == developer) {
            return &g->o.grants[i - 1];
        }
    }
    return NULL;
}

void act(struct gen *g, const char *party, const char *method, const struct sy_desc *desc,
         const void *args, const uint8_t *grant, const uint8_t *subject, struct sy_inputs in)
{
    g->k.extra = in;
    (void)kit_call(&g->k, party, method, desc, args, grant, subject);
    g->k.extra = (struct sy_inputs){0};
}

static void apply_for_scene(struct gen *g, size_t developer)
{
    static const int64_t days[] = {1, 30, 200, 900};
    if (g->o.n_grants + 2 >= OR_MANY) {
        return;
    }
    struct sy_proposal *p = scene_proposal(&g->k);
    p->developer = V(g->o.parties[developer]);
    p->scene =
        V(sy_arena_printf(&g->k.arena, "%s.%u", g->o.parties[developer], (unsigned)below(g, 6)));
    p->calls = 50;
    p->delta = 0;
    p->rho = 20000000;
    p->not_before = g->k.time + (chance(g, 5) ? 10 * DAY : 0);
    p->not_after = g->k.time + PICK(g, days) * DAY;
    p->n_datasets = chance(g, 70) ? 2 : 4; /* the plan reads the first two */
    act(g, by(g, developer), "scene.apply", &sy_proposal_desc, p, NULL, NULL,
        (struct sy_inputs){0});
}

static void review(struct gen *g, size_t party, const char *method, const struct or_grant *a)
{
    static const char *const words[] = {"reject", "return"};
    const struct sy_review r = scene_words(chance(g, 96) ? "approve" : PICK(g, words));
    const struct sy_inputs in = {.share_ok =
                                     strcmp(method, "scene.final_review") == 0 && !chance(g, 4)};
    act(g, by(g, party), method, &sy_review_desc, &r, a->id, NULL, in);
}

static void next_review(struct gen *g, const struct or_grant *a)
{
    static const unsigned owners = 1U << OR_HEALTH | 1U << OR_CLINIC;
    static const size_t both[] = {OR_HEALTH, OR_CLINIC};
    uint64_t skip = below(g, 100);
    bool rude = a->id[0] % 8 == 0 && skip < 90; /* of some, nobody makes the first review */
    if (skip < 6 || (rude && skip < 30) || (a->first && (a->consents & owners) == owners)) {
        review(g, OR_AGENCY, "scene.final_review", a);
    } else if (!rude && !a->first && skip > 12) {
        review(g, OR_OPERATOR, "scene.first_review", a);
    } else {
        size_t owner = (a->consents & 1U << OR_HEALTH) != 0 ? OR_CLINIC : OR_HEALTH;
        review(g, rude ? PICK(g, both) : owner, "scene.consent", a);
    }
}

static void order(struct gen *g, size_t party, const char *method, const uint8_t id[32])
{
    static const char *const grounds[] = {"incident", "incident", "request"};
    const struct sy_order o = {.ground = V(PICK(g, grounds))};
    const struct sy_inputs in = {.share_ok = strcmp(method, "scene.resume") == 0};
    act(g, by(g, party), method, &sy_order_desc, &o, id, NULL, in);
}

static void start_again(struct gen *g, const struct or_grant *a)
{
    unsigned others = a->holds & ~(1U << OR_AGENCY);
    for (size_t p = 0; others != 0 && p < g->o.n_parties; p++) {
        if ((others & 1U << p) != 0 && !chance(g, 20)) {
            order(g, p, "scene.lift", a->id);
            return;
        }
    }
    order(g, OR_AGENCY, "scene.resume", a->id);
}

/* ---- models and runs ---- */

static struct sy_plan *small_plan(struct kit *k)
{
    struct sy_plan *p = kit_plan(k);
    p->blocks[0].rho = 1000000;
    return p;
}

static void register_model(struct gen *g, size_t developer, const uint8_t grant[32])
{
    struct sy_model_def *d = kit_model_def(&g->k);
    if (g->o.n_models + 2 >= OR_MANY) {
        return;
    }
    d->blocks[0].rho = 1000000;
    d->name = V(sy_arena_printf(&g->k.arena, "model.%u", (unsigned)g->k.nonce));
    const struct sy_inputs in = {.plan = kit_encode(&g->k, &sy_plan_desc, small_plan(&g->k))};
    act(g, by(g, developer), "model.register", &sy_model_def_desc, d, grant, NULL, in);
}

static const struct or_model *model_of(struct gen *g, const uint8_t grant[32])
{
    for (size_t i = g->o.n_models; i > 0; i--) {
        if (memcmp(g->o.models[i - 1].grant, grant, 32) == 0) {
            return &g->o.models[i - 1];
        }
    }
    return NULL;
}

static void run(struct gen *g, size_t developer, const uint8_t grant[32], const uint8_t model[32])
{
    static const char *const ages[] = {"18", "40", "60", "75", "80", "85", "90", "95"};
    struct sy_run_param param = {.name = V("min_age"), .value = V(PICK(g, ages))};
    const struct sy_run args = {.params = &param, .n_params = 1};
    struct sy_inputs in = {0};
    memset(in.salt, (int)below(g, 250) + 1, 32);
    check_ok(
        rules_run_data(g->k.state, small_plan(&g->k), &g->k.arena, &in.data, &in.n_data, NULL));
    act(g, by(g, developer), "model.run", &sy_run_desc, &args, grant, model, in);
}

static void use_grant(struct gen *g, size_t developer, const struct or_grant *a)
{
    const struct or_model *m = model_of(g, a->id);
    if (m == NULL) {
        register_model(g, developer, a->id);
    } else if (!m->reviewed && !chance(g, 10)) {
        const struct sy_review r = scene_words(chance(g, 95) ? "approve" : "reject");
        act(g, by(g, OR_OPERATOR), "model.review", &sy_review_desc, &r, NULL, m->id,
            (struct sy_inputs){0});
    } else if (chance(g, 80)) {
        sell(g, a, m);
    } else {
        run(g, developer, a->id, m->id);
    }
}

/* ---- supervision ---- */

static struct or_order *closing_order(struct gen *g)
{
    for (size_t i = 0; i < g->o.n_orders; i++) {
        if (g->o.orders[i].closes) {
            return &g->o.orders[i];
        }
    }
    return NULL;
}

static void settle_order(struct gen *g, const struct or_order *r)
{
    uint64_t what = below(g, 10);
    if (what < 2) {
        (void)sup_order_cancel(&g->k, r->entry);
    } else if (r->reported == 0) {
        (void)sup_order_mend(&g->k, by(g, r->party), r->entry);
    } else {
        (void)sup_order_mended(&g->k, by(g, r->by), r->entry, what < 9 ? "accept" : "reject");
    }
}

static void report_incident(struct gen *g)
{
    struct sy_affected a = {0};
    struct sy_view grant;
    struct sy_view set = V("events");
    const struct or_grant *of = grant_of(g, OR_ACME);
    uint64_t what = below(g, 3);
    if (what == 0) {
        a.all = true;
    } else if (what == 1) {
        a.datasets = &set;
        a.n_datasets = 1;
    } else if (of != NULL) {
        grant = sy_view(of->id, 32);
        a.grants = &grant;
        a.n_grants = 1;
    }
    (void)sup_incident(&g->k, g->o.parties[below(g, g->o.n_parties)], &a, g->k.time);
}

static void stop_something(struct gen *g)
{
    if (g->o.n_grants > 0) {
        const struct or_grant *a =
            &g->o.grants[g->o.n_grants - 1 - below(g, g->o.n_grants > 1 ? 2 : 1)];
        order(g, below(g, g->o.n_parties), chance(g, 92) ? "scene.suspend" : "scene.revoke", a->id);
    }
}

static void end_agreement(struct gen *g)
{
    static const char *const grounds[] = {"request", "violation", "policy"};
    if (g->o.n_agreements > 0 && chance(g, 25)) {
        const struct or_agreement *a = &g->o.agreements[below(g, g->o.n_agreements)];
        (void)qk_end(&g->k, by(g, chance(g, 50) ? OR_AGENCY : a->grantee), a->id, PICK(g, grounds));
    }
}

static void take_back_offer(struct gen *g)
{
    static const char *const sets[] = {"persons", "events", "births", "streets"};
    const struct sy_dataset_ref a = {.dataset = V(PICK(g, sets))};
    act(g, by(g, OR_OPERATOR), "catalog.unoffer", &sy_dataset_ref_desc, &a, NULL, NULL,
        (struct sy_inputs){0});
}

static void object(struct gen *g)
{
    if (g->o.n_applications > 0) {
        const struct or_application *q = &g->o.applications[g->o.n_applications - 1];
        if (q->objections < LEN(q->open)) {
            (void)qk_object(&g->k, g->o.parties[below(g, g->o.n_parties)], q->id,
                            chance(g, 20) ? "a citizen" : "");
        }
    }
}

static void order_correction(struct gen *g)
{
    static const size_t parties[] = {OR_ACME, OR_RIVAL, OR_ACME, OR_RIVAL, OR_OPERATOR};
    if (g->o.n_orders + 2 < OR_MANY) {
        (void)sup_order(&g->k, by(g, OR_AGENCY), g->o.parties[PICK(g, parties)], "harm");
    }
}

static void disturb(struct gen *g)
{
    static void (*const acts[])(struct gen *) = {stop_something, stop_something,  stop_something,
                                                 end_agreement,  report_incident, take_back_offer,
                                                 object,         order_correction};
    PICK(g, acts)(g);
}

static void pass_time(struct gen *g)
{
    static const int64_t spans[] = {60, 3600, DAY, DAY, 3 * DAY, 10 * DAY, 40 * DAY, 370 * DAY};
    int64_t most = PICK(g, spans);
    g->k.time += (int64_t)below(g, (uint64_t)most) + 1;
}

/* ---- bytes ---- */

/* Arguments of something that happened, for a method that they may not be of, with or without a bit flipped. */
static void garbage(struct gen *g)
{
    struct sy_event e;
    size_t n = 0;
    while (rules_method_at(n) != NULL) {
        n++;
    }
    const struct rules_method *m = rules_method_at(below(g, n));
    const char *party = g->o.parties[below(g, g->o.n_parties)];
    if ((m->flags & (RULES_M_WARDEN | RULES_M_NEW)) != 0) {
        return; /* the warden's own acts are no stranger's; who is new is not in the log */
    }
    check_ok(sy_record_decode(&sy_event_desc, g->k.events[below(g, g->k.entry)], &SY_MP_LARGE,
                              &g->k.arena, &e, NULL));
    struct rules_request *r = kit_request(&g->k, party, m->name, NULL, NULL);
    struct rules_request other;
    check_ok(rules_request_of_event(&e, &g->k.arena, &other, NULL));
    size_t size = other.args.n;
    uint8_t *bytes = kit_alloc(&g->k, size + 1, 1);
    memcpy(bytes, size > 0 ? other.args.p : bytes, size);
    if (size > 0 && chance(g, 60)) {
        bytes[below(g, size)] ^= (uint8_t)(1U << below(g, 8));
    }
    r->args = sy_view(bytes, chance(g, 20) ? below(g, size + 1) : size);
    memcpy(r->header.grant, other.header.grant, 32);
    memcpy(r->header.subject, other.header.subject, 32);
    proof_args_digest(r->header.body, r->salt, r->args, r->secret_digest);
    kit_sign(&g->k, r, kit_party(&g->k, party));
    (void)kit_send(&g->k, r);
}

/* ---- one step ---- */

static bool unoffered(struct gen *g, size_t *ret)
{
    for (*ret = 0; *ret < OR_SETS; (*ret)++) {
        if (!g->o.offered[*ret]) {
            return true;
        }
    }
    return false;
}

static bool lapsed(const struct gen *g, const struct or_grant *a)
{
    return a->over || a->ended || g->k.time > a->not_after || (!a->told && g->k.time > a->due);
}

static bool covered(const struct gen *g, size_t developer, int64_t until)
{
    bool any = false;
    for (size_t i = 0; i < g->o.n_agreements; i++) {
        const struct or_agreement *a = &g->o.agreements[i];
        any =
            any || (a->grantee == developer && a->told_filed && !a->ended && until <= a->not_after);
    }
    return any;
}

static void advance(struct gen *g, size_t developer)
{
    static const char *const sets[] = {"persons", "events", "births", "streets"};
    const int64_t soon = g->k.time + 2 * DAY;
    const struct or_grant *a = grant_of(g, developer);
    struct or_order *closing = closing_order(g);
    size_t set;
    if (closing != NULL && chance(g, 50)) {
        settle_order(g, closing);
    } else if (whole_of(g) == NULL || whole_of(g)->not_after < soon) {
        qualify(g, OR_OPERATOR);
    } else if (!covered(g, developer, soon) && !chance(g, 3)) {
        qualify(g, developer);
    } else if (unoffered(g, &set)) {
        (void)cat_offer(&g->k, sets[set]);
    } else if (a == NULL || lapsed(g, a) || a->runs >= 4) {
        apply_for_scene(g, developer);
    } else if (!a->told) {
        next_review(g, a);
    } else if (a->stopped && !chance(g, 10)) {
        start_again(g, a);
    } else {
        use_grant(g, developer, a);
    }
}

/* One of the last few. */
static size_t recent(struct gen *g, size_t n)
{
    return n - 1 - below(g, n < 4 ? n : 4);
}

static void run_something(struct gen *g, size_t developer)
{
    const struct or_model *m = &g->o.models[recent(g, g->o.n_models)];
    const struct or_grant *a = &g->o.grants[recent(g, g->o.n_grants)];
    const struct or_grant *own = oracle_grant(&g->o, m->grant);
    run(g, own == NULL ? developer : own->developer, chance(g, 80) ? m->grant : a->id, m->id);
}

/* Whatever the order: a run, a review, a start, a scene, of anything that is there. */
static void skip_ahead(struct gen *g)
{
    size_t developer = chance(g, 50) ? OR_ACME : OR_RIVAL;
    uint64_t what = below(g, 100);
    if (what < 8) {
        call_something(g);
    } else if (what < 22 || g->o.n_grants == 0) {
        apply_for_scene(g, developer);
    } else if (what < 45 && g->o.n_models > 0) {
        run_something(g, developer);
    } else {
        const struct or_grant *a = &g->o.grants[recent(g, g->o.n_grants)];
        what < 60   ? next_review(g, a)
        : what < 70 ? start_again(g, a)
                    : use_grant(g, a->developer, a);
    }
}

void step(struct gen *g)
{
    uint64_t what = below(g, 100);
    if (what < 66) {
        advance(g, what % 3 == 0 ? OR_RIVAL : OR_ACME);
    } else if (what < 84) {
        skip_ahead(g);
    } else if (what < 90) {
        disturb(g);
    } else if (what < 94) {
        pass_time(g);
    } else {
        garbage(g);
    }
}
