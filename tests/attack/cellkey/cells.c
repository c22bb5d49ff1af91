#include "cells.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "src/cellkey.h"
#include "warden/release.h"

enum { LINE_MAX_BYTES = 4096, NUMBERS_MAX = 64 };

static void draw(uint8_t ret[32])
{
    for (size_t i = 0; i < 4; i++) {
        sy_store_le64(ret + 8 * i, attack_bits());
    }
}

/* --- the domain --------------------------------------------------------------------------------------------- */

static void must(struct cells *c, int32_t code)
{
    if (code != 0) {
        fail_msg("%s: %.*s: %.*s; %s: %s", sy_code_name(code), SY_PV(c->k.verdict.field),
                 SY_PV(c->k.verdict.reason), c->k.err.field, c->k.err.reason);
    }
}

/* The numbers of "[1, 2, ...]" at `text`. */
static size_t numbers(const char *text, int64_t *ret)
{
    size_t n = 0;
    const char *at = strchr(text, '[');
    while (at != NULL && *at != ']' && n < NUMBERS_MAX) {
        char *end;
        ret[n++] = strtoll(at + 1, &end, 10);
        at = end;
    }
    return n;
}

static void add_row(struct kit *k, struct sy_pack_ptable *t, const char *line)
{
    int64_t noise[NUMBERS_MAX], cum[NUMBERS_MAX];
    t->n_noise = numbers(strstr(line, "noise:"), noise);
    t->n_cum = numbers(strstr(line, "cum:"), cum);
    t->noise = kit_alloc(k, t->n_noise, sizeof(*t->noise));
    t->cum = kit_alloc(k, t->n_cum, sizeof(*t->cum));
    memcpy(t->noise, noise, t->n_noise * sizeof(*noise));
    for (size_t i = 0; i < t->n_cum; i++) {
        t->cum[i] = (uint64_t)cum[i];
    }
}

/* The perturbation table of the demo pack, as it is shipped. */
static void demo_table(struct kit *k, struct sy_pack_cellkey *p)
{
    char path[4096], line[LINE_MAX_BYTES];
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    snprintf(path, sizeof(path), "%s/policies/packs/demo/pack.yaml", root == NULL ? "." : root);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fail_msg("%s: %s", path, strerror(errno));
        return;
    }
    p->table = kit_alloc(k, NUMBERS_MAX, sizeof(*p->table));
    p->n_table = 0;
    while (fgets(line, sizeof(line), f) != NULL && p->n_table < NUMBERS_MAX) {
        if (strstr(line, "{noise:") != NULL) {
            add_row(k, &p->table[p->n_table++], line);
        }
    }
    fclose(f);
    assert_true(p->n_table > 20);
}

static void domain(struct cells *c, uint64_t budget)
{
    struct kit *k = &c->k;
    struct sy_pack *pack = ck_pack(k, 1);
    pack->budgets[0].cells = budget;
    pack->cellkey[0].round = 1;
    demo_table(k, &pack->cellkey[0]);
    must(c, kit_genesis(k));
    must(c, kit_enrol(k, "health", "department"));
    must(c, kit_enrol(k, "acme", "developer"));
    must(c, kit_adopt(k, pack));
    must(c, kit_define(k, ck_residents(k)));
    must(c, kit_define(k, ck_visits(k)));
    must(c, kit_define(k, ck_areas(k)));
    must(c, kit_publish(k, ck_residents(k), 1));
    must(c, kit_publish(k, ck_visits(k), 1));
    struct sy_proposal *p = ck_proposal(k, "acme");
    p->cells = budget;
    p->calls = p->overruns = 1000000;
    must(c, kit_apply(k, p));
    must(c, kit_review(k, "operator", "scene.first_review", "approve"));
    must(c, kit_review(k, "health", "scene.consent", "approve"));
    must(c, kit_review(k, "agency", "scene.final_review", "approve"));
}

struct cells_person cells_draw(void)
{
    return (struct cells_person){.age = (int64_t)attack_below(CELLS_AGE_MAX + 1),
                                 .town = (int64_t)attack_below(CELLS_TOWNS),
                                 .born = (int64_t)attack_below(CELLS_BORN_MAX + 1),
                                 .fee = (int64_t)attack_below(CELLS_FEE_MAX + 1),
                                 .male = attack_below(2) == 1,
                                 .key = attack_bits()};
}

