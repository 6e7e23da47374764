"""Composition root of the exporter: creates its clients and its server."""

from contextlib import AsyncExitStack

import httpx2

from common.connections import connect
from common.runtime import Supervisor
from exporter.diarizer_turns import TurnClient
from exporter.render_pool import RenderPool
from exporter.revisions import RevisionClient
from exporter.servicer import ExportServicer
from exporter.settings import ExporterSettings
from exporter.summary.abstractive import AbstractiveSummarizer
from exporter.summary.chat import ChatEndpoint
from exporter.summary.summarizer import Summarizer
from exporter.transcripts import TranscriptClient
from securetranscribe.v1 import export_pb2_grpc

_SERVICE = "securetranscribe.v1.ExportService"
# A template may use all of its time, and the memory of the service has room for one at once.
_TEMPLATE_WORKERS = 1


async def serve(settings: ExporterSettings, supervisor: Supervisor) -> None:
    """Serve until the supervisor stops."""
    async with AsyncExitStack() as stack:
        connections = await connect(settings, stack, service="exporter")
        transcriber = await stack.enter_async_context(
            connections.channel(settings.transcriber_grpc, "transcriber")
        )

        render_pool = RenderPool(settings.export_workers)
        stack.callback(render_pool.close)
        template_pool = RenderPool(_TEMPLATE_WORKERS)
        stack.callback(template_pool.close)
        servicer = ExportServicer(
            transcripts=TranscriptClient(transcriber),
            revisions=RevisionClient(transcriber),
            turns=TurnClient(transcriber),
            render_pool=render_pool,
            template_pool=template_pool,
            summarize=(await _summarizer(settings, stack)).summarize,
        )
        server = connections.server(
            {
                _SERVICE: lambda grpc_server: export_pb2_grpc.add_ExportServiceServicer_to_server(
                    servicer, grpc_server
                )
            }
        )
        await server.start()
        stack.push_async_callback(server.stop, settings.shutdown_grace_seconds)
        await server.ready()
        await supervisor.wait()
        await server.not_ready()


async def _summarizer(settings: ExporterSettings, stack: AsyncExitStack) -> Summarizer:
    """Create a summarizer with the configured language model, if any."""
    if not settings.summary_base_url:
        return Summarizer()
    client = await stack.enter_async_context(
        httpx2.AsyncClient(timeout=settings.summary_timeout_seconds, trust_env=False)
    )
    endpoint = ChatEndpoint(
        client,
        base_url=settings.summary_base_url,
        model=settings.summary_model,
        api_key=settings.summary_api_key.get_secret_value(),
    )
    return Summarizer(AbstractiveSummarizer(endpoint))
