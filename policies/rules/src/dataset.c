/*
 * dataset.define, ingest, publish, share: the catalogue. A definition is what all later checks rely
 * on (types, bounds, value sets, units, grades), so an incomplete one is refused here: a number
 * without bounds would have no sensitivity, a protected table without a unit no one to protect, and a
 * second unit column without a cap on its rows a unit whose reach nobody knows.
 *
 * Invariants: a definition never changes (a new one is a new dataset); versions count from 1
 * without gaps and carry the digest of their definition; protected datasets have exactly one key
 * pair; all unit columns of one namespace store an identifier in the same form.
 * Source: DESIGN sections 1, 2 ("approval is a key"), 4.2; wire/catalog.h; scheme articles 6-8.
 */
#include "base/weak.h"
#include "proof/hash.h"
#include "scheme/own.h"
#include "wire/catalogue.h"
#include "wire/custody.h"
#include "wire/identity.h"
#include "wire/mask.h"
#include "wire/plan_type.h"

enum {
    FIELDS_MAX = 512,
    VALUES_MAX = 65535,
    NAME_MAX_BYTES = 64,
    SOURCES_MIN = 2,
    SOURCES_MAX = 8
};

#define ROWS_MAX (UINT64_C(1) << 40)

sy_status dataset_read(const struct rules_state *s, struct sy_view id, struct sy_arena *arena,
                       struct dataset *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("dataset/", id);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "dataset", "there is no dataset %.*s",
                       SY_PV(id.n <= RULES_ID_MAX ? id : (struct sy_view){0}));
    }
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_row_dataset_desc, arena, &ret->row, err));
    return sy_record_decode(&sy_dataset_def_desc, ret->row.def, &SY_MP_REQUEST, arena, &ret->def,
                            err);
}

const struct sy_field_def *def_field(const struct sy_dataset_def *def, struct sy_view name)
{
    for (size_t i = 0; i < def->n_fields; i++) {
        if (sy_view_eq(def->fields[i].name, name)) {
            return &def->fields[i];
        }
    }
    return NULL;
}

/* ---- one field ---- */

/* What a type asks of a field's bounds, values and reference. */
struct type_rule {
    const char *type;
    bool bounds; /* lo, hi declared */
    bool scale;
    bool values;
    bool ref;
    int64_t min, max; /* of the bounds */
};

static const struct type_rule TYPES[] = {
    {"int32", true, false, false, false, INT32_MIN, INT32_MAX},
    {"int64", true, false, false, false, -SY_PLAN_VALUE_MAX, SY_PLAN_VALUE_MAX},
    {"decimal", true, true, false, false, -SY_PLAN_VALUE_MAX, SY_PLAN_VALUE_MAX},
    {"date", true, false, false, false, SY_PLAN_DATE_MIN, SY_PLAN_DATE_MAX},
    {"bool", false, false, false, false, 0, 0},
    {"enum", false, false, true, false, 0, 0},
    {"text", false, false, false, false, 0, 0},
    {"unit", false, false, false, true, 0, 0},
};

static const struct type_rule *type_rule(struct sy_view type)
{
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (sy_view_is(type, TYPES[i].type)) {
            return &TYPES[i];
        }
    }
    return NULL;
}

static sy_status bad_field(struct ask *c, const struct sy_field_def *f, const char *why)
{
    char name[NAME_MAX_BYTES];
    sy_view_to_cstr(f->name, name, sizeof(name));
    return sy_fail(c->err, SY_E_FIELD, name, "%s", why);
}

static sy_status values_check(struct ask *c, const struct sy_field_def *f)
{
    if (f->n_values == 0 || f->n_values > VALUES_MAX) {
        return bad_field(c, f, "an enum declares 1 to 65535 values");
    }
    for (size_t i = 0; i < f->n_values; i++) {
        if (!is_text(f->values[i], RULES_LABEL_BYTES_MAX)) {
            return bad_field(c, f, "a value is empty, too long or not plain text");
        }
    }
    struct sy_view *merged;
    size_t n;
    uint32_t *map = sy_arena_alloc(c->arena, f->n_values, sizeof(*map));
    if (map == NULL) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_mask_merge(f->values, f->n_values, c->arena, &merged, &n, map));
    return n == f->n_values ? SY_OK : bad_field(c, f, "a value is declared twice");
}

