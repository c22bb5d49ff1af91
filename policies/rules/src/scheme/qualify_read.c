/*
 * Who sees applications and agreements besides the reviewers: the parties to them; of an agreement also the
 * departments whose data it is about. The public notice is a row of its own, which everybody reads.
 * Source: scheme articles 12 (4), 31; DESIGN section 3 (bodies are served by role).
 */
#include "proof/ids.h"
#include "qualify.h"

static bool application_concerns(const struct sy_party *caller, struct sy_view value,
                                 struct sy_arena *arena)
{
    struct sy_row_qualify row;
    return sy_ok(sy_record_decode(&sy_row_qualify_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
           sy_view_eq(row.party, caller->party);
}

/* Is one of the department's datasets in the agreement's scope? */
static bool scope_touches(const struct rules_state *s, const struct sy_agreement *a,
                          struct sy_view department, struct sy_arena *arena)
{
    for (size_t i = 0; i < a->n_datasets; i++) {
        struct dataset d;
        if (sy_view_is(a->datasets[i], SY_AGREEMENT_ALL) ||
            (sy_ok(dataset_read(s, a->datasets[i], arena, &d, NULL)) &&
             sy_view_eq(d.def.department, department))) {
            return true;
        }
    }
    return false;
}

static bool agreement_concerns(const struct rules_state *s, const struct sy_party *caller,
                               struct sy_view value, struct sy_arena *arena)
{
    struct sy_row_agreement row;
    struct sy_agreement a;
    if (!sy_ok(sy_record_decode(&sy_row_agreement_desc, value, &SY_MP_LARGE, arena, &row, NULL)) ||
        !sy_ok(
            sy_record_decode(&sy_agreement_desc, row.agreement, &SY_MP_REQUEST, arena, &a, NULL))) {
        return false;
    }
    return sy_view_eq(a.grantee, caller->party) || sy_view_eq(a.grantor, caller->party) ||
           (sy_view_is(caller->role, "department") && scope_touches(s, &a, caller->party, arena));
}

bool qualify_concerns(const struct rules_state *s, const struct sy_party *caller,
                      struct sy_view key, struct sy_view value, struct sy_arena *arena)
{
    if (sy_view_starts(key, sy_view_str("qualify/"))) {
        return application_concerns(caller, value, arena);
    }
    if (sy_view_starts(key, sy_view_str("standing/"))) {
        size_t n = strlen("standing/");
        return sy_view_eq(sy_view(key.p + n, key.n - n), caller->party);
    }
    return sy_view_starts(key, sy_view_str("agreement/")) &&
           agreement_concerns(s, caller, value, arena);
}

/* Which row an act is about: its subject's, or the one that it made. */
static const struct about {
    const char *methods, *rows, *maker;
    void (*hash)(uint8_t ret[PROOF_HASH_BYTES], struct sy_view args);
} ABOUT[] = {
    {"qualify.", "qualify/", "qualify.apply", proof_qualify_id},
    {"agreement.", "agreement/", "agreement.offer", proof_agreement_id},
};

bool qualify_event_concerns(const struct rules_state *s, const struct sy_party *caller,
                            const struct rules_request *req)
{
    for (size_t i = 0; i < sizeof(ABOUT) / sizeof(ABOUT[0]); i++) {
        uint8_t id[32];
        struct sy_view value;
        memcpy(id, req->header.subject, 32);
        if (sy_view_is(req->header.method, ABOUT[i].maker)) {
            ABOUT[i].hash(id, req->args);
        }
        struct rules_key key = rules_key_hash(ABOUT[i].rows, id);
        if (sy_view_starts(req->header.method, sy_view_str(ABOUT[i].methods)) &&
            rules_state_get(s, rules_key_view(&key), &value)) {
            return rules_row_visible(s, caller, rules_key_view(&key), value);
        }
    }
    return false;
}
