/*
 * What the log itself says to a standby: who was promoted, which other key the log signs with, and which keys
 * it is done with. An order of another key counts once a checkpoint of a key that is trusted already covers
 * it; so does an entry that retires one.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

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

/* --- what is retired --------------------------------------------------------------------------------------- */

#define PSEUDONYM "pseudonym:"

enum { ID_MAX = 64 };

/* Is it a key of the log? Their order in the list is the order of the log's keys. */
static bool is_log_key(const char *item)
{
    return strncmp(item, "log:", strlen("log:")) == 0 || strcmp(item, "domain:log.key") == 0;
}

static void retire(struct place *p, const char *item, uint64_t index)
{
    if (!sy_ok(list_add(&p->retired, item, index))) {
        sy_log(SY_LOG_WARN, "a retired key is kept here: there is no memory to note it");
    }
}

static size_t retired_log_keys(const struct place *p)
{
    size_t n = 0;
    for (size_t i = 0; i < list_count(&p->retired); i++) {
        n += is_log_key(list_at(&p->retired, i)->name) ? 1 : 0;
    }
    return n;
}

/* Of the steps of a rotation only the agency's `retire` comes with a checkpoint (wire/event.h). */
static void see_retirement(struct place *p, const struct sy_event *event, uint64_t index)
{
    char item[32];
    size_t number = retired_log_keys(p) + 1;
    if (event->verdict.code != 0 || event->inputs.checkpoint.n == 0) {
        return;
    }
    (void)snprintf(item, sizeof(item), number == 1 ? "domain:log.key" : "log:%zu.key", number);
    retire(p, item, index);
}

static void see_end(struct place *p, const struct sy_event *event, uint64_t index,
                    struct sy_arena *arena)
{
    struct sy_header h;
    char hex[2 * sizeof(h.grant) + 1], item[sizeof(hex) + 32];
    if (event->verdict.code != 0 || !sy_ok(sy_record_decode(&sy_header_desc, event->request.header,
                                                            &SY_MP_REQUEST, arena, &h, NULL))) {
        return;
    }
    sodium_bin2hex(hex, sizeof(hex), h.grant, sizeof(h.grant));
    (void)snprintf(item, sizeof(item), PSEUDONYM "%s.key", hex);
    retire(p, item, index);
}

/* A developer's own data, erased with its grant (wire/own.h): its keys, and its folder. */
static void see_erased(struct place *p, const struct sy_event *event, uint64_t index,
                       struct sy_arena *arena)
{
    static const struct {
        const char *before, *after;
    } ITEMS[] = {{"dataset:", ".key"}, {"custodian:", ".key"}, {"data/", ""}};
    struct sy_header h;
    struct sy_own_erased a;
    char id[ID_MAX + 1], item[sizeof(id) + 32];
    if (event->verdict.code != 0 ||
        !sy_ok(sy_record_decode(&sy_header_desc, event->request.header, &SY_MP_REQUEST, arena, &h,
                                NULL)) ||
        !sy_view_is(h.method, "own.erased") ||
        !sy_ok(sy_record_decode(&sy_own_erased_desc, event->request.args, &SY_MP_REQUEST, arena, &a,
                                NULL)) ||
        !sy_is_own(a.dataset) || a.dataset.n >= sizeof(id)) {
        return;
    }
    sy_view_to_cstr(a.dataset, id, sizeof(id));
    for (size_t i = 0; i < sizeof(ITEMS) / sizeof(ITEMS[0]); i++) {
        (void)snprintf(item, sizeof(item), "%s%s%s", ITEMS[i].before, id, ITEMS[i].after);
        retire(p, item, index);
    }
}

/* Entries from `index` on come again, as other ones perhaps: what was seen there was never confirmed. */
static void forget_from(struct place *p, uint64_t index)
{
    size_t n = list_count(&p->retired);
    while (n > 0 && list_at(&p->retired, n - 1)->size >= index) {
        n--;
    }
    list_cut(&p->retired, n);
}

bool place_retired(const struct place *p, const char *item)
{
    uint64_t size = ledger_mirror_tree(p->mirror).size;
    for (size_t i = 0; i < list_count(&p->retired); i++) {
        const struct list_item *r = list_at(&p->retired, i);
        if (r->size < size && strcmp(r->name, item) == 0) {
            return true;
        }
    }
    return false;
}

/* --- entries ------------------------------------------------------------------------------------------------ */

static bool is_looked_for(struct sy_view type)
{
    static const char *const TYPES[] = {"promote", "log", "revoke", "expire", "own"};
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (sy_view_is(type, TYPES[i])) {
            return true;
        }
    }
    return false;
}

static void see_entry(void *ctx, uint64_t index, const struct ledger_entry *entry)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 256 << 20};
    struct sy_event event;
    struct proof_leaf leaf;
    forget_from(ctx, index);
    if (!sy_ok(proof_leaf_parse(entry->leaf, &leaf, NULL)) || !is_looked_for(leaf.type) ||
        !sy_ok(sy_record_decode(&sy_event_desc, entry->body, &SY_MP_LARGE, &arena, &event, NULL))) {
        return; /* nothing of what is looked for */
    }
    if (sy_view_is(leaf.type, "promote")) {
        see_promotion(ctx, &event, &arena);
    } else if (sy_view_is(leaf.type, "log")) {
        see_order(ctx, &event, &arena);
        see_retirement(ctx, &event, index);
    } else if (sy_view_is(leaf.type, "own")) {
        see_erased(ctx, &event, index, &arena);
    } else {
        see_end(ctx, &event, index, &arena);
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
