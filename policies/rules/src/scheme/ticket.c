/*
 * ticket.open, fix, close: who uses data under a grant and finds a problem of quality opens a ticket; the department
 * mends it at the source within the working days that the pack sets, by a new data version, which it names; who
 * opened it, or the agency, says whether that solved it. The agency sees what is overdue, and a pack may let an overdue
 * ticket stop new grants over the dataset (offer.c).
 *
 * A ticket never carries a value of the data: rules are codes, the text is short and has no long numbers.
 *
 * Invariants: open -> fixed -> solved | open; open -> withdrawn. A fix names a data version that was published
 * after the ticket, or after the fix that did not solve it. The deadline never changes.
 * Source: scheme article 8; articles 5, 22 (raw data).
 */
#include "catalogue.h"
#include "wire/own.h"

/* ---- rows ---- */

static sy_status ticket_read(const struct rules_state *s, struct sy_view dataset, uint64_t ticket,
                             struct sy_arena *arena, struct sy_ticket_row *ret,
                             struct sy_error *err)
{
    struct rules_key key = rules_key_numbered("ticket/", dataset, ticket);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "ticket", "there is no ticket %llu",
                       (unsigned long long)ticket);
    }
    return rules_state_read(s, rules_key_view(&key), &sy_ticket_row_desc, arena, ret, err);
}

static sy_status ticket_put(struct change *x, struct sy_view dataset, uint64_t ticket,
                            const struct sy_ticket_row *row)
{
    struct rules_key key = rules_key_numbered("ticket/", dataset, ticket);
    return effect_put(x->effect, &key, &sy_ticket_row_desc, row, x->err);
}

/* The next ticket about a dataset; false past the last. *key: the last one's, empty at first. */
static sy_status ticket_next(const struct rules_state *s, struct sy_view dataset,
                             struct sy_arena *arena, struct sy_view *key, bool *ret_more,
                             struct sy_ticket_row *ret, struct sy_error *err)
{
    char prefix[RULES_KEY_CAP + 1];
    struct rules_key head = rules_key_id("ticket/", dataset);
    struct sy_view value;
    *ret_more = false;
    if (head.n == 0 || head.n >= RULES_KEY_CAP) {
        return SY_OK;
    }
    memcpy(prefix, head.text, head.n);
    prefix[head.n] = '/';
    *ret_more = rules_state_next(s, sy_view(prefix, head.n + 1), *key, key, &value);
    return *ret_more ? sy_record_decode(&sy_ticket_row_desc, value, &SY_MP_REQUEST, arena, ret, err)
                     : SY_OK;
}

sy_status ticket_overdue(const struct rules_state *s, struct sy_view dataset, int64_t now,
                         struct sy_arena *arena, bool *ret, uint64_t *ret_ticket,
                         struct sy_error *err)
{
    struct sy_view key = {0};
    struct sy_ticket_row row;
    bool more = true;
    *ret = false;
    while (more && !*ret) {
        SY_TRY(ticket_next(s, dataset, arena, &key, &more, &row, err));
        *ret = more && sy_ticket_overdue(&row, now);
    }
    *ret_ticket = *ret ? rules_number_of_key(key) : 0;
    return SY_OK;
}

/* ---- open ---- */

/* Developers open tickets under their own grants, the operator under any that lives. */
static sy_status under_grant(struct ask *c, const struct sy_ticket *t)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    bool developer = sy_view_is(c->party.role, "developer");
    if ((developer && !sy_view_eq(g.developer, c->party.party)) ||
        !word_in(g.status, "active awaiting suspended")) {
        return sy_fail(c->err, SY_E_GRANT, "header.grant",
                       "a ticket is opened under a grant that lives, a developer's under its own");
    }
    if (sy_is_own(t->dataset)) {
        return sy_fail(c->err, SY_E_DENIED, "dataset", "own data is its developer's to mend");
    }
    const struct sy_prop_dataset *d = proposal_dataset(&p, t->dataset);
    const struct sy_prop_field *f =
        d == NULL || t->field.n == 0 ? NULL : proposal_field(d, t->field);
    bool covers = d != NULL && (t->field.n == 0 || (f != NULL && !sy_view_is(f->mask, "drop")));
    return covers ? SY_OK
                  : sy_fail(c->err, SY_E_FIELD_DENIED, "dataset", "the grant does not cover this");
}

static sy_status words_check(struct ask *c, const struct sy_ticket *t)
{
    if (!word_in(t->quality, "completeness consistency accuracy timeliness") || !is_id(t->rule) ||
        !word_in(t->found_by, "use run check complaint")) {
        return sy_fail(c->err, SY_E_FIELD, "rule",
                       "a quality, the code of a rule, and how it was found");
    }
    if (t->text.n > 0 && !is_text(t->text, SY_TICKET_TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text", SY_TICKET_TEXT_MAX);
    }
    return control(RULES_CTL_TICKET_NO_VALUES,
                   !has_long_number(t->text) && !has_long_number(t->rule))
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "text",
                         "long numbers may be values of the data: name the rule, not the value");
}

