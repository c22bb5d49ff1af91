/*
 * Personal payloads. Invariants: a subject's key and the link between its name and its identifier are one
 * item, so that erasing it cuts both; that item is erased before a file is touched, and only if it is the
 * item of the name that is to go; whatever is interrupted can be done again from the beginning.
 */
#include "vault/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "crypt.h"
#include "files.h"
#include "pad.h"
#include "vault_state.h"

enum {
    ID_BYTES_MAX = 64,
    ITEM_BYTES = VAULT_NAME_BYTES + VAULT_KEY_BYTES,
    HEX_BYTES = 64,
    ENTRY_DIGITS = 20,
    DOT_AT = HEX_BYTES,
    SUFFIX_AT = HEX_BYTES + 1 + ENTRY_DIGITS,
    FILE_NAME_BYTES = SUFFIX_AT + 4
};
#define SUFFIX ".pay"

/* P of payload.h, as text. */
struct person {
    char hex[HEX_BYTES + 1];
};

/* --- keys ----------------------------------------------------------------------------------------- */

static sy_status check(struct sy_view ns, struct sy_view id)
{
    SY_TRY(vault_check_id(ns));
    return id.n >= 1 && id.n <= ID_BYTES_MAX ? SY_OK : sy_status_of(SY_E_FIELD);
}

/* make: the namespace's key, when it has none; else SY_E_NOT_FOUND. */
static sy_status person_of(struct vault *v, struct sy_view ns, struct sy_view id, bool make,
                           struct person *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    HMAC_CLEANUP struct vault_hmac hmac = {0};
    SY_BUF_CLEANUP struct sy_buf in = sy_buf(256);
    uint8_t mac[32];
    in.wipe = true;
    SY_TRY(check(ns, id));
    struct vault_name name = vault_name("subject:%.*s", SY_PV(ns));
    SY_TRY(make ? vault_shelf_key(&v->items, name.s, &key)
                : vault_shelf_key_only(&v->items, name.s, &key));
    SY_TRY(vault_hmac_open(vault_secret_view(&key), &hmac));
    SY_TRY(sy_buf_add_str(&in, "shuyu-who-1"));
    SY_TRY(sy_buf_add_view(&in, id));
    SY_TRY(vault_hmac(&hmac, sy_buf_view(&in), mac));
    vault_hex(mac, sizeof(mac), ret->hex);
    return SY_OK;
}

static struct vault_name item_of(const struct person *p)
{
    return vault_name("asked:%s", p->hex);
}

/* Name and key of a subject. SY_E_NOT_FOUND, SY_E_TAMPERED. */
static sy_status load_item(const struct vault *v, const struct person *p, struct vault_secret *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    SY_TRY(vault_shelf_secret(&v->items, item_of(p).s, &item));
    if (item.n != ITEM_BYTES) {
        return sy_status_of(SY_E_TAMPERED);
    }
    *ret = item;
    item = (struct vault_secret){0};
    return SY_OK;
}

/* Of a file that could not be made durable. */
static void take_back(const struct vault_shelf *shelf, const char *name)
{
    sy_status s = vault_shelf_erase(shelf, name);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "an unfinished file was not removed", SY_LOGF_CODE(s.code));
    }
}

/* A key of which it is not certain that the disk has it must not be found again. */
static sy_status make_item(const struct vault *v, const struct person *p, struct vault_secret *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret fresh = {0};
    SY_TRY(vault_secret_random(ITEM_BYTES, &fresh));
    sy_status s = vault_shelf_put(&v->items, item_of(p).s, vault_secret_view(&fresh));
    if (!sy_ok(s)) {
        take_back(&v->items, item_of(p).s);
        return s;
    }
    *ret = fresh;
    fresh = (struct vault_secret){0};
    return SY_OK;
}

/* Whoever has a name already costs one item written, too, but not its own: a second copy of a key might
 * outlive the first. */
static sy_status load_or_make(const struct vault *v, const struct person *p,
                              struct vault_secret *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret decoy = {0};
    sy_status s = load_item(v, p, ret);
    if (!sy_ok(s)) {
        return s.code == SY_E_NOT_FOUND ? make_item(v, p, ret) : s;
    }
    SY_TRY(vault_secret_random(ITEM_BYTES, &decoy));
    return vault_shelf_put(&v->items, "asked", vault_secret_view(&decoy));
}

