/*
 * agreement.offer, .accept, .file: the grantor writes an agreement for an approved application, the grantee signs the
 * very same bytes by their hash, with its security commitment, and the operator puts it on the agency's file, which
 * opens access. A better offer replaces one that nobody has accepted; a few times for one application, since each offer
 * stays in the ledger.
 *
 * Invariants: offered -> accepted -> filed; an application leads to at most one accepted agreement, whose prev is the
 * agreement the grantee had before.
 * Source: scheme articles 12 (5), 13 (5)(6), 31.
 */
#include "proof/ids.h"
#include "qualify.h"

enum { OFFERS_MAX = 16 }; /* for one application */

/* Is it between the two whom the application is about? */
static sy_status sides_check(struct ask *c, const struct sy_agreement *a,
                             const struct qualification *q)
{
    bool whole = sy_view_is(q->row.kind, "operator");
    if (!sy_view_is(c->party.role, whole ? "agency" : "operator") ||
        whole != is_zero32(a->parent)) {
        return sy_fail(c->err, SY_E_ROLE, "grantor",
                       "the agency grants the whole to the operator, the operator to developers");
    }
    return sy_view_eq(a->grantor, c->party.party) && sy_view_eq(a->grantee, q->row.party)
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "grantee",
                         "grantor offers, the applicant is granted");
}

/* It follows on the agreement that the grantee has, or had. */
static sy_status follows(struct ask *c, const struct sy_agreement *a)
{
    struct sy_row_standing standing;
    SY_TRY(standing_read(c->state, a->grantee, c->arena, &standing, c->err));
    return memcmp(standing.agreement, a->prev, 32) == 0
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "prev", "name the grantee's last agreement");
}

sy_status decide_agreement_offer(struct ask *c)
{
    const struct sy_agreement *a = c->args;
    struct qualify_terms t;
    struct qualification q;
    struct agreement known;
    uint8_t id[32];
    SY_TRY(qualify_terms(c->state, c->arena, &t, c->err));
    if (memcmp(a->domain, c->req->header.domain, 32) != 0) {
        return sy_fail(c->err, SY_E_FIELD, "domain", "the agreement is for another domain");
    }
    proof_agreement_id(id, c->req->args);
    if (sy_ok(agreement_read(c->state, id, c->arena, &known, NULL))) {
        return sy_fail(c->err, SY_E_EXISTS, "agreement", "this very agreement was offered before");
    }
    SY_TRY(qualification_read(c->state, a->application, c->arena, &q, c->err));
    if (!sy_view_is(q.row.status, "notice")) {
        return sy_fail(c->err, SY_E_STATE, "application", "the application is %.*s",
                       SY_PV(q.row.status));
    }
    if (q.row.offers >= OFFERS_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "application",
                       "%d agreements were offered for it: let it be withdrawn, and filed anew",
                       OFFERS_MAX);
    }
    SY_TRY(sides_check(c, a, &q));
    SY_TRY(standing_open(c, a->grantee));
    SY_TRY(follows(c, a));
    return agreement_terms(c, &t, a);
}

sy_status apply_agreement_offer(struct change *x)
{
    const struct sy_agreement *a = x->args;
    struct qualification q;
    struct agreement new = {
        .row = {.agreement = x->req->args, .entry = x->entry, .status = sy_view_str("offered")}};
    proof_agreement_id(new.id, x->req->args);
    SY_TRY(qualification_read(x->state, a->application, x->arena, &q, x->err));
    memcpy(q.row.agreement, new.id, 32);
    q.row.offers++;
    SY_TRY(qualification_put(x, &q));
    return agreement_put(x, &new);
}

/* The subject's agreement, when it is in this status. */
static sy_status agreement_is(struct ask *c, const char *status, struct agreement *ret)
{
    SY_TRY(agreement_read(c->state, c->req->header.subject, c->arena, ret, c->err));
    return word_in(ret->row.status, status)
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "agreement", "the agreement is %.*s",
                         SY_PV(ret->row.status));
}

sy_status decide_agreement_accept(struct ask *c)
{
    const struct sy_agreement_accept *a = c->args;
    struct qualify_terms t;
    struct qualification q;
    struct agreement g;
    SY_TRY(qualify_terms(c->state, c->arena, &t, c->err));
    SY_TRY(agreement_is(c, "offered", &g));
    if (!sy_view_eq(g.said.grantee, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "grantee", "the agreement is another party's");
    }
    SY_TRY(qualification_read(c->state, g.said.application, c->arena, &q, c->err));
    if (!sy_view_is(q.row.status, "notice") || memcmp(q.row.agreement, g.id, 32) != 0) {
        return sy_fail(c->err, SY_E_STATE, "agreement",
                       "another offer replaced it, or the "
                       "application ended");
    }
    SY_TRY(notice_over(c, &q));
    if (!control(RULES_CTL_COMMITMENT, !is_zero32(a->commitment))) {
        return sy_fail(c->err, SY_E_DENIED, "commitment",
                       "sign the data security commitment, and give its digest");
    }
    SY_TRY(standing_open(c, c->party.party));
    return agreement_terms(c, &t, &g.said);
}

sy_status apply_agreement_accept(struct change *x)
{
    const struct sy_agreement_accept *a = x->args;
    struct qualification q;
    struct agreement g;
    struct sy_row_standing standing;
    SY_TRY(agreement_read(x->state, x->req->header.subject, x->arena, &g, x->err));
    SY_TRY(qualification_read(x->state, g.said.application, x->arena, &q, x->err));
    SY_TRY(standing_read(x->state, g.said.grantee, x->arena, &standing, x->err));
    memcpy(g.row.commitment, a->commitment, 32);
    memcpy(standing.agreement, g.id, 32);
    g.row.status = sy_view_str("accepted");
    q.row.status = sy_view_str("agreed");
    SY_TRY(standing_put(x, g.said.grantee, &standing));
    SY_TRY(qualification_put(x, &q));
    return agreement_put(x, &g);
}

/* ---- filing ---- */

static sy_status number_unused(struct ask *c, struct sy_view filing_no)
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(c->state, sy_view_str("agreement/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_agreement row;
        SY_TRY(sy_record_decode(&sy_row_agreement_desc, value, &SY_MP_LARGE, &arena, &row, c->err));
        if (sy_view_eq(row.filing_no, filing_no)) {
            return sy_fail(c->err, SY_E_EXISTS, "filing_no", "another agreement has this number");
        }
    }
    return SY_OK;
}

sy_status decide_agreement_file(struct ask *c)
{
    const struct sy_agreement_file *a = c->args;
    struct qualify_terms t;
    struct agreement g;
    SY_TRY(qualify_terms(c->state, c->arena, &t, c->err));
    SY_TRY(agreement_is(c, "accepted", &g));
    if (!is_text(a->filing_no, QUALIFY_NAME_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "filing_no", "the number under which it is filed");
    }
    SY_TRY(number_unused(c, a->filing_no));
    SY_TRY(standing_open(c, g.said.grantee));
    return agreement_terms(c, &t, &g.said);
}

sy_status apply_agreement_file(struct change *x)
{
    const struct sy_agreement_file *a = x->args;
    struct agreement g;
    SY_TRY(agreement_read(x->state, x->req->header.subject, x->arena, &g, x->err));
    g.row.filing_no = a->filing_no;
    g.row.status = sy_view_str("filed");
    return agreement_put(x, &g);
}
