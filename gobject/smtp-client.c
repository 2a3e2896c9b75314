/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-client-private.h"

#include <glib/gi18n-lib.h>

#include "smtp-capability-set.h"
#include "smtp-connector.h"
#include "smtp-enum-types.h"
#include "smtp-error.h"
#include "smtp-reply-private.h"
#include "smtp-server-info-private.h"
#include "smtp-server-uri.h"
#include "smtp-tls.h"

/**
 * SmtpClient:
 *
 * A connection to a mail server, by SMTP (RFC 5321).
 *
 * A client is created, opened once, used for any number of messages, and ended
 * by [method@Client.quit]:
 *
 * ```c
 * g_autoptr (SmtpClient) client = smtp_client_new ("mail.example.org", 587, SMTP_SECURITY_STARTTLS);
 * g_autoptr (SmtpAuth) auth = smtp_plain_auth_new (NULL, "user", password, "mail.example.org");
 * g_autoptr (GOutputStream) content = NULL;
 *
 * if (!smtp_client_open (client, NULL, &error) ||
 *     !smtp_client_authenticate (client, auth, NULL, &error) ||
 *     !smtp_client_mail (client, "sender@example.org", NULL, NULL, &error) ||
 *     !smtp_client_rcpt (client, "recipient@example.net", NULL, NULL, &error))
 *   return FALSE;
 *
 * content = smtp_client_data (client, NULL, &error);
 * if (content == NULL ||
 *     !g_output_stream_write_all (content, message, length, NULL, NULL, &error) ||
 *     !g_output_stream_close (content, NULL, &error))
 *   return FALSE;
 *
 * smtp_client_quit (client, NULL, NULL);
 * ```
 *
 * [func@send_mail] does all of that in one call. [method@Client.send] sends a
 * [class@Message], which holds envelope and content, in as few round trips as
 * the server allows.
 *
 * # Synchronous and asynchronous
 *
 * Each operation has both forms, and the two do the same. One operation runs
 * at a time; a second one is refused with `G_IO_ERROR_PENDING`, but for
 * [method@Client.send_async], which queues its message. A client is
 * used from one thread at a time. Asynchronous operations report to the
 * thread-default main context they were started in.
 *
 * # Errors
 *
 * A refusal by the server (`REFUSED_TEMPORARY`, `REFUSED_PERMANENT`) leaves the
 * connection as usable as before, and so does an error about an argument or
 * the order of calls, which is found before anything is written. A lost
 * connection, a time-out, a cancellation in mid-command and a server that
 * speaks no SMTP end it: the state is [enum@Smtp.ClientState.broken] then.
 * [method@Client.get_last_reply] has what the server said last.
 *
 * When the whole content was sent and no verdict came, the error is
 * `OUTCOME_UNKNOWN`: the message may have been accepted.
 *
 * # Secrets
 *
 * Passwords are not sent in clear text, except within the machine. See
 * [class@PlainAuth]. They do not appear in [signal@Client::transcript].
 *
 * Since: 1.0
 */

#define DEFAULT_TIMEOUT 300

enum
{
  PROP_0,
  PROP_HOST,
  PROP_PORT,
  PROP_SECURITY,
  PROP_STREAM,
  PROP_SERVER_NAME,
  PROP_LOCAL_NAME,
  PROP_TIMEOUT,
  PROP_TLS_DATABASE,
  PROP_TLS_INTERACTION,
  PROP_TLS_CERTIFICATE,
  PROP_PROXY_RESOLVER,
  PROP_STREAM_IS_SECURE,
  PROP_STAY_OPEN_AFTER_REFUSAL,
  PROP_PIPELINE_MESSAGES,
  PROP_WINDOW,
  PROP_STATE,
  PROP_CAPABILITIES,
  PROP_LAST_REPLY,
  PROP_TLS_CONNECTION,
  PROP_AUTHENTICATED,
  N_PROPS
};

enum
{
  ACCEPT_CERTIFICATE,
  TRANSCRIPT,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SmtpClient, smtp_client, G_TYPE_OBJECT)

/* ---- what is announced ---------------------------------------------------- */

/*< private >
 * Has the engine keep a log while somebody listens to it.
 */
void
smtp_client_prepare_log (SmtpClient *self)
{
  smtp_engine_set_log (self->engine, g_signal_has_handler_pending (self, signals[TRANSCRIPT], 0, FALSE));
}

static void
emit_transcript (SmtpClient *self)
{
  g_autoptr (GPtrArray) log = smtp_engine_take_log (self->engine);

  for (guint i = 0; log != NULL && i < log->len; i++)
    {
      const SmtpLogLine *line = g_ptr_array_index (log, i);

      g_signal_emit (self, signals[TRANSCRIPT], 0, line->direction, line->text);
    }
}

/* The reply itself is made when somebody asks for it. */
static void
update_reply (SmtpClient *self)
{
  self->reply_count = smtp_engine_get_reply_count (self->engine);
  g_clear_pointer (&self->last_reply, smtp_reply_unref);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAST_REPLY]);
}

static void
update_capabilities (SmtpClient *self)
{
  SmtpCapabilities *capabilities = smtp_engine_get_capabilities (self->engine);

  if (capabilities == self->capabilities)
    return;

  g_clear_pointer (&self->capabilities, smtp_capabilities_unref);
  self->capabilities = smtp_capabilities_ref (capabilities);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPABILITIES]);
}

