/* What the vault's tests share: a throw-away domain, a dataset with a field of every type, rows. */
#ifndef VAULT_TEST_FIXTURE_H
#define VAULT_TEST_FIXTURE_H

#include "check.h"

#include "base/arena.h"
#include "base/arith.h"
#include "base/fdio.h"
#include "vault/blob.h"
#include "vault/column.h"
#include "vault/dataset.h"
#include "vault/store.h"
#include "vault/units.h"
#include "vault/writer.h"

enum { F_UNIT, F_AGE, F_COST, F_PAID, F_BORN, F_ALIVE, F_SEX, F_NOTE, F_WARD, N_FIELDS };

struct fixture {
    char path[64]; /* the domain's folder */
    int dirfd;
    struct vault *v;
    struct sy_arena arena;
    struct sy_dataset_def def; /* "visits", namespace "person" */
    struct sy_dataset_keys keys;
    uint8_t custodian_pk[32], custodian_sk[32];
    uint8_t share[32];                  /* the custodian's, opened */
    struct vault_holders boxes, shares; /* of the custodian: custodian_pk, share */
};

int fixture_setup(void **state);    /* domain and dataset keys */
int fixture_teardown(void **state); /* removes the folder */

void fixture_reopen(struct fixture *f);

/* The values the tests write. NULL where fixture_null says so. */
int64_t fixture_value(int field, uint64_t row);
bool fixture_null(int field, uint64_t row);
const char *fixture_note(uint64_t code); /* labels of the text field */
enum { FIXTURE_NOTES = 5 };
/* "id" + digits; 3 rows for each person. */
void fixture_id(uint64_t row, char ret[24]);

/* One batch of rows first .. first + n, allocated in the arena. */
struct sy_ingest_batch fixture_batch(struct fixture *f, uint64_t first, uint64_t n);

/* Write and finish a version of n_rows rows. */
struct sy_dataset_version fixture_version(struct fixture *f, uint64_t n_rows, uint64_t number);
struct vault_writer *fixture_begin(struct fixture *f, uint64_t number);

/* Read a field with a mask into a fresh memfd; *ret_fd is the caller's on success, -1 otherwise. */
sy_status fixture_read(struct fixture *f, const struct sy_dataset_version *version, int field,
                       const char *mask, struct vault_column *ret, int *ret_fd,
                       struct sy_error *reterr);

/* A whole file or memfd as bytes in the arena. */
struct sy_view fixture_bytes(struct fixture *f, int fd);
/* Path of a column file below f->path. */
void fixture_column_path(const struct fixture *f, const struct sy_dataset_version *version,
                         int field, char ret[512]);

#endif
