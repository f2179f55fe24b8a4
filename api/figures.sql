-- name: false_alarms
SELECT trigger, firmware, mount_known,
       GROUPING(firmware) = 0 AS by_firmware, GROUPING(mount_known) = 0 AS by_mount,
       count(*) FILTER (WHERE verdict = 'false') AS false_alarms,
       count(*) FILTER (WHERE verdict = 'real') AS real,
       count(*) FILTER (WHERE verdict = 'unclear') AS unclear
FROM incident_verdicts WHERE closed_at >= %(since)s
GROUP BY GROUPING SETS ((trigger), (trigger, firmware), (trigger, mount_known))
ORDER BY trigger, firmware NULLS LAST, mount_known NULLS LAST;

-- name: verdicts
SELECT trigger, coalesce(left(firmware, 40), '') AS firmware,
       CASE mount_known WHEN true THEN 'known' WHEN false THEN 'unknown' ELSE '' END AS mount, verdict,
       count(*) AS many
FROM incident_verdicts WHERE closed_at >= clock_timestamp() - interval '30 days'
GROUP BY 1, 2, 3, 4 ORDER BY many DESC LIMIT 500;