static void
update_state (SmtpClient *self)
{
  SmtpClientState state = smtp_engine_get_state (self->engine);
  gboolean authenticated = smtp_engine_is_authenticated (self->engine);

  if (state != self->state)
    {
      self->state = state;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
    }

  if (authenticated != self->authenticated)
    {
      self->authenticated = authenticated;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AUTHENTICATED]);
    }
}

static gboolean
has_news (SmtpClient *self)
{
  return smtp_engine_get_reply_count (self->engine) != self->reply_count ||
         smtp_engine_get_state (self->engine) != self->state ||
         smtp_engine_is_authenticated (self->engine) != self->authenticated ||
         smtp_engine_get_capabilities (self->engine) != self->capabilities;
}

/*< private >
 * Tells what has changed since the last time. Handlers may do anything,
 * dropping the last reference included, so it is called between two steps of
 * an operation and not inside one.
 */
void
smtp_client_publish (SmtpClient *self)
{
    /* This is done for each message, and mostly there is nobody to tell. */
  if (!has_news (self) && !smtp_engine_has_log (self->engine))
    return;

  g_object_ref (self);
  g_object_freeze_notify (G_OBJECT (self));
  if (smtp_engine_get_reply_count (self->engine) != self->reply_count)
    update_reply (self);
  update_capabilities (self);
  update_state (self);
  emit_transcript (self);
  g_object_thaw_notify (G_OBJECT (self));
  g_object_unref (self);
}

static gboolean
on_publish (gpointer user_data)
{
  g_autoptr (SmtpClient) self = g_weak_ref_get (user_data);

  if (self != NULL)
    smtp_client_publish (self);
  return G_SOURCE_REMOVE;
}

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/*< private >
 * The same from the main loop, where emitting at once is not allowed: inside a
 * dispose, which may be a garbage collector's.
 */
void
smtp_client_publish_later (SmtpClient *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  GWeakRef *weak = g_new (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  g_source_set_static_name (source, "[smtp-glib] publish");
  g_source_set_callback (source, on_publish, weak, weak_ref_free);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* ---- the connection ------------------------------------------------------- */

/* Whether the caller's stream, or the one that was connected, lets a secret
 * travel in clear text. */
static gboolean
is_stream_local (SmtpClient *self,
                 GIOStream  *stream,
                 gboolean    via_proxy)
{
  if (self->host == NULL)
    return self->stream_is_secure;

  return !via_proxy && smtp_connector_is_local (stream);
}

/*< private >
 * Takes a stream into use.
 */
gboolean
smtp_client_adopt_stream (SmtpClient *self,
                          GIOStream  *stream,
                          gboolean    via_proxy,
                          GError    **error)
{
  self->connection = smtp_connection_new (stream, self->engine, self->server_name, error);
  if (self->connection == NULL)
    return FALSE;

  smtp_connection_set_timeout (self->connection, self->timeout);
  self->via_proxy = via_proxy;
  self->local = is_stream_local (self, stream, via_proxy);
  if (G_IS_TLS_CONNECTION (stream))
    smtp_engine_set_tls (self->engine);
  return TRUE;
}

/*< private >
 * Begins to speak.
 */
gboolean
smtp_client_enter (SmtpClient *self,
                   GError    **error)
{
  GSocket *socket = self->via_proxy ? NULL : smtp_connection_get_socket (self->connection);
  g_autofree char *literal = NULL;

  if (self->local_name == NULL)
    literal = smtp_connector_local_literal (socket);

  return smtp_engine_open (self->engine, self->security,
                           self->local_name != NULL ? self->local_name : literal, error);
}

/*< private >
 * Closes what is left of a connection that the engine has given up.
 */
void
smtp_client_ended (SmtpClient *self)
{
  if (self->connection == NULL || self->closed)
    return;

  self->closed = TRUE;
  smtp_connection_abort (self->connection);
}

/*< private >
 * Whether the server has proved who it is.
 */
gboolean
smtp_client_is_tls_verified (SmtpClient *self)
{
  GIOStream *stream = self->connection != NULL ? smtp_connection_get_stream (self->connection) : NULL;

  return G_IS_TLS_CONNECTION (stream) &&
         g_tls_connection_get_peer_certificate_errors (G_TLS_CONNECTION (stream)) == 0;
}

/*< private >
 * What a mechanism may know.
 */
SmtpServerInfo *
smtp_client_describe_server (SmtpClient *self)
{
  SmtpCapabilities *capabilities = smtp_engine_get_capabilities (self->engine);

  return smtp_server_info_new (self->server_name,
                               smtp_connection_get_tls (self->connection),
                               self->local,
                               smtp_capabilities_get_auth_mechanisms (capabilities));
}

/* ---- TLS ------------------------------------------------------------------ */

static gboolean
ask_for_certificate (SmtpClient           *self,
                     GTlsCertificate      *certificate,
                     GTlsCertificateFlags  errors)
{
  gboolean accepted = FALSE;

  self->asked = TRUE;
  g_signal_emit (self, signals[ACCEPT_CERTIFICATE], 0, certificate, errors, &accepted);
  return accepted;
}

static gboolean
on_accept_certificate (GTlsConnection      *tls,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       SmtpClient          *self)
{
  return ask_for_certificate (self, certificate, errors);
}

/*< private >
 * The TLS connection above what there is, its handshake to be done.
 */
GTlsConnection *
smtp_client_create_tls (SmtpClient *self,
                        GError    **error)
{
  const SmtpTlsSettings settings = {
    .server_name = self->server_name,
    .port = self->port,
    .database = self->tls_database,
    .certificate = self->tls_certificate,
    .interaction = self->tls_interaction,
  };
  GTlsConnection *tls = smtp_tls_connection_new (smtp_connection_get_base (self->connection), &settings, error);

  self->asked = FALSE;
  if (tls != NULL)
    g_signal_connect_object (tls, "accept-certificate", G_CALLBACK (on_accept_certificate), self, 0);
  return tls;
}

/*< private >
 * Whether a handshake that succeeded may be trusted. A resumed session brings
 * the errors that somebody accepted when it began, perhaps another client, and
 * does not ask again: then we do.
 */
gboolean
smtp_client_certificate_stands (SmtpClient     *self,
                                GTlsConnection *tls,
                                GError        **error)
{
  GTlsCertificateFlags errors = g_tls_connection_get_peer_certificate_errors (tls);
  GTlsCertificate *certificate = g_tls_connection_get_peer_certificate (tls);

  if (errors == 0 || self->asked)
    return TRUE;

  if (certificate != NULL && ask_for_certificate (self, certificate, errors))
    return TRUE;

  g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, _("Unacceptable TLS certificate"));
  return FALSE;
}

void
smtp_client_tls_established (SmtpClient *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TLS_CONNECTION]);
}

