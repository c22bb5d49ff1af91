/*
 * own.define, confirm, put, erased: the life of a developer's own data in the domain. The developer says what it is and
 * which bytes it will be; the operator confirms that under the grant that names it; then those bytes come in, and no
 * others; when the grant is over the warden erases them, and says so in the log.
 *
 * Invariants: declared -> confirmed -> loaded, declared -> rejected; each of them -> erased, from which nothing leads
 * away. It has at most one version. Parts come in order, and what was confirmed never changes.
 *
 * BOUNDARY: whoever defines it chooses every row. So it says nothing about how many people there are (units), it opens
 * no namespace of its own, and it is graded like any data about people.
 * Source: scheme articles 18 (fusion after the operator's confirmation), 22 (no import of other data without review).
 */
#include "own.h"

#include "proof/hash.h"
#include "wire/identity.h"

enum { OPINION_MAX = 4096, PARTS_MAX = 4096 };

sy_status own_read(const struct rules_state *s, struct sy_view id, struct sy_arena *arena,
                   struct sy_own_row *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("own/", id);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "dataset", "there is no own data %.*s",
                       SY_PV(id.n <= RULES_ID_MAX ? id : (struct sy_view){0}));
    }
    return rules_state_read(s, rules_key_view(&key), &sy_own_row_desc, arena, ret, err);
}

static sy_status own_put(struct change *x, struct sy_view id, const struct sy_own_row *row)
{
    struct rules_key key = rules_key_id("own/", id);
    return effect_put(x->effect, &key, &sy_own_row_desc, row, x->err);
}

/* ---- define ---- */

static sy_status statement_check(struct ask *c, const struct sy_own_statement *s)
{
    bool said = is_text(s->source, SY_OWN_TEXT_MAX) && is_text(s->basis, SY_OWN_TEXT_MAX) &&
                !is_zero32(s->evidence) && (s->text.n == 0 || is_text(s->text, SY_OWN_TEXT_MAX));
    return control(RULES_CTL_FUSION_OWN, said)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "statement",
                         "say where it comes from, why that is lawful, and by which papers");
}

static sy_status owned(struct ask *c, const struct sy_own *a)
{
    bool own = sy_is_own(a->def.id) && sy_view_eq(a->def.department, c->party.party);
    if (!control(RULES_CTL_FUSION_OWN, own)) {
        return sy_fail(c->err, SY_E_DENIED, "def.department",
                       "a developer defines its own data, with an id that begins with " //
                       SY_OWN_PREFIX);
    }
    return statement_check(c, &a->statement);
}

static sy_status file_check(struct ask *c, const struct sy_pack_fusion *f, const struct sy_own *a)
{
    if (a->bytes < 1 || a->bytes > f->bytes) {
        return sy_fail(c->err, SY_E_LIMIT, "bytes", "the pack takes 1 to %llu bytes",
                       (unsigned long long)f->bytes);
    }
    return is_zero32(a->content) ? sy_fail(c->err, SY_E_FIELD, "content", "the SHA-256 of the file")
                                 : SY_OK;
}

/* Has a department's dataset units of this namespace? Only then may own data name some: else a developer could fix
 * how the identifiers of people are stored before anybody who has them. */
