/* See test_oracle.h. One function a method that matters; what a function does not say does not matter here. */
#include "test_oracle_see.h"

static const struct {
    const char *name;
    unsigned department;
} SETS[OR_SETS] = {
    {"persons", OR_HEALTH}, {"events", OR_CLINIC}, {"births", OR_CLINIC}, {"streets", OR_HEALTH}};

/* ---- time ---- */

static int64_t local_day(int64_t t)
{
    int64_t local = t + ZONE_S;
    return local >= 0 ? local / DAY_S : -((-local + DAY_S - 1) / DAY_S);
}

static bool works(int64_t day)
{
    int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday; Monday is 0 */
    return weekday < 5 && day != OR_HOLIDAY;
}

int64_t oracle_deadline(int64_t from, unsigned n)
{
    int64_t day = local_day(from);
    while (n > 0) {
        day++;
        n -= works(day) ? 1 : 0;
    }
    return (day + 1) * DAY_S - ZONE_S - 1;
}

static bool leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t years_later(int64_t t, int years)
{
    int64_t day = local_day(t);
    int64_t year = 1970, start = 0;
    while (start + (leap(year) ? 366 : 365) <= day) {
        start += leap(year) ? 366 : 365;
        year++;
    }
    int64_t in_year = day - start;
    int64_t february_end = 31 + 28; /* number of 29 February, or of 1 March where there is none */
    int64_t to = start;
    for (int64_t y = year; y < year + years; y++) {
        to += leap(y) ? 366 : 365;
    }
    if (in_year >= february_end) {
        in_year += (leap(year + years) ? 1 : 0) - (leap(year) ? 1 : 0);
    }
    return t + (to + in_year - day) * DAY_S;
}

/* ---- lists ---- */

void *oracle_find(void *list, size_t n, size_t size, const uint8_t id[32])
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *one = (uint8_t *)list + i * size;
        if (memcmp(one, id, 32) == 0) {
            return one;
        }
    }
    return NULL;
}

size_t oracle_party(const struct oracle *o, struct sy_view id)
{
    size_t i = 0;
    while (i < o->n_parties && !sy_view_is(id, o->parties[i])) {
        i++;
    }
    return i;
}

unsigned set_of(struct sy_view dataset)
{
    for (unsigned i = 0; i < OR_SETS; i++) {
        if (sy_view_is(dataset, SETS[i].name)) {
            return 1U << i;
        }
    }
    return 0;
}

unsigned departments(unsigned sets)
{
    unsigned all = 0;
    for (unsigned i = 0; i < OR_SETS; i++) {
        all |= (sets & 1U << i) != 0 ? 1U << SETS[i].department : 0;
    }
    return all;
}

struct or_grant *oracle_grant(struct oracle *o, const uint8_t id[32])
{
    return FIND(o, grants, id);
}

bool oracle_closed(const struct oracle *o, size_t party)
{
    for (size_t i = 0; i < o->n_orders; i++) {
        if (o->orders[i].closes && o->orders[i].party == party) {
            return true;
        }
    }
    return false;
}

/* ---- an accepted request ---- */

static const struct {
    const char *method;
    void (*see)(const struct seen *s);
} METHODS[] = {
    {"agreement.accept", see_accept},
    {"agreement.file", see_file},
    {"agreement.offer", see_offer},
    {"agreement.terminate", see_terminate},
    {"catalog.offer", see_offered},
    {"catalog.unoffer", see_unoffered},
    {"grant.expire", see_end},
    {"incident.report", see_incident},
    {"incident.update", see_update},
    {"model.register", see_register},
    {"model.review", see_model},
    {"model.run", see_run},
    {"order.cancel", see_cancel},
    {"product.submit", see_submit},
    {"product.report", see_report},
    {"product.review", see_product_review},
    {"product.publish", see_publish},
    {"product.register", see_codes},
    {"product.subscribe", see_subscribe},
    {"product.unsubscribe", see_unsubscribe},
    {"product.withdraw", see_product_end},
    {"order.correct", see_correct},
    {"order.mend", see_mend},
    {"order.mended", see_mended},
    {"qualify.announce", see_announce},
    {"qualify.apply", see_apply},
    {"qualify.decide", see_decide},
    {"qualify.object", see_object},
    {"qualify.opinion", see_opinion},
    {"qualify.settle", see_settle},
    {"qualify.withdraw", see_withdraw},
    {"scene.apply", see_scene},
    {"scene.consent", see_consent},
    {"scene.final_review", see_final},
    {"scene.first_review", see_first},
    {"scene.lift", see_lift},
    {"scene.resume", see_resume},
    {"scene.revoke", see_end},
    {"scene.suspend", see_suspend},
};

