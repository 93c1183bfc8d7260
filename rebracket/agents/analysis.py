"""What the analyzer found out about a concept."""

from pydantic import BaseModel, ConfigDict, Field

from rebracket.schemas import Prediction, Probability
from rebracket.taxonomy import RebracketingType


class RebracketingAnalysis(BaseModel):
    """The artifact of an analysis; kept in checkpoints, so fields of other versions are passed over."""

    model_config = ConfigDict(frozen=True)

    type: RebracketingType
    intensity: Probability
    confidence: Probability = Field(description="Calibrated probability that `type` is right.")
    probabilities: dict[RebracketingType, Probability]
    second_type: RebracketingType = Field(description="The next likely type.")
    model_version: str
    request_id: str = Field(description="Finds the call in the service's log.")
    truncated: str | None = Field(
        None, description="What was too long, and how much of it was read."
    )

    @classmethod
    def of(
        cls, prediction: Prediction, *, request_id: str, truncated: str | None
    ) -> "RebracketingAnalysis":
        """The analysis that a prediction means."""
        odds = prediction.probabilities
        return cls(
            type=prediction.type,
            intensity=prediction.intensity,
            confidence=prediction.confidence,
            probabilities=odds,
            second_type=max((t for t in odds if t != prediction.type), key=odds.__getitem__),
            model_version=prediction.model.version,
            request_id=request_id,
            truncated=truncated,
        )

    def sentence(self) -> str:
        """What a chat model is told."""
        told = (
            f"{self.type} rebracketing, intensity {self.intensity:.2f}, confidence "
            f"{self.confidence:.2f}; second: {self.second_type} "
            f"({self.probabilities[self.second_type]:.2f})."
        )
        return f"{told} {self.truncated}" if self.truncated else told
