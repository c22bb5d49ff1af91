/*
 * One scenario under both of the scheme's packs, policies/packs/yanzhou and policies/packs/second: the same parties, the
 * same datasets, the same requests in the same order. What comes out otherwise is the table below; it is compared, and
 * printed beside what is the same.
 */
#include "../../policies/rules/test_catalogue_kit.h"
#include "../../policies/rules/test_qualify_kit.h"
#include "../../policies/rules/test_scheme_scene_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compile.h"
#include "wire/custody.h"

enum { N_OUTCOMES = 32, DAY = 86400, BEGINS = 1748822400 /* Monday, 2 June 2025 */ };

/* What came of one question: 0, or the code of the refusal. */
struct outcome {
    const char *question;
    int32_t code;
};

struct play {
    struct kit k;
    struct sy_pack pack;
    uint8_t whole[32], agreement[32];
    struct outcome outcomes[N_OUTCOMES];
    size_t n;
};

static void note(struct play *p, const char *question, int32_t code)
{
    assert_true(p->n < N_OUTCOMES);
    p->outcomes[p->n++] = (struct outcome){question, code};
}

/* A step of which nothing is to be learnt. */
static void must(struct play *p, int32_t code)
{
    if (code != 0) {
        fail_msg("%.*s: %s, %.*s: %.*s", SY_PV(p->pack.id), sy_code_name(code),
                 SY_PV(p->k.verdict.field), SY_PV(p->k.verdict.reason));
    }
}

static const struct sy_pack_qualify *terms(const struct play *p)
{
    return p->pack.scheme[0].qualify;
}

/* ---- records as the pack asks for them ---- */

static struct sy_qualify_apply *application(struct play *p, const char *party,
                                            const uint8_t announcement[32])
{
    const struct sy_pack_qualify *q = terms(p);
    struct sy_qualify_apply *a = qk_application(&p->k, party, announcement);
    a->lists = kit_alloc(&p->k, q->n_lists, sizeof(*a->lists));
    a->n_lists = q->n_lists;
    for (size_t i = 0; i < q->n_lists; i++) {
        a->lists[i] = (struct sy_qualify_list){.clear = true, .code = q->lists[i].code};
        memset(a->lists[i].evidence, 0x53, 32);
    }
    return a;
}

static int32_t opinion(struct play *p, const char *party, const uint8_t id[32])
{
    const struct sy_pack_qualify *q = terms(p);
    struct sy_qualify_opinion o = {.experts = 5};
    o.scores = kit_alloc(&p->k, q->n_aspects, sizeof(*o.scores));
    o.n_scores = q->n_aspects;
    for (size_t i = 0; i < q->n_aspects; i++) {
        o.scores[i] = (struct sy_qualify_score){.aspect = q->aspects[i].code, .points = 80};
    }
    memset(o.digest, 0x61, 32);
    return kit_call(&p->k, party, "qualify.opinion", &sy_qualify_opinion_desc, &o, NULL, id);
}

static struct sy_agreement *agreement(struct play *p, const char *grantee, const uint8_t id[32],
                                      const uint8_t *parent, int64_t years)
{
    const struct sy_pack_qualify *q = terms(p);
    struct sy_agreement *a = qk_agreement(&p->k, grantee, id, parent);
    a->clauses = kit_alloc(&p->k, q->n_clauses, sizeof(*a->clauses));
    a->n_clauses = q->n_clauses;
    for (size_t i = 0; i < q->n_clauses; i++) {
        a->clauses[i] = (struct sy_agreement_clause){.code = q->clauses[i].code, .text = V("约定")};
    }
    a->not_after = calendar_years(NULL, p->k.time, years);
    return a;
}

/* ---- the scenario ---- */

static void found(struct play *p, const char *pack)
{
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    char path[512];
    struct sy_error err = {0};
    assert_non_null(root);
    (void)snprintf(path, sizeof(path), "%s/policies/packs/%s/pack.yaml", root, pack);
    memset(p, 0, sizeof(*p));
    kit_init(&p->k);
    p->k.time = BEGINS;
    if (!sy_ok(cli_compile_pack(path, &p->k.arena, &p->pack, &err))) {
        fail_msg("%s: %s %s", path, err.field, err.reason);
    }
    must(p, kit_genesis(&p->k));
    must(p, kit_enrol(&p->k, "health", "department"));
    must(p, kit_enrol(&p->k, "clinic", "department"));
    must(p, kit_enrol(&p->k, "survey", "department"));
    must(p, kit_enrol(&p->k, "acme", "developer"));
    must(p, kit_enrol(&p->k, "rival", "developer"));
    must(p, kit_adopt(&p->k, &p->pack));
}

static struct sy_entry *entry(struct play *p, const struct sy_dataset_def *d)
{
    struct sy_entry *e = cat_entry(&p->k, d);
    e->published = BEGINS / DAY - 100;
    return e;
}

/* The definition, with the custodian whom the pack wants. */
static struct sy_dataset_def *kept(const struct play *p, struct sy_dataset_def *d)
{
    if (d->custodian.n > 0 && sy_view_is(p->pack.custody, SY_CUSTODY_DEPARTMENT)) {
        d->custodian = d->department;
    }
    return d;
}

