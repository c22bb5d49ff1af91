/*
 * Descriptors of the state's rows, generated from rules/rows.h, and the text of their keys.
 * Invariant: a key that does not fit comes out empty, and no row has the empty key, so that an
 * overlong identifier finds nothing instead of something else.
 */
#include "rules/rows_scheme.h"
#include "wire/staff.h"
#include "wire/sync.h"

#define SY_T struct sy_row_domain
SY_RECORD_DESC(row_domain, SY_ROW_DOMAIN_FIELDS)
#undef SY_T
#define SY_T struct sy_row_pack
SY_RECORD_DESC(row_pack, SY_ROW_PACK_FIELDS)
#undef SY_T
#define SY_T struct sy_row_witness
SY_RECORD_DESC(row_witness, SY_ROW_WITNESS_FIELDS)
#undef SY_T
#define SY_T struct sy_row_log
SY_RECORD_DESC(row_log, SY_ROW_LOG_FIELDS)
#undef SY_T
#define SY_T struct sy_row_handover
SY_RECORD_DESC(row_handover, SY_ROW_HANDOVER_FIELDS)
#undef SY_T
#define SY_T struct sy_row_clock
SY_RECORD_DESC(row_clock, SY_ROW_CLOCK_FIELDS)
#undef SY_T
#define SY_T struct sy_row_epoch
SY_RECORD_DESC(row_epoch, SY_ROW_EPOCH_FIELDS)
#undef SY_T
#define SY_T struct sy_row_dataset
SY_RECORD_DESC(row_dataset, SY_ROW_DATASET_FIELDS)
#undef SY_T
#define SY_T struct sy_row_version
SY_RECORD_DESC(row_version, SY_ROW_VERSION_FIELDS)
#undef SY_T
#define SY_T struct sy_row_scene
SY_RECORD_DESC(row_scene, SY_ROW_SCENE_FIELDS)
#undef SY_T
#define SY_T struct sy_row_review
SY_RECORD_DESC(row_review, SY_ROW_REVIEW_FIELDS)
#undef SY_T
#define SY_T struct sy_row_proposal
SY_RECORD_DESC(row_proposal, SY_ROW_PROPOSAL_FIELDS)
#undef SY_T
#define SY_T struct sy_row_grant_share
SY_RECORD_DESC(row_grant_share, SY_ROW_GRANT_SHARE_FIELDS)
#undef SY_T
#define SY_T struct sy_row_account
SY_RECORD_DESC(row_account, SY_ROW_ACCOUNT_FIELDS)
#undef SY_T
#define SY_T struct sy_row_hold
SY_RECORD_DESC(row_hold, SY_ROW_HOLD_FIELDS)
#undef SY_T
#define SY_T struct sy_row_grant
SY_RECORD_DESC(row_grant, SY_ROW_GRANT_FIELDS)
#undef SY_T
#define SY_T struct sy_row_deposit
SY_RECORD_DESC(row_deposit, SY_ROW_DEPOSIT_FIELDS)
#undef SY_T
#define SY_T struct sy_row_deposits
SY_RECORD_DESC(row_deposits, SY_ROW_DEPOSITS_FIELDS)
#undef SY_T
#define SY_T struct sy_row_reads
SY_RECORD_DESC(row_reads, SY_ROW_READS_FIELDS)
#undef SY_T
#define SY_T struct sy_row_model
SY_RECORD_DESC(row_model, SY_ROW_MODEL_FIELDS)
#undef SY_T
#define SY_T struct sy_row_budget
SY_RECORD_DESC(row_budget, SY_ROW_BUDGET_FIELDS)
#undef SY_T
#define SY_T struct sy_row_charge
SY_RECORD_DESC(row_charge, SY_ROW_CHARGE_FIELDS)
#undef SY_T
#define SY_T struct sy_row_answer
SY_RECORD_DESC(row_answer, SY_ROW_ANSWER_FIELDS)
#undef SY_T
#define SY_T struct sy_row_question
SY_RECORD_DESC(row_question, SY_ROW_QUESTION_FIELDS)
#undef SY_T
#define SY_T struct sy_row_rerun
SY_RECORD_DESC(row_rerun, SY_ROW_RERUN_FIELDS)
#undef SY_T
#define SY_T struct sy_row_nonce
SY_RECORD_DESC(row_nonce, SY_ROW_NONCE_FIELDS)
#undef SY_T
#define SY_T struct sy_region_dim
SY_RECORD_DESC(region_dim, SY_REGION_DIM_FIELDS)
#undef SY_T
#define SY_T struct sy_region_box
SY_RECORD_DESC(region_box, SY_REGION_BOX_FIELDS)
#undef SY_T
#define SY_T struct sy_region_near
SY_RECORD_DESC(region_near, SY_REGION_NEAR_FIELDS)
#undef SY_T
#define SY_T struct sy_row_region
SY_RECORD_DESC(row_region, SY_ROW_REGION_FIELDS)
#undef SY_T
#define SY_T struct sy_row_guard
SY_RECORD_DESC(row_guard, SY_ROW_GUARD_FIELDS)
#undef SY_T

