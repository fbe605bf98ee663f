// The tests' main. libsystemc exports a main of its own, so every test executable brings this one.
#include <gmock/gmock.h>

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
