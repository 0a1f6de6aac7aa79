"""Refuses values that are none of a hyperparameter's choices or outside its range."""

from dataclasses import fields

from study.errors import UserError
from study.space.config import CHOICES, IMAGE_SIZES, KINDS, Config


def check_choices(config: Config) -> None:
    """Refuse a text that is none of its hyperparameter's `CHOICES`."""
    for name, choices in CHOICES.items():
        if getattr(config, name) not in choices:
            raise UserError(f"unknown {name} {getattr(config, name)!r}; one of {', '.join(choices)}")


def check_ranges(config: Config) -> None:
    """Refuse a number outside its hyperparameter's range; None passes."""
    for field in fields(Config):
        value, interval, too_low = getattr(config, field.name), field.metadata["interval"], field.metadata["too_low"]
        if value is None or interval is None or value in interval:
            continue
        if too_low and interval.too_low(value):
            raise UserError(too_low.format_map(vars(config)))
        raise UserError(f"{field.name} {value!r} must be {interval.wanted(value, int in KINDS[field.name])}")


def check_size(image_size: int, what: str = "image_size") -> None:
    """Refuse an image size out of range."""
    low, high = IMAGE_SIZES
    if not low <= image_size <= high:
        raise UserError(f"{what} {image_size} is outside [{low}, {high}]")