/* The catalogue: departments define, describe and bring in data; the operator offers it. */
static void catalogue(struct play *p)
{
    struct kit *k = &p->k;
    struct sy_dataset_def *const defs[] = {kit_persons(k), kit_events(k), kit_births(k),
                                           kit_streets(k)};
    struct sy_dataset_def *five = kit_persons(k);
    defs[LEN(defs) - 1]->department = V("survey"); /* public, and nobody's secret */
    for (size_t i = 0; i < LEN(defs); i++) {
        char id[32];
        sy_view_to_cstr(defs[i]->id, id, sizeof(id));
        must(p, kit_define(k, kept(p, defs[i])));
        must(p, cat_describe(k, entry(p, defs[i])));
        must(p, cat_decide(k, id, "approve"));
        must(p, cat_offer(k, id));
        must(p, kit_publish(k, defs[i], 1));
    }
    five->id = V("persons.5");
    five->fields[5].grade = 5;
    note(p, "第五级字段编目 a field of level 5 is catalogued", kit_define(k, kept(p, five)));
    struct sy_dataset_def *agency = kit_persons(k);
    agency->id = V("persons.6");
    note(p, "由实施机构托管密钥份额 the agency is to keep the key share", kit_define(k, agency));
    struct sy_entry *e = entry(p, kit_persons(k));
    e->update_cycle = V("weekly");
    note(p, "更新周期“每周” an update cycle \"weekly\"", cat_describe(k, e));
}

/* From an announcement to an application whose notice runs. */
static void noticed(struct play *p, const char *party, uint8_t ret[32])
{
    struct kit *k = &p->k;
    bool whole = strcmp(party, "operator") == 0;
    uint8_t announcement[32];
    qk_open(k, whole ? "operator" : "developer", announcement);
    must(p, qk_apply(k, application(p, party, announcement), ret));
    must(p, opinion(p, whole ? "agency" : "operator", ret));
    must(p, qk_decide(k, "agency", ret, "approve"));
    if (!whole) {
        must(p, qk_decide(k, "operator", ret, "approve"));
    }
}

static void signed_and_filed(struct play *p, const char *party, const uint8_t id[32])
{
    must(p, qk_accept(&p->k, party, id));
    must(p, qk_file(&p->k, id));
}

static void agreements(struct play *p)
{
    struct kit *k = &p->k;
    uint8_t id[32], early[32];
    noticed(p, "operator", id);
    k->time += 11 * DAY; /* five working days, not ten */
    struct sy_agreement *six = agreement(p, "operator", id, NULL, 2);
    six->n_clauses = 6;
    note(p, "六项条款的协议 an agreement of six clauses", qk_offer(k, six, NULL));
    note(p, "四年期协议 an agreement of four years",
         qk_offer(k, agreement(p, "operator", id, NULL, 4), NULL));
    struct sy_agreement *good = agreement(p, "operator", id, NULL, 2);
    good->fee = V("better");
    must(p, qk_offer(k, good, early));
    note(p, "公示第十一天签约 signed on the eleventh day of the notice",
         qk_accept(k, "operator", early));
    if (k->verdict.code != 0) {
        k->time = qk_row(k, id)->notice_until + 1;
        must(p, qk_accept(k, "operator", early));
    }
    must(p, qk_file(k, early));
    memcpy(p->whole, early, 32);
    noticed(p, "acme", id);
    k->time = qk_row(k, id)->notice_until + 1;
    struct sy_agreement *mine = agreement(p, "acme", id, p->whole, 1);
    must(p, qk_offer(k, mine, p->agreement));
    signed_and_filed(p, "acme", p->agreement);
}

static struct sy_proposal *scene(struct play *p, const char *name)
{
    struct sy_proposal *a = scene_proposal(&p->k);
    a->scene = V(name);
    a->rho = 400000000;
    a->delta = 0;
    a->application->n_own_data = 0;
    a->not_after = p->k.time + 100 * DAY;
    return a;
}

static void applications(struct play *p)
{
    struct kit *k = &p->k;
    struct sy_proposal *a = scene(p, "short");
    a->datasets[0].fields[1].reason = V("age");
    note(p, "三个字的必要性理由 a reason of three characters", kit_apply(k, a));
    a = scene(p, "hiv");
    a->datasets[0].fields[1].name = V("hiv");
    note(p, "第四级字段以噪声出域 figures with noise over a field of level 4", kit_apply(k, a));
    a = scene(p, "again");
    must(p, kit_apply(k, a));
    must(p, scene_judge(k, "operator", "scene.first_review", "return"));
    a->calls++;
    memcpy(a->application->replaces, k->grant, 32);
    must(p, kit_apply(k, a));
    note(p, "第二次退回 returned a second time",
         scene_judge(k, "operator", "scene.first_review", "return"));
}

/* A department's consent, with the shares that it holds. */
static int32_t consent_with_shares(struct play *p, const char *department)
{
    const struct sy_review r = scene_words("approve");
    p->k.extra = (struct sy_inputs){.share_ok = true};
    int32_t code =
        kit_call(&p->k, department, "scene.consent", &sy_review_desc, &r, p->k.grant, NULL);
    p->k.extra = (struct sy_inputs){0};
    return code;
}

