// The one main() of every test program: doctest's, so --help, -tc=PATTERN and -s work on each.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
