"""Settings of the exporter."""

from pydantic import Field, SecretStr

from common.settings import Seconds, ServiceSettings


class ExporterSettings(ServiceSettings):
    """What the exporter needs to know."""

    transcriber_grpc: str = "127.0.0.1:50051"
    export_workers: int = Field(2, ge=1, le=64)
    summary_base_url: str = ""
    summary_model: str = ""
    summary_api_key: SecretStr = SecretStr("")
    summary_timeout_seconds: Seconds = 120
