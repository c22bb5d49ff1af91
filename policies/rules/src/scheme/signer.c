/*
 * Who signed a request of a party that has staff, and whether they may. Called by ../envelope.c at the three places
 * where a party without staff is judged by its one key.
 *
 * Order matters as there: which keys count, their certificate and their signatures come before anything that is logged;
 * duty, training and the second person after it, so that who tried what is on record.
 * Source: scheme articles 10, 24, 25.
 */
#include "staff.h"

#include "proof/envelope.h"

sy_status staff_terms(const struct rules_state *s, struct sy_arena *arena,
                      const struct sy_pack_staff **ret, struct sy_error *err)
{
    struct sy_view value;
    *ret = NULL;
    if (!rules_state_get(s, sy_view_str("pack"), &value)) {
        return SY_OK;
    }
    struct sy_pack *pack = sy_arena_alloc(arena, 1, sizeof(*pack));
    if (pack == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(pack_read(s, arena, pack, err));
    *ret = scheme_staff(pack);
    return SY_OK;
}

/* ---- which keys count ---- */

static void signer_fill(struct signer *to, const struct sy_party *party, const struct sy_staff *m)
{
    memcpy(to->sign, m == NULL ? party->sign : m->sign, 32);
    memcpy(to->box, m == NULL ? party->box : m->box, 32);
    memcpy(to->tls, m == NULL ? party->tls : m->tls, 32);
    to->member = m;
}

static bool has_key(const struct signers *k, const uint8_t key[32])
{
    for (size_t i = 0; i < k->n; i++) {
        if (memcmp(k->of[i].sign, key, 32) == 0) {
            return true;
        }
    }
    return false;
}

sy_status signers_read(const struct rules_state *s, const struct sy_party *party,
                       const struct sy_signature *sigs, size_t n_sigs, struct sy_arena *arena,
                       struct signers **ret, struct sy_error *err)
{
    struct signers *k = sy_arena_alloc(arena, 1, sizeof(*k));
    *ret = k;
    if (k == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    *k = (struct signers){0};
    SY_TRY(staff_terms(s, arena, &k->terms, err));
    for (size_t i = 0; i < n_sigs && k->n < SIGNERS_MAX; i++) {
        const struct sy_staff *m = NULL;
        bool own = memcmp(sigs[i].key, party->sign, 32) == 0;
        if (!own && k->terms != NULL) {
            SY_TRY(member_of_key(s, party->party, sigs[i].key, arena, &m, &k->stopped, err));
        }
        if ((own || m != NULL) && !has_key(k, sigs[i].key)) {
            signer_fill(&k->of[k->n++], party, m);
        }
    }
    return SY_OK;
}

/* ---- before anything is logged ---- */

sy_status staff_signer(struct ask *c)
{
    struct signers *k;
    SY_TRY(signers_read(c->state, &c->party, c->req->sigs, c->req->n_sigs, c->arena, &k, c->err));
    if (k->n == 0) {
        return k->stopped ? sy_fail(c->err, SY_E_PARTY, "sigs",
                                    "the member's enrolment was revoked, or has other keys now")
                          : sy_fail(c->err, SY_E_UNSIGNED, "sigs",
                                    "no key of the party or of its staff has signed this");
    }
    bool bound = is_zero32(c->in->tls) || memcmp(c->in->tls, k->of[0].tls, 32) == 0;
    if (!control(RULES_CTL_CERTIFICATE, bound)) {
        return sy_fail(c->err, SY_E_PARTY, "tls",
                       "the connection's certificate is not that of the key which signed first");
    }
    c->signers = k;
    c->staff = k->of[0].member;
    return SY_OK;
}

/* Once enrolled, the same envelope is a known member's, and has its recorded outcome. */
sy_status staff_newcomer(struct ask *c)
{
    struct signers *k;
    SY_TRY(signers_read(c->state, &c->party, c->req->sigs, c->req->n_sigs, c->arena, &k, c->err));
    c->known = k->n > 0;
    return c->known ? staff_signer(c) : SY_OK;
}

sy_status staff_signature(struct ask *c)
{
    for (size_t i = 0; i < c->signers->n; i++) {
        SY_TRY(signature_by(c, c->signers->of[i].sign));
    }
    return SY_OK;
}

/* ---- duties, training, two persons ---- */

/* Sound people, by article 25. */
static sy_status member_fit(const struct sy_staff *m, const struct sy_pack_staff *terms,
                            int64_t now, struct sy_error *err)
{
    bool asked = terms->training_days > 0;
    if (!control(RULES_CTL_STAFF_TRAINED, !asked || m->trained_until >= now)) {
        return sy_fail(err, SY_E_DENIED, "staff.trained_until",
                       "the member has no valid training: the security administrator records it");
    }
    if (!control(RULES_CTL_STAFF_CONFIDENTIAL, !asked || !is_zero32(m->confidential))) {
        return sy_fail(err, SY_E_DENIED, "staff.confidential",
                       "no confidentiality agreement of the member is on file");
    }
    return SY_OK;
}

sy_status member_may(const struct sy_staff *m, const struct sy_pack_staff *terms,
                     const char *duties, int64_t now, struct sy_error *err)
{
    bool mixed = terms->separated && duties_mixed(m->duties, m->n_duties);
    bool business = false;
    if (strcmp(duties, "*") == 0) {
        return SY_OK;
    }
    for (size_t i = 0; i < m->n_duties; i++) {
        bool is_business = sy_view_is(m->duties[i], "business");
        bool counts = is_business || control(RULES_CTL_STAFF_SEPARATED, !mixed);
        if (counts && word_in(m->duties[i], duties)) {
            if (!is_business) {
                return SY_OK;
            }
            business = true;
        }
    }
    if (!control(RULES_CTL_STAFF_DUTY, business)) {
        return sy_fail(err, SY_E_ROLE, "staff.duties", "this needs one of the duties: %s", duties);
    }
    return business ? member_fit(m, terms, now, err) : SY_OK;
}

static bool two_person(const struct ask *c, const struct sy_pack_staff *terms)
{
    return view_in(c->req->header.method, terms->two_person, terms->n_two_person);
}

/* Two people, or one and the party's own key: the key alone is nobody. */
static sy_status both_may(struct ask *c, const struct duty *d)
{
    const struct signers *k = c->signers;
    if (!control(RULES_CTL_TWO_PERSON, k->n == 2)) {
        return sy_fail(c->err, SY_E_UNSIGNED, "sigs",
                       "the pack asks for two of the party's people under this");
    }
    for (size_t i = 0; i < k->n; i++) {
        const struct sy_staff *m = k->of[i].member;
        SY_TRY(m == NULL ? SY_OK : member_may(m, k->terms, d->duties, c->in->time, c->err));
    }
    return SY_OK;
}

/* A party without staff has no second person. What comes with every run is never such an act: nothing is read for it. */
static sy_status alone_may(struct ask *c)
{
    const struct sy_pack_staff *terms;
    if (!duty_may_need_two(c->method)) {
        return SY_OK;
    }
    SY_TRY(staff_terms(c->state, c->arena, &terms, c->err));
    bool asked = terms != NULL && two_person(c, terms);
    return control(RULES_CTL_TWO_PERSON, !asked)
               ? SY_OK
               : sy_fail(c->err, SY_E_UNSIGNED, "sigs",
                         "the pack asks for two of the party's people: enrol them first");
}

sy_status staff_gate(struct ask *c)
{
    const struct signers *k = c->signers;
    if (k == NULL) {
        return alone_may(c);
    }
    if (k->terms == NULL || (c->method->pub.flags & RULES_M_NEW) != 0) {
        return SY_OK; /* whoever enrols again is told that they are enrolled, whatever their duties */
    }
    const struct duty *d = duty_of(c->req->header.method);
    if (two_person(c, k->terms)) {
        return both_may(c, d);
    }
    if (k->of[0].member != NULL) {
        return member_may(k->of[0].member, k->terms, d->duties, c->in->time, c->err);
    }
    return control(RULES_CTL_STAFF_DUTY, d->own)
               ? SY_OK
               : sy_fail(c->err, SY_E_ROLE, "sigs",
                         "the party has staff: its own key only signs for keys and staff");
}

/* ---- on the way back, and beside requests ---- */

bool rules_reply_box(const struct rules_state *s, const struct rules_request *r,
                     struct sy_arena *arena, uint8_t ret[32])
{
    struct rules_key key = rules_key_id("party/", r->header.party);
    struct sy_party p;
    struct signers *k;
    if (!sy_ok(rules_state_read(s, rules_key_view(&key), &sy_party_desc, arena, &p, NULL))) {
        return false;
    }
    if (!p.staff) {
        memcpy(ret, p.box, 32);
        return true;
    }
    if (!sy_ok(signers_read(s, &p, r->sigs, r->n_sigs, arena, &k, NULL)) || k->n == 0) {
        return false;
    }
    memcpy(ret, k->of[0].box, 32);
    return true;
}

sy_status party_vouches(struct ask *c, const struct sy_party *p, const char *duties, vouch_fn *f,
                        void *ctx)
{
    const struct sy_pack_staff *terms = NULL;
    struct rules_key prefix = rules_key_staff(p->party, (struct sy_view){0});
    struct sy_view key = {0}, value;
    if (p->staff) {
        SY_TRY(staff_terms(c->state, c->arena, &terms, c->err));
    }
    if (terms == NULL) {
        return f(ctx, p->sign);
    }
    sy_status s = sy_fail(c->err, SY_E_SIGNATURE, "sig", "none of the party's staff has signed");
    while (!sy_ok(s) && rules_state_next(c->state, rules_key_view(&prefix), key, &key, &value)) {
        struct sy_staff m;
        SY_TRY(rules_state_read(c->state, key, &sy_staff_desc, c->arena, &m, c->err));
        if (sy_view_is(m.status, "active") &&
            sy_ok(member_may(&m, terms, duties, c->in->time, NULL))) {
            s = f(ctx, m.sign);
        }
    }
    return s;
}

/* ---- nobody reviews what they filed ---- */

/* Is it one of those who signed, first or second? Empty: the party's own key. */
static bool is_signer(const struct ask *c, struct sy_view id)
{
    for (size_t i = 0; c->signers != NULL && i < c->signers->n; i++) {
        const struct sy_staff *m = c->signers->of[i].member;
        if (sy_view_eq(id, m == NULL ? (struct sy_view){0} : m->id)) {
            return true;
        }
    }
    return c->signers == NULL && id.n == 0;
}

sy_status own_filing(struct ask *c, struct sy_view party, struct sy_view filed_by)
{
    const struct sy_pack_staff *terms;
    if (!sy_view_eq(party, c->party.party)) {
        return SY_OK;
    }
    SY_TRY(staff_terms(c->state, c->arena, &terms, c->err));
    bool own = terms != NULL && is_signer(c, filed_by);
    return control(RULES_CTL_OWN_FILING, !own)
               ? SY_OK
               : sy_fail(c->err, SY_E_ROLE, "staff.id", "nobody reviews what they filed");
}

sy_status change_member(struct change *x, struct sy_view *ret_id)
{
    struct sy_party p;
    struct signers *k;
    *ret_id = (struct sy_view){0};
    SY_TRY(party_active(x->state, x->req->header.party, x->arena, &p, x->err));
    if (!p.staff) {
        return SY_OK;
    }
    SY_TRY(signers_read(x->state, &p, x->req->sigs, x->req->n_sigs, x->arena, &k, x->err));
    if (k->n > 0 && k->of[0].member != NULL) {
        *ret_id = k->of[0].member->id;
    }
    return SY_OK;
}
