/*
 * CRC-32C by eight tables ("slicing by eight"): eight bytes a step, faster than the SHA-256 that
 * each record is put through as well. The tables follow from the polynomial and are made once.
 */
#include "crc32c.h"

#include <pthread.h>

#include "base/arith.h"

enum { SLICES = 8 };

static const uint32_t POLYNOMIAL = 0x82F63B78; /* reflected */
static uint32_t table[SLICES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (POLYNOMIAL & (0 - (crc & 1)));
        }
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int s = 1; s < SLICES; s++) {
            uint32_t before = table[s - 1][i];
            table[s][i] = before >> 8 ^ table[0][before & 0xFF];
        }
    }
}

/* Eight bytes: the first four are mixed with the CRC so far. */
static uint32_t step(uint32_t crc, const uint8_t *p)
{
    uint32_t lo = sy_load_le32(p) ^ crc;
    uint32_t hi = sy_load_le32(p + 4);
    return table[7][lo & 0xFF] ^ table[6][lo >> 8 & 0xFF] ^ table[5][lo >> 16 & 0xFF] ^
           table[4][lo >> 24] ^ table[3][hi & 0xFF] ^ table[2][hi >> 8 & 0xFF] ^
           table[1][hi >> 16 & 0xFF] ^ table[0][hi >> 24];
}

uint32_t crc32c(struct sy_view bytes)
{
    (void)pthread_once(&table_once, make_table);
    uint32_t crc = UINT32_MAX;
    size_t i = 0;
    for (; bytes.n - i >= SLICES; i += SLICES) {
        crc = step(crc, bytes.p + i);
    }
    for (; i < bytes.n; i++) {
        crc = crc >> 8 ^ table[0][(crc ^ bytes.p[i]) & 0xFF];
    }
    return ~crc;
}
