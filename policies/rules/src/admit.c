/*
 * rules_admit: the gateway's early look at a header, over its replica of party, grant, account and model
 * rows, and those of staff keys. It uses the functions that decide uses, on what those rows hold; whatever it lets through
 * is decided again by the warden, and whatever it refuses on a signed header is re-decided there
 * too, so a wrong replica can neither open nor hide anything.
 */
#include "scheme/staff.h"

static sy_status reads_granted(const struct sy_row_model *m, const struct sy_proposal *p,
                               struct sy_error *err)
{
    for (size_t i = 0; i < m->n_reads; i++) {
        const struct sy_prop_dataset *d = proposal_dataset(p, m->reads[i].dataset);
        for (size_t k = 0; k < m->reads[i].n_fields; k++) {
            const struct sy_prop_field *f =
                d == NULL ? NULL : proposal_field(d, m->reads[i].fields[k]);
            if (f == NULL || sy_view_is(f->mask, "drop")) {
                return sy_fail(err, SY_E_FIELD_DENIED, "header.subject", NULL);
            }
        }
    }
    return SY_OK;
}

static sy_status model_gate(const struct rules_state *replica, const struct sy_header *h,
                            const struct sy_proposal *p, struct sy_arena *arena,
                            struct sy_error *err)
{
    struct rules_key key = rules_key_hash("model/", h->subject);
    struct sy_row_model m;
    SY_TRY(rules_state_read(replica, rules_key_view(&key), &sy_row_model_desc, arena, &m, err));
    if (memcmp(m.grant, h->grant, 32) != 0) {
        return sy_fail(err, SY_E_GRANT, "header.subject", "the model belongs to another grant");
    }
    if (!sy_view_is(m.status, "approved")) {
        return sy_fail(err, SY_E_REVIEW, "header.subject", "the model is not approved");
    }
    return reads_granted(&m, p, err);
}

static sy_status grant_gate(const struct rules_state *replica, const struct sy_header *h,
                            const struct rules_method *m, int64_t now, struct sy_arena *arena,
                            struct sy_error *err)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(replica, h->grant, arena, &g, &p, err));
    if (!sy_view_eq(g.developer, h->party)) {
        return sy_fail(err, SY_E_GRANT, "header.grant", "the grant is another developer's");
    }
    SY_TRY(rules_grant_in_force(&g, &p, now, err));
    if ((m->flags & RULES_M_SUBJECT) == 0) {
        return SY_OK;
    }
    struct sy_row_account a;
    SY_TRY(account_row(replica, h->grant, arena, &a, err));
    if (a.calls >= p.calls) {
        return sy_fail(err, SY_E_CALLS, "header.grant", NULL);
    }
    return model_gate(replica, h, &p, arena, err);
}

static sy_status method_gate(const struct rules_method *m, const struct sy_header *h,
                             struct sy_error *err)
{
    if (m == NULL || (m->flags & (RULES_M_LOCAL | RULES_M_WARDEN)) != 0 ||
        sy_view_is(h->method, "genesis")) {
        return sy_fail(err, SY_E_METHOD, "header.method", NULL);
    }
    return SY_OK;
}

/* The party's own certificate, or, when it has staff, that of a live member. */
static sy_status certificate_gate(const struct rules_state *replica, const struct sy_party *party,
                                  const uint8_t tls[32], struct sy_arena *arena,
                                  struct sy_error *err)
{
    bool live = false;
    if (party->staff) {
        SY_TRY(member_certificate(replica, party->party, tls, arena, &live, err));
    }
    return live ? SY_OK : party_tls(party, tls, err);
}

sy_status rules_admit(const struct rules_state *replica, const struct sy_header *header,
                      const uint8_t tls[32], int64_t now, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_party party;
    struct sy_view value;
    const struct rules_method *m = rules_method_find(header->method);
    struct rules_key key = rules_key_id("party/", header->party);
    bool member = m != NULL && (m->flags & RULES_M_MEMBER) != 0;
    SY_TRY(header_form(header, reterr));
    SY_TRY(method_gate(m, header, reterr));
    SY_TRY(header_life(header, now, false, reterr));
    if ((m->flags & RULES_M_NEW) != 0 && !rules_state_get(replica, rules_key_view(&key), &value)) {
        return SY_OK; /* the warden judges the invitation */
    }
    SY_TRY(party_active(replica, header->party, &arena, &party, reterr));
    if (member) {
        return SY_OK; /* a newcomer's certificate: likewise */
    }
    SY_TRY(certificate_gate(replica, &party, tls, &arena, reterr));
    if ((m->flags & RULES_M_NEW) == 0 && !rules_method_allows(m, party.role)) {
        return sy_fail(reterr, SY_E_ROLE, "header.method", NULL);
    }
    return (m->flags & RULES_M_GATE) == 0 ? SY_OK
                                          : grant_gate(replica, header, m, now, &arena, reterr);
}
