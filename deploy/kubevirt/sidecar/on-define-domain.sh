#!/bin/sh
# KubeVirt before 1.9: run by the hook sidecar as /usr/bin/onDefineDomain --vmi JSON --domain XML. It prints the XML with the
# default policy in its metadata. KubeVirt calls it several times: XML that has the element stays as it is.
# The default is auto, or native if the annotation hostdev-cpuset/default of the VM says so.
set -eu

vmi= domain=
while [ $# -gt 1 ]; do
  case $1 in
    --vmi) vmi=$2 ;;
    --domain) domain=$2 ;;
  esac
  shift 2
done

default=auto
case $vmi in
  *'"hostdev-cpuset/default":"native"'*) default=native ;;
esac
element="<hostdevs xmlns=\"urn:hostdev-cpuset:1\" default=\"$default\"/>"

case $domain in
  *urn:hostdev-cpuset:1*) printf '%s\n' "$domain" ;;
  *'</metadata>'*) printf '%s\n' "${domain%'</metadata>'*}$element</metadata>${domain##*'</metadata>'}" ;;
  *'</domain>'*) printf '%s\n' "${domain%'</domain>'*}<metadata>$element</metadata></domain>${domain##*'</domain>'}" ;;
  *) printf '%s\n' "$domain" ;;
esac
