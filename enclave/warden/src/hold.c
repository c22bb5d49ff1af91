/*
 * What: calls whose outcome is recorded, and told only once a quorum of witnesses has cosigned a checkpoint that
 * covers every entry of it (pack: quorum_from). It is the answer's own entry that counts, not the charge's:
 * a log that was cut off behind the charge could answer again, otherwise (tests/model).
 * When it is told depends on the witnesses and on the clock, never on the data: the wait begins at
 * the slot's end, for answers and refusals alike, and the words of "not yet" are constant. The entry is
 * durable by then, so the same envelope gets its outcome later, at no further charge.
 * Room: a call that waits has no work left, and counts as no run; those that wait are bounded here, in all and of
 * one party, and who finds no place is told "not yet" at once.
 */
#include <stdlib.h>

#include "base/time.h"
#include "warden/run.h"
#include "warden/witness.h"

static const uint64_t HOLD_NS = UINT64_C(10000000000);
enum {
    HELD_OF_PARTY = 16
}; /* of one party; in all as many as may wait for witnesses (witness_state.h) */

/* A call that waits. */
struct hold {
    struct warden_call *call;
    void (*give)(struct warden_call *c);
    uint64_t timer;
};

static uint64_t last_entry(const struct warden_call *c)
{
    uint64_t last = 0;
    for (size_t i = 0; i < c->n_entries; i++) {
        last = c->entries[i] > last ? c->entries[i] : last;
    }
    return last;
}

/* Without proofs: they would say what became of the run. */
static void not_yet(struct warden_call *c)
{
    struct sy_error err = {0};
    c->n_entries = 0;
    sy_fail(&err, SY_E_BUSY, NULL,
            "the outcome waits for its witnesses; ask again with the same envelope");
    warden_call_refuse(c, &err);
}

static void on_covered(void *ctx)
{
    struct hold h = *(struct hold *)ctx;
    warden_timer_cancel(h.call->w->loop, h.timer);
    free(ctx);
    h.give(h.call);
}

static void on_time(void *ctx)
{
    struct hold h = *(struct hold *)ctx;
    warden_witness_forget(h.call->w, on_covered, ctx);
    free(ctx);
    not_yet(h.call);
}

/* The places are for everybody: nobody may have them all. */
static bool party_has_place(const struct warden_call *c)
{
    size_t n = 0;
    for (const struct warden_call *o = c->w->calls; o != NULL; o = o->live_next) {
        n += o->held && sy_view_eq(o->request.header.party, c->request.header.party);
    }
    return n < HELD_OF_PARTY;
}

/* False: it cannot wait, for want of room. */
static bool wait_for_quorum(struct hold *h, uint64_t entry)
{
    struct warden *w = h->call->w;
    if (!party_has_place(h->call)) {
        return false;
    }
    h->timer = warden_timer_add(w->loop, sy_mono_ns() + HOLD_NS, on_time, h);
    if (h->timer != 0 && sy_ok(warden_witness_wait(w, entry, on_covered, h))) {
        h->call->held = true;
        return true;
    }
    warden_timer_cancel(w->loop, h->timer);
    return false;
}

bool warden_hold(struct warden_call *c, void (*give)(struct warden_call *c))
{
    uint64_t entry = last_entry(c);
    if (!c->waits || warden_witness_covers(c->w, entry)) {
        return false;
    }
    struct hold *h = calloc(1, sizeof(*h));
    if (h == NULL) {
        not_yet(c);
        return true;
    }
    *h = (struct hold){.call = c, .give = give};
    if (!wait_for_quorum(h, entry)) {
        free(h);
        not_yet(c);
    }
    return true;
}
