/*
 * Questions about one consenting subject (g4): the consent token that an issuer signs, and what a
 * developer sends with it. docs/privacy/subject.md says what they promise.
 *
 * What the log keeps of a question holds neither the identifier nor an asserted value, only commitments
 * under a salt that the issuer chose:
 *   subject  = SHA-256("shuyu-subject-1" || salt32 || identifier in normal form (wire/unit_id.h))
 *   asserted = SHA-256("shuyu-asserted-1" || salt32 || canonical sy_asserted); all zero: none
 * The openings travel in the request's secret, of which the log keeps a digest.
 */
#ifndef WIRE_CONSENT_H
#define WIRE_CONSENT_H

#include "wire/methods.h"

#define SY_CONSENT_CONTEXT "shuyu-consent-1"

/* A consent token, signed by the issuer's key over its canonical bytes. It is good for one question:
 * this model, under this grant, about this subject, with these asserted values, within its time. */
#define SY_CONSENT_FIELDS(F, S, L)                                                                 \
    F(b32, asserted, "asserted", SY_OPT)                                                           \
    F(str, ctx, "ctx", 0)                                                                          \
    F(b32, domain, "domain", 0)                                                                    \
    F(b32, grant, "grant", 0)                                                                      \
    F(str, issuer, "issuer", 0)                                                                    \
    F(b32, model, "model", 0)                                                                      \
    F(b16, nonce, "nonce", 0)                                                                      \
    F(i64, not_after, "not_after", 0)                                                              \
    F(i64, not_before, "not_before", 0)                                                            \
    F(b32, subject, "subject", 0)
SY_RECORD(consent, SY_CONSENT_FIELDS)

/* What an issuer hands to the developer. salt opens the commitments, so the file is as confidential
 * as the identifier. */
#define SY_CONSENT_FILE_FIELDS(F, S, L)                                                            \
    F(b32, salt, "salt", 0)                                                                        \
    F(bin, sig, "sig", 0)                                                                          \
    F(bin, token, "token", 0)
SY_RECORD(consent_file, SY_CONSENT_FILE_FIELDS)

/* Asserted values, ascending by name, each name once. */
#define SY_ASSERTED_FIELDS(F, S, L) L(run_param, values, "values", SY_OPT)
SY_RECORD(asserted, SY_ASSERTED_FIELDS)

/* subject.ask (developer; header.grant, header.subject = model; secret: sy_subject_secret). */
#define SY_SUBJECT_ASK_FIELDS(F, S, L)                                                             \
    F(bin, sig, "sig", 0)                                                                          \
    F(bin, token, "token", 0)
SY_RECORD(subject_ask, SY_SUBJECT_ASK_FIELDS)

/* id: the identifier as the developer has it, one text, or the parts of a composite one. pad: zeros, as many
 * as the sender likes, so that the length on the network tells nothing of the identifier (the SDK fills
 * the record to a multiple of SY_SUBJECT_SECRET_BLOCK; SY_SUBJECT_SECRET_MAX bytes are the most, for the domain
 * keeps it: wire/payload.h). */
enum { SY_SUBJECT_SECRET_BLOCK = 128, SY_SUBJECT_SECRET_MAX = 1 << 14 };
#define SY_SUBJECT_SECRET_FIELDS(F, S, L)                                                          \
    S(asserted, asserted, "asserted", 0)                                                           \
    F(strs, id, "id", 0)                                                                           \
    F(bin, pad, "pad", SY_OPT)                                                                     \
    F(b32, salt, "salt", 0)
SY_RECORD(subject_secret, SY_SUBJECT_SECRET_FIELDS)

/* The answer's label when the subject is in no cell: not in the data, or not known there. */
#define SY_SUBJECT_UNKNOWN "unknown"

#endif
