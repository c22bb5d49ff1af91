#include "charges.h"

#include <sodium.h>
#include <string.h>

#include "attack.h"
#include "mechanisms/stream.h"
#include "rules/rows.h"
#include "warden/release.h"

enum { AGES = 121, KEYS = 3 };

static const char *const PARAMS[CHARGES_PARAMS] = {"18", "40", "60", "75", "80", "85", "90", "95"};

static void draw(uint8_t ret[32])
{
    for (size_t i = 0; i < 4; i++) {
        sy_store_le64(ret + 8 * i, attack_bits());
    }
}

/* --- the model ------------------------------------------------------------------------------------ */

static struct sy_view *ages(struct kit *k)
{
    struct sy_view *v = kit_alloc(k, AGES, sizeof(*v));
    for (int i = 0; i < AGES; i++) {
        const char *text = sy_arena_printf(&k->arena, "%d", i);
        assert_non_null(text);
        v[i] = V(text);
    }
    return v;
}

static void set_figures(struct charges *c, struct sy_plan_block *b)
{
    struct sy_plan_figure *f = kit_alloc(&c->k, CHARGES_FIGURES, sizeof(*f));
    f[0] = b->figures[1];
    f[1] = b->figures[2];
    f[2] = b->figures[0];
    b->figures = f;
    b->n_figures = c->model.n_figures;
}

static struct sy_plan *make_plan(struct charges *c)
{
    struct kit *k = &c->k;
    struct sy_plan *p = kit_plan(k);
    struct sy_plan_block *b = p->blocks;
    struct sy_plan_expr *e = kit_alloc(k, b->n_exprs + 1, sizeof(*e));
    struct sy_plan_key *keys = kit_alloc(k, KEYS, sizeof(*keys));
    memcpy(e, b->exprs, b->n_exprs * sizeof(*e));
    e[b->n_exprs] = (struct sy_plan_expr){.i = 1, .op = V("col")};
    memcpy(keys, b->keys, 2 * sizeof(*keys));
    keys[2] = (struct sy_plan_key){
        .expr = b->n_exprs, .labels = ages(k), .n_labels = AGES, .name = V("age")};
    b->exprs = e;
    b->n_exprs++;
    b->keys = keys;
    b->n_keys = KEYS;
    b->mechanism = V(c->model.mechanism);
    b->rho = c->model.rho;
    b->groups = c->model.groups;
    set_figures(c, b);
    p->n_outs = KEYS + b->n_figures;
    p->outs = kit_alloc(k, p->n_outs, sizeof(*p->outs));
    for (size_t i = 0; i < p->n_outs; i++) {
        bool key = i < KEYS;
        size_t at = key ? i : i - KEYS;
        p->outs[i] = (struct sy_plan_out){.a = at,
                                          .name = key ? keys[at].name : b->figures[at].name,
                                          .op = V(key ? "key" : "figure")};
    }
    return p;
}

static struct sy_model_def *make_def(struct charges *c)
{
    struct sy_model_def *d = kit_model_def(&c->k);
    d->blocks[0].mechanism = V(c->model.mechanism);
    d->blocks[0].rho = c->model.rho;
    d->blocks[0].groups = c->model.groups;
    d->blocks[0].n_clamps = 0;
    return d;
}

/* --- the domain ----------------------------------------------------------------------------------- */

static void must(struct charges *c, int32_t code)
{
    if (code != 0) {
        fail_msg("%s: %.*s: %.*s; %s: %s", sy_code_name(code), SY_PV(c->k.verdict.field),
                 SY_PV(c->k.verdict.reason), c->k.err.field, c->k.err.reason);
    }
}

