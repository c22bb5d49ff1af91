/*
 * What: payloads, as methods. Invariants: nothing is disclosed before the log durably says to whom; an erasure
 * is durable in the log before anything is destroyed, and is carried out again at every start, so that no crash
 * and no copy put back undoes it; the log holds a random name and a number, never an identifier; a name is told
 * in the inputs of a request that the rules allow, and of no other, or whoever reads the log could have it told
 * of any identifier.
 */
#include "payload.h"

#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "vault/payload.h"
#include "warden/record.h"
#include "warden/shard.h"
#include "wire/payload.h"
#include "wire/unit_id.h"

enum { TRAIL_QUESTIONS = 256 };

static void refuse(struct warden_call *c, sy_status s, struct sy_error *err)
{
    if (err->code == 0) {
        sy_fail(err, s.code, NULL, NULL);
    }
    warden_call_refuse(c, err);
}

static sy_status read_args(struct warden_call *c, const struct sy_desc *desc, void *ret,
                           struct sy_error *err)
{
    return sy_record_decode(desc, c->request.args, &SY_MP_REQUEST, &c->arena, ret, err);
}

/* --- whom ----------------------------------------------------------------------------------------- */

struct whom {
    uint8_t id[SY_UNIT_ID_BYTES]; /* as ingest stores it */
    size_t n;
};

/* BOUNDARY: a party's bytes, decoded strictly. Without a salt whoever reads the log could try identifiers
 * against the digest of this secret. */
static sy_status open_whom(struct warden_call *c, struct sy_view ns, struct whom *ret,
                           struct sy_error *err)
{
    uint8_t normal[SY_UNIT_ID_BYTES];
    struct sy_view klass;
    struct sy_whom w;
    size_t n = 0;
    SY_TRY(sy_record_decode(&sy_whom_desc, c->opened.secret, &SY_MP_REQUEST, &c->arena, &w, err));
    if (sodium_is_zero(w.salt, sizeof(w.salt))) {
        return sy_fail(err, SY_E_FIELD, "secret.salt", "32 random bytes");
    }
    SY_TRY(rules_unit_klass(c->w->state, ns, &c->arena, &klass, err));
    sy_status s = sy_unit_id_join(w.id, w.n_id, normal, &n);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "secret.id", "no identifier");
    }
    sy_unit_id_stored(klass, sy_view(normal, n), ret->id, &ret->n);
    sodium_memzero(normal, sizeof(normal));
    return SY_OK;
}

sy_status warden_payload_who(struct warden *w, struct sy_view ns, struct sy_view id,
                             uint8_t ret[32])
{
    uint64_t entry;
    SY_TRY(vault_payload_who(w->vault, ns, id, ret, NULL));
    if (!rules_is_erased(w->state, ret, &entry)) {
        return SY_OK;
    }
    /* a copy of a destroyed key was put back, without its payloads; or the erasure is of this very round: it
     * is carried out once it is durable, and nothing is destroyed before */
    warden_commit(w);
    if (w->failed) {
        return sy_status_of(SY_E_READ_ONLY);
    }
    SY_TRY(vault_payload_forget(w->vault, ns, id));
    return vault_payload_who(w->vault, ns, id, ret, NULL);
}

/* --- questions ------------------------------------------------------------------------------------ */

/* Is this the charge of a question about one subject? */
static bool is_question(const struct sy_event *e)
{
    return sy_view_is(e->type, "charge") && e->inputs.n_subject == 1;
}

/* A payload whose entry became another's, because its own was never written, is nobody's. */
static sy_status belongs(struct warden *w, uint64_t entry, const uint8_t who[32], bool *ret,
                         struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena scratch = {0};
    struct sy_event e;
    SY_TRY(warden_entry_event(w, entry, &scratch, &e, err));
    *ret = is_question(&e) && memcmp(e.inputs.subject[0].who, who, 32) == 0;
    return SY_OK;
}

void warden_payload_take_back(struct warden_call *c)
{
    if (c->kept_at == 0) {
        return;
    }
    sy_status s = vault_payload_take_back(c->w->vault, c->kept_who, c->kept_at - 1);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "payload of no entry is left; removed at the next start",
               SY_LOGF_CODE(s.code));
    }
    c->kept_at = 0;
}

/* The entries of questions of which something is kept under this name. */
struct questions {
    uint64_t *entries;
    size_t n;
    bool more;
};

/* Those after `after` and before `before`, the first `most` of them. */
struct range {
    uint64_t after, before;
    size_t most;
};

static const struct range ALL = {.before = UINT64_MAX, .most = SIZE_MAX};

