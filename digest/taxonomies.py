"""What archives and subject areas there are, so that a misspelt one is named and not silently empty every day."""

from __future__ import annotations

from typing import Final

ARXIV_ARCHIVES: Final = frozenset(
    [
        "astro-ph",
        "cond-mat",
        "cs",
        "econ",
        "eess",
        "gr-qc",
        "hep-ex",
        "hep-lat",
        "hep-ph",
        "hep-th",
        "math",
        "math-ph",
        "nlin",
        "nucl-ex",
        "nucl-th",
        "physics",
        "q-bio",
        "q-fin",
        "quant-ph",
        "stat",
    ]
)
"""The archives of https://arxiv.org/category_taxonomy."""

ARXIV_GROUPS: Final = frozenset(["cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"])
"""The archives that are a group of their own; all others belong to the group `physics`."""

BIORXIV_CATEGORIES: Final = frozenset(
    [
        "animal-behavior-and-cognition",
        "biochemistry",
        "bioengineering",
        "bioinformatics",
        "biophysics",
        "cancer-biology",
        "cell-biology",
        "clinical-trials",
        "developmental-biology",
        "ecology",
        "epidemiology",
        "evolutionary-biology",
        "genetics",
        "genomics",
        "immunology",
        "microbiology",
        "molecular-biology",
        "neuroscience",
        "paleontology",
        "pathology",
        "pharmacology-and-toxicology",
        "physiology",
        "plant-biology",
        "scientific-communication-and-education",
        "synthetic-biology",
        "systems-biology",
        "zoology",
    ]
)
"""bioRxiv's subject areas, as its API spells them, with hyphens between the words."""

MEDRXIV_CATEGORIES: Final = frozenset(
    [
        "addiction-medicine",
        "allergy-and-immunology",
        "anesthesia",
        "cardiovascular-medicine",
        "dentistry-and-oral-medicine",
        "dermatology",
        "emergency-medicine",
        "endocrinology-including-diabetes-mellitus-and-metabolic-disease",
        "epidemiology",
        "forensic-medicine",
        "gastroenterology",
        "genetic-and-genomic-medicine",
        "geriatric-medicine",
        "health-economics",
        "health-informatics",
        "health-policy",
        "health-systems-and-quality-improvement",
        "hematology",
        "hiv-aids",
        "infectious-diseases-except-hiv-aids",
        "intensive-care-and-critical-care-medicine",
        "medical-education",
        "medical-ethics",
        "nephrology",
        "neurology",
        "nursing",
        "nutrition",
        "obstetrics-and-gynecology",
        "occupational-and-environmental-health",
        "oncology",
        "ophthalmology",
        "orthopedics",
        "otolaryngology",
        "pain-medicine",
        "palliative-medicine",
        "pathology",
        "pediatrics",
        "pharmacology-and-therapeutics",
        "primary-care-research",
        "psychiatry-and-clinical-psychology",
        "public-and-global-health",
        "radiology-and-imaging",
        "rehabilitation-medicine-and-physical-therapy",
        "respiratory-medicine",
        "rheumatology",
        "sexual-and-reproductive-health",
        "sports-medicine",
        "surgery",
        "toxicology",
        "transplantation",
        "urology",
    ]
)
"""medRxiv's subject areas, likewise."""
