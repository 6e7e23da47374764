"""Settings of the embedder."""

from pathlib import Path

from common.settings import SeparateKeySettings


class EmbedderSettings(SeparateKeySettings):
    """Settings of `python -m transcriber embedder`."""

    model_dir: Path = Path(".models")
