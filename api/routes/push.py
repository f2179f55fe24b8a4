"""Apps of drivers that want to be woken by web push."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import APIRouter

from api.auth import Driver
from api.context import Here
from api.errors import Problem, problems
from api.views.chat import PushKeyView, SubscriptionRequest, SubscriptionView
from incident.channels.push import MOST_SUBSCRIPTIONS, is_push_service, public_key
from runtime.sql import Queries

SQL: Final = Queries("api", "push.sql")
router: Final = APIRouter(prefix="/v1/driver/push", tags=["drivers"])


@router.get(
    "/key", operation_id="get_push_key", summary="What to subscribe with", responses=problems(401, 403)
)
def get_push_key(here: Here, _: Driver) -> PushKeyView:
    """Our public key (VAPID)."""
    return PushKeyView(public_key=public_key(here.settings))


@router.post(
    "/subscriptions",
    operation_id="subscribe",
    summary="Want to be woken",
    responses=problems(401, 403, 404, 413),
)
def subscribe(here: Here, who: Driver, body: SubscriptionRequest) -> SubscriptionView:
    """Keeps a subscription, the newest five of a holder; the same again is kept once."""
    if not is_push_service(body.endpoint, here.settings.push_services):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "body.endpoint: it belongs to no push service that is allowed"
        )
    key = {"holder_id": who.name}
    with here.transaction() as conn:
        values = key | {"endpoint": body.endpoint, "p256dh": body.keys.p256dh, "auth": body.keys.auth}
        row = conn.execute(SQL["keep_subscription"], values).fetchone()
        conn.execute(SQL["drop_oldest_subscriptions"], key | {"most": MOST_SUBSCRIPTIONS})
    if row is None:
        raise AssertionError("INSERT … RETURNING gave no row")
    return SubscriptionView(id=row["id"])


@router.delete(
    "/subscriptions/{subscription_id}",
    operation_id="unsubscribe",
    summary="Not be woken any more",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(401, 403, 404),
)
def unsubscribe(here: Here, who: Driver, subscription_id: UUID) -> None:
    """Removes a subscription of one's own."""
    with here.transaction() as conn:
        key = {"id": subscription_id, "holder_id": who.name}
        if conn.execute(SQL["drop_own_subscription"], key).fetchone() is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such subscription")
