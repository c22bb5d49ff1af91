/*
 * Inspections (article 27): the agency, the security authority or a sector's department opens one, states findings with a
 * deadline each, the inspected party says that it has mended them, and whoever opened it closes it.
 *
 * Invariants: findings are numbered from 1 in the order of their entries; each is mended once, and `late` says
 * whether that was after its deadline; an inspection is closed only when all are mended.
 * Source: scheme articles 27, 29.
 */
#include "supervise.h"

static sy_status inspection_read(const struct rules_state *s, uint64_t entry,
                                 struct sy_arena *arena, struct sy_inspection *ret,
                                 struct sy_error *err)
{
    struct rules_key key = rules_key_number("inspection/", entry);
    return rules_state_read(s, rules_key_view(&key), &sy_inspection_desc, arena, ret, err);
}

static sy_status inspection_put(struct change *x, uint64_t entry, const struct sy_inspection *row)
{
    struct rules_key key = rules_key_number("inspection/", entry);
    return effect_put(x->effect, &key, &sy_inspection_desc, row, x->err);
}

static sy_status open_inspection(struct ask *c, uint64_t entry, struct sy_inspection *ret)
{
    SY_TRY(inspection_read(c->state, entry, c->arena, ret, c->err));
    return ret->closed == 0 ? SY_OK
                            : sy_fail(c->err, SY_E_STATE, "inspection", "the inspection is closed");
}

/* Whose inspection is it to go on with? */
static sy_status inspector(struct ask *c, const struct sy_inspection *row, bool or_agency)
{
    bool own =
        sy_view_eq(row->by, c->party.party) || (or_agency && sy_view_is(c->party.role, "agency"));
    return own ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "inspection", "the inspection is another party's");
}

/* ---- open ---- */

static sy_status scope_check(const struct sy_inspect_open *a, struct sy_error *err)
{
    for (size_t i = 0; i < a->n_scope; i++) {
        if (!word_in(a->scope[i], "business system usage security") ||
            view_in(a->scope[i], a->scope, i)) {
            return sy_fail(err, SY_E_FIELD, "scope",
                           "business, system, usage, security, each once");
        }
    }
    return a->n_scope > 0 ? SY_OK : sy_fail(err, SY_E_FIELD, "scope", "what is inspected?");
}

sy_status decide_inspect_open(struct ask *c)
{
    const struct sy_inspect_open *a = c->args;
    struct sy_pack pack;
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    SY_TRY(text_check(a->title, "title", c->err));
    SY_TRY(scope_check(a, c->err));
    return supervised(c, a->party);
}

sy_status apply_inspect_open(struct change *x)
{
    const struct sy_inspection row = {.by = x->req->header.party,
                                      .open = *(const struct sy_inspect_open *)x->args,
                                      .opened = x->in->time};
    return inspection_put(x, x->entry, &row);
}

/* ---- findings ---- */

sy_status decide_inspect_finding(struct ask *c)
{
    const struct sy_inspect_finding *a = c->args;
    struct sy_inspection row;
    SY_TRY(open_inspection(c, a->inspection, &row));
    SY_TRY(inspector(c, &row, false));
    if (row.n_findings >= SY_SUPERVISE_LIST_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "inspection", "at most %d findings",
                       SY_SUPERVISE_LIST_MAX);
    }
    SY_TRY(days_check(a->days, c->err));
    return text_check(a->text, "text", c->err);
}

sy_status apply_inspect_finding(struct change *x)
{
    const struct sy_inspect_finding *a = x->args;
    struct sy_inspection row;
    SY_TRY(inspection_read(x->state, a->inspection, x->arena, &row, x->err));
    struct sy_finding *all = sy_arena_alloc(x->arena, row.n_findings + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < row.n_findings; i++) {
        all[i] = row.findings[i];
    }
    all[row.n_findings] = (struct sy_finding){.entry = x->entry, .text = a->text};
    memcpy(all[row.n_findings].digest, a->digest, 32);
    SY_TRY(deadline_of(x, a->days, &all[row.n_findings].due));
    row.findings = all;
    row.n_findings++;
    return inspection_put(x, a->inspection, &row);
}

/* ---- mending ---- */

sy_status decide_inspect_mend(struct ask *c)
{
    const struct sy_inspect_mend *a = c->args;
    struct sy_inspection row;
    SY_TRY(open_inspection(c, a->inspection, &row));
    if (!sy_view_eq(row.open.party, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "inspection", "another party is inspected");
    }
    if (a->finding < 1 || a->finding > row.n_findings) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "finding", "there is no such finding");
    }
    if (row.findings[a->finding - 1].mended != 0) {
        return sy_fail(c->err, SY_E_EXISTS, "finding", "it was mended before");
    }
    return text_check(a->text, "text", c->err);
}

sy_status apply_inspect_mend(struct change *x)
{
    const struct sy_inspect_mend *a = x->args;
    struct sy_inspection row;
    SY_TRY(inspection_read(x->state, a->inspection, x->arena, &row, x->err));
    struct sy_finding *f = &row.findings[a->finding - 1];
    f->mended = x->in->time;
    f->late = !control(RULES_CTL_INSPECTION_DEADLINE, x->in->time <= f->due);
    memcpy(f->mend_digest, a->digest, 32);
    return inspection_put(x, a->inspection, &row);
}

/* ---- closing ---- */

sy_status decide_inspect_close(struct ask *c)
{
    const struct sy_inspect_close *a = c->args;
    struct sy_inspection row;
    SY_TRY(open_inspection(c, a->inspection, &row));
    SY_TRY(inspector(c, &row, true));
    bool all = true;
    for (size_t i = 0; i < row.n_findings; i++) {
        all = all && row.findings[i].mended != 0;
    }
    if (!control(RULES_CTL_INSPECTION_MENDED, all)) {
        return sy_fail(c->err, SY_E_STATE, "findings", "a finding is not mended");
    }
    return a->text.n == 0 ? SY_OK : text_check(a->text, "text", c->err);
}

sy_status apply_inspect_close(struct change *x)
{
    const struct sy_inspect_close *a = x->args;
    struct sy_inspection row;
    SY_TRY(inspection_read(x->state, a->inspection, x->arena, &row, x->err));
    row.closed = x->in->time;
    return inspection_put(x, a->inspection, &row);
}
