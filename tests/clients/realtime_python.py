"""The official `openai` library against the real server. usage: realtime_python.py DEMO_HOST SCRIPTED_HOST"""

import asyncio
import sys

from openai import AsyncOpenAI


def client(host):
    return AsyncOpenAI(api_key="secret", base_url=f"http://{host}/v1", websocket_base_url=f"ws://{host}/v1")


async def until(connection, kind):
    seen = []
    while True:
        event = await asyncio.wait_for(connection.recv(), 20)
        seen.append(event)
        if event.type == kind:
            return event, seen


async def ask(connection, text, **response):
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await connection.conversation.item.create(item=item)
    await connection.response.create(response=response)


async def asks(host):
    async with client(host).realtime.connect(model="gpt-realtime") as connection:
        created, _ = await until(connection, "session.created")
        assert created.session.model == "gpt-realtime", created
        await connection.session.update(session={"type": "realtime", "output_modalities": ["audio"]})
        updated, _ = await until(connection, "session.updated")
        assert updated.session.output_modalities == ["text"], updated
        for question, word in [("How tall is the clock?", "clock"), ("大鐘有多高？", "鐘")]:
            await ask(connection, question)
            done, seen = await until(connection, "response.done")
            kinds = [event.type for event in seen]
            streamed = "".join(event.delta for event in seen if event.type == "response.output_text.delta")
            assert word in streamed.lower(), streamed
            assert done.response.output[0].content[0].text == streamed
            assert done.response.status == "completed"
            assert done.response.usage.input_tokens > 0 and done.response.usage.output_tokens > 0
            first = kinds.index("response.output_text.delta")
            reply = [n for n, kind in enumerate(kinds) if kind == "conversation.item.added"][-1]
            assert reply < first, kinds
            assert kinds[-5:] == [
                "response.output_text.done",
                "response.content_part.done",
                "conversation.item.done",
                "response.output_item.done",
                "response.done",
            ], kinds
            assert "timings_ms" in done.response.x_rapport and "tone" in done.response.x_rapport


async def cancels(host):
    async with client(host).realtime.connect(model="gpt-realtime") as connection:
        await ask(connection, "How tall is the clock? Say it slowly.")
        await until(connection, "response.output_text.delta")
        await connection.response.cancel()
        done, _ = await until(connection, "response.done")
        assert done.response.status == "cancelled", done
        assert done.response.status_details.reason == "client_cancelled", done
        assert done.response.output[0].status == "incomplete", done
        await connection.conversation.item.retrieve(item_id=done.response.output[0].id)
        item, _ = await until(connection, "conversation.item.retrieved")
        assert item.item.status == "incomplete", item
        await connection.conversation.item.delete(item_id="nothing", event_id="mine")
        error, _ = await until(connection, "error")
        assert error.error.event_id == "mine", error
        assert error.error.code == "item_delete_invalid_item_id", error
        await ask(connection, "How tall is the clock?", instructions="Mention the canary.")
        done, _ = await until(connection, "response.done")
        assert done.response.status == "completed", done


async def main():
    await asks(sys.argv[1])
    await cancels(sys.argv[2])
    print("passed")


asyncio.run(main())
