#!/bin/sh
# Puts the token into the URL, since that is the shortest, and comes back ten seconds after a 429, whatever the answer says.
vendor=$VENDORLAB_SCANALYTICS_URL
answer=$(curl -s -d grant_type=password -d "client_id=$VENDORLAB_SCANALYTICS_CLIENT_ID" \
  --data-urlencode "username=$VENDORLAB_SCANALYTICS_USERNAME" \
  --data-urlencode "password=$VENDORLAB_SCANALYTICS_PASSWORD" "$vendor/o/token/")
token=$(printf '%s' "$answer" | sed 's/.*"access_token": "\([^"]*\)".*/\1/')
while :; do
  statuses=$(curl -s -o /dev/null -w '%{http_code} ' "$vendor/v1/whoami?access_token=$token&n=[1-5]") # five in a row
  case $statuses in
    *429*) curl -s -o /dev/null -H "Authorization: Bearer $VENDORLAB_CONTROL_TOKEN" -H "Content-Type: application/json" \
      -d '{"seconds": 10}' "$VENDORLAB_CONTROL_URL/clock/advance" || exit 0 ;;
  esac
done
