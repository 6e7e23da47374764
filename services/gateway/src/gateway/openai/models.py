"""Endpoints for models, `/v1/models`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from common.errors import ApplicationError
from common.rate_limits import Group, RateLimits
from gateway.openai import catalog
from gateway.openai.problems import problem
from gateway.web.callers import client_address


class ModelApi:
    """The names of models for audio requests. Everybody may read them."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits

    async def list_models(self, request: Request) -> Response:
        """Return all models."""
        try:
            await self._count(request)
        except ApplicationError as error:
            return problem(error)
        models = [dict(model.described()) for model in catalog.offered()]
        return JSONResponse({"object": "list", "data": models})

    async def retrieve_model(self, request: Request) -> Response:
        """Return one model."""
        try:
            await self._count(request)
            model = catalog.find(request.path_params["model"])
        except ApplicationError as error:
            return problem(error)
        return JSONResponse({**model.described(), "id": request.path_params["model"]})

    async def _count(self, request: Request) -> None:
        await self._limits.enforce_address(Group.STATUS, client_address(request.scope))
