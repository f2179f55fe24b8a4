-- Two incidents about the same event: one ends as merged and goes on in the other.

ALTER TABLE incidents DROP CONSTRAINT incidents_outcome_check;
ALTER TABLE incidents
    ADD CONSTRAINT incidents_outcome_check
        CHECK (outcome IN ('accident', 'trouble', 'driver_fine', 'false_alarm', 'mistake', 'pothole', 'drop', 'test',
                           'merged')),
    ADD COLUMN merged_into uuid REFERENCES incidents (id),
    ADD CONSTRAINT incidents_merged_check CHECK (merged_into IS NULL OR (phase = 'closed' AND outcome = 'merged'));
COMMENT ON COLUMN incidents.merged_into IS 'where it goes on: whatever comes for this one later is about that one';
CREATE INDEX incidents_by_merged_into ON incidents (merged_into) WHERE merged_into IS NOT NULL;

-- One event is counted once, by the incident it was dealt with in.
CREATE OR REPLACE VIEW incident_verdicts AS
SELECT id, closed_at, trigger, firmware,
       CASE WHEN trigger = 'impact' THEN EXISTS (
           SELECT FROM impacts m WHERE m.incident_id = i.id AND jsonb_typeof(m.analysis -> 'mount') = 'object'
       ) END AS mount_known,
       CASE WHEN outcome IN ('accident', 'trouble') THEN 'real'
            WHEN outcome IN ('false_alarm', 'mistake', 'pothole', 'drop') THEN 'false'
            ELSE 'unclear' END AS verdict
FROM incidents i WHERE phase = 'closed' AND outcome NOT IN ('test', 'merged');
COMMENT ON VIEW incident_verdicts IS
    'unclear: the driver said that all is well, which says nothing of what was felt; tests and merged ones are not counted';
