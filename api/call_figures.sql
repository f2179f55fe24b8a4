-- name: waiting_calls
SELECT priority, count(*) AS waiting,
       extract(epoch FROM clock_timestamp() - min(due_at))::float AS longest_wait_s
FROM outbox WHERE kind = 'call' AND state = 'pending' GROUP BY priority;

-- name: started_calls
SELECT count(*) AS started FROM calls WHERE sent_at > clock_timestamp() - interval '1 minute';
