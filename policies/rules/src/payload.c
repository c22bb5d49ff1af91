/*
 * What is kept, erasably, of questions about one subject (wire/payload.h). Nothing of it is ever an input of a
 * decision but the subject's name, which is random, and how many payloads there are: so the log is
 * decided again, and verifies, whatever was erased.
 *
 * payload.erase is in the log first and carried out afterwards; the row that it leaves is what the warden
 * carries out again at every start. A name is erased once: whoever asks about the same subject later counts
 * under another.
 */
#include "wire/payload.h"
#include "method.h"
#include "wire/identity.h"

/* ---- whom ---- */

static sy_status whom_form(struct ask *c, struct sy_view ns)
{
    if (!is_id(ns)) {
        return sy_fail(c->err, SY_E_FIELD, "ns", "name a unit namespace");
    }
    return is_zero32(c->req->secret_digest)
               ? sy_fail(c->err, SY_E_FIELD, "secret", "say whom it is about, in the secret")
               : SY_OK;
}

/* What the warden read in the secret; NULL when it could not. */
static const struct sy_subject_inputs *told(const struct ask *c)
{
    return c->in->n_subject == 1 && c->in->subject->opens ? c->in->subject : NULL;
}

static sy_status not_told(struct ask *c)
{
    return sy_fail(c->err, SY_E_FIELD, "secret", "an identifier, and a salt of 32 random bytes");
}

/* ---- disclosing ---- */

/* Only of a charge about one subject; of any other nothing personal is kept. */
sy_status decide_payload_read(struct ask *c)
{
    const struct sy_payload_read *a = c->args;
    struct rules_key key = rules_key_charge(a->entry);
    struct sy_view value;
    struct sy_row_charge row = {0};
    if (rules_state_get(c->state, rules_key_view(&key), &value)) {
        SY_TRY(charge_row(c->state, a->entry, c->arena, &row, c->err));
    }
    return row.once
               ? SY_OK
               : sy_fail(c->err, SY_E_NOT_FOUND, "entry", "nothing personal is kept of this entry");
}

/* BOUNDARY: the warden says under which name the subject goes, and how many questions it will list. */
sy_status decide_trail(struct ask *c)
{
    const struct sy_trail_ask *a = c->args;
    SY_TRY(whom_form(c, a->ns));
    return told(c) != NULL ? SY_OK : not_told(c);
}

/* ---- erasing ---- */

/* The row decides, whether it can be decoded just now or not. */
bool rules_is_erased(const struct rules_state *s, const uint8_t who[32], uint64_t *ret_entry)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_hash("erased/", who);
    struct sy_row_erased row;
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return false;
    }
    sy_status st =
        rules_state_read(s, rules_key_view(&key), &sy_row_erased_desc, &arena, &row, NULL);
    *ret_entry = sy_ok(st) ? row.entry : 0;
    return true;
}

/* BOUNDARY: the warden says under which name the subject goes and how much is kept of it; that questions
 * were counted under this name, in this namespace, is looked up here. */
sy_status decide_erase(struct ask *c)
{
    const struct sy_erase *a = c->args;
    SY_TRY(whom_form(c, a->ns));
    const struct sy_subject_inputs *in = told(c);
    if (in == NULL) {
        return not_told(c);
    }
    struct rules_key key = rules_key_subject(a->ns, in->who);
    struct sy_view value;
    uint64_t entry;
    if (is_zero32(in->who) || in->kept == 0 ||
        !rules_state_get(c->state, rules_key_view(&key), &value)) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "secret.id", "nothing is kept of this subject");
    }
    return rules_is_erased(c->state, in->who, &entry)
               ? sy_fail(c->err, SY_E_STATE, "secret.id", "it is erased already")
               : SY_OK;
}

sy_status apply_erase(struct change *x)
{
    const struct sy_subject_inputs *in = x->in->n_subject == 1 ? x->in->subject : NULL;
    if (in == NULL) {
        return sy_fail(x->err, SY_E_INTERNAL, "inputs.subject", NULL);
    }
    struct sy_row_erased row = {.entry = x->entry, .n = in->kept};
    struct rules_key key = rules_key_hash("erased/", in->who);
    return effect_put(x->effect, &key, &sy_row_erased_desc, &row, x->err);
}

/* ---- how identifiers are written ---- */

static struct sy_view number_klass(const struct sy_dataset_def *d, struct sy_view ns)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_field_def *f = &d->fields[i];
        if (sy_view_is(f->type, "unit") && sy_view_eq(f->ref, ns) &&
            sy_klass_is_number(sy_klass_of(f->klass))) {
            return f->klass;
        }
    }
    return (struct sy_view){0};
}

/* All unit columns of a namespace agree on it (dataset.c), so that the first one says it. */
sy_status rules_unit_klass(const struct rules_state *s, struct sy_view ns, struct sy_arena *arena,
                           struct sy_view *ret, struct sy_error *reterr)
{
    static const char prefix[] = "dataset/";
    size_t n = sizeof(prefix) - 1;
    struct sy_view key = {0};
    struct sy_view value;
    *ret = (struct sy_view){0};
    while (ret->n == 0 && rules_state_next(s, sy_view_str(prefix), key, &key, &value)) {
        struct dataset d;
        SY_TRY(dataset_read(s, sy_view(key.p + n, key.n - n), arena, &d, reterr));
        *ret = number_klass(&d.def, ns);
    }
    return SY_OK;
}
