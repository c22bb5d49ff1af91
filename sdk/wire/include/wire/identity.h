/*
 * Fields that name people: classes of catalogue fields, and what may be derived of an identifier
 * instead of it (脱敏). Pure functions, shared by the rules (which refuse), the worker (which reads
 * raw files) and the CLI (which makes dummy data), so that all three always mean the same.
 *
 * `klass` of a field; words that are not listed mean nothing here:
 *
 *   idno      identity number, GB 11643: only ever stored as a unit, i.e. as a keyed code; ingest
 *             checks it, and knows the 15 digits of the 1989 form for the same number
 *   phone     telephone number: the same
 *   name      of a person       )
 *   address   of a person       ) never granted, under whatever mask
 *   free      free text         )
 *   code      a text whose values are codes of a code system that is not declared here. A text over
 *             protected data without this word counts as free text
 *
 * `derive` of a field says what ingest stores of the column `source` instead of what stands there:
 *
 *   idno.region     enum: the longest declared value that the number begins with (2, 4 or 6 digits)
 *   idno.birth      date of birth
 *   idno.sex        enum of two values, for an even and an odd 17th digit, in this order (女, 男); or bool,
 *                   true for odd
 *   phone.region    enum: the longest declared value that the number begins with: an operator's
 *                   prefix, a segment, an area code
 *   address.region  enum: the longest declared value that the address begins with; an administrative
 *                   level is declared by writing its places, no more
 *
 * A derived field is nullable: what cannot be derived is NULL and counted, whatever the number is.
 * Threads: pure.
 * Source: GB 11643-1999 (form, check character by ISO 7064 MOD 11-2); reference/scheme.md, articles
 * on desensitisation; Numbering plan of the PRC (mobile numbers 1[3-9] and 9 digits, trunk prefix 0).
 */
#ifndef WIRE_IDENTITY_H
#define WIRE_IDENTITY_H

#include "wire/catalog.h"

enum sy_klass {
    SY_KLASS_OTHER = 0,
    SY_KLASS_IDNO,
    SY_KLASS_PHONE,
    SY_KLASS_NAME,
    SY_KLASS_ADDRESS,
    SY_KLASS_FREE,
    SY_KLASS_CODE,
    SY_KLASS_N
};

enum sy_derive {
    SY_DERIVE_INVALID = 0,
    SY_DERIVE_NONE,
    SY_DERIVE_IDNO_REGION,
    SY_DERIVE_IDNO_BIRTH,
    SY_DERIVE_IDNO_SEX,
    SY_DERIVE_PHONE_REGION,
    SY_DERIVE_ADDRESS_REGION,
    SY_DERIVE_N
};

enum { SY_IDNO_CHARS = 18, SY_PHONE_CHARS = 12 };

/* A class word; SY_KLASS_OTHER for "" and for words not listed. */
enum sy_klass sy_klass_of(struct sy_view word);

/* A derivation word; SY_DERIVE_NONE for "", SY_DERIVE_INVALID for words not listed. */
enum sy_derive sy_derive_of(struct sy_view word);

/* Of which class the column must be; SY_KLASS_OTHER for NONE and INVALID. */
enum sy_klass sy_derive_from(enum sy_derive derive);

/* Is the class one that only a unit may have (a number that names a person)? */
bool sy_klass_is_number(enum sy_klass klass);

/* Does the class forbid every grant of a field of this type over protected data? Units are keyed
 * codes, derived fields are what was derived: neither is refused. */
bool sy_klass_refused(const struct sy_field_def *def);

/* Why a field's klass and derive cannot be: a sentence, or NULL when they can. */
const char *sy_identity_fault(const struct sy_field_def *def);

/* An identity number as ingest reads it: 18 characters, or the 15 digits of 1989, which become the
 * 18 of the same person (century 19). Letters are capitals. */
enum sy_idno_fault {
    SY_IDNO_FINE = 0,
    SY_IDNO_FORM,    /* not the right characters, or no such day */
    SY_IDNO_CHECKSUM /* the check character does not fit */
};

struct sy_idno {
    char text[SY_IDNO_CHARS]; /* not terminated */
    int32_t birth;            /* days since 1970-01-01 */
    bool odd;                 /* the 17th digit: true for a man */
};

enum sy_idno_fault sy_idno_parse(struct sy_view text, struct sy_idno *ret);

/* The check character of the first 17 digits, '0'..'9' or 'X'. */
char sy_idno_check(const char *digits17);

/* A telephone number without signs, blanks and country code: 11 digits of a mobile, or 0, area code
 * and number. Returns how many digits (at most SY_PHONE_CHARS), 0 when it is no such number. */
size_t sy_phone_digits(struct sy_view text, char ret[SY_PHONE_CHARS]);

#endif