/* The kit's domain, with room in the pack for everything that is asked. */
static void catalogue(struct charges *c)
{
    struct kit *k = &c->k;
    struct sy_pack *pack = kit_pack_record(k, 1);
    pack->rho_run_max = UINT64_C(1) << 40;
    pack->budgets[0].rho = pack->budgets[1].rho = UINT64_C(1) << 60;
    must(c, kit_genesis(k));
    must(c, kit_enrol(k, "health", "department"));
    must(c, kit_enrol(k, "clinic", "department"));
    must(c, kit_enrol(k, "acme", "developer"));
    must(c, kit_adopt(k, pack));
    must(c, kit_define(k, kit_persons(k)));
    must(c, kit_define(k, kit_events(k)));
    must(c, kit_define(k, kit_streets(k)));
    must(c, kit_define(k, kit_births(k)));
    must(c, kit_publish(k, kit_persons(k), 1));
    must(c, kit_publish(k, kit_events(k), 1));
}

static void grant(struct charges *c)
{
    struct kit *k = &c->k;
    struct sy_proposal *p = kit_proposal(k);
    p->calls = 1000000;
    p->overruns = 1000000;
    p->rho = c->model.rho * c->model.budget_runs;
    must(c, kit_apply(k, p));
    must(c, kit_review(k, "operator", "scene.first_review", "approve"));
    must(c, kit_review(k, "health", "scene.consent", "approve"));
    must(c, kit_review(k, "clinic", "scene.consent", "approve"));
    must(c, kit_review(k, "agency", "scene.final_review", "approve"));
}

static void read_reach(struct charges *c)
{
    struct rules_model *m = kit_alloc(&c->k, 1, sizeof(*m));
    check_ok(rules_model_read(c->k.state, c->k.model, &c->k.arena, m, &c->k.err));
    for (size_t f = 0; f < c->model.n_figures; f++) {
        const struct rules_reach *r = &m->facts.blocks[0].figures[f].reach;
        c->reach[f] = r->rows * r->bound;
        c->base[f] = 100 * c->reach[f];
    }
}

void charges_open(struct charges *c, const struct charges_model *model)
{
    memset(c, 0, sizeof(*c));
    c->model = *model;
    kit_init(&c->k);
    draw(c->noise_key);
    catalogue(c);
    grant(c);
    must(c, kit_register(&c->k, make_def(c), make_plan(c)));
    must(c, kit_review(&c->k, "operator", "model.review", "approve"));
    read_reach(c);
}

void charges_close(struct charges *c)
{
    kit_free(&c->k);
}

/* --- asking --------------------------------------------------------------------------------------- */

/* Decide, log, apply: what the warden does with a request, but for the disk. */
static int32_t carry_out(struct charges *c, const struct rules_request *r, struct sy_inputs *in,
                         struct sy_arena *arena)
{
    struct rules_decision d;
    struct sy_event event;
    struct rules_effect *e;
    in->time = c->k.time;
    sy_status s = rules_decide(c->k.state, r, in, arena, &d, &c->k.err);
    if (!sy_ok(s) || d.kind != RULES_KIND_EVENT) {
        fail_msg("no event: %s %s", sy_code_name(s.code), c->k.err.reason);
    }
    rules_event_fill(r, in, &d, &event);
    check_ok(rules_effect_new(c->k.state, &event, c->k.entry, &e, &c->k.err));
    check_ok(rules_effect_commit(c->k.state, e));
    rules_effect_free(e);
    c->k.entry++;
    c->stored = d.verdict.stored > 0;
    return (int32_t)d.verdict.code;
}

static struct rules_request *request(struct charges *c, size_t param)
{
    struct kit *k = &c->k;
    struct sy_run_param p = {.name = V("min_age"), .value = V(PARAMS[param])};
    struct sy_run run = {.params = &p, .n_params = 1};
    struct rules_request *r = kit_request(k, "acme", "model.run", &sy_run_desc, &run);
    memcpy(r->header.grant, k->grant, 32);
    memcpy(r->header.subject, k->model, 32);
    kit_sign(k, r, kit_party(k, "acme"));
    return r;
}