#define SY_T struct sy_row_consent
SY_RECORD_DESC(row_consent, SY_ROW_CONSENT_FIELDS)
#undef SY_T
#define SY_T struct sy_row_asked
SY_RECORD_DESC(row_asked, SY_ROW_ASKED_FIELDS)
#undef SY_T
#define SY_T struct sy_row_erased
SY_RECORD_DESC(row_erased, SY_ROW_ERASED_FIELDS)
#undef SY_T

const struct sy_desc *const rules_rows[] = {
    &sy_row_domain_desc,
    &sy_row_pack_desc,
    &sy_row_clock_desc,
    &sy_row_dataset_desc,
    &sy_row_version_desc,
    &sy_row_scene_desc,
    &sy_row_review_desc,
    &sy_row_proposal_desc,
    &sy_row_grant_share_desc,
    &sy_row_account_desc,
    &sy_row_grant_desc,
    &sy_row_deposit_desc,
    &sy_row_deposits_desc,
    &sy_row_reads_desc,
    &sy_row_model_desc,
    &sy_row_budget_desc,
    &sy_row_charge_desc,
    &sy_row_answer_desc,
    &sy_row_question_desc,
    &sy_row_nonce_desc,
    &sy_region_dim_desc,
    &sy_region_box_desc,
    &sy_region_near_desc,
    &sy_row_region_desc,
    &sy_row_guard_desc,
    &sy_row_consent_desc,
    &sy_row_asked_desc,
    &sy_row_erased_desc,
    &sy_row_witness_desc,
    &sy_row_rerun_desc,
    &sy_row_epoch_desc,
    &sy_row_log_desc,
    &sy_row_handover_desc,
    &sy_row_hold_desc,
    &sy_row_standing_desc,
    &sy_sync_waiting_desc,
    &sy_sync_done_desc,
    &sy_sync_cursor_desc,
    &sy_sync_known_desc,
    &sy_held_key_desc,
    &sy_staff_desc,
    &sy_row_announcement_desc,
    &sy_row_qualify_opinion_desc,
    &sy_row_qualify_decision_desc,
    &sy_row_qualify_objection_desc,
    &sy_row_qualify_desc,
    &sy_row_notice_desc,
    &sy_row_agreement_desc,
    &sy_row_applicant_desc,
};
const size_t rules_n_rows = sizeof(rules_rows) / sizeof(rules_rows[0]);

/* Keys are made for every row that is looked at: no byte of one is written twice. */
#define EMPTY_KEY(k)                                                                               \
    struct rules_key k __attribute__((uninitialized));                                             \
    (k).n = 0

static inline void add(struct rules_key *k, struct sy_view v)
{
    if (k->n == SIZE_MAX || v.n == 0 || v.n > RULES_KEY_CAP - k->n) {
        k->n = SIZE_MAX; /* spoilt; see finish */
        return;
    }
    memcpy(k->text + k->n, v.p, v.n);
    k->n += v.n;
}

/* All bytes with this first digit, as two digits each. */
#define PAIRS_OF_16(d)                                                                             \
    d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9" d "a" d "b" d "c" d "d" d "e" d "f"

/* n <= 32. */
static void add_hex(struct rules_key *k, const uint8_t *p, size_t n)
{
    static const char PAIRS[] = PAIRS_OF_16("0") PAIRS_OF_16("1") PAIRS_OF_16("2") PAIRS_OF_16("3")
        PAIRS_OF_16("4") PAIRS_OF_16("5") PAIRS_OF_16("6") PAIRS_OF_16("7") PAIRS_OF_16("8")
            PAIRS_OF_16("9") PAIRS_OF_16("a") PAIRS_OF_16("b") PAIRS_OF_16("c") PAIRS_OF_16("d")
                PAIRS_OF_16("e") PAIRS_OF_16("f");
    if (k->n == SIZE_MAX || 2 * n > RULES_KEY_CAP - k->n) {
        k->n = SIZE_MAX;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(&k->text[k->n + 2 * i], &PAIRS[2 * (size_t)p[i]], 2);
    }
    k->n += 2 * n;
}