static sy_status bounds_check(struct ask *c, const struct sy_field_def *f,
                              const struct type_rule *t)
{
    if (!t->bounds) {
        return f->lo == 0 && f->hi == 0 ? SY_OK : bad_field(c, f, "this type has no bounds");
    }
    if (f->lo == 0 && f->hi == 0 && !sy_weak(SY_WEAK_NO_BOUNDS)) {
        return bad_field(c, f, "declare lo and hi: without bounds nothing can be protected");
    }
    if (f->lo > f->hi || f->lo < t->min || f->hi > t->max) {
        return bad_field(c, f, "lo <= hi within the type's range");
    }
    return SY_OK;
}

/* A composite key: columns of the raw file that together name the unit. */
static sy_status sources_check(struct ask *c, const struct sy_field_def *f)
{
    if (f->n_sources < SOURCES_MIN || f->n_sources > SOURCES_MAX || f->source.n > 0) {
        return bad_field(c, f, "a composite key names 2 to 8 columns as sources, and no source");
    }
    for (size_t i = 0; i < f->n_sources; i++) {
        if (!is_text(f->sources[i], NAME_MAX_BYTES) || view_in(f->sources[i], f->sources, i)) {
            return bad_field(c, f, "sources are names of columns, each once");
        }
    }
    return SY_OK;
}

/* How many rows one unit may own, and of what its key is made; other columns may be keys. */
static sy_status owner_check(struct ask *c, const struct sy_field_def *f, const struct type_rule *t)
{
    if (!t->ref && (f->rows > 1 || f->n_sources > 0)) {
        return bad_field(c, f, "rows above 1 and sources belong to columns that name a unit");
    }
    if (f->rows > ROWS_MAX) {
        return bad_field(c, f, "the rows of one unit are at most 2^40");
    }
    return f->n_sources > 0 ? sources_check(c, f) : SY_OK;
}

static sy_status field_check(struct ask *c, const struct sy_field_def *f, uint64_t levels)
{
    const struct type_rule *t = type_rule(f->type);
    if (!is_text(f->name, NAME_MAX_BYTES)) {
        return sy_fail(c->err, SY_E_FIELD, "fields", "a field's name is 1 to 64 bytes of text");
    }
    if (t == NULL) {
        return bad_field(c, f, "unknown type");
    }
    if (f->grade < 1 || f->grade > levels) {
        return bad_field(c, f, "grade is one of the pack's levels, from 1");
    }
    if (f->scale > (t->scale ? SY_PLAN_SCALE_MAX : 0)) {
        return bad_field(c, f, "only decimals have a scale, of at most 9 digits");
    }
    if ((f->n_values > 0) != t->values || (f->ref.n > 0) != t->ref) {
        return bad_field(c, f, "values belong to enums, a namespace (ref) to units");
    }
    if (t->ref && !is_id(f->ref)) {
        return bad_field(c, f, "ref is the identifier of a unit namespace");
    }
    SY_TRY(bounds_check(c, f, t));
    SY_TRY(owner_check(c, f, t));
    if (f->grain > ROWS_MAX || (f->grain > 0 && (t->ref || sy_view_is(f->type, "text")))) {
        return bad_field(c, f, "grain is a number of values of a field that has declared ones");
    }
    const char *fault = sy_identity_fault(f);
    if (fault != NULL) {
        return bad_field(c, f, fault);
    }
    return t->values ? values_check(c, f) : SY_OK;
}

/* ---- the definition ---- */

static sy_status fields_check(struct ask *c, const struct sy_dataset_def *d, uint64_t levels)
{
    if (d->n_fields == 0 || d->n_fields > FIELDS_MAX) {
        return sy_fail(c->err, SY_E_FIELD, "fields", "1 to %d fields", FIELDS_MAX);
    }
    for (size_t i = 0; i < d->n_fields; i++) {
        SY_TRY(field_check(c, &d->fields[i], levels));
        if (def_field(d, d->fields[i].name) != &d->fields[i]) {
            return bad_field(c, &d->fields[i], "a field of this name is declared twice");
        }
    }
    return SY_OK;
}

