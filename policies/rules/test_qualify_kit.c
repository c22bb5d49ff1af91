/* See test_qualify_kit.h. */
#include "test_qualify_kit.h"

#include <string.h>

#include "proof/ids.h"

static struct sy_pack_code *codes(struct kit *k, const char *const *names, size_t n)
{
    struct sy_pack_code *v = kit_alloc(k, n, sizeof(*v));
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct sy_pack_code){.code = V(names[i]), .title = V(names[i])};
    }
    return v;
}

static const char *const LISTS[] = {"dishonest", "tax", "violation"};
static const char *const ASPECTS[] = {"operation", "risk"};
static const char *const CLAUSES[] = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10"};

struct sy_pack *qk_pack(struct kit *k, uint64_t version)
{
    static int64_t holidays[] = {20836}; /* Monday, 2027-01-18 */
    struct sy_pack *p = kit_pack_record(k, version);
    struct sy_pack_calendar *c = kit_alloc(k, 1, sizeof(*c));
    struct sy_pack_qualify *q = kit_alloc(k, 1, sizeof(*q));
    struct sy_pack_ending *e = kit_alloc(k, 3, sizeof(*e));
    e[0] = (struct sy_pack_ending){.code = V("request"), .own = true};
    e[1] = (struct sy_pack_ending){.code = V("violation"), .cause = true};
    e[2] = (struct sy_pack_ending){.code = V("policy")};
    *c = (struct sy_pack_calendar){.holidays = holidays, .n_holidays = 1, .utc_offset_s = 28800};
    *q = (struct sy_pack_qualify){.aspects = codes(k, ASPECTS, LEN(ASPECTS)),
                                  .n_aspects = LEN(ASPECTS),
                                  .ban_years = QK_BAN_YEARS,
                                  .clauses = codes(k, CLAUSES, LEN(CLAUSES)),
                                  .n_clauses = LEN(CLAUSES),
                                  .endings = e,
                                  .n_endings = 3,
                                  .incident_years = QK_INCIDENT_YEARS,
                                  .lists = codes(k, LISTS, LEN(LISTS)),
                                  .n_lists = LEN(LISTS),
                                  .notice_days = QK_NOTICE_DAYS,
                                  .renew_months = QK_RENEW_MONTHS,
                                  .scheme_ends = calendar_years(NULL, KIT_START, QK_TRIAL_YEARS),
                                  .term_years = QK_TERM_YEARS};
    p->scheme = kit_alloc(k, 1, sizeof(*p->scheme));
    p->n_scheme = 1;
    *p->scheme =
        (struct sy_pack_scheme){.calendar = c, .n_calendar = 1, .qualify = q, .n_qualify = 1};
    return p;
}

void qk_domain(struct kit *k)
{
    kit_catalogue(k);
    assert_int_equal(kit_adopt(k, qk_pack(k, 2)), 0);
}

/* ---- records ---- */

struct sy_announcement *qk_announcement(struct kit *k, const char *kind)
{
    struct sy_announcement *a = kit_alloc(k, 1, sizeof(*a));
    *a = (struct sy_announcement){.closes = k->time + 30 * QK_DAY_S,
                                  .conditions = V("see article 10"),
                                  .kind = V(kind),
                                  .opens = k->time};
    a->title = V(sy_arena_printf(&k->arena, "announcement %u", (unsigned)k->nonce));
    memcpy(a->domain, k->domain, 32);
    return a;
}

struct sy_qualify_apply *qk_application(struct kit *k, const char *party,
                                        const uint8_t announcement[32])
{
    struct sy_qualify_apply *a = kit_alloc(k, 1, sizeof(*a));
    *a = (struct sy_qualify_apply){.credit_code = V("91370882MA3CQX5W00"),
                                   .evidence = kit_alloc(k, 1, sizeof(*a->evidence)),
                                   .n_evidence = 1,
                                   .lists = kit_alloc(k, LEN(LISTS), sizeof(*a->lists)),
                                   .n_lists = LEN(LISTS),
                                   .officer = V("head of security"),
                                   .officer_unit = V("data security office"),
                                   .operations = V("sound"),
                                   .party = V(party),
                                   .plan = V("health indicators"),
                                   .subject = V(party),
                                   .team = V("twelve engineers")};
    memcpy(a->announcement, announcement, 32);
    memcpy(a->domain, k->domain, 32);
    memset(a->incidents_evidence, 0x51, 32);
    a->evidence[0].title = V("licence");
    memset(a->evidence[0].digest, 0x52, 32);
    for (size_t i = 0; i < LEN(LISTS); i++) {
        a->lists[i] = (struct sy_qualify_list){.clear = true, .code = V(LISTS[i])};
        memset(a->lists[i].evidence, 0x53, 32);
    }
    return a;
}

