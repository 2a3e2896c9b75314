/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "pieces.h"
#include "smtp-base64.h"
#include "smtp-oauth-failure-private.h"

#define REPLACEMENT "\357\277\275"

static SmtpOauthFailure *
parse (const char *document,
       gsize       length)
{
  SmtpMask mask = { NULL };

  return smtp_oauth_failure_parse (document, length, &mask);
}

/* ---- what servers send ------------------------------------------------------ */

static const struct
{
  const char *document;
  const char *status;
  const char *scope;
  const char *schemes;
  const char *configuration;
} documents[] = {
  { "{\"status\":\"400\"}", "400", NULL, NULL, NULL },
  { "{\"status\":400}", "400", NULL, NULL, NULL },
  { "{\"status\":-1}", "-1", NULL, NULL, NULL },
  { " {\r\n \"scope\" : \"a b\" ,\t\"status\":\"401\"}\n", "401", "a b", NULL, NULL },
  { "{}", NULL, NULL, NULL, NULL },
  { "{\"error\":\"what else\",\"status\":\"401\"}", "401", NULL, NULL, NULL },
  /* of another type */
  { "{\"status\":4.5,\"scope\":true,\"schemes\":null}", NULL, NULL, NULL, NULL },
  { "{\"status\":[\"401\"],\"scope\":{\"scope\":\"a\"}}", NULL, NULL, NULL, NULL },
  { "{\"Status\":\"401\"}", NULL, NULL, NULL, NULL },
  /* what must not reach a terminal */
  { "{\"status\":\"\\u001b[31m4\\r\\n250 ok\"}", REPLACEMENT "[31m4" REPLACEMENT REPLACEMENT "250 ok", NULL, NULL, NULL },
  { "{\"scope\":\"\\u202egnp\\u0085\"}", NULL, REPLACEMENT "gnp" REPLACEMENT, NULL, NULL },
  { "{\"scope\":\"a\\tb\"}", NULL, "a b", NULL, NULL },
  { "{\"scope\":\"\\u00e4\303\244\"}", NULL, "\303\244\303\244", NULL, NULL },
};

static void
test_documents (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autoptr (SmtpOauthFailure) failure = parse (documents[i].document, strlen (documents[i].document));

      g_assert_nonnull (failure);
      g_assert_cmpstr (smtp_oauth_failure_get_status (failure), ==, documents[i].status);
      g_assert_cmpstr (smtp_oauth_failure_get_scope (failure), ==, documents[i].scope);
      g_assert_cmpstr (smtp_oauth_failure_get_schemes (failure), ==, documents[i].schemes);
      g_assert_cmpstr (smtp_oauth_failure_get_openid_configuration (failure), ==, documents[i].configuration);
    }
}

/* As they are published, in base64: RFC 7628 §4.3 and §4.4, and Google's
 * description of XOAUTH2. */
static const struct
{
  const char *encoded;
  const char *status;
  const char *scope;
  const char *schemes;
  const char *configuration;
} published[] = {
  { "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwi"
    "b3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtu"
    "b3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=",
    "invalid_token", "example_scope", NULL, "https://example.com/.well-known/openid-configuration" },
  { "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NoZW1lcyI6ImJlYXJlciIsInNjb3Bl"
    "IjoiaHR0cHM6Ly9tYWlsLmV4YW1wbGUuY29tLyJ9",
    "invalid_token", "https://mail.example.com/", "bearer", NULL },
  { "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0"
    "cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K",
    "401", "https://mail.google.com/", "bearer mac", NULL },
};

static void
test_published (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (published); i++)
    {
      gsize length;
      g_autofree guint8 *document = smtp_base64_decode (published[i].encoded, strlen (published[i].encoded), &length);
      g_autoptr (SmtpOauthFailure) failure = parse ((char *) document, length);

      g_assert_cmpstr (smtp_oauth_failure_get_status (failure), ==, published[i].status);
      g_assert_cmpstr (smtp_oauth_failure_get_scope (failure), ==, published[i].scope);
      g_assert_cmpstr (smtp_oauth_failure_get_schemes (failure), ==, published[i].schemes);
      g_assert_cmpstr (smtp_oauth_failure_get_openid_configuration (failure), ==, published[i].configuration);
    }
}