/* One problem, one ticket. */
static sy_status not_open(struct ask *c, const struct sy_ticket *t)
{
    struct sy_view key = {0};
    bool more = true;
    while (more) {
        struct sy_ticket_row row;
        struct sy_ticket old;
        SY_TRY(ticket_next(c->state, t->dataset, c->arena, &key, &more, &row, c->err));
        if (!more || !word_in(row.status, "open fixed")) {
            continue;
        }
        SY_TRY(
            sy_record_decode(&sy_ticket_desc, row.ticket, &SY_MP_REQUEST, c->arena, &old, c->err));
        if (sy_view_eq(old.field, t->field) && sy_view_eq(old.rule, t->rule)) {
            return sy_fail(c->err, SY_E_EXISTS, "rule", "ticket %llu is about this",
                           (unsigned long long)rules_number_of_key(key));
        }
    }
    return SY_OK;
}

sy_status decide_ticket_open(struct ask *c)
{
    const struct sy_ticket *t = c->args;
    struct sy_pack pack;
    const struct sy_pack_catalogue *terms;
    SY_TRY(catalogue_terms(c->state, c->arena, &pack, &terms, c->err));
    SY_TRY(under_grant(c, t));
    SY_TRY(words_check(c, t));
    return not_open(c, t);
}

sy_status apply_ticket_open(struct change *x)
{
    const struct sy_ticket *t = x->args;
    struct sy_pack pack;
    const struct sy_pack_catalogue *terms;
    struct sy_updated updated;
    struct dataset d;
    SY_TRY(catalogue_terms(x->state, x->arena, &pack, &terms, x->err));
    SY_TRY(updated_read(x->state, t->dataset, x->arena, &updated, x->err));
    SY_TRY(dataset_read(x->state, t->dataset, x->arena, &d, x->err));
    struct sy_ticket_row row = {.data = updated.version,
                                .department = d.def.department,
                                .party = x->req->header.party,
                                .status = sy_view_str("open"),
                                .ticket = x->req->args,
                                .time = x->in->time};
    row.deadline = calendar_deadline(scheme_calendar(&pack), x->in->time, terms->ticket_days);
    memcpy(row.grant, x->req->header.grant, 32);
    return ticket_put(x, t->dataset, x->entry, &row);
}

/* ---- fix ---- */

sy_status decide_ticket_fix(struct ask *c)
{
    const struct sy_ticket_fix *a = c->args;
    struct sy_ticket_row row;
    struct sy_updated updated;
    SY_TRY(ticket_read(c->state, a->dataset, a->ticket, c->arena, &row, c->err));
    if (!sy_view_eq(row.department, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "ticket", "the dataset is another department's");
    }
    if (!sy_view_is(row.status, "open")) {
        return sy_fail(c->err, SY_E_STATE, "ticket", "the ticket is %.*s", SY_PV(row.status));
    }
    SY_TRY(updated_read(c->state, a->dataset, c->arena, &updated, c->err));
    if (!control(RULES_CTL_TICKET_FIXED_BY_VERSION,
                 a->version > row.data && a->version <= updated.version)) {
        return sy_fail(c->err, SY_E_STATE, "version",
                       "name the data version, published since, that fixes it");
    }
    return a->text.n == 0 || is_text(a->text, SY_TICKET_TEXT_MAX)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text",
                         SY_TICKET_TEXT_MAX);
}

sy_status apply_ticket_fix(struct change *x)
{
    const struct sy_ticket_fix *a = x->args;
    struct sy_ticket_row row;
    SY_TRY(ticket_read(x->state, a->dataset, a->ticket, x->arena, &row, x->err));
    row.fixed = a->version;
    row.fixed_time = x->in->time;
    row.status = sy_view_str("fixed");
    return ticket_put(x, a->dataset, a->ticket, &row);
}

/* ---- close ---- */

sy_status decide_ticket_close(struct ask *c)
{
    const struct sy_ticket_close *a = c->args;
    struct sy_ticket_row row;
    SY_TRY(ticket_read(c->state, a->dataset, a->ticket, c->arena, &row, c->err));
    if (!sy_view_is(c->party.role, "agency") && !sy_view_eq(row.party, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "ticket", "another party has opened it");
    }
    bool fixed = sy_view_is(row.status, "fixed");
    bool right = fixed ? word_in(a->outcome, "solved unsolved")
                       : sy_view_is(row.status, "open") && sy_view_is(a->outcome, "withdrawn");
    if (!right) {
        return sy_fail(c->err, SY_E_STATE, "outcome", "the ticket is %.*s", SY_PV(row.status));
    }
    return a->text.n == 0 || is_text(a->text, SY_TICKET_TEXT_MAX)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text",
                         SY_TICKET_TEXT_MAX);
}

sy_status apply_ticket_close(struct change *x)
{
    const struct sy_ticket_close *a = x->args;
    struct sy_ticket_row row;
    SY_TRY(ticket_read(x->state, a->dataset, a->ticket, x->arena, &row, x->err));
    row.status = a->outcome;
    if (sy_view_is(a->outcome, "unsolved")) {
        row.status = sy_view_str("open");
        row.data = row.fixed; /* the next fix is a later version */
        row.fixed = 0;
        row.fixed_time = 0;
    }
    return ticket_put(x, a->dataset, a->ticket, &row);
}
