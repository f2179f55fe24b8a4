-- Operators' telephones, calls in both directions, how a driver is reached, and incidents without a device.

ALTER TABLE policyholders
    ADD COLUMN reach text NOT NULL DEFAULT 'voice' CHECK (reach IN ('voice', 'slow_voice', 'text')),
    ADD COLUMN reach_consent_at timestamptz,
    ADD CONSTRAINT policyholders_reach_with_consent CHECK (reach = 'voice' OR reach_consent_at IS NOT NULL);
COMMENT ON COLUMN policyholders.reach IS 'their own stated preference, kept with their consent; never guessed';

ALTER TABLE incidents DROP CONSTRAINT incidents_trigger_check;
ALTER TABLE incidents
    ADD CONSTRAINT incidents_trigger_check
        CHECK (trigger IN ('impact', 'long_press', 'short_press', 'phone_crash', 'call')),
    ADD COLUMN road text NOT NULL DEFAULT 'unknown' CHECK (road IN ('general', 'expressway', 'unknown'));
CREATE INDEX incidents_open_by_holder ON incidents (holder_id) WHERE phase <> 'closed';

CREATE TABLE desk_members (
    name text PRIMARY KEY CHECK (name <> ''),
    role text NOT NULL CHECK (role IN ('operator', 'supervisor', 'second_site')),
    phone text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    language text NOT NULL DEFAULT 'ja' CHECK (language IN ('ja', 'en')),
    signed_in_at timestamptz,
    paused boolean NOT NULL DEFAULT false,
    heard_at timestamptz
);
COMMENT ON COLUMN desk_members.name IS 'of an operator: the name their token carries';
COMMENT ON COLUMN desk_members.signed_in_at IS 'null while away; supervisors and the second site are rung in any case';

ALTER TABLE calls DROP CONSTRAINT calls_party_check;
ALTER TABLE calls
    ADD CONSTRAINT calls_party_check CHECK (party IN ('driver', 'contact', 'operator', 'caller')),
    ADD COLUMN operator text,
    ADD COLUMN direction text NOT NULL DEFAULT 'outbound' CHECK (direction IN ('outbound', 'inbound')),
    ADD COLUMN machine boolean,
    ADD COLUMN spoken text,
    ADD COLUMN connected_at timestamptz,
    ADD CONSTRAINT calls_operator_named CHECK ((party = 'operator') = (operator IS NOT NULL));
COMMENT ON COLUMN calls.operator IS 'name of the desk member who was rung; kept when they leave the desk';
COMMENT ON COLUMN calls.number IS 'theirs, whoever rang whom; empty where it was withheld';
COMMENT ON COLUMN calls.party IS 'caller: whoever rang us';
COMMENT ON COLUMN calls.machine IS 'the carrier''s guess at voicemail: a hint for people, never an answer';
COMMENT ON COLUMN calls.connected_at IS 'when this line was last brought into the conference of its incident';
COMMENT ON COLUMN calls.spoken IS 'what the carrier understood, for people to judge';
-- An operator has one telephone at the ear.
CREATE UNIQUE INDEX calls_one_live_per_operator ON calls (operator)
    WHERE state IN ('waiting', 'sending', 'unknown', 'placed', 'ringing', 'answered');

ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check
    CHECK (kind IN ('call', 'cancel_call', 'check_call', 'connect_call', 'sms', 'push', 'mail', 'command'));
