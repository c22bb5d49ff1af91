/*
 * What a run stands on, told from the list of accepted requests alone: a second, much simpler account of the scheme
 * than the rules', which reads none of their rows. It knows the domain of test_oracle_kit's tests (who owns which
 * dataset, what the pack asks for) and is fed with each accepted event; then it says what speaks against a run.
 *
 * It leaves out what has no part in a run's chain (budgets, prices, reports), and it is told the terms of the pack as
 * numbers, never the pack.
 */
#ifndef RULES_TEST_ORACLE_H
#define RULES_TEST_ORACLE_H

#include "test_kit.h"

enum {
    OR_MANY = 96, /* of each kind; more is a failure of the test */
    OR_PARTIES = 10,
    OR_SETS = 4,         /* persons, events, births, streets */
    OR_NOTICE_DAYS = 5,  /* working days */
    OR_REVIEW_DAYS = 10, /* working days */
    OR_BAN_YEARS = 3
};

#define OR_HOLIDAY INT64_C(20836) /* the one holiday of the pack: Monday, 2027-01-18 */

struct or_announcement {
    uint8_t id[32];
    bool developer, agency, operator_;
    int64_t opens, closes;
};

struct or_application {
    uint8_t id[32];
    size_t party;
    bool sound;             /* announced, and its party in good standing, when it was filed */
    bool opinion;           /* of experts, before the first decision */
    bool agency, operator_; /* approved by */
    bool over;              /* rejected, withdrawn, or an objection upheld */
    bool open[8];           /* objections not settled */
    size_t objections;
    int64_t notice; /* its last second; 0: none yet */
};

struct or_agreement {
    uint8_t id[32], parent[32];
    size_t grantee, application;
    bool whole; /* the agency's to the operator, of everything */
    unsigned sets;
    int64_t not_before, not_after;
    bool accepted, filed, ended;    /* accepted: with all that comes before it */
    bool told_accepted, told_filed; /* what the domain made of it, right or wrong */
};

struct or_grant {
    uint8_t id[32];
    char scene[32];
    size_t developer;
    unsigned sets;
    int64_t not_before, not_after, due;
    bool offered; /* every dataset was, when it was filed */
    bool first, over, granted;
    bool told;         /* the domain granted it, rightly or not */
    unsigned runs;     /* that it was told of */
    unsigned consents; /* departments, as bits of the party's number */
    bool stopped, ended;
    unsigned holds;               /* parties, as bits */
    uint64_t hold_of[OR_PARTIES]; /* entry that made the hold */
};

struct or_model {
    uint8_t id[32], grant[32];
    bool reviewed;
};

struct or_product {
    uint8_t id[32], grant[32], model[32];
    bool reported, agency, security; /* approved by, since the last report */
    bool published, over;
    bool told; /* published, rightly or not */
    bool exchange, registration;
    unsigned buyers, told_buyers; /* parties, as bits */
};

struct or_order {
    uint64_t entry;
    size_t party, by;
    bool open, cancelled, closes;
    int64_t due, reported;
};

struct oracle {
    const char
        *parties[OR_PARTIES]; /* by number; the first is the agency, the second the operator */
    size_t n_parties;
    int64_t ban_until[OR_PARTIES];
    bool offered[OR_SETS];
    struct or_announcement announcements[OR_MANY];
    struct or_application applications[OR_MANY];
    struct or_agreement agreements[OR_MANY];
    struct or_grant grants[OR_MANY];
    struct or_model models[OR_MANY];
    struct or_product products[OR_MANY];
    struct or_order orders[OR_MANY];
    size_t n_announcements, n_applications, n_agreements, n_grants, n_models, n_products, n_orders;
    struct sy_arena arena;
};

enum {
    OR_AGENCY,
    OR_OPERATOR,
    OR_HEALTH,
    OR_CLINIC,
    OR_ACME,
    OR_RIVAL,
    OR_SECURITY,
    OR_AUDIT,
    OR_SHOP
};

/* parties: in the order above. */
void oracle_begin(struct oracle *o);
void oracle_end(struct oracle *o);

/* An accepted request. in: what the warden added to it. */
void oracle_see(struct oracle *o, const struct rules_request *r, const struct sy_inputs *in,
                uint64_t entry);

/* What speaks against this run now; NULL: nothing. */
const char *oracle_forbids(const struct oracle *o, const struct sy_header *run, int64_t now);

/* ... and against this call of a product. */
const char *oracle_forbids_call(const struct oracle *o, const struct sy_header *call, int64_t now);

/* What speaks against the agreement of this party over these sets until then; NULL: one covers it. */
const char *oracle_uncovered(const struct oracle *o, size_t party, unsigned sets, int64_t now,
                             int64_t until);

/* Is the party's access closed? */
bool oracle_closed(const struct oracle *o, size_t party);

struct or_grant *oracle_grant(struct oracle *o, const uint8_t id[32]);

/* The last second of the n-th working day after the day of `from`, by counting days. */
int64_t oracle_deadline(int64_t from, unsigned n);

/* A party's number; n_parties when it has none. */
size_t oracle_party(const struct oracle *o, struct sy_view id);

#endif
