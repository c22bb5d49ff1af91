/* Preconditions whose breach would change a privacy loss: checked in every build, fatal. */
#ifndef MECHANISMS_SRC_REQUIRE_H
#define MECHANISMS_SRC_REQUIRE_H

#include <sodium.h>
#include <stdbool.h>

/* End the process (through libsodium's misuse handler) unless `holds`: no answer is better than
 * one with the wrong noise. */
static inline void mech_require(bool holds)
{
    if (!holds) {
        sodium_misuse();
    }
}

#endif
