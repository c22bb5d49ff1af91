/*
 * What: products. Invariants: a buyer is never shown another buyer's charge, though both may have the one answer to
 * one question; a withdrawn product's calls are ended before the withdrawal is acknowledged.
 */
#include "warden/product.h"

#include <string.h>

#include "rules/product.h"
#include "warden/record.h"
#include "warden/work.h"

bool warden_is_product_call(const struct warden_call *c)
{
    return sy_view_is(c->request.header.method, "product.call");
}

static sy_status read_charge(struct warden_call *c, uint64_t entry, struct sy_row_charge *ret,
                             struct sy_error *err)
{
    struct rules_key key = rules_key_charge(entry);
    struct sy_view value;
    if (!rules_state_get(c->w->state, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_INTERNAL, "charge", NULL);
    }
    struct sy_view copy = sy_arena_copy(&c->arena, value);
    return sy_record_decode(&sy_row_charge_desc, copy, &SY_MP_LARGE, &c->arena, ret, err);
}

/* Was it this very request that was charged? */
static bool is_own(const struct warden_call *c, const struct sy_row_charge *row)
{
    return sy_view_eq(row->party, c->request.header.party) &&
           memcmp(row->nonce, c->request.header.nonce, sizeof(row->nonce)) == 0;
}

void warden_product_give(struct warden_call *c, uint64_t charge, struct sy_view answer)
{
    struct sy_error err = {0};
    struct sy_product_call args;
    struct sy_row_charge row;
    sy_status s = sy_record_decode(&sy_product_call_desc, c->request.args, &SY_MP_REQUEST,
                                   &c->arena, &args, &err);
    s = sy_ok(s) ? read_charge(c, charge, &row, &err) : s;
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    struct sy_product_answer ret = {.answer = answer,
                                    .buyer = c->request.header.party,
                                    .fen = is_own(c, &row) ? row.fen : c->decision.verdict.fen,
                                    .no_redistribution = true,
                                    .purpose = args.purpose};
    memcpy(ret.product, c->request.header.subject, sizeof(ret.product));
    memcpy(ret.salt, row.salt, sizeof(ret.salt));
    warden_call_record(c, &sy_product_answer_desc, &ret);
}

static sy_status read_report(struct warden_call *c, struct sy_view *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_hash("product_report/", c->request.header.subject);
    struct sy_product_report_row row;
    SY_TRY(rules_state_read(c->w->state, rules_key_view(&key), &sy_product_report_row_desc,
                            &c->arena, &row, err));
    if (row.entry != c->entries[0]) {
        return sy_fail(err, SY_E_STATE, "report", "a newer report was made; ask for that one");
    }
    *ret = sy_arena_copy(&c->arena, row.report);
    return ret->p != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

void warden_product_report_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_view report = {0};
    if (!sy_ok(read_report(c, &report, &err))) {
        warden_call_refuse(c, &err);
        return;
    }
    warden_call_result(c, report);
}

void warden_product_withdraw_done(struct warden_call *c)
{
    warden_product_stop(c->w, c->request.header.subject);
    warden_call_result(c, (struct sy_view){0});
}

void warden_read_statement(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_product_month args;
    struct sy_product_statement ret;
    struct sy_party caller;
    sy_status s = sy_record_decode(&sy_product_month_desc, c->request.args, &SY_MP_REQUEST,
                                   &c->arena, &args, &err);
    if (sy_ok(s) && !warden_party(c->w, c->request.header.party, &c->arena, &caller)) {
        s = sy_fail(&err, SY_E_PARTY, NULL, NULL);
    }
    s = sy_ok(s) ? rules_product_statement(c->w->state, &caller, c->request.header.subject,
                                           args.month, &c->arena, &ret, &err)
                 : s;
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    warden_call_record(c, &sy_product_statement_desc, &ret);
}