/* Every unit column owns the rows. Models bound by the dataset's own unit, so that one may have any
 * number of them; how far the units of the others reach must be known beforehand. */
static sy_status owners_check(struct ask *c, const struct sy_dataset_def *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_field_def *f = &d->fields[i];
        if (!sy_view_is(f->type, "unit")) {
            continue;
        }
        n++;
        if (f->rows == 0 && !sy_view_eq(f->name, d->unit)) {
            return bad_field(c, f,
                             "a unit column beside the dataset's own says how many rows one unit "
                             "may have in it");
        }
    }
    return n <= SY_TRACKS_MAX
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "fields", "at most %d unit columns", SY_TRACKS_MAX);
}

/* Whom the dataset protects: somebody, by a unit column, or nobody, and then it is public. */
static sy_status unit_check(struct ask *c, const struct sy_dataset_def *d, uint64_t levels)
{
    if (d->membership < 1 || d->membership > levels) {
        return sy_fail(c->err, SY_E_FIELD, "membership",
                       "the membership grade is one of the pack's levels, from 1");
    }
    if (is_protected(d)) {
        const struct sy_field_def *u = def_field(d, d->unit);
        bool fine =
            is_id(d->ns) && u != NULL && sy_view_is(u->type, "unit") && sy_view_eq(u->ref, d->ns);
        return fine ? owners_check(c, d)
                    : sy_fail(c->err, SY_E_FIELD, "unit",
                              "a protected dataset names a field of type unit of its namespace");
    }
    bool open = d->unit.n == 0 && d->membership == 1;
    for (size_t i = 0; i < d->n_fields; i++) {
        open = open && d->fields[i].grade == 1 && !sy_view_is(d->fields[i].type, "unit");
    }
    return open ? SY_OK
                : sy_fail(c->err, SY_E_FIELD, "ns",
                          "a dataset without a unit namespace is public: grade 1 in everything");
}

/* How many levels grades may have here. Before a pack is adopted: as many as any pack has; grades above those of
 * the one that comes have no mechanism, and nothing of them ever leaves. */
static sy_status levels_read(struct ask *c, uint64_t *ret)
{
    struct sy_view value;
    struct sy_pack pack;
    *ret = SY_LEVELS_MAX;
    if (!rules_state_get(c->state, sy_view_str("pack"), &value)) {
        return SY_OK;
    }
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    *ret = pack.n_grades;
    return SY_OK;
}

static sy_status def_check(struct ask *c, const struct sy_dataset_def *d)
{
    if (!is_id(d->id) || !is_text(d->title, 256)) {
        return sy_fail(c->err, SY_E_FIELD, "id", "an identifier and a title are required");
    }
    if (sy_view_is(d->id, "units")) {
        return sy_fail(c->err, SY_E_FIELD, "id", "\"units\" is the name of a folder of the vault");
    }
    if (!word_in(d->encoding, "utf-8 gb18030")) {
        return sy_fail(c->err, SY_E_FIELD, "encoding", "utf-8 or gb18030");
    }
    if (d->max_rows < 1 || d->max_rows > ROWS_MAX || d->dummy_rows > d->max_rows) {
        return sy_fail(c->err, SY_E_FIELD, "max_rows", "1 to 2^40, and dummy_rows within it");
    }
    uint64_t levels;
    SY_TRY(levels_read(c, &levels));
    SY_TRY(fields_check(c, d, levels));
    SY_TRY(unit_check(c, d, levels));
    return custody_check(c, d);
}

/* ---- one identifier, one code ---- */

/* As what ingest stores a unit's identifier: a number that it knows, or (OTHER) as it is written. */
static enum sy_klass stored_as(const struct sy_field_def *f)
{
    enum sy_klass klass = sy_klass_of(f->klass);
    return sy_klass_is_number(klass) ? klass : SY_KLASS_OTHER;
}

