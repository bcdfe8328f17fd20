"""Rate limits, counted in the database, so that all workers on all machines count together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from flask_limiter import Limiter
from limits.storage import Storage
from sqlalchemy import delete, select, text

from coursewright.serve.security.access import client_address
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Kept, moment_text

UPSERT = text(
    "INSERT INTO kept (name, value, count, ends_at) VALUES (:name, :value, :amount, :ends) ON CONFLICT (name) DO UPDATE SET "
    "count = CASE WHEN kept.ends_at <= :now THEN :amount ELSE kept.count + :amount END, "
    "ends_at = CASE WHEN kept.ends_at <= :now THEN :ends ELSE kept.ends_at END RETURNING count"
)


class DatabaseStorage(Storage):
    """Where `limits` keeps its counts: the table `kept`."""

    STORAGE_SCHEME = ["coursewright"]
    database: Database | None = None

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def _database(self) -> Database:
        found: Database = current_app.extensions["database"]
        return found

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = datetime.now(UTC)

        def count(session: Any) -> int:
            values = {"name": f"rate:{key}"[:400], "value": "{}", "amount": amount, "now": moment_text(now), "ends": moment_text(now + timedelta(seconds=expiry))}
            return int(session.execute(UPSERT, values).scalar_one())

        return self._database().write(count)

    def get(self, key: str) -> int:
        with self._database().reading() as session:
            row = session.execute(select(Kept.count, Kept.ends_at).where(Kept.name == f"rate:{key}"[:400])).first()
        return row.count if row and row.ends_at > datetime.now(UTC) else 0  # type: ignore[return-value]

    def get_expiry(self, key: str) -> float:
        with self._database().reading() as session:
            ends = session.scalar(select(Kept.ends_at).where(Kept.name == f"rate:{key}"[:400]))
        return (ends or datetime.now(UTC)).timestamp()

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        self._database().write(lambda session: session.execute(delete(Kept).where(Kept.name.like("rate:%"))))
        return None

    def clear(self, key: str) -> None:
        self._database().write(lambda session: session.execute(delete(Kept).where(Kept.name == f"rate:{key}"[:400])))


limiter = Limiter(key_func=client_address, storage_uri="coursewright://", headers_enabled=False, default_limits=[])
