/*
 * Reads, which are authorised here and not logged when allowed, and who sees which row and entry.
 * Reviewers (agency, operator, security, auditor) see all that the listable prefixes hold; a
 * department sees proposals and grants that touch its datasets; a developer its own; an issuer the models
 * that people are asked to consent to. A version's row
 * says how many rows it has, an exact figure of protected data: the agency, auditors (who replay) and
 * its own department see it, nobody else (SECURITY.md, leakage register).
 *
 * Source: DESIGN section 3 (bodies are served by role); wire/methods.h.
 */
#include "method.h"
#include "rules/rows_scheme.h"
#include "wire/catalogue.h"
#include "wire/own.h"

#define REVIEWERS "agency operator security auditor"

enum { ENTRIES_MAX = 1000 };

/* Who may list all rows under it; others see those that concern them (row_concerns). NULL = everybody. */
struct prefix_rule {
    const char *prefix;
    const char *readers;
};

static const struct prefix_rule PREFIXES[] = {
    {"party/", NULL},
    {"dataset/own.", REVIEWERS},
    {"dataset/", NULL},
    {"own/", REVIEWERS},
    {"updated/own.", REVIEWERS},
    {"pack", NULL},
    {"proposal/", REVIEWERS},
    {"grant/", REVIEWERS},
    {"account/", REVIEWERS},
    {"model/", REVIEWERS},
    {"budget/", REVIEWERS},
    {"version/", "agency auditor"},
    {"witness", NULL},
    {"entry/", REVIEWERS},
    {"described/", REVIEWERS},
    {"offer/", NULL},
    {"source/", NULL},
    {"updated/", NULL},
    {"demand/", REVIEWERS},
    {"ticket/", REVIEWERS},
    {"staff/", "agency security auditor"},
    {"key/", "agency auditor"},
    {"announcement/", NULL},
    {"notice/", NULL},
    {"qualify/", REVIEWERS},
    {"agreement/", REVIEWERS},
    {"standing/", REVIEWERS},
    {"inspection/", REVIEWERS},
    {"correction/", REVIEWERS},
    {"incident/", REVIEWERS},
    {"emergency", NULL},
    {"drill/", REVIEWERS},
    {"evaluation/", REVIEWERS},
    {"annual/", REVIEWERS},
    {"disclosure/", NULL},
    {"outbox/", REVIEWERS},
    {"delivered/", REVIEWERS},
    {"district/", NULL},
    {"product/", REVIEWERS},
    {"product_report/", "agency security auditor"},
    {"product_test/", "agency operator security auditor"},
    {"subscription/", REVIEWERS},
    {"meter/", REVIEWERS},
    {"misuse/", REVIEWERS},
};

static const struct prefix_rule *prefix_rule(struct sy_view key)
{
    for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++) {
        if (sy_view_starts(key, sy_view_str(PREFIXES[i].prefix))) {
            return &PREFIXES[i];
        }
    }
    return NULL;
}

sy_status decide_list(struct ask *c)
{
    const struct sy_list *a = c->args;
    if (prefix_rule(a->prefix) == NULL) {
        return sy_fail(c->err, SY_E_FIELD, "prefix", "no such rows can be listed");
    }
    return SY_OK;
}

sy_status decide_log(struct ask *c)
{
    const struct sy_log_range *a = c->args;
    if (a->n < 1 || a->n > ENTRIES_MAX) {
        return sy_fail(c->err, SY_E_FIELD, "n", "1 to %d entries at a time", ENTRIES_MAX);
    }
    return SY_OK;
}

/* Whoever has the role may: status.domain, witness.status, log.growth, log.keys, log.receipt, risk.report. */
sy_status decide_status(struct ask *c)
{
    (void)c;
    return SY_OK;
}

/* Is one of the proposal's datasets the department's? */
static bool touches(const struct rules_state *s, const struct sy_proposal *p,
                    struct sy_view department, struct sy_arena *arena)
{
    for (size_t i = 0; i < p->n_datasets; i++) {
        struct dataset d;
        if (sy_ok(dataset_read(s, p->datasets[i].dataset, arena, &d, NULL)) &&
            sy_view_eq(d.def.department, department)) {
            return true;
        }
    }
    return false;
}

static bool proposal_concerns(const struct rules_state *s, const struct sy_party *caller,
                              struct sy_view bytes, struct sy_arena *arena)
{
    struct sy_proposal p;
    if (!sy_ok(sy_record_decode(&sy_proposal_desc, bytes, &SY_MP_REQUEST, arena, &p, NULL))) {
        return false;
    }
    return sy_view_eq(p.developer, caller->party) ||
           (sy_view_is(caller->role, "department") && touches(s, &p, caller->party, arena));
}

