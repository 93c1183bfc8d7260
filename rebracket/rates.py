"""How much in how long: `600/minute`, `100/5m`."""

import re
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

SHAPE = re.compile(r"([0-9]{1,10})/([0-9]{0,6})([a-z]+)")
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
NAMES = UNITS | {name[0]: seconds for name, seconds in UNITS.items()}
MAX_PERIOD_S = 366 * 86400


class Rate(str):
    """At most `amount` at once, and `amount` more every `period_s` seconds.

    A string, so that settings, environment, keys and command line all spell it alike.

    Raises:
        ValueError: the text is no rate; says what was expected.
    """

    amount: int
    period_s: int

    def __new__(cls, text: str) -> Self:
        """Read `600/minute`: second, minute, hour, day or their first letters, `5m` for more."""
        match = SHAPE.fullmatch(text)
        amount = int(match[1]) if match else 0
        period_s = int(match[2] or 1) * NAMES.get(match[3], 0) if match else 0
        if not amount or not 0 < period_s <= MAX_PERIOD_S:
            raise ValueError("expected a rate like 600/minute, 10/second or 100/5m")
        rate = super().__new__(cls, text)
        rate.amount = amount
        rate.period_s = period_s
        return rate

    @property
    def per_second(self) -> float:
        """How much comes back in a second."""
        return self.amount / self.period_s

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """Settings give rates as text."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """For editors of settings."""
        pattern = rf"^[0-9]{{1,10}}/[0-9]{{0,6}}({'|'.join(NAMES)})$"
        return handler(core) | {"pattern": pattern, "examples": ["600/minute", "100/5m"]}
