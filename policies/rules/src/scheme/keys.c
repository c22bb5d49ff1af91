/*
 * Keys and certificates: each is one party's and one member's, for ever, live or not. Rows party/ hold the parties' own;
 * a row key/ holds every other, and what any of them had before. And the acts on a party's own keys: party.rotate,
 * signed by the old key and the new one, and party.revoke, which ends an enrolment and takes a developer's grants along.
 *
 * Invariants: a row key/ is never deleted and never changes hands; agency and operator are never revoked. Outsiders check
 * by the agency's key, from genesis on, who ordered another log key: the order carries its changes (proof/handover.h).
 * Source: scheme articles 9, 15, 24, 32.
 */
#include "proof/envelope.h"
#include "proof/handover.h"
#include "scene.h"
#include "staff.h"

enum { TEXT_MAX = 2000 };

/* A key's row counts: the member is one still, and has no other. */
static bool is_live(const struct sy_held_key *row)
{
    return row->staff.n > 0 && control(RULES_CTL_STAFF_REVOKED, row->live);
}

sy_status member_certificate(const struct rules_state *s, struct sy_view party,
                             const uint8_t tls[32], struct sy_arena *arena, bool *ret,
                             struct sy_error *err)
{
    struct rules_key at = rules_key_hash("key/", tls);
    struct sy_view value;
    struct sy_held_key row;
    *ret = false;
    if (!rules_state_get(s, rules_key_view(&at), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(s, rules_key_view(&at), &sy_held_key_desc, arena, &row, err));
    *ret = sy_view_eq(row.party, party) && sy_view_is(row.use, "tls") && is_live(&row);
    return SY_OK;
}

sy_status member_of_key(const struct rules_state *s, struct sy_view party, const uint8_t key[32],
                        struct sy_arena *arena, const struct sy_staff **ret, bool *ret_stopped,
                        struct sy_error *err)
{
    struct rules_key at = rules_key_hash("key/", key);
    struct sy_view value;
    struct sy_held_key row;
    *ret = NULL;
    if (!rules_state_get(s, rules_key_view(&at), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(s, rules_key_view(&at), &sy_held_key_desc, arena, &row, err));
    if (!sy_view_eq(row.party, party) || !sy_view_is(row.use, "sign")) {
        return SY_OK;
    }
    if (!is_live(&row)) {
        if (ret_stopped != NULL) {
            *ret_stopped = true;
        }
        return SY_OK;
    }
    struct rules_key member = rules_key_staff(party, row.staff);
    struct sy_staff *m = sy_arena_alloc(arena, 1, sizeof(*m));
    if (m == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    *ret = m;
    return rules_state_read(s, rules_key_view(&member), &sy_staff_desc, arena, m, err);
}

/* ---- fresh ones ---- */

static sy_status taken(struct ask *c)
{
    return sy_fail(c->err, SY_E_EXISTS, "keys", "a key or certificate is, or was, somebody's");
}

static bool is_retired(struct ask *c, const uint8_t key[32])
{
    struct rules_key at = rules_key_hash("key/", key);
    struct sy_view value;
    return rules_state_get(c->state, rules_key_view(&at), &value);
}

/* In a row key/, or the domain's own. */
static bool is_known(struct ask *c, const struct sy_genesis *g, const uint8_t key[32])
{
    return memcmp(key, g->warden, 32) == 0 || memcmp(key, g->box, 32) == 0 || is_retired(c, key);
}

sy_status keys_retired(struct ask *c, const struct sy_new_keys *keys)
{
    bool any = is_retired(c, keys->sign) || is_retired(c, keys->box) || is_retired(c, keys->tls);
    return control(RULES_CTL_KEYS_UNIQUE, !any) ? SY_OK : taken(c);
}

static bool is_of(const struct sy_party *p, const uint8_t key[32])
{
    return memcmp(p->sign, key, 32) == 0 || memcmp(p->box, key, 32) == 0 ||
           memcmp(p->tls, key, 32) == 0;
}

static sy_status parties_have_none(struct ask *c, const uint8_t *const *keys, size_t n)
{
    struct sy_view key = {0}, value;
    while (rules_state_next(c->state, sy_view_str("party/"), key, &key, &value)) {
        struct sy_party p;
        SY_TRY(rules_state_read(c->state, key, &sy_party_desc, c->arena, &p, c->err));
        for (size_t i = 0; i < n; i++) {
            if (!control(RULES_CTL_KEYS_UNIQUE, !is_of(&p, keys[i]))) {
                return taken(c);
            }
        }
    }
    return SY_OK;
}

sy_status keys_fresh(struct ask *c, const struct sy_new_keys *keys)
{
    const uint8_t *const all[] = {keys->box, keys->tls, keys->sign};
    const size_t n = sizeof(all) / sizeof(all[0]);
    struct sy_genesis g;
    SY_TRY(genesis_read(c->state, c->arena, &g, c->err));
    if (is_zero32(keys->sign) || is_zero32(keys->box) || is_zero32(keys->tls) ||
        memcmp(keys->sign, keys->box, 32) == 0) {
        return sy_fail(c->err, SY_E_FIELD, "keys", "two keys and a certificate are required");
    }
    for (size_t i = 0; i < n; i++) {
        if (!control(RULES_CTL_KEYS_UNIQUE, !is_known(c, &g, all[i]))) {
            return taken(c);
        }
    }
    return parties_have_none(c, all, n);
}

/* ---- rows ---- */

static sy_status key_put(struct change *x, const uint8_t key[32], const char *use,
                         struct sy_view party, struct sy_view staff, bool live)
{
    struct rules_key at = rules_key_hash("key/", key);
    struct sy_held_key row = {
        .entry = x->entry, .live = live, .party = party, .staff = staff, .use = sy_view_str(use)};
    return effect_put(x->effect, &at, &sy_held_key_desc, &row, x->err);
}

sy_status keys_put(struct change *x, const struct sy_new_keys *keys, struct sy_view party,
                   struct sy_view staff, bool live)
{
    SY_TRY(key_put(x, keys->sign, "sign", party, staff, live));
    SY_TRY(key_put(x, keys->box, "box", party, staff, live));
    return key_put(x, keys->tls, "tls", party, staff, live);
}

/* ---- party.rotate ---- */

/* Outsiders follow the agency's key over so many changes and no more (proof/handover.h). */
static sy_status links_room(struct ask *c)
{
    struct sy_view key = {0}, value;
    size_t n = 0;
    while (rules_state_next(c->state, sy_view_str("key/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_held_key row;
        SY_TRY(rules_state_read(c->state, key, &sy_held_key_desc, &arena, &row, c->err));
        n += sy_view_eq(row.party, c->party.party) && row.staff.n == 0 &&
             sy_view_is(row.use, "sign");
    }
    return n < PROOF_AGENCY_LINKS_MAX
               ? SY_OK
               : sy_fail(c->err, SY_E_LIMIT, "keys", "the agency's key was changed %d times",
                         PROOF_AGENCY_LINKS_MAX);
}

sy_status decide_party_rotate(struct ask *c)
{
    const struct sy_new_keys *a = c->args;
    SY_TRY(staff_asked(c));
    if (c->staff != NULL) {
        return sy_fail(c->err, SY_E_ROLE, "sigs",
                       "the party's own key is followed by the next one");
    }
    SY_TRY(sy_view_is(c->party.role, "agency") ? links_room(c) : SY_OK);
    SY_TRY(keys_fresh(c, a));
    return proof_verify_request(c->req->header_bytes, &c->req->header, c->req->sigs, c->req->n_sigs,
                                a->sign, c->err);
}

sy_status apply_party_rotate(struct change *x)
{
    const struct sy_new_keys *a = x->args;
    struct sy_party p;
    SY_TRY(party_active(x->state, x->req->header.party, x->arena, &p, x->err));
    const struct sy_new_keys old = new_keys_of(p.sign, p.box, p.tls);
    SY_TRY(keys_put(x, &old, p.party, (struct sy_view){0}, false));
    memcpy(p.sign, a->sign, 32);
    memcpy(p.box, a->box, 32);
    memcpy(p.tls, a->tls, 32);
    return put_party(x, &p);
}

/* ---- party.revoke ---- */

sy_status decide_party_revoke(struct ask *c)
{
    const struct sy_party_revoke *a = c->args;
    struct sy_party p;
    struct sy_pack pack;
    SY_TRY(staff_asked(c));
    if (a->text.n > 0 && !is_text(a->text, TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text", TEXT_MAX);
    }
    if (!sy_ok(party_active(c->state, a->party, c->arena, &p, NULL))) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "party", "no such party is enrolled");
    }
    if (word_in(p.role, "agency operator")) {
        return sy_fail(c->err, SY_E_DENIED, "party", "the domain's founders are not revoked");
    }
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    return ground_check(c, &pack, a->ground);
}

/* Whoever is no party lifts nothing: what it held is the agency's to start again. */
static sy_status holds_drop(struct change *x, struct sy_view party)
{
    struct sy_view key = {0}, value;
    while (rules_state_next(x->state, sy_view_str("grant/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_grant g;
        struct rules_key at = {.n = key.n};
        memcpy(at.text, key.p, key.n);
        (void)effect_pending(x->effect, &at, &value); /* as this event has left it */
        value = sy_arena_copy(&arena, value);
        SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &arena, &g, x->err));
        if (hold_of(&g, party)) {
            SY_TRY(hold_drop(x, &g, party));
            SY_TRY(effect_put(x->effect, &at, &sy_row_grant_desc, &g, x->err));
        }
    }
    return SY_OK;
}

sy_status apply_party_revoke(struct change *x)
{
    const struct sy_party_revoke *a = x->args;
    struct sy_party p;
    SY_TRY(party_active(x->state, a->party, x->arena, &p, x->err));
    p.status = sy_view_str("revoked");
    SY_TRY(put_party(x, &p));
    if (!sy_view_is(p.role, "developer")) {
        SY_TRY(custody_lost(x, p.party, a->ground)); /* nobody else can deposit its shares */
        return holds_drop(x, p.party);
    }
    SY_TRY(agreements_end(x, p.party, a->ground));
    struct stop which = {.developer = p.party, .for_good = true, .ground = a->ground};
    return grants_stop(x, &which);
}
