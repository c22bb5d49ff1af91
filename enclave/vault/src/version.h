/* An open version. Private to the vault; read-only after vault_version_open. */
#ifndef VAULT_SRC_VERSION_H
#define VAULT_SRC_VERSION_H

#include "vault/column.h"

struct vault_version {
    const struct sy_dataset_version *record; /* the ledger's; borrowed */
    struct vault_secret key;                 /* the version key */
    int fd;                                  /* the attempt's folder */
};

#endif
