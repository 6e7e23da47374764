"""Every background step of the speakers service, with one item among ten that always fails."""

from typing import Any, ClassVar

import pytest

from common.background.registry import Background
from common.postgres import Database
from speakers import app
from speakers.domain.voice_space import VoiceSpaces
from tests.integration.isolation import StepTests, steps_of

_PROFILES = """
INSERT INTO profiles (name, name_key, kept, search_name, search_words)
SELECT 'Person ' || n, 'person ' || n, true, 'person', '' FROM generate_series(1, 10) AS n
"""
_MODEL = "INSERT INTO voice_models (name, version, dimension) VALUES ('m', '1', 3)"
_PROTOTYPES = """
INSERT INTO prototypes (profile_id, model_id, dimension, space, place)
SELECT profile_id, 1, 3, 'outdated', '[1,0,0]' FROM profiles
"""
_OUTBOX = """
INSERT INTO outbox (kind, subject, headers, payload)
SELECT 'notice', 'nobody.listens', '{}', '' FROM generate_series(1, 10)
"""


_TRASH = """
INSERT INTO trash (kind, profile_id, name, observation_count, workspace_id, erase_at)
SELECT 'deletion', 100 + n, 'Person', 0, '', now() FROM generate_series(1, 10) AS n
"""


class World:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self) -> None:
        for statement in (_PROFILES, _MODEL, _PROTOTYPES, _OUTBOX, _TRASH):
            await self._database.execute(statement)

    def repeat(self) -> None:
        pass


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def background(database: Database, client: Any) -> Background:
    return app.create_background(database, VoiceSpaces.load(), client, client.jetstream())


class TestSpeakers(StepTests):
    steps: ClassVar = ["outbox", *(kind.name for kind in steps_of("speakers"))]