static sy_status name_of(struct vault *v, struct sy_view ns, struct sy_view id, bool make,
                         uint8_t ret[VAULT_NAME_BYTES])
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    struct person p;
    SY_TRY(person_of(v, ns, id, make, &p));
    SY_TRY(make ? load_or_make(v, &p, &item) : load_item(v, &p, &item));
    memcpy(ret, item.p, VAULT_NAME_BYTES);
    return SY_OK;
}

sy_status vault_payload_who(struct vault *v, struct sy_view ns, struct sy_view id,
                            uint8_t ret[VAULT_NAME_BYTES], struct sy_error *reterr)
{
    return vault_blame(name_of(v, ns, id, true, ret), "subject", reterr);
}

sy_status vault_payload_find(struct vault *v, struct sy_view ns, struct sy_view id,
                             uint8_t ret[VAULT_NAME_BYTES], struct sy_error *reterr)
{
    return vault_blame(name_of(v, ns, id, false, ret), "subject", reterr);
}

sy_status vault_payload_forget(struct vault *v, struct sy_view ns, struct sy_view id)
{
    struct person p;
    sy_status s = person_of(v, ns, id, false, &p);
    if (!sy_ok(s)) {
        return s.code == SY_E_NOT_FOUND ? SY_OK : s;
    }
    return vault_shelf_erase(&v->items, item_of(&p).s);
}

/* --- files ---------------------------------------------------------------------------------------- */

/* The files of one subject under its key, which is borrowed from the item. */
static struct vault_shelf shelf_of(int folder, const struct vault_secret *key)
{
    return (struct vault_shelf){folder, key, "SHUYUPAY", "shuyu-payload-1", SUFFIX};
}

static struct vault_secret key_in(const struct vault_secret *item)
{
    return (struct vault_secret){item->p + VAULT_NAME_BYTES, VAULT_KEY_BYTES};
}

static struct vault_name file_of(const struct person *p, uint64_t entry)
{
    return vault_name("%s.%020" PRIu64, p->hex, entry);
}

/* BOUNDARY: names in a folder are whatever somebody put there. */
static bool parse_file(const char *name, struct person *ret, uint64_t *ret_entry)
{
    char *end = NULL;
    if (strlen(name) != FILE_NAME_BYTES || name[DOT_AT] != '.' ||
        strspn(name, "0123456789abcdef") != HEX_BYTES ||
        strspn(name + DOT_AT + 1, "0123456789") != ENTRY_DIGITS ||
        strcmp(name + SUFFIX_AT, SUFFIX) != 0) {
        return false;
    }
    memcpy(ret->hex, name, HEX_BYTES);
    ret->hex[HEX_BYTES] = '\0';
    *ret_entry = strtoull(name + DOT_AT + 1, &end, 10);
    return true;
}

static sy_status open_folder(const struct vault *v, const uint8_t who[VAULT_NAME_BYTES],
                             int *ret_fd)
{
    char hex[HEX_BYTES + 1];
    vault_hex(who, VAULT_NAME_BYTES, hex);
    return vault_folder(v->payloads_fd, hex, false, ret_fd);
}

/* The same calls, whether it is there already or not. */
static sy_status make_folder(const struct vault *v, const uint8_t who[VAULT_NAME_BYTES])
{
    char hex[HEX_BYTES + 1];
    vault_hex(who, VAULT_NAME_BYTES, hex);
    if (mkdirat(v->payloads_fd, hex, 0700) != 0 && errno != EEXIST) {
        return sy_fail_errno(NULL, errno, "make folder");
    }
    sy_status s = vault_sync(v->payloads_fd);
    if (!sy_ok(s)) {
        (void)unlinkat(v->payloads_fd, hex, AT_REMOVEDIR); /* to be made, and synced, again */
    }
    return s;
}

static sy_status put(struct vault *v, const struct person *p, uint64_t entry, struct sy_view bytes)
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(VAULT_PAYLOAD_MAX_BYTES + PAD_BYTES);
    SY_FD_CLEANUP int folder = -1;
    b.wipe = true;
    SY_TRY(load_item(v, p, &item));
    SY_TRY(vault_pad(bytes, &b));
    SY_TRY(make_folder(v, item.p));
    SY_TRY(open_folder(v, item.p, &folder));
    const struct vault_secret key = key_in(&item);
    const struct vault_shelf shelf = shelf_of(folder, &key);
    sy_status s = vault_shelf_put(&shelf, file_of(p, entry).s, sy_buf_view(&b));
    if (!sy_ok(s)) {
        take_back(&shelf, file_of(p, entry).s); /* its entry will be another's */
    }
    return s;
}

