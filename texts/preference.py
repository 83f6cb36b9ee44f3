"""Which language a reader wants, told by a header or a parameter."""

from texts.catalogue import Locale

_LONGEST_HEADER = 512
_DEFAULT = Locale.ZH_CN


def locale_named(name: str | None) -> Locale | None:
    """Return the locale of a language tag (``en``, ``en-GB``, ``zh``, ``zh_CN``), or None."""
    language = (name or "").strip().lower().replace("_", "-").partition("-")[0]
    return {"zh": Locale.ZH_CN, "en": Locale.EN}.get(language)


def preferred_locale(accept_language: str | None) -> Locale:
    """Return the locale that an ``Accept-Language`` header likes best; zh-CN for anything odd."""
    best, best_weight = _DEFAULT, 0.0
    if accept_language is None or len(accept_language) > _LONGEST_HEADER:
        return best
    for item in accept_language.split(","):
        tag, _, parameter = item.partition(";")
        locale = locale_named(tag)
        weight = _weight(parameter)
        if locale is not None and weight > best_weight:
            best, best_weight = locale, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if not name.strip():
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    # A comparison, so that NaN counts as nothing.
    return weight if name.strip() == "q" and 0.0 < weight <= 1.0 else 0.0
