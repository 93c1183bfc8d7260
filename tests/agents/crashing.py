"""Runs the White Agent in a process that dies while its model writes the third draft."""

import os
import sys
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver

from rebracket.agents import RebracketingAnalyzerTool, create_white_agent
from tests.agents.doubles import GOAL, ScriptedBackend, ScriptedModel, drafts


class DyingModel(ScriptedModel):
    """Ends the process without any clean-up once its script is over."""

    def __init__(self, *script: AIMessage) -> None:
        super().__init__(*script)

    def _generate(self, *arguments: Any, **options: Any) -> ChatResult:
        if len(self.script) == 1:
            os._exit(9)
        return super()._generate(*arguments, **options)


def main(path: str) -> None:
    model = DyingModel(drafts("spatial 0.7 a"), drafts("memory 0.5 b"), drafts("never"))
    analyzer = RebracketingAnalyzerTool(backend=ScriptedBackend())
    with SqliteSaver.from_conn_string(path) as checkpointer:
        agent = create_white_agent(model, analyzer, checkpointer=checkpointer)
        thread: RunnableConfig = {"configurable": {"thread_id": "t"}}
        agent.invoke({"goal": GOAL, "brief": "b"}, thread, durability="sync")


if __name__ == "__main__":
    main(sys.argv[1])
