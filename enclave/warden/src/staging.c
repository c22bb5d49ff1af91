/*
 * What: files that come in parts. Invariants: the bytes of a memory file are those that its hasher has seen, in this
 * order; what all files may come to, not what they hold, is within WARDEN_STAGING_BYTES; one file of a party.
 */
#include "warden/staging.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "proof/hash.h"
#include "sandbox/memfd.h"

enum { ID_MAX = 64, GRANT_BYTES = 32 };
static const uint64_t SECOND_NS = 1000000000;

struct warden_staging {
    struct warden_staging *next;
    char party[ID_MAX + 1], dataset[ID_MAX + 1];
    uint8_t grant[GRANT_BYTES];
    uint64_t parts, bytes;
    uint64_t room;     /* bytes that it may come to */
    uint64_t added_ns; /* its last part */
    int fd;            /* -1: taken */
    struct proof_hasher *hasher;
};

static bool is_of(const struct warden_staging *s, const struct warden_staging_key *key)
{
    return sy_view_is(key->party, s->party) && sy_view_is(key->dataset, s->dataset) &&
           memcmp(s->grant, key->grant, sizeof(s->grant)) == 0;
}

static struct warden_staging *find(const struct warden_stagings *all,
                                   const struct warden_staging_key *key)
{
    struct warden_staging *s = all->first;
    while (s != NULL && !is_of(s, key)) {
        s = s->next;
    }
    return s;
}

static void drop(struct warden_stagings *all, struct warden_staging *s)
{
    struct warden_staging **at = &all->first;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    sy_fd_close(&s->fd);
    proof_hasher_drop(s->hasher);
    free(s);
}

/* --- room --------------------------------------------------------------------------------------------- */

/* Would part 0 of this file find room? What the same party has begun gives its own up. */
static sy_status may_begin(const struct warden_stagings *all, const struct warden_staging_key *key,
                           uint64_t of_bytes)
{
    uint64_t left = WARDEN_STAGING_BYTES;
    for (const struct warden_staging *s = all->first; s != NULL; s = s->next) {
        bool its = sy_view_is(key->party, s->party);
        if (its && s->fd < 0) {
            return sy_status_of(SY_E_BUSY); /* its last file is being taken in */
        }
        left -= its ? 0 : s->room;
    }
    return of_bytes <= left ? SY_OK : sy_status_of(SY_E_BUSY);
}

static sy_status begin(struct warden_stagings *all, const struct warden_staging_key *key,
                       uint64_t of_bytes, struct warden_staging **ret)
{
    for (struct warden_staging *s = all->first, *next; s != NULL; s = next) {
        next = s->next;
        if (sy_view_is(key->party, s->party)) {
            drop(all, s);
        }
    }
    struct warden_staging *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    s->fd = -1;
    s->room = of_bytes;
    s->hasher = proof_hasher_new();
    s->next = all->first;
    all->first = s;
    sy_view_to_cstr(key->party, s->party, sizeof(s->party));
    sy_view_to_cstr(key->dataset, s->dataset, sizeof(s->dataset));
    memcpy(s->grant, key->grant, sizeof(s->grant));
    *ret = s;
    return sandbox_memfd_create("own", &s->fd);
}

/* --- parts -------------------------------------------------------------------------------------------- */

sy_status warden_staging_look(const struct warden_stagings *all,
                              const struct warden_staging_key *key, const struct sy_own_put *put,
                              uint64_t of_bytes, struct sy_view bytes, struct sy_own_staged *ret)
{
    const struct warden_staging *s = find(all, key);
    *ret = (struct sy_own_staged){0};
    bool taken = s != NULL && s->fd < 0;
    SY_TRY(taken ? sy_status_of(SY_E_BUSY) : SY_OK);
    if (put->part == 0) {
        SY_TRY(may_begin(all, key, of_bytes));
        s = NULL;
    } else if (s == NULL || s->parts != put->part) {
        return SY_OK;
    }
    ret->parts = put->part + 1;
    ret->bytes = bytes.n + (s == NULL ? 0 : s->bytes);
    if (ret->parts == put->parts && s == NULL) {
        proof_sha256_one(ret->content, bytes);
    } else if (ret->parts == put->parts) {
        proof_hasher_peek(s->hasher, bytes, ret->content);
    }
    return SY_OK;
}

static sy_status append(struct warden_staging *s, uint64_t part, struct sy_view bytes)
{
    if (s->parts != part || bytes.n > s->room - s->bytes) {
        return sy_status_of(SY_E_STATE);
    }
    SY_TRY(sandbox_memfd_append(s->fd, bytes));
    proof_hasher_add(s->hasher, bytes);
    s->bytes += bytes.n;
    s->parts++;
    s->added_ns = sy_mono_ns();
    return SY_OK;
}

sy_status warden_staging_add(struct warden_stagings *all, const struct warden_staging_key *key,
                             uint64_t part, uint64_t of_bytes, struct sy_view bytes)
{
    struct warden_staging *s = find(all, key);
    if (s != NULL && s->fd < 0) {
        return sy_status_of(SY_E_BUSY);
    }
    sy_status st = SY_OK;
    if (part == 0) {
        st = may_begin(all, key, of_bytes);
        st = sy_ok(st) ? begin(all, key, of_bytes, &s) : st;
    }
    if (sy_ok(st)) {
        st = s == NULL ? sy_status_of(SY_E_STATE) : append(s, part, bytes);
    }
    if (!sy_ok(st)) {
        warden_staging_drop(all, key);
    }
    return st;
}

/* BOUNDARY: the rules judged the last part by what was held when they were asked; what is handed on is judged by
 * what is held now. */
static bool holds(const struct warden_staging *s, uint64_t of_bytes, const uint8_t content[32])
{
    uint8_t held[32];
    proof_hasher_peek(s->hasher, (struct sy_view){0}, held);
    return s->bytes == of_bytes && memcmp(held, content, sizeof(held)) == 0;
}

sy_status warden_staging_take(struct warden_stagings *all, const struct warden_staging_key *key,
                              uint64_t of_bytes, const uint8_t content[32], int *ret_fd)
{
    struct warden_staging *s = find(all, key);
    if (s == NULL || s->fd < 0 || !holds(s, of_bytes, content)) {
        return sy_status_of(SY_E_STATE);
    }
    SY_TRY(sandbox_memfd_seal(s->fd, s->bytes));
    if (lseek(s->fd, 0, SEEK_SET) != 0) {
        return sy_status_of(SY_E_IO);
    }
    *ret_fd = s->fd;
    s->fd = -1;
    return SY_OK;
}

/* --- ends --------------------------------------------------------------------------------------------- */

void warden_staging_drop(struct warden_stagings *all, const struct warden_staging_key *key)
{
    struct warden_staging *s = find(all, key);
    if (s != NULL) {
        drop(all, s);
    }
}

void warden_staging_end(struct warden_stagings *all, const uint8_t *grant, uint64_t now_ns)
{
    for (struct warden_staging *s = all->first, *next; s != NULL; s = next) {
        next = s->next;
        bool over = grant != NULL ? memcmp(s->grant, grant, sizeof(s->grant)) == 0
                                  : now_ns - s->added_ns > WARDEN_STAGING_IDLE_S * SECOND_NS;
        if (over && s->fd >= 0) {
            drop(all, s);
        }
    }
}