static sy_status find_questions(struct warden_call *c, const uint8_t who[32],
                                const struct range *in, struct questions *ret, struct sy_error *err)
{
    size_t n = 0;
    *ret = (struct questions){0};
    SY_TRY(vault_payload_list(c->w->vault, who, &c->arena, &ret->entries, &n, err));
    for (size_t i = 0; i < n && !ret->more && ret->entries[i] < in->before; i++) {
        uint64_t entry = ret->entries[i];
        bool is = false;
        SY_TRY(entry > in->after ? belongs(c->w, entry, who, &is, err) : SY_OK);
        ret->more = is && ret->n == in->most;
        if (is && !ret->more) {
            ret->entries[ret->n++] = entry; /* n <= i: what is overwritten was looked at */
        }
    }
    return SY_OK;
}

/* --- what the rules are told ---------------------------------------------------------------------- */

/* SY_E_NOT_FOUND: nobody asked, or it was erased. */
static sy_status known_as(struct warden_call *c, struct sy_view ns, uint8_t ret[32],
                          struct sy_error *err)
{
    struct whom whom;
    uint64_t entry;
    SY_TRY(open_whom(c, ns, &whom, err));
    sy_status s = vault_payload_find(c->w->vault, ns, sy_view(whom.id, whom.n), ret, err);
    sodium_memzero(&whom, sizeof(whom));
    return sy_ok(s) && rules_is_erased(c->w->state, ret, &entry) ? sy_status_of(SY_E_NOT_FOUND) : s;
}

/* What would the rules say of this request, had it named a subject of whom nothing is kept? */
static bool told_wanted(struct warden_call *c, int32_t code)
{
    struct rules_decision d = {0};
    struct sy_subject_inputs told = {.opens = true};
    struct sy_inputs in = c->inputs;
    in.subject = &told;
    in.n_subject = 1;
    in.time = warden_time(c->w);
    sy_status s = rules_decide(c->w->state, &c->request, &in, &c->arena, &d, NULL);
    return sy_ok(s) && d.kind == RULES_KIND_EVENT && d.verdict.code == (uint64_t)code;
}

static sy_status tell_kept(struct warden_call *c, struct sy_view ns, const struct range *range,
                           struct sy_subject_inputs *in)
{
    struct questions q;
    uint8_t who[32];
    struct sy_error err = {0};
    warden_commit(c->w); /* questions of this very round keep their payloads, and are counted */
    sy_status s = known_as(c, ns, who, &err);
    in->opens = sy_ok(s) || s.code == SY_E_NOT_FOUND;
    if (!sy_ok(s)) {
        enum sy_category cat = sy_category_of(s.code);
        return cat == SY_CAT_USAGE ? SY_OK : s; /* the rules say what is wrong with the request */
    }
    SY_TRY(find_questions(c, who, range, &q, &err));
    in->kept = q.n;
    memcpy(in->who, who, sizeof(in->who));
    return SY_OK;
}

/* Fill the input and decide (true), or end the call. Only of a request that the rules otherwise answer with
 * `code`: nobody else has a subject's name put into the log. */
static bool tell(struct warden_call *c, struct sy_view ns, const struct range *range, int32_t code)
{
    struct sy_subject_inputs *in = sy_arena_alloc(&c->arena, 1, sizeof(*in));
    if (in == NULL || !told_wanted(c, code)) {
        return true; /* without the input it is refused */
    }
    c->inputs.subject = in;
    c->inputs.n_subject = 1;
    sy_status s = tell_kept(c, ns, range, in);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "payloads not found", SY_LOGF_CODE(s.code));
        warden_call_clear(c, SY_E_INTERNAL, "what is kept could not be looked up");
        return false;
    }
    return true;
}

/* --- subject.trail -------------------------------------------------------------------------------- */

static sy_status fill_question(struct warden_call *c, uint64_t entry, struct sy_trail_question *ret,
                               struct sy_error *err)
{
    struct sy_event event;
    struct sy_header h;
    struct sy_subject_ask ask;
    struct sy_consent t;
    SY_TRY(warden_entry_event(c->w, entry, &c->arena, &event, err));
    SY_TRY(sy_record_decode(&sy_header_desc, event.request.header, &SY_MP_REQUEST, &c->arena, &h,
                            err));
    SY_TRY(sy_record_decode(&sy_subject_ask_desc, event.request.args, &SY_MP_REQUEST, &c->arena,
                            &ask, err));
    SY_TRY(sy_record_decode(&sy_consent_desc, ask.token, &SY_MP_REQUEST, &c->arena, &t, err));
    *ret = (struct sy_trail_question){
        .entry = entry, .issuer = t.issuer, .party = h.party, .time = event.inputs.time};
    memcpy(ret->grant, h.grant, sizeof(ret->grant));
    memcpy(ret->model, h.subject, sizeof(ret->model));
    return SY_OK;
}

