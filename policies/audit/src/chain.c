/* What: logs one after the other. Invariant: a log is left only for one whose first entry has its very root. */
#include "chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "promotion.h"
#include "proof/leaf.h"

static sy_status broken(struct sy_error *err, const char *why)
{
    return sy_fail(err, SY_E_PROOF, "shard", "%s", why);
}

static sy_status name_of(struct sy_view vkey, char ret[PROOF_NAME_MAX + 1], struct sy_error *err)
{
    struct proof_vkey key;
    SY_TRY(proof_vkey_parse(vkey, &key, err));
    (void)snprintf(ret, PROOF_NAME_MAX + 1, "%s", key.name);
    return SY_OK;
}

static sy_status take_close(struct chain *c, const struct sy_event *event, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_log_close a;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(
        sy_record_decode(&sy_log_close_desc, event->request.args, &SY_MP_REQUEST, &arena, &a, err));
    proof_frontier_root(&c->tree, root);
    if (a.size != c->tree.size || memcmp(a.root, root, sizeof(root)) != 0) {
        return broken(err, "the close was signed for another history than the one before it");
    }
    return name_of(a.log, c->next, err);
}

/* The closed log, as its end is stated: it was signed so, by a key of its name. */
static sy_status end_check(const struct chain *c, const struct sy_log_open *a, struct sy_error *err)
{
    struct proof_vkey key;
    struct proof_checkpoint last;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(proof_vkey_parse(a->log, &key, err));
    SY_TRY(chain_is_of(c, &key, err));
    SY_TRY(proof_checkpoint_verify(a->checkpoint, &key, &last, err));
    proof_frontier_root(&c->tree, root);
    if (last.size != c->tree.size || a->size != c->tree.size) {
        return broken(err, "it names another size of the log before it");
    }
    return memcmp(last.root, root, sizeof(root)) == 0 && memcmp(a->root, root, sizeof(root)) == 0
               ? SY_OK
               : broken(err, "it names another root of the log before it");
}

static sy_status take_open(struct chain *c, uint64_t i, const struct sy_event *event,
                           struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_log_open a;
    if (c->next[0] == '\0') {
        return broken(err, "it begins a log, and the one before it is not closed");
    }
    SY_TRY(
        sy_record_decode(&sy_log_open_desc, event->request.args, &SY_MP_REQUEST, &arena, &a, err));
    SY_TRY(end_check(c, &a, err));
    if (c->name[0] == '\0') {
        SY_TRY(name_of(a.log, c->name, err));
    }
    if (c->ended != NULL) {
        SY_TRY(c->ended(c->ctx, c, err));
    }
    memcpy(c->name, c->next, sizeof(c->name));
    c->next[0] = '\0';
    c->tree = (struct proof_frontier){0};
    c->base = i;
    return SY_OK;
}

static sy_status take_event(struct chain *c, uint64_t i, const struct sy_event *event,
                            struct sy_error *err)
{
    if (sy_view_is(event->type, "open")) {
        return take_open(c, i, event, err);
    }
    if (c->next[0] != '\0') {
        return broken(err, "it lies behind the close of its log");
    }
    if (sy_view_is(event->type, "close")) {
        return take_close(c, event, err);
    }
    return promotion_check(event, c->base, &c->tree, err);
}

bool chain_turns(struct sy_view leaf)
{
    struct proof_leaf parts;
    return sy_ok(proof_leaf_parse(leaf, &parts, NULL)) &&
           (sy_view_is(parts.type, "open") || sy_view_is(parts.type, "close"));
}

/* Only its leaf is known: what it is it says itself. */
static sy_status take_leaf(const struct chain *c, struct sy_view leaf, struct sy_error *err)
{
    if (c->next[0] != '\0') {
        return broken(err, "it lies behind the close of its log");
    }
    return chain_turns(leaf)
               ? sy_fail(err, SY_E_DENIED, "shard", "a close or a first entry has no body")
               : SY_OK;
}

sy_status chain_take(struct chain *c, uint64_t i, struct sy_view leaf, const struct sy_event *event,
                     const uint8_t hash[PROOF_HASH_BYTES], struct sy_error *reterr)
{
    SY_TRY(event != NULL ? take_event(c, i, event, reterr) : take_leaf(c, leaf, reterr));
    proof_frontier_add(&c->tree, hash);
    return SY_OK;
}

sy_status chain_is_of(const struct chain *c, const struct proof_vkey *key, struct sy_error *reterr)
{
    return c->name[0] == '\0' || strcmp(c->name, key->name) == 0
               ? SY_OK
               : sy_fail(reterr, SY_E_PROOF, "shard",
                         "signed as %.80s, while the close before names %.80s", key->name, c->name);
}

/* ---- finding one ---- */

/* A log's first entry: the key under which the log before it ended. */
static sy_status read_open(const struct audit_export *x, uint64_t i, bool *ret_is,
                           struct proof_vkey *ret, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_log_entry e;
    struct sy_event event;
    struct sy_log_open a;
    struct proof_leaf leaf;
    *ret_is = false;
    SY_TRY(audit_entry(x, i, &arena, &e, err));
    if (!sy_ok(proof_leaf_parse(e.leaf, &leaf, NULL)) || !sy_view_is(leaf.type, "open")) {
        return SY_OK;
    }
    SY_TRY(proof_leaf_check(e.leaf, e.salt, e.body, err));
    SY_TRY(sy_record_decode(&sy_event_desc, e.body, &SY_MP_LARGE, &arena, &event, err));
    SY_TRY(
        sy_record_decode(&sy_log_open_desc, event.request.args, &SY_MP_REQUEST, &arena, &a, err));
    *ret_is = true;
    return proof_vkey_parse(a.log, ret, err);
}

sy_status chain_find(const struct audit_export *x, struct sy_view origin,
                     const struct proof_vkey *last, uint64_t *ret_base, uint64_t *ret_size,
                     struct proof_vkey *ret_key, struct sy_error *reterr)
{
    uint64_t base = 0;
    for (uint64_t i = 0; i <= audit_size(x); i++) {
        bool ends = i == audit_size(x);
        *ret_key = *last;
        if (!ends) {
            SY_TRY(read_open(x, i, &ends, ret_key, reterr));
        }
        if (ends && sy_view_is(origin, ret_key->name)) {
            *ret_base = base;
            *ret_size = i - base;
            return SY_OK;
        }
        base = ends ? i : base;
    }
    return sy_fail(reterr, SY_E_NOT_FOUND, "shard", "no log of this export has that origin");
}