/* Stopped for an incident, lifted, and started again by the agency. */
static void stopped_and_started(struct play *p)
{
    struct kit *k = &p->k;
    note(p, "安全事件中止 suspended for an incident",
         kit_order(k, "health", "scene.suspend", "incident"));
    must(p, kit_order(k, "health", "scene.lift", "incident"));
    note(p, "部门未再交存即恢复 resumed, no department has consented since",
         kit_order(k, "agency", "scene.resume", "incident"));
    if (k->verdict.code != 0) {
        must(p, consent_with_shares(p, "health"));
        must(p, consent_with_shares(p, "clinic"));
        must(p, kit_order(k, "agency", "scene.resume", "incident"));
    }
}

static void reviews(struct play *p)
{
    struct kit *k = &p->k;
    must(p, kit_apply(k, scene(p, "burden")));
    must(p, scene_judge(k, "operator", "scene.first_review", "approve"));
    note(p, "数源部门同意，不交存份额 a department consents and sends no key share",
         scene_judge(k, "health", "scene.consent", "approve"));
    if (k->verdict.code != 0) {
        must(p, consent_with_shares(p, "health"));
    }
    must(p, consent_with_shares(p, "clinic"));
    note(p, "公开数据部门未同意即终审 final review, no consent for public data",
         scene_judge(k, "agency", "scene.final_review", "approve"));
    if (k->verdict.code != 0) {
        must(p, scene_judge(k, "survey", "scene.consent", "approve"));
        must(p, scene_judge(k, "agency", "scene.final_review", "approve"));
    }
    must(p, kit_register(k, kit_model_def(k), kit_plan_here(k)));
    must(p, kit_review(k, "operator", "model.review", "approve"));
    note(p, "无见证法定数时运行三级数据 a run over level 3, no quorum of witnesses",
         kit_run(k, "40"));
    note(p, "运营机构以违约为由中止 the operator suspends for breach",
         kit_order(k, "operator", "scene.suspend", "breach"));
    if (k->verdict.code == 0) {
        must(p, kit_order(k, "operator", "scene.lift", "breach"));
    }
    stopped_and_started(p);
}

/* Four years after it lost its qualification for a violation, and before the trial of either scheme is over. */
static void banned(struct play *p)
{
    struct kit *k = &p->k;
    uint8_t id[32];
    must(p, qk_end(k, "agency", p->agreement, "unlawful"));
    k->time = calendar_years(NULL, k->time, 4);
    qk_open(k, "developer", id);
    note(p, "禁入四年后重新申请 applies again after four years",
         qk_apply(k, application(p, "acme", id), NULL));
    note(p, "无过错者申请 another applies", qk_apply(k, application(p, "rival", id), NULL));
}

static void play(struct play *p, const char *pack)
{
    found(p, pack);
    catalogue(p);
    agreements(p);
    applications(p);
    reviews(p);
    banned(p);
}

/* ---- the table ---- */

static const struct {
    int32_t yanzhou, second;
} EXPECTED[] = {
    {SY_E_FIELD, 0},   /* a field of level 5 */
    {0, SY_E_PARTY},   /* the agency is to keep the key share */
    {0, SY_E_FIELD},   /* an update cycle "weekly" */
    {SY_E_DENIED, 0},  /* an agreement of six clauses */
    {0, SY_E_DENIED},  /* of four years */
    {0, SY_E_STATE},   /* signed on the eleventh day */
    {SY_E_FIELD, 0},   /* a reason of three characters */
    {SY_E_PRIVACY, 0}, /* noise over level 4 */
    {0, SY_E_LIMIT},   /* returned a second time */
    {0, SY_E_SHARE},   /* a department consents and sends no key share */
    {SY_E_REVIEW, 0},  /* final review without that for public data */
    {0, SY_E_STATE},   /* a run over level 3 */
    {0, SY_E_ROLE},    /* the operator suspends for breach */
    {0, 0},            /* for an incident */
    {0, SY_E_SHARE},   /* resumed, nothing deposited since */
    {0, SY_E_DENIED},  /* applies again after four years */
    {0, 0},            /* another */
};

static void test_two_packs(void **state)
{
    static struct play a, b;
    (void)state;
    play(&a, "yanzhou");
    play(&b, "second");
    assert_int_equal(a.n, b.n);
    assert_int_equal(a.n, LEN(EXPECTED));
    size_t wrong = 0;
    for (size_t i = 0; i < a.n; i++) {
        bool fits =
            a.outcomes[i].code == EXPECTED[i].yanzhou && b.outcomes[i].code == EXPECTED[i].second;
        wrong += fits ? 0 : 1;
        print_message("# %s%-60s yanzhou %-10s second %s\n", fits ? "" : "WRONG ",
                      a.outcomes[i].question, sy_code_name(a.outcomes[i].code),
                      sy_code_name(b.outcomes[i].code));
    }
    kit_free(&a.k);
    kit_free(&b.k);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_packs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
