-- Who is asked what happened after a short press says accident, breakdown (that is help) or mistake.

ALTER TABLE incidents DROP CONSTRAINT incidents_answer_check;
ALTER TABLE incidents ADD CONSTRAINT incidents_answer_check
    CHECK (answer IN ('fine', 'help', 'ambulance', 'operator', 'accident', 'mistake'));
