/*
 * What the index finds is what a reading of the whole log finds, for random questions to a random log.
 */
#include "test_log_kit.h"

#include <stdio.h>

#include "proof/ids.h"

enum { ACTS = 150, QUESTIONS = 400, WORDS = 8, WORD = 80 };

static struct log_kit L;

static int setup(void **state)
{
    log_kit_init(&L, "example.org/log");
    log_kit_random(&L, log_kit_seed(), ACTS);
    *state = &L;
    return 0;
}

static int teardown(void **state)
{
    log_kit_free(*state);
    return 0;
}

/* --- a reading ---------------------------------------------------------------------------------- */

/* What an entry is about, found without the index. */
struct fact {
    bool open;
    char party[WORD], role[WORD], scene[WORD], grant[WORD], model[WORD], type[WORD], method[WORD];
    char datasets[WORDS][WORD];
    size_t n_datasets;
    int64_t time;
    uint64_t code;
};

static struct fact FACTS[KIT_EVENTS];

static void set(char ret[WORD], struct sy_view v)
{
    sy_view_to_cstr(v, ret, WORD);
}

static void set_id(char ret[WORD], const uint8_t id[32])
{
    char hex[65];
    audit_hex32(hex, id);
    (void)snprintf(ret, WORD, "%s", audit_is_zero(id) ? "" : hex);
}

static void add_dataset(struct fact *f, struct sy_view v)
{
    assert_true(f->n_datasets < WORDS);
    set(f->datasets[f->n_datasets++], v);
}

/* The scene and datasets of the accepted proposal of f->grant before entry n. */
static void from_grant(struct log_kit *l, size_t n, struct fact *f)
{
    for (size_t i = 0; i < n; i++) {
        struct sy_event ev;
        struct sy_proposal p;
        char id[WORD];
        uint8_t hash[32];
        if (l->entries[i].body.n == 0) {
            continue;
        }
        check_ok(sy_record_decode(&sy_event_desc, l->entries[i].body, &SY_MP_LARGE, &l->k.arena,
                                  &ev, NULL));
        proof_grant_id(hash, ev.request.args);
        set_id(id, hash);
        if (!sy_view_is(ev.type, "apply") || strcmp(id, f->grant) != 0) {
            continue;
        }
        check_ok(sy_record_decode(&sy_proposal_desc, ev.request.args, &SY_MP_LARGE, &l->k.arena, &p,
                                  NULL));
        set(f->scene, p.scene);
        for (size_t d = 0; d < p.n_datasets && !f->n_datasets; d++) {
            for (size_t k = 0; k < p.n_datasets; k++) {
                add_dataset(f, p.datasets[k].dataset);
            }
        }
        return;
    }
}

static const char *role_of(const char *party)
{
    static const char *const ROLES[][2] = {
        {"agency", "agency"},     {"operator", "operator"}, {"health", "department"},
        {"clinic", "department"}, {"acme", "developer"},    {"rival", "developer"},
        {"audit", "auditor"},     {"warden", "warden"},
    };
    for (size_t i = 0; i < LEN(ROLES); i++) {
        if (strcmp(ROLES[i][0], party) == 0) {
            return ROLES[i][1];
        }
    }
    return "";
}

static void from_other(struct fact *f, const struct fact *other)
{
    memcpy(f->scene, other->scene, WORD);
    memcpy(f->grant, other->grant, WORD);
    memcpy(f->model, other->model, WORD);
    memcpy(f->datasets, other->datasets, sizeof(f->datasets));
    f->n_datasets = other->n_datasets;
}