static void finish(struct rules_key *k)
{
    k->n = k->n == SIZE_MAX ? 0 : k->n;
    k->text[k->n] = '\0';
}

struct rules_key rules_key_id(const char *prefix, struct sy_view id)
{
    EMPTY_KEY(k);
    if (prefix[0] != '\0') {
        add(&k, sy_view_str(prefix));
    }
    add(&k, id);
    finish(&k);
    return k;
}

struct rules_key rules_key_hash(const char *prefix, const uint8_t hash[32])
{
    EMPTY_KEY(k);
    add(&k, sy_view_str(prefix));
    add_hex(&k, hash, 32);
    finish(&k);
    return k;
}

/* Twenty decimal digits, so that entries are in order. */
static void add_entry(struct rules_key *k, uint64_t entry)
{
    char digits[20];
    memset(digits, '0', sizeof(digits));
    for (size_t i = sizeof(digits); entry > 0; i--, entry /= 10) {
        digits[i - 1] = (char)('0' + entry % 10);
    }
    add(k, sy_view(digits, sizeof(digits)));
}

struct rules_key rules_key_number(const char *prefix, uint64_t n)
{
    EMPTY_KEY(k);
    add(&k, sy_view_str(prefix));
    add_entry(&k, n);
    finish(&k);
    return k;
}

struct rules_key rules_key_numbered(const char *prefix, struct sy_view id, uint64_t n)
{
    EMPTY_KEY(k);
    add(&k, sy_view_str(prefix));
    add(&k, id);
    add(&k, sy_view_str("/"));
    add_entry(&k, n);
    finish(&k);
    return k;
}

uint64_t rules_number_of_key(struct sy_view key)
{
    uint64_t n = 0;
    size_t at = key.n;
    while (at > 0 && key.p[at - 1] != '/') {
        at--;
    }
    for (; at < key.n; at++) {
        n = n * 10 + (uint64_t)(key.p[at] - '0');
    }
    return n;
}

struct rules_key rules_key_of_product(const char *prefix, const uint8_t product[32],
                                      struct sy_view party, uint64_t month)
{
    EMPTY_KEY(k);
    char digits[6];
    uint64_t rest = month;
    for (size_t i = sizeof(digits); i > 0; i--, rest /= 10) {
        digits[i - 1] = (char)('0' + rest % 10);
    }
    add(&k, sy_view_str(prefix));
    add_hex(&k, product, 32);
    add(&k, sy_view_str("/"));
    add(&k, party);
    if (month != 0) {
        add(&k, sy_view_str("/"));
        add(&k, sy_view(digits, sizeof(digits)));
    }
    finish(&k);
    return k;
}

struct rules_key rules_key_charge(uint64_t entry)
{
    return rules_key_number("charge/", entry);
}

struct rules_key rules_key_answer(uint64_t charge)
{
    return rules_key_number("answer/", charge);
}

struct rules_key rules_key_rerun(uint64_t entry)
{
    return rules_key_number("rerun/", entry);
}

struct rules_key rules_key_handover(uint64_t number)
{
    return rules_key_number("log/", number);
}

struct rules_key rules_key_region(struct sy_view ns, uint64_t entry)
{
    return rules_key_numbered("region/", ns, entry);
}

/* PREFIX + id + "/" + hex. */
static struct rules_key under(const char *prefix, struct sy_view id, const uint8_t *p, size_t n)
{
    EMPTY_KEY(k);
    add(&k, sy_view_str(prefix));
    add(&k, id);
    add(&k, sy_view_str("/"));
    add_hex(&k, p, n);
    finish(&k);
    return k;
}

struct rules_key rules_key_consent(struct sy_view issuer, const uint8_t nonce[16])
{
    return under("consent/", issuer, nonce, 16);
}

struct rules_key rules_key_subject(struct sy_view ns, const uint8_t who[32])
{
    return under("subject/", ns, who, 32);
}

struct rules_key rules_key_nonce(struct sy_view party, const uint8_t nonce[16])
{
    return under("nonce/", party, nonce, 16);
}

struct rules_key rules_key_staff(struct sy_view party, struct sy_view id)
{
    EMPTY_KEY(k);
    add(&k, sy_view_str("staff/"));
    add(&k, party);
    add(&k, sy_view_str("/"));
    if (id.n > 0) {
        add(&k, id);
    }
    finish(&k);
    return k;
}

struct rules_key rules_key_scene(struct sy_view developer, struct sy_view scene)
{
    EMPTY_KEY(k);
    add(&k, sy_view_str("scene/"));
    add(&k, developer);
    add(&k, sy_view_str("/"));
    add(&k, scene);
    finish(&k);
    return k;
}
