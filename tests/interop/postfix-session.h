/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef POSTFIX_SESSION_H
#define POSTFIX_SESSION_H

#include "postfix.h"

G_BEGIN_DECLS

/* A test program, whose scenarios find a Postfix that has been started; it is
 * skipped or fails where there is none. */
int run_with_postfix (int          argc,
                      char       **argv,
                      const char  *name,
                      void       (*add_scenarios) (Postfix *postfix));

G_END_DECLS

#endif