/* ---- GObject -------------------------------------------------------------- */

static void
smtp_client_constructed (GObject *object)
{
  SmtpClient *self = SMTP_CLIENT (object);

  G_OBJECT_CLASS (smtp_client_parent_class)->constructed (object);

  if (self->server_name == NULL)
    self->server_name = g_strdup (self->host != NULL ? self->host : "localhost");
  self->engine = smtp_engine_new (self->server_name);
  smtp_engine_set_stay_open (self->engine, self->stay_open);
  self->capabilities = smtp_capabilities_ref (smtp_engine_get_capabilities (self->engine));
}

static void
smtp_client_dispose (GObject *object)
{
  SmtpClient *self = SMTP_CLIENT (object);

  smtp_client_ended (self);
  g_clear_object (&self->stream);
  g_clear_object (&self->tls_database);
  g_clear_object (&self->tls_certificate);
  g_clear_object (&self->tls_interaction);
  g_clear_object (&self->proxy_resolver);
  G_OBJECT_CLASS (smtp_client_parent_class)->dispose (object);
}

static void
smtp_client_finalize (GObject *object)
{
  SmtpClient *self = SMTP_CLIENT (object);

  g_clear_pointer (&self->connection, smtp_connection_free);
  g_clear_pointer (&self->engine, smtp_engine_free);
  g_clear_pointer (&self->capabilities, smtp_capabilities_unref);
  g_clear_pointer (&self->last_reply, smtp_reply_unref);
  g_free (self->host);
  g_free (self->server_name);
  g_free (self->local_name);
  G_OBJECT_CLASS (smtp_client_parent_class)->finalize (object);
}