/* ---- what nobody should send -------------------------------------------------- */

static const struct
{
  const char *document;
  gsize       length;
} refused[] = {
  { OCTETS ("") },
  { OCTETS (" ") },
  { OCTETS ("null") },
  { OCTETS ("\"401\"") },
  { OCTETS ("401") },
  { OCTETS ("[{\"status\":\"401\"}]") },
  { OCTETS ("{") },
  { OCTETS ("}") },
  { OCTETS ("{\"status\"") },
  { OCTETS ("{\"status\":\"401") },
  { OCTETS ("{\"status\":\"401\"") },
  { OCTETS ("{status:401}") },
  { OCTETS ("{\"status\":\"\377\"}") },
  { OCTETS ("{\"status\":\"4\0001\"}") },
  { OCTETS ("<html>Sign in</html>") },
};

static void
test_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    g_assert_null (parse (refused[i].document, refused[i].length));
}

#define LIMIT 4096

/* An object of so many octets. */
static char *
make_document (gsize length)
{
  const gsize around = strlen ("{\"status\":\"\"}");
  g_autofree char *status = g_strnfill (length - around, '4');

  return g_strconcat ("{\"status\":\"", status, "\"}", NULL);
}

static void
test_limit (void)
{
  g_autofree char *longest = make_document (LIMIT);
  g_autofree char *longer = make_document (LIMIT + 1);
  g_autoptr (SmtpOauthFailure) failure = parse (longest, strlen (longest));

  g_assert_nonnull (failure);
  g_assert_null (parse (longer, strlen (longer)));
}

static void
test_deep (void)
{
  for (guint depth = 1; depth < LIMIT / 2; depth += 97)
    {
      g_autofree char *open = g_strnfill (depth, '[');
      g_autofree char *close = g_strnfill (depth, ']');
      g_autofree char *closed = g_strconcat ("{\"a\":", open, close, "}", NULL);
      g_autoptr (SmtpOauthFailure) failure = parse (closed, strlen (closed));

      g_assert_null (parse (open, depth));
      g_assert_true (failure != NULL || strlen (closed) > LIMIT);
    }
}

/* ---- the rest ------------------------------------------------------------------ */

#define SENT "user=joe\001auth=Bearer tok3n\001\001"

static void
test_masked (void)
{
  const char *document = "{\"status\":\"tok3n\",\"scope\":\"is dG9rM24= or \\u0074ok3n\"}";
  g_autofree char *encoded = smtp_base64_encode (SENT, strlen (SENT));
  g_autoptr (SmtpOauthFailure) failure = NULL;
  SmtpMask mask = { NULL };

  smtp_mask_add (&mask, encoded, SENT, strlen (SENT));
  failure = smtp_oauth_failure_parse (document, strlen (document), &mask);
  smtp_mask_clear (&mask);
  g_assert_cmpstr (smtp_oauth_failure_get_status (failure), ==, "****");
  g_assert_cmpstr (smtp_oauth_failure_get_scope (failure), ==, "is **** or ****");
}

static void
test_boxed (void)
{
  g_autoptr (SmtpOauthFailure) failure = parse ("{\"status\":1}", strlen ("{\"status\":1}"));
  SmtpOauthFailure *copy = g_boxed_copy (SMTP_TYPE_OAUTH_FAILURE, failure);

  g_assert_true (copy == failure);
  g_boxed_free (SMTP_TYPE_OAUTH_FAILURE, copy);
  g_assert_cmpstr (smtp_oauth_failure_get_status (failure), ==, "1");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oauth-failure/documents", test_documents);
  g_test_add_func ("/oauth-failure/published", test_published);
  g_test_add_func ("/oauth-failure/refused", test_refused);
  g_test_add_func ("/oauth-failure/limit", test_limit);
  g_test_add_func ("/oauth-failure/deep", test_deep);
  g_test_add_func ("/oauth-failure/masked", test_masked);
  g_test_add_func ("/oauth-failure/boxed", test_boxed);
  return g_test_run ();
}
