/*
 * What: slots and a free list. Invariants: a slot is in the free list iff not used; n_used counts the
 * used ones; edge id = index | generation << INDEX_BITS, and the generation changes with every use.
 */
#include "gateway/idmap.h"

enum { INDEX_BITS = 20, INDEX_MASK = GW_IDMAP_MAX - 1, GENERATION_MASK = 0xFFF };

sy_status gw_idmap_init(struct gw_idmap *m, size_t n_slots)
{
    if (n_slots == 0 || n_slots > GW_IDMAP_MAX) {
        return sy_status_of(SY_E_USAGE);
    }
    *m = (struct gw_idmap){.n_slots = (uint32_t)n_slots, .first_free = 1};
    m->slots = sy_arena_alloc(&m->arena, n_slots, sizeof(*m->slots));
    if (m->slots == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (uint32_t i = 0; i + 1 < m->n_slots; i++) {
        m->slots[i].next_free = i + 2;
    }
    return SY_OK;
}

void gw_idmap_deinit(struct gw_idmap *m)
{
    if (m != NULL) {
        sy_arena_deinit(&m->arena);
        *m = (struct gw_idmap){0};
    }
}

sy_status gw_idmap_put(struct gw_idmap *m, void *owner, uint32_t client_id, uint32_t *ret_edge_id)
{
    if (m->first_free == 0) {
        return sy_status_of(SY_E_BUSY);
    }
    uint32_t index = m->first_free - 1;
    struct gw_id_slot *s = &m->slots[index];
    m->first_free = s->next_free;
    m->n_used++;
    *s = (struct gw_id_slot){
        .owner = owner, .client_id = client_id, .generation = s->generation, .used = true};
    *ret_edge_id = index | s->generation << INDEX_BITS;
    return SY_OK;
}

static void release(struct gw_idmap *m, uint32_t index)
{
    struct gw_id_slot *s = &m->slots[index];
    s->used = false;
    s->owner = NULL;
    s->generation = (s->generation + 1) & GENERATION_MASK;
    s->next_free = m->first_free;
    m->first_free = index + 1;
    m->n_used--;
}

bool gw_idmap_take(struct gw_idmap *m, uint32_t edge_id, void **ret_owner, uint32_t *ret_client_id)
{
    uint32_t index = edge_id & INDEX_MASK;
    if (index >= m->n_slots || !m->slots[index].used ||
        m->slots[index].generation != edge_id >> INDEX_BITS) {
        return false;
    }
    *ret_owner = m->slots[index].owner;
    *ret_client_id = m->slots[index].client_id;
    release(m, index);
    return true;
}

void gw_idmap_forget(struct gw_idmap *m, const void *owner)
{
    for (uint32_t i = 0; i < m->n_slots; i++) {
        if (m->slots[i].owner == owner) {
            m->slots[i].owner = NULL;
        }
    }
}

bool gw_idmap_take_any(struct gw_idmap *m, uint32_t *cursor, void **ret_owner,
                       uint32_t *ret_client_id)
{
    for (; m->n_used > 0 && *cursor < m->n_slots; (*cursor)++) {
        if (m->slots[*cursor].used) {
            uint32_t id = *cursor | m->slots[*cursor].generation << INDEX_BITS;
            return gw_idmap_take(m, id, ret_owner, ret_client_id);
        }
    }
    return false;
}