void cells_open(struct cells *c, size_t n, uint64_t budget)
{
    memset(c, 0, sizeof(*c));
    kit_init(&c->k);
    draw(c->space);
    c->n_people = n;
    c->people = calloc(n + 1, sizeof(*c->people));
    assert_non_null(c->people);
    for (size_t i = 0; i < n; i++) {
        c->people[i] = cells_draw();
    }
    domain(c, budget);
}

void cells_close(struct cells *c)
{
    free(c->people);
    kit_free(&c->k);
}

/* --- questions ------------------------------------------------------------------------------------------------ */

struct cells_question cells_all(void)
{
    return (struct cells_question){.age = {0, CELLS_AGE_MAX},
                                   .born = {0, CELLS_BORN_MAX},
                                   .fee = {0, CELLS_FEE_MAX},
                                   .town = -1,
                                   .not_born = -1};
}

static bool within(int64_t v, const int64_t of[2])
{
    return v >= of[0] && v <= of[1];
}

static bool listed(const struct cells_list *l, int64_t v)
{
    size_t i = 0;
    while (i < l->n && l->v[i] != v) {
        i++;
    }
    return i < l->n;
}

static bool allowed(const struct cells_list *l, int64_t v)
{
    return l->n == 0 || l->as_key || listed(l, v);
}

bool cells_about(const struct cells_question *q, const struct cells_person *p)
{
    return within(p->age, q->age) && within(p->born, q->born) && within(p->fee, q->fee) &&
           (q->town < 0 || p->town == q->town) && (q->not_born < 0 || p->born != q->not_born) &&
           allowed(&q->fees, p->fee) && allowed(&q->days, p->born);
}

static size_t town_of(const struct cells_question *q, const struct cells_person *p)
{
    (void)q;
    return (size_t)p->town;
}

static size_t young_of(const struct cells_question *q, const struct cells_person *p)
{
    (void)q;
    return p->age < CELLS_OLD;
}

static size_t fees_of(const struct cells_question *q, const struct cells_person *p)
{
    return listed(&q->fees, p->fee);
}

static size_t days_of(const struct cells_question *q, const struct cells_person *p)
{
    return listed(&q->days, p->born);
}

static size_t male_of(const struct cells_question *q, const struct cells_person *p)
{
    (void)q;
    return p->male;
}

size_t cells_keys(const struct cells_question *q, struct cells_key keys[CELLS_KEYS])
{
    const struct {
        bool asked;
        struct cells_key key;
    } all[CELLS_KEYS] = {{q->by_town, {CELLS_TOWNS, CELLS_TOWNS + 1, town_of}},
                         {q->by_young, {2, 3, young_of}},
                         {q->fees.n > 0 && q->fees.as_key, {2, 2, fees_of}},
                         {q->days.n > 0 && q->days.as_key, {2, 2, days_of}},
                         {q->by_male, {2, 2, male_of}}};
    size_t n = 0;
    for (size_t i = 0; i < CELLS_KEYS; i++) {
        if (all[i].asked) {
            keys[n++] = all[i].key;
        }
    }
    return n;
}

size_t cells_of(const struct cells_question *q, const struct cells_person *p)
{
    struct cells_key keys[CELLS_KEYS];
    size_t n = cells_keys(q, keys), at = 0;
    for (size_t i = 0; i < n; i++) {
        at = at * keys[i].values + keys[i].of(q, p);
    }
    return at;
}

size_t cells_in(const struct cells_question *q)
{
    struct cells_key keys[CELLS_KEYS];
    size_t n = cells_keys(q, keys), cells = 1;
    for (size_t i = 0; i < n; i++) {
        cells *= keys[i].values;
    }
    return cells;
}

void cells_exact(const struct cells *c, const struct cells_question *q, int64_t n[CELLS_MOST])
{
    memset(n, 0, CELLS_MOST * sizeof(*n));
    for (size_t i = 0; i < c->n_people; i++) {
        n[cells_of(q, &c->people[i])] += cells_about(q, &c->people[i]) ? 1 : 0;
    }
}

/* --- through the rules ---------------------------------------------------------------------------------------- */

