/*
 * What: what an entry is about: its own words, and those of the grant, model or charge that it refers to.
 * Invariant: it reads earlier entries' rows only, so that taking in a log in pieces changes nothing.
 */
#include "index.h"
#include "proof/ids.h"
#include "wire/consent.h"
#include "wire/own.h"

/* One entry's row in the making: numbers of names, INDEX_NULL for none. */
struct taking {
    struct audit_index *x;
    uint64_t i;
    const struct audit_record *r;
    struct sy_arena *arena;
    struct sy_error *err;
    int64_t scene, grant, model, link;
    size_t n_about; /* datasets that it names itself */
};

static sy_status name_id(struct taking *t, const uint8_t id[32], int64_t *ret)
{
    char hex[65];
    *ret = INDEX_NULL;
    if (audit_is_zero(id)) {
        return SY_OK;
    }
    audit_hex32(hex, id);
    return index_name(t->x, sy_view(hex, 64), ret, t->err);
}

static sy_status about(struct taking *t, struct sy_view dataset, uint64_t version)
{
    int64_t id;
    SY_TRY(index_name(t->x, dataset, &id, t->err));
    if (id == INDEX_NULL) {
        return SY_OK;
    }
    t->n_about++;
    int64_t row[] = {(int64_t)t->i, id, (int64_t)version};
    return index_put(t->x, INDEX_ADD_ABOUT, row, 3, t->err);
}

/* --- parties ------------------------------------------------------------------------------------ */

static sy_status put_party(struct taking *t, struct sy_view party, struct sy_view role)
{
    int64_t row[2];
    SY_TRY(index_name(t->x, party, &row[0], t->err));
    SY_TRY(index_name(t->x, role, &row[1], t->err));
    index_trait_set(t->x, row[0], INDEX_ROLE, row[1]);
    return row[0] == INDEX_NULL ? SY_OK : index_put(t->x, INDEX_ADD_PARTY, row, 2, t->err);
}

static sy_status take_genesis(struct taking *t)
{
    struct sy_genesis g;
    if (!audit_record_args(t->r, &sy_genesis_desc, t->arena, &g)) {
        return SY_OK;
    }
    SY_TRY(put_party(t, sy_view_str("warden"), sy_view_str("warden")));
    SY_TRY(put_party(t, g.agency.party, g.agency.role));
    return put_party(t, g.operator_.party, g.operator_.role);
}

static sy_status take_enrol(struct taking *t)
{
    struct sy_enrol e;
    struct sy_invite v;
    if (t->r->event.verdict.code != 0 || !audit_record_args(t->r, &sy_enrol_desc, t->arena, &e) ||
        !sy_ok(sy_record_decode(&sy_invite_desc, e.invite, &SY_MP_REQUEST, t->arena, &v, NULL))) {
        return SY_OK;
    }
    return put_party(t, v.party, v.role);
}

/* --- datasets ------------------------------------------------------------------------------------ */

static sy_status take_define(struct taking *t)
{
    struct sy_dataset_def d;
    return audit_record_args(t->r, &sy_dataset_def_desc, t->arena, &d) ? about(t, d.id, 0) : SY_OK;
}

static sy_status take_ingest(struct taking *t)
{
    struct sy_ingest a;
    return audit_record_args(t->r, &sy_ingest_desc, t->arena, &a) ? about(t, a.dataset, 0) : SY_OK;
}

static sy_status take_share(struct taking *t)
{
    struct sy_dataset_ref a;
    bool has = audit_record_args(t->r, &sy_dataset_ref_desc, t->arena, &a);
    return has ? about(t, a.dataset, 0) : SY_OK;
}

static sy_status take_publish(struct taking *t)
{
    const struct sy_inputs *in = &t->r->event.inputs;
    return in->n_version == 0 ? SY_OK : about(t, in->version[0].dataset, in->version[0].version);
}

/* A developer's own data: each act on it names it. */
static sy_status take_own_define(struct taking *t)
{
    struct sy_own a;
    return audit_record_args(t->r, &sy_own_desc, t->arena, &a) ? about(t, a.def.id, 0) : SY_OK;
}

static sy_status take_own_confirm(struct taking *t)
{
    struct sy_own_confirm a;
    bool has = audit_record_args(t->r, &sy_own_confirm_desc, t->arena, &a);
    return has ? about(t, a.dataset, 0) : SY_OK;
}

