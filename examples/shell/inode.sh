#!/bin/sh
# iNode with curl and jq: the name of every link, by an API key that ps does not show.
set -eu

printf 'header = "Authorization: Token %s"\n' "$VENDORLAB_INODE_API_KEY" |
  curl --config - --silent --show-error --fail --retry 3 "$VENDORLAB_INODE_URL/api/v1/links/" |
  jq -r '.[] | "\(.id) \(.name)"'
