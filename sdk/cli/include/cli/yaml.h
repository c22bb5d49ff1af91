/*
 * YAML files (packs, catalogue entries, scenes, models) into records, by tables: each file format is
 * a list of keys with the kind of value they take and where it goes. Unknown keys, missing keys and
 * bad values are refused with file, line and column. Runs on the user's machine only: the domain
 * sees nothing but the canonical records that come out.
 *
 * Threads: none. Source: YAML 1.1 (libyaml).
 */
#ifndef CLI_YAML_H
#define CLI_YAML_H

#include <yaml.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/view.h"

struct cli_yaml {
    const char *file; /* for messages */
    yaml_document_t doc;
    bool open;
};

/* How a scalar is read, and the C type it fills. */
enum cli_kind {
    CLI_TEXT = 1, /* sy_view, not empty */
    CLI_BOOL,     /* bool: true false yes no */
    CLI_COUNT,    /* uint64_t */
    CLI_NANO,     /* uint64_t: decimal x 10^9 (rho) */
    CLI_FEMTO,    /* uint64_t: decimal x 10^15 (delta); 1e-7 is allowed */
    CLI_SECONDS,  /* uint64_t: 90s 10m 12h 365d */
    CLI_MILLIS,   /* uint64_t: 350ms 2s */
    CLI_MEBI,     /* uint64_t: 512MiB 4GiB */
    CLI_B32,      /* uint8_t[32]: 64 lower-case hexadecimal digits */
    CLI_TEXTS,    /* sy_view * and its count: a sequence of scalars */
    CLI_NODE,     /* yaml_node_t *: looked at by the caller */
    CLI_KIND_N
};

struct cli_key {
    const char *key;
    enum cli_kind kind;
    bool required;
    size_t offset;   /* in the target struct */
    size_t n_offset; /* of the count, for CLI_TEXTS */
};

/* Read a file. SY_E_NOT_FOUND, SY_E_FIELD with "file:line:column: what"; *ret is closed then. */
SY_MUST sy_status cli_yaml_open(const char *path, struct cli_yaml *ret, struct sy_error *reterr);
void cli_yaml_close(struct cli_yaml *y);
#define CLI_YAML_CLEANUP __attribute__((cleanup(cli_yaml_close)))

/* The document's root. */
yaml_node_t *cli_yaml_root(struct cli_yaml *y);

/* Fill a struct from a mapping. Views live in the arena. */
SY_MUST sy_status cli_yaml_fill(struct cli_yaml *y, const yaml_node_t *map,
                                const struct cli_key *keys, size_t n_keys, struct sy_arena *arena,
                                void *ret, struct sy_error *reterr);

/* One scalar of a kind from CLI_BOOL to CLI_B32, from elsewhere than a file. False when it does not fit. */
bool cli_yaml_value(enum cli_kind kind, struct sy_view text, void *ret);

/* Items of a sequence (NULL node = none). SY_E_FIELD when it is none. */
SY_MUST sy_status cli_yaml_items(struct cli_yaml *y, const yaml_node_t *seq, size_t *ret_n,
                                 struct sy_error *reterr);
yaml_node_t *cli_yaml_item(struct cli_yaml *y, const yaml_node_t *seq, size_t i);

/* An error at a node: "file:line:column: reason". */
sy_status cli_yaml_fail(const struct cli_yaml *y, const yaml_node_t *at, struct sy_error *reterr,
                        const char *fmt, ...) SY_PRINTF(4, 5);

#endif
