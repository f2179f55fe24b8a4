-- Every listed incident asks for the dispatches it has, and had: without this each of them
-- reads the whole table.

CREATE INDEX dispatches_by_incident ON dispatches (incident_id);
