/*
 * Exported logs for the tests of search and provenance: a domain that lives through random acts in memory,
 * written to a folder as `shuyu log export` writes it, whole or only its beginning.
 */
#ifndef AUDIT_TEST_LOG_KIT_H
#define AUDIT_TEST_LOG_KIT_H

#include "../rules/test_kit.h"

#include "audit/index.h"

enum { LOG_SCENES = 3 };

struct log_kit {
    struct kit k;
    struct sy_log_entry entries[KIT_EVENTS];
    size_t n;
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct {
        uint8_t grant[32], model[32];
    } scenes[LOG_SCENES];
    uint64_t random; /* state of the generator */
    char dir[64];
};

/* SHUYU_SEED, or a fresh one; printed. */
uint64_t log_kit_seed(void);

/* A folder and a key; nothing in the log yet. The key is the same for equal names. */
void log_kit_init(struct log_kit *l, const char *origin);
void log_kit_free(struct log_kit *l);

/* The life of test_audit.c: one grant, a run and its answer, a refusal, a suspension, a stopped run. */
void log_kit_small(struct log_kit *l);
/* A catalogue, some grants, and `acts` random acts on them. */
void log_kit_random(struct log_kit *l, uint64_t seed, size_t acts);

/* Take over the kit's events as entries with leaves; done by the two above. */
void log_kit_entries(struct log_kit *l);
/* Entry i with another event. */
void log_kit_put(struct log_kit *l, size_t i, const struct sy_event *event);
/* Entry i as it is exported to somebody who may not read it. */
void log_kit_hide(struct log_kit *l, size_t i);

/* Write the first n entries under a signed checkpoint, and open them. */
void log_kit_write(struct log_kit *l, size_t n);
struct audit_export *log_kit_open(struct log_kit *l, size_t n);
/* The bytes of the checkpoint over the first n entries. */
struct sy_view log_kit_note(struct log_kit *l, size_t n);

/* A path in the folder, in the kit's arena. */
const char *log_kit_path(struct log_kit *l, const char *name);

/* 0 <= result < n. */
size_t log_kit_pick(struct log_kit *l, size_t n);

#endif