static void own_words(struct log_kit *l, const struct sy_event *ev, struct fact *f)
{
    if (strcmp(f->method, "dataset.define") == 0) {
        struct sy_dataset_def d;
        check_ok(sy_record_decode(&sy_dataset_def_desc, ev->request.args, &SY_MP_LARGE, &l->k.arena,
                                  &d, NULL));
        add_dataset(f, d.id);
    } else if (strcmp(f->method, "dataset.publish") == 0) {
        add_dataset(f, ev->inputs.version[0].dataset);
    } else if (strcmp(f->method, "scene.apply") == 0) {
        uint8_t id[32];
        struct sy_proposal p;
        proof_grant_id(id, ev->request.args);
        set_id(f->grant, id);
        check_ok(sy_record_decode(&sy_proposal_desc, ev->request.args, &SY_MP_LARGE, &l->k.arena,
                                  &p, NULL));
        set(f->scene, p.scene);
        for (size_t i = 0; i < p.n_datasets; i++) {
            add_dataset(f, p.datasets[i].dataset);
        }
    } else if (strcmp(f->method, "model.register") == 0 && ev->verdict.code == 0) {
        uint8_t id[32], grant[32];
        assert_true(audit_unhex32(V(f->grant), grant));
        proof_model_id(id, grant, ev->inputs.plan, ev->request.args);
        set_id(f->model, id);
    } else if (strcmp(f->method, "job.answer") == 0) {
        from_other(f, &FACTS[ev->inputs.charge]);
    } else if (strcmp(f->type, "answer") == 0) {
        from_other(f, &FACTS[ev->verdict.stored - 1]);
    } else if (strcmp(f->method, "model.run") == 0) {
        for (size_t i = 0; i < ev->inputs.n_data; i++) {
            add_dataset(f, ev->inputs.data[i].dataset);
        }
    }
}

/* A model's grant, of a review that names the model only. */
static void from_model(struct fact *f, size_t n)
{
    for (size_t i = 0; i < n && f->grant[0] == '\0' && f->model[0] != '\0'; i++) {
        bool same = strcmp(FACTS[i].method, "model.register") == 0 && FACTS[i].code == 0 &&
                    strcmp(FACTS[i].model, f->model) == 0;
        if (same) {
            memcpy(f->grant, FACTS[i].grant, WORD);
        }
    }
}

static void read_fact(struct log_kit *l, size_t i)
{
    struct fact *f = &FACTS[i];
    struct sy_event ev;
    struct sy_header h;
    struct proof_leaf leaf;
    memset(f, 0, sizeof(*f));
    check_ok(proof_leaf_parse(l->entries[i].leaf, &leaf, NULL));
    set(f->type, leaf.type);
    f->time = (int64_t)leaf.utc_day * 86400;
    f->open = l->entries[i].body.n > 0;
    if (!f->open) {
        return;
    }
    check_ok(
        sy_record_decode(&sy_event_desc, l->entries[i].body, &SY_MP_LARGE, &l->k.arena, &ev, NULL));
    check_ok(sy_record_decode(&sy_header_desc, ev.request.header, &SY_MP_REQUEST, &l->k.arena, &h,
                              NULL));
    set(f->party, h.party);
    set(f->method, h.method);
    (void)snprintf(f->role, WORD, "%s", role_of(f->party));
    set_id(f->grant, h.grant);
    set_id(f->model, h.subject);
    f->time = ev.inputs.time;
    f->code = ev.verdict.code;
    own_words(l, &ev, f);
    from_model(f, i);
    from_grant(l, i, f);
}

