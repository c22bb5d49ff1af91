/*
 * Files below a domain's folder, by permitted names only. Every part of a path is opened without following
 * links, from the folder's descriptor on. May block: on the disk. Threads: one at a time.
 */
#ifndef COPIER_FILES_H
#define COPIER_FILES_H

#include "kinds.h"
#include "list.h"

/* Add every permitted file below `dir` to *ret: "data/units/person", with its size, or its mark (as below) where
 * kinds.h says so. Others are not looked at. A list is whole or there is none: what went away meanwhile is
 * missing, what cannot be read is an error, and so is a missing root. SY_E_NOT_FOUND, SY_E_IO, SY_E_NO_MEMORY... */
SY_MUST sy_status files_list(int dir, struct list *ret, struct sy_error *reterr);

/* Add the names of the files of one folder ("keys/store"), each with a mark that is another one when the file was
 * changed or replaced. A file that was changed a moment ago has another mark at each look, for the clock that
 * files are stamped by is coarse. Errors as above. */
SY_MUST sy_status files_names(int dir, const char *folder, struct list *ret,
                              struct sy_error *reterr);

/* Open one of them for reading, or its folder (made, when missing, with its parents: 0700, durable).
 * SY_E_NOT_FOUND; SY_E_DENIED for a name that kinds.h does not permit. The caller closes. */
SY_MUST sy_status files_open(int dir, const char *path, int *ret_fd, struct sy_error *reterr);
SY_MUST sy_status files_folder(int dir, const char *path, int *ret_fd, const char **ret_name,
                               struct sy_error *reterr);

/* Overwrite with random bytes, sync, remove, sync the folder. OK when there is no such file. */
SY_MUST sy_status files_erase(int folder, const char *name, struct sy_error *reterr);

#endif
