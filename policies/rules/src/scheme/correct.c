/*
 * Orders to correct (article 32): the order closes the party's access in the same event (its grants are suspended, and
 * its standing is closed), the party mends what is wrong and says so, whoever gave the order accepts that or not; the
 * agency may in the place of a department that cannot or does not, so that no party stays shut out for want of an answer.
 *
 *   open --report in time, accepted--> mended          access opens; grants are resumed one by one, with their shares
 *   open --deadline over, no report that waits--> cancelled     its grants are revoked; access stays closed
 *   cancelled --report, accepted--> cancelled, reopened         it may apply again; nothing comes back
 *
 * "In time" is the party's own report in the log, not the day the agency gets to look at it: nobody loses a grant by
 * the agency's delay. A report after the deadline is refused while the order is open: the article says that what is not mended
 * within the time is cancelled, and leaves no choice; it can only lead to access for new applications, after the cancellation.
 *
 * Access that opens again resumes nothing: each grant is resumed by the agency, with its shares. The order's own holds on
 * the grants go with the order; those of other acts stay.
 *
 * An order against the operator stops every grant, for the operator's whole grant is above all of them.
 * Invariant: standing.closed names an order of the party's that is open, or cancelled and not reopened, while there is one.
 * Source: scheme articles 15, 29, 32.
 */
#include "supervise.h"

static sy_status correction_read(const struct rules_state *s, uint64_t entry,
                                 struct sy_arena *arena, struct sy_correction *ret,
                                 struct sy_error *err)
{
    struct rules_key key = rules_key_number("correction/", entry);
    return rules_state_read(s, rules_key_view(&key), &sy_correction_desc, arena, ret, err);
}

static sy_status correction_put(struct change *x, uint64_t entry, const struct sy_correction *row)
{
    struct rules_key key = rules_key_number("correction/", entry);
    return effect_put(x->effect, &key, &sy_correction_desc, row, x->err);
}

static bool is_open(const struct sy_correction *row)
{
    return sy_view_is(row->status, "open");
}

/* Does the order keep access closed? */
static bool closes(const struct sy_correction *row)
{
    return is_open(row) || (sy_view_is(row->status, "cancelled") && row->reopened == 0);
}

/* ---- what it does to the party ---- */

/* All grants of a developer; of the operator's, everybody's. */
static sy_status stop_party(struct change *x, const struct sy_order_correct *order, bool for_good)
{
    struct rules_key key = rules_key_id("party/", order->party);
    struct sy_party p;
    SY_TRY(rules_state_read(x->state, rules_key_view(&key), &sy_party_desc, x->arena, &p, x->err));
    struct stop which = {.for_good = for_good, .ground = order->ground};
    if (!sy_view_is(p.role, "operator")) {
        which.developer = order->party;
    }
    return grants_stop(x, &which);
}

static sy_status set_closed(struct change *x, struct sy_view party, uint64_t closed)
{
    struct sy_row_standing standing;
    SY_TRY(standing_read(x->state, party, x->arena, &standing, x->err));
    standing.closed = closed;
    return standing_put(x, party, &standing);
}

/* Access opens again, unless another order keeps it closed. */
static sy_status reopen(struct change *x, struct sy_view party, uint64_t except)
{
    struct sy_view key = {0};
    struct sy_view value;
    uint64_t closed = 0;
    while (rules_state_next(x->state, sy_view_str("correction/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_correction row;
        SY_TRY(sy_record_decode(&sy_correction_desc, value, &SY_MP_LARGE, &arena, &row, x->err));
        if (rules_number_of_key(key) != except && closes(&row) &&
            sy_view_eq(row.order.party, party)) {
            closed = rules_number_of_key(key) + 1;
        }
    }
    return set_closed(x, party, closed);
}

/* Take the order's holds off one grant; false: it has none. */
static bool drop_holds(struct sy_row_grant *g, uint64_t order)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_holds; i++) {
        if (g->holds[i].entry != order) {
            g->holds[n++] = g->holds[i];
        }
    }
    bool any = n < g->n_holds;
    g->n_holds = n;
    return any;
}

/* The order's holds go, wherever it left one. */
static sy_status lift_holds(struct change *x, uint64_t order)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = EFFECT_WORK_BYTES};
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(x->state, sy_view_str("grant/"), key, &key, &value)) {
        struct sy_row_grant g;
        struct rules_key at = {.n = key.n};
        sy_arena_clear(&arena);
        SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &arena, &g, x->err));
        if (drop_holds(&g, order)) {
            memcpy(at.text, key.p, key.n);
            SY_TRY(effect_put(x->effect, &at, &sy_row_grant_desc, &g, x->err));
        }
    }
    return SY_OK;
}

/* ---- order.correct ---- */

static sy_status ground_known(struct ask *c, struct sy_view ground)
{
    struct sy_pack pack;
    bool known = false;
    SY_TRY(supervise_pack(c->state, c->arena, &pack, c->err));
    const struct sy_pack_supervise *v = scheme_supervise(&pack);
    for (size_t i = 0; i < v->n_grounds; i++) {
        known = known || sy_view_eq(v->grounds[i].code, ground);
    }
    return control(RULES_CTL_CORRECTION_GROUND, known)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "ground", "the pack has no such ground");
}

/* The inspection that it rests on is the party's. */
static sy_status inspection_known(struct ask *c, const struct sy_order_correct *a)
{
    struct rules_key key = rules_key_number("inspection/", a->inspection);
    struct sy_inspection row;
    if (a->inspection == 0) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_inspection_desc, c->arena, &row,
                            c->err));
    return sy_view_eq(row.open.party, a->party)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "inspection", "another party was inspected");
}

