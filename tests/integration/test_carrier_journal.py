"""The carrier's memory on disk, beside what the tests with a killed process show."""

import sqlite3
from pathlib import Path

from support.carrier_story import ORDER

from device_sim.carrier.inbound import OurNumber
from device_sim.carrier.journal import Journal, Write
from device_sim.carrier.nastiness import Delivery
from device_sim.carrier.ringing import placed
from device_sim.carrier.timeline import Change, Outgoing


def test_requests_are_kept_with_their_kind(tmp_path: Path):
    journal = Journal(tmp_path)
    call = placed("CA1", "AC1", ORDER, 0.0)
    outgoing = Outgoing("detection", "https://insurer.example/amd", "POST", {"AnsweredBy": "human"})
    journal.save([Write(Change(call), ((outgoing, (Delivery(5.0, "pending"),)),))])
    journal.save_number(OurNumber(voice_url="https://insurer.example/in"))
    journal.close()

    journal = Journal(tmp_path)
    (waiting,) = journal.waiting_callbacks()
    assert (waiting.kind, waiting.params, waiting.due_at) == ("detection", {"AnsweredBy": "human"}, 5.0)
    assert journal.active_calls() == [call]
    assert journal.number() == OurNumber(voice_url="https://insurer.example/in")
    journal.close()


def test_a_journal_of_before_there_were_kinds_is_taken_up(tmp_path: Path):
    with sqlite3.connect(tmp_path / "carrier.sqlite3") as old:
        old.execute(
            "CREATE TABLE callbacks (id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL, url TEXT NOT NULL,"
            " method TEXT NOT NULL, params TEXT NOT NULL, due_at REAL NOT NULL, state TEXT NOT NULL,"
            " error TEXT NOT NULL DEFAULT '')"
        )
        old.execute(
            "INSERT INTO callbacks VALUES (1, 'CA1', 'https://a.example', 'POST', '{}', 1, 'pending', '')"
        )
    old.close()

    journal = Journal(tmp_path)
    assert [callback.kind for callback in journal.waiting_callbacks()] == ["status"]
    journal.close()