void oracle_see(struct oracle *o, const struct rules_request *r, const struct sy_inputs *in,
                uint64_t entry)
{
    const struct rules_method *m = rules_method_find(r->header.method);
    struct seen s = {.o = o, .r = r, .in = in, .entry = entry, .now = in->time};
    s.party = oracle_party(o, r->header.party);
    assert_non_null(m);
    for (size_t i = 0; i < LEN(METHODS); i++) {
        if (!sy_view_is(r->header.method, METHODS[i].method)) {
            continue;
        }
        if (m->args != NULL) {
            void *args = sy_arena_alloc(&o->arena, 1, m->args->size_bytes);
            assert_non_null(args);
            check_ok(sy_record_decode(m->args, r->args, &SY_MP_REQUEST, &o->arena, args, NULL));
            s.args = args;
        }
        METHODS[i].see(&s);
    }
}

void oracle_begin(struct oracle *o)
{
    static const char *const parties[] = {"agency", "operator", "health", "clinic", "acme",
                                          "rival",  "security", "audit",  "shop"};
    memset(o, 0, sizeof(*o));
    o->arena.ceiling = (size_t)1 << 28;
    memcpy(o->parties, parties, sizeof(parties));
    o->n_parties = LEN(parties);
}

void oracle_end(struct oracle *o)
{
    sy_arena_deinit(&o->arena);
}

/* ---- the verdict ---- */

static bool counts(const struct or_agreement *a, unsigned sets, int64_t now, int64_t until)
{
    return a->filed && !a->ended && (a->sets & sets) == sets && now >= a->not_before &&
           now <= a->not_after && until <= a->not_after;
}

const char *oracle_uncovered(const struct oracle *o, size_t party, unsigned sets, int64_t now,
                             int64_t until)
{
    const char *why = "no agreement of the developer is on file, in term, over all of its data";
    for (size_t i = 0; i < o->n_agreements; i++) {
        const struct or_agreement *a = &o->agreements[i];
        if (a->grantee != party || a->whole || !counts(a, sets, now, until)) {
            continue;
        }
        for (size_t k = 0; k < o->n_agreements; k++) {
            const struct or_agreement *w = &o->agreements[k];
            if (w->whole && w->grantee == OR_OPERATOR && memcmp(w->id, a->parent, 32) == 0 &&
                counts(w, sets, now, until)) {
                return NULL;
            }
        }
        why = "the whole grant above the developer's agreement is not in force";
    }
    return why;
}

const char *oracle_forbids(const struct oracle *o, const struct sy_header *run, int64_t now)
{
    const struct or_grant *g = NULL;
    const struct or_model *m = NULL;
    size_t party = oracle_party(o, run->party);
    for (size_t i = 0; i < o->n_grants; i++) {
        g = memcmp(o->grants[i].id, run->grant, 32) == 0 ? &o->grants[i] : g;
    }
    for (size_t i = 0; i < o->n_models; i++) {
        m = memcmp(o->models[i].id, run->subject, 32) == 0 ? &o->models[i] : m;
    }
    const struct {
        bool holds;
        const char *why;
    } all[] = {
        {g != NULL && g->granted, "the chain of reviews is not complete"},
        {g != NULL && g->developer == party, "it is another developer's grant"},
        {g != NULL && now >= g->not_before && now <= g->not_after, "its term is not running"},
        {g != NULL && !g->ended, "the grant was revoked, expired or cancelled"},
        {g != NULL && !g->stopped, "the grant is suspended, and somebody holds it"},
        {party < o->n_parties && now >= o->ban_until[party], "the developer is banned"},
        {!oracle_closed(o, party) && !oracle_closed(o, OR_OPERATOR), "access is closed"},
        {m != NULL && m->reviewed, "the model was not reviewed"},
        {m != NULL && memcmp(m->grant, run->grant, 32) == 0, "the model is another scene's"},
    };
    for (size_t i = 0; i < LEN(all); i++) {
        if (!all[i].holds) {
            return all[i].why;
        }
    }
    return oracle_uncovered(o, party, g->sets, now, now);
}
