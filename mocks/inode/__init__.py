"""SMATS iNode: travel times on road links, from sensors by the road and from crowdsourced data."""
