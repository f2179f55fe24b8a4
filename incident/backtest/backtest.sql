-- name: incidents_since
SELECT id, device_id, plan_version, opened_at, severity, trigger FROM incidents
WHERE opened_at >= %(since)s ORDER BY opened_at, id;

-- name: events_of_incidents
SELECT incident_id, at, kind, data FROM incident_events WHERE incident_id = ANY (%(ids)s) ORDER BY incident_id, id;

-- name: impacts_of_incidents
SELECT incident_id, id FROM impacts WHERE incident_id = ANY (%(ids)s) ORDER BY incident_id, decided_at, id;

-- name: plans_of_incidents
SELECT version, toml FROM escalation_plans
WHERE version IN (SELECT plan_version FROM incidents WHERE opened_at >= %(since)s);