/* What a worker would send: every cell occupied. */
static void fill(const struct charges *c, const int64_t *exact, struct sy_run_block *ret,
                 struct sy_arena *arena)
{
    const size_t radix[KEYS] = {2, 3, AGES};
    size_t n = c->model.n_figures;
    ret->n_cells = CHARGES_CELLS;
    ret->cells = sy_arena_alloc(arena, CHARGES_CELLS, sizeof(*ret->cells));
    uint64_t *keys = sy_arena_alloc(arena, (size_t)CHARGES_CELLS * KEYS, sizeof(*keys));
    int64_t *figures = sy_arena_alloc(arena, CHARGES_CELLS * n, sizeof(*figures));
    assert_true(ret->cells != NULL && keys != NULL && figures != NULL);
    memcpy(figures, exact, CHARGES_CELLS * n * sizeof(*figures));
    for (size_t i = 0; i < CHARGES_CELLS; i++) {
        for (size_t k = KEYS, rest = i; k-- > 0; rest /= radix[k]) {
            keys[i * KEYS + k] = rest % radix[k];
        }
        ret->cells[i] = (struct sy_run_cell){.figures = figures + i * n,
                                             .n_figures = n,
                                             .key = keys + i * KEYS,
                                             .n_key = KEYS,
                                             .units = 100};
    }
}

/* As enclave/warden/src/run.c: the rows of the charge, its seed, the release. */
static void release(struct charges *c, const int64_t *exact, int64_t *ret, struct sy_arena *arena)
{
    struct rules_key key = rules_key_charge(c->charge);
    struct sy_row_charge row;
    struct rules_model *m = sy_arena_alloc(arena, 1, sizeof(*m));
    struct sy_run_block block = {0};
    struct sy_run_result result = {.blocks = &block, .n_blocks = 1, .ok = true};
    struct sy_answer answer = {0};
    uint8_t seed[MECH_SEED_BYTES];
    assert_non_null(m);
    check_ok(rules_state_read(c->k.state, rules_key_view(&key), &sy_row_charge_desc, arena, &row,
                              &c->k.err));
    check_ok(rules_model_read(c->k.state, row.model, arena, m, &c->k.err));
    fill(c, exact, &block, arena);
    mech_seed(c->noise_key, row.salt, row.question, seed);
    struct warden_release w = {.model = m, .result = &result, .seed = seed, .params = row.params};
    check_ok(warden_release(&w, arena, &answer, &c->k.err));
    assert_int_equal(answer.rows, CHARGES_CELLS);
    for (size_t f = 0; f < c->model.n_figures; f++) {
        for (size_t i = 0; i < CHARGES_CELLS; i++) {
            ret[i * c->model.n_figures + f] = answer.columns[KEYS + f].values[i];
        }
    }
}

int32_t charges_ask(struct charges *c, size_t param, const int64_t *exact, int64_t *ret)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = (size_t)64 << 20};
    struct sy_plan plan = {.n_sources = 2};
    struct sy_plan_source sources[] = {{.dataset = V("persons")}, {.dataset = V("events")}};
    struct sy_inputs in = {0};
    plan.sources = sources;
    draw(in.salt);
    memcpy(in.tls, kit_party(&c->k, "acme")->tls, 32);
    check_ok(rules_run_data(c->k.state, &plan, &arena, &in.data, &in.n_data, &c->k.err));
    uint64_t entry = c->k.entry;
    int32_t code = carry_out(c, request(c, param), &in, &arena);
    if (code == 0 && !c->stored) {
        c->charge = entry;
        release(c, exact, ret, &arena);
    }
    return code;
}

int32_t charges_answer(struct charges *c, const char *outcome)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = (size_t)64 << 20};
    struct sy_inputs in = {.charge = c->charge, .outcome = V(outcome)};
    draw(in.commit);
    return carry_out(c, kit_request(&c->k, "warden", "job.answer", NULL, NULL), &in, &arena);
}

uint64_t charges_spent(struct charges *c)
{
    struct sy_row_account a = kit_account(&c->k);
    uint64_t spent = 0;
    for (size_t i = 0; i < a.n_shares; i++) {
        spent += sy_view_is(a.shares[i].ns, "person") ? a.shares[i].rho_spent : 0;
    }
    return spent;
}
