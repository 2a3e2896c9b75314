/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server's side of the AUTH exchanges: a line in, a reply out. */

#include "smtp-test-auth.h"

#include <string.h>

#ifdef HAVE_GSASL
# include "smtp-test-gsasl.h"
#endif

#define REPLY_ACCEPTED "235 2.7.0 Authentication successful"
#define REPLY_REJECTED "535 5.7.8 Authentication credentials invalid"
#define REPLY_CANCELLED "501 5.7.0 Authentication cancelled"
#define REPLY_NOT_BASE64 "501 5.5.2 Cannot decode the response"

/* Takes the decoded response, or NULL when there was none yet. */
typedef char *(*StepFunc) (SmtpTestAuth *self,
                           const char   *data,
                           gsize         length);

struct _SmtpTestAuth
{
  StepFunc step;
  const char *username;   /* the account; both live as long as the session */
  const char *password;
  gboolean has_certificate;
  const char *farewell;   /* OAuth: what has to answer the refusal */
  char *challenge;        /* CRAM-MD5 */
  char *login_name;       /* LOGIN, after its first answer */
  char *user;             /* whom the exchange accepted */
#ifdef HAVE_GSASL
  SmtpTestGsasl *gsasl;   /* SCRAM */
#endif
};

static char *
accept_if (SmtpTestAuth *self,
           gboolean      right,
           const char   *user)
{
  if (!right)
    return g_strdup (REPLY_REJECTED);

  self->user = g_utf8_make_valid (user, -1);
  return g_strdup (REPLY_ACCEPTED);
}

static char *
challenge (const char *text)
{
  g_autofree char *encoded = g_base64_encode ((const guchar *) text, strlen (text));

  return g_strconcat ("334 ", encoded, NULL);
}

/* identity NUL user NUL password */
static char *
plain_step (SmtpTestAuth *self,
            const char   *data,
            gsize         length)
{
  const char *end;
  const char *user;
  const char *password;

  if (data == NULL)
    return g_strdup ("334 ");

  end = data + length;

  user = memchr (data, '\0', length);
  password = user != NULL ? memchr (user + 1, '\0', end - user - 1) : NULL;
  if (password == NULL || memchr (password + 1, '\0', end - password - 1) != NULL)
    return g_strdup ("501 5.5.2 Not a PLAIN response");

  return accept_if (self,
                    g_str_equal (user + 1, self->username) &&
                    g_str_equal (password + 1, self->password),
                    *data != '\0' ? data : user + 1);
}

static char *
login_step (SmtpTestAuth *self,
            const char   *data,
            gsize         length)
{
  if (data == NULL)
    return challenge ("Username:");

  if (self->login_name == NULL)
    {
      self->login_name = g_strndup (data, length);
      return challenge ("Password:");
    }

  return accept_if (self,
                    g_str_equal (self->login_name, self->username) &&
                    strlen (data) == length && g_str_equal (data, self->password),
                    self->login_name);
}

static char *
cram_md5_step (SmtpTestAuth *self,
               const char   *data,
               gsize         length)
{
  g_autofree char *digest = NULL;
  g_autofree char *expected = NULL;

  if (self->challenge == NULL)
    {
      self->challenge = g_strdup_printf ("<%u.%" G_GINT64_FORMAT "@test.example>",
                                         g_random_int (), g_get_real_time ());
      return challenge (self->challenge);
    }

  digest = g_compute_hmac_for_string (G_CHECKSUM_MD5,
                                      (const guchar *) self->password, strlen (self->password),
                                      self->challenge, -1);
  expected = g_strdup_printf ("%s %s", self->username, digest);

  return accept_if (self, g_strcmp0 (data, expected) == 0, self->username);
}

/* ---- OAuth ------------------------------------------------------------------- */

#define OAUTH_FAILURE "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"https://mail.test.example/\"}"

/* RFC 7628 §3.2.3: first the document, then an answer to it, then the reply. */
static char *
refuse_token (SmtpTestAuth *self,
              const char   *farewell)
{
  self->farewell = farewell;
  return challenge (OAUTH_FAILURE);
}

static char *
take_farewell (SmtpTestAuth *self,
               const char   *data,
               gsize         length)
{
  if (length != strlen (self->farewell) || !g_str_equal (data, self->farewell))
    return g_strdup ("501 5.5.2 Not the answer to a refused token");

  return g_strdup (REPLY_REJECTED);
}

/* @head: what has to stand before the token, up to "auth=" */
static char *
check_bearer (SmtpTestAuth *self,
              const char   *data,
              gsize         length,
              const char   *head,
              const char   *farewell)
{
  g_autofree char *expected = g_strconcat (head, "\001auth=Bearer ", self->password, "\001\001", NULL);

  if (length == strlen (expected) && g_str_equal (data, expected))
    return accept_if (self, TRUE, self->username);

  return refuse_token (self, farewell);
}

static char *
xoauth2_step (SmtpTestAuth *self,
              const char   *data,
              gsize         length)
{
  g_autofree char *head = g_strconcat ("user=", self->username, NULL);

  if (data == NULL)
    return g_strdup ("334 ");
  if (self->farewell != NULL)
    return take_farewell (self, data, length);

  return check_bearer (self, data, length, head, "");
}

