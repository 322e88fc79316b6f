"""B3: the least that a guarded booking costs in PostgreSQL, one statement and one commit each."""

import asyncio
import itertools
import tempfile
import time
from pathlib import Path

import psycopg

from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.embedded import Embedded

_SCHEMA = """
CREATE TABLE resource (id text PRIMARY KEY, version int, content bytea);
CREATE TABLE past (id text, version int, content bytea, PRIMARY KEY (id, version));
CREATE TABLE taken (actor bigint, during tstzrange, EXCLUDE USING gist
  (int8range(actor, actor, '[]') WITH &&, during WITH &&));
CREATE TABLE token (hash bigint, id text, PRIMARY KEY (hash, id));
CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
"""
_BOOK = """
WITH r AS (INSERT INTO resource VALUES (%(id)s, 1, %(content)s)),
     h AS (INSERT INTO past VALUES (%(id)s, 1, %(content)s)),
     t AS (INSERT INTO token SELECT unnest(%(hashes)s::bigint[]), %(id)s),
     e AS (INSERT INTO event (what) VALUES (%(id)s))
INSERT INTO taken VALUES (%(actor)s, tstzrange(to_timestamp(%(at)s), to_timestamp(%(at)s + 1800)))
"""
_CONTENT = b"x" * 1200


async def run(seconds: float, concurrency: int) -> float:
    """Bookings a second."""
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.to_thread(Embedded.start, Path(folder) / "database")
        try:
            return await _measure(server.url("postgres", SUPERUSER), seconds, concurrency)
        finally:
            await asyncio.to_thread(server.stop)


async def _measure(url: str, seconds: float, concurrency: int) -> float:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(_SCHEMA)
    numbers = itertools.count()
    until = time.perf_counter() + seconds

    async def client() -> int:
        done = 0
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
        connection.prepare_threshold = 0
        async with connection:
            while time.perf_counter() < until:
                number = next(numbers)
                values = {
                    "id": f"b{number}",
                    "content": _CONTENT,
                    "hashes": [number * 8 + k for k in range(8)],
                    "actor": number % 200,
                    "at": 1_900_000_000 + number // 200 * 1800,
                }
                await connection.execute(_BOOK, values)
                done += 1
        return done

    begun = time.perf_counter()
    counts = await asyncio.gather(*(client() for _ in range(concurrency)))
    return sum(counts) / (time.perf_counter() - begun)
