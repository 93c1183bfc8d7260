"""Live audio the way one writes it at first: keep what comes, read each window whole when it is full.

Run by uvicorn. Every window is resampled and transformed from its samples, in a thread; half of it was
already, one window before. Nothing bounds how many streams there are, or how far they lag.
"""

import asyncio
from time import perf_counter

import numpy as np
import soxr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from rebracket.cli.common import load_predictor
from rebracket.inference.material import Material, Part
from rebracket.inference.timing import Timing
from rebracket.messages import Ready, Start, Summary, WindowRead
from rebracket.schemas import Prediction, Segment
from rebracket.segment.audio import QUALITY, RATE
from rebracket.segment.mel import SoundWindow

ASKED = Segment(text="live")
WIDTH = 2
predictor = load_predictor(None)


def read(pcm: bytes, start: Start) -> Prediction:
    """One window, from its bytes."""
    began = perf_counter()
    samples = np.frombuffer(pcm, "<i2").astype(np.float32).reshape(-1, start.channels) / 2**15
    sound = soxr.resample(samples, start.sample_rate, RATE, QUALITY)
    part = Part.of_music([SoundWindow(np.ascontiguousarray(sound.T))])
    scores = predictor.engines["sound"].read(part)
    timing = Timing(0.0, 0.0, perf_counter() - began)
    return predictor.answer(ASKED, Material({"sound": part}), {"sound": scores}, timing)


async def stream(socket: WebSocket) -> None:
    """`GET /stream`."""
    await socket.accept()
    start = Start.model_validate_json(await socket.receive_text())
    window = round((start.window_s or 4.0) * start.sample_rate)
    hop = round(window * (1 - (0.5 if start.overlap is None else start.overlap)))
    await say(socket, Ready(session_id="naive", window_samples=window, hop_samples=hop))
    frame = WIDTH * start.channels
    kept = bytearray()
    windows = samples = 0
    while (message := await socket.receive()).get("bytes"):
        came = perf_counter()
        kept += message["bytes"]
        samples += len(message["bytes"]) // frame
        while len(kept) >= window * frame:
            prediction = await asyncio.to_thread(read, bytes(kept[: window * frame]), start)
            answer = WindowRead(
                seq=windows,
                start_sample=windows * hop,
                end_sample=windows * hop + window,
                final=False,
                prediction=prediction,
                lag_ms=(perf_counter() - came) * 1000,
            )
            await say(socket, answer)
            del kept[: hop * frame]
            windows += 1
    if message["type"] != "websocket.disconnect":
        ending = Summary(
            windows=windows,
            silent_windows=0,
            by_type={},
            mean_intensity=None,
            samples=samples,
            read_to=windows * hop,
        )
        await say(socket, ending)
        await socket.close()


async def say(socket: WebSocket, event: Ready | WindowRead | Summary) -> None:
    """Send an event."""
    await socket.send_text(event.model_dump_json())


async def predict(request: Request) -> JSONResponse:
    """`POST /predict`."""
    segment = Segment.model_validate_json(await request.body())
    answer = await asyncio.to_thread(predictor.predict, segment)
    return JSONResponse(answer.model_dump())


app = Starlette(
    routes=[
        Route("/predict", predict, methods=["POST"]),
        WebSocketRoute("/stream", stream),
    ]
)
