/*
 * A party's standing: what an order or the end of an agreement holds against it. One row, so that everything that
 * needs a party in good standing asks in one place.
 * Source: scheme articles 15 (ban), 32 (access closed).
 */
#include "scheme.h"

sy_status standing_read(const struct rules_state *s, struct sy_view party, struct sy_arena *arena,
                        struct sy_row_standing *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("standing/", party);
    struct sy_view value;
    *ret = (struct sy_row_standing){0};
    return rules_state_get(s, rules_key_view(&key), &value)
               ? rules_state_read(s, rules_key_view(&key), &sy_row_standing_desc, arena, ret, err)
               : SY_OK;
}

/* Is the access of this very party open? */
static sy_status access_open(struct ask *c, struct sy_view party)
{
    struct sy_row_standing row;
    SY_TRY(standing_read(c->state, party, c->arena, &row, c->err));
    if (!control(RULES_CTL_ACCESS_CLOSED, row.closed == 0)) {
        return sy_fail(c->err, SY_E_SUSPENDED, "closed",
                       "access is closed by the correction order of entry %llu",
                       (unsigned long long)row.closed - 1);
    }
    return SY_OK;
}

/* Is anything held against anybody? Most domains have no such row, and every run asks. */
static bool any_standing(const struct rules_state *s)
{
    struct sy_view key = {0};
    struct sy_view value;
    return rules_state_next(s, sy_view_str("standing/"), key, &key, &value);
}

sy_status standing_open(struct ask *c, struct sy_view party)
{
    struct sy_row_standing row;
    struct sy_genesis g;
    if (!any_standing(c->state)) {
        return SY_OK;
    }
    SY_TRY(standing_read(c->state, party, c->arena, &row, c->err));
    if (!control(RULES_CTL_BAN, c->in->time >= row.ban_until)) {
        return sy_fail(c->err, SY_E_DENIED, "ban",
                       "the qualification was lost for cause; no application before the ban ends");
    }
    SY_TRY(genesis_read(c->state, c->arena, &g, c->err));
    SY_TRY(access_open(c, g.operator_.party));
    return access_open(c, party);
}

sy_status standing_put(struct change *x, struct sy_view party, const struct sy_row_standing *row)
{
    struct rules_key key = rules_key_id("standing/", party);
    bool blank = is_zero32(row->agreement) && row->ban_until == 0 && row->closed == 0;
    return blank ? effect_put_bytes(x->effect, &key, (struct sy_view){0}, x->err)
                 : effect_put(x->effect, &key, &sy_row_standing_desc, row, x->err);
}