static sy_status take_own_put(struct taking *t)
{
    struct sy_own_put a;
    return audit_record_args(t->r, &sy_own_put_desc, t->arena, &a) ? about(t, a.dataset, 0) : SY_OK;
}

static sy_status take_own_erased(struct taking *t)
{
    struct sy_own_erased a;
    bool has = audit_record_args(t->r, &sy_own_erased_desc, t->arena, &a);
    return has ? about(t, a.dataset, 0) : SY_OK;
}

/* --- grants -------------------------------------------------------------------------------------- */

static sy_status put_grant(struct taking *t, const struct sy_proposal *p)
{
    int64_t developer;
    SY_TRY(index_name(t->x, p->developer, &developer, t->err));
    int64_t row[] = {t->grant, (int64_t)t->i, t->scene, developer};
    index_trait_set(t->x, t->grant, INDEX_SCENE, t->scene);
    SY_TRY(index_put(t->x, INDEX_ADD_GRANT, row, 4, t->err));
    for (size_t i = 0; i < p->n_datasets; i++) {
        int64_t pair[] = {t->grant, 0};
        SY_TRY(index_name(t->x, p->datasets[i].dataset, &pair[1], t->err));
        if (pair[1] != INDEX_NULL) {
            SY_TRY(index_put(t->x, INDEX_ADD_GRANT_DATASET, pair, 2, t->err));
        }
    }
    return SY_OK;
}

static sy_status take_apply(struct taking *t)
{
    struct sy_proposal p;
    uint8_t id[32];
    if (!audit_record_args(t->r, &sy_proposal_desc, t->arena, &p)) {
        return SY_OK;
    }
    proof_grant_id(id, t->r->event.request.args);
    SY_TRY(name_id(t, id, &t->grant));
    SY_TRY(index_name(t->x, p.scene, &t->scene, t->err));
    for (size_t i = 0; i < p.n_datasets; i++) {
        SY_TRY(about(t, p.datasets[i].dataset, 0));
    }
    return t->r->event.verdict.code == 0 ? put_grant(t, &p) : SY_OK;
}

/* --- models, runs, answers ------------------------------------------------------------------------ */

static sy_status take_register(struct taking *t)
{
    struct sy_model_def d;
    uint8_t id[32];
    const struct sy_event *ev = &t->r->event;
    if (ev->verdict.code != 0 || !audit_record_args(t->r, &sy_model_def_desc, t->arena, &d)) {
        return SY_OK;
    }
    proof_model_id(id, t->r->header.grant, ev->inputs.plan, ev->request.args);
    SY_TRY(name_id(t, id, &t->model));
    int64_t name;
    SY_TRY(index_name(t->x, d.name, &name, t->err));
    index_trait_set(t->x, t->model, INDEX_GRANT, t->grant);
    int64_t row[] = {t->model, (int64_t)t->i, t->grant, name};
    return index_put(t->x, INDEX_ADD_MODEL, row, 4, t->err);
}

/* The rows of an earlier entry that this one answers. */
static sy_status take_linked(struct taking *t, uint64_t entry)
{
    if (entry >= t->i) {
        return SY_OK; /* not to be found in an honest log */
    }
    t->link = (int64_t)entry;
    int64_t *to[] = {&t->scene, &t->grant, &t->model};
    sqlite3_stmt *q = index_bind(t->x, INDEX_LINKED, &t->link, 1);
    if (sqlite3_step(q) == SQLITE_ROW) {
        for (int i = 0; i < 3; i++) {
            *to[i] =
                sqlite3_column_type(q, i) == SQLITE_NULL ? INDEX_NULL : sqlite3_column_int64(q, i);
        }
    }
    sqlite3_reset(q);
    t->n_about++; /* not its grant's: its charge's, to which the link leads */
    return SY_OK;
}

static sy_status take_run(struct taking *t)
{
    const struct sy_event *ev = &t->r->event;
    if (ev->verdict.code == 0 && ev->verdict.stored > 0) {
        SY_TRY(take_linked(t, ev->verdict.stored - 1));
        int64_t row[] = {(int64_t)t->i, t->link}; /* two links away */
        return index_put(t->x, INDEX_COPY_ABOUT, row, 2, t->err);
    }
    for (size_t i = 0; i < ev->inputs.n_data; i++) {
        SY_TRY(about(t, ev->inputs.data[i].dataset, ev->inputs.data[i].version));
    }
    return SY_OK;
}

