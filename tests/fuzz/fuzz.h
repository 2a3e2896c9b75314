/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef FUZZ_H
#define FUZZ_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* What libFuzzer, or fuzz-main.c, calls. */
int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

/* What a target begins with when there is no corpus: see fuzz-main.c. */
extern const char * const fuzz_seeds[];

#endif
