// SPDX-License-Identifier: LGPL-2.1-or-later

// Credentials, tokens and the choice among mechanisms, from Vala.

void sign_in (Fixture t, Smtp.Auth auth, string[] mechanisms) throws Error {
    t.start (mechanisms);
    t.authenticate (auth);
    check (t.client.authenticated);
    foreach (unowned var line in t.transcript)
        check (!line.contains ("secret"));
}

// How often the server was asked for a mechanism.
uint tried (Fixture t, string mechanism) {
    uint n = 0;

    foreach (unowned var command in t.server.get_commands ())
        if ((command + " ").has_prefix ("AUTH " + mechanism + " "))
            n++;
    return n;
}

// ---- the choice -----------------------------------------------------------------

void test_strongest (Fixture t) throws Error {
    var auth = new Smtp.AutoAuth ("user", "secret");

    sign_in (t, auth, { "LOGIN", "PLAIN", "CRAM-MD5" });
    check (auth.mechanism == "CRAM-MD5" && auth.credentials.host == "127.0.0.1");
    check (tried (t, "CRAM-MD5") == 1 && tried (t, "PLAIN") == 0);
}

void test_next_weaker (Fixture t) throws Error {
    t.server.script_reply_text ("AUTH", "504 5.5.4 unknown");
    sign_in (t, new Smtp.AutoAuth ("user", "secret"), { "LOGIN", "PLAIN", "CRAM-MD5" });
    check (tried (t, "CRAM-MD5") == 1 && tried (t, "PLAIN") == 1);
}

void test_fallback (Fixture t) throws Error {
    var auth = new Smtp.AutoAuth.for_credentials (new Smtp.Credentials ("user", "secret"));

    auth.allow_fallback = true;
    t.server.script_reply_text ("AUTH", "535 5.7.8 refused");
    sign_in (t, auth, { "PLAIN", "CRAM-MD5" });
    check (tried (t, "CRAM-MD5") == 1 && tried (t, "PLAIN") == 1);
}

void test_pin (Fixture t) throws Error {
    var auth = new Smtp.AutoAuth ("user", "secret");

    check (auth.pin == null);
    sign_in (t, auth, { "CRAM-MD5" });
    check (auth.pin.to_string () == "smtp-pin-1 30 CRAM-MD5 clear 127.0.0.1");

    var later = new Smtp.AutoAuth ("user", "secret");
    later.pin = new Smtp.AuthPin.from_string (auth.pin.to_string ());
    t.server.auth_mechanisms = { "PLAIN" };
    t.new_client ();
    t.open ();
    t.expect_smtp_error (Smtp.ClientError.DOWNGRADE, () => t.authenticate (later));
}

void test_by_name (Fixture t) throws Error {
    var credentials = new Smtp.Credentials ("user", "secret");

    check ("SCRAM-SHA-256-PLUS" in Smtp.Auth.list_mechanisms ());
    credentials.host = "127.0.0.1";
    sign_in (t, Smtp.Auth.create ("PLAIN", credentials), { "PLAIN" });
}

// ---- a token that expires ---------------------------------------------------------

class OwnCredentials : Smtp.Credentials {
    public uint asked;

    public OwnCredentials () {
        Object (username: "user");
    }

    public override bool refresh (Task task) {
        asked++;
        set_access_token ("secret");
        task.return_boolean (true);
        return true;
    }
}

void test_refresh (Fixture t) throws Error {
    var credentials = new OwnCredentials ();

    credentials.set_access_token ("expired");
    sign_in (t, new Smtp.AutoAuth.for_credentials (credentials), { "PLAIN", "XOAUTH2" });
    check (credentials.asked == 1 && tried (t, "XOAUTH2") == 2);
}

void test_refresh_signal (Fixture t) throws Error {
    var credentials = new Smtp.Credentials ("user", null);

    credentials.refresh.connect ((task) => {
        credentials.set_access_token ("secret");
        task.return_boolean (true);
        return true;
    });
    sign_in (t, new Smtp.AutoAuth.for_credentials (credentials), { "OAUTHBEARER" });
    check (tried (t, "OAUTHBEARER") == 1);
}

void test_failure (Fixture t) throws Error {
    var credentials = new Smtp.Credentials ("user", null);
    var auth = new Smtp.AutoAuth.for_credentials (credentials);

    credentials.set_access_token ("expired");
    t.start ({ "XOAUTH2" });
    t.expect_smtp_error (Smtp.ClientError.AUTH_REJECTED, () => t.authenticate (auth));
    check (auth.get_failure ().get_status () == "invalid_token");
}

// ---- a mechanism of one's own that begins anew ---------------------------------------

class Persistent : Smtp.Auth {
    public uint failures;
    public bool as_expected;

    public Persistent (Smtp.Credentials credentials) {
        Object (credentials: credentials);
    }

    public override bool start (Smtp.ServerInfo server, out string mechanism, out Bytes? initial_response) throws Error {
        mechanism = "X-GUESS";
        initial_response = new Bytes (credentials.username.data);
        return true;
    }

    public override bool next (Bytes challenge, bool more, out Bytes? response) throws Error {
        response = null;
        return true;
    }

    public override bool retry (Smtp.ServerInfo server, Error failure) {
        as_expected = failure is Smtp.ClientError.AUTH_REJECTED && server.get_name () == "127.0.0.1";
        return ++failures == 1;
    }
}

void test_retry (Fixture t) throws Error {
    var auth = new Persistent (new Smtp.Credentials ("user", null));

    t.server.script_reply_text ("AUTH", "535 5.7.8 refused");
    t.server.script_reply_text ("AUTH", "235 2.7.0 welcome");
    sign_in (t, auth, { "X-GUESS" });
    check (auth.failures == 1 && auth.as_expected && tried (t, "X-GUESS") == 2);
}

// ---- running --------------------------------------------------------------------

int main () {
    run ("strongest", test_strongest);
    run ("next-weaker", test_next_weaker);
    run ("fallback", test_fallback);
    run ("pin", test_pin);
    run ("by-name", test_by_name);
    run ("refresh", test_refresh);
    run ("refresh-signal", test_refresh_signal);
    run ("failure", test_failure);
    run ("retry", test_retry);
    return finish ();
}