/* Decide, log, apply: what the warden does with a request, but for the disk. */
static int32_t carry_out(struct cells *c, const struct rules_request *r, struct sy_inputs *in)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct kit *k = &c->k;
    struct rules_decision d;
    struct sy_event event;
    struct rules_effect *e;
    in->time = k->time;
    sy_status s = rules_decide(k->state, r, in, &arena, &d, &k->err);
    if (!sy_ok(s) || d.kind != RULES_KIND_EVENT) {
        fail_msg("no event: %s %s", sy_code_name(s.code), k->err.reason);
    }
    rules_event_fill(r, in, &d, &event);
    check_ok(rules_effect_new(k->state, &event, k->entry, &e, &k->err));
    check_ok(rules_effect_commit(k->state, e));
    rules_effect_free(e);
    k->entry++;
    return (int32_t)d.verdict.code;
}

static int32_t call_as(struct cells *c, const char *party, const char *method,
                       const struct sy_desc *desc, const void *args, const uint8_t *grant,
                       const uint8_t *model, struct sy_inputs *in)
{
    struct kit *k = &c->k;
    struct rules_request *r = kit_request(k, party, method, desc, args);
    if (grant != NULL) {
        memcpy(r->header.grant, grant, 32);
    }
    if (model != NULL) {
        memcpy(r->header.subject, model, 32);
    }
    kit_sign(k, r, kit_party(k, party));
    memcpy(in->tls, kit_party(k, party)->tls, 32);
    return carry_out(c, r, in);
}

static void register_model(struct cells *c, const struct sy_plan *p)
{
    struct kit *k = &c->k;
    char name[32];
    snprintf(name, sizeof(name), "m%zu", c->models++);
    struct sy_model_def *d = ck_def(k, p, sy_arena_printf(&k->arena, "%s", name));
    struct sy_view def = kit_encode(k, &sy_model_def_desc, d);
    struct sy_inputs in = {.plan = kit_encode(k, &sy_plan_desc, p)};
    proof_model_id(k->model, k->grant, in.plan, def);
    must(c, call_as(c, "acme", "model.register", &sy_model_def_desc, d, k->grant, NULL, &in));
    struct sy_review review = {.decision = V("approve"), .opinion = V("seen")};
    in = (struct sy_inputs){0};
    must(c, call_as(c, "operator", "model.review", &sy_review_desc, &review, NULL, k->model, &in));
}

static int32_t charge(struct cells *c, const struct sy_plan *p)
{
    struct sy_run run = {0};
    struct sy_inputs in = {0};
    draw(in.salt);
    check_ok(rules_run_data(c->k.state, p, &c->k.arena, &in.data, &in.n_data, &c->k.err));
    return call_as(c, "acme", "model.run", &sy_run_desc, &run, c->k.grant, c->k.model, &in);
}

void cells_publish(struct cells *c)
{
    struct kit *k = &c->k;
    struct sy_dataset_def *d = ck_residents(k);
    struct sy_dataset_version v = {.dataset = d->id,
                                   .columns = kit_alloc(k, d->n_fields, sizeof(*v.columns)),
                                   .n_columns = d->n_fields,
                                   .rows = 1000,
                                   .suite = SY_SUITE_INTL,
                                   .version = 2 + c->published++};
    struct sy_inputs in = {.version = &v, .n_version = 1};
    proof_sha256_one(v.def, kit_encode(k, &sy_dataset_def_desc, d));
    draw(v.header);
    draw(v.report);
    for (size_t i = 0; i < d->n_fields; i++) {
        v.columns[i].name = d->fields[i].name;
    }
    must(c, carry_out(c, kit_request(k, "warden", "dataset.publish", NULL, NULL), &in));
}

/* --- the worker's and the warden's part ------------------------------------------------------------------------ */

/* The positions of cell i's keys. */
static void positions(const struct cells_question *q, size_t i, uint64_t *ret)
{
    struct cells_key keys[CELLS_KEYS];
    for (size_t at = cells_keys(q, keys); at > 0; at--) {
        ret[at - 1] = i % keys[at - 1].values;
        i /= keys[at - 1].values;
    }
}

static void add_person(const struct cells_question *q, const struct cells_person *p,
                       struct sy_run_cell *cell)
{
    cell->ck += p->key;
    cell->figures[0] = (int64_t)++cell->units;
    cell->tops[cell->units > 1 ? 1 : 0] = 1;
    if (q->sum_fees) {
        bool most = p->fee > cell->tops[2];
        cell->figures[1] += p->fee;
        cell->tops[3] = most ? cell->tops[2] : sy_max_i64(cell->tops[3], p->fee);
        cell->tops[2] = most ? p->fee : cell->tops[2];
    }
}

