/*
 * What: a table of keys, looked through from one end to the other (a call takes a second; this, microseconds). The
 * oldest finished key gives its place to a new one, and the oldest outcomes their bytes to younger ones.
 */
#include "bridge/keys.h"

#include <sodium.h>
#include <stdlib.h>

void bridge_keys_deinit(struct bridge_keys *k)
{
    for (size_t i = 0; i < k->n; i++) {
        sy_buf_deinit(&k->keys[i].body);
    }
    free(k->keys);
    *k = (struct bridge_keys){0};
}

bool bridge_key_is(struct sy_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '!' || text.p[i] > '~') {
            return false;
        }
    }
    return text.n >= 1 && text.n <= BRIDGE_KEY_MAX;
}

void bridge_key_digest(uint8_t ret[32], struct sy_view path, struct sy_view body)
{
    crypto_generichash_state state;
    uint64_t length = path.n;
    (void)crypto_generichash_init(&state, NULL, 0, 32);
    (void)crypto_generichash_update(&state, (const uint8_t *)&length, sizeof(length));
    (void)crypto_generichash_update(&state, path.p, path.n);
    (void)crypto_generichash_update(&state, body.p, body.n);
    (void)crypto_generichash_final(&state, ret, 32);
}

static bool is_finished(const struct bridge_key *key)
{
    return key->state == BRIDGE_KEY_DONE || key->state == BRIDGE_KEY_BARE;
}

static void drop_body(struct bridge_keys *k, struct bridge_key *key)
{
    k->n_bytes -= key->body.n;
    sy_buf_deinit(&key->body);
    key->state = BRIDGE_KEY_BARE;
}

static struct bridge_key *find(struct bridge_keys *k, const uint8_t id[16])
{
    for (size_t i = 0; i < k->n; i++) {
        if (k->keys[i].state != BRIDGE_KEY_FREE && memcmp(k->keys[i].id, id, 16) == 0) {
            return &k->keys[i];
        }
    }
    return NULL;
}

/* The oldest finished one; with_body: that still has its outcome. */
static struct bridge_key *oldest(struct bridge_keys *k, bool with_body)
{
    struct bridge_key *found = NULL;
    for (size_t i = 0; i < k->n; i++) {
        struct bridge_key *key = &k->keys[i];
        bool fits = with_body ? key->state == BRIDGE_KEY_DONE : is_finished(key);
        if (fits && (found == NULL || key->age < found->age)) {
            found = key;
        }
    }
    return found;
}

static struct bridge_key *place(struct bridge_keys *k)
{
    for (size_t i = 0; i < k->n; i++) {
        if (k->keys[i].state == BRIDGE_KEY_FREE) {
            return &k->keys[i];
        }
    }
    if (k->n < BRIDGE_KEYS_MAX) {
        return &k->keys[k->n++];
    }
    struct bridge_key *key = oldest(k, false);
    if (key != NULL) {
        drop_body(k, key);
    }
    return key;
}

static void id_of(struct sy_view text, uint8_t ret[16])
{
    (void)crypto_generichash(ret, 16, text.p, text.n, NULL, 0);
}

sy_status bridge_keys_find(struct bridge_keys *k, struct sy_view text, const uint8_t digest[32],
                           struct bridge_key **ret)
{
    uint8_t id[16];
    id_of(text, id);
    struct bridge_key *key = find(k, id);
    if (key == NULL) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    *ret = key;
    return sy_status_of(memcmp(key->digest, digest, 32) == 0 ? SY_E_EXISTS : SY_E_DENIED);
}

sy_status bridge_keys_add(struct bridge_keys *k, struct sy_view text, const uint8_t digest[32],
                          struct bridge_key **ret)
{
    sy_status s = bridge_keys_find(k, text, digest, ret);
    if (s.code != SY_E_NOT_FOUND) {
        return s;
    }
    if (k->keys == NULL) {
        k->keys = calloc(BRIDGE_KEYS_MAX, sizeof(*k->keys));
    }
    if (k->keys == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    struct bridge_key *key = place(k);
    if (key == NULL) {
        return sy_status_of(SY_E_BUSY);
    }
    *key = (struct bridge_key){.state = BRIDGE_KEY_RUNNING, .age = k->next_age++};
    id_of(text, key->id);
    memcpy(key->digest, digest, 32);
    *ret = key;
    return SY_OK;
}

static struct bridge_key *running(struct bridge_keys *k, const void *call)
{
    for (size_t i = 0; i < k->n; i++) {
        if (k->keys[i].state == BRIDGE_KEY_RUNNING && k->keys[i].call == call) {
            return &k->keys[i];
        }
    }
    return NULL;
}

void bridge_keys_done(struct bridge_keys *k, const void *call, unsigned status, struct sy_view body)
{
    struct bridge_key *key = running(k, call);
    if (key == NULL) {
        return;
    }
    key->call = NULL;
    key->status = status;
    key->state = BRIDGE_KEY_BARE;
    key->body = sy_buf(BRIDGE_OUTCOME_MAX);
    key->body.wipe = true;
    struct bridge_key *old = NULL;
    while (k->n_bytes + body.n > BRIDGE_KEPT_MAX && (old = oldest(k, true)) != NULL) {
        drop_body(k, old);
    }
    if (k->n_bytes + body.n <= BRIDGE_KEPT_MAX && sy_ok(sy_buf_add_view(&key->body, body))) {
        k->n_bytes += body.n;
        key->state = BRIDGE_KEY_DONE;
    }
}

void bridge_keys_forget(struct bridge_keys *k, const void *call)
{
    struct bridge_key *key = running(k, call);
    if (key != NULL) {
        key->state = BRIDGE_KEY_FREE;
        key->call = NULL;
    }
}