static sy_status known_space(struct ask *c, struct sy_view ns, bool *ret)
{
    static const char prefix[] = "dataset/";
    size_t n = sizeof(prefix) - 1;
    struct sy_view key = {0};
    struct sy_view value;
    *ret = false;
    while (!*ret && rules_state_next(c->state, sy_view_str(prefix), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena scratch = {0};
        struct dataset d;
        SY_TRY(dataset_read(c->state, sy_view(key.p + n, key.n - n), &scratch, &d, c->err));
        for (size_t i = 0; !sy_is_own(d.def.id) && i < d.def.n_fields; i++) {
            *ret = *ret || sy_view_eq(d.def.fields[i].ref, ns);
        }
    }
    return SY_OK;
}

/* One field of a table about people, or of one about nobody. */
static sy_status field_check(struct ask *c, const struct sy_pack_fusion *f,
                             const struct sy_dataset_def *d, const struct sy_field_def *field)
{
    bool known = true;
    if (!is_protected(d)) {
        return sy_klass_refused(field)
                   ? sy_fail(c->err, SY_E_FIELD, "def.fields",
                             "%.*s names people: give the table its unit namespace",
                             SY_PV(field->name))
                   : SY_OK;
    }
    if (field->grade < f->grade) {
        return sy_fail(c->err, SY_E_FIELD, "def.fields",
                       "%.*s: own data about people has at least grade %llu", SY_PV(field->name),
                       (unsigned long long)f->grade);
    }
    if (field->ref.n > 0) {
        SY_TRY(known_space(c, field->ref, &known));
    }
    return known ? SY_OK
                 : sy_fail(c->err, SY_E_FIELD, "def.fields",
                           "%.*s: no dataset of the catalogue has such units", SY_PV(field->name));
}

static sy_status people_check(struct ask *c, const struct sy_pack_fusion *f,
                              const struct sy_dataset_def *d)
{
    if (d->units != 0 || d->turnover != 0) {
        return sy_fail(c->err, SY_E_FIELD, "def.units",
                       "own data says nothing about how many people there are, come or leave");
    }
    if (is_protected(d) && d->membership < f->grade) {
        return sy_fail(c->err, SY_E_FIELD, "def.membership",
                       "own data about people has at least grade %llu",
                       (unsigned long long)f->grade);
    }
    for (size_t i = 0; i < d->n_fields; i++) {
        SY_TRY(field_check(c, f, d, &d->fields[i]));
    }
    return SY_OK;
}

sy_status decide_own_define(struct ask *c)
{
    const struct sy_own *a = c->args;
    struct sy_pack pack;
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    const struct sy_pack_fusion *f = scheme_fusion(&pack);
    if (f == NULL) {
        return sy_fail(c->err, SY_E_STATE, "pack", "the pack in force lets nothing be fused");
    }
    SY_TRY(standing_open(c, c->party.party));
    SY_TRY(owned(c, a));
    SY_TRY(file_check(c, f, a));
    SY_TRY(people_check(c, f, &a->def));
    return dataset_definable(c, &a->def);
}

sy_status apply_own_define(struct change *x)
{
    const struct sy_own *a = x->args;
    SY_BUF_CLEANUP struct sy_buf def = sy_buf(SY_MP_REQUEST.bytes);
    SY_TRY(sy_record_encode(&sy_dataset_def_desc, &a->def, &def));
    SY_TRY(dataset_put(x, a->def.id, sy_buf_view(&def)));
    struct sy_own_row row = {.bytes = a->bytes,
                             .developer = x->req->header.party,
                             .entry = x->entry,
                             .statement = a->statement,
                             .status = sy_view_str("declared")};
    memcpy(row.content, a->content, 32);
    return own_put(x, a->def.id, &row);
}

/* ---- confirm ---- */

/* Its row, when the header's grant is the one that names it. */
static sy_status under_grant(struct ask *c, struct sy_view dataset, struct sy_own_row *ret)
{
    SY_TRY(own_read(c->state, dataset, c->arena, ret, c->err));
    bool same = memcmp(ret->grant, c->req->header.grant, 32) == 0;
    return control(RULES_CTL_FUSION_SCENE, same)
               ? SY_OK
               : sy_fail(c->err, SY_E_GRANT, "header.grant", "this grant does not name %.*s",
                         SY_PV(dataset));
}

sy_status decide_own_confirm(struct ask *c)
{
    const struct sy_own_confirm *a = c->args;
    struct sy_own_row row;
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    SY_TRY(under_grant(c, a->dataset, &row));
    SY_TRY(rules_grant_in_force(&g, &p, c->in->time, c->err));
    SY_TRY(standing_open(c, g.developer));
    if (!sy_view_is(row.status, "declared")) {
        return sy_fail(c->err, SY_E_STATE, "dataset", "it is %.*s", SY_PV(row.status));
    }
    if (!word_in(a->decision, "approve reject") || !is_text(a->opinion, OPINION_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "decision", "approve or reject, and say why");
    }
    return SY_OK;
}

sy_status apply_own_confirm(struct change *x)
{
    const struct sy_own_confirm *a = x->args;
    struct sy_own_row row;
    SY_TRY(own_read(x->state, a->dataset, x->arena, &row, x->err));
    bool yes = sy_view_is(a->decision, "approve");
    row.decided = x->entry;
    row.opinion = a->opinion;
    row.status = sy_view_str(yes ? "confirmed" : "rejected");
    return own_put(x, a->dataset, &row);
}

/* ---- put ---- */

/* The next part, or the first one again; and does the warden still have those before it? */
static sy_status order_check(struct ask *c, const struct sy_own_put *a,
                             const struct sy_own_row *row)
{
    if (a->parts < 1 || a->parts > PARTS_MAX || a->part >= a->parts) {
        return sy_fail(c->err, SY_E_FIELD, "parts", "1 to %d parts, counted from 0", PARTS_MAX);
    }
    if (is_zero32(c->req->secret_digest)) {
        return sy_fail(c->err, SY_E_FIELD, "secret", "the bytes of the part");
    }
    if (a->part > 0 && (a->part != row->next || a->parts != row->parts)) {
        return sy_fail(c->err, SY_E_STATE, "part", "part %llu of %llu is next, or part 0 again",
                       (unsigned long long)row->next, (unsigned long long)row->parts);
    }
    if (c->in->n_own != 1) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.own", "what is held with this part");
    }
    return c->in->own[0].parts == a->part + 1
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "part", "start again with part 0");
}

