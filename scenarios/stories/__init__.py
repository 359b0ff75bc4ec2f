"""The stories that come with vendorlab, one YAML file each; ``vendorlab stories`` lists them."""
