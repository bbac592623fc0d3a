// The fakes' assertions, outside of any test: one that fails ends the run.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerInitialize(int* /*arguments*/, char*** /*values*/) {
  static doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  context.setAssertHandler([](const doctest::AssertData& data) {
    if (data.m_failed) {
      std::fprintf(stderr, "%s:%d: %s\n", data.m_file, data.m_line, data.m_expr);
      std::abort();
    }
  });
  return 0;
}