static bool grant_concerns(const struct rules_state *s, const struct sy_party *caller,
                           const uint8_t id[32], struct sy_arena *arena)
{
    struct rules_key key = rules_key_hash("proposal/", id);
    struct sy_row_proposal row;
    return sy_ok(rules_state_read(s, rules_key_view(&key), &sy_row_proposal_desc, arena, &row,
                                  NULL)) &&
           proposal_concerns(s, caller, row.proposal, arena);
}

/* An issuer asks people to consent to what a model asks of them: it sees the approved models that are about one
 * subject, whosever they are, and no others. */
static bool issuer_reads(const struct sy_party *caller, const struct sy_row_model *row,
                         struct sy_arena *arena)
{
    struct sy_plan plan;
    return sy_view_is(caller->role, "issuer") && sy_view_is(row->status, "approved") &&
           sy_ok(sy_record_decode(&sy_plan_desc, row->plan, &SY_MP_REQUEST, arena, &plan, NULL)) &&
           plan_about_subject(&plan);
}

/* ---- the catalogue's rows ---- */

/* What is, or was, in the catalogue is there for everybody; a description that waits, for its department. */
static bool entry_concerns(const struct rules_state *s, const struct sy_party *caller,
                           struct sy_view value, struct sy_arena *arena)
{
    struct sy_entry_row row;
    (void)s;
    return sy_ok(sy_record_decode(&sy_entry_row_desc, value, &SY_MP_REQUEST, arena, &row, NULL)) &&
           (row.approved > 0 || sy_view_eq(row.department, caller->party));
}

static bool described_concerns(const struct rules_state *s, const struct sy_party *caller,
                               struct sy_view value, struct sy_arena *arena)
{
    struct sy_described row;
    struct sy_entry e;
    struct dataset d;
    if (!sy_ok(sy_record_decode(&sy_described_desc, value, &SY_MP_LARGE, arena, &row, NULL)) ||
        !sy_ok(sy_record_decode(&sy_entry_desc, row.meta, &SY_MP_REQUEST, arena, &e, NULL))) {
        return false;
    }
    return row.approved > 0 || (sy_ok(dataset_read(s, e.dataset, arena, &d, NULL)) &&
                                sy_view_eq(d.def.department, caller->party));
}

