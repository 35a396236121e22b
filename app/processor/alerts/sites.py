"""The rules of collectors and sites, as they apply at one location."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from app.processor.rules.base import Rule

from .defaults import site
from .effective import Place, resolve
from .models import AlertRule

SILENT_RULES = ("S1", "S2", "S3")
CLOCK_RULES = ("S5a", "S5b")
OFFLINE = "S7"

CRUCIAL_WORDS = ("secours", "backup", "ups", "onduleur", "traction", "critical", "critique")
"""Of a location's purpose: where minutes without news matter."""


@dataclass(frozen=True, slots=True)
class SiteRules:
    """The enabled rules at one location, by their codes."""

    rules: dict[str, Rule]

    def of(self, codes: Collection[str]) -> list[Rule]:
        return [rule for code, rule in self.rules.items() if code in codes]

    def rule(self, code: str) -> Rule | None:
        return self.rules.get(code)

    def limit(self, code: str) -> float:
        """Seconds of silence after which a rule is broken; never, where it is disabled."""
        rule = self.rules.get(code)
        return rule.params["limit_s"] if rule else float("inf")


def site_rules(
    location_id: int | None, purposes: Collection[str], rows: Sequence[AlertRule]
) -> SiteRules:
    """Rules for what stands at a location: more impatient where it serves a crucial purpose."""
    words = " ".join(purposes).casefold()
    crucial = any(word in words for word in CRUCIAL_WORDS)
    defaults = [
        replace(rule, params={**rule.params, "limit_s": site.CRUCIAL[rule.code]})
        if crucial and rule.code in site.CRUCIAL
        else rule
        for rule in site.DEFAULTS.rules
    ]
    own = [row for row in rows if not row.kind]
    found = resolve(Place(location_id=location_id), own, defaults)
    return SiteRules({each.rule.code: each.rule for each in found if each.rule.enabled})
