/*
 * What: which member of a party's staff signed an entry (docs/scheme/staff.md). Invariant: a key is a member's from the
 * entry on that enrolled it, for ever: keys are never used again.
 */
#include "index.h"
#include "wire/staff.h"

/* "PARTY/ID" */
static sy_status member_name(struct audit_index *x, struct sy_view party, struct sy_view id,
                             struct sy_arena *arena, int64_t *ret, struct sy_error *err)
{
    const char *text = sy_arena_printf(arena, "%.*s/%.*s", SY_PV(party), SY_PV(id));
    return text != NULL ? index_name(x, sy_view_str(text), ret, err)
                        : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status put_key(struct audit_index *x, const uint8_t key[32], int64_t member,
                         struct sy_error *err)
{
    char hex[65];
    int64_t row[] = {INDEX_NULL, member};
    audit_hex32(hex, key);
    SY_TRY(index_name(x, sy_view(hex, 64), &row[0], err));
    index_trait_set(x, row[0], INDEX_MEMBER, member);
    return index_put(x, INDEX_ADD_KEY, row, 2, err);
}

/* Whose the key is; INDEX_NULL: no member's. */
static int64_t member_of(const struct audit_index *x, const uint8_t key[32])
{
    char hex[65];
    audit_hex32(hex, key);
    return index_trait(x, index_known(x, sy_view(hex, 64)), INDEX_MEMBER);
}

static sy_status take_joined(struct audit_index *x, const struct audit_record *r,
                             struct sy_arena *arena, struct sy_error *err)
{
    struct sy_staff_enrol e;
    struct sy_staff_invite v;
    int64_t member;
    if (!audit_record_args(r, &sy_staff_enrol_desc, arena, &e) ||
        !sy_ok(
            sy_record_decode(&sy_staff_invite_desc, e.invite, &SY_MP_REQUEST, arena, &v, NULL))) {
        return SY_OK;
    }
    SY_TRY(member_name(x, v.party, v.id, arena, &member, err));
    return put_key(x, e.sign, member, err);
}

static sy_status take_rotated(struct audit_index *x, const struct audit_record *r,
                              struct sy_arena *arena, struct sy_error *err)
{
    struct sy_new_keys k;
    const struct sy_logged_request *q = &r->event.request;
    if (q->n_sigs == 0 || !audit_record_args(r, &sy_new_keys_desc, arena, &k)) {
        return SY_OK;
    }
    int64_t member = member_of(x, q->sigs[0].key);
    return member == INDEX_NULL ? SY_OK : put_key(x, k.sign, member, err);
}

sy_status index_take_staff(struct audit_index *x, uint64_t i, const struct audit_record *r,
                           struct sy_arena *arena, struct sy_error *err)
{
    if (audit_record_did(r, "staff.enrol")) {
        SY_TRY(take_joined(x, r, arena, err));
    } else if (audit_record_did(r, "staff.rotate")) {
        SY_TRY(take_rotated(x, r, arena, err));
    }
    const struct sy_logged_request *q = &r->event.request;
    for (size_t k = 0; k < q->n_sigs; k++) {
        int64_t row[] = {(int64_t)i, member_of(x, q->sigs[k].key)};
        if (row[1] != INDEX_NULL) {
            SY_TRY(index_put(x, INDEX_ADD_SIGNED, row, 2, err));
        }
    }
    return SY_OK;
}
