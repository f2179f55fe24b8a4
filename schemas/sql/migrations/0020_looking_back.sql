-- Looking back: at incidents of a policy or car, at how long answers took, at who looked at what.

-- In the order in which pages of them follow each other, also where many opened in one moment.
DROP INDEX incidents_by_opened;
CREATE INDEX incidents_by_opened ON incidents (opened_at DESC, id DESC);
CREATE INDEX incidents_by_policy ON incidents (policy_id, opened_at DESC);
CREATE INDEX incidents_by_vehicle ON incidents (vehicle_id, opened_at DESC);
CREATE INDEX incidents_by_device ON incidents (device_id, opened_at DESC);
CREATE INDEX incident_events_of_answers ON incident_events (incident_id, kind, at)
    WHERE kind IN ('answered', 'line_waits', 'line_connected', 'desk_answered');
CREATE INDEX access_log_by_actor ON access_log (actor, id);
CREATE INDEX access_log_by_time ON access_log (at);
