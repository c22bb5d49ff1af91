/*
 * Records of a segment: framing and payloads. All numbers are little-endian; a record begins at a
 * multiple of eight bytes and is followed by zeros up to the next.
 *
 *   0   u32  n        payload bytes, > 0
 *   4   u32  crc      CRC-32C of the payload
 *   8   u64  seq      number of the record in the ledger, from 1
 *   16  u32  kind     head | entry | checkpoint
 *   20  u32  head crc CRC-32C of bytes [0, 20) and [24, 56), so that n can be relied on when the
 *                     payload is damaged
 *   24  32   prev     SHA-256 of the record before (bytes [0, 56 + n) of it); zeros in the first
 *   56  ...  payload
 *
 *   head        "shuyu-ledger-1\0\0", u64 segment number, u64 first entry, u64 segment bytes, origin
 *   entry       u32 leaf bytes, salt32, leaf, body
 *   checkpoint  the signed note
 *
 * The chain `prev` puts every record in its one place; what makes entries authentic is the signed
 * checkpoint behind them and the commitment in each leaf.
 */
#ifndef LEDGER_SRC_RECORD_H
#define LEDGER_SRC_RECORD_H

#include "ledger/ledger.h"

enum record_kind { RECORD_NONE = 0, RECORD_HEAD, RECORD_ENTRY, RECORD_CHECKPOINT, RECORD_N };

enum {
    RECORD_HEAD_BYTES = 56,
    RECORD_ALIGN = 8,
    RECORD_ENTRY_FIXED = 4 + LEDGER_SALT_BYTES,
    RECORD_CHECKPOINT_MAX = 2048, /* bytes of a signed checkpoint */
};

/* Where the chain of records stands. Zero-initialised = before the first. */
struct chain {
    uint64_t seq; /* of the last record; 0 = none */
    uint8_t prev[PROOF_HASH_BYTES];
};

/* A record as found; payload points into the bytes. */
struct record {
    enum record_kind kind;
    uint64_t seq;
    uint8_t prev[PROOF_HASH_BYTES];
    struct sy_view payload;
};

/* Bytes a record with that payload takes, padding included. */
size_t record_bytes(size_t n_payload);

/* Append a record whose payload is parts[0..n_parts) and move the chain on. The caller has seen to
 * the room. SY_E_LIMIT, SY_E_NO_MEMORY: buffer and chain unchanged. */
SY_MUST sy_status record_add(struct sy_buf *b, struct chain *chain, enum record_kind kind,
                             const struct sy_view *parts, size_t n_parts);

/* Is there a right frame (first 56 bytes) at the beginning of `bytes`, whose record fits them? If so
 * *ret_n is the length of its payload. */
bool record_frame(struct sy_view bytes, size_t *ret_n);

/* The kind that a right frame states. */
enum record_kind record_frame_kind(struct sy_view bytes);

/* Is there a whole, right record at the beginning of `bytes`? The chain is not looked at. */
bool record_parse(struct sy_view bytes, struct record *ret);

/* Does the record follow the chain? If so the chain moves on past it. */
bool record_follows(const struct record *r, struct sy_view bytes, struct chain *chain);

/* What a segment's first record says. */
struct record_head {
    uint64_t number;
    uint64_t first_entry;
    uint64_t segment_bytes;
    struct sy_view origin;
};

SY_MUST sy_status record_add_head(struct sy_buf *b, struct chain *chain,
                                  const struct record_head *head);
bool record_parse_head(struct sy_view payload, struct record_head *ret);

SY_MUST sy_status record_add_entry(struct sy_buf *b, struct chain *chain,
                                   const struct ledger_entry *entry);
bool record_parse_entry(struct sy_view payload, struct ledger_entry *ret);

/* Bytes the record of an entry takes. */
size_t record_entry_bytes(const struct ledger_entry *entry);

/* Does the leaf commit to the body (or, without body, is it no public leaf)? OK or SY_E_DIGEST. */
SY_MUST sy_status record_check_entry(const struct ledger_entry *entry);

#endif