static bool has_dataset(const struct fact *f, const char *name)
{
    for (size_t i = 0; i < f->n_datasets; i++) {
        if (strcmp(f->datasets[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool same(const char *wanted, const char *found)
{
    return wanted == NULL || strcmp(wanted, found) == 0;
}

static bool begins(const char *wanted, const char *found)
{
    return wanted == NULL || (found[0] != '\0' && strncmp(found, wanted, strlen(wanted)) == 0);
}

static bool verdict_is(const char *wanted, const struct fact *f)
{
    if (wanted == NULL) {
        return true;
    }
    return f->open &&
           (strcmp(wanted, "refused") == 0 ? f->code != 0
                                           : strcmp(wanted, audit_verdict_name(f->code)) == 0);
}

static bool admits(const struct audit_filter *q, const struct fact *f, uint64_t i)
{
    bool model = q->model != NULL && strcmp(q->model, "burden") == 0 ? f->model[0] != '\0'
                                                                     : begins(q->model, f->model);
    return same(q->party, f->party) && same(q->role, f->role) && same(q->scene, f->scene) &&
           same(q->type, f->type) && same(q->method, f->method) && begins(q->grant, f->grant) &&
           model && verdict_is(q->verdict, f) &&
           (q->dataset == NULL || has_dataset(f, q->dataset)) &&
           (!q->has_since || f->time >= q->since) && (!q->has_until || f->time < q->until) &&
           (!q->has_range || (i >= q->first && i <= q->last));
}

static const char *some(struct log_kit *l, const char *text)
{
    return text[0] == '\0' ? "nobody" : sy_arena_printf(&l->k.arena, "%s", text);
}

/* Some conditions, most of them those of one entry. */
static struct audit_filter random_filter(struct log_kit *l)
{
    struct audit_filter q = {0};
    const struct fact *f = &FACTS[log_kit_pick(l, l->n)];
    const struct {
        const char **to;
        const char *text;
    } texts[] = {{&q.party, f->party},   {&q.role, f->role},
                 {&q.scene, f->scene},   {&q.type, f->type},
                 {&q.method, f->method}, {&q.grant, f->grant},
                 {&q.model, f->model},   {&q.dataset, f->n_datasets > 0 ? f->datasets[0] : ""}};
    for (size_t i = 0; i < LEN(texts); i++) {
        if (log_kit_pick(l, 4) == 0) {
            *texts[i].to = some(l, texts[i].text);
        }
    }
    if (q.grant != NULL && log_kit_pick(l, 2) == 0) {
        q.grant = sy_arena_printf(&l->k.arena, "%.7s", q.grant);
    }
    if (log_kit_pick(l, 3) == 0) {
        q.verdict = log_kit_pick(l, 2) == 0 ? "refused" : audit_verdict_name(f->code);
    }
    q.has_since = log_kit_pick(l, 3) == 0;
    q.since = FACTS[log_kit_pick(l, l->n)].time;
    q.has_until = log_kit_pick(l, 3) == 0;
    q.until = FACTS[log_kit_pick(l, l->n)].time;
    q.has_range = log_kit_pick(l, 4) == 0;
    q.first = log_kit_pick(l, l->n);
    q.last = log_kit_pick(l, 2) == 0 ? UINT64_MAX : q.first + log_kit_pick(l, 50);
    q.limit = log_kit_pick(l, 5) == 0 ? 1 + log_kit_pick(l, 9) : 0;
    return q;
}

struct found {
    uint64_t at[KIT_EVENTS];
    size_t n;
};

static sy_status note(void *ctx, uint64_t entry, struct sy_error *err)
{
    struct found *f = ctx;
    (void)err;
    f->at[f->n++] = entry;
    return SY_OK;
}

static size_t compare(struct log_kit *l, struct audit_index *ix, const struct audit_export *x,
                      const struct audit_filter *q)
{
    struct found f = {0};
    size_t n = 0;
    check_ok(audit_index_find(ix, q, note, &f, NULL));
    for (size_t i = 0; i < l->n && (q->limit == 0 || n < q->limit); i++) {
        if (!admits(q, &FACTS[i], i)) {
            continue;
        }
        struct audit_record r;
        if (n >= f.n || f.at[n] != i) {
            fail_msg("entry %zu (%s by %s) is not found", i, FACTS[i].method, FACTS[i].party);
        }
        check_ok(audit_record_read(x, i, &l->k.arena, &r, NULL));
        assert_true(audit_filter_fits(q, &r));
        n++;
    }
    assert_int_equal(f.n, n);
    return n;
}

static void test_filters(void **state)
{
    struct log_kit *l = *state;
    struct audit_index *ix = NULL;
    size_t hits = 0;
    for (size_t i = 40; i < l->n; i += 17) {
        struct sy_event ev; /* what others refer to stays: this reading wants it */
        check_ok(sy_record_decode(&sy_event_desc, l->entries[i].body, &SY_MP_LARGE, &l->k.arena,
                                  &ev, NULL));
        if (sy_view_is(ev.type, "refuse")) {
            log_kit_hide(l, i);
        }
    }
    for (size_t i = 0; i < l->n; i++) {
        read_fact(l, i);
    }
    struct audit_export *x = log_kit_open(l, l->n);
    check_ok(audit_index_open(NULL, AUDIT_INDEX_MEMORY, x, &l->key, &ix, NULL));
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct audit_filter q = random_filter(l);
        hits += compare(l, ix, x, &q);
    }
    assert_int_equal(compare(l, ix, x, &(const struct audit_filter){0}), l->n);
    assert_true(compare(l, ix, x, &(const struct audit_filter){.model = "burden"}) > 0);
    assert_true(hits > QUESTIONS); /* the questions found something */
    audit_index_close(ix);
    audit_close(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
    };
    return cmocka_run_group_tests_name("audit_filter", tests, NULL, NULL);
}