/* BOUNDARY: what was confirmed is named by its digest. Whoever sends other bytes sends them for nothing. */
static sy_status content_check(struct ask *c, const struct sy_own_put *a,
                               const struct sy_own_row *row)
{
    const struct sy_own_staged *s = &c->in->own[0];
    bool last = a->part + 1 == a->parts;
    bool fits = s->bytes <= row->bytes;
    bool same = fits && (!last || (s->bytes == row->bytes && //
                                   memcmp(s->content, row->content, 32) == 0));
    return control(RULES_CTL_FUSION_CONTENT, same)
               ? SY_OK
               : sy_fail(c->err, SY_E_DIGEST, "secret", "these are not the confirmed bytes");
}

sy_status decide_own_put(struct ask *c)
{
    const struct sy_own_put *a = c->args;
    struct sy_own_row row;
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    SY_TRY(grant_usable(c, &g, &p));
    SY_TRY(standing_open(c, g.developer));
    SY_TRY(under_grant(c, a->dataset, &row));
    bool confirmed = sy_view_is(row.status, "confirmed");
    bool early = sy_view_is(row.status, "declared") && control(RULES_CTL_FUSION_CONFIRMED, false);
    if (!confirmed && !early) {
        return sy_fail(c->err, SY_E_STATE, "dataset",
                       "it is %.*s: rows come in once, after the operator has confirmed it",
                       SY_PV(row.status));
    }
    SY_TRY(order_check(c, a, &row));
    return content_check(c, a, &row);
}

sy_status apply_own_put(struct change *x)
{
    const struct sy_own_put *a = x->args;
    struct sy_own_row row;
    SY_TRY(own_read(x->state, a->dataset, x->arena, &row, x->err));
    row.next = a->part + 1;
    row.parts = a->parts;
    return own_put(x, a->dataset, &row);
}

/* ---- erased ---- */

static sy_status erased_version(struct ask *c, const struct sy_own_erased *a)
{
    struct rules_key key = rules_key_id("version/", a->dataset);
    struct sy_view value;
    struct sy_row_version row = {0};
    if (rules_state_get(c->state, rules_key_view(&key), &value)) {
        SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_row_version_desc, c->arena,
                                &row, c->err));
    }
    return memcmp(row.version.header, a->header, 32) == 0
               ? SY_OK
               : sy_fail(c->err, SY_E_DIGEST, "header", "it is not the version that there was");
}

sy_status decide_own_erased(struct ask *c)
{
    const struct sy_own_erased *a = c->args;
    struct sy_own_row row;
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    SY_TRY(under_grant(c, a->dataset, &row));
    if (!word_in(g.status, "revoked expired")) {
        return sy_fail(c->err, SY_E_STATE, "header.grant", "the grant is %.*s", SY_PV(g.status));
    }
    if (sy_view_is(row.status, "erased")) {
        return sy_fail(c->err, SY_E_STATE, "dataset", "it is erased");
    }
    return erased_version(c, a);
}

sy_status apply_own_erased(struct change *x)
{
    const struct sy_own_erased *a = x->args;
    struct sy_own_row row;
    SY_TRY(own_read(x->state, a->dataset, x->arena, &row, x->err));
    row.erased = x->entry;
    row.status = sy_view_str("erased");
    return own_put(x, a->dataset, &row);
}
