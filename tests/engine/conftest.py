"""Hypothesis profiles: `HYPOTHESIS_PROFILE=long` runs the properties forty times as often as `ci`, the default."""

import os

from hypothesis import HealthCheck, Phase, settings

_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

for _name, _examples in (("ci", 500), ("long", 20_000)):
    settings.register_profile(
        _name,
        max_examples=_examples,
        stateful_step_count=15,
        deadline=None,
        phases=_PHASES,
        suppress_health_check=_SLOW,
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
