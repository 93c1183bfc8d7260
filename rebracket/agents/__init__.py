"""Rebracketing for agents: a LangChain tool, and an agent that writes towards a type and intensity."""

try:
    import langgraph as _langgraph  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "langgraph":
        raise
    raise ImportError(
        "rebracket.agents needs the extra 'agents': pip install 'rebracket[agents]'"
    ) from None

from rebracket.agents.analysis import RebracketingAnalysis
from rebracket.agents.analyzer import RebracketingAnalyzerTool
from rebracket.agents.backends.process import ProcessBackend
from rebracket.agents.backends.service import ServiceBackend
from rebracket.agents.generator import RebracketingGeneratorTool
from rebracket.agents.state import Draft, Goal
from rebracket.agents.white import create_white_agent, tools_of

__all__ = [
    "Draft",
    "Goal",
    "ProcessBackend",
    "RebracketingAnalysis",
    "RebracketingAnalyzerTool",
    "RebracketingGeneratorTool",
    "ServiceBackend",
    "create_white_agent",
    "tools_of",
]
