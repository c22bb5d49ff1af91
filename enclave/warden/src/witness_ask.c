/*
 * What: one witness, from the request to what its answer means. BOUNDARY: everything that comes back
 * is a stranger's: a cosignature counts when it verifies under the policy's key over the very checkpoint
 * that was sent; a size is believed only so far that the next request begins there; and whoever says that
 * this log is not the one it saw is asked for evidence (witness_evidence.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "proof/witness.h"
#include "warden/courier.h"
#include "witness_state.h"

enum {
    CONFLICTS_MAX = 3, /* a size that changes with every answer is no size */
    FAILURES_MAX = 6   /* the delay is doubled so often at most: 64 s */
};
static const uint64_t SECOND_NS = 1000000000;
static const uint64_t REFUSED_NS = 300 * SECOND_NS; /* until people have put it right */

/* A request in flight. */
struct asked {
    struct warden_witnesses *s;
    uint64_t load;
    struct witness_peer *peer;
    struct sy_buf plain; /* the checkpoint that was sent */
};

#define WITNESS_FIELD(p) SY_LOGF_ID("witness", (p)->who->name)

/* --- how it ended ----------------------------------------------------------------------------------- */

/* Said once, when it begins: a witness that is away for a week is one line. */
static void change_state(struct witness_peer *p, enum witness_state state, int64_t code)
{
    static const char *const texts[WITNESS_N] = {
        [WITNESS_NEW] = "a witness is asked",
        [WITNESS_GOOD] = "a witness cosigns",
        [WITNESS_SILENT] = "a witness does not answer",
        [WITNESS_REFUSES] = "a witness refuses to cosign",
        [WITNESS_STALE] = "a witness states a time that is not now",
        [WITNESS_CLAIMS] = "a witness claims another log and shows none"};
    if (p->state != state) {
        sy_log(state == WITNESS_GOOD ? SY_LOG_INFO : SY_LOG_WARN, texts[state], WITNESS_FIELD(p),
               SY_LOGF_CODE(code));
    }
    p->state = state;
}

void witness_failed(struct warden_witnesses *s, struct witness_peer *p, enum witness_state state,
                    int64_t code)
{
    unsigned shift = p->failures < FAILURES_MAX ? p->failures : FAILURES_MAX;
    uint64_t delay = state == WITNESS_REFUSES ? REFUSED_NS : SECOND_NS << shift;
    p->failures++;
    p->conflicts = 0;
    p->at_ns = sy_mono_ns() + delay;
    change_state(p, state, code);
    witness_ended(s, p);
}

/* --- answers ------------------------------------------------------------------------------------------ */

static bool is_now(uint64_t time_s)
{
    uint64_t now = (uint64_t)sy_now_s();
    return time_s + WARDEN_WITNESS_AGE_S >= now && time_s <= now + WARDEN_WITNESS_AHEAD_S;
}

/* A verified cosignature of what was sent: of use while that is the candidate. */
static void keep_lines(struct warden_witnesses *s, struct witness_peer *p, struct sy_view lines)
{
    if (p->asking_size != s->size || p->took) {
        return;
    }
    p->took = sy_ok(sy_buf_add_view(&s->lines, lines));
    witness_judge(s);
}

/* 200. */
static void on_cosigned(const struct asked *a, struct sy_view body)
{
    struct witness_peer *p = a->peer;
    uint64_t time_s = 0;
    SY_BUF_CLEANUP struct sy_buf lines = sy_buf(PROOF_WITNESS_ANSWER_MAX);
    sy_status st =
        proof_witness_take(sy_buf_view(&a->plain), body, &p->who->key, &lines, &time_s, NULL);
    if (sy_ok(st) && memchr(lines.p, '\n', lines.n) != lines.p + lines.n - 1) {
        st = sy_status_of(SY_E_LIMIT); /* one line each: replies have room for no more */
    }
    if (!sy_ok(st)) {
        witness_failed(a->s, p, WITNESS_REFUSES, st.code);
        return;
    }
    p->known = p->size = p->asking_size;
    p->time_s = time_s;
    witness_unclaim(p); /* it takes this log for the one that it saw */
    if (!is_now(time_s)) {
        witness_failed(a->s, p, WITNESS_STALE, SY_E_EXPIRED);
        return;
    }
    p->failures = p->conflicts = 0;
    change_state(p, WITNESS_GOOD, 0);
    keep_lines(a->s, p, sy_buf_view(&lines));
    witness_ended(a->s, p);
}

