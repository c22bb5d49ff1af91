/* See test_staff_kit.h. */
#include "test_staff_kit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

int32_t rota_adopt(struct rota *r, const struct sy_pack_staff *terms)
{
    static uint64_t version = 1;
    struct sy_pack *p = kit_pack_record(&r->k, ++version);
    if (terms != NULL) {
        struct sy_pack_scheme *s = kit_alloc(&r->k, 1, sizeof(*s));
        s->staff = kit_alloc(&r->k, 1, sizeof(*s->staff));
        s->staff[0] = *terms;
        s->n_staff = 1;
        p->scheme = s;
        p->n_scheme = 1;
    }
    return kit_adopt(&r->k, p);
}

void rota_init(struct rota *r, const struct sy_pack_staff *terms)
{
    memset(r, 0, sizeof(*r));
    kit_init(&r->k);
    kit_catalogue(&r->k);
    assert_int_equal(rota_adopt(r, terms), 0);
}

struct kit_party *rota_keys(struct rota *r, const char *id)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->members[i].id, id) == 0) {
            return &r->members[i];
        }
    }
    assert_true(r->n < ROTA_MEMBERS);
    struct kit_party *p = &r->members[r->n++];
    uint8_t seed[32] = {0};
    (void)snprintf(p->id, sizeof(p->id), "%s", id);
    seed[0] = (uint8_t)(0x80 + r->n);
    crypto_sign_seed_keypair(p->sign, p->secret, seed);
    memset(p->tls, 0x80 + (int)r->n, 32);
    return p;
}

void rota_box(const struct kit_party *p, uint8_t ret[32])
{
    memset(ret, p->tls[0] + 0x40, 32);
}

struct sy_new_keys rota_new_keys(const struct kit_party *p)
{
    struct sy_new_keys k;
    rota_box(p, k.box);
    memcpy(k.sign, p->sign, 32);
    memcpy(k.tls, p->tls, 32);
    return k;
}

/* ---- requests ---- */

struct rules_request *rota_request(struct rota *r, const struct rota_act *a)
{
    struct kit *k = &r->k;
    struct rules_request *q = kit_request(k, a->party, a->method, a->desc, a->args);
    if (a->grant != NULL) {
        memcpy(q->header.grant, a->grant, 32);
    }
    if (a->subject != NULL) {
        memcpy(q->header.subject, a->subject, 32);
    }
    kit_sign(k, q, a->by);
    if (a->with != NULL) {
        struct sy_signature *two = kit_alloc(k, 2, sizeof(*two));
        two[0] = q->sigs[0];
        kit_sign(k, q, a->with);
        two[1] = q->sigs[0];
        q->sigs = two;
        q->n_sigs = 2;
    }
    memcpy(k->extra.tls, a->by->tls, 32);
    return q;
}

int32_t rota_send(struct rota *r, const struct rota_act *a)
{
    r->last = rota_request(r, a);
    int32_t code = kit_send(&r->k, r->last);
    r->k.extra = (struct sy_inputs){0};
    return code;
}

/* ---- steps ---- */

static struct sy_view *words(struct kit *k, const char *text, size_t *ret_n)
{
    struct sy_view *v = kit_alloc(k, 8, sizeof(*v));
    size_t n = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        v[n++] = sy_arena_copy(&k->arena, sy_view(text, len));
        text += len + (text[len] == ' ');
    }
    *ret_n = n;
    return v;
}

static struct sy_party party_row(struct rota *r, const char *id)
{
    struct rules_key key = rules_key_id("party/", V(id));
    struct sy_party p;
    check_ok(
        rules_state_read(r->k.state, rules_key_view(&key), &sy_party_desc, &r->k.arena, &p, NULL));
    p.role = sy_arena_copy(&r->k.arena, p.role);
    return p;
}

struct sy_staff_invite rota_invite(struct rota *r, const char *party, const char *id,
                                   const char *duties)
{
    struct sy_staff_invite v = {.ctx = V(SY_STAFF_CONTEXT),
                                .expiry = r->k.time + DAY_S,
                                .id = V(id),
                                .log = V(KIT_LOG),
                                .name = V("member"),
                                .party = V(party),
                                .role = party_row(r, party).role};
    v.duties = words(&r->k, duties, &v.n_duties);
    memset(v.box, 9, 32);
    memcpy(v.domain, r->k.domain, 32);
    memcpy(v.warden, kit_party(&r->k, "warden")->sign, 32);
    return v;
}

int32_t rota_enrol(struct rota *r, const struct sy_staff_invite *v, const struct kit_party *by)
{
    const char *id = sy_arena_printf(&r->k.arena, "%.*s", SY_PV(v->id));
    const char *party = sy_arena_printf(&r->k.arena, "%.*s", SY_PV(v->party));
    const struct kit_party *keys = rota_keys(r, id);
    uint8_t *sig = kit_alloc(&r->k, 64, 1);
    struct sy_staff_enrol e = {.invite = kit_encode(&r->k, &sy_staff_invite_desc, v)};
    proof_sign(sig, e.invite, by->secret);
    e.invite_sig = sy_view(sig, 64);
    memcpy(e.invite_key, by->sign, 32);
    memcpy(e.sign, keys->sign, 32);
    memcpy(e.tls, keys->tls, 32);
    rota_box(keys, e.box);
    struct rota_act act = {.party = party,
                           .method = "staff.enrol",
                           .desc = &sy_staff_enrol_desc,
                           .args = &e,
                           .by = keys};
    return rota_send(r, &act);
}

void rota_join(struct rota *r, const char *party, const char *id, const char *duties)
{
    struct sy_staff_invite v = rota_invite(r, party, id, duties);
    assert_int_equal(rota_enrol(r, &v, kit_party(&r->k, party)), 0);
}

int32_t rota_train(struct rota *r, const char *party, const char *id, const char *by,
                   bool confidential)
{
    struct sy_staff_train t = {
        .course = V("data safety"), .id = V(id), .until = r->k.time + (int64_t)30 * DAY_S};
    if (confidential) {
        memset(t.confidential, 0x77, 32);
    }
    struct rota_act act = {.party = party,
                           .method = "staff.train",
                           .desc = &sy_staff_train_desc,
                           .args = &t,
                           .by = rota_keys(r, by)};
    return rota_send(r, &act);
}

int32_t rota_revoke(struct rota *r, const char *party, const char *id, const struct kit_party *by)
{
    struct sy_staff_revoke a = {.id = V(id), .text = V("left")};
    struct rota_act act = {.party = party,
                           .method = "staff.revoke",
                           .desc = &sy_staff_revoke_desc,
                           .args = &a,
                           .by = by};
    return rota_send(r, &act);
}

int32_t rota_apply(struct rota *r, const char *scene, const char *by)
{
    struct sy_proposal *p = kit_proposal(&r->k);
    p->scene = V(scene);
    struct rota_act act = {.party = "acme",
                           .method = "scene.apply",
                           .desc = &sy_proposal_desc,
                           .args = p,
                           .by = rota_keys(r, by)};
    return rota_send(r, &act);
}
