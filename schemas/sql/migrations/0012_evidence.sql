-- What incidents turned out to be, more finely; and how often which source was wrong.

ALTER TABLE incidents DROP CONSTRAINT incidents_outcome_check;
ALTER TABLE incidents
    ADD CONSTRAINT incidents_outcome_check
        CHECK (outcome IN ('accident', 'trouble', 'driver_fine', 'false_alarm', 'mistake', 'pothole', 'drop', 'test')),
    ADD COLUMN firmware text;
COMMENT ON COLUMN incidents.firmware IS 'what the device ran when the incident opened; null without a device, or where it had not told';
CREATE INDEX incidents_by_closed ON incidents (closed_at) WHERE phase = 'closed';

CREATE VIEW incident_verdicts AS
SELECT id, closed_at, trigger, firmware,
       CASE WHEN trigger = 'impact' THEN EXISTS (
           SELECT FROM impacts m WHERE m.incident_id = i.id AND jsonb_typeof(m.analysis -> 'mount') = 'object'
       ) END AS mount_known,
       CASE WHEN outcome IN ('accident', 'trouble') THEN 'real'
            WHEN outcome IN ('false_alarm', 'mistake', 'pothole', 'drop') THEN 'false'
            ELSE 'unclear' END AS verdict
FROM incidents i WHERE phase = 'closed' AND outcome <> 'test';
COMMENT ON VIEW incident_verdicts IS
    'unclear: the driver said that all is well, which says nothing of what was felt; tests are not counted';
COMMENT ON COLUMN incident_verdicts.mount_known IS 'whether it was known how the device sat in the car; null for what is no impact';

-- A dossier tells who looked at its incident.
CREATE INDEX access_log_by_object ON access_log (object);