sy_status vault_payload_put(struct vault *v, struct sy_view ns, struct sy_view id, uint64_t entry,
                            struct sy_view bytes, struct sy_error *reterr)
{
    struct person p;
    if (bytes.n > VAULT_PAYLOAD_MAX_BYTES) {
        return vault_blame(sy_status_of(SY_E_LIMIT), "payloads", reterr);
    }
    sy_status s = person_of(v, ns, id, false, &p);
    s = sy_ok(s) ? put(v, &p, entry, bytes) : s;
    return vault_blame(s, "payloads", reterr);
}

/* What a walk through one subject's folder is after. */
struct search {
    uint64_t entry; /* wanted */
    struct person person;
    bool found;
    uint64_t *entries;
    size_t n, cap;
};

static sy_status match_entry(void *ctx, int dirfd, const char *name)
{
    struct search *s = ctx;
    struct person p;
    uint64_t entry;
    (void)dirfd;
    if (parse_file(name, &p, &entry) && entry == s->entry) {
        s->person = p;
        s->found = true;
    }
    return SY_OK;
}

static sy_status get(struct vault *v, const uint8_t who[VAULT_NAME_BYTES], uint64_t entry,
                     struct sy_buf *b)
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    SY_FD_CLEANUP int folder = -1;
    struct search search = {.entry = entry};
    SY_TRY(open_folder(v, who, &folder));
    SY_TRY(vault_walk(folder, match_entry, &search));
    if (!search.found) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    sy_status s = load_item(v, &search.person, &item);
    if (s.code == SY_E_NOT_FOUND ||
        (sy_ok(s) && sodium_memcmp(item.p, who, VAULT_NAME_BYTES) != 0)) {
        return sy_status_of(SY_E_TAMPERED); /* a file without its key */
    }
    SY_TRY(s);
    const struct vault_secret key = key_in(&item);
    const struct vault_shelf shelf = shelf_of(folder, &key);
    size_t from = b->n;
    SY_TRY(vault_shelf_get(&shelf, file_of(&search.person, entry).s, b));
    return vault_unpad(b, from);
}

sy_status vault_payload_get(struct vault *v, const uint8_t who[VAULT_NAME_BYTES], uint64_t entry,
                            struct sy_buf *b, struct sy_error *reterr)
{
    return vault_blame(get(v, who, entry, b), "payloads", reterr);
}

/* --- lists ---------------------------------------------------------------------------------------- */

static sy_status take_entry(void *ctx, int dirfd, const char *name)
{
    struct search *s = ctx;
    uint64_t entry;
    (void)dirfd;
    if (!parse_file(name, &s->person, &entry)) {
        return SY_OK;
    }
    if (s->entries != NULL && s->n < s->cap) {
        s->entries[s->n] = entry;
    }
    s->n++;
    return SY_OK;
}