static void
smtp_client_get_property (GObject    *object,
                          guint       id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  SmtpClient *self = SMTP_CLIENT (object);

  switch (id)
    {
    case PROP_HOST:
      g_value_set_string (value, self->host);
      break;
    case PROP_PORT:
      g_value_set_uint (value, self->port);
      break;
    case PROP_SECURITY:
      g_value_set_enum (value, self->security);
      break;
    case PROP_STREAM:
      g_value_set_object (value, self->stream);
      break;
    case PROP_SERVER_NAME:
      g_value_set_string (value, self->server_name);
      break;
    case PROP_LOCAL_NAME:
      g_value_set_string (value, self->local_name);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;
    case PROP_TLS_DATABASE:
      g_value_set_object (value, self->tls_database);
      break;
    case PROP_TLS_INTERACTION:
      g_value_set_object (value, self->tls_interaction);
      break;
    case PROP_TLS_CERTIFICATE:
      g_value_set_object (value, self->tls_certificate);
      break;
    case PROP_PROXY_RESOLVER:
      g_value_set_object (value, self->proxy_resolver);
      break;
    case PROP_STREAM_IS_SECURE:
      g_value_set_boolean (value, self->stream_is_secure);
      break;
    case PROP_STAY_OPEN_AFTER_REFUSAL:
      g_value_set_boolean (value, self->stay_open);
      break;
    case PROP_PIPELINE_MESSAGES:
      g_value_set_boolean (value, self->pipeline_messages);
      break;
    case PROP_WINDOW:
      g_value_set_uint (value, self->window);
      break;
    case PROP_STATE:
      g_value_set_enum (value, smtp_client_get_state (self));
      break;
    case PROP_CAPABILITIES:
      g_value_set_boxed (value, self->capabilities);
      break;
    case PROP_LAST_REPLY:
      g_value_set_boxed (value, smtp_client_get_last_reply (self));
      break;
    case PROP_TLS_CONNECTION:
      g_value_set_object (value, smtp_client_get_tls_connection (self));
      break;
    case PROP_AUTHENTICATED:
      g_value_set_boolean (value, smtp_client_get_authenticated (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
smtp_client_set_property (GObject      *object,
                          guint         id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  SmtpClient *self = SMTP_CLIENT (object);

  switch (id)
    {
    case PROP_HOST:
      self->host = g_value_dup_string (value);
      break;
    case PROP_PORT:
      self->port = g_value_get_uint (value);
      break;
    case PROP_SECURITY:
      self->security = g_value_get_enum (value);
      break;
    case PROP_STREAM:
      self->stream = g_value_dup_object (value);
      break;
    case PROP_SERVER_NAME:
      self->server_name = g_value_dup_string (value);
      break;
    case PROP_LOCAL_NAME:
      smtp_client_set_local_name (self, g_value_get_string (value));
      break;
    case PROP_TIMEOUT:
      smtp_client_set_timeout (self, g_value_get_uint (value));
      break;
    case PROP_TLS_DATABASE:
      smtp_client_set_tls_database (self, g_value_get_object (value));
      break;
    case PROP_TLS_INTERACTION:
      smtp_client_set_tls_interaction (self, g_value_get_object (value));
      break;
    case PROP_TLS_CERTIFICATE:
      smtp_client_set_tls_certificate (self, g_value_get_object (value));
      break;
    case PROP_PROXY_RESOLVER:
      smtp_client_set_proxy_resolver (self, g_value_get_object (value));
      break;
    case PROP_STREAM_IS_SECURE:
      smtp_client_set_stream_is_secure (self, g_value_get_boolean (value));
      break;
    case PROP_STAY_OPEN_AFTER_REFUSAL:
      smtp_client_set_stay_open_after_refusal (self, g_value_get_boolean (value));
      break;
    case PROP_PIPELINE_MESSAGES:
      smtp_client_set_pipeline_messages (self, g_value_get_boolean (value));
      break;
    case PROP_WINDOW:
      smtp_client_set_window (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* What is fixed when the client is created. */
static void
install_construct_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * SmtpClient:host:
   *
   * The server's host name or address; %NULL for a client of a stream.
   *
   * Since: 1.0
   */
  properties[PROP_HOST] = g_param_spec_string ("host", NULL, NULL, NULL, flags);

  /**
   * SmtpClient:port:
   *
   * The server's port: 25 between servers, 587 for submission with STARTTLS,
   * 465 for submission over implicit TLS.
   *
   * Since: 1.0
   */
  properties[PROP_PORT] = g_param_spec_uint ("port", NULL, NULL, 0, G_MAXUINT16, 25, flags);

  /**
   * SmtpClient:security:
   *
   * How the connection is secured.
   *
   * Since: 1.0
   */
  properties[PROP_SECURITY] = g_param_spec_enum ("security", NULL, NULL, SMTP_TYPE_SECURITY,
                                                 SMTP_SECURITY_OPPORTUNISTIC, flags);

  /**
   * SmtpClient:stream:
   *
   * The stream to speak over, for a client that does not connect by itself.
   *
   * Since: 1.0
   */
  properties[PROP_STREAM] = g_param_spec_object ("stream", NULL, NULL, G_TYPE_IO_STREAM, flags);

  /**
   * SmtpClient:server-name:
   *
   * The name the server is known by: what its certificate must be for, what
   * errors call it, and the host that passwords belong to.
   * [property@Client:host], unless a client is created with a stream.
   *
   * Since: 1.0
   */
  properties[PROP_SERVER_NAME] = g_param_spec_string ("server-name", NULL, NULL, NULL, flags);
}

/* What may be set until the client is opened. */
static void
install_settings (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * SmtpClient:local-name:
   *
   * The name to introduce oneself by with `EHLO`: a domain or an address
   * literal (RFC 5321 §4.1.1.1). %NULL for the address literal of the local
   * end, which any server takes and which tells it nothing new.
   *
   * Since: 1.0
   */
  properties[PROP_LOCAL_NAME] = g_param_spec_string ("local-name", NULL, NULL, NULL, flags);

  /**
   * SmtpClient:timeout:
   *
   * Seconds to wait for an ordinary reply, 0 for ever.
   *
   * Other waits are in the proportion of RFC 5321 §4.5.3.2: two fifths for the
   * reply to `DATA`, three fifths for a block of content to leave, twice as
   * much for the verdict on a message. Connecting and the TLS handshake have
   * as long as a reply. A reply that trickles in does not extend the time. The
   * answer to `QUIT` is waited for two seconds at the most, also with 0.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_TIMEOUT, flags);

  /**
   * SmtpClient:tls-database:
   *
   * The authorities that certificates are verified against; %NULL for those of
   * the system.
   *
   * Since: 1.0
   */
  properties[PROP_TLS_DATABASE] = g_param_spec_object ("tls-database", NULL, NULL, G_TYPE_TLS_DATABASE, flags);

  /**
   * SmtpClient:tls-interaction:
   *
   * Who is asked for the PIN of a token or the client's certificate.
   *
   * Since: 1.0
   */
  properties[PROP_TLS_INTERACTION] = g_param_spec_object ("tls-interaction", NULL, NULL, G_TYPE_TLS_INTERACTION, flags);

  /**
   * SmtpClient:tls-certificate:
   *
   * The client's own certificate, for servers that ask for one.
   *
   * Since: 1.0
   */
  properties[PROP_TLS_CERTIFICATE] = g_param_spec_object ("tls-certificate", NULL, NULL, G_TYPE_TLS_CERTIFICATE, flags);

  /**
   * SmtpClient:proxy-resolver:
   *
   * Which proxies to connect through; %NULL for those of the system, which
   * are not asked about `localhost` and loopback addresses.
   *
   * Since: 1.0
   */
  properties[PROP_PROXY_RESOLVER] = g_param_spec_object ("proxy-resolver", NULL, NULL, G_TYPE_PROXY_RESOLVER, flags);

  /**
   * SmtpClient:stream-is-secure:
   *
   * Whether a stream that the client was created with is protected by other
   * means, so that a password may travel over it without TLS: a tunnel, a
   * socket pair. It has no effect on a client that connects by itself.
   *
   * Since: 1.0
   */
  properties[PROP_STREAM_IS_SECURE] = g_param_spec_boolean ("stream-is-secure", NULL, NULL, FALSE, flags);

  /**
   * SmtpClient:stay-open-after-refusal:
   *
   * Whether a failed [method@Client.authenticate] leaves the connection open
   * and unauthenticated, for another try. Otherwise it ends the connection, so
   * that nothing is sent unauthenticated by mistake.
   *
   * Since: 1.0
   */
  properties[PROP_STAY_OPEN_AFTER_REFUSAL] = g_param_spec_boolean ("stay-open-after-refusal", NULL, NULL, FALSE, flags);

  /**
   * SmtpClient:pipeline-messages:
   *
   * Whether the envelope of the next message travels behind the content of the
   * last, as `RSET`, `MAIL`, `RCPT` in one group (RFC 2920 §3.1), when messages
   * are queued by [method@Client.send_async]. It saves a round trip for each
   * with servers that offer PIPELINING and no CHUNKING.
   *
   * The RFC allows it and some servers do not live up to it: they may deliver
   * the message and lose the reply, so that it is sent twice. It is off unless
   * asked for.
   *
   * Since: 1.0
   */
  properties[PROP_PIPELINE_MESSAGES] = g_param_spec_boolean ("pipeline-messages", NULL, NULL, FALSE, flags);

  /**
   * SmtpClient:window:
   *
   * How many messages may be under way at once, when they are queued by
   * [method@Client.send_async] for a server that offers CHUNKING and
   * PIPELINING. With more than 1 their number per round trip grows, and so does
   * the number of messages whose outcome is unknown when the connection is
   * lost. What is said at [property@Client:pipeline-messages] about servers
   * holds here, too.
   *
   * Since: 1.0
   */
  properties[PROP_WINDOW] = g_param_spec_uint ("window", NULL, NULL, 1, 1000, 1, flags);
}

/* What is found out. */
static void
install_state (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * SmtpClient:state:
   *
   * Where the connection stands.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, SMTP_TYPE_CLIENT_STATE,
                                              SMTP_CLIENT_STATE_NEW, flags);

  /**
   * SmtpClient:capabilities:
   *
   * What the server offers. Empty before `EHLO` was answered.
   *
   * Since: 1.0
   */
  properties[PROP_CAPABILITIES] = g_param_spec_boxed ("capabilities", NULL, NULL, SMTP_TYPE_CAPABILITIES, flags);

  /**
   * SmtpClient:last-reply:
   *
   * What the server said last, %NULL before its greeting.
   *
   * Since: 1.0
   */
  properties[PROP_LAST_REPLY] = g_param_spec_boxed ("last-reply", NULL, NULL, SMTP_TYPE_REPLY, flags);

  /**
   * SmtpClient:tls-connection:
   *
   * The TLS connection, with its protocol version, cipher suite, the server's
   * certificate and what was found wrong with it; %NULL until it stands.
   *
   * Since: 1.0
   */
  properties[PROP_TLS_CONNECTION] = g_param_spec_object ("tls-connection", NULL, NULL, G_TYPE_TLS_CONNECTION, flags);

  /**
   * SmtpClient:authenticated:
   *
   * Whether [method@Client.authenticate] has succeeded.
   *
   * Since: 1.0
   */
  properties[PROP_AUTHENTICATED] = g_param_spec_boolean ("authenticated", NULL, NULL, FALSE, flags);
}

static void
install_signals (void)
{
  /**
   * SmtpClient::accept-certificate:
   * @self: the client
   * @certificate: the server's certificate
   * @errors: what is wrong with it
   *
   * Emitted when the server's certificate does not verify.
   *
   * Return %TRUE to go on all the same, for this connection: after asking the
   * user, or because the certificate is known. Without a handler that does,
   * the connection ends with `G_TLS_ERROR_BAD_CERTIFICATE`. It is emitted in
   * the thread of the operation, and also when a TLS session is resumed that
   * began with an accepted certificate. [property@Client:tls-connection] is
   * still %NULL.
   *
   * Returns: %TRUE to accept the certificate
   *
   * Since: 1.0
   */
  signals[ACCEPT_CERTIFICATE] =
    g_signal_new ("accept-certificate", SMTP_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, G_TYPE_TLS_CERTIFICATE, G_TYPE_TLS_CERTIFICATE_FLAGS);

  /**
   * SmtpClient::transcript:
   * @self: the client
   * @direction: which way it went
   * @text: a line, without its end
   *
   * Emitted for each line of the conversation, for logs.
   *
   * Secrets are replaced by `****`: all of an authentication but its command
   * and the name of the mechanism, and whatever a reply repeats of it. Of a
   * message's content the number of octets is told. The text is valid UTF-8
   * without control characters.
   *
   * Since: 1.0
   */
  signals[TRANSCRIPT] =
    g_signal_new ("transcript", SMTP_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, NULL,
                  G_TYPE_NONE, 2, SMTP_TYPE_DIRECTION, G_TYPE_STRING);
}

static void
smtp_client_class_init (SmtpClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = smtp_client_constructed;
  object_class->dispose = smtp_client_dispose;
  object_class->finalize = smtp_client_finalize;
  object_class->get_property = smtp_client_get_property;
  object_class->set_property = smtp_client_set_property;

  install_construct_properties ();
  install_settings ();
  install_state ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
  install_signals ();
}

static void
smtp_client_init (SmtpClient *self)
{
  self->timeout = DEFAULT_TIMEOUT;
  self->window = 1;
}

/* ---- constructors --------------------------------------------------------- */

/**
 * smtp_client_new:
 * @host: the server's host name or address
 * @port: its port
 * @security: how to secure the connection
 *
 * Creates a client of a server. Nothing is connected before
 * [method@Client.open].
 *
 * Returns: (transfer full): a new client
 *
 * Since: 1.0
 */
SmtpClient *
smtp_client_new (const char   *host,
                 guint16       port,
                 SmtpSecurity  security)
{
  g_return_val_if_fail (host != NULL && *host != '\0', NULL);

  return g_object_new (SMTP_TYPE_CLIENT, "host", host, "port", port, "security", security, NULL);
}

/**
 * smtp_client_new_for_uri:
 * @uri: `host:port`, or a URI
 * @error: return location for an error
 *
 * Creates a client of a server that is named in one string.
 *
 * - `host:port`, `host` and `smtp://host[:port]`: port 25, TLS when offered
 * - `submission://host[:port]`: port 587, STARTTLS required
 * - `smtps://host[:port]`, also `submissions://`: port 465, implicit TLS
 *   (RFC 8314)
 *
 * An IPv6 address stands in brackets.
 *
 * Returns: (transfer full): a new client, or %NULL with
 *   `SMTP_CLIENT_ERROR_INVALID_ARGUMENT` for anything else; a user name or
 *   password has no place in the URI
 *
 * Since: 1.0
 */
SmtpClient *
smtp_client_new_for_uri (const char *uri,
                         GError    **error)
{
  g_auto (SmtpServerUri) server = { NULL };

  g_return_val_if_fail (uri != NULL, NULL);

  if (!smtp_server_uri_parse (uri, &server, error))
    return NULL;

  return smtp_client_new (server.host, server.port, server.security);
}

/**
 * smtp_client_new_for_stream:
 * @stream: a connected stream, at the beginning of a session
 * @server_name: the name the server is known by
 *
 * Creates a client that speaks over a stream of the caller's: a socket, one
 * end of a socket pair, anything whose two sides can be polled. One that
 * cannot be is refused by [method@Client.open].
 *
 * No TLS is begun by itself; [method@Client.start_tls] can do so. A stream
 * that is a [class@Gio.TlsConnection] is taken as it is. The client closes the
 * stream in the end.
 *
 * Returns: (transfer full): a new client
 *
 * Since: 1.0
 */
SmtpClient *
smtp_client_new_for_stream (GIOStream  *stream,
                            const char *server_name)
{
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);
  g_return_val_if_fail (server_name != NULL, NULL);

  return g_object_new (SMTP_TYPE_CLIENT,
                       "stream", stream,
                       "server-name", server_name,
                       "security", SMTP_SECURITY_NONE,
                       NULL);
}

/* ---- accessors ------------------------------------------------------------ */

/**
 * smtp_client_get_host: (get-property host)
 * @self: a client
 *
 * The server's host.
 *
 * Returns: (nullable): the host name or address, %NULL for a client of a
 *   stream
 *
 * Since: 1.0
 */
const char *
smtp_client_get_host (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->host;
}

/**
 * smtp_client_get_port: (get-property port)
 * @self: a client
 *
 * The server's port.
 *
 * Returns: the port
 *
 * Since: 1.0
 */
guint16
smtp_client_get_port (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), 0);

  return self->port;
}

/**
 * smtp_client_get_security: (get-property security)
 * @self: a client
 *
 * How the connection is secured.
 *
 * Returns: what was asked for; [method@Client.get_tls_connection] tells what
 *   there is
 *
 * Since: 1.0
 */
SmtpSecurity
smtp_client_get_security (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), SMTP_SECURITY_NONE);

  return self->security;
}

