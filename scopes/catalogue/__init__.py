"""Catalogues of what is documented: TOML, one file a provider, and the promises of the policy."""
