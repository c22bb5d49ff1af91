/*
 * What needs the domain itself: acts of `shuyu`, with a party's profile. This program only looks at exports; it
 * finds the other and runs it.
 */
#ifndef AUDIT_SRC_ONLINE_H
#define AUDIT_SRC_ONLINE_H

enum { ONLINE_PATH_BYTES = 4096 };

/* Path of `shuyu`: beside this program when installed, in its folder of the build, else a name for PATH. */
void online_find(char ret[ONLINE_PATH_BYTES]);

/* The status of `shuyu payload erase WORDS...`: what `shuyu-audit erase WORDS...` becomes. words: NULL at
 * the end; returns only, with 2, after printing why it could not. */
int online_erase(char *const *words);

#endif
