"""What the White Agent says to its chat model."""

from rebracket.agents.state import Draft, Goal, Task
from rebracket.taxonomy import TYPES

SYSTEM = (
    "You write concepts for songs and records: a few sentences that redraw a boundary. "
    f"The boundary is redrawn along one of eight axes: {', '.join(TYPES)}. "
    "Have every draft read with the tool rebracketing_analyzer; several drafts may go out at once. "
    "Revise until the reading is the asked one. Change the idea, do not name the axis or the number."
)
UNREADABLE_CALL = "The arguments are not valid JSON. Call again."


def assignment(task: Task) -> str:
    """The first message of a run."""
    goal = task["goal"]
    asked = f"Asked: {goal.type} at intensity {goal.intensity:.2f} (± {goal.tolerance:.2f})."
    if concept := task.get("concept"):
        asked += f" Begin with this concept and revise it: {concept}"
    if brief := task.get("brief"):
        asked += f" Brief: {brief}"
    return asked


def verdict(goal: Goal, drafts: list[Draft], best: Draft | None, rounds_left: int) -> str:
    """What to change, after a round that did not reach the goal."""
    parts = [] if drafts else ["No draft was read this time. Call rebracketing_analyzer with one."]
    if best:
        reading = best.analysis
        parts.append(f"Nearest so far: {reading.sentence()}")
        if reading.type != goal.type:
            parts.append(f"It has to be read as {goal.type}.")
        if abs(reading.intensity - goal.intensity) > goal.tolerance:
            direction = "stronger" if reading.intensity < goal.intensity else "weaker"
            parts.append(f"It has to be {direction}: {goal.intensity:.2f}.")
    return " ".join([*parts, f"Rounds left: {rounds_left}."])