/**
 * smtp_client_get_stream: (get-property stream)
 * @self: a client
 *
 * The stream that the client was created with.
 *
 * Returns: (transfer none) (nullable): the stream, or %NULL
 *
 * Since: 1.0
 */
GIOStream *
smtp_client_get_stream (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->stream;
}

/**
 * smtp_client_get_server_name: (get-property server-name)
 * @self: a client
 *
 * The name the server is known by.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
smtp_client_get_server_name (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->server_name;
}

/**
 * smtp_client_get_local_name: (get-property local-name)
 * @self: a client
 *
 * The name the client introduces itself by.
 *
 * Returns: (nullable): the name, %NULL for the address literal
 *
 * Since: 1.0
 */
const char *
smtp_client_get_local_name (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->local_name;
}

/**
 * smtp_client_set_local_name: (set-property local-name)
 * @self: a client
 * @local_name: (nullable): a domain or an address literal, %NULL for the
 *   address literal of the local end
 *
 * Sets the name to introduce oneself by, for [method@Client.open]. A name that
 * is neither is refused there.
 *
 * Since: 1.0
 */
void
smtp_client_set_local_name (SmtpClient *self,
                            const char *local_name)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));

  if (g_strcmp0 (self->local_name, local_name) == 0)
    return;

  g_free (self->local_name);
  self->local_name = g_strdup (local_name);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOCAL_NAME]);
}

