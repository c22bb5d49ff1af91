/*
 * CRC-32C (Castagnoli): finds torn and rotten records, not forged ones.
 * Source: RFC 3720 appendix B.4 (test vectors), polynomial 0x1EDC6F41 reflected.
 */
#ifndef LEDGER_SRC_CRC32C_H
#define LEDGER_SRC_CRC32C_H

#include "base/view.h"

/* CRC of the bytes; 0xE3069283 for "123456789". */
uint32_t crc32c(struct sy_view bytes);

#endif
