"""Settings of the exporter."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from common.rate_settings import RateSettings
from common.settings import Seconds, ServiceSettings


class ExporterSettings(ServiceSettings, RateSettings):
    """Environment variables of the exporter, named like the fields in capitals."""

    transcriber_grpc: str = "127.0.0.1:50051"
    export_workers: int = Field(2, ge=1, le=64)
    summary_base_url: str = ""
    summary_model: str = ""
    summary_api_key: SecretStr = SecretStr("")
    summary_timeout_seconds: Seconds = 120

    @model_validator(mode="after")
    def _model_with_address(self) -> Self:
        if bool(self.summary_base_url) != bool(self.summary_model):
            raise ValueError("SUMMARY_BASE_URL and SUMMARY_MODEL must be set together")
        return self
