/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "smtp-test-enums.h"

G_BEGIN_DECLS

typedef enum
{
  SMTP_TEST_CUE_NONE,     /* nothing scripted: the normal answer */
  SMTP_TEST_CUE_REPLY,
  SMTP_TEST_CUE_DROP,
  SMTP_TEST_CUE_SILENCE,
  SMTP_TEST_CUE_FLOOD,
  SMTP_TEST_CUE_DELAY,
  SMTP_TEST_CUE_SPLIT,
  SMTP_TEST_CUE_APPEND
} SmtpTestCueKind;

/* What one occurrence of a verb is to meet: one way to answer, and what is
 * done to the answer. */
typedef struct
{
  SmtpTestCueKind answer;
  GBytes *reply;          /* for REPLY */
  gboolean accept;        /* for DROP: the command takes effect before */
  SmtpTestFlood flood;    /* for FLOOD */
  guint delay;
  gboolean split;
  GBytes *append;
} SmtpTestCue;

void smtp_test_cue_clear (SmtpTestCue *cue);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SmtpTestCue, smtp_test_cue_clear)

/* A fault in the middle of the content. */
typedef struct
{
  guint64 after;          /* octets of content from the wire */
  GBytes *reply;          /* NULL: the connection is dropped */
  gboolean stop_reading;
  gboolean reset;
} SmtpTestContentFault;

void smtp_test_content_fault_free (SmtpTestContentFault *fault);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpTestContentFault, smtp_test_content_fault_free)

typedef struct
{
  GMutex lock;
  GQueue entries;         /* of Entry */
  GQueue content_faults;  /* of SmtpTestContentFault */
  guint bad_handshakes;
} SmtpTestScript;

void                  smtp_test_script_init               (SmtpTestScript       *self);
void                  smtp_test_script_clear              (SmtpTestScript       *self);
void                  smtp_test_script_reset              (SmtpTestScript       *self);
void                  smtp_test_script_add                (SmtpTestScript       *self,
                                                           SmtpTestCueKind       kind,
                                                           const char           *verb,
                                                           int                   skip,
                                                           const SmtpTestCue    *value);
void                  smtp_test_script_take               (SmtpTestScript       *self,
                                                           const char           *verb,
                                                           const char           *alias,
                                                           SmtpTestCue          *cue);
void                  smtp_test_script_add_content_fault  (SmtpTestScript       *self,
                                                           SmtpTestContentFault *fault);
guint64               smtp_test_script_get_next_fault     (SmtpTestScript       *self);
SmtpTestContentFault *smtp_test_script_take_content_fault (SmtpTestScript       *self,
                                                           guint64               received);
void                  smtp_test_script_add_bad_handshake  (SmtpTestScript       *self);
gboolean              smtp_test_script_take_bad_handshake (SmtpTestScript       *self);

G_END_DECLS
