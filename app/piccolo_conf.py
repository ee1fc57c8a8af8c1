"""What Piccolo itself asks for: the engine, and which packages have tables.

`DB` is looked up when it is asked for, because the engine is chosen at start (`app.database.connect`), not on import.
"""

from __future__ import annotations

from typing import Any

from piccolo.conf.apps import AppRegistry

APP_REGISTRY = AppRegistry(apps=["app.piccolo_app", "workshops.piccolo_app"])


def __getattr__(name: str) -> Any:
    if name == "DB":
        from app.database import engine  # here, since app.database imports this module

        return engine()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
