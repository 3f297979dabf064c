"""The product's rules. Imports `scopes` and nothing else of the project; what it needs from outside is in ports."""
