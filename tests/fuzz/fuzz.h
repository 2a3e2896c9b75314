/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef FUZZ_H
#define FUZZ_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* What libFuzzer, or fuzz-main.c without it, calls with each input. */
int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);
int LLVMFuzzerInitialize   (int           *argc,
                            char        ***argv);

#endif
