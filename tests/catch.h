// Catch2, whichever of 2.13 and 3 is installed. The tests use only what both have.

#ifndef PENSTOCK_TESTS_CATCH_H_
#define PENSTOCK_TESTS_CATCH_H_

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif  // PENSTOCK_TESTS_CATCH_H_
