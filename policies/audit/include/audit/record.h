/*
 * One entry of an exported log, checked and taken apart. What any command shows of an entry comes from
 * here: the body opens the leaf's commitment, and is the event whose type and day the leaf states.
 *
 * Runs in: the auditor's machine. Trusts: nobody. May block/alloc: allocates in the caller's arena.
 * Threads: pure functions.
 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include "audit/export.h"
#include "proof/leaf.h"
#include "rules/methods.h"

/* Views point into the export's map, lists into the arena. */
struct audit_record {
    struct sy_log_entry entry; /* as exported */
    struct proof_leaf leaf;
    bool open; /* the body came along; what follows counts only then */
    struct sy_event event;
    struct sy_header header; /* of the request */
    uint8_t
        model[32]; /* that it is about, or runs; zero: none. Of a product's call, the product's */
    const struct rules_method *method; /* NULL: none of that name */
};

/* Entry i < audit_size(x). SY_E_TAMPERED, SY_E_DIGEST (the body does not open the leaf), the decoder's errors;
 * reterr->reason names the entry. */
SY_MUST sy_status audit_record_read(const struct audit_export *x, uint64_t i,
                                    struct sy_arena *arena, struct audit_record *ret,
                                    struct sy_error *reterr);

/* The hash under which the entry hangs in the tree. */
void audit_record_hash(const struct audit_record *r, uint8_t ret[PROOF_HASH_BYTES]);

/* Is this the allowed outcome of `method`? */
bool audit_record_did(const struct audit_record *r, const char *method);

/* Decode the request's arguments as the record of its method. False when the method takes none, or when
 * they are no such record (a refusal may be about just that). `ret`: at least desc->size_bytes. */
bool audit_record_args(const struct audit_record *r, const struct sy_desc *desc,
                       struct sy_arena *arena, void *ret);

/* "allowed", or the name of the refusal's code. */
const char *audit_verdict_name(uint64_t code);

/* 32 bytes that are all zero: not there. */
bool audit_is_zero(const uint8_t id[32]);

/* Lower-case hexadecimal of 32 bytes, with a NUL. */
void audit_hex32(char ret[65], const uint8_t id[32]);

/* The same, the other way round; false for anything but 64 such digits. */
bool audit_unhex32(struct sy_view text, uint8_t ret[32]);

#endif
