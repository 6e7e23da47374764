"""Building blocks of Office Open XML documents."""