/* A demand: its developer, the department in charge. A ticket: who opened it, the department that mends. */
static bool demand_concerns(const struct rules_state *s, const struct sy_party *caller,
                            struct sy_view value, struct sy_arena *arena)
{
    struct sy_demand_row row;
    struct sy_demand d;
    (void)s;
    return sy_ok(sy_record_decode(&sy_demand_row_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
           sy_ok(sy_record_decode(&sy_demand_desc, row.demand, &SY_MP_REQUEST, arena, &d, NULL)) &&
           (sy_view_eq(d.developer, caller->party) || sy_view_eq(d.sector, caller->party));
}

static bool ticket_concerns(const struct rules_state *s, const struct sy_party *caller,
                            struct sy_view value, struct sy_arena *arena)
{
    struct sy_ticket_row row;
    (void)s;
    return sy_ok(sy_record_decode(&sy_ticket_row_desc, value, &SY_MP_REQUEST, arena, &row, NULL)) &&
           (sy_view_eq(row.party, caller->party) || sy_view_eq(row.department, caller->party));
}

/* A developer's own data: its own, and a department's whose data it would be joined with. */
static bool own_concerns(const struct rules_state *s, const struct sy_party *caller,
                         struct sy_view key, struct sy_arena *arena)
{
    struct sy_own_row row;
    size_t n = 0;
    while (n < key.n && key.p[n] != '/') {
        n++;
    }
    struct rules_key at = rules_key_id("own/", sy_view(key.p + n + 1, key.n - n - 1));
    return sy_ok(rules_state_read(s, rules_key_view(&at), &sy_own_row_desc, arena, &row, NULL)) &&
           (sy_view_eq(row.developer, caller->party) ||
            (sy_view_is(caller->role, "department") && !is_zero32(row.grant) &&
             grant_concerns(s, caller, row.grant, arena)));
}

static bool is_own_row(struct sy_view key)
{
    static const char *const of[] = {"own/", "dataset/" SY_OWN_PREFIX, "updated/" SY_OWN_PREFIX};
    bool own = false;
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        own = own || sy_view_starts(key, sy_view_str(of[i]));
    }
    return own;
}

/* By prefix, what the functions above say. */
static const struct {
    const char *prefix;
    bool (*concerns)(const struct rules_state *s, const struct sy_party *caller,
                     struct sy_view value, struct sy_arena *arena);
} CATALOGUE[] = {{"entry/", entry_concerns},
                 {"described/", described_concerns},
                 {"demand/", demand_concerns},
                 {"ticket/", ticket_concerns}};

static bool catalogue_concerns(const struct rules_state *s, const struct sy_party *caller,
                               struct sy_view key, struct sy_view value, struct sy_arena *arena)
{
    for (size_t i = 0; i < sizeof(CATALOGUE) / sizeof(CATALOGUE[0]); i++) {
        if (sy_view_starts(key, sy_view_str(CATALOGUE[i].prefix))) {
            return CATALOGUE[i].concerns(s, caller, value, arena);
        }
    }
    return false;
}

/* ---- rows ---- */

static bool row_concerns(const struct rules_state *s, const struct sy_party *caller,
                         struct sy_view key, struct sy_view value, struct sy_arena *arena)
{
    if (sy_view_starts(key, sy_view_str("proposal/"))) {
        struct sy_row_proposal row;
        return sy_ok(sy_record_decode(&sy_row_proposal_desc, value, &SY_MP_LARGE, arena, &row,
                                      NULL)) &&
               proposal_concerns(s, caller, row.proposal, arena);
    }
    if (sy_view_starts(key, sy_view_str("grant/"))) {
        struct sy_row_grant row;
        return sy_ok(
                   sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
               proposal_concerns(s, caller, row.proposal, arena);
    }
    if (sy_view_starts(key, sy_view_str("account/"))) {
        const size_t n = strlen("account/");
        struct rules_key grant = rules_key_id("grant/", sy_view(key.p + n, key.n - n));
        return rules_state_get(s, rules_key_view(&grant), &value) &&
               row_concerns(s, caller, rules_key_view(&grant), value, arena);
    }
    if (sy_view_starts(key, sy_view_str("model/"))) {
        struct sy_row_model row;
        return sy_ok(
                   sy_record_decode(&sy_row_model_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
               (sy_view_eq(row.developer, caller->party) || issuer_reads(caller, &row, arena));
    }
    if (is_own_row(key)) {
        return own_concerns(s, caller, key, arena);
    }
    if (sy_view_starts(key, sy_view_str("version/"))) {
        struct dataset d;
        size_t n = strlen("version/");
        return sy_ok(dataset_read(s, sy_view(key.p + n, key.n - n), arena, &d, NULL)) &&
               sy_view_eq(d.def.department, caller->party);
    }
    if (sy_view_starts(key, sy_view_str("staff/"))) {
        struct rules_key own = rules_key_staff(caller->party, (struct sy_view){0});
        return sy_view_starts(key, rules_key_view(&own));
    }
    return catalogue_concerns(s, caller, key, value, arena) ||
           qualify_concerns(s, caller, key, value, arena) ||
           product_concerns(s, caller, key, value, arena) ||
           supervise_concerns(caller, key, value, arena);
}

bool rules_row_visible(const struct rules_state *s, const struct sy_party *caller,
                       struct sy_view key, struct sy_view value)
{
    const struct prefix_rule *rule = prefix_rule(key);
    if (rule == NULL) {
        return false;
    }
    if (rule->readers == NULL || word_in(caller->role, rule->readers)) {
        return true;
    }
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    return row_concerns(s, caller, key, value, &arena);
}

/* ---- entries ---- */

static bool answers_caller(const struct rules_state *s, const struct sy_party *caller,
                           uint64_t charge, struct sy_arena *arena)
{
    struct rules_key key = rules_key_charge(charge);
    struct sy_row_charge row;
    return charge > 0 &&
           sy_ok(
               rules_state_read(s, rules_key_view(&key), &sy_row_charge_desc, arena, &row, NULL)) &&
           sy_view_eq(row.party, caller->party);
}

/* What somebody asks of the data stays its own business even where that touches one's datasets or grant: a developer's
 * models and runs, a buyer's calls. By what the method is, for a refused request says as much as an allowed one. */
static bool is_private(const struct rules_request *req)
{
    const struct method *m = method_find(req->header.method);
    return m == NULL || (!word_in(req->header.party, "warden") &&
                         word_in(sy_view_str(m->pub.type), "charge model"));
}

bool rules_event_visible(const struct rules_state *s, const struct sy_party *caller,
                         const struct sy_event *event)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_request req;
    if (word_in(caller->role, "agency auditor") || word_in(event->type, "close open")) {
        return true; /* where one log ends and the next begins, for whoever verifies one */
    }
    if (!sy_ok(rules_request_of_event(event, &arena, &req, NULL))) {
        return false;
    }
    if (sy_view_eq(req.header.party, caller->party)) {
        return true;
    }
    if (sy_view_is(req.header.method, "job.answer")) {
        return answers_caller(s, caller, event->inputs.charge, &arena);
    }
    if (qualify_event_concerns(s, caller, &req)) {
        return true;
    }
    /* the operator sees every application's row; what is said about it is said to the operator too */
    if (sy_view_is(caller->role, "operator") && word_in(event->type, "comment review grant")) {
        return true;
    }
    return !is_private(&req) && !is_zero32(req.header.grant) &&
           grant_concerns(s, caller, req.header.grant, &arena);
}
