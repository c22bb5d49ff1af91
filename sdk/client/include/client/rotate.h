/*
 * Other keys for a profile. The new ones are made in its folder `next`, a profile by itself, and stay there until the
 * domain has accepted them; then they replace the old ones, file by file, and whoever opens the profile after a crash
 * ends what was begun.
 *
 * Runs in: SDK. May block: on files and the network. Threads: one at a time.
 */
#ifndef CLIENT_ROTATE_H
#define CLIENT_ROTATE_H

#include "client/profile.h"

/* Move accepted keys from `next` into the profile's folder; nothing when there are none. SY_E_IO. */
SY_MUST sy_status client_next_finish(int dirfd, struct sy_error *err);

#endif