static void worker(const struct cells *c, const struct cells_question *q,
                   const struct rules_model *m, struct sy_arena *arena, struct sy_run_block *ret)
{
    const struct sy_plan_block *b = &m->plan.blocks[0];
    struct sy_run_cellkey rules = sy_cellkey_rules(&m->grant.pack.cellkey[0]);
    size_t n = cells_in(q);
    struct sy_run_cell *cells = sy_arena_alloc(arena, n, sizeof(*cells));
    uint64_t *keys = sy_arena_alloc(arena, CELLS_KEYS * n, sizeof(*keys));
    int64_t *values = sy_arena_alloc(arena, 6 * n, sizeof(*values));
    assert_true(cells != NULL && keys != NULL && values != NULL);
    for (size_t i = 0; i < n; i++) {
        uint64_t *key = &keys[CELLS_KEYS * i];
        positions(q, i, key);
        cells[i] = (struct sy_run_cell){.key = key,
                                        .n_key = b->n_keys,
                                        .figures = &values[6 * i],
                                        .n_figures = b->n_figures,
                                        .tops = &values[6 * i + 2],
                                        .n_tops = 2 * b->n_figures};
    }
    for (size_t i = 0; i < c->n_people; i++) {
        if (cells_about(q, &c->people[i])) {
            add_person(q, &c->people[i], &cells[cells_of(q, &c->people[i])]);
        }
    }
    ret->cells = cells;
    for (size_t i = 0; i < n; i++) {
        if (cells[i].units > 0) {
            cells[ret->n_cells++] = cells[i];
        }
    }
    check_ok(worker_cellkey(b, &rules, arena, ret));
}

/* Where the cell stands among all declared ones, those of unknown values included. */
static size_t row_of(const struct cells_question *q, size_t cell)
{
    struct cells_key keys[CELLS_KEYS];
    uint64_t at[CELLS_KEYS];
    size_t n = cells_keys(q, keys), row = 0;
    positions(q, cell, at);
    for (size_t i = 0; i < n; i++) {
        row = row * keys[i].declared + at[i];
    }
    return row;
}

static void take(const struct cells_question *q, const struct sy_answer_column *from,
                 struct cells_answer *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < cells_in(q); i++) {
        ret->n[i] = from->values[row_of(q, i)];
        ret->fees[i] = q->sum_fees ? from[1].values[row_of(q, i)] : 0;
        for (size_t k = 0; k < from->n_withheld; k++) {
            ret->withheld[i] = ret->withheld[i] || from->withheld[k] == row_of(q, i);
        }
    }
}

static void release(struct cells *c, const struct cells_question *q, struct cells_answer *ret)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_charge(c->k.entry - 1);
    struct sy_row_charge row;
    struct rules_model *m = sy_arena_alloc(&arena, 1, sizeof(*m));
    struct sy_run_block block = {0};
    struct sy_run_result result = {.blocks = &block, .n_blocks = 1, .ok = true};
    struct sy_answer answer = {0};
    uint8_t seed[32];
    draw(seed);
    assert_non_null(m);
    check_ok(rules_state_read(c->k.state, rules_key_view(&key), &sy_row_charge_desc, &arena, &row,
                              &c->k.err));
    check_ok(rules_model_read(c->k.state, row.model, &arena, m, &c->k.err));
    worker(c, q, m, &arena, &block);
    struct warden_cellkey space = {.ns = V("person"), .key = c->space};
    struct warden_release w = {.model = m,
                               .result = &result,
                               .seed = seed,
                               .params = row.params,
                               .cellkeys = &space,
                               .n_cellkeys = 1};
    if (!sy_ok(warden_release(&w, &arena, &answer, &c->k.err))) {
        fail_msg("release: %s %s", c->k.err.field, c->k.err.reason);
    }
    take(q, &answer.columns[0], ret);
}

int32_t cells_ask(struct cells *c, const struct cells_question *q, struct cells_answer *ret)
{
    struct sy_plan *p = cells_plan(&c->k, q);
    register_model(c, p);
    int32_t code = charge(c, p);
    if (code == 0) {
        release(c, q, ret);
    }
    return code;
}
