/* All of the vault: store.h says what it is. */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "vault/blob.h"
#include "vault/column.h"
#include "vault/dataset.h"
#include "vault/payload.h"
#include "vault/secret.h"
#include "vault/store.h"
#include "vault/units.h"
#include "vault/writer.h"

#endif
