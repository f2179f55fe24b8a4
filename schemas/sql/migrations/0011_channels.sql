-- Reaching people otherwise than by a call: answer pages, conversations, pushes, e-mail; and how the
-- carrier does, which all engines have to know alike.

-- The queue of calls in the order in which they leave; whose number is in use; which calls are called off.
CREATE INDEX outbox_calls_waiting ON outbox (priority, due_at) WHERE kind = 'call' AND state = 'pending';
CREATE INDEX calls_under_way ON calls (number)
    WHERE state IN ('sending', 'unknown', 'placed', 'ringing', 'answered');
CREATE INDEX calls_waiting ON calls (number) WHERE state = 'waiting';
CREATE INDEX outbox_called_off ON outbox ((payload ->> 'call_id'))
    WHERE kind = 'cancel_call' AND state IN ('pending', 'sending', 'unknown');

-- One row. `failing_since` is the first failure since the last success; while it is down, `down_since` repeats it.
CREATE TABLE carrier_health (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    succeeded_at timestamptz,
    failing_since timestamptz,
    failures integer NOT NULL DEFAULT 0,
    retry_at timestamptz,
    down_since timestamptz,
    error text
);
INSERT INTO carrier_health DEFAULT VALUES;

ALTER TABLE policyholders
    ADD COLUMN email text,
    ADD COLUMN email_agreed_on date;
COMMENT ON COLUMN policyholders.email_agreed_on IS 'when the holder agreed to reports by e-mail; none are sent without';

ALTER TABLE messages DROP CONSTRAINT messages_channel_check;
ALTER TABLE messages ADD CONSTRAINT messages_channel_check CHECK (channel IN ('push', 'sms', 'mail'));
ALTER TABLE messages DROP CONSTRAINT messages_state_check;
ALTER TABLE messages ADD CONSTRAINT messages_state_check
    CHECK (state IN ('waiting', 'sent', 'delivered', 'read', 'failed', 'unknown'));
ALTER TABLE messages
    ADD COLUMN party text NOT NULL DEFAULT 'driver' CHECK (party IN ('driver', 'contact')),
    ADD COLUMN email text,
    ADD COLUMN subject text NOT NULL DEFAULT '',
    ADD COLUMN code text,
    ADD COLUMN delivered_at timestamptz;
COMMENT ON COLUMN messages.code IS 'why it failed: the carrier''s, mail server''s or push service''s own code, or a word of ours';

CREATE TABLE answer_links (
    token text PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    party text NOT NULL CHECK (party IN ('driver', 'contact')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    used_at timestamptz,
    last_form uuid,
    UNIQUE (incident_id, party)
);
COMMENT ON COLUMN answer_links.last_form IS 'the form that was taken last: sent again, it changes nothing';

-- What people and operators write to each other. Personal words: erased here; the record only refers to them.
CREATE TABLE chat_messages (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    party text NOT NULL CHECK (party IN ('driver', 'contact')),
    at timestamptz NOT NULL,
    operator text,
    text text NOT NULL
);
COMMENT ON COLUMN chat_messages.party IS 'whose conversation with the operators it is';
COMMENT ON COLUMN chat_messages.operator IS 'who wrote it; null: the person themselves';
CREATE INDEX chat_messages_by_incident ON chat_messages (incident_id, at);

CREATE TABLE push_subscriptions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    holder_id uuid NOT NULL REFERENCES policyholders ON DELETE CASCADE,
    endpoint text NOT NULL UNIQUE,
    p256dh text NOT NULL,
    auth text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX push_subscriptions_by_holder ON push_subscriptions (holder_id);
