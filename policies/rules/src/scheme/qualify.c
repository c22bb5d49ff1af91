/*
 * qualify.apply and qualify.withdraw: an organisation applies, for itself, under an open announcement, with what
 * article 10 asks it to state. One application at a time; who holds an agreement applies again only in the last
 * months of it; whoever is banned does not apply before the ban ends. Each application stays in the ledger, so a party
 * files a few under one announcement, and no more.
 *
 * Invariant: a party has at most one application that is filed or under notice, the one its applicant row names.
 * Source: scheme articles 10, 12 (2), 13 (2), 15.
 */
#include "qualify.h"
#include "proof/ids.h"

enum { APPLICATIONS_MAX = 8 }; /* of one party under one announcement, whatever became of them */

sy_status qualify_terms(const struct rules_state *s, struct sy_arena *arena,
                        struct qualify_terms *ret, struct sy_error *err)
{
    SY_TRY(pack_read(s, arena, &ret->pack, err));
    ret->q = scheme_qualify(&ret->pack);
    ret->calendar = scheme_calendar(&ret->pack);
    return ret->q != NULL ? SY_OK
                          : sy_fail(err, SY_E_STATE, "pack.scheme.qualify",
                                    "the pack in force knows no qualification");
}

sy_status qualification_read(const struct rules_state *s, const uint8_t id[32],
                             struct sy_arena *arena, struct qualification *ret,
                             struct sy_error *err)
{
    struct rules_key key = rules_key_hash("qualify/", id);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "application", "there is no such application");
    }
    memcpy(ret->id, id, 32);
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_row_qualify_desc, arena, &ret->row, err));
    return sy_record_decode(&sy_qualify_apply_desc, ret->row.application, &SY_MP_REQUEST, arena,
                            &ret->said, err);
}

sy_status qualification_in(struct ask *c, const char *status, struct qualification *ret)
{
    SY_TRY(qualification_read(c->state, c->req->header.subject, c->arena, ret, c->err));
    return word_in(ret->row.status, status)
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "application", "the application is %.*s",
                         SY_PV(ret->row.status));
}

sy_status qualification_put(struct change *x, const struct qualification *q)
{
    struct rules_key key = rules_key_hash("qualify/", q->id);
    return effect_put(x->effect, &key, &sy_row_qualify_desc, &q->row, x->err);
}

/* Is the party's last application still on its way? */
static sy_status none_pending(struct ask *c)
{
    struct rules_key key = rules_key_id("applicant/", c->party.party);
    struct sy_view value;
    struct sy_row_applicant last;
    struct qualification q;
    if (!rules_state_get(c->state, rules_key_view(&key), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_row_applicant_desc, c->arena, &last,
                            c->err));
    SY_TRY(qualification_read(c->state, last.application, c->arena, &q, c->err));
    return word_in(q.row.status, "filed notice")
               ? sy_fail(c->err, SY_E_EXISTS, "application",
                         "the party's last application is still on its way")
               : SY_OK;
}

static sy_status announced(struct ask *c, const struct sy_qualify_apply *a)
{
    struct announcement n;
    SY_TRY(announcement_read(c->state, a->announcement, c->arena, &n, c->err));
    if (!sy_view_eq(n.said.kind, c->party.role)) {
        return sy_fail(c->err, SY_E_ROLE, "announcement", "it looks for another kind of party");
    }
    if (!announcement_complete(&n)) {
        return sy_fail(c->err, SY_E_REVIEW, "announcement",
                       "agency and operator announce it together: one of them has not yet");
    }
    bool open = c->in->time >= n.said.opens && c->in->time <= n.said.closes;
    return control(RULES_CTL_ANNOUNCED, open)
               ? SY_OK
               : sy_fail(c->err, SY_E_EXPIRED, "announcement",
                         "applications are taken from its opening to its closing time");
}

