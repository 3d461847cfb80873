"""The sentences of a verdict, as a network engineer would write them; they must decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.network.arrival import PredictedKind
from airflow_masq.network.ranges import AddressKind
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from netaddr import IPAddress, IPNetwork

    from airflow_masq.network.prediction import Prediction
    from airflow_masq.observation.observation import Observation


def named(address: IPAddress, kind: AddressKind) -> str:
    """Name an address with what it is.

    :param address: the address.
    :param kind: its attribution.
    :return: for example ``10.128.0.2 (node)``.
    """
    return f"{address} ({kind})"


def failed(detail: str, *, attempts: int) -> str:
    """Begin the sentence about an attempt that saw nothing.

    :param detail: what the last observation says.
    :param attempts: how many there were.
    :return: the beginning, without a full stop.
    """
    beginning = detail[:1].upper() + detail[1:].rstrip(".")
    return beginning if attempts == 1 else f"{beginning} (the last of {attempts} attempts)"


def explained(prediction: Prediction, *, allowed_sources: Iterable[IPNetwork]) -> str:
    """Explain a silence with what the model expects.

    :param prediction: the model's expectation.
    :param allowed_sources: what the target's firewall lets in.
    :return: the rest of the sentence, beginning with a semicolon, without a full stop.
    """
    if prediction.arrives_as is PredictedKind.DROPPED:
        return f"; the model expects the packet to be lost ({prediction.path[-1]})"
    source = _source(prediction)
    allowed = join_words(allowed_sources)
    if prediction.allowed is False:
        rest = f"which allowed_sources {allowed} does not let in: that firewall probably drops it"
    elif prediction.allowed:
        doubts = "a missing route back, an observer that is down, or a node that does not masquerade as planned"
        rest = f"which allowed_sources {allowed} lets in: look for {doubts}"
    else:
        rest = "so ask that side's firewall log for it"
    return f"; the model expects source {source}, {rest}"


def cause(kind: AddressKind, *, prediction: Prediction | None) -> str:
    """Name the likely causes of an address that is not the needed one.

    :param kind: its attribution.
    :param prediction: the model's expectation, where there is one.
    :return: the rest of the sentence, beginning with a semicolon, or nothing.
    """
    if kind in {AddressKind.FOREIGN, AddressKind.SERVICE}:
        return "; likely a proxy on the way, an observer that believes X-Forwarded-For, or a range the plan lacks"
    if kind is not AddressKind.POD or prediction is None:
        return ""
    if prediction.masqueraded:
        return "; this node does not masquerade as the policy says"
    by = f" by {prediction.matched_cidr}" if prediction.matched_cidr else ""
    return f"; the policy does not masquerade this ({prediction.reason}{by})"


def disagreement(address: IPAddress, kind: AddressKind, *, prediction: Prediction | None) -> str:
    """Say how the model and an observation differ.

    :param address: what was seen.
    :param kind: its attribution.
    :param prediction: the model's expectation.
    :return: one sentence.
    """
    expectation = "nothing" if prediction is None else _expectation(prediction)
    return f"The model expects {expectation}, but {named(address, kind)} was seen."


def attempts(observations: Sequence[Observation], *, kinds: Sequence[AddressKind | None]) -> str:
    """Say what each of several attempts saw.

    :param observations: the attempts in order.
    :param kinds: the attributions of what they saw, in the same order.
    :return: one sentence.
    """
    sights = [
        f"attempt {number} saw {_sight(observation, kind)}"
        for number, (observation, kind) in enumerate(zip(observations, kinds, strict=True), start=1)
    ]
    return f"The attempts disagree: {', '.join(sights)}; rules that were still being written would explain it."


def _expectation(prediction: Prediction) -> str:
    if prediction.arrives_as is PredictedKind.DROPPED:
        return "the packet to be lost"
    return f"source {_source(prediction)}"


def _source(prediction: Prediction) -> str:
    hosts_only = all(network.size == 1 for network in prediction.sources)
    places = ", ".join(str(network.ip) if hosts_only else str(network) for network in prediction.sources)
    return f"{places} ({prediction.arrives_as})" if places else prediction.arrives_as.value


def _sight(observation: Observation, kind: AddressKind | None) -> str:
    if observation.observed is None or kind is None:
        return str(observation.failure)
    return named(observation.observed, kind)
