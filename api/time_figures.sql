-- How long things took, for incidents opened since a moment; tests are not counted. Days and hours are those of Japan.

-- name: times
WITH opened AS MATERIALIZED (
    SELECT id, opened_at, date_trunc(%(span)s, opened_at, 'Asia/Tokyo') AS span
    FROM incidents WHERE opened_at >= %(since)s AND outcome IS DISTINCT FROM 'test'
),
took AS (
    SELECT o.span, 'opened' AS what, NULL::float8 AS seconds FROM opened o
    UNION ALL
    SELECT o.span, 'answer', extract(epoch FROM first.at - o.opened_at) FROM opened o
    CROSS JOIN LATERAL (
        SELECT min(e.at) AS at FROM incident_events e WHERE e.incident_id = o.id AND e.kind = 'answered'
    ) first WHERE first.at IS NOT NULL
    UNION ALL
    -- From when somebody first waited on a line until an operator was first there for them.
    SELECT o.span, 'operator', extract(epoch FROM there.at - waits.at) FROM opened o
    CROSS JOIN LATERAL (
        SELECT min(e.at) AS at FROM incident_events e WHERE e.incident_id = o.id AND e.kind = 'line_waits'
    ) waits
    CROSS JOIN LATERAL (
        SELECT min(e.at) AS at FROM incident_events e
        WHERE e.incident_id = o.id AND e.kind IN ('line_connected', 'desk_answered') AND e.at >= waits.at
    ) there WHERE there.at IS NOT NULL
    UNION ALL
    -- Of the first that came to the place.
    SELECT o.span, 'arrival', extract(epoch FROM first.took) FROM opened o
    CROSS JOIN LATERAL (
        SELECT min(d.on_scene_at - d.requested_at) AS took FROM dispatches d WHERE d.incident_id = o.id
    ) first WHERE first.took IS NOT NULL
)
SELECT span, what, count(*) AS n,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50_s,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95_s
FROM took GROUP BY GROUPING SETS ((what), (span, what)) ORDER BY span NULLS FIRST, what;

-- name: period
SELECT date_trunc('day', clock_timestamp(), 'Asia/Tokyo') - make_interval(days => %(days)s - 1) AS since,
       clock_timestamp() AS at;
