/* Folders and files of the vault: making, walking, erasing. Private to the vault. */
#ifndef VAULT_SRC_FILES_H
#define VAULT_SRC_FILES_H

#include "base/fdio.h"
#include "base/status.h"
#include "base/view.h"

/* Is this an identifier as store.h defines it? SY_E_FIELD otherwise. */
SY_MUST sy_status vault_check_id(struct sy_view id);

/* 2 n lower-case hex digits and a NUL. */
void vault_hex(const uint8_t *p, size_t n, char *ret);

/* Open a folder below dirfd; with `make` it is made (0700, parent fsynced) when missing.
 * SY_E_NOT_FOUND. The caller closes *ret_fd. */
SY_MUST sy_status vault_folder(int dirfd, const char *name, bool make, int *ret_fd);

/* Flush a folder's entries. */
SY_MUST sy_status vault_sync(int dirfd);

/* Overwrite with random bytes, fsync, unlink, fsync the folder. OK when there is no such file. */
SY_MUST sy_status vault_erase_file(int dirfd, const char *name);

/* Call fn for every entry but "." and ".."; stops at the first status that is not OK and returns
 * it. fn may remove the entry it is given. */
typedef sy_status (*vault_entry_fn)(void *ctx, int dirfd, const char *name);
SY_MUST sy_status vault_walk(int dirfd, vault_entry_fn fn, void *ctx);

/* Remove a folder with the plain files in it. OK when there is none. */
SY_MUST sy_status vault_remove_folder(int dirfd, const char *name);

/* For vault_walk: erase it when it is a temp file that a crash left behind. */
SY_MUST sy_status vault_erase_if_temp(void *ctx, int dirfd, const char *name);

#endif
