/* The whole private key of a dataset, for the one moment in which a version key is unwrapped. */
#ifndef VAULT_SRC_DATASET_SECRET_H
#define VAULT_SRC_DATASET_SECRET_H

#include "vault/dataset.h"

/* Recombine and check (see vault_version_open). The caller wipes *ret as soon as it can. */
SY_MUST sy_status vault_dataset_secret(struct vault *v, struct sy_view dataset,
                                       const struct sy_dataset_keys *keys,
                                       const struct vault_holders *shares, struct vault_secret *ret,
                                       struct sy_error *reterr);

#endif
