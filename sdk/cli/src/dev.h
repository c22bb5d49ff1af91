/*
 * shuyu-dev: a throw-away test domain on dummy data, so that a developer tries a model with the same
 * engine and the same checks before applying. One process plays every party, each with a profile and
 * keys of its own; the domain is the real one, started by its supervisor.
 *
 * Threads: the main one, and one that waits for a signal to clean up (dev_place.c).
 */
#ifndef CLI_DEV_H
#define CLI_DEV_H

#include <sys/types.h>

#include "cli/cli.h"

/* Parties that no catalogue names; departments are called what their entries call them. */
#define DEV_AGENCY    "dev.agency"
#define DEV_OPERATOR  "dev.operator"
#define DEV_DEVELOPER "dev.developer"

/* What is printed wherever a figure is. */
#define DEV_LABEL "合成数据 SYNTHETIC DUMMY DATA"

struct dev {
    /* asked for */
    const char *keep;      /* folder to keep, or NULL */
    const char *pack_file; /* or NULL: the built-in pack */
    const char *public_;   /* folder with public tables, or NULL: those are dummies too */
    const char *out;       /* of `data` */
    uint64_t seed;
    bool json;
    const char *const *params; /* NAME=VALUE */
    size_t n_params;

    /* read from the files */
    struct sy_arena arena;
    struct sy_dataset_def *defs;
    size_t n_defs;
    struct sy_model_def model_def;
    struct sy_pack pack;

    /* the domain */
    const char *dir, *domain, *address;
    struct cli agency, operator_, developer;
    struct cli *departments;
    size_t n_departments;

    /* what came out */
    uint8_t grant[32];
    char grant_hex[65];
    struct sy_view *left_out; /* fields the pack releases by no mechanism */
    size_t n_left_out;
    struct sy_model_result model;
    shuyu_answer *answer;
};

/* All return 0 or an exit status, after printing why. */

/* dev_place.c: the folder, the supervisor, and their end. dev_place_end is safe to call twice, and
 * runs by itself when a signal ends the program. */
int dev_place_make(struct dev *d);
int dev_supervisor_start(struct dev *d);
void dev_place_end(void);

/* dev_steps.c: from parties to an answer. */
int dev_run(struct dev *d);

/* The demonstration pack, YAML: its lines with their ends, then NULL. */
extern const char *const dev_default_pack[];

/* dev_pack.c: the pack to adopt, and the scene that applies for everything in the catalogue. */
int dev_pack_read(struct dev *d);
int dev_scene(struct dev *d, struct sy_proposal *ret);

#endif
