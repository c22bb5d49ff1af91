/*
 * The catalogue as the command line sees it: what the domain lists for this party, joined by dataset. Staleness is
 * judged by the same function as the rules use, with the pack's cycles and clock.
 *
 * Threads: none. Everything lives in the command's arena.
 */
#ifndef CLI_CATALOGUE_H
#define CLI_CATALOGUE_H

#include "cli/out.h"
#include "wire/catalogue.h"

/* One dataset that is described. meta: the version in the catalogue, or, when none is, the last one that this party may
 * see. */
struct cli_entry {
    struct sy_view dataset;
    struct sy_entry_row row;
    bool has_meta;
    struct sy_entry meta;
    struct sy_view bytes; /* of meta, canonical */
    bool offered;
    struct sy_offer offer;
    int64_t offer_time;
    bool has_data;
    struct sy_updated updated;
    bool stale;
    bool has_def;
    struct sy_dataset_def def;
};

struct cli_catalogue {
    struct cli_entry *entries; /* in order of their datasets */
    size_t n;
    struct sy_pack pack; /* zero when none was adopted */
};

/* Load it: 0, or an exit status after printing. */
int cli_catalogue_load(struct cli *c, struct cli_catalogue *ret);

/* The entry of a dataset; NULL when there is none that this party may see. */
const struct cli_entry *cli_catalogue_find(const struct cli_catalogue *all, struct sy_view dataset);

/* What an entry's offer is: "offered", "renew" (the entry has changed since), or "-". */
const char *cli_entry_offer(const struct cli_entry *e);

/* A version of a dataset's description. 0 with *ret_bytes empty: there is none that this party may see. */
int cli_entry_version(struct cli *c, struct sy_view dataset, uint64_t version,
                      struct sy_described *ret_row, struct sy_entry *ret,
                      struct sy_view *ret_bytes);

/* A description as JSON, its items by field: for search and differences. */
json_t *cli_entry_json(const struct sy_entry *e);

/* Which of the application's datasets are stale: said on stderr (not with --quiet or --json), and returned as an array of
 * names; NULL: none is, or the domain keeps no catalogue. */
json_t *cli_catalogue_warn(struct cli *c, const struct sy_proposal *p);

/* The only number among the arguments, at `at`. False after printing. */
bool cli_number_arg(struct cli *c, size_t at, const char *what, uint64_t *ret, int *ret_status);

/* "2026-11-22" of a time, by the pack's clock; "-" for 0. */
const char *cli_local_day(struct cli *c, const struct sy_pack *pack, int64_t t);

#endif