static int by_entry(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static sy_status list(struct vault *v, const uint8_t who[VAULT_NAME_BYTES], struct sy_arena *arena,
                      struct search *ret)
{
    SY_FD_CLEANUP int folder = -1;
    sy_status s = open_folder(v, who, &folder);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    SY_TRY(vault_walk(folder, take_entry, ret));
    ret->cap = ret->n;
    ret->n = 0;
    ret->entries = sy_arena_alloc(arena, ret->cap + 1, sizeof(*ret->entries));
    if (ret->entries == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(vault_walk(folder, take_entry, ret));
    ret->n = ret->n < ret->cap ? ret->n : ret->cap;
    qsort(ret->entries, ret->n, sizeof(*ret->entries), by_entry);
    return SY_OK;
}

sy_status vault_payload_list(struct vault *v, const uint8_t who[VAULT_NAME_BYTES],
                             struct sy_arena *arena, uint64_t **ret, size_t *ret_n,
                             struct sy_error *reterr)
{
    struct search found = {0};
    SY_TRY(vault_blame(list(v, who, arena, &found), "payloads", reterr));
    *ret = found.entries;
    *ret_n = found.n;
    return SY_OK;
}

/* --- destroying ----------------------------------------------------------------------------------- */

/* The item of this person, if it is of this name. One that does not open is half erased already. */
static sy_status erase_item(struct vault *v, const struct person *p,
                            const uint8_t who[VAULT_NAME_BYTES])
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    sy_status s = load_item(v, p, &item);
    if (s.code == SY_E_NOT_FOUND ||
        (sy_ok(s) && sodium_memcmp(item.p, who, VAULT_NAME_BYTES) != 0)) {
        return SY_OK;
    }
    if (!sy_ok(s) && s.code != SY_E_TAMPERED && s.code != SY_E_SUITE) {
        return s;
    }
    return vault_shelf_erase(&v->items, item_of(p).s);
}

struct shredding {
    struct vault *v;
    const uint8_t *who;
};

/* BOUNDARY: a file that somebody put there hides no key: each file's person is looked at. */
static sy_status erase_key_of(void *ctx, int dirfd, const char *name)
{
    struct shredding *s = ctx;
    struct person p;
    uint64_t entry;
    (void)dirfd;
    return parse_file(name, &p, &entry) ? erase_item(s->v, &p, s->who) : SY_OK;
}

sy_status vault_payload_shred(struct vault *v, const uint8_t who[VAULT_NAME_BYTES])
{
    char hex[HEX_BYTES + 1];
    SY_FD_CLEANUP int folder = -1;
    struct shredding shredding = {v, who};
    sy_status s = open_folder(v, who, &folder);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    SY_TRY(vault_walk(folder, erase_key_of, &shredding));
    vault_hex(who, VAULT_NAME_BYTES, hex);
    return vault_remove_folder(v->payloads_fd, hex);
}

/* --- sweeping ------------------------------------------------------------------------------------- */

/* Of one subject. */
struct sweep {
    struct vault *v;
    vault_payload_belongs_fn *belongs;
    void *ctx;
    uint8_t who[VAULT_NAME_BYTES];
    uint64_t kept, removed;
};

static sy_status is_kept(const struct sweep *w, const char *name, bool *ret)
{
    struct person p;
    uint64_t entry;
    *ret = false;
    return parse_file(name, &p, &entry) ? w->belongs(w->ctx, w->who, entry, ret) : SY_OK;
}

static sy_status count_kept(void *ctx, int dirfd, const char *name)
{
    struct sweep *w = ctx;
    bool kept = false;
    (void)dirfd;
    SY_TRY(is_kept(w, name, &kept));
    w->kept += kept ? 1 : 0;
    return SY_OK;
}

static sy_status remove_orphan(void *ctx, int dirfd, const char *name)
{
    struct sweep *w = ctx;
    bool kept = false;
    SY_TRY(is_kept(w, name, &kept));
    if (kept) {
        return SY_OK;
    }
    w->removed++;
    return vault_erase_file(dirfd, name);
}

/* Looked through before anything is removed: the last file leads to the key. */
static sy_status sweep_folder(struct sweep *w, int folder)
{
    w->kept = 0;
    SY_TRY(vault_walk(folder, count_kept, w));
    if (w->kept > 0) {
        return vault_walk(folder, remove_orphan, w);
    }
    w->removed++;
    return vault_payload_shred(w->v, w->who);
}

static sy_status sweep_subject(void *ctx, int dirfd, const char *name)
{
    struct sweep *w = ctx;
    size_t n = 0;
    SY_FD_CLEANUP int folder = -1;
    if (sodium_hex2bin(w->who, sizeof(w->who), name, strlen(name), NULL, &n, NULL) != 0 ||
        n != sizeof(w->who)) {
        return SY_OK; /* not ours */
    }
    SY_TRY(vault_folder(dirfd, name, false, &folder));
    return sweep_folder(w, folder);
}

sy_status vault_payload_sweep(struct vault *v, vault_payload_belongs_fn *belongs, void *ctx,
                              uint64_t *ret_removed)
{
    struct sweep w = {.v = v, .belongs = belongs, .ctx = ctx};
    sy_status s = vault_walk(v->payloads_fd, sweep_subject, &w);
    *ret_removed = w.removed;
    return s;
}

static sy_status is_another(void *ctx, const uint8_t who[VAULT_NAME_BYTES], uint64_t entry,
                            bool *ret)
{
    const uint64_t *taken = ctx;
    (void)who;
    *ret = entry != *taken;
    return SY_OK;
}

sy_status vault_payload_take_back(struct vault *v, const uint8_t who[VAULT_NAME_BYTES],
                                  uint64_t entry)
{
    struct sweep w = {.v = v, .belongs = is_another, .ctx = &entry};
    SY_FD_CLEANUP int folder = -1;
    memcpy(w.who, who, sizeof(w.who));
    sy_status s = open_folder(v, who, &folder);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    return sweep_folder(&w, folder);
}