/* The client may call the server whatever it knows it by. */
static char *
oauthbearer_step (SmtpTestAuth *self,
                  const char   *data,
                  gsize         length)
{
  g_autofree char *head = NULL;
  const char *host;

  if (data == NULL)
    return g_strdup ("334 ");
  if (self->farewell != NULL)
    return take_farewell (self, data, length);

  host = strstr (data, "\001host=");
  if (host == NULL)
    return g_strdup ("501 5.5.2 Not an OAUTHBEARER response");

  head = g_strdup_printf ("n,a=%s,\001%.*s", self->username, (int) strcspn (host + 1, "\001"), host + 1);
  return check_bearer (self, data, length, head, "\001");
}

/* ---- who proves nothing here ------------------------------------------------- */

static char *
external_step (SmtpTestAuth *self,
               const char   *data,
               gsize         length)
{
  if (data == NULL)
    return g_strdup ("334 ");

  return accept_if (self, self->has_certificate, length > 0 ? data : self->username);
}

static char *
anonymous_step (SmtpTestAuth *self,
                const char   *data,
                gsize         length)
{
  g_autofree char *user = NULL;

  if (data == NULL)
    return g_strdup ("334 ");

  user = g_strconcat ("anonymous", length > 0 ? " " : NULL, data, NULL);
  return accept_if (self, TRUE, user);
}

#ifdef HAVE_GSASL
static char *
gsasl_exchange_step (SmtpTestAuth *self,
                     const char   *data,
                     gsize         length)
{
  g_autofree char *user = NULL;
  g_autofree char *text = NULL;
  gboolean accepted;

  text = smtp_test_gsasl_step (self->gsasl, data, length, &accepted, &user);
  if (text != NULL)
    return challenge (text);

  return accept_if (self, accepted, user);
}
#endif

static const struct
{
  const char *name;
  StepFunc step;
} mechanisms[] = {
  { "PLAIN", plain_step },
  { "LOGIN", login_step },
  { "CRAM-MD5", cram_md5_step },
  { "XOAUTH2", xoauth2_step },
  { "OAUTHBEARER", oauthbearer_step },
  { "EXTERNAL", external_step },
  { "ANONYMOUS", anonymous_step },
};

/* Returns NULL for a mechanism that this does not have. */
static SmtpTestAuth *
auth_new_scram (const char            *mechanism,
                const SmtpTestAccount *account)
{
#ifdef HAVE_GSASL
  SmtpTestGsasl *gsasl = smtp_test_gsasl_new (mechanism, account->username, account->password,
                                              account->tls_unique, account->tls_exporter);

  if (gsasl != NULL)
    {
      SmtpTestAuth *self = g_new0 (SmtpTestAuth, 1);

      self->step = gsasl_exchange_step;
      self->gsasl = gsasl;
      return self;
    }
#endif

  return NULL;
}

/* Returns NULL for a mechanism that only a script can play. */
SmtpTestAuth *
smtp_test_auth_new (const char            *mechanism,
                    const SmtpTestAccount *account)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    if (g_ascii_strcasecmp (mechanism, mechanisms[i].name) == 0)
      {
        SmtpTestAuth *self = g_new0 (SmtpTestAuth, 1);

        self->step = mechanisms[i].step;
        self->username = account->username;
        self->password = account->password;
        self->has_certificate = account->has_certificate;
        return self;
      }

  return g_ascii_strncasecmp (mechanism, "SCRAM-", strlen ("SCRAM-")) == 0 ? auth_new_scram (mechanism, account) : NULL;
}

void
smtp_test_auth_free (SmtpTestAuth *self)
{
  g_free (self->challenge);
  g_free (self->login_name);
  g_free (self->user);
#ifdef HAVE_GSASL
  g_clear_pointer (&self->gsasl, smtp_test_gsasl_free);
#endif
  g_free (self);
}

/* Only what encodes back to the same text is base64: g_base64_decode() alone
 * passes over junk, and a client that sends junk must not get through. */
static char *
decode (const char *text,
        gsize      *length)
{
  g_autofree guchar *data = g_base64_decode (text, length);
  g_autofree char *again = g_base64_encode (data, *length);
  char *terminated;

  if (!g_str_equal (again, text))
    return NULL;

  terminated = g_malloc0 (*length + 1);
  if (*length > 0)
    memcpy (terminated, data, *length);

  return terminated;
}

/* @response: (nullable): the line, or the initial response; NULL to begin */
char *
smtp_test_auth_step (SmtpTestAuth *self,
                     const char   *response)
{
  g_autofree char *data = NULL;
  gsize length = 0;

  if (response == NULL)
    return self->step (self, NULL, 0);
  if (g_str_equal (response, "*"))
    return g_strdup (REPLY_CANCELLED);

  data = decode (response, &length);
  if (data == NULL)
    return g_strdup (REPLY_NOT_BASE64);

  return self->step (self, data, length);
}

const char *
smtp_test_auth_get_user (SmtpTestAuth *self)
{
  return self->user;
}
