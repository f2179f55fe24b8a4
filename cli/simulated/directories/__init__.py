"""Directories of places for the demo's and the stories' roads: fire headquarters, posts, hospitals, police.

None of it is real: the numbers cannot be dialled, the posts follow a simulated road.
"""

from __future__ import annotations

from datetime import date
from importlib import resources

from incident.places import imports
from incident.places.fire import read_directory, replace_directory
from incident.places.landmarks import read_landmarks, replace_landmarks
from incident.places.posts import read_posts, replace_posts
from runtime.database import connect
from runtime.settings import Settings


def import_directories(settings: Settings) -> None:
    """Import them where there are none: a real directory is never replaced. Raises psycopg.Error."""
    with connect(settings.database_url.get_secret_value(), name="demo") as conn:
        if not imports.is_imported(conn, "fire"):
            # However far this machine's clock is behind.
            replace_directory(conn, read_directory(_text("fire.csv"), today=date.max))
        if not imports.is_imported(conn, "roads"):
            replace_posts(conn, read_posts(_text("roads.csv")))
        if not imports.is_imported(conn, "landmarks"):
            replace_landmarks(conn, read_landmarks(_text("landmarks.csv"), today=date.max))


def _text(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
