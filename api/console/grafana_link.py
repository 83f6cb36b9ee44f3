"""The way from a place in the console to its dashboard in Grafana."""

from urllib.parse import urlencode

from dashboards.wording import uid_of
from domain.places import Place
from texts.catalogue import Locale

_PLACE_DASHBOARD = "place"


def place_dashboard(grafana_url: str | None, place: Place | None, locale: Locale) -> str | None:
    """Return the address of the place's dashboard; None without a Grafana, or for a lost place."""
    if grafana_url is None or place is None:
        return None
    chosen = {"var-subdistrict": place.subdistrict_id, "var-place": place.place_id}
    uid = uid_of(_PLACE_DASHBOARD, locale)
    return f"{grafana_url.rstrip('/')}/d/{uid}?{urlencode(chosen)}"
