/*
 * A developer's own data in a scene (fusion, articles 18 and 22; docs/scheme/fusion.md): data that the developer
 * holds lawfully itself and brings into the domain, to be joined with the scene's datasets there. It is a dataset of
 * the catalogue whose owner is the developer, under an id that begins with "own.", and it lives under one grant: the
 * operator confirms it, it comes in through the gateway sealed to the domain, and it is erased when the grant ends.
 *
 *   own.define  the developer says what it is, where it comes from and which bytes it will be
 *   own.confirm the operator has looked at that, under the live grant that names it
 *   own.put     the bytes come in, part by part; the last one starts the ingest
 *   own.erased  the warden's own act, when the grant is over: nothing is left of it
 */
#ifndef WIRE_OWN_H
#define WIRE_OWN_H

#include "wire/catalog.h"

#define SY_OWN_PREFIX "own."

enum {
    SY_OWN_TEXT_MAX = 1024,     /* bytes of a text of the statement */
    SY_OWN_PART_MAX = 512 << 10 /* bytes of one part: it travels in one request */
};

/* Where it comes from (来源及合法合规性). basis: why the developer may use it so; evidence: SHA-256 of the papers that
 * show it; source: where it was got, in a few words that the public may read; text: anything else for the operator. */
#define SY_OWN_STATEMENT_FIELDS(F, S, L)                                                           \
    F(str, basis, "basis", 0)                                                                      \
    F(b32, evidence, "evidence", 0)                                                                \
    F(str, source, "source", 0)                                                                    \
    F(str, text, "text", SY_OPT)
SY_RECORD(own_statement, SY_OWN_STATEMENT_FIELDS)

/* own.define (developer). bytes, content: length and SHA-256 of the raw file that will be sent, and of no other. def: as
 * of dataset.define, with id "own...." and department = the developer. */
#define SY_OWN_FIELDS(F, S, L)                                                                     \
    F(u64, bytes, "bytes", 0)                                                                      \
    F(b32, content, "content", 0)                                                                  \
    S(dataset_def, def, "def", 0)                                                                  \
    S(own_statement, statement, "statement", 0)
SY_RECORD(own, SY_OWN_FIELDS)

/* own.confirm (operator; header.grant = the live grant that names it). decision: approve | reject; opinion: why. */
#define SY_OWN_CONFIRM_FIELDS(F, S, L)                                                             \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, decision, "decision", 0)                                                                \
    F(str, opinion, "opinion", 0)
SY_RECORD(own_confirm, SY_OWN_CONFIRM_FIELDS)

/* own.put (developer; header.grant; the body's secret is the part's bytes, of which the log keeps a digest). part:
 * from 0, which starts again; parts: how many there are in all. The last one's result is a sy_ingest_result that
 * speaks of this file only; the others' is empty. */
#define SY_OWN_PUT_FIELDS(F, S, L)                                                                 \
    F(str, dataset, "dataset", 0)                                                                  \
    F(u64, part, "part", SY_OPT)                                                                   \
    F(u64, parts, "parts", 0)
SY_RECORD(own_put, SY_OWN_PUT_FIELDS)

/* What the warden holds with the part of an own.put (inputs.own): all bytes so far, their SHA-256, and how many parts
 * they are, this one included; parts 0: it holds nothing to which this part could be added. */
#define SY_OWN_STAGED_FIELDS(F, S, L)                                                              \
    F(u64, bytes, "bytes", SY_OPT)                                                                 \
    F(b32, content, "content", SY_OPT)                                                             \
    F(u64, parts, "parts", SY_OPT)
SY_RECORD(own_staged, SY_OWN_STAGED_FIELDS)

/* own.erased (warden; header.grant = the grant that is over). header: of the version that is erased
 * (sy_dataset_version), zero: none was ever published. */
#define SY_OWN_ERASED_FIELDS(F, S, L)                                                              \
    F(str, dataset, "dataset", 0)                                                                  \
    F(b32, header, "header", SY_OPT)
SY_RECORD(own_erased, SY_OWN_ERASED_FIELDS)

/* Row own/ID, beside dataset/ID, which is as any dataset's. status: declared | confirmed | rejected | loaded | erased.
 * entry, decided, loaded, erased: of the definition, the operator's decision, the publication, the erasure. grant: the
 * one proposal or grant that names it. next: the part that is to come, of so many parts. */
#define SY_OWN_ROW_FIELDS(F, S, L)                                                                 \
    F(u64, bytes, "bytes", 0)                                                                      \
    F(b32, content, "content", 0)                                                                  \
    F(u64, decided, "decided", SY_OPT)                                                             \
    F(str, developer, "developer", 0)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, erased, "erased", SY_OPT)                                                               \
    F(b32, grant, "grant", SY_OPT)                                                                 \
    F(u64, loaded, "loaded", SY_OPT)                                                               \
    F(u64, next, "next", SY_OPT)                                                                   \
    F(str, opinion, "opinion", SY_OPT)                                                             \
    F(u64, parts, "parts", SY_OPT)                                                                 \
    S(own_statement, statement, "statement", 0)                                                    \
    F(str, status, "status", 0)
SY_RECORD(own_row, SY_OWN_ROW_FIELDS)

/* Is it the id of a developer's own data? */
static inline bool sy_is_own(struct sy_view dataset)
{
    return sy_view_starts(dataset, sy_view_str(SY_OWN_PREFIX));
}

#endif
