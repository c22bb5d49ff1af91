/*
 * What the files of notes share: the rule for names, and big-endian numbers.
 */
#ifndef PROOF_SRC_NOTE_NAME_H
#define PROOF_SRC_NOTE_NAME_H

#include "proof/note.h"

static inline uint32_t note_load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline void note_store_be(uint8_t *p, uint64_t v, unsigned n_bytes)
{
    for (unsigned i = 0; i < n_bytes; i++) {
        p[i] = (uint8_t)(v >> (8 * (n_bytes - 1 - i)));
    }
}

/* May this be the name of a key, or a log's origin? */
bool note_is_name(struct sy_view v);

#endif