sy_status decide_order_correct(struct ask *c)
{
    const struct sy_order_correct *a = c->args;
    SY_TRY(ground_known(c, a->ground));
    SY_TRY(days_check(a->days, c->err));
    SY_TRY(text_check(a->text, "text", c->err));
    SY_TRY(inspection_known(c, a));
    return supervised(c, a->party);
}

sy_status apply_order_correct(struct change *x)
{
    const struct sy_order_correct *a = x->args;
    struct sy_correction row = {.by = x->req->header.party,
                                .issued = x->in->time,
                                .order = *a,
                                .status = sy_view_str("open")};
    SY_TRY(deadline_of(x, a->days, &row.due));
    SY_TRY(correction_put(x, x->entry, &row));
    if (control(RULES_CTL_CORRECTION_CLOSES, false)) {
        return SY_OK; /* the control is off: an order on paper */
    }
    SY_TRY(stop_party(x, a, false));
    return set_closed(x, a->party, x->entry + 1);
}

/* ---- order.mend, order.mended ---- */

/* Within the deadline, or after the cancellation, when it only leads to new applications. */
static sy_status in_time(struct ask *c, const struct sy_correction *row, int64_t when)
{
    bool fine = is_open(row) ? when <= row->due : when > row->cancelled;
    return control(RULES_CTL_CORRECTION_DEADLINE, fine)
               ? SY_OK
               : sy_fail(c->err, SY_E_EXPIRED, "order",
                         "not mended within the deadline: the grants are cancelled");
}

sy_status decide_order_mend(struct ask *c)
{
    const struct sy_order_mend *a = c->args;
    struct sy_correction row;
    SY_TRY(correction_read(c->state, a->order, c->arena, &row, c->err));
    if (!sy_view_eq(row.order.party, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "order", "the order is to another party");
    }
    if (!closes(&row) || row.reported != 0) {
        return sy_fail(c->err, SY_E_STATE, "order",
                       "the order is met already, or the report waits for the agency");
    }
    SY_TRY(digest_check(a->digest, c->err));
    SY_TRY(text_check(a->text, "text", c->err));
    return in_time(c, &row, c->in->time);
}

sy_status apply_order_mend(struct change *x)
{
    const struct sy_order_mend *a = x->args;
    struct sy_correction row;
    SY_TRY(correction_read(x->state, a->order, x->arena, &row, x->err));
    row.reported = x->in->time;
    memcpy(row.evidence, a->digest, 32);
    return correction_put(x, a->order, &row);
}

sy_status decide_order_mended(struct ask *c)
{
    const struct sy_order_mended *a = c->args;
    struct sy_correction row;
    SY_TRY(correction_read(c->state, a->order, c->arena, &row, c->err));
    if (!sy_view_eq(row.by, c->party.party) && !sy_view_is(c->party.role, "agency")) {
        return sy_fail(c->err, SY_E_DENIED, "order",
                       "whoever gave the order, or the agency, decides on the report");
    }
    if (!word_in(a->decision, "accept reject")) {
        return sy_fail(c->err, SY_E_FIELD, "decision", "accept or reject");
    }
    if (!closes(&row)) {
        return sy_fail(c->err, SY_E_STATE, "order", "the order is met already");
    }
    if (!control(RULES_CTL_CORRECTION_REPORT, row.reported != 0)) {
        return sy_fail(c->err, SY_E_STATE, "order", "the party has not reported that it is mended");
    }
    return a->text.n == 0 ? SY_OK : text_check(a->text, "text", c->err);
}

sy_status apply_order_mended(struct change *x)
{
    const struct sy_order_mended *a = x->args;
    struct sy_correction row;
    SY_TRY(correction_read(x->state, a->order, x->arena, &row, x->err));
    if (sy_view_is(a->decision, "reject")) {
        row.reported = 0;
        memset(row.evidence, 0, sizeof(row.evidence));
        return correction_put(x, a->order, &row);
    }
    if (is_open(&row)) {
        row.status = sy_view_str("mended");
        row.mended = x->in->time;
    } else {
        row.reopened = x->in->time;
    }
    SY_TRY(correction_put(x, a->order, &row));
    SY_TRY(lift_holds(x, a->order));
    return reopen(x, row.order.party, a->order);
}

/* ---- order.cancel ---- */

sy_status decide_order_cancel(struct ask *c)
{
    const struct sy_order_cancel *a = c->args;
    struct sy_correction row;
    SY_TRY(correction_read(c->state, a->order, c->arena, &row, c->err));
    if (!is_open(&row)) {
        return sy_fail(c->err, SY_E_STATE, "order", "the order is %.*s", SY_PV(row.status));
    }
    if (!control(RULES_CTL_CORRECTION_TERM, c->in->time > row.due)) {
        return sy_fail(c->err, SY_E_STATE, "order", "the deadline is not over");
    }
    if (row.reported != 0) {
        return sy_fail(c->err, SY_E_STATE, "order", "decide on the party's report first");
    }
    return a->text.n == 0 ? SY_OK : text_check(a->text, "text", c->err);
}

sy_status apply_order_cancel(struct change *x)
{
    const struct sy_order_cancel *a = x->args;
    struct sy_correction row;
    SY_TRY(correction_read(x->state, a->order, x->arena, &row, x->err));
    row.status = sy_view_str("cancelled");
    row.cancelled = x->in->time;
    SY_TRY(correction_put(x, a->order, &row));
    if (control(RULES_CTL_CORRECTION_CANCELS, false)) {
        return SY_OK; /* the control is off: cancelled in name only */
    }
    return stop_party(x, &row.order, true);
}
