-- People who sign in: their accounts, second factors, sessions, and the tries that went wrong.

CREATE TABLE staff (
    name text PRIMARY KEY CHECK (name <> ''),
    role text NOT NULL CHECK (role IN ('operator', 'supervisor', 'admin', 'auditor')),
    language text NOT NULL DEFAULT 'ja' CHECK (language IN ('ja', 'en')),
    password_hash text,
    totp_secret text,
    totp_confirmed_at timestamptz,
    totp_step bigint,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    signed_in_at timestamptz,
    disabled_at timestamptz,
    CONSTRAINT staff_totp_whole CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);
COMMENT ON COLUMN staff.name IS 'the same as at the desk, and in every log';
COMMENT ON COLUMN staff.password_hash IS 'Argon2id with its parameters; null for who cannot sign in by a password';
COMMENT ON COLUMN staff.totp_secret IS 'asked for only once it is confirmed';
COMMENT ON COLUMN staff.totp_step IS 'of the code used last: none is taken twice';
COMMENT ON COLUMN staff.signed_in_at IS 'last';

CREATE TABLE staff_recovery_codes (
    name text NOT NULL REFERENCES staff,
    code_sha256 bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (name, code_sha256)
);
COMMENT ON TABLE staff_recovery_codes IS 'random codes of 80 bits: there is nothing to guess, so a plain hash serves';

CREATE TABLE staff_sessions (
    id_sha256 bytea PRIMARY KEY,
    name text NOT NULL REFERENCES staff,
    csrf_token text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    locked_at timestamptz,
    looking_at uuid,
    looked_at timestamptz
);
COMMENT ON COLUMN staff_sessions.looking_at IS 'the incident that is open there, and, in looked_at, when that was last said';
COMMENT ON COLUMN staff_sessions.id_sha256 IS 'of the id, which only the browser has';
CREATE INDEX staff_sessions_by_name ON staff_sessions (name);

CREATE TABLE sign_in_tries (
    name_sha256 bytea PRIMARY KEY,
    failed integer NOT NULL,
    tried_at timestamptz NOT NULL,
    waits_until timestamptz
);
COMMENT ON TABLE sign_in_tries IS 'in a row, also for names that nobody has: the wait must not tell them apart';
COMMENT ON COLUMN sign_in_tries.name_sha256 IS 'of the name as it was typed, which may be a password by mistake';
