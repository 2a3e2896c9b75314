/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef SMTP_SCRAM_H
#define SMTP_SCRAM_H

#include <glib.h>

G_BEGIN_DECLS

/* SCRAM (RFC 5802, RFC 7677) as computation: messages in, messages out. It
 * knows no GObject, does no I/O and draws no random numbers, so that the
 * published exchanges can be replayed to the letter.
 *
 *   C: gs2-header client-first-bare    smtp_scram_client_first()
 *   S: server-first                    smtp_scram_parse_first()
 *   C: client-final                    smtp_scram_client_final()
 *   S: server-final                    smtp_scram_check_final()
 *
 * Between the second and the third stands the derivation of the keys, the only
 * step that takes time. It touches nothing but its arguments and may run in
 * any thread. */

typedef enum
{
  SMTP_SCRAM_SHA_1,
  SMTP_SCRAM_SHA_256,
  SMTP_SCRAM_SHA_512,
  SMTP_SCRAM_N_HASHES
} SmtpScramHash;

/* What RFC 7677 §4 wants at least, and what no server has reason to exceed. */
#define SMTP_SCRAM_MIN_ITERATIONS 4096
#define SMTP_SCRAM_MAX_ITERATIONS 1000000

/* A nonce, a salt and a number: no honest message is nearly as long. */
#define SMTP_SCRAM_MAX_MESSAGE 4096

/* Octets of the longest hash. */
#define SMTP_SCRAM_MAX_DIGEST 64

const char *smtp_scram_mechanism  (SmtpScramHash  hash,
                                   gboolean       bound);

/* ---- names ---------------------------------------------------------------- */

char       *smtp_scram_prepare    (const char    *text);
char       *smtp_scram_escape     (const char    *name);
char       *smtp_scram_gs2_header (const char    *binding_type,
                                   gboolean       could_bind,
                                   const char    *identity);

/* ---- keys ----------------------------------------------------------------- */

/* What is kept of a password: it serves for one hash, salt and count only.
 * Who has it can sign in, so it is wiped. */
typedef struct
{
  SmtpScramHash  hash;
  GBytes        *salt;
  guint          iterations;
  guint8         client_key[SMTP_SCRAM_MAX_DIGEST];
  guint8         server_key[SMTP_SCRAM_MAX_DIGEST];
} SmtpScramKeys;

SmtpScramKeys *smtp_scram_keys_derive (SmtpScramHash   hash,
                                       const char     *password,
                                       GBytes         *salt,
                                       guint           iterations,
                                       GError        **error);
void           smtp_scram_keys_free   (SmtpScramKeys  *self);
gboolean       smtp_scram_keys_fit    (SmtpScramKeys  *self,
                                       SmtpScramHash   hash,
                                       GBytes         *salt,
                                       guint           iterations);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpScramKeys, smtp_scram_keys_free)

/* ---- one exchange --------------------------------------------------------- */

/* What the server's first message says. */
typedef struct
{
  char   *text;       /* the message itself: it is signed */
  char   *nonce;      /* ours, and the server's behind it */
  GBytes *salt;
  guint   iterations;
} SmtpScramFirst;

void smtp_scram_first_clear (SmtpScramFirst *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SmtpScramFirst, smtp_scram_first_clear)

typedef struct _SmtpScram SmtpScram;

SmtpScram *smtp_scram_new          (SmtpScramHash    hash,
                                    const char      *gs2_header,
                                    GBytes          *binding,
                                    const char      *username,
                                    const char      *nonce);
void       smtp_scram_free         (SmtpScram       *self);
char      *smtp_scram_client_first (SmtpScram       *self);
gboolean   smtp_scram_parse_first  (SmtpScram       *self,
                                    const char      *message,
                                    gsize            length,
                                    SmtpScramFirst  *first,
                                    GError         **error);
char      *smtp_scram_client_final (SmtpScram       *self,
                                    SmtpScramFirst  *first,
                                    SmtpScramKeys   *keys,
                                    GError         **error);
gboolean   smtp_scram_check_final  (SmtpScram       *self,
                                    const char      *message,
                                    gsize            length,
                                    GError         **error);
gboolean   smtp_scram_is_binding_refused (SmtpScram *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpScram, smtp_scram_free)

G_END_DECLS

#endif