/* 409: it has seen another size. Beyond ours, this disk would not be the one that it saw. */
static void on_conflict(const struct asked *a, struct sy_view body)
{
    struct warden_witnesses *s = a->s;
    struct witness_peer *p = a->peer;
    uint64_t size = 0;
    sy_status st = proof_witness_size(body, &size, NULL);
    if (sy_ok(st) && size > ledger_size(s->w->ledger)) {
        witness_claim(s, p, size);
        return;
    }
    if (!sy_ok(st) || size == p->known || p->conflicts++ == CONFLICTS_MAX) {
        witness_failed(s, p, WITNESS_REFUSES, sy_ok(st) ? SY_E_STATE : st.code);
        return;
    }
    p->known = size; /* it is asked again, from there */
}

/* 422: what was cosigned before would be no beginning of this log. */
static void on_inconsistent(const struct asked *a, struct sy_view body)
{
    (void)body;
    witness_claim(a->s, a->peer, a->peer->known);
}

static void on_refusal(const struct asked *a, struct sy_view body)
{
    (void)body;
    witness_failed(a->s, a->peer, WITNESS_REFUSES, SY_E_REFUSED);
}

static const struct {
    unsigned status;
    void (*take)(const struct asked *a, struct sy_view body);
} ANSWERS[] = {
    {200, on_cosigned}, {400, on_refusal},  {403, on_refusal},
    {404, on_refusal},  {409, on_conflict}, {422, on_inconsistent},
};

static void take_answer(const struct asked *a, sy_status st, unsigned http_status,
                        struct sy_view body)
{
    a->peer->asking = false;
    for (size_t i = 0; sy_ok(st) && i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
        if (ANSWERS[i].status == http_status) {
            ANSWERS[i].take(a, body);
            return;
        }
    }
    witness_failed(a->s, a->peer, WITNESS_SILENT, sy_ok(st) ? (int64_t)http_status : st.code);
}

static void on_answer(void *ctx, sy_status st, unsigned http_status, struct sy_view body)
{
    struct asked *a = ctx;
    struct warden_witnesses *s = a->s;
    if (a->load == s->load && !s->w->failed) { /* else: to a question of an earlier policy */
        take_answer(a, st, http_status, body);
        warden_witness_tick(s->w);
    }
    sy_buf_deinit(&a->plain);
    free(a);
}

/* --- asking --------------------------------------------------------------------------------------------- */

static sy_status make_body(const struct warden_witnesses *s, const struct witness_peer *p,
                           struct sy_buf *b)
{
    struct proof_witness_ask ask = {.old_size = p->known, .checkpoint = sy_buf_view(&s->plain)};
    if (p->known > 0) {
        SY_TRY(ledger_consistency(s->w->ledger, p->known, s->size, &ask.path));
    }
    return proof_witness_ask_format(&ask, b);
}

sy_status witness_url(struct sy_view base, const char *path, struct sy_buf *b)
{
    bool slash = base.n > 0 && base.p[base.n - 1] == '/';
    SY_TRY(sy_buf_add_view(b, base));
    SY_TRY(sy_buf_add_str(b, slash ? "" : "/"));
    SY_TRY(sy_buf_add_str(b, path));
    return sy_buf_add(b, "", 1); /* the NUL */
}

static struct asked *asked_new(struct warden_witnesses *s, struct witness_peer *p)
{
    struct asked *a = calloc(1, sizeof(*a));
    if (a == NULL) {
        return NULL;
    }
    *a = (struct asked){s, s->load, p, sy_buf(PROOF_NOTE_MAX)};
    if (sy_ok(sy_buf_add_view(&a->plain, sy_buf_view(&s->plain)))) {
        return a;
    }
    free(a);
    return NULL;
}

static sy_status send_ask(struct warden_witnesses *s, struct witness_peer *p)
{
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(PROOF_WITNESS_ASK_MAX);
    SY_BUF_CLEANUP struct sy_buf url = sy_buf(WITNESS_URL_MAX);
    SY_TRY(make_body(s, p, &body));
    SY_TRY(witness_url(p->who->url, "add-checkpoint", &url));
    struct asked *a = asked_new(s, p);
    if (a == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status st = warden_courier_http(s->w, "POST", (const char *)url.p, "text/plain",
                                       sy_buf_view(&body), WITNESS_ASK_MS, on_answer, a, NULL);
    if (!sy_ok(st)) {
        sy_buf_deinit(&a->plain);
        free(a);
    }
    return st;
}

void witness_ask(struct warden_witnesses *s, struct witness_peer *p)
{
    p->asking = true;
    p->asking_size = s->size;
    sy_status st = send_ask(s, p);
    if (!sy_ok(st)) {
        p->asking = false;
        witness_failed(s, p, WITNESS_SILENT, st.code);
    }
}
