"""Observation decides: what was seen, held against what is needed.

    no address in any observation ────────────────────────────▶ by the table of failures
    the last address ─▶ attribution ─▶ expect? ─▶ allowed_sources? ─▶ the environment's intent
                                                │
                          a PASS from a vantage that is no worker's Pod becomes INCONCLUSIVE

A prediction explains and may disagree aloud (MASQ491); it must never make or change an outcome. Nothing that was not
seen may pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.resource import masquerade_enabled
from airflow_masq.network.attribution import attribute
from airflow_masq.network.prediction import Prediction, predict
from airflow_masq.network.ranges import AddressKind
from airflow_masq.observation.observation import Failure, Observation, Vantage, choose_deciding
from airflow_masq.text import join_words
from airflow_masq.verdict import wording
from airflow_masq.verdict.codes import CODES, VerdictCode
from airflow_masq.verdict.outcome import Outcome
from airflow_masq.verdict.ruling import Ruling, Sighting, keeps_pod_address, rule
from airflow_masq.verdict.verdict import ObservedFinding, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netaddr import IPAddress

    from airflow_masq.plan.values import Plan, Target

__all__ = ["ObservedFinding", "Outcome", "Verdict", "judge"]

_CODE_OF_FAILURE: Final = {
    Failure.CONNECT_TIMEOUT: VerdictCode.NO_ANSWER,
    Failure.REPLY_TIMEOUT: VerdictCode.NO_REPLY,
    Failure.NO_ROUTE: VerdictCode.NO_ROUTE,
    Failure.RESET: VerdictCode.RESET,
    Failure.REFUSED: VerdictCode.REFUSED,
    Failure.NAME_UNRESOLVED: VerdictCode.NAME_UNRESOLVED,
    Failure.TLS: VerdictCode.TLS_FAILED,
    Failure.REDIRECT: VerdictCode.REDIRECTED,
    Failure.HTTP_STATUS: VerdictCode.HTTP_STATUS,
    Failure.NOT_HTTP: VerdictCode.NOT_HTTP,
    Failure.NO_ADDRESS: VerdictCode.REPLY_WITHOUT_ADDRESS,
    Failure.SEVERAL_ADDRESSES: VerdictCode.REPLY_WITH_SEVERAL_ADDRESSES,
    Failure.TOO_LARGE: VerdictCode.REPLY_TOO_LARGE,
    Failure.UNUSABLE_TARGET: VerdictCode.UNUSABLE_TARGET,
    Failure.CRASHED: VerdictCode.PROBE_CRASHED,
}
# The failures that a dropped or rejected packet looks like; only these does the prediction explain.
_SILENCE: Final = frozenset({Failure.CONNECT_TIMEOUT, Failure.NO_ROUTE})


def judge(target: Target, observations: Sequence[Observation], *, vantage: Vantage, plan: Plan) -> Verdict:
    """Judge what one vantage saw of one target.

    :param target: the target, with what is needed of the source address.
    :param observations: all attempts in order; the last that holds an address decides, else the last; all are
        evidence. So an address that leaked is not forgotten because a later attempt met silence.
    :param vantage: where they were made.
    :param plan: the environment's plan.
    :return: the verdict; PASS only where an address was seen and is what is needed.
    """
    last = choose_deciding(observations)
    own_address = (last.local_address if last else None) or vantage.pod_ip
    prediction = _prediction(target, last, own_address=own_address, plan=plan)
    sighting = _sighting(last, own_address=own_address, prediction=prediction, plan=plan)
    if last is None:
        ruling = Ruling(code=VerdictCode.NOT_PROBED, reason="No attempt was made to ask this observer.")
    elif sighting is None:
        ruling = _by_failure(last, attempts=len(observations), prediction=prediction, target=target)
    else:
        ruling = rule(sighting, target=target, vantage=vantage, plan=plan)
    return Verdict(
        target=target.name,
        vantage=vantage,
        node=str(plan.ranges.node_block(own_address)) if own_address else None,
        outcome=CODES[ruling.code].outcome or Outcome.ERROR,
        code=ruling.code,
        expected=_expected(target, last, plan=plan),
        observed=sighting.address if sighting else None,
        attribution=sighting.kind if sighting else None,
        reason=ruling.reason,
        evidence=tuple(observations),
        prediction=prediction,
        findings=_findings(sighting, observations, plan=plan),
    )


def _prediction(
    target: Target, last: Observation | None, *, own_address: IPAddress | None, plan: Plan
) -> Prediction | None:
    if last is None or last.destination is None or own_address is None:
        return None
    return predict(
        plan.ranges,
        policy=plan.policy,
        pod=own_address,
        destination=last.destination,
        allowed_sources=target.allowed_sources,
    )


def _sighting(
    last: Observation | None, *, own_address: IPAddress | None, prediction: Prediction | None, plan: Plan
) -> Sighting | None:
    kind = None if last is None else _attributed(last, plan=plan)
    if last is None or last.observed is None or kind is None:
        return None
    return Sighting(
        address=last.observed,
        kind=kind,
        destination=last.destination,
        own_address=own_address,
        prediction=prediction,
    )


def _by_failure(last: Observation, *, attempts: int, prediction: Prediction | None, target: Target) -> Ruling:
    failure = last.failure or Failure.CRASHED
    reason = wording.failed(last.detail or CODES[_CODE_OF_FAILURE[failure]].title, attempts=attempts)
    if failure in _SILENCE and prediction is not None:
        reason += wording.explained(prediction, allowed_sources=target.allowed_sources)
    return Ruling(code=_CODE_OF_FAILURE[failure], reason=f"{reason}.")


def _expected(target: Target, last: Observation | None, *, plan: Plan) -> str:
    if target.expect is not None:
        return target.expect.value
    if target.allowed_sources:
        return join_words(target.allowed_sources)
    if not masquerade_enabled(plan.environment):
        return ""
    return "pod" if keeps_pod_address(last.destination if last else None, plan=plan) else "not pod"


def _findings(
    sighting: Sighting | None, observations: Sequence[Observation], *, plan: Plan
) -> tuple[ObservedFinding, ...]:
    found = []
    if sighting is not None and _model_disagrees(sighting):
        message = wording.disagreement(sighting.address, sighting.kind, prediction=sighting.prediction)
        found.append(ObservedFinding(code=VerdictCode.MODEL_DISAGREES, message=message))
    sights = [(_attributed(observation, plan=plan), observation.failure) for observation in observations]
    if len(set(sights)) > 1:
        kinds = [kind for kind, _ in sights]
        message = wording.attempts(observations, kinds=kinds)
        found.append(ObservedFinding(code=VerdictCode.ATTEMPTS_DISAGREE, message=message))
    return tuple(found)


def _attributed(observation: Observation, *, plan: Plan) -> AddressKind | None:
    if observation.observed is None:
        return None
    return attribute(
        observation.observed,
        ranges=plan.ranges,
        local_address=observation.local_address,
        destination=observation.destination,
    )


def _model_disagrees(sighting: Sighting) -> bool:
    if sighting.prediction is None or sighting.kind is AddressKind.AMBIGUOUS:
        return False
    return sighting.prediction.arrives_as.value != sighting.kind.value
