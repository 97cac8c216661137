// CMake compiles the precompiled catch.h along with this, once for all suites.

#include "catch.h"