/* Nobody asked, or it was erased since: an empty trail. */
static sy_status read_trail(struct warden_call *c, struct sy_trail *ret, struct sy_error *err)
{
    const struct sy_subject_inputs *in = c->inputs.subject; /* the rules allowed it: there is one */
    struct sy_trail_ask args;
    struct questions q;
    uint64_t entry;
    SY_TRY(read_args(c, &sy_trail_ask_desc, &args, err));
    if (sodium_is_zero(in->who, sizeof(in->who)) || rules_is_erased(c->w->state, in->who, &entry)) {
        return SY_OK;
    }
    const struct range range = {args.after, c->entries[0], TRAIL_QUESTIONS};
    SY_TRY(find_questions(c, in->who, &range, &q, err));
    ret->questions = sy_arena_alloc(&c->arena, q.n + 1, sizeof(*ret->questions));
    if (ret->questions == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < q.n; i++) {
        SY_TRY(fill_question(c, q.entries[i], &ret->questions[i], err));
        ret->n_questions = i + 1;
    }
    ret->more = q.more;
    return SY_OK;
}

bool warden_trail_prepare(struct warden_call *c)
{
    struct sy_trail_ask args;
    if (!sy_ok(read_args(c, &sy_trail_ask_desc, &args, NULL))) {
        return true;
    }
    const struct range range = {args.after, UINT64_MAX, TRAIL_QUESTIONS};
    return tell(c, args.ns, &range, 0);
}

void warden_trail_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_trail ret = {0};
    sy_status s = read_trail(c, &ret, &err);
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_trail_desc, &ret);
}

/* --- payload.read --------------------------------------------------------------------------------- */

static sy_status read_payload(struct warden_call *c, struct sy_buf *b, struct sy_payload *ret,
                              struct sy_error *err)
{
    struct sy_payload_read args;
    struct sy_event event;
    SY_TRY(read_args(c, &sy_payload_read_desc, &args, err));
    SY_TRY(warden_entry_event(c->w, args.entry, &c->arena, &event, err));
    if (!is_question(&event)) {
        return sy_fail(err, SY_E_NOT_FOUND, "entry", "nothing personal is kept of this entry");
    }
    const uint8_t *who = event.inputs.subject[0].who;
    ret->entry = args.entry;
    if (rules_is_erased(c->w->state, who, &ret->erased)) {
        return SY_OK;
    }
    sy_status s = vault_payload_get(c->w->vault, who, args.entry, b, err);
    if (s.code == SY_E_NOT_FOUND) {
        return sy_fail(err, SY_E_TAMPERED, "payloads",
                       "it is not there, and the log knows of no erasure");
    }
    ret->secret = sy_buf_view(b);
    return s;
}

void warden_payload_read_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_payload ret = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(2 * VAULT_PAYLOAD_MAX_BYTES);
    b.wipe = true;
    sy_status s = read_payload(c, &b, &ret, &err);
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_payload_desc, &ret);
}

/* --- payload.erase -------------------------------------------------------------------------------- */

bool warden_erase_prepare(struct warden_call *c)
{
    struct sy_erase args;
    return !sy_ok(read_args(c, &sy_erase_desc, &args, NULL)) ||
           tell(c, args.ns, &ALL, SY_E_NOT_FOUND);
}

void warden_erase_done(struct warden_call *c)
{
    struct sy_error err = {0};
    const struct sy_subject_inputs *in = c->inputs.subject; /* the rules allowed it: there is one */
    sy_status s = vault_payload_shred(c->w->vault, in->who);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "erasure not carried out", SY_LOGF_CODE(s.code));
        sy_fail(
            &err, s.code, NULL,
            "the erasure stands in the log, but something is left: send the same request again; "
            "the next start ends it, too");
        warden_call_refuse(c, &err);
        return;
    }
    warden_note(c->w);
    struct sy_erase_result ret = {.n = in->kept};
    warden_call_record(c, &sy_erase_result_desc, &ret);
}

/* --- the start ------------------------------------------------------------------------------------ */

static sy_status shred_erased(struct warden *w)
{
    static const char prefix[] = "erased/";
    struct sy_view key = {0}, value;
    while (rules_state_next(w->state, sy_view_str(prefix), key, &key, &value)) {
        uint8_t who[32];
        size_t n = 0, skip = sizeof(prefix) - 1;
        if (sodium_hex2bin(who, sizeof(who), (const char *)key.p + skip, key.n - skip, NULL, &n,
                           NULL) != 0 ||
            n != sizeof(who)) {
            return sy_status_of(SY_E_INTERNAL);
        }
        SY_TRY(vault_payload_shred(w->vault, who));
    }
    return SY_OK;
}

/* Also of a question whose payload reached this standby, but not its entry: that number is another's. */
static sy_status is_kept(void *ctx, const uint8_t who[32], uint64_t entry, bool *ret)
{
    struct warden *w = ctx;
    *ret = false;
    return entry < warden_log_size(w) ? belongs(w, entry, who, ret, NULL) : SY_OK;
}

sy_status warden_payloads_settle(struct warden *w)
{
    uint64_t removed = 0;
    SY_TRY(shred_erased(w));
    SY_TRY(vault_payload_sweep(w->vault, is_kept, w, &removed));
    if (removed > 0) {
        sy_log(SY_LOG_INFO, "payloads without an entry removed", SY_LOGF_N("payloads", removed));
    }
    return SY_OK;
}
