"""Rebracketing for agents: a LangChain tool."""

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

__all__ = [
    "ProcessBackend",
    "RebracketingAnalysis",
    "RebracketingAnalyzerTool",
    "ServiceBackend",
]
