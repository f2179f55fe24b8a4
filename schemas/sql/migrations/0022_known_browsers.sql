-- Browsers in which somebody has signed in before: strangers' wrong tries do not hold them up.

CREATE TABLE staff_browsers (
    id_sha256 bytea NOT NULL,
    name text NOT NULL REFERENCES staff,
    signed_in_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id_sha256, name)
);
COMMENT ON TABLE staff_browsers IS 'who shares a browser at the desk is known there each by themself';
COMMENT ON COLUMN staff_browsers.id_sha256 IS 'of the id, which only the browser has';
COMMENT ON COLUMN staff_browsers.signed_in_at IS 'last; known for a while from then on';
CREATE INDEX staff_browsers_by_name ON staff_browsers (name, signed_in_at);
COMMENT ON COLUMN sign_in_tries.name_sha256 IS
    'of the name as it was typed, which may be a password by mistake; or of a session, or of a known browser and the name';
