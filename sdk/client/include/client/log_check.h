/*
 * The profile's kept checkpoint, the file `checked` in its folder (log_check.c; shuyu_log_check).
 *
 * Runs in: SDK. Trusts: the profile's folder. May block: on the file.
 */
#ifndef CLIENT_LOG_CHECK_H
#define CLIENT_LOG_CHECK_H

#include "client/profile.h"

/* Forget it (another domain). */
SY_MUST sy_status client_checked_forget(struct shuyu_profile *p, struct sy_error *err);

#endif
