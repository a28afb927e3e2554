/* The only room that knows libxml2: what the others want to know of libvirt's documents. */
#pragma once

#include "xml/guest-private.h"
#include "xml/host-private.h"
