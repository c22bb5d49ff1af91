/*
 * The row of a charge: all that its run stands on. A run reads the versions, the pack and the prices that
 * stand here, whatever was published, adopted or spent meanwhile, so that it can be resumed after a crash,
 * and run again for an auditor, with the same result bit by bit.
 */
#include "method.h"
#include "rules/epoch.h"
#include "state_internal.h"

sy_status charge_row(const struct rules_state *s, uint64_t entry, struct sy_arena *arena,
                     struct sy_row_charge *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_charge(entry);
    return rules_state_read(s, rules_key_view(&key), &sy_row_charge_desc, arena, ret, err);
}

sy_status rules_charge_answer(const struct rules_state *s, uint64_t charge,
                              struct sy_row_answer *ret, bool *ret_answered,
                              struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena none = {0}; /* the row is flat */
    struct rules_key key = rules_key_answer(charge);
    const struct state_row *row = state_find(s, rules_key_view(&key));
    *ret_answered = row != NULL;
    return row == NULL ? SY_OK : state_decode(s, row, &sy_row_answer_desc, &none, ret, reterr);
}

/* What was charged, and where the grant's shares stand after it. */
static sy_status fill_spends(struct change *x, const struct rules_model *m,
                             struct sy_row_charge *row)
{
    row->spends = sy_arena_alloc(x->arena, m->facts.n_spends + 1, sizeof(*row->spends));
    if (row->spends == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < m->facts.n_spends; i++) {
        struct sy_spend *s = &row->spends[row->n_spends++];
        const struct sy_row_grant_share *h = grant_share(&m->grant.account, m->facts.spends[i].ns);
        *s = m->facts.spends[i];
        if (h != NULL) {
            s->spent = h->rho_spent;
            s->left = h->rho - h->rho_spent;
            s->cells_spent = h->cells_spent;
            s->cells_left = h->cells - h->cells_spent;
        }
    }
    return SY_OK;
}

static sy_status fill_pack(struct change *x, struct sy_row_charge *row)
{
    struct sy_row_pack pack;
    SY_TRY(rules_state_read(x->state, sy_view_str("pack"), &sy_row_pack_desc, x->arena, &pack,
                            x->err));
    row->pack = pack.entry;
    return SY_OK;
}

static sy_status fill_published(struct change *x, struct sy_row_charge *row)
{
    row->published = sy_arena_alloc(x->arena, row->n_data + 1, sizeof(*row->published));
    if (row->published == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < row->n_data; i++) {
        struct sy_row_version version;
        SY_TRY(version_read(x->state, row->data[i].dataset, x->arena, &version, x->err));
        row->published[row->n_published++] = version.entry;
    }
    return SY_OK;
}

sy_status charge_fill(struct change *x, const struct rules_model *m, struct sy_row_charge *ret)
{
    const struct sy_header *h = &x->req->header;
    *ret = (struct sy_row_charge){.data = x->in->data, .n_data = x->in->n_data, .party = h->party};
    memcpy(ret->grant, h->grant, 32);
    memcpy(ret->model, h->subject, 32);
    memcpy(ret->nonce, h->nonce, 16);
    memcpy(ret->salt, x->in->salt, 32);
    struct rules_epoch epoch;
    SY_TRY(rules_epoch_read(x->state, &epoch, x->err));
    ret->epoch = epoch.number == 1 ? 0 : epoch.number;
    SY_TRY(fill_spends(x, m, ret));
    SY_TRY(fill_pack(x, ret));
    return fill_published(x, ret);
}
