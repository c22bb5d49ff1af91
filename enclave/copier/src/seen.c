/*
 * What the log itself says to a standby: who was promoted, and which other key the log signs with. An order of
 * another key counts once a checkpoint of a key that is trusted already covers it.
 */
#include "base/log.h"
#include "place.h"
#include "proof/handover.h"
#include "proof/leaf.h"

static void see_promotion(struct place *p, const struct sy_event *event, struct sy_arena *arena)
{
    struct sy_promote a;
    if (event->verdict.code == 0 && sy_ok(sy_record_decode(&sy_promote_desc, event->request.args,
                                                           &SY_MP_REQUEST, arena, &a, NULL))) {
        memcpy(p->leader, a.seat, sizeof(p->leader));
    }
}

static void see_order(struct place *p, const struct sy_event *event, struct sy_arena *arena)
{
    struct proof_vkey to;
    if (sy_ok(proof_handover_order(event, sy_buf_view(&p->genesis), &p->key, arena, &to, NULL))) {
        p->next = to;
        p->has_next = true;
    }
}

static void see_entry(void *ctx, uint64_t index, const struct ledger_entry *entry)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 256 << 20};
    struct sy_event event;
    struct proof_leaf leaf;
    (void)index;
    if (!sy_ok(proof_leaf_parse(entry->leaf, &leaf, NULL)) ||
        !(sy_view_is(leaf.type, "promote") || sy_view_is(leaf.type, "log")) ||
        !sy_ok(sy_record_decode(&sy_event_desc, entry->body, &SY_MP_LARGE, &arena, &event, NULL))) {
        return; /* nothing of what is looked for */
    }
    if (sy_view_is(leaf.type, "promote")) {
        see_promotion(ctx, &event, &arena);
    } else {
        see_order(ctx, &event, &arena);
    }
}

static void see_checkpoint(void *ctx, struct ledger_mirror *m)
{
    struct place *p = ctx;
    if (!p->has_next) {
        return;
    }
    p->has_next = false;
    if (sy_ok(ledger_mirror_trust(m, &p->next, NULL))) {
        p->key = p->next;
    } else {
        sy_log(SY_LOG_WARN, "a key of the log was not taken on");
    }
}

struct ledger_seen place_seen(struct place *p)
{
    return (struct ledger_seen){see_entry, see_checkpoint, p};
}