static sy_status few_filed(struct ask *c, const struct sy_qualify_apply *a)
{
    struct sy_view key = {0};
    struct sy_view value;
    size_t n = 0;
    while (rules_state_next(c->state, sy_view_str("qualify/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_qualify row;
        struct sy_qualify_apply said;
        SY_TRY(sy_record_decode(&sy_row_qualify_desc, value, &SY_MP_LARGE, &arena, &row, c->err));
        SY_TRY(sy_record_decode(&sy_qualify_apply_desc, row.application, &SY_MP_REQUEST, &arena,
                                &said, c->err));
        n += sy_view_eq(row.party, a->party) &&
             memcmp(said.announcement, a->announcement, sizeof(said.announcement)) == 0;
    }
    return n < APPLICATIONS_MAX
               ? SY_OK
               : sy_fail(c->err, SY_E_LIMIT, "announcement",
                         "the party has applied %d times under it", APPLICATIONS_MAX);
}

/* Who runs under an agreement applies again within its last months. */
static sy_status renewal_check(struct ask *c, const struct qualify_terms *t)
{
    int64_t until;
    SY_TRY(agreement_runs(c->state, c->party.party, c->in->time, c->arena, &until, c->err));
    bool early = until != 0 &&
                 c->in->time < calendar_months(t->calendar, until, -(int64_t)t->q->renew_months);
    return control(RULES_CTL_RENEW_WINDOW, !early)
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "agreement",
                         "its agreement runs; apply again in the last %llu months of it",
                         (unsigned long long)t->q->renew_months);
}

sy_status decide_qualify(struct ask *c)
{
    const struct sy_qualify_apply *a = c->args;
    struct qualify_terms t;
    struct qualification known;
    uint8_t id[32];
    SY_TRY(qualify_terms(c->state, c->arena, &t, c->err));
    if (!sy_view_eq(a->party, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "party", "a party applies for itself");
    }
    if (memcmp(a->domain, c->req->header.domain, 32) != 0) {
        return sy_fail(c->err, SY_E_FIELD, "domain", "the application is for another domain");
    }
    proof_qualify_id(id, c->req->args);
    if (sy_ok(qualification_read(c->state, id, c->arena, &known, NULL))) {
        return sy_fail(c->err, SY_E_EXISTS, "application",
                       "this very application was filed before");
    }
    SY_TRY(announced(c, a));
    SY_TRY(standing_open(c, c->party.party));
    SY_TRY(none_pending(c));
    SY_TRY(few_filed(c, a));
    SY_TRY(renewal_check(c, &t));
    return condition_check(c, &t, a);
}

sy_status apply_qualify(struct change *x)
{
    const struct sy_qualify_apply *a = x->args;
    struct announcement n;
    struct qualification q = {0};
    struct sy_row_applicant mine;
    struct rules_key key = rules_key_id("applicant/", a->party);
    proof_qualify_id(q.id, x->req->args);
    SY_TRY(announcement_read(x->state, a->announcement, x->arena, &n, x->err));
    q.row = (struct sy_row_qualify){.application = x->req->args,
                                    .entry = x->entry,
                                    .kind = n.said.kind,
                                    .party = a->party,
                                    .status = sy_view_str("filed")};
    memcpy(mine.application, q.id, 32);
    SY_TRY(effect_put(x->effect, &key, &sy_row_applicant_desc, &mine, x->err));
    return qualification_put(x, &q);
}

sy_status decide_qualify_withdraw(struct ask *c)
{
    const struct sy_qualify_withdraw *a = c->args;
    struct qualification q;
    SY_TRY(qualification_in(c, "filed notice", &q));
    if (!sy_view_eq(q.row.party, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "application", "the application is another party's");
    }
    return a->text.n == 0 || is_text(a->text, QUALIFY_TEXT_MAX)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "text", "one line of text");
}

sy_status apply_qualify_withdraw(struct change *x)
{
    struct qualification q;
    SY_TRY(qualification_read(x->state, x->req->header.subject, x->arena, &q, x->err));
    q.row.status = sy_view_str("withdrawn");
    return qualification_put(x, &q);
}
