/*
 * Masked labels. A pseudonym is "P" and the first 80 bits of HMAC-SHA-256(scene key, label) in
 * base32 (RFC 4648): the same label gives the same pseudonym within a scene, and nothing without
 * the key. Codes are re-numbered in the order of the pseudonyms, because the old order (of first
 * appearance, or of the declared value set) would tell the labels.
 */
#include "column_labels.h"

#include <stdlib.h>

#include "base/arith.h"
#include "crypt.h"

enum { PSEUDONYM_CHARS = 17 };

static bool next_label(struct sy_view *rest, struct sy_view *ret)
{
    if (rest->n < 4 || sy_load_le32(rest->p) > rest->n - 4) {
        return false;
    }
    *ret = sy_view(rest->p + 4, sy_load_le32(rest->p));
    *rest = sy_view(ret->p + ret->n, rest->n - 4 - ret->n);
    return true;
}

sy_status column_labels_parse(struct sy_view stream, struct sy_arena *arena,
                              struct column_labels *ret)
{
    struct sy_view copy = sy_arena_copy(arena, stream);
    struct sy_view rest = copy, label;
    size_t n = 0;
    while (next_label(&rest, &label)) {
        n++;
    }
    if (rest.n != 0) {
        return sy_status_of(stream.n > 0 && copy.p == NULL ? SY_E_NO_MEMORY : SY_E_TAMPERED);
    }
    struct sy_view *labels = sy_arena_alloc(arena, n, sizeof(*labels));
    if (labels == NULL || copy.n != stream.n) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    rest = copy;
    for (size_t i = 0; i < n && next_label(&rest, &labels[i]); i++) {
    }
    *ret = (struct column_labels){.labels = labels, .n = n};
    return SY_OK;
}

static void base32(const uint8_t in[10], uint8_t ret[16])
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (size_t i = 0; i < 16; i++) {
        size_t bit = 5 * i;
        unsigned two = (unsigned)in[bit / 8] << 8 | (bit / 8 + 1 < 10 ? in[bit / 8 + 1] : 0U);
        ret[i] = (uint8_t)DIGITS[two >> (11 - bit % 8) & 31];
    }
}

static sy_status pseudonym(struct vault_hmac *hmac, struct sy_arena *arena, struct sy_view *label)
{
    uint8_t mac[32];
    uint8_t *text = sy_arena_alloc(arena, PSEUDONYM_CHARS, 1);
    if (text == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(vault_hmac(hmac, *label, mac));
    text[0] = 'P';
    base32(mac, text + 1);
    *label = sy_view(text, PSEUDONYM_CHARS);
    return SY_OK;
}

static int by_label(const void *a, const void *b)
{
    return sy_view_cmp(*(const struct sy_view *)a, *(const struct sy_view *)b);
}

/* Number the masked labels cut[l->n]: in their own order if `sorted`, else of first occurrence. */
static sy_status renumber(struct column_labels *l, const struct sy_view *cut, bool sorted,
                          struct sy_arena *arena)
{
    uint32_t *map = sy_arena_alloc(arena, l->n, sizeof(*map));
    struct sy_view *order = sy_arena_alloc(arena, l->n, sizeof(*order));
    struct column_labels out = {.map = map, .n_map = l->n};
    if (map == NULL || order == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (!sorted) {
        SY_TRY(sy_mask_merge(cut, l->n, arena, &out.labels, &out.n, map));
        *l = out;
        return SY_OK;
    }
    if (l->n > 0) {
        memcpy(order, cut, l->n * sizeof(*order));
        qsort(order, l->n, sizeof(*order), by_label);
    }
    SY_TRY(sy_mask_merge(order, l->n, arena, &out.labels, &out.n, map));
    for (size_t i = 0; i < l->n; i++) {
        const struct sy_view *at =
            bsearch(&cut[i], out.labels, out.n, sizeof(*out.labels), by_label);
        map[i] = (uint32_t)(at - out.labels);
    }
    *l = out;
    return SY_OK;
}

sy_status column_labels_mask(struct column_labels *l, const struct sy_mask *mask,
                             const struct vault_secret *scene_key, struct sy_arena *arena)
{
    bool pseudonyms = mask->kind == SY_MASK_PSEUDONYM;
    if (!pseudonyms && mask->kind != SY_MASK_PREFIX) {
        return SY_OK;
    }
    HMAC_CLEANUP struct vault_hmac hmac = {0};
    if (pseudonyms) {
        SY_TRY(vault_hmac_open(vault_secret_view(scene_key), &hmac));
    }
    struct sy_view *cut = sy_arena_alloc(arena, l->n, sizeof(*cut));
    if (cut == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < l->n; i++) {
        cut[i] = pseudonyms ? l->labels[i] : sy_mask_prefix(l->labels[i], mask->n);
        SY_TRY(pseudonyms ? pseudonym(&hmac, arena, &cut[i]) : SY_OK);
    }
    return renumber(l, cut, pseudonyms, arena);
}
