"""Engines whose work moves a clock of the test, so that time is what a test says it is."""

from collections.abc import Callable
from typing import Any

from feedforward.training.plan import Plan


def slowed(engine: Any, before_steps: Callable[[Plan], None], before_look: Callable[[Any], None]) -> Any:
    """Return the engine; it calls the two functions before it does a plan, and before it looks at rows."""
    do, predict = engine.run, engine.predict

    def run(plan: Plan) -> Any:
        before_steps(plan)
        return do(plan)

    def look(rows: Any) -> Any:
        before_look(rows)
        return predict(rows)

    engine.run, engine.predict = run, look
    return engine