/* A unit column of `other` for the same units as f, with identifiers stored otherwise; or NULL. */
static const struct sy_field_def *stored_otherwise(const struct sy_dataset_def *other,
                                                   const struct sy_field_def *f)
{
    for (size_t i = 0; i < other->n_fields; i++) {
        const struct sy_field_def *g = &other->fields[i];
        bool same = sy_view_is(g->type, "unit") && sy_view_eq(g->ref, f->ref);
        if (same && stored_as(g) != stored_as(f)) {
            return g;
        }
    }
    return NULL;
}

static sy_status forms_agree(struct ask *c, const struct sy_dataset_def *d,
                             const struct sy_dataset_def *other)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_field_def *f = &d->fields[i];
        const struct sy_field_def *g =
            sy_view_is(f->type, "unit") ? stored_otherwise(other, f) : NULL;
        if (g != NULL) {
            char name[NAME_MAX_BYTES];
            sy_view_to_cstr(f->name, name, sizeof(name));
            return sy_fail(c->err, SY_E_FIELD, name,
                           "%.*s.%.*s names the same units with another klass: one person would "
                           "get two codes",
                           SY_PV(other->id), SY_PV(g->name));
        }
    }
    return SY_OK;
}

/* The unit codes of a namespace are of identifiers as they are stored. Were the same person's stored in two
 * forms, by two datasets or by two columns of one, the one would not be bounded with the other. */
static sy_status one_form(struct ask *c, const struct sy_dataset_def *d)
{
    static const char prefix[] = "dataset/";
    size_t n = sizeof(prefix) - 1;
    struct sy_view key = {0};
    struct sy_view value;
    SY_TRY(forms_agree(c, d, d));
    while (rules_state_next(c->state, sy_view_str(prefix), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena scratch = {0};
        struct dataset other;
        struct sy_view id = sy_view(key.p + n, key.n - n);
        if (sy_is_own(id)) {
            continue; /* agrees with a department's (own.c), and is not to be named to others */
        }
        SY_TRY(dataset_read(c->state, id, &scratch, &other, c->err));
        SY_TRY(forms_agree(c, d, &other.def));
    }
    return SY_OK;
}

sy_status dataset_definable(struct ask *c, const struct sy_dataset_def *d)
{
    struct rules_key key = rules_key_id("dataset/", d->id);
    struct sy_view value;
    SY_TRY(def_check(c, d));
    if (rules_state_get(c->state, rules_key_view(&key), &value)) {
        return sy_fail(c->err, SY_E_EXISTS, "id",
                       "a definition never changes: use a new identifier");
    }
    SY_TRY(one_form(c, d));
    if (c->in->n_keys > 1 || (is_protected(d) && c->in->n_keys != 1)) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.keys", "one key pair for the dataset");
    }
    return custody_keys_check(c, d);
}

sy_status decide_define(struct ask *c)
{
    const struct sy_dataset_def *d = c->args;
    if (!control(RULES_CTL_OWN_DATA, sy_view_eq(d->department, c->party.party))) {
        return sy_fail(c->err, SY_E_DENIED, "department", "a department defines its own datasets");
    }
    if (!control(RULES_CTL_FUSION_OWN, !sy_is_own(d->id))) {
        return sy_fail(c->err, SY_E_DENIED, "id",
                       "identifiers that begin with " SY_OWN_PREFIX " are of developers' own data");
    }
    return dataset_definable(c, d);
}

sy_status dataset_put(struct change *x, struct sy_view id, struct sy_view def)
{
    struct rules_key key = rules_key_id("dataset/", id);
    struct sy_row_dataset row = {
        .def = def, .entry = x->entry, .keys = x->in->keys, .n_keys = x->in->n_keys};
    proof_sha256_one(row.digest, def);
    return effect_put(x->effect, &key, &sy_row_dataset_desc, &row, x->err);
}

sy_status apply_define(struct change *x)
{
    const struct sy_dataset_def *d = x->args;
    return dataset_put(x, d->id, x->req->args);
}

