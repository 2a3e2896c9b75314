/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The name that the introspection data gives to the server's header. */

#pragma once

#include "smtp-test-server.h"
