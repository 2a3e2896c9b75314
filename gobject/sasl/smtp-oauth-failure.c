/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-oauth-failure-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "smtp-text.h"

/**
 * SmtpOauthFailure:
 *
 * What a server says of an access token that it refuses (RFC 7628 §3.2.2).
 *
 * It comes from [method@OauthbearerAuth.get_failure] and
 * [method@Xoauth2Auth.get_failure]. Programs use it to tell a token that has
 * expired from one that was not issued for sending mail, which a new token of
 * the same kind would not help.
 *
 * A failure never changes and may be used from any thread. Its texts are valid
 * UTF-8 whatever the server sent: control characters and marks that reorder
 * text became U+FFFD. Where the server repeats the token, it is masked.
 *
 * Since: 1.0
 */
struct _SmtpOauthFailure
{
  gatomicrefcount ref_count;
  /* each NULL where the server does not say */
  char           *status;
  char           *scope;
  char           *schemes;
  char           *openid_configuration;
};

G_DEFINE_BOXED_TYPE (SmtpOauthFailure, smtp_oauth_failure, smtp_oauth_failure_ref, smtp_oauth_failure_unref)

/* ---- the document ----------------------------------------------------------- */

/* Those of known servers have less than 300 octets. The limit also bounds how
 * deep the parser can be made to recurse. */
#define MAX_DOCUMENT 4096

static char *
make_displayable (const char *text,
                  SmtpMask   *mask)
{
  GString *clean = g_string_new (NULL);

  smtp_text_append_clean (clean, text, strlen (text));
  smtp_mask_apply (mask, clean);
  return g_string_free (clean, FALSE);
}

/* A status is a string (RFC 7628) or, with some servers, the number of HTTP. */
static char *
read_member (JsonObject *object,
             const char *name,
             SmtpMask   *mask)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return NULL;

  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return make_displayable (json_node_get_string (node), mask);

  if (json_node_get_value_type (node) == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));

  return NULL;
}

static SmtpOauthFailure *
read_object (JsonObject *object,
             SmtpMask   *mask)
{
  SmtpOauthFailure *self = g_new0 (SmtpOauthFailure, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->status = read_member (object, "status", mask);
  self->scope = read_member (object, "scope", mask);
  self->schemes = read_member (object, "schemes", mask);
  self->openid_configuration = read_member (object, "openid-configuration", mask);
  return self;
}

/*< private >
 * Reads what the server sent as its last challenge. Returns NULL for what is
 * no JSON object, or a longer one than anybody needs.
 *
 * @mask: what was sent, to be hidden where the document repeats it
 */
SmtpOauthFailure *
smtp_oauth_failure_parse (const char *document,
                          gsize       length,
                          SmtpMask   *mask)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root;

  if (length == 0 || length > MAX_DOCUMENT)
    return NULL;

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, document, length, NULL))
    return NULL;

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return NULL;

  return read_object (json_node_get_object (root), mask);
}

/* ---- the type ----------------------------------------------------------------- */

/**
 * smtp_oauth_failure_ref:
 * @self: a failure
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
SmtpOauthFailure *
smtp_oauth_failure_ref (SmtpOauthFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * smtp_oauth_failure_unref:
 * @self: (transfer full): a failure
 *
 * Drops a reference, and with the last one the failure.
 *
 * Since: 1.0
 */
void
smtp_oauth_failure_unref (SmtpOauthFailure *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->status);
  g_free (self->scope);
  g_free (self->schemes);
  g_free (self->openid_configuration);
  g_free (self);
}

/**
 * smtp_oauth_failure_get_status:
 * @self: a failure
 *
 * What is wrong with the token: a word such as `invalid_token` or
 * `insufficient_scope` (RFC 6750 §3.1), or the number of HTTP, such as `401`.
 *
 * Returns: (nullable): the status, or %NULL when the server does not say
 *
 * Since: 1.0
 */
const char *
smtp_oauth_failure_get_status (SmtpOauthFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->status;
}

/**
 * smtp_oauth_failure_get_scope:
 * @self: a failure
 *
 * What a token must have been issued for to be accepted (RFC 6749 §3.3): names
 * that are separated by spaces.
 *
 * Returns: (nullable): the scope, or %NULL when the server does not say, which
 *   means a token without any (RFC 7628 §3.2.2)
 *
 * Since: 1.0
 */
const char *
smtp_oauth_failure_get_scope (SmtpOauthFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->scope;
}

/**
 * smtp_oauth_failure_get_schemes:
 * @self: a failure
 *
 * Which kinds of token the server takes, separated by spaces, such as
 * `bearer`. No standard has it, but servers send it.
 *
 * Returns: (nullable): the kinds, or %NULL when the server does not say
 *
 * Since: 1.0
 */
const char *
smtp_oauth_failure_get_schemes (SmtpOauthFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->schemes;
}

/**
 * smtp_oauth_failure_get_openid_configuration:
 * @self: a failure
 *
 * The URL of a document that says where a token can be had (RFC 7628 §3.2.2).
 * It is the server's word: before anybody's password is given to what it names,
 * make sure that it is `https` and belongs to the account's provider.
 *
 * Returns: (nullable): the URL, or %NULL when the server does not say
 *
 * Since: 1.0
 */
const char *
smtp_oauth_failure_get_openid_configuration (SmtpOauthFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->openid_configuration;
}
