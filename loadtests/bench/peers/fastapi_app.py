"""FastAPI: a plain function, which it runs in its thread pool."""

from typing import Any

from fastapi import FastAPI

from loadtests.bench.peers.model import Model, Note

app = FastAPI()
model = Model()


@app.post("/predict")
def predict(note: Note) -> dict[str, Any]:
    return model.read([note.text])[0]