/**
 * smtp_client_get_timeout: (get-property timeout)
 * @self: a client
 *
 * How long to wait for an ordinary reply.
 *
 * Returns: seconds, 0 for ever
 *
 * Since: 1.0
 */
guint
smtp_client_get_timeout (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), 0);

  return self->timeout;
}

/**
 * smtp_client_set_timeout: (set-property timeout)
 * @self: a client
 * @timeout: seconds, 0 for ever
 *
 * Sets how long to wait for an ordinary reply, from the next operation on. See
 * [property@Client:timeout].
 *
 * Since: 1.0
 */
void
smtp_client_set_timeout (SmtpClient *self,
                         guint       timeout)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));

  if (self->timeout == timeout)
    return;

  self->timeout = timeout;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

static void
set_object (SmtpClient *self,
            gpointer    field,
            gpointer    value,
            guint       id)
{
  if (g_set_object ((GObject **) field, value))
    g_object_notify_by_pspec (G_OBJECT (self), properties[id]);
}

/**
 * smtp_client_get_tls_database: (get-property tls-database)
 * @self: a client
 *
 * The authorities that certificates are verified against.
 *
 * Returns: (transfer none) (nullable): the database, %NULL for the system's
 *
 * Since: 1.0
 */
GTlsDatabase *
smtp_client_get_tls_database (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->tls_database;
}

