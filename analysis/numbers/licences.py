"""Licences of weights in words: which forbid commercial use, which have terms of their own, which are unknown.

Knows names as timm and the hub write them. A licence that is not listed is called one with terms of its own.
"""

UNKNOWN = ("not stated", "unknown", "other")
PERMISSIVE = ("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "isc", "unlicense")
RESEARCH = ("apple-amlr",)  # of which neither name nor number says that they allow research alone
FORBIDDEN, OWN, NOT_STATED = "not for commercial use", "terms of its own", "licence not stated"


def warning(licence: str) -> str:
    """What to mind of a licence before a product is built on the weights; empty for a permissive one.

    Example:
        >>> [warning(name) for name in ("mit", "cc-by-nc-4.0", "dinov3-license", "not stated")]
        ['', 'not for commercial use', 'terms of its own', 'licence not stated']
    """
    name = licence.lower()
    if name in UNKNOWN:
        return NOT_STATED
    if "nc" in name.split("-") or "noncommercial" in name.replace("-", "") or name in RESEARCH:
        return FORBIDDEN
    return "" if name in PERMISSIVE else OWN


def described(licence: str) -> str:
    """A licence with its warning: `mit`, `cc-by-nc-4.0 (not for commercial use)`, `licence not stated`."""
    caution = warning(licence)
    return caution if caution == NOT_STATED else f"{licence} ({caution})" if caution else licence
