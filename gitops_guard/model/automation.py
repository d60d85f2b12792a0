"""Comments by which a program keeps a version up to date: image policies of Flux, managers of Renovate."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"\b(?:depName|packageName|lookupName)=([^\s]+)", re.ASCII)


def is_flux_policy(comment: str) -> bool:
    """Whether a Flux image policy writes the line: `# {"$imagepolicy": "namespace:policy[:tag|:name|:digest]"}`."""
    return "$imagepolicy" in comment


def renovated_image(comment: str) -> str:
    """The image whose tag Renovate writes below: `# renovate: datasource=docker depName=name`; "" for another one."""
    if "datasource=docker" not in comment or "renovate:" not in comment:
        return ""
    name = _NAME.search(comment)
    return name.group(1) if name else ""