/**
 * smtp_client_set_tls_database: (set-property tls-database)
 * @self: a client
 * @database: (nullable): a database, %NULL for the system's
 *
 * Sets the authorities that certificates are verified against.
 *
 * Since: 1.0
 */
void
smtp_client_set_tls_database (SmtpClient   *self,
                              GTlsDatabase *database)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (database == NULL || G_IS_TLS_DATABASE (database));

  set_object (self, &self->tls_database, database, PROP_TLS_DATABASE);
}

/**
 * smtp_client_get_tls_interaction: (get-property tls-interaction)
 * @self: a client
 *
 * Who is asked for PINs and certificates.
 *
 * Returns: (transfer none) (nullable): the interaction, or %NULL
 *
 * Since: 1.0
 */
GTlsInteraction *
smtp_client_get_tls_interaction (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->tls_interaction;
}

/**
 * smtp_client_set_tls_interaction: (set-property tls-interaction)
 * @self: a client
 * @interaction: (nullable): an interaction, or %NULL
 *
 * Sets who is asked for PINs and certificates.
 *
 * Since: 1.0
 */
void
smtp_client_set_tls_interaction (SmtpClient      *self,
                                 GTlsInteraction *interaction)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (interaction == NULL || G_IS_TLS_INTERACTION (interaction));

  set_object (self, &self->tls_interaction, interaction, PROP_TLS_INTERACTION);
}

/**
 * smtp_client_get_tls_certificate: (get-property tls-certificate)
 * @self: a client
 *
 * The client's own certificate.
 *
 * Returns: (transfer none) (nullable): the certificate, or %NULL
 *
 * Since: 1.0
 */
GTlsCertificate *
smtp_client_get_tls_certificate (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->tls_certificate;
}

/**
 * smtp_client_set_tls_certificate: (set-property tls-certificate)
 * @self: a client
 * @certificate: (nullable): a certificate with its key, or %NULL
 *
 * Sets the client's own certificate, for servers that ask for one.
 *
 * Since: 1.0
 */
void
smtp_client_set_tls_certificate (SmtpClient      *self,
                                 GTlsCertificate *certificate)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (certificate == NULL || G_IS_TLS_CERTIFICATE (certificate));

  set_object (self, &self->tls_certificate, certificate, PROP_TLS_CERTIFICATE);
}

/**
 * smtp_client_get_proxy_resolver: (get-property proxy-resolver)
 * @self: a client
 *
 * Which proxies to connect through.
 *
 * Returns: (transfer none) (nullable): the resolver, %NULL for the system's
 *
 * Since: 1.0
 */
GProxyResolver *
smtp_client_get_proxy_resolver (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->proxy_resolver;
}

/**
 * smtp_client_set_proxy_resolver: (set-property proxy-resolver)
 * @self: a client
 * @resolver: (nullable): a resolver, %NULL for the system's
 *
 * Sets which proxies to connect through. A password does not travel in clear
 * text through a proxy, even to a server on the same machine.
 *
 * Since: 1.0
 */
void
smtp_client_set_proxy_resolver (SmtpClient     *self,
                                GProxyResolver *resolver)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (resolver == NULL || G_IS_PROXY_RESOLVER (resolver));

  set_object (self, &self->proxy_resolver, resolver, PROP_PROXY_RESOLVER);
}

/**
 * smtp_client_get_stream_is_secure: (get-property stream-is-secure)
 * @self: a client
 *
 * Whether the caller's stream is protected by other means than TLS.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
smtp_client_get_stream_is_secure (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return self->stream_is_secure;
}

/**
 * smtp_client_set_stream_is_secure: (set-property stream-is-secure)
 * @self: a client
 * @secure: whether the stream is protected
 *
 * Declares the caller's stream protected, before [method@Client.open].
 *
 * Since: 1.0
 */
void
smtp_client_set_stream_is_secure (SmtpClient *self,
                                  gboolean    secure)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));

  secure = !!secure;
  if (self->stream_is_secure == secure)
    return;

  self->stream_is_secure = secure;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STREAM_IS_SECURE]);
}

/**
 * smtp_client_get_stay_open_after_refusal: (get-property stay-open-after-refusal)
 * @self: a client
 *
 * Whether a failed authentication leaves the connection open.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
smtp_client_get_stay_open_after_refusal (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return self->stay_open;
}

/**
 * smtp_client_set_stay_open_after_refusal: (set-property stay-open-after-refusal)
 * @self: a client
 * @stay_open: whether to stay open
 *
 * Sets whether a failed authentication leaves the connection open. Programs
 * that ask the user for the password again need it.
 *
 * Since: 1.0
 */
