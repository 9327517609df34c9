"""A museum guide over HTTP, as one writes it in FastAPI and httpx: the predecessor's second way.

With a tone the camera is asked beside the answer; when both are whole, a model selects the tone and another one
converts, streamed. Without a tone the answer is streamed as it comes. It knows no documents and no history.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson
import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import BaseModel

ANSWER = "You answer visitors' questions in a museum, in 1 to 4 short sentences of plain prose."
SELECT = (
    "Choose the tone for the visitor in <description>: child_friendly, elder_friendly, professional_friendly or "
    "casual_friendly. Reply with one of these names and nothing else."
)
CONVERT = "Say what stands in <text> to a visitor and nothing else, every figure and name exactly. Your voice: "
TONES = {
    "child_friendly": "energetic and playful, with short sentences and easy words.",
    "elder_friendly": "warm, unhurried and respectful, without jargon.",
    "professional_friendly": "precise, formal and courteous.",
    "casual_friendly": "relaxed, in everyday words.",
}


class Query(BaseModel):
    text_user_msg: str
    convert_tone: bool = True
    user_description: str | None = None


class Guide:
    def __init__(self, client: httpx.AsyncClient, options: argparse.Namespace) -> None:
        self.client = client
        self.options = options
        self.completions = f"{options.llm.rstrip('/')}/chat/completions"
        self.description = f"{options.vlm.rstrip('/')}/api/get-user-description"

    async def reply(self, query: Query) -> AsyncIterator[str]:
        """What is sent. A failing model breaks it off: only what is whole ends in END_FLAG."""
        ask = self.converted if query.convert_tone else self.plain
        async for delta in ask(query):
            yield delta
        yield "\nEND_FLAG\n"

    def plain(self, query: Query) -> AsyncIterator[str]:
        return self.chat(self.options.answer_model, ANSWER, query.text_user_msg)

    async def converted(self, query: Query) -> AsyncIterator[str]:
        async with asyncio.TaskGroup() as both:
            answer = both.create_task(whole(self.plain(query)))
            description = both.create_task(self.describe(query))
        tone = await self.select(description.result())
        text = f"<text>{answer.result()}</text>"
        async for delta in self.chat(self.options.convert_model, CONVERT + TONES[tone], text):
            yield delta

    async def describe(self, query: Query) -> str:
        """Who stands there; nobody, if the camera doesn't say."""
        if query.user_description is not None:
            return query.user_description
        try:
            response = await self.client.get(self.description)
            response.raise_for_status()
            return str(orjson.loads(response.content)["user_description"])
        except (httpx.HTTPError, orjson.JSONDecodeError, KeyError, TypeError):
            return ""

    async def select(self, description: str) -> str:
        if not description:
            return "casual_friendly"
        user = f"<description>{description}</description>"
        tone = (await whole(self.chat(self.options.select_model, SELECT, user))).strip()
        return tone if tone in TONES else "casual_friendly"

    async def chat(self, model: str, system: str, user: str) -> AsyncIterator[str]:
        """The deltas of a model's stream."""
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        body = {"model": model, "messages": messages, "stream": True}
        rest, done = b"", False
        async with self.client.stream("POST", self.completions, json=body) as response:
            response.raise_for_status()
            async for piece in response.aiter_bytes():
                # Not `aiter_lines`: it also splits at characters that may stand within a delta.
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if not line.startswith(b"data:"):
                        continue
                    data = line[len(b"data:") :].strip()
                    if data == b"[DONE]":
                        done = True  # and read on to the end of the body: else the connection isn't used again
                        continue
                    for choice in orjson.loads(data)["choices"]:
                        if delta := choice["delta"].get("content"):
                            yield delta
        if not done:
            raise RuntimeError(f"the stream of {model} broke off")


async def whole(deltas: AsyncIterator[str]) -> str:
    return "".join([delta async for delta in deltas])


def application(options: argparse.Namespace) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # One client for all, more connections than are ever needed at once, and they stay open. aiohttp may carry it:
        # httpx's own pool hands one idle connection to all who wait, and most of its time goes there at 64 at once.
        limits = httpx.Limits(max_connections=1024, max_keepalive_connections=1024, keepalive_expiry=120)
        timeout = httpx.Timeout(60, connect=5)
        transport = HttpxAiohttpClient if options.transport == "aiohttp" else httpx.AsyncClient
        async with transport(limits=limits, timeout=timeout, trust_env=False) as client:
            app.state.guide = Guide(client, options)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/rag-llm/query-with-tone")
    async def query_with_tone(query: Query) -> StreamingResponse:
        return StreamingResponse(app.state.guide.reply(query), media_type="text/plain")

    @app.get("/health")
    async def health() -> PlainTextResponse:
        return PlainTextResponse("ok")

    return app


class Server(uvicorn.Server):
    async def startup(self, *arguments, **keywords) -> None:
        await super().startup(*arguments, **keywords)
        if self.started:
            print("READY", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--llm", metavar="URL", required=True, help="an OpenAI-compatible base, ending in /v1")
    parser.add_argument("--transport", choices=["httpx", "aiohttp"], default="httpx", help="what carries httpx")
    parser.add_argument("--vlm", metavar="URL", required=True, help="the description service")
    for role in ("answer", "select", "convert"):
        parser.add_argument(f"--{role}-model", metavar="NAME", required=True)
    options = parser.parse_args()
    config = uvicorn.Config(
        application(options),
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        # Longer than clients keep an idle connection, so that none is closed under a request.
        timeout_keep_alive=120,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
