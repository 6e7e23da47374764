"""Nearest-neighbor index, and changes of voice spaces."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.background import steps
from common.postgres import Connection, Database
from speakers.domain.pool import DEPLOYMENT
from speakers.domain.voice_space import VoiceSpaces
from speakers.profile_refresh import ProfileRefresher, PrototypeStep
from speakers.store.prototypes import Prototype, Prototypes
from tests.integration.speakers.conftest import Caller, Named, ServiceFactory, prototypes
from tests.integration.speakers.fakes import MODEL, VERSION, person

_MODEL = """
INSERT INTO voice_models (name, version, dimension) VALUES (%s, '1', %s) RETURNING model_id
"""
_PROFILE = """
INSERT INTO profiles (name, name_key, kept, search_name, search_words)
VALUES (%(name)s, %(name)s, true, %(name)s, '') RETURNING profile_id
"""


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with database.transaction() as connection:
        yield connection


async def filled(connection: Connection, dimension: int, count: int, name: str = "m") -> Any:
    """Fill a new model. Return its id, the profile ids and their positions."""
    places = np.random.default_rng(dimension).standard_normal((count, dimension))
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    model = await (await connection.execute(_MODEL, (name, dimension))).fetchone()
    assert model is not None
    ids = []
    for number, place in enumerate(places):
        row = await (await connection.execute(_PROFILE, {"name": f"{name}{number}"})).fetchone()
        assert row is not None
        ids.append(row["profile_id"])
        stored = Prototype(space="s", place=place)
        await Prototypes(connection).replace(ids[-1], {model["model_id"]: stored})
    return model["model_id"], ids, places


@pytest.mark.parametrize("dimension", [192, 256, 512, 40])
async def test_nearest_neighbors_in_any_dimension(connection: Connection, dimension: int) -> None:
    model, ids, places = await filled(connection, dimension, 60)
    found = await Prototypes(connection).nearest(model, places[7], 5, DEPLOYMENT)
    expected = np.argsort(-(places @ places[7]))[:5]
    assert [item.profile_id for item in found] == [ids[number] for number in expected]
    assert found[0].similarity == pytest.approx(1.0, abs=1e-6)
    assert found[1].similarity == pytest.approx(float(np.sort(places @ places[7])[-2]), abs=1e-5)
    assert await Prototypes(connection).count(model, DEPLOYMENT) == 60


@pytest.mark.parametrize("dimension", [192, 256, 512])
async def test_index_is_used(connection: Connection, dimension: int) -> None:
    model, ids, places = await filled(connection, dimension, 40)
    other, _, _ = await filled(connection, dimension, 5, name="other")
    await connection.execute("SET LOCAL enable_seqscan = off")
    await connection.execute("SET LOCAL enable_bitmapscan = off")
    await connection.execute("SET LOCAL enable_sort = off")
    sql = f"""
        EXPLAIN SELECT profile_id FROM prototypes
        WHERE dimension = {dimension} AND pool = '' AND model_id = %s
        ORDER BY place::vector({dimension}) <=> %s::real[]::vector({dimension}) LIMIT 5
    """
    lines = await (await connection.execute(sql.encode(), (model, places[0].tolist()))).fetchall()
    assert any(f"prototypes_{dimension}" in line["QUERY PLAN"] for line in lines)
    # The index also excludes voices of other models with the same dimension.
    found = await Prototypes(connection).nearest(other, places[0], 10, DEPLOYMENT)
    assert len(found) == 5
    assert not {item.profile_id for item in found} & set(ids)


def space_file(directory: Path, turn: float) -> None:
    """Write a voice space for the model of these tests."""
    directory.mkdir()
    center = [turn, *([0.0] * 191)]
    stored = {
        "model": MODEL,
        "versions": [VERSION],
        "log_odds": {"offset": -10.0, "similarity": 25.0},
        "recall": [[2, 0.5], [10, 0.9]],
        "centre": center,
        "nuisance": [],
    }
    (directory / "own.json").write_text(json.dumps(stored))


async def test_profiles_move_to_a_new_voice_space(
    services: ServiceFactory,
    transcriber: Caller,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "_MOST_ROUNDS", 1)  # fewer than there are profiles
    for number in range(1, 4):
        name = f"Person {number}"
        await transcriber.decide(number, Named(label="A", name=name, values=person(number)))
    before = await prototypes(database)
    space_file(tmp_path / "spaces", 0.2)
    async with services.run(voice_spaces_dir=tmp_path / "spaces") as running:
        after = await prototypes(database)
        assert all(one[3] != other[3] for one, other in zip(before, after, strict=True))
        heard = Named(label="A", name="", values=person(2, recording=8))
        assert (await running.transcriber().recognize(9, heard))["A"].name == "Person 2"
    # The way back is complete as well.
    refresher = ProfileRefresher(VoiceSpaces.load())
    async with database.transaction() as connection:
        assert len(await refresher.outdated(connection, 10)) == 3
    await PrototypeStep(database, refresher).finish()
    assert await prototypes(database) == before
    async with database.transaction() as connection:
        assert await refresher.outdated(connection, 10) == []