void
smtp_client_set_stay_open_after_refusal (SmtpClient *self,
                                         gboolean    stay_open)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));

  stay_open = !!stay_open;
  if (self->stay_open == stay_open)
    return;

  self->stay_open = stay_open;
  if (self->engine != NULL)
    smtp_engine_set_stay_open (self->engine, stay_open);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STAY_OPEN_AFTER_REFUSAL]);
}

/**
 * smtp_client_get_pipeline_messages: (get-property pipeline-messages)
 * @self: a client
 *
 * Whether the envelope of the next message travels behind the content of the
 * last.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
smtp_client_get_pipeline_messages (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return self->pipeline_messages;
}

/**
 * smtp_client_set_pipeline_messages: (set-property pipeline-messages)
 * @self: a client
 * @pipeline: whether to pipeline messages
 *
 * Sets whether the envelope of the next message travels behind the content of
 * the last.
 *
 * Since: 1.0
 */
void
smtp_client_set_pipeline_messages (SmtpClient *self,
                                   gboolean    pipeline)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));

  pipeline = !!pipeline;
  if (self->pipeline_messages == pipeline)
    return;

  self->pipeline_messages = pipeline;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PIPELINE_MESSAGES]);
}

/**
 * smtp_client_get_window: (get-property window)
 * @self: a client
 *
 * How many messages may be under way at once.
 *
 * Returns: their number, at least 1
 *
 * Since: 1.0
 */
guint
smtp_client_get_window (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), 1);

  return self->window;
}

/**
 * smtp_client_set_window: (set-property window)
 * @self: a client
 * @window: 1 to 1000
 *
 * Sets how many messages may be under way at once.
 *
 * Since: 1.0
 */
void
smtp_client_set_window (SmtpClient *self,
                        guint       window)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));
  g_return_if_fail (window >= 1 && window <= 1000);

  if (self->window == window)
    return;

  self->window = window;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WINDOW]);
}

/**
 * smtp_client_get_state: (get-property state)
 * @self: a client
 *
 * Where the connection stands.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
SmtpClientState
smtp_client_get_state (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), SMTP_CLIENT_STATE_BROKEN);

  return smtp_engine_get_state (self->engine);
}

/**
 * smtp_client_get_capabilities: (get-property capabilities)
 * @self: a client
 *
 * What the server offers.
 *
 * Returns: (transfer none): the capabilities, empty before `EHLO` was answered
 *
 * Since: 1.0
 */
SmtpCapabilities *
smtp_client_get_capabilities (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->capabilities;
}

/**
 * smtp_client_get_last_reply: (get-property last-reply)
 * @self: a client
 *
 * What the server said last. After an error it is the refusal, after closing
 * the content's stream the verdict, which often names the message in the
 * server's queue.
 *
 * Returns: (transfer none) (nullable): the reply, %NULL before the greeting
 *
 * Since: 1.0
 */
SmtpReply *
smtp_client_get_last_reply (SmtpClient *self)
{
  const SmtpReplyData *data;

  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  data = smtp_engine_get_reply (self->engine);
  if (self->last_reply == NULL && data != NULL)
    self->last_reply = smtp_reply_new (data);
  return self->last_reply;
}

/**
 * smtp_client_get_tls_connection: (get-property tls-connection)
 * @self: a client
 *
 * The TLS connection.
 *
 * Returns: (transfer none) (nullable): the connection, %NULL until it stands
 *
 * Since: 1.0
 */
GTlsConnection *
smtp_client_get_tls_connection (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), NULL);

  return self->connection != NULL ? smtp_connection_get_tls (self->connection) : NULL;
}

/**
 * smtp_client_get_authenticated: (get-property authenticated)
 * @self: a client
 *
 * Whether the client has authenticated.
 *
 * Returns: whether it has
 *
 * Since: 1.0
 */
gboolean
smtp_client_get_authenticated (SmtpClient *self)
{
  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);

  return smtp_engine_is_authenticated (self->engine);
}

/**
 * smtp_client_get_extension:
 * @self: a client
 * @name: a keyword such as `SIZE`, in any case
 * @params: (out) (optional) (nullable) (transfer none): what stands behind the
 *   keyword, empty when there is nothing; %NULL when it is not offered
 *
 * Tells whether the server offers an extension.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
smtp_client_get_extension (SmtpClient  *self,
                           const char  *name,
                           const char **params)
{
  const char *found;

  g_return_val_if_fail (SMTP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  found = smtp_capabilities_get_params (self->capabilities, name);
  if (params != NULL)
    *params = found;
  return found != NULL;
}

/**
 * smtp_client_close:
 * @self: a client
 *
 * Closes the connection at once, without a word to the server. An operation
 * that is running ends with `G_IO_ERROR_CLOSED`, or, when the whole content of
 * a message was sent, with `SMTP_CLIENT_ERROR_OUTCOME_UNKNOWN`.
 * [method@Client.quit] is the polite way.
 *
 * Since: 1.0
 */
void
smtp_client_close (SmtpClient *self)
{
  g_return_if_fail (SMTP_IS_CLIENT (self));

  g_object_ref (self);
  if (self->operation != NULL)
    {
      smtp_engine_fail (self->engine, g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                                   _("%s: the connection was closed by the program"),
                                                   self->server_name));
      smtp_operation_interrupt (self->operation);
    }
  else
    {
      smtp_engine_close (self->engine);
      smtp_client_ended (self);
      smtp_client_publish (self);
    }
  g_object_unref (self);
}