sy_status decide_ingest(struct ask *c)
{
    const struct sy_ingest *a = c->args;
    struct dataset d;
    SY_TRY(dataset_read(c->state, a->dataset, c->arena, &d, c->err));
    if (!control(RULES_CTL_OWN_DATA, sy_view_eq(d.def.department, c->party.party))) {
        return sy_fail(c->err, SY_E_DENIED, "dataset", "a department ingests its own datasets");
    }
    return SY_OK;
}

/* ---- publish ---- */

static sy_status columns_check(struct ask *c, const struct sy_dataset_version *v,
                               const struct sy_dataset_def *d)
{
    bool same = v->n_columns == d->n_fields;
    for (size_t i = 0; same && i < v->n_columns; i++) {
        same = sy_view_eq(v->columns[i].name, d->fields[i].name) && v->columns[i].nulls <= v->rows;
    }
    return same ? SY_OK
                : sy_fail(c->err, SY_E_FIELD, "version.columns", "not the definition's columns");
}

static sy_status latest(const struct rules_state *s, struct sy_view dataset, struct sy_arena *arena,
                        uint64_t *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("version/", dataset);
    struct sy_view value;
    struct sy_row_version row;
    *ret = 0;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_row_version_desc, arena, &row, err));
    *ret = row.version.version;
    return SY_OK;
}

sy_status decide_publish(struct ask *c)
{
    struct dataset d;
    uint64_t last;
    if (c->in->n_version != 1) {
        return sy_fail(c->err, SY_E_FIELD, "inputs.version", "one finished version");
    }
    const struct sy_dataset_version *v = &c->in->version[0];
    SY_TRY(dataset_read(c->state, v->dataset, c->arena, &d, c->err));
    SY_TRY(latest(c->state, v->dataset, c->arena, &last, c->err));
    if (memcmp(v->def, d.row.digest, 32) != 0) {
        return sy_fail(c->err, SY_E_DIGEST, "version.def", "ingested under another definition");
    }
    if (v->version != last + 1 || v->suite != SY_SUITE_INTL || is_zero32(v->header)) {
        return sy_fail(c->err, SY_E_STATE, "version.version", "the next version is %llu",
                       (unsigned long long)last + 1);
    }
    SY_TRY(own_publishable(c, v->dataset));
    if (v->rows > d.def.max_rows) {
        return sy_fail(c->err, SY_E_LIMIT, "version.rows", "more rows than the catalogue declares");
    }
    return columns_check(c, v, &d.def);
}

/* A log may claim what decide refuses, and replay goes on with it: no apply may count on what decide has seen to. */
sy_status apply_publish(struct change *x)
{
    if (x->in->n_version != 1) {
        return sy_fail(x->err, SY_E_INTERNAL, "inputs.version", "a publication of nothing");
    }
    struct sy_row_version row = {.entry = x->entry, .version = x->in->version[0]};
    const struct sy_updated updated = {.time = x->in->time, .version = row.version.version};
    struct rules_key key = rules_key_id("version/", row.version.dataset);
    struct rules_key at = rules_key_id("updated/", row.version.dataset);
    SY_TRY(own_loaded(x, row.version.dataset));
    SY_TRY(effect_put(x->effect, &at, &sy_updated_desc, &updated, x->err));
    return effect_put(x->effect, &key, &sy_row_version_desc, &row, x->err);
}

/* Its own share, and nobody else's: sealed to another it would be of no use, but nobody's business either. */
sy_status decide_share(struct ask *c)
{
    const struct sy_dataset_ref *a = c->args;
    struct dataset d;
    SY_TRY(dataset_read(c->state, a->dataset, c->arena, &d, c->err));
    if (d.row.n_keys != 1) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "dataset", "it has no key");
    }
    if (sy_custody_of(&d.def, d.row.keys, c->party.party) != SY_HOLDER_NONE) {
        return SY_OK;
    }
    return sy_view_is(c->party.role, "agency") || sy_view_eq(d.def.department, c->party.party)
               ? sy_fail(c->err, SY_E_NOT_FOUND, "dataset", "this party holds no share of its key")
               : sy_fail(c->err, SY_E_DENIED, "dataset", "the share is its holder's");
}
