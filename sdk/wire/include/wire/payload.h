/*
 * What the domain keeps, erasably, of questions about one subject: reading it, telling the subject who asked,
 * erasing it (docs/privacy/subject.md, "What is kept"). The payload of a question is its request's secret,
 * byte for byte: whoever reads it checks it by the digest that the log keeps (logged_request.secret).
 */
#ifndef WIRE_PAYLOAD_H
#define WIRE_PAYLOAD_H

#include "wire/consent.h"

/* payload.read (auditor, agency; event "disclose"): what the charge `entry` was about. */
#define SY_PAYLOAD_READ_FIELDS(F, S, L) F(u64, entry, "entry", SY_OPT)
SY_RECORD(payload_read, SY_PAYLOAD_READ_FIELDS)
/* secret: a canonical sy_subject_secret; empty when `erased`, the entry that says so, is not 0. */
#define SY_PAYLOAD_FIELDS(F, S, L)                                                                 \
    F(u64, entry, "entry", SY_OPT)                                                                 \
    F(u64, erased, "erased", SY_OPT)                                                               \
    F(bin, secret, "secret", SY_OPT)
SY_RECORD(payload, SY_PAYLOAD_FIELDS)

/* The secret of subject.trail and payload.erase: whom it is about. salt: 32 random bytes, or the digest
 * in the log could be tried with identifiers; all zero is refused. pad: as in sy_subject_secret. */
#define SY_WHOM_FIELDS(F, S, L)                                                                    \
    F(strs, id, "id", 0)                                                                           \
    F(bin, pad, "pad", SY_OPT)                                                                     \
    F(b32, salt, "salt", 0)
SY_RECORD(whom, SY_WHOM_FIELDS)

/* subject.trail (agency, on behalf of the subject; event "disclose", whose inputs name the subject by its random
 * name, with the number of questions told): all questions about one subject of a unit namespace before this
 * request, since it was last erased, in the order of the log; `after` pages on. */
#define SY_TRAIL_ASK_FIELDS(F, S, L)                                                               \
    F(u64, after, "after", SY_OPT)                                                                 \
    F(str, ns, "ns", 0)
SY_RECORD(trail_ask, SY_TRAIL_ASK_FIELDS)
#define SY_TRAIL_QUESTION_FIELDS(F, S, L)                                                          \
    F(u64, entry, "entry", 0)                                                                      \
    F(b32, grant, "grant", 0)                                                                      \
    F(str, issuer, "issuer", 0)                                                                    \
    F(b32, model, "model", 0)                                                                      \
    F(str, party, "party", 0)                                                                      \
    F(i64, time, "time", 0)
SY_RECORD(trail_question, SY_TRAIL_QUESTION_FIELDS)
#define SY_TRAIL_FIELDS(F, S, L)                                                                   \
    F(bool, more, "more", SY_OPT)                                                                  \
    L(trail_question, questions, "questions", SY_OPT)
SY_RECORD(trail, SY_TRAIL_FIELDS)

/* payload.erase (agency): destroy what is kept of one subject. n: payloads destroyed. */
#define SY_ERASE_FIELDS(F, S, L) F(str, ns, "ns", 0)
SY_RECORD(erase, SY_ERASE_FIELDS)
#define SY_ERASE_RESULT_FIELDS(F, S, L) F(u64, n, "n", 0)
SY_RECORD(erase_result, SY_ERASE_RESULT_FIELDS)

#endif
