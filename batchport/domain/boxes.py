"""Boxes that post is put into, as people write them in English and French: no telephone line ends in one."""

from __future__ import annotations

_ID = r"(?:(?:no|number|num[eé]ro|n[o°º])\b\.?\s*)?#?\s*[0-9A-Z-]*[0-9]"
_FORMS = (
    # PO Box, P.O. Box 118, P O Bx 12, POBox118, General Post Office box; a name such as 'Polk' or 'Post Office Square' is none.
    r"\b(?:g\.?\s*)?p\.?\s*o\.?\s*b(?:o?x|\.)?(?:\b|\s*#?[0-9])\.?\s*" + _ID,
    r"\b(?:g\.?\s*)?p\.?\s*o\.?\s*box(?:es)?\b",
    r"\bpost(?:al)?\s+(?:office\s+)?box\b",
    r"\bp\.?\s*o\.?\s*drawer\b",
    r"\A\s*p\.?o\.?\s+" + _ID + r"\s*\z",
    r"\b(?:post\s+office|lock|caller)\s*(?:box|drawer)\s+#?[0-9]",
    # Case postale 118, C.P. 118, B.P. 118, Boîte postale.
    r"\bcases?\s+postales?\b|\bbo[iî]tes?\s+postales?\b|\b(?:c\.\s*p\.|b\.\s*p\.)\s*" + _ID + r"|\b[cb]p\s+#?[0-9]+\b",
    # PSC 1234 Box 56, CMR 450 Box 123, Unit 2050 Box 4190: military.
    r"\b(?:psc|cmr|omc|umr|unit)\s*#?[0-9]+[A-Z]?,?\s+box\s*#?\s*[0-9A-Z]",
    r"\b[afd]\.?p\.?o\.?,?\s+a[aep]\b",
    # RR 2 Box 152, HC 68 Box 23A, Star Route Box 5: a box on a carrier's route.
    r"\b(?:r\.?\s*r\.?|r\.?f\.?d\.?|rural\s+(?:route|rte|rt)|h\.?c\.?r?\.?|highway\s+contract|star\s+(?:route|rte|rt))\s*#?[0-9]*[A-Z]?,?\s+(?:box|bx)\s*#?\s*[0-9]",
    # A box and nothing else.
    r"\A\s*(?:box|bx)\s+#?\s*[0-9]+[A-Z]?\s*\z",
)
#: An RE2 pattern for any of them in a text.
BOX = "(?i)" + "|".join(_FORMS)
