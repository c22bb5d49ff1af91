/*
 * The reviews of a product: the machine-made report comes first, and each role that the pack names signs that report or
 * sends the product back. Nothing is approved while its report has a finding.
 *
 * Invariant: the opinions of a row are of the report that the row names; a new report begins them anew.
 * Source: scheme article 19; docs/scheme/products.md.
 */
#include "product.h"
#include "proof/hash.h"

enum { TEXT_MAX = 2000 };

/* ---- report ---- */

sy_status decide_product_report(struct ask *c)
{
    struct rules_product p;
    const struct sy_pack_product *section;
    struct sy_pack pack;
    struct sy_product_report report;
    SY_TRY(product_section(c->state, c->arena, &pack, &section, c->err));
    SY_TRY(product_asked(c, &p));
    SY_TRY(product_in(c, &p, "submitted"));
    if (!control(RULES_CTL_REPORT_ATTEMPTS, p.row.reports < section->reports_max)) {
        return sy_fail(c->err, SY_E_LIMIT, "product", "at most %llu reports of one product",
                       (unsigned long long)section->reports_max);
    }
    return product_report_make(c->state, c->req->header.subject, &p, c->in->time, c->arena, &report,
                               c->err);
}

sy_status apply_product_report(struct change *x)
{
    const uint8_t *id = x->req->header.subject;
    struct rules_product p;
    struct sy_product_report report;
    struct rules_key key = rules_key_hash("product_report/", id);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_MP_REQUEST.bytes);
    SY_TRY(product_changed(x, &p));
    SY_TRY(product_report_make(x->state, id, &p, x->in->time, x->arena, &report, x->err));
    SY_TRY(sy_record_encode(&sy_product_report_desc, &report, &b));
    struct sy_product_report_row row = {.entry = x->entry, .report = sy_buf_view(&b)};
    SY_TRY(effect_put(x->effect, &key, &sy_product_report_row_desc, &row, x->err));
    proof_sha256_one(p.row.report, row.report);
    p.row.reports++;
    p.row.n_opinions = 0; /* they were of another report */
    return product_put(x, id, &p.row);
}

/* ---- review ---- */

bool product_has_opinion(const struct sy_product_row *row, struct sy_view role,
                         const char *decision)
{
    for (size_t i = 0; i < row->n_opinions; i++) {
        const struct sy_product_opinion *o = &row->opinions[i];
        if (sy_view_eq(o->role, role) && memcmp(o->report, row->report, 32) == 0 &&
            (decision == NULL || sy_view_is(o->decision, decision))) {
            return true;
        }
    }
    return false;
}

/* An approval is of the last report, and that report stands against nothing. */
static sy_status checks_passed(struct ask *c, const struct rules_product *p,
                               const uint8_t report[32])
{
    struct rules_key key = rules_key_hash("product_report/", c->req->header.subject);
    struct sy_product_report_row row;
    struct sy_product_report r;
    bool passed = true;
    if (!control(RULES_CTL_PRODUCT_BOUND, memcmp(report, p->row.report, 32) == 0)) {
        return sy_fail(c->err, SY_E_DIGEST, "report", "this is not the last report of the product");
    }
    SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_product_report_row_desc, c->arena,
                            &row, c->err));
    SY_TRY(sy_record_decode(&sy_product_report_desc, row.report, &SY_MP_REQUEST, c->arena, &r,
                            c->err));
    for (size_t i = 0; i < r.n_checks; i++) {
        passed = passed && r.checks[i].passed;
    }
    return control(RULES_CTL_FIVE_CHECKS, passed)
               ? SY_OK
               : sy_fail(c->err, SY_E_REVIEW, "report", "the report has findings: read them");
}

static sy_status review_form(struct ask *c, const struct sy_product_review *a)
{
    if (!word_in(a->decision, "approve return reject")) {
        return sy_fail(c->err, SY_E_FIELD, "decision", "approve, return or reject");
    }
    bool approves = sy_view_is(a->decision, "approve");
    if ((a->opinion.n > 0 || !approves) && !sy_view_is_text(a->opinion, TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "opinion", "say why, in at most %d bytes", TEXT_MAX);
    }
    return SY_OK;
}

sy_status decide_product_review(struct ask *c)
{
    const struct sy_product_review *a = c->args;
    const struct sy_pack_product *section;
    struct rules_product p;
    struct sy_pack pack;
    SY_TRY(product_section(c->state, c->arena, &pack, &section, c->err));
    SY_TRY(product_asked(c, &p));
    SY_TRY(product_in(c, &p, "submitted"));
    SY_TRY(review_form(c, a));
    if (!view_in(c->party.role, section->reviewers, section->n_reviewers)) {
        return sy_fail(c->err, SY_E_ROLE, "party", "the pack has others review products");
    }
    if (is_zero32(p.row.report)) {
        return sy_fail(c->err, SY_E_REVIEW, "report", "the machine-made report comes first");
    }
    if (product_has_opinion(&p.row, c->party.role, NULL)) {
        return sy_fail(c->err, SY_E_EXISTS, "review", "your role has reviewed this report");
    }
    if (!sy_view_is(a->decision, "approve")) {
        return SY_OK;
    }
    SY_TRY(checks_passed(c, &p, a->report));
    return product_test_passed(c, &p, section);
}

static sy_status add_opinion(struct change *x, struct sy_product_row *row,
                             const struct sy_product_opinion *o)
{
    struct sy_product_opinion *all = sy_arena_alloc(x->arena, row->n_opinions + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < row->n_opinions; i++) {
        all[i] = row->opinions[i];
    }
    all[row->n_opinions++] = *o;
    row->opinions = all;
    return SY_OK;
}

/* Status after a review: another product is needed unless it is approved. */
static const char *status_after(struct sy_view decision)
{
    return sy_view_is(decision, "approve")  ? "submitted"
           : sy_view_is(decision, "return") ? "returned"
                                            : "rejected";
}

sy_status apply_product_review(struct change *x)
{
    const struct sy_product_review *a = x->args;
    struct rules_product p;
    struct sy_party reviewer;
    bool approves = sy_view_is(a->decision, "approve");
    SY_TRY(product_changed(x, &p));
    SY_TRY(party_active(x->state, x->req->header.party, x->arena, &reviewer, x->err));
    struct sy_product_opinion o = {.decision = a->decision,
                                   .entry = x->entry,
                                   .opinion = approves ? (struct sy_view){0} : a->opinion,
                                   .party = reviewer.party,
                                   .role = reviewer.role};
    memcpy(o.report, p.row.report, 32);
    SY_TRY(add_opinion(x, &p.row, &o));
    p.row.status = sy_view_str(status_after(a->decision));
    return product_put(x, x->req->header.subject, &p.row);
}