static sy_status take_answer(struct taking *t)
{
    return take_linked(t, t->r->event.inputs.charge);
}

static const struct {
    const char *method;
    sy_status (*take)(struct taking *t);
} TAKES[] = {
    {"dataset.define", take_define},   {"dataset.ingest", take_ingest},
    {"dataset.publish", take_publish}, {"dataset.share", take_share},
    {"genesis", take_genesis},         {"job.answer", take_answer},
    {"model.register", take_register}, {"model.run", take_run},
    {"own.confirm", take_own_confirm}, {"own.define", take_own_define},
    {"own.erased", take_own_erased},   {"own.put", take_own_put},
    {"party.enrol", take_enrol},       {"product.call", take_run},
    {"scene.apply", take_apply},       {"subject.ask", take_run},
};

static sy_status take_named(struct taking *t)
{
    for (size_t i = 0; i < sizeof(TAKES) / sizeof(TAKES[0]); i++) {
        if (sy_view_is(t->r->header.method, TAKES[i].method)) {
            return TAKES[i].take(t);
        }
    }
    return SY_OK;
}

/* --- what it refers to ------------------------------------------------------------------------------ */

/* The scene and the datasets of the grant, where the entry did not name any; the grant of the model. */
static sy_status take_referred(struct taking *t)
{
    if (t->grant == INDEX_NULL) {
        t->grant = index_trait(t->x, t->model, INDEX_GRANT);
    }
    if (t->scene == INDEX_NULL) {
        t->scene = index_trait(t->x, t->grant, INDEX_SCENE);
    }
    if (t->n_about > 0 || t->grant == INDEX_NULL) {
        return SY_OK;
    }
    int64_t row[] = {(int64_t)t->i, t->grant};
    return index_put(t->x, INDEX_GRANT_DATASETS, row, 2, t->err);
}

enum { DAY_S = 86400 };

static sy_status put_closed(struct taking *t)
{
    int64_t type;
    SY_TRY(index_name(t->x, t->r->leaf.type, &type, t->err));
    int64_t row[] = {(int64_t)t->i,
                     (int64_t)t->r->leaf.utc_day * DAY_S,
                     type,
                     INDEX_NULL,
                     INDEX_NULL,
                     INDEX_NULL,
                     INDEX_NULL,
                     INDEX_NULL,
                     INDEX_NULL,
                     INDEX_NULL,
                     0,
                     INDEX_NULL};
    return index_put(t->x, INDEX_ADD_ENTRY, row, sizeof(row) / sizeof(row[0]), t->err);
}

sy_status index_take(struct audit_index *x, uint64_t i, const struct audit_record *r,
                     struct sy_arena *arena, struct sy_error *err)
{
    struct taking t = {.x = x,
                       .i = i,
                       .r = r,
                       .arena = arena,
                       .err = err,
                       .scene = INDEX_NULL,
                       .grant = INDEX_NULL,
                       .model = INDEX_NULL,
                       .link = INDEX_NULL};
    int64_t type, method, party;
    if (!r->open) {
        return put_closed(&t);
    }
    SY_TRY(index_name(x, r->event.type, &type, err));
    SY_TRY(index_name(x, r->header.method, &method, err));
    SY_TRY(index_name(x, r->header.party, &party, err));
    SY_TRY(name_id(&t, r->header.grant, &t.grant));
    SY_TRY(name_id(&t, r->model, &t.model));
    SY_TRY(take_named(&t));
    SY_TRY(take_referred(&t));
    SY_TRY(index_take_staff(x, i, r, arena, err));
    int64_t row[] = {(int64_t)i, r->event.inputs.time,
                     type,       method,
                     party,      index_trait(x, party, INDEX_ROLE),
                     t.scene,    t.grant,
                     t.model,    (int64_t)r->event.verdict.code,
                     1,          t.link};
    return index_put(x, INDEX_ADD_ENTRY, row, sizeof(row) / sizeof(row[0]), err);
}