/* When the agreement above ends; three years from now when there is none. */
static int64_t end_of(struct kit *k, const uint8_t *parent)
{
    struct sy_agreement p;
    int64_t end = calendar_years(NULL, k->time, QK_TERM_YEARS);
    if (parent != NULL) {
        check_ok(sy_record_decode(&sy_agreement_desc, qk_agreement_row(k, parent)->agreement,
                                  &SY_MP_REQUEST, &k->arena, &p, NULL));
        end = p.not_after < end ? p.not_after : end;
    }
    return end;
}

struct sy_agreement *qk_agreement(struct kit *k, const char *grantee, const uint8_t application[32],
                                  const uint8_t *parent)
{
    struct sy_agreement *a = kit_alloc(k, 1, sizeof(*a));
    *a = (struct sy_agreement){
        .clauses = kit_alloc(k, LEN(CLAUSES), sizeof(*a->clauses)),
        .n_clauses = LEN(CLAUSES),
        .datasets = parent == NULL ? KIT_STRS(k, "*")
                                   : KIT_STRS(k, "persons", "events", "streets", "births"),
        .n_datasets = parent == NULL ? 1 : 4,
        .fee = V("as agreed"),
        .grantee = V(grantee),
        .grantor = V(parent == NULL ? "agency" : "operator"),
        .not_after = end_of(k, parent),
        .not_before = k->time};
    memcpy(a->application, application, 32);
    memcpy(a->domain, k->domain, 32);
    memcpy(a->prev, qk_standing(k, grantee)->agreement, 32);
    if (parent != NULL) {
        memcpy(a->parent, parent, 32);
    }
    for (size_t i = 0; i < LEN(CLAUSES); i++) {
        a->clauses[i] = (struct sy_agreement_clause){.code = V(CLAUSES[i]), .text = V("agreed")};
    }
    return a;
}

/* ---- steps ---- */

typedef void id_fn(uint8_t ret[PROOF_HASH_BYTES], struct sy_view bytes);

static int32_t named(struct kit *k, const char *party, const char *method,
                     const struct sy_desc *desc, const void *args, id_fn *id, uint8_t *ret_id)
{
    if (ret_id != NULL) {
        id(ret_id, kit_encode(k, desc, args));
    }
    return kit_call(k, party, method, desc, args, NULL, NULL);
}

static const char *text_of(struct kit *k, struct sy_view v)
{
    return sy_arena_printf(&k->arena, "%.*s", SY_PV(v));
}

int32_t qk_announce(struct kit *k, const char *party, const struct sy_announcement *a,
                    uint8_t *ret_id)
{
    return named(k, party, "qualify.announce", &sy_announcement_desc, a, proof_announcement_id,
                 ret_id);
}

int32_t qk_apply(struct kit *k, const struct sy_qualify_apply *a, uint8_t *ret_id)
{
    return named(k, text_of(k, a->party), "qualify.apply", &sy_qualify_apply_desc, a,
                 proof_qualify_id, ret_id);
}

int32_t qk_opinion(struct kit *k, const char *party, const uint8_t application[32])
{
    struct sy_qualify_score scores[] = {{V("operation"), 80}, {V("risk"), 71}};
    struct sy_qualify_opinion o = {.experts = 5, .n_scores = LEN(scores), .scores = scores};
    memset(o.digest, 0x61, 32);
    return kit_call(k, party, "qualify.opinion", &sy_qualify_opinion_desc, &o, NULL, application);
}

int32_t qk_decide(struct kit *k, const char *party, const uint8_t application[32],
                  const char *decision)
{
    struct sy_qualify_decide d = {.decision = V(decision)};
    memset(d.minutes, 0x62, 32);
    return kit_call(k, party, "qualify.decide", &sy_qualify_decide_desc, &d, NULL, application);
}

int32_t qk_object(struct kit *k, const char *party, const uint8_t application[32],
                  const char *behalf)
{
    struct sy_qualify_object o = {.behalf = V(behalf), .text = V("it lost data before")};
    return kit_call(k, party, "qualify.object", &sy_qualify_object_desc, &o, NULL, application);
}

int32_t qk_settle(struct kit *k, const uint8_t application[32], uint64_t objection,
                  const char *outcome)
{
    struct sy_qualify_settle s = {
        .objection = objection, .outcome = V(outcome), .text = V("looked into")};
    return kit_call(k, "agency", "qualify.settle", &sy_qualify_settle_desc, &s, NULL, application);
}

int32_t qk_offer(struct kit *k, const struct sy_agreement *a, uint8_t *ret_id)
{
    return named(k, text_of(k, a->grantor), "agreement.offer", &sy_agreement_desc, a,
                 proof_agreement_id, ret_id);
}

