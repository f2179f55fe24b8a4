"""Figures of the whole system, read from the database when Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import psycopg
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api import call_figures
from api.context import SQL, Context
from api.figures import SQL as FIGURES
from incident.channels.carrier_health import CarrierState
from incident.record.members import operators_ready
from schemas.incident import Phase

_WAIT_S: Final = 1.0
_WAITING: Final = {
    "timers_overdue": "Timers that came due more than a second ago.",
    "outbox_waiting": "Effects on their way out: calls, texts, commands.",
    "event_queue": "Committed events that have no place in the stream yet.",
    "dead_letters": "Unreadable messages of devices today (UTC), kept or only counted.",
    "audit_age_seconds": "Since the auditor last looked for forgotten incidents.",
    "incidents_forgotten": "Incidents that would have been forgotten, ever; any is a fault of ours.",
}


class Gauges(Collector):
    """Reads at each scrape. Without a database only `cbutton_database_up` is left, at 0."""

    def __init__(self, here: Context) -> None:
        self._here = here

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is becomes known by reading."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The figures of this moment."""
        up = GaugeMetricFamily("cbutton_database_up", "Whether the database answers.")
        phases = GaugeMetricFamily("cbutton_open_incidents", "Open incidents.", labels=["phase"])
        verdicts = GaugeMetricFamily(
            "cbutton_closed_incidents",
            "Incidents closed in the last 30 days, by what opened them and whether that was real.",
            labels=["trigger", "firmware", "mount", "verdict"],
        )
        try:
            with self._here.transaction(wait_s=_WAIT_S) as conn:
                counted = {
                    row["phase"]: row["many"] for row in conn.execute(SQL["count_open_incidents"]).fetchall()
                }
                closed = conn.execute(FIGURES["verdicts"]).fetchall()
                waiting = conn.execute(SQL["count_waiting"]).fetchone() or {}
                standing = conn.execute(SQL["standing_alarms"]).fetchall()
                calls = call_figures.read(conn, self._here.settings)
                ready = operators_ready(conn)
        except psycopg.Error:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        alarms = GaugeMetricFamily("cbutton_alarm", "What the auditor finds wrong, by name.", labels=["name"])
        for row in standing:
            alarms.add_metric([row["name"]], row["many"])
        for phase in Phase:
            if phase is not Phase.CLOSED:
                phases.add_metric([phase], counted.get(phase, 0))
        for row in closed:
            verdicts.add_metric(
                [row["trigger"], row["firmware"], row["mount"], row["verdict"]], float(row["many"])
            )
        return [
            up,
            phases,
            verdicts,
            alarms,
            *_of_calls(calls),
            GaugeMetricFamily(
                "cbutton_operators_ready",
                "Operators whose telephone would be rung; 0 is an alarm.",
                value=ready,
            ),
            *(
                GaugeMetricFamily(f"cbutton_{name}", words, value=float(waiting[name]))
                for name, words in _WAITING.items()
                if waiting.get(name) is not None  # before the first audit
            ),
        ]


def _of_calls(calls: call_figures.CallFigures) -> Iterable[Metric]:
    waiting = GaugeMetricFamily("cbutton_calls_waiting", "Calls in our own queue.", labels=["urgency"])
    waits = GaugeMetricFamily(
        "cbutton_call_wait_seconds", "How long a call queued now would wait.", labels=["urgency"]
    )
    for one in calls.queue:
        waiting.add_metric([one.urgency.name.lower()], one.waiting)
        if one.predicted_s is not None:
            waits.add_metric([one.urgency.name.lower()], one.predicted_s)
    carrier = GaugeMetricFamily("cbutton_carrier", "1 for the state the carrier is in.", labels=["state"])
    for state in CarrierState:
        carrier.add_metric([state], state is calls.carrier.state)
    return waiting, waits, carrier
