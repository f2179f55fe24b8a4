"""Carrying out effects inside the transaction, each as rows that it leaves behind.

Applying an effect may itself make something happen (a unit was found, a number is
missing): those events are returned, and decided upon before the commit.
"""

from __future__ import annotations

from incident.escalation.effects import (
    CancelCalls,
    CheckCall,
    ClearTimers,
    ConnectLine,
    Effect,
    Message,
    OfferNext,
    PlaceCall,
    RankCall,
    RemindUnit,
    RingDesk,
    SeekAgain,
    SetTimer,
    ShowLight,
    StandDown,
    TakeOver,
    WithdrawOffers,
)
from incident.escalation.events import Event
from incident.escalation.state import State
from incident.plan.plan import Plan
from incident.record import lights, offers, telephones, texts
from incident.record.hands import Hands


def apply(hands: Hands, plan: Plan, state: State, effect: Effect) -> list[Event]:  # noqa: PLR0912  one case for each effect
    """Carry one effect out; what happened by it."""
    match effect:
        case SetTimer(name, due_at):
            hands.conn.set_timer(hands.incident_id, name, state.generation, due_at)
        case ClearTimers(prefix):
            hands.conn.clear_timers(hands.incident_id, prefix)
        case PlaceCall():
            return telephones.place(hands, effect)
        case RankCall():
            telephones.rank(hands, effect)
        case RingDesk(number, operator):
            name = plan.desk.rounds[number]
            return telephones.ring_desk(hands, number, name, plan.desk.ring_s, operator)
        case ConnectLine(party):
            telephones.connect(hands, party)
        case CheckCall(party, attempt):
            telephones.check(hands, party, attempt)
        case CancelCalls(party):
            return telephones.cancel(hands, party)
        case Message(channel, template, dispatch):
            texts.write(hands, channel, template, dispatch=dispatch)
        case OfferNext():
            return offers.offer(hands, offers.Terms(plan.help, plan.scale, state.road), effect)
        case SeekAgain(kind):
            return offers.seek(hands, offers.Terms(plan.help, plan.scale, state.road), kind)
        case StandDown(kind):
            return offers.stand_down(hands, kind)
        case TakeOver(kind, incident):
            offers.take_over(hands, kind, incident)
        case WithdrawOffers(kind):
            offers.withdraw(hands, kind)
        case RemindUnit(kind, unit_id, about):
            offers.remind(hands, kind, unit_id, about)
        case ShowLight(light):
            lights.show(hands, light)
        case _:
            raise TypeError(f"no way to carry out {effect}")
    return []
