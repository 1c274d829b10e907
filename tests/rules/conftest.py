"""A policy to try things on."""

import pytest

from rules.language.policy import Policy, load_policy

PILOT_VERDICT = """\
policy: pilot-verdict
version: 1
owner: partner-programme
title: What a pilot must show
facts:
  qualified: {type: count, title: opportunities that met our standard, better: higher}
  deals: {type: count, title: deals both sides worked, better: higher}
  target: {type: count}
  resets_used: {type: count}
outcomes: [expand, reset, exit]
rules:
  - id: target_met_together
    when:
      qualified: {gte: {fact: target}}
      deals: {gte: 1}
    then: expand
    because: The pilot met its target and both sides worked the deals.
  - id: first_miss_resets
    when: {resets_used: 0}
    then: reset
    because: Targets were missed once.
    advice: Agree the fixes.
otherwise: exit
"""


@pytest.fixture
def text() -> str:
    return PILOT_VERDICT


@pytest.fixture
def policy(text: str) -> Policy:
    return load_policy(text, "pilot-verdict.yaml")