int32_t qk_accept(struct kit *k, const char *party, const uint8_t agreement[32])
{
    struct sy_agreement_accept a = {0};
    memset(a.commitment, 0x63, 32);
    return kit_call(k, party, "agreement.accept", &sy_agreement_accept_desc, &a, NULL, agreement);
}

int32_t qk_file(struct kit *k, const uint8_t agreement[32])
{
    struct sy_agreement_file f = {0};
    f.filing_no = V(sy_arena_printf(&k->arena, "filed %u", (unsigned)k->nonce));
    return kit_call(k, "operator", "agreement.file", &sy_agreement_file_desc, &f, NULL, agreement);
}

int32_t qk_end(struct kit *k, const char *party, const uint8_t agreement[32], const char *ground)
{
    struct sy_agreement_end e = {.ground = V(ground)};
    return kit_call(k, party, "agreement.terminate", &sy_agreement_end_desc, &e, NULL, agreement);
}

/* ---- stages ---- */

void qk_open(struct kit *k, const char *kind, uint8_t ret_id[32])
{
    const struct sy_announcement *a = qk_announcement(k, kind);
    assert_int_equal(qk_announce(k, "agency", a, ret_id), 0);
    if (strcmp(kind, "developer") == 0) {
        assert_int_equal(qk_announce(k, "operator", a, NULL), 0);
    }
}

static bool is_operator(const char *party)
{
    return strcmp(party, "operator") == 0;
}

void qk_filed(struct kit *k, const char *party, uint8_t ret_application[32])
{
    uint8_t announcement[32];
    qk_open(k, is_operator(party) ? "operator" : "developer", announcement);
    assert_int_equal(qk_apply(k, qk_application(k, party, announcement), ret_application), 0);
}

void qk_approved(struct kit *k, const char *party, uint8_t ret_application[32])
{
    qk_filed(k, party, ret_application);
    assert_int_equal(qk_opinion(k, is_operator(party) ? "agency" : "operator", ret_application), 0);
    assert_int_equal(qk_decide(k, "agency", ret_application, "approve"), 0);
    if (!is_operator(party)) {
        assert_int_equal(qk_decide(k, "operator", ret_application, "approve"), 0);
    }
}

void qk_noticed(struct kit *k, const char *party, uint8_t ret_application[32])
{
    qk_approved(k, party, ret_application);
    k->time = qk_row(k, ret_application)->notice_until + 1;
}

void qk_agreed(struct kit *k, const char *party, const uint8_t *parent, uint8_t ret_agreement[32])
{
    uint8_t application[32];
    qk_noticed(k, party, application);
    assert_int_equal(qk_offer(k, qk_agreement(k, party, application, parent), ret_agreement), 0);
    assert_int_equal(qk_accept(k, party, ret_agreement), 0);
    assert_int_equal(qk_file(k, ret_agreement), 0);
}

void qk_ready(struct kit *k, uint8_t ret_whole[32], uint8_t ret_agreement[32])
{
    qk_agreed(k, "operator", NULL, ret_whole);
    qk_agreed(k, "acme", ret_whole, ret_agreement);
}

/* ---- rows ---- */

static void *row(struct kit *k, const struct rules_key *key, const struct sy_desc *desc)
{
    void *r = kit_alloc(k, 1, desc->size_bytes);
    check_ok(rules_state_read(k->state, rules_key_view(key), desc, &k->arena, r, &k->err));
    return r;
}

struct sy_row_qualify *qk_row(struct kit *k, const uint8_t application[32])
{
    struct rules_key key = rules_key_hash("qualify/", application);
    return row(k, &key, &sy_row_qualify_desc);
}

struct sy_row_agreement *qk_agreement_row(struct kit *k, const uint8_t agreement[32])
{
    struct rules_key key = rules_key_hash("agreement/", agreement);
    return row(k, &key, &sy_row_agreement_desc);
}

struct sy_row_standing *qk_standing(struct kit *k, const char *party)
{
    struct rules_key key = rules_key_id("standing/", V(party));
    struct sy_view value;
    return rules_state_get(k->state, rules_key_view(&key), &value)
               ? row(k, &key, &sy_row_standing_desc)
               : kit_alloc(k, 1, sizeof(struct sy_row_standing));
}

void qk_refused(struct kit *k, int32_t got, int32_t code, const char *field)
{
    if (got != code || !sy_view_is(k->verdict.field, field)) {
        fail_msg("%s, field %.*s: %.*s", sy_code_name(got), SY_PV(k->verdict.field),
                 SY_PV(k->verdict.reason));
    }
}
