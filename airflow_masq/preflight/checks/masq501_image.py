"""The image that the environment gets.

The service is asked which image versions it offers. An image that it does not offer is an error, and so is an alias
that stands for Composer 3, which has no IP masquerade agent. An image whose support ends within 90 days is a warning.

## Why

The service creates environments from the images that it offers alone, answers 400 for any other, and replaces an alias
with the version that is current [source: composer-unsupported-image, composer-image-version, composer-image-versions].
The support of a version of Composer 2 ends about twelve months after its release [source: composer-image-support]; the
day here is counted from the release that the service tells, so it is an estimate.

## How to fix

Name an image that the message lists, or the alias `composer-2-airflow-2`. If the API is not enabled, enable
`composer.googleapis.com` in the environment's project. The list needs the permission `composer.imageversions.list`, as
in `roles/composer.user`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_2, COMPOSER_3, IMAGE_VERSION_PLACE, ImageVersion, OfferedImage
from airflow_masq.environment.offered_images import list_newest, resolve_image
from airflow_masq.facts.silence import Silence
from airflow_masq.network.provenance import Provenance
from airflow_masq.preflight.answers import Answers, Asked, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan
    from airflow_masq.preflight.subject import Subject

_MOST_SUGGESTIONS: Final = 4
_SUPPORT: Final = timedelta(days=365)
_SOON: Final = timedelta(days=90)


def _run(subject: Subject, plan: Plan, answers: Answers) -> Iterator[Told]:
    asked, text = answers.images, plan.environment.get_text("config", "softwareConfig", "imageVersion")
    offered = asked.answer
    if isinstance(offered, Unanswered):
        yield _tell_unanswered(subject, asked=asked, silence=offered.silence)
        return
    image = plan.environment.image
    found = None if text and image is None else resolve_image(image, offered=offered)
    shown = escape(text) or "the default image"
    if found is None:
        generation = image.generation if image else COMPOSER_2
        suggested = join_words([each.text for each in list_newest(offered, generation=generation)[:_MOST_SUGGESTIONS]])
        message = f"The service offers no image for {shown}. Choose one of those it offers: {suggested or 'none'}."
        yield Told(severity=Standing.ERROR, where=IMAGE_VERSION_PLACE, message=message, asked=(asked,))
        return
    standing, sentence, provenance = _judge_support(found, today=answers.today)
    if ImageVersion.parse(found.text).generation == COMPOSER_3:
        standing, provenance = Standing.ERROR, Provenance.OBSERVED
        sentence = "Composer 3 has no IP masquerade agent; choose an image of Composer 2."
    meaning = f"{shown} is offered." if found.text == text else f"{shown} stands for {found.text} today."
    message = f"{meaning} {sentence}"
    yield Told(severity=standing, where=IMAGE_VERSION_PLACE, message=message, asked=(asked,), provenance=provenance)


def _tell_unanswered(subject: Subject, *, asked: Asked[object], silence: Silence) -> Told:
    if silence is Silence.DISABLED:
        message = (
            f"The Cloud Composer API is not enabled in {subject.project}, so no environment can be created there. "
            "Enable composer.googleapis.com."
        )
        return Told(severity=Standing.ERROR, where="environment.name", message=message, asked=(asked,))
    role = f"roles/composer.user in project {subject.project}"
    return tell_unknown(asked, what="Which images are offered is", where=IMAGE_VERSION_PLACE, role=role)


def _judge_support(image: OfferedImage, *, today: date) -> tuple[Standing, str, Provenance]:
    if image.released_on is None:
        return Standing.OK, "When its support ends is not told.", Provenance.OBSERVED
    end = image.released_on + _SUPPORT
    released = f"It was released on {image.released_on}"
    if end < today:
        sentence = f"{released}, so its support has ended or ends soon. Choose a newer image."
        return Standing.WARNING, sentence, Provenance.INFERRED
    if end < today + _SOON:
        sentence = f"{released}, so its support ends about {end}. Choose a newer image."
        return Standing.WARNING, sentence, Provenance.INFERRED
    return Standing.OK, f"{released}, so its support ends about {end}.", Provenance.INFERRED


CHECK: Final = Check(code="MASQ501", run=_run, text=__doc__)
