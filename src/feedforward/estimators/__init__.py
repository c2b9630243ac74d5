"""scikit-learn's dress over networks and their training; no arithmetic here."""
